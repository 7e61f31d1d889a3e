#!/usr/bin/env python3
"""Serve a trained head at /pooling in vLLM's form, on 127.0.0.1 and a free port: `launch:` starts it.

The first line of output is {"base_url": …}. Ends on SIGTERM, and when the process that started it has gone.
"""

import json
import math
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import torch

from model import RewardModel, text_of_messages

if len(sys.argv) not in (2, 3):
    sys.exit("usage: serve.py FOLDER [KNOWN.jsonl], as train.py wrote it; KNOWN has answers of the same head that were computed before")
# A line of KNOWN is {"text": what the model reads, "values": its two numbers}. The model is loaded when a text is not there.
known = {}
if len(sys.argv) == 3 and os.path.exists(sys.argv[2]):
    with open(sys.argv[2]) as lines:
        known = {line["text"]: line["values"] for line in map(json.loads, lines)}
model = None


def answered(text):
    global model
    if text in known:
        return known[text]
    model = model or RewardModel.load(sys.argv[1])
    return model.answer(text)


if not known:
    model = RewardModel.load(sys.argv[1])
torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
one_at_a_time = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, {"object": "list", "data": [{"id": "reward-model", "object": "model"}]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.removeprefix("/v1") != "/pooling":
            return self.answer(404, {"error": {"message": f"no such path: {self.path}"}})
        try:
            request = json.loads(body)
            text = text_of_messages(request["messages"])
        except (ValueError, KeyError, TypeError, IndexError) as error:
            return self.answer(400, {"error": {"message": f"expected messages of text: {error}"}})
        with one_at_a_time:
            values = answered(text)
        values = [value if math.isfinite(value) else None for value in values]
        count = len(model.tokenizer(text)["input_ids"]) if model else len(text) // 4
        self.answer(200, {
            "object": "list", "model": request.get("model", "reward-model"),
            "data": [{"object": "pooling", "index": 0, "data": values}],
            "usage": {"prompt_tokens": count, "total_tokens": count},
        })


parent = os.getppid()
stop = threading.Event()
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stop.set())
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"base_url": f"http://127.0.0.1:{server.server_port}/v1", "model": "reward-model"}), flush=True)
while not stop.wait(0.5) and os.getppid() == parent:
    pass
server.shutdown()
