"""A headless Chromium, driven over its DevTools protocol with the standard library alone."""

import base64
import http.client
import itertools
import json
import os
import pathlib
import secrets
import socket
import struct
import subprocess
import tempfile
import time


class Socket:
    """The client's end of a WebSocket (RFC 6455) to this machine; text only."""

    def __init__(self, url):
        host, path = url.removeprefix("ws://").split("/", 1)
        name, port = host.split(":")
        self.line = socket.create_connection((name, int(port)), timeout=30)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self.line.sendall(
            f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.line.recv(65536)
        self.rest = self.rest.split(b"\r\n\r\n", 1)[1]

    def send(self, text):
        data = text.encode()
        size = len(data)
        head = bytes([0x81])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65536:
            head += bytes([0x80 | 126]) + struct.pack(">H", size)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", size)
        mask = secrets.token_bytes(4)
        self.line.sendall(head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(data)))

    def read(self, count):
        while len(self.rest) < count:
            more = self.line.recv(1 << 20)
            if not more:
                raise ConnectionError("the browser closed the connection")
            self.rest += more
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def receive(self):
        """The next message; those that only keep the line alive are passed over."""
        message = b""
        while True:
            first, second = self.read(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", self.read(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self.read(8))
            data = self.read(size)
            if first & 0x0F in (0, 1):
                message += data
                if first & 0x80:
                    return message.decode()


class Chrome:
    """One page. `requests` has the address of everything that it asked for, `events` what it complained about."""

    def __init__(self, width=1280, height=900):
        self.folder = tempfile.TemporaryDirectory(prefix="retort-chrome-", ignore_cleanup_errors=True)
        words = [
            "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
            "--remote-debugging-port=0", f"--user-data-dir={self.folder.name}", f"--window-size={width},{height}", "about:blank",
        ]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        note = pathlib.Path(self.folder.name) / "DevToolsActivePort"
        self.requests, self.events, self.numbers = [], [], itertools.count(1)
        try:
            until(lambda: note.exists() and note.read_text().strip(), 60, "expected chromium to start, it did not")
            port = int(note.read_text().split()[0])
            targets = until(lambda: pages(port), 30, "expected a page in chromium, found none")
            self.socket = Socket(targets[0]["webSocketDebuggerUrl"])
            for name in ("Page", "Runtime", "Network", "Log"):
                self.call(f"{name}.enable")
        except BaseException:
            self.close()
            raise

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, method, **parameters):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.receive())
            if message.get("id") == number:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                return message["result"]
            self.note(message)

    def note(self, message):
        name, found = message["method"], message["params"]
        if name == "Network.requestWillBeSent":
            self.requests.append(found["request"]["url"])
        elif name == "Page.javascriptDialogOpening":
            self.events.append(f"dialog: {found['message']}")
            self.socket.send(json.dumps({"id": next(self.numbers), "method": "Page.handleJavaScriptDialog", "params": {"accept": False}}))
        elif name == "Runtime.exceptionThrown":
            self.events.append(f"exception: {json.dumps(found['exceptionDetails'])[:400]}")
        elif name == "Log.entryAdded" and found["entry"]["level"] == "error":
            self.events.append(f"log: {found['entry']['text']} {found['entry'].get('url', '')}")

    def run(self, script):
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise AssertionError(f"{script[:200]}: {json.dumps(found['exceptionDetails'])[:800]}")
        return found["result"].get("value")

    def wait(self, script, words, seconds=30):
        """Waits until an expression is true; a page that is just being replaced counts as not yet."""

        def look():
            try:
                return self.run(script)
            except AssertionError:
                return None

        return until(look, seconds, words)

    def go(self, address):
        self.run("window.isOld = true")
        self.call("Page.navigate", url=address)
        self.settle()

    def settle(self):
        """Waits until another page than before is there."""
        self.wait("!window.isOld && document.readyState === 'complete'", "expected the page to load, it did not")

    def click(self, selector):
        """Follows a link or sends a form, by the keyboard's way: focus and Enter."""
        self.run("window.isOld = true")
        self.run(f"document.querySelector({json.dumps(selector)}).click()")
        self.settle()

    def press_tab(self):
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)

    def scheme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def picture(self, file):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": min(size["width"], 1600), "height": min(size["height"], 3000), "scale": 1}
        data = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"]
        file.write_bytes(base64.b64decode(data))


def pages(port):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    line.request("GET", "/json/list")
    return [target for target in json.loads(line.getresponse().read()) if target["type"] == "page"]


def until(look, seconds, words):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(words)
