"""Stores under other names, gone, from somebody else, begun anew, and made to do harm."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import time

from lab import expect, rows, simple
from stub import Stub


def begun(lab, stub, *arguments, calls=1):
    """A run that has sent some calls."""
    mark = len(stub.requests)
    process = lab.start("run", str(lab.file), *arguments)
    while len(stub.requests) < mark + calls:
        expect(process.poll() is None, "expected a run under way, found it ended")
        time.sleep(0.01)
    return process


def one_file(lab, random, full):
    """the lock belongs to the store's file: no other name of it lets a second run in"""
    # The run is under way for as long as its first calls take, however slow the machine is.
    stub = Stub(delay=5)
    real = lab.folder / "real"
    real.mkdir()
    try:
        lab.write(simple(stub.url, timeout=20), rows_jsonl=rows(24))
        (lab.folder / "link.sqlite").symlink_to("real/store.sqlite")
        (lab.folder / "folder").symlink_to("real")
        mounted = lab.folder / "mounted"
        mounted.mkdir()
        mounts = subprocess.run(["mount", "--bind", str(real), str(mounted)], stderr=subprocess.DEVNULL).returncode == 0
        try:
            before = os.umask(0o777)
            os.umask(before)
            first = begun(lab, stub, "--store", "real/store.sqlite")
            names = ["link.sqlite", "folder/store.sqlite", "./real/../real/store.sqlite", str(real / "store.sqlite")]
            names += ["mounted/store.sqlite"] if mounts else []
            for name in names:
                ended = lab.run("--store", name).expect("cannot run")
                expect(f"process {first.pid}" in ended.err, f"{name}: expected the first one's process, found: {ended.err}")
            for name in ("file:real/store.sqlite", f"file://{real}/store.sqlite", ":memory:", "", "real", "/dev/null"):
                lab.run("--store", name).expect("usage")
            os.mkfifo(lab.folder / "pipe")
            lab.run("--store", "pipe", timeout=10).expect("usage")
            os.link(real / "store.sqlite", lab.folder / "hard.sqlite")
            for name in ("hard.sqlite", "real/store.sqlite"):
                ended = lab.run("--store", name).expect("usage")
                expect("hard links" in ended.err, f"{name}: expected a word on the links, found: {ended.err}")
            (lab.folder / "hard.sqlite").unlink()
            stub.delay = 0
            lab.end(first).expect("complete")
        finally:
            if mounts:
                subprocess.run(["umount", "-l", str(mounted)], check=True)
        made = sorted(path.name for path in lab.folder.iterdir() if "sqlite" in path.name)
        expect(made == ["link.sqlite"], f"expected no lock beside a link, found {made}")
        for path in real.iterdir():
            mode = stat.S_IMODE(path.stat().st_mode)
            expect(mode == 0o600, f"expected {path.name} to be its owner's alone, found {mode:o}")
        expect(len(stub.requests) == 24, f"expected 24 calls, found {len(stub.requests)}")
        return f"{len(names)} names, 7 refused"
    finally:
        stub.stop()


def lost(lab, random, full):
    """a store that is deleted, renamed or replaced under a run ends it at once, and nothing stands in its place"""
    changes = {
        "deleted": lambda store: [path.unlink() for path in store.parent.glob("store.sqlite*")],
        "renamed": lambda store: store.rename(store.with_name("away.sqlite")),
        "replaced": lambda store: (store.rename(store.with_name("away.sqlite")), store.write_bytes(b"")),
        "log deleted": lambda store: pathlib.Path(f"{store}-wal").unlink(),
        "folder renamed": lambda store: store.parent.rename(store.parent.with_name("gone")),
    }
    for name, change in changes.items() if full else random.sample(sorted(changes.items()), 2):
        stub = Stub(delay=1.0)
        try:
            shutil.rmtree(lab.folder / "disk", ignore_errors=True)
            shutil.rmtree(lab.folder / "gone", ignore_errors=True)
            lab.store = lab.folder / "disk" / "store.sqlite"
            lab.write(simple(stub.url, timeout=20), rows_jsonl=rows(200))
            process = begun(lab, stub)
            change(lab.store)
            asked = len(stub.requests)
            ended = lab.end(process, 15).expect("cannot run")
            expect("deleted, renamed or replaced" in ended.err, f"{name}: expected a word on it, found: {ended.err}")
            more = len(stub.requests) - asked
            expect(more <= 4, f"{name}: expected no further round of calls, found {more}")
            found = lab.store.read_bytes() if lab.store.exists() else b""
            expect(found == b"" or name == "log deleted", f"{name}: expected nothing in its place, found {len(found)} bytes")
        finally:
            stub.stop()
    return ""


