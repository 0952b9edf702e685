#!/usr/bin/env python3
"""Servers that do not behave, on loopback, for tests of src/net.

usage: hostile_server.py FOLDER

Standard output, one port a line: the misbehaving server; `other`, which nobody may talk to; then the TLS servers: good,
expired, self-signed, for another name, TLS 1.1 only. FOLDER gets `ca.pem`, the authority that signed good, expired and
other name. Ends when standard input ends. `/seen` tells what the misbehaving server has seen, `/other` how many
connections the other one got.
"""

import gzip
import json
import ssl
import subprocess
import sys
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = sys.argv[1]
SEEN = {"requests": {}, "authorized_links": 0, "other": 0}
LOCK = threading.Lock()
STOP = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, payload=b"{}", **headers):
        self.send_response_only(status)
        kinds = {"Content-Type": "application/json", "Content-Length": str(len(payload))}
        kinds.update({name.replace("_", "-"): value for name, value in headers.items()})
        for name, value in kinds.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def count(self, name):
        with LOCK:
            SEEN["requests"][name] = SEEN["requests"].get(name, 0) + 1
            return SEEN["requests"][name]

    def do_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name, _, query = self.path.lstrip("/").partition("?")
        if name == "seen":
            self.answer(200, json.dumps(SEEN).encode())
            return
        times = self.count(name)
        if name.startswith("link") and ("Authorization" in self.headers or "Cookie" in self.headers):
            with LOCK:
                SEEN["authorized_links"] += 1
        getattr(self, "do_" + name.replace("-", "_"), self.do_ok)(times, query, body)

    def do_ok(self, times, query, body):
        self.answer(200, b'{"ok":true}', X_Request_Id="r-1", X_Databricks_Org_Id="42")

    def do_redirect(self, times, query, body):
        status, _, target = query.partition("|")
        self.answer(int(status), b"", Location=target)

    def do_private_link(self, times, query, body):
        self.answer(303, b"", Location="/login.html?error=private-link-validation-error")

    def do_login(self, times, query, body):
        self.answer(302, b"", Location="/login.html?next=x")

    def do_html(self, times, query, body):
        self.answer(200, b"<!doctype html><title>Sign in</title>", Content_Type="text/html; charset=utf-8")

    def do_busy(self, times, query, body):
        if times <= 2:
            self.answer(429, b'{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}', Retry_After="0")
        else:
            self.do_ok(times, query, body)

    def do_date(self, times, query, body):
        if times == 1:
            self.answer(503, b"", Retry_After="Sun, 06 Nov 1994 08:49:38 GMT", Date="Sun, 06 Nov 1994 08:49:38 GMT")
        else:
            self.do_ok(times, query, body)

    def do_odd_times(self, times, query, body):
        """Times no clock can mean: `query` is the Retry-After and the Date, with + for a blank."""
        wait, _, date = query.replace("+", " ").partition("|")
        if times % 2:
            self.answer(503, b"", Retry_After=wait, **({"Date": date} if date else {}))
        else:
            self.do_ok(times, query, body)

    def do_limit500(self, times, query, body):
        if times == 1:
            self.answer(400, b'{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"m"}', Retry_After="0")
        else:
            self.do_ok(times, query, body)

    def do_cut(self, times, query, body):
        self.send_response_only(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 10)
        self.wfile.flush()
        self.close_connection = True

    do_link_cut = do_cut

    def do_reset(self, times, query, body):
        self.close_connection = True

    def do_stall(self, times, query, body):
        self.send_response_only(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x")
        self.wfile.flush()
        STOP.wait(30)

    def do_large(self, times, query, body):
        self.answer(200, b"x" * 100000)

    def do_large_unsaid(self, times, query, body):
        self.send_response_only(200)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            self.wfile.write(b"x" * 100000)
        except OSError:
            pass
        self.close_connection = True

    def do_bomb(self, times, query, body):
        self.answer(200, gzip.compress(b" " * 50_000_000), Content_Encoding="gzip")

    def do_link_gone(self, times, query, body):
        self.answer(403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
                    Content_Type="application/xml")

    def do_link_closed(self, times, query, body):
        self.answer(403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
                    Content_Type="application/xml")

    def do_link_headers(self, times, query, body):
        names = sorted(name.lower() for name in self.headers.keys())
        self.answer(200, json.dumps(names).encode(), Content_Type="binary/octet-stream")

    def do_numeric(self, times, query, body):
        self.answer(403, b'{"error_code":403,"message":"Invalid access token. [ReqId: 7]"}')

    def do_echo(self, times, query, body):
        sent = self.headers.get("Authorization", "")
        word = sent.split(" ")[-1]
        self.answer(400, ('{"message":"you sent ' + sent + ", that is <" + word + ">" + word + '"}').encode(),
                    X_Request_Id=word, X_Databricks_Org_Id="o" + word, Location="/at/" + word)

    def do_CONNECT(self):
        self.count("connect")
        wants_login = self.path.startswith("login.") and "Proxy-Authorization" not in self.headers
        self.answer(407 if wants_login else 403, b"", Proxy_Authenticate='Basic realm="x"')

    do_GET = do_POST = do_DELETE = do_HEAD = do_any


class Other(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def handle(self):
        with LOCK:
            SEEN["other"] += 1


def serve(handler, context=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda request, address: None
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, cwd=FOLDER, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def certificate(name, alt, days):
    with open(f"{FOLDER}/{name}.ext", "w") as file:
        file.write(f"subjectAltName={alt}\n")
    openssl("req", *KEY, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", f"{name}.ext", "-days", days, "-out", f"{name}.pem")


def context(name, old=False):
    warnings.simplefilter("ignore")  # TLS 1.1 is old on purpose
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(f"{FOLDER}/{name}.pem", f"{FOLDER}/{name}.key")
    if old:
        made.set_ciphers("DEFAULT:@SECLEVEL=0")
        made.minimum_version = made.maximum_version = ssl.TLSVersion.TLSv1_1
    return made


def main():
    openssl("req", "-x509", *KEY, "-subj", "/CN=Aampe test authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-x509", *KEY, "-subj", "/CN=self", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
            "-keyout", "self.key", "-out", "self.pem")
    certificate("good", "IP:127.0.0.1", "2")
    certificate("expired", "IP:127.0.0.1", "-1")
    certificate("name", "DNS:workspace.example", "2")
    serve(Handler)
    serve(Other)
    for name in ("good", "expired", "self", "name"):
        serve(Handler, context(name))
    serve(Handler, context("good", old=True))
    sys.stdin.read()
    STOP.set()


main()
