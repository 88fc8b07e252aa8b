"""A small server with OpenAI's chat protocol over real HTTP that misbehaves on request."""

from __future__ import annotations

import gzip
import json
import threading
import time
import zlib
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class MockServer:
    """Answers every chat with ``answer(body)``; ``faults`` are used up first, one per call.

    A fault is a name of a method below, or (name, argument). Under ``faults_of`` a prompt's text
    has faults of its own.
    """

    def __init__(self, answer=lambda body: "[0.5]") -> None:
        self.answer = answer
        self.faults: list = []
        self.faults_of: dict[str, list] = defaultdict(list)
        self.bodies: list[dict] = []
        self.headers: list[dict] = []
        self.models = ["mock"]
        self.inside: set[BaseHTTPRequestHandler] = set()
        self.most_running = 0
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.list_models(self)

            def do_POST(self):
                outer.chat(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that hung up is meant
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def list_models(self, handler):
        if self.models is None:
            self.send(handler, 404, {"error": {"message": "no such page"}})
        elif self.models == "locked":
            key = handler.headers["authorization"]
            self.send(handler, 401, {"error": {"message": f"Incorrect API key: {key}"}})
        else:
            self.send(handler, 200, {"object": "list", "data": [
                {"id": name, "object": "model", "created": 0, "owned_by": "me"}
                for name in self.models
            ]})  # fmt: skip

    def chat(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        with self.lock:
            self.bodies.append(body)
            self.headers.append({k.lower(): v for k, v in handler.headers.items()})
            self.inside.add(handler)
            self.most_running = max(self.most_running, self.running)
            last = body["messages"][-1]["content"]
            text = last if isinstance(last, str) else last[-1]["text"]
            own = self.faults_of[text]
            fault = own.pop(0) if own else self.faults.pop(0) if self.faults else None
        try:
            if fault is None:
                self.good(handler, body)
            else:
                name, *arguments = fault if isinstance(fault, tuple) else (fault,)
                getattr(self, name)(handler, body, *arguments)
        finally:
            self.leave(handler)

    def leave(self, handler):
        """The handler answers now; the client may retry before this method returns."""
        with self.lock:
            self.inside.discard(handler)

    @property
    def running(self):
        return len(self.inside)

    def good(self, handler, body, headers=None, **message):
        text = self.answer(body)
        completion = {
            "id": "x", "object": "chat.completion", "created": 0, "model": body["model"],
            "choices": [{"index": 0, "finish_reason": message.pop("reason", "stop"),
                         "message": {"role": "assistant", "content": text, **message}}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107,
                      "prompt_tokens_details": {"multimodal_tokens": {"image": 60}}},
        }  # fmt: skip
        self.send(handler, 200, completion, headers)

    def slow(self, handler, body, seconds):
        time.sleep(seconds)
        self.good(handler, body)

    def status(self, handler, body, status, headers=None, message="not now"):
        self.send(handler, status, {"error": {"message": message}}, headers)

    def drip(self, handler, body, start, pause):
        """Send a good answer byte by byte, from its ``headers`` or its ``body`` on."""
        content = json.dumps({"choices": [{"finish_reason": "stop",
                                           "message": {"content": "[0.5]"}}]}).encode()  # fmt: skip
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        head += b"content-length: %d\r\n\r\n" % len(content)
        if start == "body":
            handler.wfile.write(head)
            head = b""
        for byte in head + content:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(pause)

    def flood(self, handler, body, status, size, packed):
        """Send a body of ``size`` bytes, which a gzip makes a thousand times smaller."""
        content = b'{"choices": "' + b"x" * size + b'"}'
        headers = {"content-encoding": "gzip"} if packed else None
        self.send(handler, status, gzip.compress(content) if packed else content, headers)

    def packed(self, handler, body, encoding):
        content = json.dumps({"choices": [{"finish_reason": "stop",
                                           "message": {"content": "[0.5]"}}]}).encode()  # fmt: skip
        compressed = gzip.compress(content) if encoding == "gzip" else zlib.compress(content)
        self.send(handler, 200, compressed, {"content-encoding": encoding})

    def cut_off(self, handler, body):
        content = b'{"choices": [{"message": {"content": "[0.5'
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", "1000")
        handler.end_headers()
        handler.wfile.write(content)
        handler.wfile.flush()
        handler.close_connection = True

    def hang_up(self, handler, body):
        handler.close_connection = True
        handler.connection.close()

    def raw(self, handler, body, content):
        self.send(handler, 200, content)

    def broken_off(self, handler, body, reason):
        self.good(handler, body, reason=reason)

    def of_another(self, handler, body):
        self.good(handler, body, {"x-request-id": "jumpscore-somebody-else"})

    def echo(self, handler, body):
        self.good(handler, body, {"x-request-id": handler.headers["x-request-id"]})

    def think(self, handler, body, reasoning, reason="stop", content=None):
        answer = self.answer
        self.answer = lambda _: content
        self.good(handler, body, reasoning_content=reasoning, reason=reason)
        self.answer = answer

    def send(self, handler, status, content, headers=None):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.leave(handler)
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(data)))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)