LOOKS = [
    ["runs"], ["show", "asked"], ["failures"], ["diff", "1", "2"], ["report"], ["report", "--markdown"],
]  # fmt: skip


def looked_at(lab, random, full):
    """a store that cannot be written can be looked at, with or without a log left over"""
    stub = Stub()
    lab.store = lab.folder / "disk" / "store.sqlite"
    lab.store.parent.mkdir()
    try:
        lab.write(simple(stub.url), rows_jsonl=rows(4))
        lab.run().expect("complete")
        lab.run().expect("complete")
        want = [lab.retort(*look).expect("complete").out for look in LOOKS]
        with contextlib.closing(sqlite3.connect(lab.store)) as db:
            db.execute("pragma wal_checkpoint(truncate)")
        if subprocess.run(["mount", "--bind", str(lab.store.parent), str(lab.store.parent)], stderr=subprocess.DEVNULL).returncode:
            return "skipped: only root may mount"
        try:
            for kind in ("no log", "a log", "a log without its index"):
                subprocess.run(["mount", "-o", "remount,bind,rw", str(lab.store.parent)], check=True)
                for end in ("-wal", "-shm"):
                    pathlib.Path(f"{lab.store}{end}").unlink(missing_ok=True)
                if kind != "no log":
                    keeper = sqlite3.connect(lab.store)
                    keeper.execute("pragma wal_autocheckpoint = 0")
                    keeper.execute("create table if not exists left_over (x)")
                    keeper.execute("drop table left_over")
                    keeper.commit()
                    for end in ("-wal", "-shm"):
                        shutil.copy(f"{lab.store}{end}", lab.folder / f"kept{end}")
                    keeper.close()
                    shutil.copy(lab.folder / "kept-wal", f"{lab.store}-wal")
                    if kind == "a log":
                        shutil.copy(lab.folder / "kept-shm", f"{lab.store}-shm")
                subprocess.run(["mount", "-o", "remount,bind,ro", str(lab.store.parent)], check=True)
                found = [lab.retort(*look).expect("complete").out for look in LOOKS]
                expect(found == want, f"{kind}: expected the same as where it can be written")
                lab.retort("plan", str(lab.file)).expect("complete")
        finally:
            subprocess.run(["umount", "-l", str(lab.store.parent)], check=True)
        return f"{len(LOOKS)} commands, 3 kinds"
    finally:
        stub.stop()


def elsewhere(lab, random, full):
    """a store from somebody else starts nothing by itself: what it remembers is shown, and waits for --yes"""
    stub = Stub()
    try:
        lab.write(simple(stub.url), rows_jsonl=rows(4))
        lab.run("--limit", "2").expect("complete")
        lab.again().expect("complete")
        evil = lab.folder / "evil"
        evil.write_text("#!/bin/sh\ntouch owned\n")
        evil.chmod(0o755)
        flags = {"limit": None, "only": None, "redo": [], "set": ["teacher.endpoint=null", "teacher.launch=[./evil]", "teacher.api_key_env=null",
                         "teacher.headers_env={X-Auth: GATEWAY_KEY}"]}
        asked = len(stub.requests)
        for home in (None, "0" * 64):
            with contextlib.closing(sqlite3.connect(lab.store)) as db:
                db.execute("update run set flags = ?, home = ? where id = (select max(id) from run)", (json.dumps(flags), home))
                db.commit()
            ended = lab.again().expect("usage")
            for word in ("evil", "teacher.launch", str(lab.file), "GATEWAY_KEY as the header X-Auth", "--yes"):
                expect(word in ended.err, f"expected '{word}' to be shown, found: {ended.err}")
            expect(not (lab.folder / "owned").exists(), "expected nothing to be started")
        expect(len(stub.requests) == asked, "expected no call")
        with contextlib.closing(sqlite3.connect(lab.store)) as db:
            db.execute("update run set flags = ?", (json.dumps({**flags, "set": []}),))
            db.commit()
        lab.again("--yes").expect("complete")
        lab.again().expect("complete")
        expect(len(stub.requests) == asked + 2, f"expected 2 calls for the rows beyond the limit, found {len(stub.requests) - asked}")
        return ""
    finally:
        stub.stop()


