"""An OpenAI-compatible endpoint on 127.0.0.1 that answers by rule and misbehaves on demand.

A behaviour is `async def (request, line)`: it looks at the request and writes to the line whatever it wants the
client to meet. `answer` is the well-behaved one: the same request always gets the same reply.
"""

import asyncio
import hashlib
import json
import socket
import struct
import threading


def said(message):
    """What a turn says beside its images."""
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


class Request:
    """One request as it came; `done` is set once a whole answer has been handed to the kernel."""

    def __init__(self, number, path, headers, body):
        self.number = number
        self.path = path
        self.headers = headers
        self.body = body
        self.done = False

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        """Everything that the messages say, or the embedded texts."""
        body = self.json
        if "messages" in body:
            return "\n".join(said(message) for message in body["messages"])
        return "\n".join(body.get("input", []))

    @property
    def units(self):
        """What is paid for one by one: the request itself, or each of its texts."""
        body = self.json
        if self.path.endswith("/embeddings"):
            return [f"embedding {text}" for text in body["input"]]
        return [f"{self.path} {json.dumps(body, sort_keys=True)}"]


class Line:
    """The server's end of one connection."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    async def send(self, status, body, headers=None, length=None):
        """One whole answer. `body` is bytes, text, or what becomes JSON; `length` overrides the true one."""
        if isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = json.dumps(body).encode()
        fields = {"Content-Type": "application/json", "Content-Length": len(body) if length is None else length}
        fields.update(headers or {})
        head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        await self.raw(head.encode() + b"\r\n" + body)

    async def raw(self, data):
        self.writer.write(data)
        await self.writer.drain()

    def reset(self):
        """Ends the connection with RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    def close(self):
        self.writer.close()


def completion(text, finish="stop", logprobs=None, usage=(20, 5)):
    """A chat completion; `usage` is (prompt, completion) tokens or None."""
    reply = {
        "id": "chat-1",
        "object": "chat.completion",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish, "logprobs": logprobs}
        ],
    }
    if usage is not None:
        reply["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return reply


def vector(text, size=8):
    digest = hashlib.sha256(text.encode()).digest()
    return [byte / 255 - 0.5 for byte in digest[:size]]


async def answer(request, line):
    """The endpoint at its best."""
    body = request.json
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    if request.path.endswith("/embeddings"):
        data = [{"index": place, "embedding": vector(text)} for place, text in enumerate(body["input"])]
        return await line.send(200, {"data": data, "usage": {"prompt_tokens": 3 * len(data), "total_tokens": 3 * len(data)}})
    if body.get("top_logprobs"):
        share = 0.05 + 0.9 * int(digest[:6], 16) / 0xFFFFFF
        words = ("yes", "no") if "yes or no" in request.text else ("A", "B")
        from math import log

        top = [{"token": words[0], "logprob": log(share)}, {"token": words[1], "logprob": log(1 - share)}]
        logprobs = {"content": [{"token": words[0], "logprob": log(share), "top_logprobs": top}]}
        return await line.send(200, completion(words[0], logprobs=logprobs, usage=(20, 1)))
    await line.send(200, completion(f"Because of {digest[:24]}, the answer follows."))


class Stub:
    """Serves in a thread of its own until `stop`. `behaviour` may be replaced at any time."""

    def __init__(self, behaviour=answer, delay=0.0):
        self.behaviour = behaviour
        self.delay = delay
        self.requests = []
        self.port = None
        self._loop = asyncio.new_event_loop()
        self._server = None
        self._lines = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.open()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def open(self):
        """Begins to listen, on the port it had before."""
        self._call(self._open())

    def shut(self):
        """Refuses connections from now on and drops those there are."""
        self._call(self._shut())

    def stop(self):
        self.shut()
        self._call(self._cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _open(self):
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port or 0, backlog=1024, reuse_address=True, limit=1 << 26
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _shut(self):
        if self._server:
            self._server.close()
            self._server = None
        for line in list(self._lines):
            line.writer.transport.abort()

    async def _cancel(self):
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader, writer):
        line = Line(reader, writer)
        self._lines.add(line)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
                headers = {}
                for field in head[1:]:
                    name, _, value = field.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                request = Request(len(self.requests), head[0].split(" ")[1], headers, body)
                self.requests.append(request)
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self.behaviour(request, line)
                request.done = True
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError, asyncio.LimitOverrunError):
            pass
        finally:
            self._lines.discard(line)
            writer.transport.abort()
