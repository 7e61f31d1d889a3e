"""What tools cost: full text over many documents by the worst of queries, and the turns of rollouts beside a plain client that
plays the same ones."""

import itertools
import json
import random
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

from harness import Stub, measure

CORPUS = """
tools:
  find: { uses: search, corpus: pages, k: 5 }
stages:
  pages: { uses: read-jsonl, with: { file: pages.jsonl } }
"""
TURNS = """
models:
  policy: { endpoint: "$ENDPOINT", name: stub, concurrency: $IN_FLIGHT }
tools:
  search: { uses: search, corpus: pages, k: 2 }
stages:
  pages: { uses: read-jsonl, with: { file: pages.jsonl } }
  asked: { uses: read-jsonl, with: { file: questions.jsonl } }
  rollouts:
    uses: sample-rollouts
    from: asked
    with: { model: policy, tools: [search], protocol: short, samples: 1, max_turns: 6 }
"""
# Turns of each rollout: the stub calls three times, and then answers.
PER_ROLLOUT = 4
STOP = "the of and to in a is it that for on as with was at by this be are or from an which not but".split()
SYLLABLES = [a + b for a in "bcdfghjklmnprstvwz" for b in "aeiou"]


def word(number):
    """A word for each number, the same always."""
    letters = ""
    number += 1
    while number:
        number, digit = divmod(number, len(SYLLABLES))
        letters += SYLLABLES[digit]
    return letters


def vocabulary(size):
    """Words, and their frequencies added up."""
    return [word(number) for number in range(size)], list(itertools.accumulate(1 / (rank + 2) for rank in range(size)))


def pages(path, count, words_each=100):
    """Documents whose words are as unevenly frequent as those of a language (Zipf), stop words among them."""
    dice = random.Random(3)
    words, weights = vocabulary(50_000)
    with open(path, "w") as file:
        for number in range(count):
            own = dice.choices(words, cum_weights=weights, k=words_each)
            own[::3] = dice.choices(STOP, k=len(own[::3]))
            if number % 50 == 0:
                own.append("".join(chr(dice.randrange(0x4E00, 0x4E80)) for _ in range(30)))
            page = {"title": " ".join(dice.choices(words, k=3)), "text": " ".join(own), "url": f"doc://{number}"}
            file.write(json.dumps(page, ensure_ascii=False) + "\n")


def queries(each):
    """Of each sort, texts that differ: one that was asked before is answered from memory."""
    dice = random.Random(5)
    words, weights = vocabulary(50_000)
    letters = "abcdefghijklmnopqrstuvwxyz"
    sorts = {
        "three words": lambda: " ".join(dice.choices(words, k=3)),
        "the most frequent words": lambda: " ".join(dice.sample(words[:40], 8)),
        "stop words": lambda: " ".join(dice.sample(STOP, 12)),
        "single letters": lambda: " ".join(f"{dice.choice(letters)}*" for _ in range(8)),
        "1000 words": lambda: " ".join(dice.choices(words, cum_weights=weights, k=1000)),
        "Chinese": lambda: "".join(chr(dice.randrange(0x4E00, 0x4E80)) for _ in range(12)),
        "quotes and operators": lambda: f'"the {dice.choice(words)}" AND (of OR NOT {dice.choice(words)}) NEAR/3 title:{dice.choice(letters)}* ""',
    }
    return {name: [make() for _ in range(each)] for name, make in sorts.items()}


def text(bench, count, each=100):
    """Seconds until an index stands, its size, and milliseconds of queries, each through the served tool and its ledger. The
    floor asks SQLite's full text for all words of a query, as a plain program would."""
    folder = bench.folder / "text"
    folder.mkdir()
    pages(folder / "pages.jsonl", count)
    (folder / "pipeline.yaml").write_text(CORPUS)
    plain = PlainIndex(folder / "plain.sqlite", folder / "pages.jsonl")
    bench.table.add(f"{count} documents: MB", (folder / "pages.jsonl").stat().st_size / 1e6)
    with Served(bench.retort, folder) as served:
        served.call("warm")
        bench.table.add(
            f"{count} documents: s until they are read and the first query is answered", served.first, plain.seconds
        )
        index = sum(path.stat().st_size for path in folder.glob("store.sqlite.text/*"))
        bench.table.add(f"{count} documents: MB of the index", index / 1e6, plain.size / 1e6)
        for name, texts in queries(each).items():
            ours = sorted(served.timed(text) for text in texts)
            # Hundreds of words take it seconds each.
            slow = plain.timed(texts[0]) > 1000
            theirs = sorted(plain.timed(text) for text in (texts[:3] if slow else texts))
            for share in (50, 99):
                bench.table.add(f"{name}: ms, p{share}", quantile(ours, share), quantile(theirs, share))


def quantile(values, share):
    return values[min(len(values) - 1, len(values) * share // 100)]


class Served:
    """`retort serve-tools` on standard input and output, asked one after another."""

    def __init__(self, retort, folder):
        self.command = [str(retort), "serve-tools", "pipeline.yaml", "--store", "store.sqlite"]
        self.folder = folder
        self.number = 0
        self.first = None

    def __enter__(self):
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}})
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=60)

    def ask(self, method, params):
        self.number += 1
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}) + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply["result"]

    def call(self, text):
        result = self.ask("tools/call", {"name": "find", "arguments": {"query": text}})
        if self.first is None:
            self.first = time.monotonic() - self.began
        return result

    def timed(self, text):
        began = time.perf_counter()
        self.call(text)
        return (time.perf_counter() - began) * 1000


