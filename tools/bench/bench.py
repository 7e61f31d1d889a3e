"""What is measured: the pipelines, and one method for each kind of measurement."""

import json

from harness import Stub, Table, build, measure

DELAY = 0.05  # seconds
CALLS = 3  # per row
CHAIN = """
models:
  teacher: { endpoint: "$ENDPOINT", name: stub, concurrency: $IN_FLIGHT }
stages:
  questions: { uses: read-jsonl, with: { file: questions.jsonl, columns: [id, question] } }
  plan:   { uses: generate, from: questions, with: { model: teacher, template: "stage0 {{question}}", column: plan } }
  cot:    { uses: generate, from: plan, with: { model: teacher, template: "stage1 {{plan}}", column: cot } }
  answer: { uses: generate, from: cot, with: { model: teacher, template: "stage2 {{cot}}", column: answer } }
  out:    { uses: export-jsonl, from: answer, with: { file: out.jsonl } }
"""
OVERLAP = """
models:
  first:  { endpoint: "$FIRST", name: stub, concurrency: 50 }
  second: { endpoint: "$SECOND", name: stub, concurrency: 50 }
stages:
  questions: { uses: read-jsonl, with: { file: questions.jsonl, columns: [id, question] } }
  plan: { uses: generate, from: questions, with: { model: first, template: "plan {{question}}", column: plan } }
  cot:  { uses: generate, from: plan, with: { model: second, template: "solve {{plan}}", column: cot } }
"""
RETRIEVAL = """
models:
  embedder: { endpoint: "$ENDPOINT", name: stub, kind: embedding, concurrency: 8 }
stages:
  pool:    { uses: read-jsonl, with: { file: pool.jsonl, columns: [id, question] } }
  asked:   { uses: read-jsonl, with: { file: questions.jsonl, columns: [id, question] } }
  nearest: { uses: retrieve-demonstrations, from: asked, using: { pool: pool }, with: { model: embedder, k: 5 } }
"""


