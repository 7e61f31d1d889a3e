"""A million rows in and out: JSON Lines, CSV, gzip, zstd, SQLite and Parquet, beside DuckDB and Python's own modules on the
same files. DuckDB is what this Python has, else what `retort doctor --install parquet` fetched; without either it and
Parquet are left out."""

import csv
import gzip
import importlib.util
import json
import os
import pathlib
import random
import shutil
import sqlite3
import sys

from harness import measure

# Each reads `rows.KIND` and writes `peer.KIND` again, with every field a text.
PYTHON_CSV = """
import csv
with open("rows.csv", newline="") as source, open("peer.csv", "w", newline="") as target:
    csv.writer(target).writerows(csv.reader(source))
"""
PYTHON_JSONL = """
import json
with open("rows.jsonl") as source, open("peer.jsonl", "w") as target:
    for line in source:
        target.write(json.dumps(json.loads(line), ensure_ascii=False) + "\\n")
"""
DUCKDB_CSV = """
import duckdb
duckdb.execute("COPY (SELECT * FROM read_csv('rows.csv', all_varchar=true)) TO 'peer.csv' (HEADER)")
"""
DUCKDB_JSONL = """
import duckdb
duckdb.execute("COPY (SELECT * FROM read_json('rows.jsonl')) TO 'peer.jsonl' (FORMAT json)")
"""
DUCKDB_PARQUET = """
import duckdb
duckdb.execute("COPY (SELECT * FROM 'rows.parquet') TO 'peer.parquet' (FORMAT parquet, COMPRESSION zstd)")
"""
TO_PARQUET = """
import duckdb
duckdb.execute("COPY (SELECT * FROM read_json('rows.jsonl')) TO 'rows.parquet' (FORMAT parquet, COMPRESSION zstd)")
"""
READERS = {
    "csv": "{ uses: read-csv, with: { file: rows.csv } }",
    "jsonl": "{ uses: read-jsonl, with: { file: rows.jsonl } }",
    "jsonl.gz": "{ uses: read-jsonl, with: { file: rows.jsonl.gz } }",
    "jsonl.zst": "{ uses: read-jsonl, with: { file: rows.jsonl.zst } }",
    "sqlite": '{ uses: read-sqlite, with: { file: rows.sqlite, query: "SELECT * FROM rows ORDER BY id" } }',
    "parquet": "{ uses: read-parquet, with: { file: rows.parquet } }",
}
PEERS = {"csv": {"python": PYTHON_CSV, "duckdb": DUCKDB_CSV}, "jsonl": {"python": PYTHON_JSONL, "duckdb": DUCKDB_JSONL}, "parquet": {"duckdb": DUCKDB_PARQUET}}


def round_trips(bench, count):
    """Time, CPU and peak memory of `count` rows from a file into a store and out to a file of the same format."""
    folder = bench.folder / "formats"
    folder.mkdir()
    files = make(folder, count)
    for kind in files:
        job = f"{count} rows, {kind}"
        usage = retort(bench, folder, kind, count)
        floors = {}
        for name, script in PEERS.get(kind, {}).items():
            floors[name] = peer(bench, folder, job, name, script)
        floor = floors.get("python")
        add = bench.table.add
        add(f"{job}: s, Python for floor", usage.wall, floor and floor.wall)
        add(f"{job}: CPU s", usage.cpu, floor and floor.cpu)
        add(f"{job}: peak MB", usage.peak, floor and floor.peak)


def retort(bench, folder, kind, count):
    """Reads the rows into a new store and exports them."""
    export = kind if kind in ("csv", "parquet") else "jsonl"
    (folder / "pipeline.yaml").write_text(
        f"stages:\n  rows: {READERS[kind]}\n"
        f"  out: {{ uses: export-{export}, from: rows, with: {{ file: out.{export} }} }}\n"
    )
    for left in folder.glob("store.sqlite*"):
        left.unlink()
    usage = measure([bench.retort, "run", "pipeline.yaml", "--store", "store.sqlite", "--json"], folder)
    written = json.loads((folder / f"out.{export}.manifest.json").read_text())["rows"]
    if written != count:
        raise RuntimeError(f"{kind}: expected {count} rows, found {written}")
    return usage


def peer(bench, folder, job, name, script):
    library = duckdb_library()
    if name == "duckdb" and library is None:
        print(f"  {job}: no duckdb to compare with", file=sys.stderr)
        return None
    usage = measure([sys.executable, "-c", script], folder, {"PYTHONPATH": library or ""})
    if name != "python":
        bench.table.add(f"{job}, {name}: s", usage.wall)
        bench.table.add(f"{job}, {name}: CPU s", usage.cpu)
        bench.table.add(f"{job}, {name}: peak MB", usage.peak)
    return usage


def duckdb_library():
    """The folder that DuckDB is imported from; empty where Python has it, None where there is none."""
    if importlib.util.find_spec("duckdb"):
        return ""
    helpers = pathlib.Path(os.environ.get("RETORT_HELPERS") or pathlib.Path.home() / ".cache/retort")
    found = sorted(helpers.glob("duckdb-*-py{}{}/duckdb".format(*sys.version_info[:2])))
    return str(found[-1].parent) if found else None


def make(folder, count):
    """The same rows in each format; those whose program is missing are left out."""
    chance = random.Random(7)
    words = ["river", "stone", 'a "quoted" word', "comma, here", "line\nbreak", "größe", "x" * 40]
    database = sqlite3.connect(folder / "rows.sqlite")
    database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, question TEXT, answer TEXT, score TEXT)")
    with open(folder / "rows.csv", "w", newline="") as table, open(folder / "rows.jsonl", "w") as lines:
        writer = csv.writer(table)
        writer.writerow(["id", "question", "answer", "score"])
        for number in range(count):
            question = " ".join(chance.choice(words) for _ in range(8))
            row = [str(number), question, chance.choice(words), f"{chance.random():.3f}"]
            writer.writerow(row)
            lines.write(json.dumps(dict(zip(["id", "question", "answer", "score"], row)), ensure_ascii=False) + "\n")
            database.execute("INSERT INTO rows VALUES (?, ?, ?, ?)", row)
    database.commit()
    database.close()
    with open(folder / "rows.jsonl", "rb") as plain, gzip.open(folder / "rows.jsonl.gz", "wb", 1) as packed:
        shutil.copyfileobj(plain, packed)
    kinds = ["csv", "jsonl", "jsonl.gz", "sqlite"]
    if shutil.which("zstd"):
        measure(["zstd", "-q", "-f", "rows.jsonl"], folder)
        kinds.insert(3, "jsonl.zst")
    if (library := duckdb_library()) is not None:
        measure([sys.executable, "-c", TO_PARQUET], folder, {"PYTHONPATH": library})
        kinds.append("parquet")
    return kinds
