"""The open-source Unity Catalog server, unmodified, as our client's workspace: `tree` and `show` list and read everything it
has as its own REST answers have it. It has no SQL, so that reading means metadata. It has no OAuth for service principals
either: a front on loopback answers the token endpoint and hands everything else on, unchanged. Its jar comes without the
sample catalog (that is a database file of its source tree): it is made through the API, in a database in memory."""
import http.client
import json
import os
import socket
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
PARTITIONS = {"user_countries": "country"}
PAGE = 100  # the most it gives at once; a schema of so many tables has a last page without any
# What its start-up reads below etc/conf (ServerProperties, HibernateConfigurator), and the folder it writes its keys to.
SETTINGS = {"server.properties": "server.env=dev\nserver.authorization=disable\n",
            "hibernate.properties": "hibernate.connection.driver_class=org.h2.Driver\n"
                                    "hibernate.connection.url=jdbc:h2:mem:peer;DB_CLOSE_DELAY=-1\n"
                                    "hibernate.hbm2ddl.auto=update\n"}


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


def listed(port, what, **query):
    """All items of a listing, over its pages."""
    items, token = [], None
    while True:
        words = {**query, **({"page_token": token} if token else {})}
        page = call(port, f"/{what}?" + urllib.parse.urlencode(words))
        items += page.get(what) or []
        token = page.get("next_page_token")
        if not token:
            return items


def two_ports():
    """A port free a moment ago, and the one after it too: the server listens on both, and answers clients on the first."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            try:
                second.bind(("127.0.0.1", first.getsockname()[1] + 1))
            except (OSError, OverflowError):
                continue
            return first.getsockname()[1]


def end(process):
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start(folder, jars):
    """(process, port) of the server, in a folder of its own."""
    port = two_ports()
    os.makedirs(os.path.join(folder, "etc", "conf"))
    for name, text in SETTINGS.items():
        with open(os.path.join(folder, "etc", "conf", name), "w", encoding="utf-8") as file:
            file.write(text)
    process = subprocess.Popen(["java", "-cp", os.path.join(jars, "lib", "*"), "io.unitycatalog.server.UnityCatalogServer",
                                "--port", str(port)], cwd=folder, stdin=subprocess.DEVNULL, stdout=sys.stderr)

    def answers():
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode}")
        try:
            return call(port, "/catalogs") is not None
        except (urllib.error.URLError, OSError, ValueError):
            return False
    try:
        harness.wait_for(answers, "the Unity Catalog server to answer", 120, 0.2)
    except BaseException:
        end(process)
        raise
    return process, port


def make_table(port, folder, schema, name, columns):
    call(port, "/tables", {
        "name": name, "catalog_name": "unity", "schema_name": schema, "table_type": "EXTERNAL", "data_source_format": "DELTA",
        "storage_location": "file://" + os.path.join(folder, schema, name), "comment": f"Table {name}",
        "columns": [{"name": column, "type_text": text, "type_name": kind, "position": at, "nullable": at > 0,
                     "comment": f"Column {column}", **({"partition_index": 0} if PARTITIONS.get(name) == column else {}),
                     "type_json": json.dumps({"name": column, "type": SPARK.get(text, text), "nullable": at > 0,
                                              "metadata": {}})}
                    for at, (column, text, kind) in enumerate(columns)]})


def sample(port, folder):
    """The tables of its sample catalog, and a schema whose tables fill a page."""
    call(port, "/catalogs", {"name": "unity", "comment": "Main catalog"})
    for schema in ("default", "pages", "empty"):
        call(port, "/schemas", {"name": schema, "catalog_name": "unity", "comment": f"Schema {schema}"})
    for name, columns in SAMPLE.items():
        make_table(port, folder, "default", name, columns)
    for number in range(PAGE):
        make_table(port, folder, "pages", f"t{number:03}", SAMPLE["numbers"])


def judge_table(cell, profile, port, name):
    one = call(port, "/tables/" + name)
    shown = profile.ok("show", name)
    cell.equal("columns", name, [(c["name"], c["type_text"].upper(), c["nullable"], c["comment"])
                                 for c in sorted(one["columns"], key=lambda c: c["position"])],
               [(c["name"], c["type"], c["nullable"], c.get("comment")) for c in shown["columns"]])
    cell.equal("table", name, (one["table_id"], one["comment"], one["table_type"], one["data_source_format"]),
               (shown["table_id"], shown.get("comment"), shown["type"], shown["format"]))
    direct = sorted((each["principal"], privilege) for each in call(port, "/permissions/table/" + name)["privilege_assignments"]
                    for privilege in each["privileges"])
    cell.equal("direct grants", name, (direct, "direct"), (sorted((each["principal"], each["privilege"])
                                                                  for each in shown["privileges"]), shown["privileges_scope"]))


def judge(cell, profile, port):
    """Everything the server lists, and what our commands say of it."""
    rows = profile.ok("tree", "--refresh")["rows"]

    def ours(kind, parent=None):
        return sorted(row["full_name"] for row in rows if row["kind"] == kind and
                      (parent is None or row["full_name"].startswith(parent + ".")))
    catalogs = [one["name"] for one in listed(port, "catalogs")]
    cell.equal("catalogs", "tree", sorted(catalogs), ours("catalog"))
    for catalog in catalogs:
        schemas = [one["full_name"] for one in listed(port, "schemas", catalog_name=catalog)]
        cell.equal("schemas", catalog, sorted(schemas), ours("schema", catalog))
        for schema in schemas:
            tables = [one["name"] for one in listed(port, "tables", catalog_name=catalog, schema_name=schema.split(".")[1])]
            cell.equal("tables", schema, sorted(f"{schema}.{name}" for name in tables), ours("table", schema))
            for name in tables[:5]:
                judge_table(cell, profile, port, f"{schema}.{name}")
    for name in ("unity.default.nothing_here", "unity.nothing_here.t", "nothing_here.default.t"):
        _, document, _ = profile.console("show", name)
        cell.equal("refused", name, document["error"]["code"], "SRC_TABLE_NOT_FOUND")


def run(cell, folder, port):
    gate = front(port)
    profile = harness.Profile(folder)
    try:
        profile.engine_start()
        profile.ok("config", "set", "workspace.host", f"http://127.0.0.1:{gate.server_port}")
        profile.ok("config", "set", "principal.client_id", CLIENT)
        profile.ok("config", "set", "workspace.requests_per_second", "1000")
        profile.secret_set("principal", "dose-of-the-front-0123456789")
        cell.attempt("sample catalog", "unity", lambda: judge(cell, profile, port))
        cell.skip("rows", "unity", "the server has no SQL")
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
            end(process)
    return cell.finish()


if __name__ == "__main__":
    sys.exit(main())
