"""A store as a run of N rows leaves it, written directly: a run of 100,000 calls would take too long to measure pages on.

questions -> asked (one reply each) -> kept (about half)
"""

import hashlib
import json
import random
import sqlite3

WORDS = 2000


def digest(text):
    return b"\1" + hashlib.sha256(text.encode()).digest()


def component(number):
    digits = str(number)
    return chr(96 + len(digits)) + digits


def fill(store, count, seed=1):
    """Adds a finished run of `count` rows to a store that retort has made; its number."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(WORDS)]
    db = sqlite3.connect(store)
    db.execute("pragma synchronous = off")
    run = db.execute("select coalesce(max(id), 0) + 1 from run").fetchone()[0]
    db.execute(
        "insert into run (id, pipeline, file, started, finished, status, flags, fingerprint, origin, resolved)"
        " values (?, 'large', '/large.yaml', 1e9, 1e9 + 60, 'complete', '{}', ?, null, '{}')",
        (run, digest("run")),
    )
    question = ["question", "options", "answer"]
    stages = [
        ("questions", "read-jsonl", [], question),
        ("asked", "generate", ["questions"], question + ["reply", "reward"]),
        ("kept", "filter", ["asked"], question + ["reply", "reward"]),
    ]
    prints = []
    for place, (name, kind, upstream, columns) in enumerate(stages):
        prints.append(
            db.execute(
                "insert into fingerprint (digest, kind, version, config) values (?, ?, 1, '{}')", (digest(f"{run} {name}"), kind)
            ).lastrowid
        )
        db.execute(
            "insert into run_stage values (?, ?, ?, ?, ?, 1, ?, '{}', ?)",
            (run, place, name, kind, prints[-1], json.dumps(upstream), json.dumps(columns)),
        )
    tops = {
        table: db.execute(f'select coalesce(max(id), 0) from "{table}"').fetchone()[0]
        for table in ("row", "step", "occurrence", "prompt", "reply")
    }
    add = {table: [] for table in ("row", "step", "emission", "occurrence", "taken", "prompt", "reply", "step_call")}

    def new(table, *values):
        tops[table] += 1
        add[table].append((tops[table], *values))
        return tops[table]

    def flush():
        for table, values in add.items():
            if values:
                db.executemany(f'insert into "{table}" values ({",".join("?" * len(values[0]))})', values)
                values.clear()

    reader = new("step", prints[0], digest("[]"), run, 1e9)
    for n in range(count):
        record = {
            "question": f"Question {n}? " + " ".join(chance.choices(words, k=60)),
            "options": chance.choices(words, k=4),
            "answer": chance.choice("ABCD"),
        }
        text = json.dumps(record)
        row = new("row", digest(text), text)
        add["emission"].append((reader, n, 0, row, None, None, None))
        path = f"{component(0)}.{component(n)}"
        first = new("occurrence", run, 0, path, row, None)

        words_said = " ".join(chance.choices(words, k=100))
        prompt = json.dumps([{"role": "user", "content": record["question"]}])
        prompt_id = new("prompt", digest(prompt), prompt)
        body = json.dumps(
            {"choices": [{"message": {"role": "assistant", "content": words_said}, "finish_reason": "stop"}]}
        )
        reply = new(
            "reply", digest(f"{run} {n}"), "teacher", prompt_id, '{"model":"teacher"}', body, 120, 150, 0, 0.0005,
            chance.random() * 3, 1, run, "asked", 1e9 + n / count * 60,
        )
        step = new("step", prints[1], digest(text), run, 1e9)
        add["step_call"].append((step, 0, reply))
        record.update(reply=words_said, reward=round(chance.gauss(0, 2), 4))
        text = json.dumps(record)
        row = new("row", digest(text), text)
        add["emission"].append((step, 0, 0, row, None, None, None))
        add["taken"].append((run, 1, first, step, 0, None, None))
        path += "." + component(0)
        second = new("occurrence", run, 1, path, row, first)

        step = new("step", prints[2], digest(text), run, 1e9)
        add["taken"].append((run, 2, second, step, 0, None, None))
        if record["reward"] > 0:
            add["emission"].append((step, 0, 0, row, None, None, None))
            new("occurrence", run, 2, path + "." + component(0), row, second)
        else:
            add["emission"].append((step, 0, 0, None, "low reward", f"{record['reward']} < 0", None))
        if n % 5000 == 4999:
            flush()
    flush()
    db.commit()
    db.close()
    return run
