"""A run over every stage shape, killed at random moments and resumed until it is done."""

import signal
import time

from lab import expect, rows
from stub import Stub

QUESTIONS = 16

PIPELINE = """
models:
  teacher: {{ endpoint: "{url}", name: teacher, api_key_env: CHAOS_KEY, concurrency: 8, timeout: 20 }}
  judge: {{ endpoint: "{url}", name: judge, kind: judge, concurrency: 4, timeout: 20 }}
  embedder: {{ endpoint: "{url}", name: embedder, kind: embedding, concurrency: 2, timeout: 20 }}
stages:
  demos: {{ uses: generate-puzzles, with: {{ seed: 1, count: 5, labelled: true }} }}
  questions: {{ uses: read-jsonl, with: {{ file: rows.jsonl, columns: [question, answer, n] }} }}
  task: {{ uses: induce-prompt, from: demos, with: {{ model: teacher, candidates: 2, held_out: 1, seed: 2 }} }}
  unique: {{ uses: deduplicate, from: questions, with: {{ column: question }} }}
  nearest: {{ uses: retrieve-demonstrations, from: unique, using: {{ pool: demos }}, with: {{ model: embedder, k: 2 }} }}
  rationale: {{ uses: synthesize-rationale, from: nearest, using: {{ task: task }}, with: {{ model: teacher, samples: 3, seed: 5 }} }}
  judged: {{ uses: score-reward, from: rationale, with: {{ model: judge }} }}
  best: {{ uses: filter-reward-top, from: judged, per: questions, with: {{ top_fraction: 0.5 }} }}
  chosen: {{ uses: sample, from: best, with: {{ count: 20, seed: 3 }} }}
  rewritten: {{ uses: generate, from: chosen, with: {{ model: teacher, template: "Rewrite: {{{{cot}}}}" }} }}
  out: {{ uses: export-jsonl, from: rewritten, with: {{ file: out/rewritten.jsonl, columns: [n, question, cot, reply, reward_average] }} }}
  all: {{ uses: export-jsonl, from: judged, with: {{ file: out/judged.jsonl, columns: [n, cot, demonstration_similarities, reward_average] }} }}
"""
# Requests that one process may have on their way at once.
IN_FLIGHT = 8 + 4 + 2


def kills(lab, random, full):
    """kill -9, SIGINT and SIGTERM at random moments"""
    count = 300 if full else 20
    stub = Stub(delay=0.012)
    try:
        lab.write(PIPELINE.format(url=stub.url), rows_jsonl=rows(QUESTIONS) + rows(3))
        lab.run().expect("complete")
        want = lab.exports()
        paid_once = units(stub.requests)
        twice = [unit[:300] for unit, times in paid_once.items() if times > 1]
        expect(not twice, f"expected no call twice in an undisturbed run, found {twice[:2]}")
        lab.wipe()
        figures = {"killed": 0, "interrupted": 0, "ended": 0, "paid again": 0}
        while figures["killed"] + figures["interrupted"] < count:
            campaign(lab, stub, random, want, paid_once, figures, count)
            lab.wipe()
        return ", ".join(f"{name} {value}" for name, value in figures.items())
    finally:
        stub.stop()


def campaign(lab, stub, random, want, paid_once, figures, count, moment=None):
    """One store from nothing to the end, through several kills; `moment` waits for the next one."""
    stub.requests = []
    seen = set()
    # What may be paid for again: it was on its way when some process died.
    lost = set()
    first = True
    while True:
        mark = len(stub.requests)
        process = lab.start(*(("run", str(lab.file)) if first else ("resume",)), "--json")
        number = random.choice([signal.SIGKILL] * 3 + [signal.SIGINT, signal.SIGTERM])
        if figures["killed"] + figures["interrupted"] < count:
            (moment or wait)(process, random, stub, mark, len(paid_once))
            process.send_signal(number)
        ended = lab.end(process, 60)
        lab.integrity()
        mine = stub.requests[mark:]
        inside = [unit for unit, times in units(mine).items() if times > 1]
        expect(not inside, f"expected no call twice within one process, found {inside[:3]}")
        again = [request for request in mine if any(unit in seen for unit in request.units)]
        expect(
            all(unit in lost for request in again for unit in request.units if unit in seen),
            "expected only calls that were in flight to be paid again",
        )
        seen.update(units(mine))
        lost.difference_update(units(mine))
        # Replies may overtake each other, so twice as many as can be on their way are looked at.
        lost.update(units(mine[-2 * IN_FLIGHT:]))
        figures["paid again"] += len(again)
        if ended.status == 0:
            figures["ended"] += 1
            expect(lab.exports() == want, f"expected {want}, found {lab.exports()}")
            strange = seen - set(paid_once)
            expect(not strange, f"expected the calls of an undisturbed run, found {list(strange)[:2]}")
            died = figures["killed"] + figures["interrupted"]
            expect(figures["paid again"] <= IN_FLIGHT * died, f"expected at most {IN_FLIGHT} calls a kill paid again")
            return
        if ended.status == 130:
            figures["interrupted"] += 1
        elif ended.status == -signal.SIGKILL:
            figures["killed"] += 1
        elif ended.status in (-signal.SIGINT, -signal.SIGTERM):
            figures["interrupted"] += 1  # before the handler stood: nothing had begun
        else:
            ended.expect("interrupted")
        # A store that was never begun has no run to resume.
        first = not lab.store.exists() or not has_run(lab)


def wait(process, random, stub, mark, calls):
    """Until some moment: while it starts, or once so many calls have come."""
    if random.random() < 0.2:
        return time.sleep(random.uniform(0.0, 0.2))
    wanted = mark + random.randrange(1, calls * 2 // 3)
    while len(stub.requests) < wanted and process.poll() is None:
        time.sleep(0.002)
    time.sleep(random.uniform(0.0, 0.03))


def has_run(lab):
    try:
        return bool(lab.query("select 1 from run limit 1"))
    except Exception:
        return False


def units(requests):
    counts = {}
    for request in requests:
        for unit in request.units:
            counts[unit] = counts.get(unit, 0) + 1
    return counts

