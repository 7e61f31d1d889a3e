#!/usr/bin/env python3
"""Serve a trained model at /predict in the form of Text Embeddings Inference, on 127.0.0.1: `launch:` starts it.

    serve.py [MODEL.json] [--port PORT]         the model beside this file, and a free port, where they are left out

The first line of output is {"base_url": …}. Ends on SIGTERM, and, where it was given no port, when the process that started
it has gone.
"""
import argparse
import json
import os
import pathlib
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from words import LABELS, WordModel

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model", nargs="?", default=str(pathlib.Path(__file__).resolve().parent / "model.json"))
parser.add_argument("--port", type=int)
args = parser.parse_args()
model = WordModel.load(args.model)


def pairs_of(inputs):
    """[premise, hypothesis], or a list of such pairs."""
    pairs = [inputs] if isinstance(inputs, list) and inputs and isinstance(inputs[0], str) else inputs
    if not isinstance(pairs, list) or not 1 <= len(pairs) <= 256:
        raise ValueError("expected 1 to 256 pairs under 'inputs'")
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise ValueError("expected pairs of two texts under 'inputs'")
    return [[text[:4096] for text in pair] for pair in pairs]


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
        self.answer(200, {"model_id": "retort-entailment", "model_type": {"classifier": {"id2label": dict(enumerate(LABELS))}}})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/predict":
            return self.answer(404, {"error": f"no such path: {self.path}", "error_type": "validation"})
        try:
            pairs = pairs_of(json.loads(body)["inputs"])
        except (ValueError, KeyError, TypeError) as error:
            return self.answer(422, {"error": str(error), "error_type": "validation"})
        self.answer(200, [
            sorted(({"score": score, "label": label} for score, label in zip(row, LABELS)), key=lambda one: -one["score"])
            for row in model.scores(pairs)])


parent = os.getppid()
stop = threading.Event()
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stop.set())
ThreadingHTTPServer.request_queue_size = 256  # many ask at once
server = ThreadingHTTPServer(("127.0.0.1", args.port or 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"base_url": f"http://127.0.0.1:{server.server_port}", "model": "retort-entailment"}), flush=True)
while not stop.wait(0.5) and (args.port or os.getppid() == parent):
    pass
server.shutdown()
