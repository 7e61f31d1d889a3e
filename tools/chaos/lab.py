"""What every scenario needs: a folder, a pipeline, the binary, and the books that are checked afterwards."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

KEY = "sk-chaos-0123456789abcdef"
EXITS = {"complete": 0, "cannot run": 1, "usage": 2, "failed": 3, "budget": 4, "parked": 5, "waiting": 6, "interrupted": 130}


class Fault(AssertionError):
    """What was expected and what was found."""


def expect(condition, words):
    if not condition:
        raise Fault(words)


class Outcome:
    """An ended process: its exit status, what it printed, and how long it took in seconds."""

    def __init__(self, status, out, err, seconds):
        self.status = status
        self.out = out
        self.err = err
        self.seconds = seconds

    @property
    def summary(self):
        return json.loads(self.out)

    def expect(self, name):
        expect(
            self.status == EXITS[name],
            f"expected exit status {EXITS[name]} ({name}), found {self.status}; it said:\n{self.err[-2000:]}",
        )
        return self


class Lab:
    """A pipeline in a folder of its own."""

    def __init__(self, binary, folder):
        self.binary = str(binary)
        self.folder = pathlib.Path(folder)
        self.store = self.folder / "store.sqlite"
        self.file = self.folder / "chaos.yaml"
        self.out = self.folder / "out"

    def write(self, pipeline, **files):
        """The pipeline file and the files beside it, by name (`_` for the dot before the ending)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file.write_text(pipeline)
        for name, text in files.items():
            (self.folder / ".".join(name.rsplit("_", 1))).write_text(text)

    def start(self, *arguments, before=None):
        environment = {**os.environ, "CHAOS_KEY": KEY, "RETORT_STORE": str(self.store)}
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            environment.pop(name, None)
        return subprocess.Popen(
            [self.binary, *arguments], cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=before,
        )

    def end(self, process, timeout=120, began=None):
        began = began or time.monotonic()
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise Fault(f"expected an end within {timeout} s, found none; it said:\n{err.decode()[-2000:]}") from None
        out, err = out.decode(errors="replace"), err.decode(errors="replace")
        return Outcome(process.returncode, out, err, time.monotonic() - began)

    def retort(self, *arguments, timeout=120, before=None):
        began = time.monotonic()
        return self.end(self.start(*arguments, before=before), timeout, began)

    def run(self, *arguments, **options):
        return self.retort("run", str(self.file), "--json", *arguments, **options)

    def resume(self, *arguments, **options):
        return self.retort("resume", "--json", *arguments, **options)

    def again(self, *arguments):
        """The newest run once more, also one that has finished."""
        (newest,), = self.query("select max(id) from run")
        return self.resume(str(newest), *arguments)

    def query(self, sql, *arguments):
        with contextlib.closing(sqlite3.connect(self.store)) as db:
            return db.execute(sql, arguments).fetchall()

    def integrity(self):
        """The store's own check; a store that no run had begun yet has nothing to check."""
        if self.store.exists():
            found = self.query("pragma integrity_check")
            expect(found == [("ok",)], f"expected integrity_check to say ok, found {found[:3]}")

    def exports(self):
        """SHA-256 of every file under out/, by name."""
        return {
            str(path.relative_to(self.out)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.out.rglob("*"))
            if path.is_file()
        }

    def failures(self):
        """(kind, message) of the newest run's failures."""
        return self.query("select kind, message from failed where run = (select max(run) from runs)")

    def wipe(self):
        for path in (self.store, *self.folder.glob("store.sqlite-*")):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.out, ignore_errors=True)
        shutil.rmtree(f"{self.store}.images", ignore_errors=True)


@contextlib.contextmanager
def laboratory(binary):
    with tempfile.TemporaryDirectory(prefix="retort-chaos-") as folder:
        yield Lab(binary, folder)


def rows(count):
    return "".join(json.dumps({"question": f"Question {n}?", "answer": "a", "n": n}) + "\n" for n in range(count))


def simple(url, **settings):
    """questions -> one chat reply each -> one export; `settings` are keys of the model."""
    keys = {"endpoint": url, "name": "teacher", "api_key_env": "CHAOS_KEY", "concurrency": 4, "timeout": 2, "retries": 1}
    keys.update(settings)
    return json.dumps(
        {
            "models": {"teacher": keys},
            "stages": {
                "questions": {"uses": "read-jsonl", "with": {"file": "rows.jsonl", "columns": ["question", "n"]}},
                "asked": {
                    "uses": "generate",
                    "from": "questions",
                    "with": {"model": "teacher", "template": "{{question}}", "max_tokens": 50},
                },
                "out": {"uses": "export-jsonl", "from": "asked", "with": {"file": "out/asked.jsonl"}},
            },
        },
        indent=1,
    )
