"""A client of the Model Context Protocol on standard input and output, for tests."""
import json
import pathlib
import shutil
import subprocess

TOOLS = pathlib.Path(__file__).resolve().parent.parent


def sandboxed(words):
    """Words that start a program in the sandbox, or as it is where there is none: then its own doings alone are tested."""
    if shutil.which("bwrap") and subprocess.run([TOOLS / "sandbox", "--check"], stdout=subprocess.DEVNULL).returncode == 0:
        return [str(TOOLS / "sandbox"), "--", *words]
    return words


class Client:
    def __init__(self, *words, **more):
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)
        self.count = 0

    def ask(self, method, **params):
        """The whole reply; None where the server has ended."""
        self.count += 1
        return self.send({"jsonrpc": "2.0", "id": self.count, "method": method, "params": params})

    def send(self, message):
        self.process.stdin.write((message if isinstance(message, str) else json.dumps(message)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def call(self, tool, images=(), **arguments):
        """(text, images, whether it is a fault) of a call."""
        meta = {"_meta": {"retort/images": [{"data": data, "mimeType": "image/png"} for data in images]}} if images else {}
        result = self.ask("tools/call", name=tool, arguments=arguments, **meta)["result"]
        texts = [part["text"] for part in result["content"] if part["type"] == "text"]
        return "\n".join(texts), [part["data"] for part in result["content"] if part["type"] == "image"], result["isError"]

    def close(self):
        self.process.stdin.close()
        status = self.process.wait(timeout=60)
        self.process.stdout.close()
        return status
