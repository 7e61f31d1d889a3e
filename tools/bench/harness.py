"""What every case of the benchmark uses: building the C programs, running one process and counting it, the table."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


def build(folder, name, *flags):
    """Compiles NAME.c and answers the program's path."""
    program = folder / name
    compiler = shutil.which("cc") or shutil.which("clang") or "cc"
    subprocess.run([compiler, "-O2", "-o", program, HERE / f"{name}.c", *flags], check=True)
    return program


@dataclass
class Usage:
    """One process from its start to its end."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak: float  # MB of resident memory; at least this script's own, which the kernel hands down
    began: float  # CLOCK_MONOTONIC, seconds
    out: str


def measure(command, folder, env=None):
    """Runs a command to its end. Raises when it fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.monotonic()
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, stdout=out, stderr=err, env={**os.environ, **(env or {})}
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        err.seek(0), out.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{err.read()}")
        return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, began, out.read())


class Stub:
    """The endpoint, in a process of its own; for `with`."""

    def __init__(self, program, delay_ms=50, fail_every=0):
        self.command = [str(program), str(delay_ms), str(fail_every)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        port = int(self.process.stdout.readline())
        self.address = f"http://127.0.0.1:{port}"
        self.endpoint = self.address + "/v1"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stats(self):
        with urllib.request.urlopen(self.address + "/stats") as reply:
            return json.load(reply)


class Table:
    """Figures as they come, and in the end a Markdown table."""

    def __init__(self):
        self.rows = []

    def add(self, what, value, floor=None, aim=None, times_floor=None):
        """`aim` bounds the value, `times_floor` its ratio to the floor's."""
        ratio = value / floor if floor else None
        bound = f"<= {aim:g}" if aim is not None else f"<= {times_floor:g} x floor" if times_floor else ""
        missed = (aim is not None and value > aim) or (times_floor and ratio > times_floor)
        verdict = "" if not bound else "missed" if missed else "met"
        row = [what, number(value), number(floor), number(ratio), bound, verdict]
        self.rows.append(row)
        print("  " + "  ".join(cell for cell in row if cell), file=sys.stderr, flush=True)

    def text(self):
        head = ["figure", "retort", "floor", "ratio", "aim", ""]
        widths = [max(len(row[i]) for row in [head, *self.rows]) for i in range(len(head))]
        lines = [head, ["-" * width for width in widths], *self.rows]
        return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths)) + " |" for line in lines)


def number(value):
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def machine():
    """One line on what this was measured on."""
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "CPU")
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} x {model}, Linux {os.uname().release}, load {load:.1f}"


def scratch():
    return Path(tempfile.mkdtemp(prefix="retort-bench-"))


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
