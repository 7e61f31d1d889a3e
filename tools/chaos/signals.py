"""One signal, wherever the program is; and a viewer that many hold on to."""

import contextlib
import http.client
import json
import pathlib
import os
import re
import signal
import socket
import subprocess
import time

from lab import expect, rows, simple
from stub import Stub


def interruptions(lab, random, full):
    """one signal ends what is under way, a run softly, and the second ends a run at once; nothing is left behind"""
    figures = []

    def ends(process, sent, within, what):
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            expect(False, f"{what}: expected an end within {within} s, found none")
        expect(process.returncode == 130, f"{what}: expected status 130, found {process.returncode}")
        process.communicate()
        figures.append(f"{what} {time.monotonic() - sent:.1f} s")

    def signalled(process, number):
        process.send_signal(number)
        return time.monotonic()

    # A file that takes long to read, before a run has begun.
    rows_only = {"rows": {"uses": "read-jsonl", "with": {"file": "rows.jsonl", "columns": ["text"]}}}
    lab.write(json.dumps({"stages": rows_only}), rows_jsonl="")
    os.truncate(lab.folder / "rows.jsonl", 8 << 30)
    process = lab.start("check", str(lab.file))
    time.sleep(0.3)
    ends(process, signalled(process, signal.SIGTERM), 2, "check")
    # A server that never says its address.
    serve = lab.folder / "serve.sh"
    serve.write_text("#!/bin/sh\necho $$ > pid\nexec sleep 600\n")
    serve.chmod(0o755)
    pipeline = json.loads(simple(None))
    pipeline["models"]["teacher"] = {"launch": ["./serve.sh"], "name": "teacher"}
    lab.write(json.dumps(pipeline), rows_jsonl=rows(2))
    process = lab.start("run", str(lab.file))
    await_file(lab.folder / "pid")
    ends(process, signalled(process, signal.SIGINT), 8, "launching")
    gone((lab.folder / "pid").read_text())
    # Work of a stage without end, and no call in flight.
    text = json.dumps({"question": "(a|a)*" * 3, "n": 1, "text": "ab " * 400_000}) + "\n"
    work = {
        "stages": {
            **rows_only,
            "near": {"uses": "deduplicate", "from": "rows", "with": {"column": "text", "near": 0.9}},
        }
    }
    lab.write(json.dumps(work), rows_jsonl=text * 400)
    lab.wipe()
    process = lab.start("run", str(lab.file))
    time.sleep(1)
    sent = signalled(process, signal.SIGINT)
    if full:
        ends(process, sent, 9, "a busy stage")
    else:
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        ends(process, sent, 2, "a busy stage, twice")
    lab.integrity()
    left = [path.name for path in lab.folder.rglob("*.partial")]
    expect(not left, f"expected nothing half written, found {left}")
    return ", ".join(figures)


def await_file(path, within=20):
    end = time.monotonic() + within
    while not (path.exists() and path.read_text().strip()):
        expect(time.monotonic() < end, f"expected {path.name} within {within} s")
        time.sleep(0.05)


def gone(pid, within=10):
    end = time.monotonic() + within
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        while time.monotonic() < end:
            if pathlib.Path(f"/proc/{int(pid)}/stat").read_text().split()[2] == "Z":
                return
            os.kill(int(pid), 0)
            time.sleep(0.1)
        expect(False, "expected the launched server to be gone")


def viewer(lab, random, full):
    """the viewer answers while others hold connections, send slowly, too much or nothing, and when descriptors run out"""
    stub = Stub()
    try:
        lab.write(simple(stub.url), rows_jsonl=rows(3))
        lab.run().expect("complete")
    finally:
        stub.stop()

    def limits():
        import resource

        resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))

    process = lab.start("view", "--port", "0", before=limits)
    held = []
    try:
        port = int(re.search(r":(\d+)/", process.stdout.readline().decode()).group(1))

        def connect(words=b""):
            line = socket.create_connection(("127.0.0.1", port), timeout=10)
            if words:
                line.sendall(words)
            return line

        def page(path="/", **headers):
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            line.request("GET", path, headers=headers)
            answer = line.getresponse()
            answer.read()
            line.close()
            return answer.status

        expect(page() == 200, "expected a page")
        for path, headers in (("/find?row=" + "x" * 60_000, {}), ("/" + "x" * 60_000, {}), ("/", {"X-Long": "x" * 60_000})):
            status = page(path, **headers)
            expect(status in (400, 414, 431), f"expected 60 KB to be refused, found {status}")
        # Others: silent, slow, half closed, and many requests at once without reading an answer.
        for number in range(2000 if full else 300):
            with contextlib.suppress(OSError):
                held.append(connect([b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n" * 40][number % 3]))
                if number % 5 == 0:
                    held[-1].shutdown(socket.SHUT_WR)
        burst = connect(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500)
        held.append(burst)
        began = time.monotonic()
        expect(page() == 200, "expected a page while others hold connections")
        waited = time.monotonic() - began
        expect(waited < 10, f"expected a page within 10 s, found {waited:.1f}")
        # A body that is never sent holds nobody up, and silence is ended.
        slow = connect(b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n")
        expect(slow.recv(12) == b"HTTP/1.1 200", "expected an answer before the body")
        for line in held:
            line.close()
        cost = processor(process.pid)
        time.sleep(1)
        cost = processor(process.pid) - cost
        expect(cost < 0.5, f"expected a viewer that nobody asks to rest, found {cost:.2f} s of work in 1 s")
        if full:
            idle = connect(b"GET / HT")
            idle.settimeout(25)
            with contextlib.suppress(ConnectionResetError):
                expect(idle.recv(1) == b"", "expected a slow connection to be ended")
        expect(page() == 200, "expected a page afterwards")
        process.send_signal(signal.SIGINT)
        expect(process.wait(5) == 130, f"expected status 130, found {process.returncode}")
        return f"{len(held)} connections, a page after {waited:.1f} s"
    finally:
        process.kill()
        process.communicate()


def processor(pid):
    """Seconds of processor time that a process has used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
