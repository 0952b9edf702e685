"""A small server that answers as the open-source Unity Catalog server does, in its two generations, for where the server itself
cannot be had. What it answers was read in that server's source (repository unitycatalog/unitycatalog, folder
server/src/main/java/io/unitycatalog/server); each fact names the file that says it:

- UnityCatalogServer: the paths below are all there are; no effective-permissions, Me, current-metastore-assignment, SQL.
- model/*Info out of api/all.yaml, printed by Jackson as they are: a field without a value is null, never left out.
- persist/utils/PagedListingHelper: sorted by name; a page is min(max_results, page size of the server), 0 means the latter; the
  token is the last name, and a full page has one: the last page may hold nothing. Below 0 is refused.
- persist/TableRepository, persist/dao/TableInfoDAO, ColumnInfoDAO: a listing with omit_columns has "columns": null; the columns
  come in the order of the database, `position` says the real one; times are milliseconds; precision and scale are 0.
- exception/GlobalExceptionHandler, ErrorCode: older builds say NOT_FOUND of everything and print stack_trace and metadata,
  newer ones have TABLE_NOT_FOUND, SCHEMA_NOT_FOUND, CATALOG_NOT_FOUND, and neither; the reason repeats the code.
- Armeria's DefaultServerErrorHandler: a path that is not there is "Status: 404\\nDescription: Not Found\\n", text/plain.
- service/PermissionService, auth/AllowingAuthorizer: direct grants to e-mail addresses, privileges with spaces; none at all
  while authorization is off. `table` in the path is lower case.
- service/AuthDecorator: with authorization on, 401 UNAUTHENTICATED without a bearer token that it made itself (AuthService, in
  exchange for an identity provider's, never for a client secret): here a front does that.
- test utils/PopulateTestDatabase: the sample catalog unity.default.
"""
import json
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BASE = "/api/2.1/unity-catalog"
READER = "reader@example.com"
SERVER_PAGE = 2
MADE = 1721234405334
COLUMNS = {
    "marksheet": [("id", "INT", False, "ID primary key"), ("name", "STRING", False, "Name of the entity"),
                  ("marks", "INT", True, "Marks of the entity")],
    "marksheet_uniform": [("id", "INT", False, "ID primary key"), ("name", "STRING", False, "Name of the entity"),
                          ("marks", "INT", True, "Marks of the entity")],
    "numbers": [("as_int", "INT", False, "Int column"), ("as_double", "DOUBLE", False, "Double column")],
    "user_countries": [("first_name", "STRING", False, "string column"), ("age", "LONG", False, "long column"),
                       ("country", "STRING", False, "partition column")]}
COMMENTS = {"marksheet": "Managed table", "marksheet_uniform": "Uniform table", "numbers": "External table",
            "user_countries": "Partitioned table"}
TEXTS, JSONS = {"LONG": "bigint"}, {"INT": "integer"}
PARTITIONS = {"user_countries": "country"}
SHARED = {"owner": None, "created_at": MADE, "created_by": None, "updated_at": None, "updated_by": None}
CATALOG = {**SHARED, "name": "unity", "comment": "Main catalog", "properties": {}, "id": "f029b870-9468-4f10-badc-630b41e5690d"}
SCHEMA = {**SHARED, "name": "default", "catalog_name": "unity", "comment": "Default schema", "properties": {},
          "full_name": "unity.default", "schema_id": "b08dfd57-a939-46cf-b102-9b906b884fae"}


def column(table, name, kind, null, comment, position):
    described = {"name": name, "type": JSONS.get(kind, kind.lower()), "nullable": null, "metadata": {}}
    return {"name": name, "type_text": TEXTS.get(kind, kind.lower()), "type_json": json.dumps(described, separators=(",", ":")),
            "type_name": kind, "type_precision": 0, "type_scale": 0, "type_interval_type": None, "position": position,
            "comment": comment, "nullable": null, "partition_index": 0 if PARTITIONS.get(table) == name else None}


def table_of(name):
    managed = name == "marksheet"
    place = "managed" if managed else "external"
    columns = [column(name, *each, at) for at, each in enumerate(COLUMNS[name])]
    return {**SHARED, "name": name, "catalog_name": "unity", "schema_name": "default",
            "table_type": "MANAGED" if managed else "EXTERNAL", "data_source_format": "DELTA", "columns": columns[::-1],
            "storage_location": f"file:///home/unity/etc/data/{place}/unity/default/tables/{name}/", "comment": COMMENTS[name],
            "properties": {} if name == "user_countries" else {"key1": "value1", "key2": "value2"}, "updated_at": MADE,
            "table_id": "c389adfa-5c8f-497b-8f70-26c2cca4976d"}