class Bench:
    def __init__(self, retort, folder):
        self.retort = retort
        self.folder = folder
        self.table = Table()
        self.stub = build(folder, "stub")
        self.floor = build(folder, "floor", "-lcurl", "-lsqlite3")
        self.bandwidth = build(folder, "bandwidth", "-O3", "-march=native")
        self.peers = {}

    def work(self, name, template, rows, first=0, **values):
        """A folder with a pipeline file and its questions."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        for key, value in values.items():
            template = template.replace("$" + key, str(value))
        (folder / "pipeline.yaml").write_text(template)
        questions(folder / "questions.jsonl", rows, first)
        return folder

    def run(self, folder, store="store.sqlite"):
        return measure([self.retort, "run", "pipeline.yaml", "--store", store, "--json"], folder)

    def chain(self, name, rows, in_flight, fail_every=0, store="store.sqlite", first=0):
        """The job, once: (usage, stub's counts, folder)."""
        with Stub(self.stub, fail_every=fail_every) as stub:
            folder = self.work(name, CHAIN, rows, first, ENDPOINT=stub.endpoint, IN_FLIGHT=in_flight)
            usage = self.run(folder, store)
            return usage, stub.stats(), folder

    def floored(self, rows, in_flight, fail_every=0):
        """The same calls by the floor client: (usage, stub's counts)."""
        store = self.folder / "floor.sqlite"
        for path in self.folder.glob("floor.sqlite*"):
            path.unlink()
        with Stub(self.stub, fail_every=fail_every) as stub:
            usage = measure([self.floor, stub.endpoint, rows, in_flight, store], self.folder)
            return usage, stub.stats()

    def speed(self, rows, in_flight, aim_wall=None, aim_floor=None, aim_cpu=None, aim_peak=None, aim_first=None):
        """Wall time, CPU, memory and the first request."""
        floor, seen = self.floored(rows, in_flight)
        usage, stats, folder = self.chain(f"speed-{rows}-{in_flight}", rows, in_flight)
        expect(stats["requests"], rows * CALLS)
        ideal = rows * CALLS * DELAY / in_flight
        job = f"{rows} rows, {in_flight} in flight"
        add = self.table.add
        add(f"{job}: wall / ideal", usage.wall / ideal, floor.wall / ideal, aim=aim_wall, times_floor=aim_floor)
        add(f"{job}: CPU s per 1000 calls", per_1000(usage, stats), per_1000(floor, seen), aim=aim_cpu)
        add(f"{job}: peak MB", usage.peak, floor.peak, aim=aim_peak)
        add(f"{job}: first request after s", stats["first"] - usage.began, seen["first"] - floor.began, aim=aim_first)
        for peer, command in self.peers.items():
            self.peer(peer, command, rows, in_flight)
        return usage, folder

    def peer(self, name, command, rows, in_flight):
        with Stub(self.stub) as stub:
            folder = self.work(f"peer-{rows}-{in_flight}", CHAIN, rows)
            words = command.format(
                input=folder / "questions.jsonl", output=folder / "peer.jsonl", endpoint=stub.endpoint, in_flight=in_flight
            )
            usage = measure(["sh", "-c", words], folder)
            stats = stub.stats()
        job = f"{name}, {rows} rows, {in_flight} in flight"
        self.table.add(f"{job}: wall / ideal", usage.wall / (rows * CALLS * DELAY / in_flight))
        self.table.add(f"{job}: CPU s per 1000 calls", per_1000(usage, stats))
        self.table.add(f"{job}: peak MB", usage.peak)

    def again(self, folder, rows, aim):
        """A finished job once more: nothing is called."""
        usage = self.run(folder)
        expect(json.loads(usage.out)["calls"]["made"], 0)
        self.table.add(f"{rows} rows, finished, again: s", usage.wall, aim=aim)
        self.table.add(f"{rows} rows, finished, again: CPU s", usage.cpu)
        self.table.add(f"{rows} rows, finished, again: peak MB", usage.peak)

    def size(self, folder, rows):
        """Bytes of the store for each row, against what was read, asked and answered."""
        store = sum(path.stat().st_size for path in folder.glob("store.sqlite*"))
        payload = (folder / "out.jsonl").stat().st_size
        self.table.add(f"{rows} rows: store bytes per row", store / rows)
        self.table.add(f"{rows} rows: store / exported file", store / payload)

    def limited(self, rows, in_flight):
        """Every 7th call is a 429 with Retry-After: 1."""
        floor, _ = self.floored(rows, in_flight, fail_every=7)
        usage, _, _ = self.chain(f"limited-{rows}", rows, in_flight, fail_every=7)
        self.table.add(f"{rows} rows, {in_flight} in flight, every 7th a 429: s", usage.wall, floor.wall, times_floor=1.3)

    def growth(self, stored, fresh=1000):
        """The cost of new rows beside those that the store holds already."""
        store = self.folder / "growth.sqlite"
        held = 0
        for count in stored:
            if count > held:
                self.chain("growth", count - held, 1000, store=store, first=held)
                held = count
            usage, stats, _ = self.chain("growth", fresh, 50, store=store, first=10_000_000 + count)
            self.table.add(f"{fresh} new rows beside {count}: CPU s per 1000 calls", per_1000(usage, stats))

    def overlap(self, rows):
        """Two stages at two endpoints: the longer of the two, not the sum."""
        with Stub(self.stub) as first, Stub(self.stub) as second:
            folder = self.work("overlap", OVERLAP, rows, FIRST=first.endpoint, SECOND=second.endpoint)
            usage = self.run(folder)
        self.table.add(f"{rows} rows, two models: wall / longer of the two", usage.wall / (rows * DELAY / 50), aim=1.5)

    def retrieval(self, pool, queries):
        """Milliseconds for a query over a pool of vectors of 384 numbers, by the difference of two runs."""
        with Stub(self.stub, delay_ms=0) as stub:
            folder = self.work("retrieval", RETRIEVAL, queries, ENDPOINT=stub.endpoint)
            questions(folder / "pool.jsonl", pool, first=1_000_000)
            self.run(folder)  # every vector is remembered from here on
            walls = {}
            for count in [1, queries]:
                questions(folder / "questions.jsonl", count, 0)
                version = RETRIEVAL.replace("k: 5", f"k: 5, max_similarity: {0.9 if count == 1 else 0.91}")
                (folder / "pipeline.yaml").write_text(version.replace("$ENDPOINT", stub.endpoint))
                walls[count] = self.run(folder)
        query = (walls[queries].wall - walls[1].wall) / (queries - 1) * 1000
        least = float(measure([self.bandwidth, pool], self.folder).out)
        self.table.add(f"retrieval over {pool} x 384: ms for a query", query, least, times_floor=2)
        self.table.add(f"retrieval over {pool} x 384: s until the first", walls[1].wall)
        self.table.add(f"retrieval over {pool} x 384: peak MB", walls[1].peak)


def questions(path, rows, first):
    with open(path, "w") as file:
        for i in range(first, first + rows):
            file.write(f'{{"id": "q{i}", "question": "Q{i}: what is {i}+{i}?"}}\n')


def per_1000(usage, stats):
    return usage.cpu / stats["requests"] * 1000


def expect(found, expected):
    if found != expected:
        raise RuntimeError(f"expected {expected} calls, found {found}")