def redone(lab, random, full):
    """an interrupted redo costs nothing: the earlier answers stand, and it is gone on with where it was"""
    stub = Stub(delay=0.1)
    try:
        lab.write(simple(stub.url, timeout=20), rows_jsonl=rows(24))
        lab.run().expect("complete")
        want = lab.exports()
        for signal_number in (signal.SIGINT, signal.SIGKILL):
            mark = len(stub.requests)
            process = begun(lab, stub, "--redo", "asked", calls=6)
            process.send_signal(signal_number)
            lab.end(process)
            first = len(stub.requests)
            ended = lab.run().expect("complete")
            expect("a redo of asked was begun" in ended.err, f"expected a word on it, found: {ended.err}")
            expect(len(stub.requests) == first, f"expected no call, found {len(stub.requests) - first}")
            expect(lab.exports() == want, "expected the same exports")
            # The newest run but one is the redo's.
            number = lab.query("select max(id) - 1 from run")[0][0]
            lab.retort("resume", str(number), "--json").expect("complete")
            made = len(stub.requests) - mark
            expect(24 <= made <= 28, f"expected 24 calls and those in flight again, found {made}")
            ended = lab.run().expect("complete")
            expect("redo" not in ended.err and len(stub.requests) - mark == made, "expected the redo to have finished")
            want = lab.exports()
        return ""
    finally:
        stub.stop()


VALUES = [None, "no json {", "[1", b"\xff\xfe\x00", 2**63 - 1, -1, 1.5e300, "a7.b12", '{"a":[]}']


def spoiled(store, target, change):
    shutil.copy(store, target)
    with contextlib.closing(sqlite3.connect(target)) as db:
        db.execute("pragma writable_schema = on")
        for sql, arguments in change:
            db.execute(sql, arguments)
        db.commit()


def loosen(store):
    """Takes NOT NULL and types out of the tables' definitions, so that each column can hold anything."""
    with contextlib.closing(sqlite3.connect(store)) as db:
        db.execute("pragma writable_schema = on")
        for name, sql in db.execute("select name, sql from sqlite_master where type = 'table' and sql is not null").fetchall():
            loose = re.sub(r" NOT NULL", "", sql)
            loose = re.sub(r"(?<!\bid) (INTEGER|TEXT|REAL|BLOB)\b(?! PRIMARY)", "", loose)
            db.execute("update sqlite_master set sql = ? where name = ? and type = 'table'", (loose, name))
        db.commit()
    with contextlib.closing(sqlite3.connect(store)) as db:
        expect(db.execute("pragma integrity_check").fetchall() == [("ok",)], "expected a whole store to spoil")


ENDLESS = "with recursive n(x) as (select 1 union all select x + 1 from n) select {} from n"

TRICKS = {
    "endless runs": [("drop view runs", ()), (f"create view runs as {ENDLESS.format('x as run, x as pipeline, x as status')}", ())],
    "endless dropped": [("drop view dropped", ()), (f"create view dropped as {ENDLESS.format('x as run')}", ())],
    "endless table": [("alter table run rename to was", ()), (f"create view run as {ENDLESS.format('x as id')}", ())],
    "no tables": [("drop table reply", ()), ("drop table run_stage", ())],
    "no index": [("drop index emission_drops", ())],
    "trigger": [("create trigger t after insert on run begin delete from reply; end", ())],
    "huge cells": [("update run set flags = zeroblob(300000000)", ()), ("update reply set body = zeroblob(200000000)", ())],
    "cycle": [("update occurrence set parent = (select max(id) from occurrence)", ())],
    "many stages": [
        ('insert into run_stage with recursive n(x) as (select 10 union all select x + 1 from n where x < 3000) '
         "select 1, x, 's' || x, 'generate', null, 1, '[\"questions\"]', '{}', null from n", ()),
    ],
    "ordinals": [("update run_stage set stage = stage * -1000000007", ()), ("update occurrence set stage = stage * -1000000007", ())],
    "edges": [("update run_stage set \"from\" = '[\"asked\", \"out\", \"questions\"]', \"using\" = '{\"x\": \"asked\"}'", ())],
}  # fmt: skip


def looks(lab, row):
    return [
        ["runs"], ["show", "asked"], ["show", row], ["failures"], ["trace", row], ["why", row, "asked"],
        ["diff", "1", "2"], ["report"], ["plan", str(lab.file)], ["gc", "--dry-run", "--keep-runs", "1"],
        ["run", str(lab.file), "--only", "asked"],
    ]  # fmt: skip