class PlainIndex:
    """SQLite's full text by itself: all words of a query, any of which may be there."""

    def __init__(self, path, source):
        began = time.monotonic()
        self.db = sqlite3.connect(path, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode = OFF")
        self.db.execute("CREATE VIRTUAL TABLE found USING fts5 (title, text)")
        with open(source) as file:
            rows = (json.loads(line) for line in file)
            self.db.executemany("INSERT INTO found VALUES (?, ?)", ((row["title"], row["text"]) for row in rows))
        self.db.execute("INSERT INTO found (found) VALUES ('optimize')")
        self.db.commit()
        self.seconds = time.monotonic() - began
        self.size = Path(path).stat().st_size

    def search(self, text, limit=5):
        words = "".join(letter if letter.isalnum() else " " for letter in text).split()
        if not words:
            return []
        query = " OR ".join(f'"{word}"' for word in words)
        return self.db.execute(
            "SELECT title, snippet(found, 1, '', '', '…', 48) FROM found WHERE found MATCH ? ORDER BY rank LIMIT ?",
            (query, limit),
        ).fetchall()

    def timed(self, text):
        began = time.perf_counter()
        self.search(text)
        return (time.perf_counter() - began) * 1000


def turns(bench, rollouts, in_flight=16):
    """CPU and memory of rollouts that search, beside a plain client in Python that plays the same ones and commits each reply
    and each result; the endpoint answers at once."""
    folder = bench.folder / "turns"
    folder.mkdir()
    pages(folder / "pages.jsonl", 1000)
    with open(folder / "questions.jsonl", "w") as file:
        for number in range(rollouts):
            file.write(json.dumps({"question": f"Q{number}: who wrote {word(number)}?"}) + "\n")
    count = rollouts * PER_ROLLOUT
    with Stub(bench.stub, delay_ms=0) as stub:
        (folder / "pipeline.yaml").write_text(
            TURNS.replace("$ENDPOINT", stub.endpoint).replace("$IN_FLIGHT", str(in_flight))
        )
        usage = measure([bench.retort, "run", "pipeline.yaml", "--store", "store.sqlite", "--json"], folder)
        expect(stub.stats()["requests"], count)
    with Stub(bench.stub, delay_ms=0) as stub:
        plain = measure(
            ["python3", Path(__file__).resolve(), stub.address, folder, str(in_flight)], folder
        )
        expect(stub.stats()["requests"], count)
    job = f"{rollouts} rollouts of {PER_ROLLOUT} turns, {in_flight} in flight"
    bench.table.add(f"{job}: CPU s per 1000 turns", usage.cpu / count * 1000, plain.cpu / count * 1000)
    bench.table.add(f"{job}: wall s per 1000 turns", usage.wall / count * 1000, plain.wall / count * 1000)
    bench.table.add(f"{job}: peak MB", usage.peak, plain.peak)
    again = measure([bench.retort, "run", "pipeline.yaml", "--store", "store.sqlite", "--json"], folder)
    expect(json.loads(again.out)["calls"]["made"], 0)
    bench.table.add(f"{job}, finished, again: s", again.wall)


def expect(found, expected):
    if found != expected:
        raise RuntimeError(f"expected {expected} calls, found {found}")


def client(address, folder, in_flight):
    """The plain client: a conversation at a time on each of some threads, one connection each."""
    import http.client
    import re

    index = PlainIndex(folder / "client.text", folder / "pages.jsonl")
    ledger = sqlite3.connect(folder / "client.sqlite", check_same_thread=False)
    ledger.execute("PRAGMA journal_mode = WAL")
    ledger.execute("PRAGMA synchronous = NORMAL")
    ledger.execute("CREATE TABLE said (question TEXT, turn INTEGER, text TEXT)")
    questions = iter([json.loads(line)["question"] for line in open(folder / "questions.jsonl")])
    lock = threading.Lock()

    def note(question, turn, text):
        with lock:
            ledger.execute("INSERT INTO said VALUES (?, ?, ?)", (question, turn, text))
            ledger.commit()

    def play():
        host, port = address.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port))
        while True:
            with lock:
                question = next(questions, None)
            if question is None:
                return
            messages = [
                {"role": "system", "content": "To look something up write <search>words</search>."},
                {"role": "user", "content": question},
            ]
            for turn in range(6):
                body = json.dumps({"model": "stub", "messages": messages}, ensure_ascii=False, separators=(",", ":"))
                connection.request("POST", "/v1/chat/completions", body.encode(), {"Content-Type": "application/json"})
                text = json.loads(connection.getresponse().read())["choices"][0]["message"]["content"]
                note(question, turn, text)
                call = re.search("<search>(.*?)</search>", text)
                if not call:
                    break
                with lock:
                    found = index.search(call[1], 2)
                result = "\n\n".join("\n".join(row) for row in found) or "No document matches."
                note(question, turn, result)
                messages += [
                    {"role": "assistant", "content": text},
                    {"role": "user", "content": f"<result>\n{result}\n</result>"},
                ]

    threads = [threading.Thread(target=play) for _ in range(in_flight)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    import sys

    client(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
