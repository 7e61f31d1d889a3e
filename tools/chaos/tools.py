"""Rollouts whose model calls tools, killed at random moments and resumed until they are done."""

import json
import pathlib
import signal
import struct
import time

from kills import has_run, units
from lab import expect, rows
from stub import Stub, completion, said

# The same server that the unit tests start.
SERVER = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "tool-server"

PIPELINE = """
models:
  policy: {{ endpoint: "{url}", name: policy, api_key_env: CHAOS_KEY, concurrency: 4, timeout: 20 }}
tools:
  search: {{ uses: search, corpus: pages, k: 1 }}
  notes: {{ launch: [{words}], session: {session}, effect: pure, only: [{tool}] }}
stages:
  pages: {{ uses: read-jsonl, with: {{ file: pages.jsonl }} }}
  questions: {{ uses: read-jsonl, with: {{ file: rows.jsonl, columns: [question, n] }} }}
  rollouts:
    uses: sample-rollouts
    from: questions
    with: {{ model: policy, tools: [search, notes], protocol: tags, samples: 2, seed: 1, max_turns: 8 }}
  out: {{ uses: export-jsonl, from: rollouts, with: {{ file: out/rollouts.jsonl }} }}
"""
# The same with an image in each row and in each result of the session.
PICTURES = """
models:
  policy: {{ endpoint: "{url}", name: policy, api_key_env: CHAOS_KEY, concurrency: 4, timeout: 20 }}
tools:
  notes: {{ launch: [{words}], session: {session}, effect: pure, only: [{tool}] }}
stages:
  questions: {{ uses: read-jsonl, with: {{ file: rows.jsonl, columns: [question, n, picture], images: [picture] }} }}
  rollouts:
    uses: sample-rollouts
    from: questions
    with: {{ model: policy, tools: [notes], images: [picture], protocol: tags, samples: 2, seed: 1, max_turns: 8 }}
  out: {{ uses: export-jsonl, from: rollouts, with: {{ file: out/rollouts.jsonl, as_json: [messages] }} }}
  set: {{ uses: export-trajectories, from: rollouts, with: {{ folder: out/set, images: true, calls: text }} }}
"""
TOOLS = {"run": "do", "rollout": "add"}
TURNS = 8
IN_FLIGHT = 4


async def policy(request, line):
    """Calls a tool in each turn but the last; what it says follows from what it was told."""
    messages = request.json["messages"]
    turn = sum(message["role"] == "assistant" for message in messages)
    question = next(said(message) for message in messages if message["role"] == "user")
    seed = request.json.get("seed", 0)
    if turn == TURNS - 1:
        heard = said(messages[-1]).split()
        return await line.send(200, completion(f"<answer>{' '.join(heard[1:4])}</answer>"))
    # A server that all share answers each alike.
    offered = ("do", "what") if "Does as it is told" in request.text else ("add", "text")
    searches = turn % 3 == 0 and '"search"' in said(messages[0])
    name, argument = ("search", "query") if searches else offered
    call = {"name": name, "arguments": {argument: f"w{turn} of {question} {seed}"}}
    await line.send(200, completion(f"<tool_call>{json.dumps(call)}</tool_call>"))


def tools_killed(lab, random, full):
    """kill -9 at random moments of rollouts with tools"""
    return campaigns(lab, random, "run", 50 if full else 4)


def sessions_killed(lab, random, full):
    """kill -9 at random moments of rollouts with a session of their own"""
    return campaigns(lab, random, "rollout", 30 if full else 3)


def pictures_killed(lab, random, full):
    """kill -9 at random moments of rollouts with a session that shows images"""
    picture = struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", 40, 30, 8, 0, 0, 0, 0) + bytes(4)
    (lab.folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + picture + bytes(4) + b"IEND" + bytes(4))
    return campaigns(lab, random, "rollout", 30 if full else 3, "--draw", pipeline=PICTURES)


