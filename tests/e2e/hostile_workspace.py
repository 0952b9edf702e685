"""A workspace that lies: stands between the engine and the sandbox on loopback, and may change every answer."""
import http.client
import http.server
import json
import threading


class Workspace:
    """change(path, status, headers, body) gives (status, headers, body) of what is sent on; it may be replaced at any time. headers
    may be pairs too, with a length of their own; a fourth member is the number of bytes after which the connection ends.
    seen: (method, path, headers) of every request. submitted: (text of the statement, status it was answered with). method.kind: of the request that change is asked about."""

    def __init__(self, address):
        self.host = address.split("://")[1].rstrip("/")
        self.change = None
        self.ask = lambda path: path  # what the sandbox is asked instead
        self.seen = []
        self.submitted = []
        self.method = threading.local()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *ignored):
                pass

            def do_any(self):
                outer.answer(self)

            do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = do_HEAD = do_any

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda request, client: None
        self.name = "127.0.0.1:%d" % self.server.server_port
        self.address = "http://" + self.name
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self.seen.append((handler.command, handler.path, dict(handler.headers)))
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in ("host", "accept-encoding")}
        client = http.client.HTTPConnection(self.host, timeout=120)
        client.request(handler.command, self.ask(handler.path), body or None, headers)
        got = client.getresponse()
        data = got.read()
        client.close()
        kind = got.getheader("Content-Type") or ""
        sent = {name: value for name, value in (("Content-Type", kind), ("Date", got.getheader("Date"))) if value is not None}
        if "json" in kind:
            data = data.replace(self.host.encode(), self.name.encode())
        status, cut = got.status, None
        if self.change:
            self.method.kind = handler.command
            status, sent, data, *more = self.change(handler.path, status, sent, data)
            cut = more[0] if more else None
        if handler.command == "POST" and handler.path.endswith("/sql/statements"):
            self.submitted.append((json.loads(body)["statement"], status))
        self.send(handler, status, list(sent.items()) if isinstance(sent, dict) else sent, data, cut)

    @staticmethod
    def send(handler, status, pairs, data, cut):
        handler.send_response_only(status)
        for name, value in pairs:
            handler.send_header(name, value)
        if not {"content-length", "transfer-encoding"} & {name.lower() for name, _ in pairs}:
            handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data if cut is None else data[:cut])
        if cut is not None:
            handler.close_connection = True

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def in_json(edit):
    """A change that edits the decoded document of JSON answers: edit(path, document) gives the document that is sent."""
    def change(path, status, headers, body):
        if "json" not in headers.get("Content-Type", "") or not body:
            return status, headers, body
        return status, headers, json.dumps(edit(path, json.loads(body))).encode()
    return change
