"""A machine without room, without rights, without descriptors; a store that is not what it was."""

import contextlib
import resource
import shutil
import sqlite3
import subprocess
import time

from lab import expect, rows, simple
from stub import Stub, completion


@contextlib.contextmanager
def small_disk(path, size):
    """A tmpfs of `size`; yields False where this user may not mount."""
    path.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], stderr=subprocess.DEVNULL
    ).returncode
    try:
        yield mounted == 0
    finally:
        if mounted == 0:
            subprocess.run(["umount", "-l", str(path)], check=True)


def long_answers(size):
    async def behave(request, line):
        await line.send(200, completion("x" * size + request.text))

    return behave


def full_disk(lab, random, full):
    """a full disk under the store ends the run with a word on it, and it resumes"""
    stub = Stub(long_answers(20_000))
    lab.store = lab.folder / "disk" / "store.sqlite"
    try:
        lab.write(simple(stub.url), rows_jsonl=rows(60))
        sizes = ["256k", "1m", "1500k", "2m"] if full else ["1m"]
        for size in sizes:
            with small_disk(lab.store.parent, size) as mounted:
                if not mounted:
                    return "skipped: only root may mount a small disk"
                stub.requests = []
                ended = lab.run().expect("cannot run")
                expect("no space is left" in ended.err, f"{size}: expected a word on the full disk, found: {ended.err}")
                paid = {request.text for request in stub.requests}
                expect(len(paid) < 60, f"expected an end before all was asked, found {len(paid)} of 60 calls")
                subprocess.run(["mount", "-o", "remount,size=64m", str(lab.store.parent)], check=True)
                lab.integrity()
                first = len(stub.requests)
                (lab.resume() if lab.query("select 1 from run") else lab.run()).expect("complete")
                again = [request.text for request in stub.requests[first:] if request.text in paid]
                expect(len(again) <= 4, f"{size}: expected at most the 4 in flight to be paid again, found {len(again)}")
                lab.integrity()
                shutil.rmtree(lab.out)
        return f"disks of {', '.join(sizes)}"
    finally:
        stub.stop()


def full_exports(lab, random, full):
    """a full disk under the exports fails the export, leaves no half file, and it resumes without a call"""
    stub = Stub(long_answers(20_000))
    try:
        lab.write(simple(stub.url), rows_jsonl=rows(60))
        with small_disk(lab.out, "512k") as mounted:
            if not mounted:
                return "skipped: only root may mount a small disk"
            ended = lab.run().expect("failed")
            expect("asked.jsonl" in ended.err, f"expected the file's name, found: {ended.err}")
            expect(not lab.exports(), f"expected no file, found {lab.exports()}")
            subprocess.run(["mount", "-o", "remount,size=64m", str(lab.out)], check=True)
            made = len(stub.requests)
            lab.resume().expect("complete")
            expect(len(stub.requests) == made, "expected no call to write the export again")
            lab.retort("check", str(lab.file), "--exports").expect("complete")
        return ""
    finally:
        stub.stop()


def read_only(lab, random, full):
    """a store that cannot be written is refused before any call"""
    stub = Stub()
    lab.store = lab.folder / "disk" / "store.sqlite"
    try:
        lab.write(simple(stub.url), rows_jsonl=rows(4))
        with small_disk(lab.store.parent, "16m") as mounted:
            if not mounted:
                return "skipped: only root may mount a small disk"
            lab.run().expect("complete")
            stub.requests = []
            subprocess.run(["mount", "-o", "remount,ro", str(lab.store.parent)], check=True)
            ended = lab.resume().expect("cannot run")
            expect(str(lab.store) in ended.err, f"expected the store's path, found: {ended.err}")
            expect(not stub.requests, "expected no call")
        return ""
    finally:
        stub.stop()


def damaged(lab, random, full):
    """a store cut short or overwritten is refused with a word on it, never a crash or a wrong export"""
    stub = Stub()
    try:
        lab.write(simple(stub.url), rows_jsonl=rows(40))
        lab.run().expect("complete")
        want = lab.exports()
        whole = lab.folder / "whole.sqlite"
        with contextlib.closing(sqlite3.connect(lab.store)) as db:
            db.execute("pragma wal_checkpoint(truncate)")
        shutil.copy(lab.store, whole)
        size = whole.stat().st_size
        counts = {}
        for number in range(60 if full else 8):
            lab.wipe()
            data = bytearray(whole.read_bytes())
            if number == 0:
                data = bytearray(b"This is no database. " * 500)
            elif number % 2:
                data = data[: random.randrange(1, size)]
            else:
                at = random.randrange(0, size - 4096)
                data[at : at + 4096] = random.randbytes(4096)
            lab.store.write_bytes(data)
            ended = lab.run(timeout=60)
            expect(ended.status >= 0 and ended.status in (0, 1, 2, 3), f"expected an end in order, found {ended.status}: {ended.err[-800:]}")
            if ended.status == 0:
                # What was hit may be a part that this run has no need of.
                expect(lab.exports() == want, f"expected the same exports from store {number}")
            else:
                expect("error:" in ended.err or "failed" in ended.err, f"expected a word on it, found: {ended.err}")
            counts[ended.status] = counts.get(ended.status, 0) + 1
        lab.wipe()
        lab.store.write_bytes(b"This is no database. " * 500)
        ended = lab.run().expect("cannot run")
        expect("no SQLite database" in ended.err, f"expected a word on it, found: {ended.err}")
        expect(lab.store.read_bytes().startswith(b"This is no database"), "expected the file to stay as it was")
        return "exit " + ", ".join(f"{status}: {count}" for status, count in sorted(counts.items()))
    finally:
        stub.stop()


def newer(lab, random, full):
    """a store that a later version wrote is refused and left alone"""
    stub = Stub()
    try:
        lab.write(simple(stub.url), rows_jsonl=rows(2))
        lab.run().expect("complete")
        with contextlib.closing(sqlite3.connect(lab.store)) as db:
            db.execute("insert into grdb_migrations values ('999: of another time')")
            db.commit()
        for ended in (lab.run(), lab.resume(), lab.retort("runs")):
            ended.expect("cannot run")
            expect("later version" in ended.err, f"expected a word on it, found: {ended.err}")
        return ""
    finally:
        stub.stop()


def two_at_once(lab, random, full):
    """the second of two runs on one store is told who holds it; looking inside is free"""
    stub = Stub(delay=0.3)
    try:
        lab.write(simple(stub.url), rows_jsonl=rows(24))
        first = lab.start("run", str(lab.file), "--json")
        while not stub.requests:
            time.sleep(0.01)
        second = lab.run().expect("cannot run")
        expect(f"process {first.pid}" in second.err, f"expected the first one's process, found: {second.err}")
        lab.retort("runs").expect("complete")
        lab.end(first).expect("complete")
        lab.run().expect("complete")
        # Whoever died holds nothing.
        lab.wipe()
        killed = lab.start("run", str(lab.file))
        time.sleep(0.3)
        killed.kill()
        killed.communicate()
        lab.run().expect("complete")
        return ""
    finally:
        stub.stop()


def descriptors(lab, random, full):
    """64 file descriptors are enough, however many calls may be in flight"""
    stub = Stub(delay=0.05)
    try:
        lab.write(simple(stub.url, concurrency=200, timeout=30), rows_jsonl=rows(400))

        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

        ended = lab.run(before=limit).expect("complete")
        return f"400 calls in {ended.seconds:.1f} s"
    finally:
        stub.stop()
