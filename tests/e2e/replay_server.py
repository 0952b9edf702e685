#!/usr/bin/env python3
"""Serves recorded exchanges (WireMock mappings, one JSON file each) on loopback.

usage: replay_server.py RECORDINGS CASE

RECORDINGS is the folder with `sqlexecapi` and `cloudfetchapi`; CASE is `<suite>/<test>` below them. Links to storage are
rewritten to this server. The first line on standard output is the port; the server ends when its standard input ends.
Asked for `/__missed`, it answers with the mappings nobody has asked for and with what was wrong about the requests seen.
"""

import base64
import json
import pathlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STORAGE = "https://e2-dogfood-core.s3.us-west-2.amazonaws.com"
# What a request must say as recorded. The rest (session settings, empty parameter lists) is the driver's own taste.
KEYS = ("statement", "warehouse_id", "session_id", "disposition", "format", "on_wait_timeout", "wait_timeout")
DROPPED = ("content-length", "transfer-encoding", "connection", "date", "server")


class Exchange:
    def __init__(self, path):
        text = json.loads(path.read_text())
        self.file = path.name
        self.method = text["request"]["method"]
        request = text["request"]
        # Links of newer recordings are kept without their query, which is what signs them.
        self.whole = "url" in request
        self.url = request["url" if self.whole else "urlPath"].rstrip("/")
        patterns = text["request"].get("bodyPatterns", [])
        self.body = json.loads(patterns[0]["equalToJson"]) if patterns else None
        self.needs = text.get("requiredScenarioState")
        self.leads = text.get("newScenarioState")
        self.scenario = text.get("scenarioName")
        self.response = text["response"]
        self.asked = 0

    def matches(self, method, url, body, states):
        if method != self.method:
            return False
        if (url if self.whole else url.split("?")[0]).rstrip("/") != self.url:
            return False
        if self.needs and states.get(self.scenario, "Started") != self.needs:
            return False
        if self.body is None:
            return True
        return all(body.get(key) == self.body[key] for key in KEYS if key in self.body)

    def payload(self, own):
        if "base64Body" in self.response:
            return base64.b64decode(self.response["base64Body"])
        return self.response.get("body", "").replace(STORAGE, own).encode()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folders):
        super().__init__(("127.0.0.1", 0), Handler)
        self.exchanges = [Exchange(p) for folder in folders for p in sorted(folder.glob("**/*.json"))]
        self.states = {}
        self.wrong = []
        self.tokens = 0
        self.lock = threading.Lock()

    def find(self, method, url, body):
        with self.lock:
            for exchange in self.exchanges:
                if exchange.matches(method, url, body, self.states):
                    exchange.asked += 1
                    if exchange.leads:
                        self.states[exchange.scenario] = exchange.leads
                    return exchange
        return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, payload, headers=()):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in DROPPED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def json(self, status, value):
        self.answer(status, json.dumps(value).encode(), [("Content-Type", "application/json")])

    def note(self, what):
        with self.server.lock:
            self.server.wrong.append(f"{self.command} {self.path.split('?')[0]}: {what}")

    def check_headers(self, link):
        bearer = self.headers.get("Authorization")
        if link and (bearer or self.headers.get("Cookie") or self.headers.get("User-Agent")):
            self.note("a presigned link came with a credential or a name")
        if not link and not (bearer or "").startswith("Bearer "):
            self.note("a call came without a credential")

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        if self.path == "/__missed":
            missed = [e.file for e in self.server.exchanges if not e.asked]
            self.json(200, {"missed": missed, "wrong": self.server.wrong, "tokens": self.server.tokens})
        elif self.path.startswith("/oidc/.well-known/"):
            self.json(404, {})
        elif self.path == "/oidc/v1/token":
            self.server.tokens += 1
            self.json(200, {"access_token": f"replayed-{self.server.tokens}", "token_type": "Bearer", "expires_in": "3600"})
        else:
            self.replay(json.loads(raw) if raw else {})

    def replay(self, body):
        exchange = self.server.find(self.command, self.path, body)
        if not exchange:
            self.note("not recorded")
            self.json(404, {"error_code": "ENDPOINT_NOT_FOUND", "message": "not recorded"})
            return
        self.check_headers("base64Body" in exchange.response)
        own = f"http://127.0.0.1:{self.server.server_port}"
        self.answer(exchange.response["status"], exchange.payload(own), exchange.response.get("headers", {}).items())

    do_GET = do_POST = do_DELETE = handle_any


def main():
    root, case = pathlib.Path(sys.argv[1]), sys.argv[2]
    folders = [root / side / case for side in ("sqlexecapi", "cloudfetchapi")]
    server = Server([folder for folder in folders if folder.is_dir()])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


main()
