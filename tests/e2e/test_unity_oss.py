"""Our engine against the dialect of the open-source Unity Catalog server: nulls printed, no metastore ids, a last page
without items, privileges with spaces, errors with spellings of their own, and most of a workspace absent. The answers are
written after its published API and its sample catalog; the server itself is a cell of check-peers, where it can be had."""
import json
import os
import re
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import Home  # noqa: E402

BASE = "/api/2.1/unity-catalog"
US = "11111111-2222-4333-8444-555555555555"
NOTHING = {"comment": None, "owner": None, "created_by": None, "updated_at": None, "updated_by": None}
COLUMNS = {"marksheet": [("id", "int", "INT", False), ("name", "string", "STRING", False), ("marks", "int", "INT", True)],
           "marksheet_uniform": [("id", "int", "INT", False), ("name", "string", "STRING", False), ("marks", "int", "INT", True)],
           "numbers": [("as_int", "int", "INT", False), ("as_double", "double", "DOUBLE", False)],
           "user_countries": [("first_name", "string", "STRING", False), ("age", "bigint", "LONG", False),
                              ("country", "string", "STRING", False)]}
PARTITIONS = {"user_countries": "country"}


def table(name):
    columns = [{"name": column, "type_text": text, "type_json": json.dumps({"name": column, "type": text, "nullable": null,
                "metadata": {}}), "type_name": kind, "type_precision": 0, "type_scale": 0, "type_interval_type": None,
                "position": at, "comment": None, "nullable": null,
                "partition_index": 0 if PARTITIONS.get(name) == column else None}
               for at, (column, text, kind, null) in enumerate(COLUMNS[name])]
    return {**NOTHING, "name": name, "catalog_name": "unity", "schema_name": "default", "data_source_format": "DELTA",
            "table_type": "MANAGED" if name == "marksheet" else "EXTERNAL", "columns": columns,
            "storage_location": "file:///home/unity/" + name, "properties": {"key1": "value1"},
            "created_at": 1721234405334, "table_id": "c389adfa-5c8f-497b-8f70-26c2cca4976d"}


CATALOG = {**NOTHING, "name": "unity", "properties": {}, "comment": "Main catalog", "created_at": 1721238005334,
           "id": "f029b870-9468-4f10-badc-630b41e5690d"}
SCHEMA = {**NOTHING, "name": "default", "catalog_name": "unity", "full_name": "unity.default", "properties": {},
          "comment": "Default schema", "created_at": 1721238005571, "schema_id": "b08dfd57-a939-46cf-b102-9b906b884fae"}


def refusal(status, code, message):
    return status, {"error_code": code, "message": message, "stack_trace": None,
                    "details": [{"@type": "google.rpc.ErrorInfo", "reason": code, "metadata": {}}]}


def paged(key, items, query):
    """Two items a page. A full page has a token, so the last page may hold nothing."""
    start = int(query.get("page_token", 0))
    page = items[start:start + 2]
    return 200, {key: page, "next_page_token": str(start + 2) if len(page) == 2 else None}


def answer(path, query):
    """(status, document or None for the plain text that its HTTP library gives for what it does not have)."""
    if path == BASE + "/catalogs":
        return paged("catalogs", [CATALOG], query)
    if path == BASE + "/schemas":
        found = query.get("catalog_name") == "unity"
        return paged("schemas", [SCHEMA], query) if found else refusal(404, "CATALOG_NOT_FOUND", "Catalog not found")
    if path == BASE + "/tables":
        return paged("tables", [table(name) for name in COLUMNS], query)
    part = re.fullmatch(BASE + r"/(catalogs|schemas|tables|permissions/(?:table|schema|catalog))/(.+)", path)
    if part is None:
        return 404, None
    kind, name = part.groups()
    if kind == "catalogs":
        return (200, CATALOG) if name == "unity" else refusal(404, "CATALOG_NOT_FOUND", "Catalog not found: " + name)
    if kind == "schemas":
        return (200, SCHEMA) if name == "unity.default" else refusal(404, "SCHEMA_NOT_FOUND", "Schema not found: " + name)
    last = name.split(".")[-1]
    if kind == "tables":
        return (200, table(last)) if last in COLUMNS else refusal(404, "TABLE_NOT_FOUND", "Table not found: " + name)
    return 200, {"privilege_assignments": [{"principal": US, "privileges": ["SELECT", "USE CATALOG"]}]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *ignored):
        pass

    def send(self, status, document):
        body = b"404 Not Found" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8" if document is None else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):  # the token endpoint is a front's: the server has none
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        good = self.path == "/oidc/v1/token"
        self.send(200 if good else 404, {"access_token": "token-of-the-front-0123456789", "token_type": "Bearer", "expires_in": 3600} if good else None)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        self.send(*answer(urllib.parse.unquote(path), dict(urllib.parse.parse_qsl(query))))


@pytest.fixture(scope="module")
def home():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home = Home(sandbox=False)
    home.json("engine", "start")
    home.json("config", "set", "workspace.host", f"http://127.0.0.1:{server.server_port}")
    home.json("config", "set", "principal.client_id", US)
    home.json("secrets", "set", "principal", "--from-fd", "0", stdin="dose-of-the-front-0123456789\n")
    yield home
    home.close()
    server.shutdown()
    server.server_close()


def test_everything_of_the_sample_catalog_is_listed(home):
    rows = home.json("tree", "--refresh")["data"]["rows"]
    assert [(row["kind"], row["full_name"]) for row in rows] == [
        ("catalog", "unity"), ("schema", "unity.default"), *[("table", "unity.default." + name) for name in sorted(COLUMNS)]]
    kinds = {row["name"]: (row["type"], row["format"]) for row in rows if row["kind"] == "table"}
    assert kinds["marksheet"] == ("MANAGED", "DELTA") and kinds["numbers"] == ("EXTERNAL", "DELTA")
    assert all("owner" not in row or row["owner"] is None for row in rows)


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_a_table_is_read_with_its_columns(home, name):
    shown = home.json("show", "unity.default." + name, code=None)
    assert shown["ok"], shown
    assert [(one["name"], one["nullable"]) for one in shown["data"]["columns"]] == \
        [(column, null) for column, _, _, null in COLUMNS[name]]
    assert [one["type"] for one in shown["data"]["columns"]] == \
        [{"LONG": "BIGINT"}.get(kind, kind) for _, _, kind, _ in COLUMNS[name]]


def test_what_is_not_there_is_not_there(home):
    error = home.json("show", "unity.default.nothing", code=None)["error"]
    assert error["code"] == "SRC_TABLE_NOT_FOUND", error
