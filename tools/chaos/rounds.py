"""Rounds that are killed: in the middle of the second, and at the gate that stands before it."""

import hashlib
import json
import time

from kills import campaign, units
from lab import expect, rows
from stub import Stub, completion

QUESTIONS = 12

PIPELINE = """
models:
  writer: {{ endpoint: "{url}", name: writer, api_key_env: CHAOS_KEY, concurrency: 4, timeout: 20 }}
stages:
  topics: {{ uses: read-jsonl, with: {{ file: rows.jsonl, columns: [question, n] }} }}
  drafts: {{ uses: generate, from: topics, with: {{ model: writer, template: "Write about {{{{question}}}}", column: draft }} }}
  judged: {{ uses: generate, from: drafts, with: {{ model: writer, template: "Judge {{{{draft}}}}", column: verdict }} }}
  poor: {{ uses: filter, from: judged, with: {{ where: [{{ column: verdict, equals: poor }}] }} }}
  all: {{ uses: export-jsonl, from: [judged, revise.judged_again], with: {{ file: out/all.jsonl }} }}
  given_up: {{ uses: export-jsonl, from: revise.still_poor.last, with: {{ file: out/given-up.jsonl }} }}
rounds:
  revise:
    max: {most}
    carry: {{ poor: still_poor }}
    until: {{ of: judged_again, where: [{{ column: verdict, equals: perfect }}] }}
    stages:
      revised:
        uses: generate
        from: poor
        replace: true
        with: {{ model: writer, template: "Improve {{{{draft}}}}", column: draft }}
      judged_again:
        uses: generate
        from: revised
        replace: true
        with: {{ model: writer, template: "Judge {{{{draft}}}}", column: verdict }}
      still_poor: {{ uses: filter, from: judged_again, with: {{ where: [{{ column: verdict, equals: poor }}] }} }}
      out: {{ uses: export-jsonl, from: judged_again, with: {{ file: "out/round-{{round}}.jsonl" }} }}
"""


async def judge(request, line):
    """Writes and judges by rule: two drafts of three are poor."""
    digest = hashlib.sha256(json.dumps(request.json, sort_keys=True).encode()).hexdigest()
    if request.text.startswith("Judge"):
        return await line.send(200, completion("poor" if int(digest[:6], 16) % 3 else "good"))
    await line.send(200, completion(f"Draft {digest[:16]}."))


def rounds_killed(lab, random, full):
    """rounds killed at their gates and in between: the same files, nothing paid twice but what was in flight"""
    count = 120 if full else 4
    stub = Stub(judge, delay=0.012)
    try:
        lab.write(PIPELINE.format(url=stub.url, most=3), rows_jsonl=rows(QUESTIONS))
        lab.run().expect("complete")
        want = lab.exports()
        expect("round-3.jsonl" in want, f"expected three rounds, found {sorted(want)}")
        paid_once = units(stub.requests)
        gates = ends_of_rounds(stub.requests)
        lab.wipe()
        figures = {"killed": 0, "interrupted": 0, "ended": 0, "paid again": 0}
        while figures["killed"] + figures["interrupted"] < count:
            campaign(lab, stub, random, want, paid_once, figures, count, moment=lambda *run: near(gates, *run))
            lab.wipe()
        figures["kept"] = raised(lab, stub, want)
        return ", ".join(f"{name} {value}" for name, value in figures.items())
    finally:
        stub.stop()


def ends_of_rounds(requests):
    """How many calls an undisturbed run had made when a revision began: the gate had just been passed."""
    improving = [request.text.startswith("Improve") for request in requests]
    return [place for place in range(1, len(improving)) if improving[place] and not improving[place - 1]]


def near(gates, process, random, stub, mark, calls):
    """Half of the moments are those in which a gate decides; those of a resumed run come when they may."""
    gate = random.choice(gates) if random.random() < 0.5 else random.randrange(1, calls)
    while len(stub.requests) < gate and process.poll() is None:
        time.sleep(0.002)
    time.sleep(random.uniform(0.0, 0.06))


def raised(lab, stub, want):
    """With more rounds what stands is kept, and asked for by nobody."""
    start = len(stub.requests)
    lab.write(PIPELINE.format(url=stub.url, most=2), rows_jsonl=rows(QUESTIONS))
    lab.run().expect("complete")
    two, mark = lab.exports(), len(stub.requests)
    lab.write(PIPELINE.format(url=stub.url, most=3), rows_jsonl=rows(QUESTIONS))
    lab.run().expect("complete")
    found, kept = lab.exports(), [name for name in two if name.startswith("round-") and name.endswith(".jsonl")]
    expect(content(found) == content(want), f"expected {want} with a round more, found {found}")
    expect(all(two[name] == found[name] for name in kept), f"expected {two} to stand, found {found}")
    expect(not any(times > 1 for times in units(stub.requests[mark:]).values()), "expected no call twice")
    before = set(units(stub.requests[start:mark]))
    again = [unit for unit in units(stub.requests[mark:]) if unit in before ]
    expect(not again, f"expected no call of an earlier round, found {again[:2]}")
    return f"{len(kept)} rounds"


def content(files):
    """Manifests name the pipeline, which `max:` is a part of."""
    return {name: digest for name, digest in files.items() if not name.endswith(".manifest.json")}
