"""A pipeline whose steps are programs of the user's: they are killed, retort is killed, and the books are compared."""

import contextlib
import json
import os
import signal
import time

from kills import has_run
from lab import expect, rows
from signals import gone

STEP = """#!/usr/bin/env python3
import json, os, sys, time
open("pids", "a").write(f"{os.getpid()}\\n")
for line in sys.stdin:
    asked = json.loads(line)
    n = asked["row"]["n"]
    time.sleep(0.002)
    if n % 7 == 0:
        answer = {"drop": "sevens", "detail": str(n)}
    elif n % 5 == 0:
        answer = {"rows": [{"label": f"{n}a"}, {"label": f"{n}b", "note": n}]}
    else:
        answer = {"columns": {"label": f"{n}"}}
    if n == 11 and not os.path.exists("died"):
        open("died", "w").close()
        os.kill(os.getpid(), 9)
    print(json.dumps({"id": asked["id"], **answer}))
time.sleep(600)
"""
SET = """#!/usr/bin/env python3
import json, os, sys
open("pids", "a").write(f"{os.getpid()}\\n")
groups = {}
for line in sys.stdin:
    asked = json.loads(line)
    groups.setdefault(asked["row"]["n"] % 4, []).append(asked)
for group, members in groups.items():
    if group == 3:
        for member in members:
            print(json.dumps({"id": member["id"], "drop": "threes"}))
    else:
        labels = [member["row"]["label"] for member in members]
        print(json.dumps({"row": {"group": group, "labels": labels}, "from": [member["id"] for member in members]}))
"""
PIPELINE = {
    "stages": {
        "questions": {"uses": "read-jsonl", "with": {"file": "rows.jsonl", "columns": ["question", "n"]}},
        "labelled": {
            "uses": "command",
            "from": "questions",
            "with": {"run": ["./step.py"], "adds": ["label"], "may_add": ["note"], "in_flight": 6},
        },
        "grouped": {
            "uses": "command-set",
            "from": "labelled",
            "with": {"run": ["python3", "set.py"], "adds": ["group", "labels"]},
        },
        "out": {"uses": "export-jsonl", "from": "labelled", "with": {"file": "out/labelled.jsonl"}},
        "groups": {"uses": "export-jsonl", "from": "grouped", "with": {"file": "out/groups.jsonl"}},
    }
}


def steps_killed(lab, random, full):
    """programs as steps: killed, and retort killed with them at random moments; books and exports are as undisturbed"""
    wanted = 40 if full else 6
    lab.write(json.dumps(PIPELINE), rows_jsonl=rows(120), step_py=STEP, set_py=SET)
    (lab.folder / "step.py").chmod(0o755)
    ended = lab.run().expect("complete")
    want, books = lab.exports(), ended.summary["stages"]
    expect(books["labelled"]["dropped"] == 18 and books["labelled"]["emitted"] == 102, f"found {books}")
    none_left(lab)
    figures = {"retort killed": 0, "steps killed": 0, "ended": 0}
    while figures["retort killed"] + figures["steps killed"] < wanted:
        lab.wipe()
        (lab.folder / "died").unlink(missing_ok=True)
        first = True
        while True:
            (lab.folder / "pids").unlink(missing_ok=True)
            process = lab.start(*(("run", str(lab.file)) if first else ("resume",)), "--json")
            time.sleep(random.uniform(0.05, 0.9))
            if random.random() < 0.5:
                figures["retort killed"] += process.poll() is None
                process.send_signal(signal.SIGKILL)
            else:
                for pid in pids(lab)[-1:]:
                    figures["steps killed"] += 1
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            ended = lab.end(process, 60)
            lab.integrity()
            if ended.status == 0:
                break
            expect(ended.status in (-signal.SIGKILL, 3), f"found {ended.status}: {ended.err[-800:]}")
            first = not has_run(lab)
        figures["ended"] += 1
        expect(lab.exports() == want, f"expected {want}, found {lab.exports()}")
        found = lab.again().expect("complete").summary["stages"]
        for name, entry in found.items():
            for count in ("in", "emitted", "dropped", "failed", "pending"):
                expect(entry.get(count) == books[name].get(count), f"{name}: expected {books[name]}, found {entry}")
    none_left(lab)
    return ", ".join(f"{name} {value}" for name, value in figures.items())


def steps_interrupted(lab, random, full):
    """one signal ends a run whose step never answers, and the step with it; a finished run starts none"""
    never = "#!/usr/bin/env python3\nimport os, subprocess, time\nchild = subprocess.Popen(['sleep', '600'])\n"
    never += "open('pids', 'w').write(f'{os.getpid()}\\n{child.pid}\\n')\ntime.sleep(600)\n"
    lab.write(json.dumps(PIPELINE), rows_jsonl=rows(4), step_py=never, set_py=SET)
    (lab.folder / "step.py").chmod(0o755)
    for command in ("check", "plan"):
        lab.retort(command, str(lab.file)).expect("complete")
    expect(not pids(lab), "expected neither check nor plan to start a program")
    process = lab.start("run", str(lab.file))
    while len(pids(lab)) < 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    ended = lab.end(process, 20)
    expect(ended.status == 130, f"expected status 130, found {ended.status}: {ended.err[-800:]}")
    seconds = time.monotonic() - sent
    none_left(lab)
    (lab.folder / "step.py").write_text(STEP)
    lab.run().expect("complete")
    (lab.folder / "pids").unlink()
    lab.run().expect("complete")
    expect(not pids(lab), "expected a finished run to start no program")
    return f"{seconds:.1f} s"


def pids(lab):
    path = lab.folder / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def none_left(lab):
    for pid in pids(lab):
        gone(pid)