def sessions_lying(lab, random, full):
    """a session that answers otherwise when it is rebuilt"""
    stub = Stub(policy, delay=0.02)
    try:
        log = write(lab, stub, "rollout", 4, "--lie")
        lied, kills = 0, 0
        while lied == 0 and kills < 20:
            lab.wipe()
            process = lab.start("run", str(lab.file), "--json")
            wait(process, random, stub, len(stub.requests) + 4 * 2 * TURNS // 2)
            process.send_signal(signal.SIGKILL)
            lab.end(process, 60)
            kills += 1
            (lab.resume if has_run(lab) else lab.run)().expect("complete")
            (lied,), = lab.query("select count(*) from _tool_calls where fault = 'replay_differs'")
            (others,), = lab.query("select count(*) from _tool_calls where fault is not null and fault != 'replay_differs'")
            expect(others == 0, f"expected no other fault, found {others}")
            log.unlink(missing_ok=True)
        expect(lied > 0, f"expected replay_differs to be counted after {kills} kills, found none")
        return f"replay_differs {lied} after {kills} kills"
    finally:
        stub.stop()


def write(lab, stub, session, count, *more, pipeline=PIPELINE):
    log = lab.folder / "calls.log"
    words = ", ".join(json.dumps(str(word)) for word in [SERVER, "--log", log, "--delay", 0.01, *more])
    lab.write(
        pipeline.format(url=stub.url, words=words, session=session, tool=TOOLS[session]),
        rows_jsonl="".join(json.dumps({**json.loads(row), "picture": "a.png"}) + "\n" for row in rows(count).splitlines()),
        pages_jsonl="".join(json.dumps({"title": f"w{n}", "text": f"Page {n} says w{n}."}) + "\n" for n in range(9)),
    )  # fmt: skip
    return log


def calls(log):
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def campaigns(lab, random, session, count, *more, pipeline=PIPELINE):
    stub = Stub(policy, delay=0.02)
    try:
        log = write(lab, stub, session, 6, *more, pipeline=pipeline)
        lab.run().expect("complete")
        want, paid_once = lab.exports(), units(stub.requests)
        asked_once = {json.dumps(call[1:]) for call in calls(log)}
        # What has finished asks nobody: neither is there.
        log.unlink()
        before = len(stub.requests)
        stub.shut()
        lab.retort("plan", str(lab.file)).expect("complete")
        lab.run().expect("complete")
        stub.open()
        expect(len(stub.requests) == before and not calls(log), "expected no call of a finished run and its plan, found some")
        figures = {"killed": 0, "ended": 0, "paid again": 0, "tools asked again": 0, "replayed": 0}
        while figures["killed"] < count:
            lab.wipe()
            log.unlink(missing_ok=True)
            campaign(lab, stub, log, random, session, want, (paid_once, asked_once), figures, count)
        return ", ".join(f"{name} {value}" for name, value in figures.items())
    finally:
        stub.stop()


def campaign(lab, stub, log, random, session, want, once, figures, count):
    """One store from nothing to the end, through several kills."""
    paid_once, asked_once = once
    stub.requests = []
    seen, lost, first = set(), set(), True
    while True:
        mark, made = len(stub.requests), len(calls(log))
        known = remembered(lab)
        process = lab.start(*(("run", str(lab.file)) if first else ("resume",)), "--json")
        if figures["killed"] < count:
            wait(process, random, stub, mark + random.randrange(1, len(paid_once) * 2 // 3))
            process.send_signal(signal.SIGKILL)
        ended = lab.end(process, 60)
        lab.integrity()
        mine = stub.requests[mark:]
        inside = [unit for unit, times in units(mine).items() if times > 1]
        expect(not inside, f"expected no call twice within one process, found {inside[:2]}")
        again = [unit for unit in units(mine) if unit in seen]
        expect(all(unit in lost for unit in again), "expected only calls that were in flight to be paid again")
        seen.update(units(mine))
        lost = lost - set(units(mine)) | set(units(mine[-2 * IN_FLIGHT:]))
        figures["paid again"] += len(again)
        # A shared tool is never asked what is remembered; a session is told again what it has to know.
        asked = [json.dumps(*call[2].values()) for call in calls(log)[made:]]
        repeated = [text for text in asked if text in known]
        if session == "run":
            expect(not repeated, f"expected no tool to be asked what is remembered, found {repeated[:2]}")
        else:
            figures["replayed"] += len(repeated)
        figures["tools asked again"] += len(asked) - len(set(asked)) if session == "run" else 0
        if ended.status == 0:
            figures["ended"] += 1
            expect(lab.exports() == want, f"expected {want}, found {lab.exports()}")
            strange = {json.dumps(call[1:]) for call in calls(log)} - asked_once
            expect(not strange, f"expected the tools' calls of an undisturbed run, found {list(strange)[:2]}")
            return
        expect(ended.status == -signal.SIGKILL, f"expected a kill, found status {ended.status}: {ended.err[-1000:]}")
        figures["killed"] += 1
        first = not lab.store.exists() or not has_run(lab)


def remembered(lab):
    try:
        found = lab.query(
            "select coalesce(json_extract(arguments, '$.text'), json_extract(arguments, '$.what')) from _tool_calls "
            "where tool in ('add', 'do')"
        )
        return {json.dumps(text) for (text,) in found}
    except Exception:
        return set()


def wait(process, random, stub, wanted):
    while len(stub.requests) < wanted and process.poll() is None:
        time.sleep(0.002)
    time.sleep(random.uniform(0.0, 0.03))
