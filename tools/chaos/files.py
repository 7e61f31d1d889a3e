"""Other people's files in the way of an export, kills between files, inputs that change, runs that end without a row."""

import hashlib
import json
import os
import signal
import threading
import time

from lab import expect, rows, simple
from stub import Stub, completion


def plain(file, keep=True, **more):
    """rows -> a filter that keeps all or none -> one export; no model."""
    return json.dumps(
        {
            "stages": {
                "rows": {"uses": "read-jsonl", "with": {"file": "rows.jsonl"}},
                "kept": {
                    "uses": "filter",
                    "from": "rows",
                    "with": {"where": [{"column": "answer", "equals": "a" if keep else "none"}]},
                },
                "out": {"uses": "export-jsonl", "from": "kept", "with": {"file": file, **more}},
            }
        }
    )


def everything(folder):
    """Each file and link below a folder, with what it holds or leads to; the store aside, which is written to."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.name.startswith("store.sqlite"):
            continue
        elif path.is_symlink():
            found[str(path)] = os.readlink(path)
        elif path.is_file():
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif not path.is_dir():
            found[str(path)] = "neither"
    return found


def strangers(lab, random, full):
    """an export or a report never replaces or removes what retort did not make"""
    lab.folder = lab.folder / "project"
    lab.file, lab.out, lab.store = lab.folder / "chaos.yaml", lab.folder / "out", lab.folder / "store.sqlite"
    home = lab.folder.parent / "home"
    (home / "deep").mkdir(parents=True)
    (home / "deep" / "thesis.txt").write_text("years of work")
    (home / "notes.jsonl").write_text('{"mine": 1}\n')
    lab.write(plain("out/good.jsonl"), rows_jsonl=rows(2))
    lab.run().expect("complete")
    (lab.folder / "linked").symlink_to("out")
    (lab.folder / "data").symlink_to(".")
    (lab.out / "alias.jsonl").symlink_to(home / "notes.jsonl")
    (lab.out / "none.jsonl").symlink_to(home / "nothing.jsonl")
    os.mkfifo(lab.out / "pipe.jsonl")
    (lab.out / ".partly.jsonl.partial").symlink_to(home / "notes.jsonl")
    os.link(home / "notes.jsonl", lab.out / "second.jsonl")
    paths = [
        "../home", "..", ".", "/", "../home/notes.jsonl", "../home/deep/thesis.txt/x", str(home), "out/alias.jsonl",
        "out/none.jsonl", "out/pipe.jsonl", "out/second.jsonl", "rows.jsonl", "data/rows.jsonl", "chaos.yaml",
        "store.sqlite", "data/store.sqlite", "store.sqlite-wal", "store.sqlite.lock", "out/good.jsonl.manifest.json",
        "out/.partly.jsonl.partial",
    ]  # fmt: skip
    for keep in (False, True):
        for path in paths if full else paths[:1] + random.sample(paths[1:], 6):
            lab.write(plain(path, keep))
            before = everything(lab.folder.parent)
            for command in (["check", str(lab.file)], ["plan", str(lab.file)], ["run", str(lab.file)]):
                ended = lab.retort(*command).expect("usage")
                expect("expected" in ended.err, f"{path}: expected words on what is in the way, found: {ended.err}")
            now = everything(lab.folder.parent)
            expect(now == before, f"{path}: expected nothing to change, found {set(now.items()) ^ set(before.items())}")
    # The name that a file has until it is whole.
    lab.write(plain("out/partly.jsonl"))
    before = everything(home)
    ended = lab.run().expect("usage")
    expect(".partly.jsonl.partial" in ended.err, f"expected words on the link, found: {ended.err}")
    for path in [*paths, "out/good.jsonl"]:
        kept = everything(lab.folder.parent)
        lab.retort("report", "-o", path).expect("cannot run")
        now = everything(lab.folder.parent)
        expect(now == kept, f"report -o {path}: expected nothing to change, found {set(now.items()) ^ set(kept.items())}")
        lab.integrity()
    expect(everything(home) == before, "expected the home folder as it was")
    for text in ("first", "second"):
        lab.retort("report", "-o", "report.html").expect("complete")
    lab.integrity()
    return f"{len(paths)} paths"


def torn(lab, random, full):
    """a kill between two files of an export leaves none that the next run does not know"""
    pipeline = json.loads(plain("out/unused.jsonl"))
    pipeline["stages"]["out"] = {
        "uses": "export-rl-prompts", "from": "kept", "with": {"folder": "out", "reference": "answer"},
    }  # fmt: skip
    lab.write(json.dumps(pipeline), rows_jsonl=rows(3))
    lab.run().expect("complete")
    wants = {}
    half = deaths = 0
    for number in range(40 if full else 6):
        count = 4 + number
        lab.write(json.dumps(pipeline), rows_jsonl=rows(count))
        first = lab.out / "trl-train.jsonl"
        old = first.stat().st_ino
        process = lab.start("run", str(lab.file))
        while process.poll() is None and first.stat().st_ino == old:
            pass
        time.sleep(random.choice([0, 0, 0.0001, 0.0003]))
        process.kill()
        process.communicate()
        deaths += process.returncode == -signal.SIGKILL
        listed = {file["path"]: file["sha256"] for file in json.loads((lab.out / "manifest.json").read_text())["files"]}
        half += any(lab.exports().get(name) != sha256 for name, sha256 in listed.items())
        if number % 2:
            # The store alone knows then.
            (lab.out / "manifest.json").unlink()
        ended = lab.run().expect("complete")
        expect(ended.summary["kept"] == [], f"expected no file to be taken for a changed one, found {ended.summary['kept']}")
        wants = lab.exports()
        lines = len(first.read_text().splitlines())
        expect(lines == count, f"expected {count} rows, found {lines}")
        expect(not [name for name in wants if "was-" in name or "partial" in name], f"expected no other file, found {wants}")
        lab.retort("check", str(lab.file), "--exports").expect("complete")
    return f"{deaths} kills, {half} between two files"


def stays(lab, random, full):
    """a run that loses all its rows leaves the last good export"""
    answer = {"status": 200}

    async def behave(request, line):
        status = answer["status"]
        body = completion("good") if status == 200 else {"error": {"message": "no longer"}}
        await line.send(status, body)

    stub = Stub(behave)
    try:

        def write(template, on_failure):
            pipeline = json.loads(simple(stub.url))
            pipeline["stages"]["asked"]["with"]["template"] = template
            pipeline["stages"]["asked"]["on_failure"] = on_failure
            lab.write(json.dumps(pipeline), rows_jsonl=rows(12))

        write("{{question}}", "fail")
        lab.run().expect("complete")
        want = lab.exports()
        for status in (401, 403, 400):
            for on_failure in ("drop", "fail"):
                answer["status"] = status
                write(f"{{{{question}}}} {status} {on_failure}", on_failure)
                ended = lab.run()
                expect(ended.status in (3, 5), f"{status}: expected exit 3 or 5, found {ended.status}: {ended.err[-800:]}")
                expect(lab.exports() == want, f"{status}: expected the earlier export, found {lab.exports()}")
                if (status, on_failure) == (400, "drop"):
                    expect("the earlier file stays" in ended.err, f"expected words on it, found: {ended.err}")
        answer["status"] = 200
        lab.resume("--retry-refused").expect("complete")
        # A file that none of its records can be read from is no empty set.
        lab.write(simple(stub.url), rows_jsonl="question,n\na,1\nb,2\n")
        ended = lab.run().expect("failed")
        expect("found none among 3" in ended.err, f"expected words on it, found: {ended.err}")
        expect("asked.jsonl" in lab.exports(), "expected the earlier export")
        return "401, 403, 400 and a CSV"
    finally:
        stub.stop()


def growing(lab, random, full):
    """an input that is written to while it is read is an error, and its rows are used for nothing"""
    count = 100_000 if full else 3_000
    lab.write(plain("out/rows.jsonl"), rows_jsonl=rows(count))
    source = lab.folder / "rows.jsonl"
    ended = threading.Event()

    def grow():
        with source.open("a") as file:
            while not ended.wait(0.001):
                file.write(rows(1))
                file.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        found = lab.run().expect("failed")
    finally:
        ended.set()
        writer.join()
    expect("changed" in found.err, f"expected words on the change, found: {found.err}")
    expect(not lab.exports(), f"expected no export, found {lab.exports()}")
    lab.run().expect("complete")
    wrote, has = (lab.out / "rows.jsonl").read_bytes().count(b"\n"), source.read_bytes().count(b"\n")
    expect(wrote == has, f"expected all {has} rows, found {wrote}")
    return f"{has} rows"