class Server:
    """One generation of it: older without authorization, newer with."""

    def __init__(self, newer):
        self.newer = newer
        self.asked = []

    def refusal(self, status, code, message):
        general = "NOT_FOUND" if code.endswith("_NOT_FOUND") else code
        code = code if self.newer else general
        info = {"@type": "google.rpc.ErrorInfo", "reason": code}
        if self.newer:
            return status, {"error_code": code, "message": message, "details": [info]}
        return status, {"error_code": code, "message": message, "stack_trace": None, "details": [{**info, "metadata": {}}]}

    def paged(self, key, items, query):
        most = int(query.get("max_results", 0))
        if most < 0:
            return self.refusal(400, "INVALID_ARGUMENT", "maxResults must be greater than or equal to 0")
        size = min(most, SERVER_PAGE) if most > 0 else SERVER_PAGE
        page = [item for item in sorted(items, key=lambda item: item["name"]) if item["name"] > query.get("page_token", "")][:size]
        return 200, {key: page, "next_page_token": page[-1]["name"] if len(page) == size else None}

    def missing(self, parts):
        """What is said of a full name that names nothing: of its first part that is not there."""
        if parts[0] != "unity":
            return self.refusal(404, "CATALOG_NOT_FOUND", "Catalog not found: " + parts[0])
        if len(parts) > 1 and parts[1] != "default":
            return self.refusal(404, "SCHEMA_NOT_FOUND", "Schema not found: " + ".".join(parts[:2] if self.newer else parts[1:2]))
        if len(parts) > 2 and parts[2] not in COLUMNS:
            return self.refusal(404, "TABLE_NOT_FOUND", "Table not found: " + ".".join(parts))
        return None

    def table(self, name):
        return {**table_of(name), **({"view_definition": None, "view_dependencies": None} if self.newer else {})}

    def tables(self, query):
        tables = [self.table(name) for name in COLUMNS]
        for each in tables:
            if query.get("omit_columns") == "true":
                each["columns"] = None
            if query.get("omit_properties") == "true":
                each["properties"] = None
        return self.paged("tables", tables, query)

    def grants(self, full_name):
        grants = {"unity.default.numbers": ["SELECT", "MODIFY"], "unity": ["USE CATALOG", "CREATE SCHEMA"]} if self.newer else {}
        return 200, {"privilege_assignments": [{"principal": READER, "privileges": grants[full_name]}] if full_name in grants else []}

    def answer(self, path, query, bearer):
        """(status, document or None for a path that is not there)."""
        self.asked.append(path)
        if not path.startswith(BASE + "/"):
            return 404, None
        if self.newer and not bearer:
            return self.refusal(401, "UNAUTHENTICATED", "No authorization found.")
        resource, _, rest = path[len(BASE) + 1:].partition("/")
        if resource == "metastore_summary":
            return 200, {"metastore_id": "19a2b6ed-5ec3-4a4d-b3a1-5c3ce5a0c4b5"}
        if not rest and resource == "catalogs":
            return self.paged("catalogs", [CATALOG], query)
        if not rest and resource == "schemas":
            return self.missing([query["catalog_name"]]) or self.paged("schemas", [SCHEMA], query)
        if not rest and resource == "tables":
            return self.missing([query["catalog_name"], query["schema_name"]]) or self.tables(query)
        kind = re.fullmatch(r"(metastore|catalog|schema|table)/(.+)", rest) if resource == "permissions" else None
        levels = {"catalogs": 1, "schemas": 2, "tables": 3, "permissions": 3}.get(resource)
        if levels is None or (resource == "permissions" and kind is None):
            return 404, None
        parts = (kind.group(2) if kind else rest).split(".")
        if self.missing(parts):
            return self.missing(parts)
        if kind:
            return self.grants(".".join(parts))
        if len(parts) != levels:
            return self.refusal(400, "INVALID_ARGUMENT", f"Invalid {resource[:-1]} name: {rest}")
        return 200, CATALOG if levels == 1 else SCHEMA if levels == 2 else self.table(parts[2])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *ignored):
        pass

    def send(self, status, document):
        body = f"Status: {status}\nDescription: Not Found\n".encode() if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8" if document is None else "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):  # the token endpoint is a front's: the server has none for client secrets
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        good = self.path == "/oidc/v1/token"
        self.send(200 if good else 404, {"access_token": "token-of-the-front-0123456789", "token_type": "Bearer", "expires_in": 3600} if good else None)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        bearer = (self.headers.get("Authorization") or "").startswith("Bearer ")
        self.send(*self.server.unity.answer(urllib.parse.unquote(path), dict(urllib.parse.parse_qsl(query)), bearer))


def serve(newer):
    """Such a server on loopback, as http.server has it; its `unity` is the Server above."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.unity = Server(newer)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, daemon=True).start()
    return http