def attempt(lab, store, commands, words, counts):
    for command in commands:
        ended = lab.retort(*command, "--store", str(store), timeout=60)
        expect(ended.status in (0, 1, 2, 3), f"{words}: {command[0]}: expected an end in order, found {ended.status}: {ended.err[-900:]}")
        expect(ended.status in (0, 3) or "error:" in ended.err or "expected" in ended.err, f"{words}: {command[0]}: expected a word, found: {ended.err}")
        counts[ended.status] = counts.get(ended.status, 0) + 1


def views(lab, store, words, counts):
    """The pages of `view`: none may end the process."""
    process = lab.start("view", "--port", "0", "--store", str(store))
    try:
        line = process.stdout.readline().decode()
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        if not found:
            ended = lab.end(process, 30)
            expect(ended.status == 1, f"{words}: view: expected an end in order, found {ended.status}: {ended.err[-900:]}")
            return
        for path in ("/", "/runs/1", "/runs/2", "/runs/1/dropped", "/runs/1/stages/asked", "/rows/1", "/rows/9", "/calls/1",
                     "/compare/runs?old=1&new=2", "/compare/rows?left=1&right=2", "/runs/1/stages/asked?sort=n&q=a"):
            connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=60)
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            connection.close()
            expect(process.poll() is None, f"{words}: expected {path} to leave the viewer standing")
            counts[answer.status] = counts.get(answer.status, 0) + 1
    except (OSError, http.client.HTTPException) as fault:
        process.kill()
        raise AssertionError(f"{words}: expected the viewer to answer, found {fault!r}: {process.communicate()[1].decode()[-900:]}")
    finally:
        process.kill()
        process.communicate()


def hostile(lab, random, full):
    """a store spoiled in any column, or made to do harm, is met with words: no crash, no endless wait"""
    stub = Stub()
    good = lab.folder / "good.sqlite"
    try:
        text = simple(stub.url)
        lab.write(text, rows_jsonl=rows(6) + "broken\n")
        lab.run("--limit", "4")
        lab.run()
        with contextlib.closing(sqlite3.connect(lab.store)) as db:
            db.execute("insert into failure (run, stage, occurrence, kind, message, at, calls) select run, 1, id, 'http', 'said so', 1.5, '[1]' from occurrence where stage = 0 limit 2")
            db.commit()
            db.execute("pragma wal_checkpoint(truncate)")
            row = db.execute("select \"row\" from asked limit 1").fetchone()[0]
        shutil.copy(lab.store, good)
        counts, pages, tried = {}, {}, 0
        jobs = []
        commands = looks(lab, row)
        for name, change in TRICKS.items():
            jobs.append((name, good, change, commands if full else random.sample(commands, 3), full or random.random() < 0.3))
        loose = lab.folder / "loose.sqlite"
        shutil.copy(good, loose)
        loosen(loose)
        with contextlib.closing(sqlite3.connect(good)) as db:
            tables = [name for (name,) in db.execute("select name from sqlite_master where type = 'table'")]
            columns = [(table, column[1]) for table in tables for column in db.execute(f'pragma table_info("{table}")').fetchall()]
        spoils = [(table, column, value) for table, column in columns for value in VALUES]
        for table, column, value in random.sample(spoils, 200 if full else 10):
            change = [(f'update or ignore "{table}" set "{column}" = ?', (value,))]
            some = random.sample(commands, 6 if full else 2)
            jobs.append((f"{table}.{column} = {value!r}", loose, change, some, random.random() < (0.5 if full else 0.2)))

        def perform(numbered):
            number, (words, source, change, some, viewed) = numbered
            store = lab.folder / f"spoiled-{number}.sqlite"
            try:
                spoiled(source, store, change)
            except sqlite3.Error as error:
                return words + ": " + str(error)
            if viewed:
                views(lab, store, words, pages)
            attempt(lab, store, some, words, counts)
            for path in lab.folder.glob(f"{store.name}*"):
                path.unlink()
            return None

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            left_out = [words for words in pool.map(perform, enumerate(jobs)) if words]
        tried = len(jobs) - len(left_out)
        expect(len(left_out) <= len(jobs) // 4, f"expected most stores to be spoiled, found {left_out[:5]}")
        said = ", ".join(f"{status}: {count}" for status, count in sorted(counts.items()))
        return f"{tried} stores; commands ended with {said}; pages with {sorted(pages)}"
    finally:
        stub.stop()
