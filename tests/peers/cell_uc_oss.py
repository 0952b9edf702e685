"""The open-source Unity Catalog server, unmodified, as our client's workspace: `tree` and `show` list and read everything of
its sample catalog as its own REST answers have it. It has no SQL, so that reading means metadata. It has no OAuth for service
principals either: a front on loopback answers the token endpoint and hands everything else on, unchanged."""
import http.client
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cells
import harness

BASE = "/api/2.1/unity-catalog"
CLIENT = "11111111-2222-4333-8444-555555555555"
SAMPLE = {"marksheet": [("id", "int", "INT"), ("name", "string", "STRING"), ("marks", "int", "INT")],
          "numbers": [("as_int", "int", "INT"), ("as_double", "double", "DOUBLE")],
          "user_countries": [("first_name", "string", "STRING"), ("age", "bigint", "LONG"), ("country", "string", "STRING")]}
SPARK = {"int": "integer", "bigint": "long"}


def front(port):
    """The token endpoint, and behind it the server at a port."""
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *ignored):
            pass

        def send(self, status, kind, body):
            self.send_response(status)
            self.send_header("Content-Type", kind or "application/octet-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == "/oidc/v1/token":
                token = {"access_token": "token-of-the-front-0123456789", "token_type": "Bearer", "expires_in": 3600}
                self.send(200, "application/json", json.dumps(token).encode())
                return
            server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            kept = {name: value for name, value in self.headers.items() if name.lower() in ("accept", "content-type")}
            server.request(self.command, self.path, body or None, kept)
            got = server.getresponse()
            self.send(got.status, got.getheader("Content-Type"), got.read())
            server.close()

        do_GET = do_POST = do_any

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def call(port, path, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{BASE}{path}", headers={"Content-Type": "application/json"},
                                     data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def start(folder, jars):
    """(process, port) of the server, in a folder of its own; its port is one that was free a moment ago."""
    holder = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = holder.server_port
    holder.server_close()
    process = subprocess.Popen(["java", "-cp", os.path.join(jars, "lib", "*"), "io.unitycatalog.server.UnityCatalogServer",
                                "--port", str(port)], cwd=folder, stdin=subprocess.DEVNULL, stdout=sys.stderr)

    def answers():
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode}")
        try:
            return call(port, "/catalogs") is not None
        except (urllib.error.URLError, OSError):
            return False
    harness.wait_for(answers, "the Unity Catalog server to answer", 120, 0.2)
    return process, port


def sample(port, folder):
    """Its sample catalog, through its API where the jar came without: unity.default with the published tables."""
    if any(one["name"] == "unity" for one in call(port, "/catalogs").get("catalogs") or []):
        return
    call(port, "/catalogs", {"name": "unity", "comment": "Main catalog"})
    call(port, "/schemas", {"name": "default", "catalog_name": "unity", "comment": "Default schema"})
    for name, columns in SAMPLE.items():
        call(port, "/tables", {
            "name": name, "catalog_name": "unity", "schema_name": "default", "table_type": "EXTERNAL",
            "data_source_format": "DELTA", "storage_location": "file://" + os.path.join(folder, name),
            "columns": [{"name": column, "type_text": text, "type_name": kind, "position": at, "nullable": True,
                         "type_json": json.dumps({"name": column, "type": SPARK.get(text, text), "nullable": True,
                                                  "metadata": {}})}
                        for at, (column, text, kind) in enumerate(columns)]})


def judge(cell, profile, port):
    """Everything the server lists, and what our commands say of it."""
    rows = profile.ok("tree", "--refresh")["rows"]
    catalogs = [one["name"] for one in call(port, "/catalogs").get("catalogs") or []]
    cell.equal("catalogs", "tree", sorted(catalogs), sorted(row["name"] for row in rows if row["kind"] == "catalog"))
    for catalog in catalogs:
        query = urllib.parse.urlencode({"catalog_name": catalog})
        schemas = [one["name"] for one in call(port, "/schemas?" + query).get("schemas") or []]
        cell.equal("schemas", catalog, sorted(schemas), sorted(
            row["name"] for row in rows if row["kind"] == "schema" and row["full_name"] == f"{catalog}.{row['name']}"))
        for schema in schemas:
            query = urllib.parse.urlencode({"catalog_name": catalog, "schema_name": schema})
            tables = call(port, "/tables?" + query).get("tables") or []
            ours = [(row["name"], row["type"], row["format"]) for row in rows if row["kind"] == "table" and
                    row["full_name"] == f"{catalog}.{schema}.{row['name']}"]
            cell.equal("tables", f"{catalog}.{schema}", sorted((one["name"], one["table_type"], one["data_source_format"])
                                                               for one in tables), sorted(ours))
            for one in tables:
                name = f"{catalog}.{schema}.{one['name']}"
                shown = profile.ok("show", name)
                cell.equal("columns", name, [(c["name"], c["type_text"].upper(), c["nullable"]) for c in one["columns"]],
                           [(c["name"], c["type"], c["nullable"]) for c in shown["columns"]])
                cell.equal("table", name, (one["table_id"], one.get("comment")), (shown["table_id"], shown.get("comment")))
    _, document, _ = profile.console("show", "unity.default.nothing_here")
    cell.equal("refused", "unity.default.nothing_here", document["error"]["code"], "SRC_TABLE_NOT_FOUND")


def run(cell, folder, port):
    gate = front(port)
    profile = harness.Profile(folder)
    try:
        profile.engine_start()
        profile.ok("config", "set", "workspace.host", f"http://127.0.0.1:{gate.server_port}")
        profile.ok("config", "set", "principal.client_id", CLIENT)
        profile.secret_set("principal", "dose-of-the-front-0123456789")
        cell.attempt("sample catalog", "unity", lambda: judge(cell, profile, port))
        cell.skip("rows", "unity", "the server has no SQL; its files are another room's matter")
    finally:
        profile.engine_stop()
        gate.shutdown()
        gate.server_close()


def main():
    cell = cells.Cell()
    with harness.Folder("aampe-peers.") as folder:
        process, port = start(folder, cell.folder)
        try:
            sample(port, folder)
            run(cell, folder, port)
        finally:
            process.terminate()
            process.wait(60)
    return cell.finish()


if __name__ == "__main__":
    sys.exit(main())
