"""The HTTP side of aampe-sandbox: what a client, a careless one and a test can see of it."""
import email.utils
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sandbox_client import PROGRAM, SQL, UC, Sandbox, arrow_rows  # noqa: E402

ONE = "SELECT count(*) FROM shop.aampe.products"
EVENTS = "SELECT * FROM shop.aampe.events"
TESTDATA = pathlib.Path(os.environ.get("AAMPE_TESTDATA", "../shared/testdata"))


@pytest.fixture(scope="module")
def shared():
    with Sandbox("--rows", "5000", "--set", "chunk_rows=1000") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared):
    """One process for all; each test starts without faults and with the tokens of now."""
    shared.fault("clear")
    shared.tokens.clear()
    yield shared
    shared.fault("clear")


# --- who calls ---------------------------------------------------------------------------------------------

def test_token_by_basic_and_by_form(sandbox):
    ready = sandbox.ready
    basic = sandbox.token_request({"grant_type": "client_credentials"},
                                  (ready["client_id"], ready["client_secret"]))
    form = sandbox.token_request({"grant_type": "client_credentials", "client_id": ready["client_id"],
                                  "client_secret": ready["client_secret"], "scope": "all-apis"})
    for answer in (basic, form):
        assert answer.status == 200
        assert answer.json["token_type"] == "Bearer" and answer.json["expires_in"] == 3600
        assert "x-databricks-org-id" not in answer.headers
    assert basic.json["access_token"] != form.json["access_token"]


@pytest.mark.parametrize("change, status, error", [
    ({"client_secret": "dose0"}, 401, "invalid_client"),
    ({"client_id": "nobody"}, 401, "invalid_client"),
    ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ({"scope": "moon"}, 400, "invalid_scope"),
])
def test_token_refusals(sandbox, change, status, error):
    fields = {"grant_type": "client_credentials", "client_id": sandbox.ready["client_id"],
              "client_secret": sandbox.ready["client_secret"], "scope": "all-apis", **change}
    answer = sandbox.token_request(fields)
    assert (answer.status, answer.json["error"]) == (status, error)


def test_discovery(sandbox):
    config = sandbox.request("GET", "/.well-known/databricks-config").json
    assert config["host_type"] == "workspace" and config["workspace_id"] == sandbox.ready["workspace_id"]
    answer = sandbox.request("GET", "/oidc/.well-known/oauth-authorization-server")
    assert b"\\/oidc\\/v1\\/token" in answer.body
    assert answer.json["token_endpoint"] == sandbox.ready["address"] + "/oidc/v1/token"
    assert "x-databricks-org-id" not in answer.headers


def test_bad_credentials_have_numeric_codes(sandbox):
    none = sandbox.request("GET", "/api/2.0/preview/scim/v2/Me")
    assert none.status == 401 and none.json["error_code"] == 401
    assert none.headers["www-authenticate"] == 'Bearer realm="DatabricksRealm"'
    wrong = sandbox.request("GET", "/api/2.0/preview/scim/v2/Me", token="nonsense")
    assert wrong.status == 403
    assert wrong.json == {"error_code": 403, "message": "Invalid access token."}
    assert wrong.headers["x-databricks-reason-phrase"] == "Invalid access token."


def test_me(sandbox):
    answer = sandbox.get("/api/2.0/preview/scim/v2/Me")
    assert answer.headers["x-databricks-org-id"] == sandbox.ready["workspace_id"]
    assert answer.json["userName"] == sandbox.ready["application_id"]
    assert answer.json["id"] == sandbox.ready["principal_id"]
    assert "entitlements" in answer.json
    assert "entitlements" not in sandbox.get("/api/2.0/preview/scim/v2/Me",
                                             excludedAttributes="entitlements,groups").json
    assert sandbox.get("/api/2.0/preview/scim/v2/Me", "admin").json["userName"] == "admin@sandbox.example"


def test_token_ends_after_an_hour():
    with Sandbox("--rows", "100") as own:
        assert own.get("/api/2.0/preview/scim/v2/Me").status == 200
        own.clock(3599)
        assert own.get("/api/2.0/preview/scim/v2/Me").status == 200
        own.clock(2)
        assert own.get("/api/2.0/preview/scim/v2/Me").status == 403


def test_date_is_that_of_the_turned_clock():
    with Sandbox("--rows", "100") as sandbox:
        def date():
            answer = sandbox.get("/.well-known/databricks-config")
            return email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp()

        before = date()
        assert abs(before - time.time()) < 30
        sandbox.clock(86400)
        assert 86400 <= date() - before < 86400 + 60


def test_unknown_path(sandbox):
    answer = sandbox.request("POST", "/api/9/x", {}, token=sandbox.token())
    assert answer.status == 404
    assert answer.json == {"error_code": "ENDPOINT_NOT_FOUND", "message": "No API found for 'POST /api/9/x'"}


# --- Unity Catalog -----------------------------------------------------------------------------------------

def test_metastore(sandbox):
    assert sandbox.get(UC + "/metastore_summary").json["metastore_id"] == sandbox.ready["metastore_id"]
    assignment = sandbox.get(UC + "/current-metastore-assignment").json
    assert assignment["workspace_id"] == int(sandbox.ready["workspace_id"])


def test_listing_pages(sandbox):
    query = {"catalog_name": "shop", "schema_name": "aampe"}
    whole = sandbox.pages(UC + "/tables", "tables", **query)
    assert len(whole) == 1
    small = sandbox.pages(UC + "/tables", "tables", max_results=1, **query)
    server = sandbox.pages(UC + "/tables", "tables", max_results=0, **query)
    names = [table["name"] for table in whole[0]]
    assert {"users", "events", "products"} <= set(names)
    assert [table["name"] for page in small for table in page] == names
    assert [table["name"] for page in server for table in page] == names
    assert all(len(page) == 1 for page in small)
    assert sandbox.get(UC + "/tables", max_results=-1, **query).status == 400
    token = sandbox.get(UC + "/tables", max_results=1, **query).json["next_page_token"]
    assert sandbox.get(UC + "/schemas", catalog_name="shop", page_token=token, max_results=1).status == 400


def test_empty_page_carries_a_token(sandbox):
    sandbox.fault("empty_page", "schema=shop.aampe")
    pages = sandbox.pages(UC + "/tables", "tables", catalog_name="shop", schema_name="aampe", max_results=0)
    assert pages[0] == [] and len(pages[1]) >= 3


def test_table_info(sandbox):
    table = sandbox.get(UC + "/tables/shop.aampe.users").json
    columns = {column["name"]: column for column in table["columns"]}
    value = columns["lifetime_value"]
    assert (value["type_name"], value["type_text"]) == ("DECIMAL", "decimal(10,2)")
    assert (value["type_precision"], value["type_scale"]) == (10, 2)
    assert json.loads(value["type_json"])["type"] == "decimal(10,2)"
    assert columns["contact_id"]["position"] == 0
    assert json.loads(columns["lifetime_orders"]["type_json"])["type"] == "integer"
    missing = sandbox.get(UC + "/tables/shop.aampe.nothing")
    assert (missing.status, missing.json["error_code"]) == (404, "TABLE_DOES_NOT_EXIST")
    assert sandbox.get(UC + "/tables/shop.aampe.users/exists").json == {"table_exists": True}
    assert "columns" not in sandbox.get(UC + "/tables", catalog_name="shop", schema_name="aampe",
                                        omit_columns="true").json["tables"][0]


def test_summaries_by_pattern(sandbox):
    names = [item["full_name"] for page in
             sandbox.pages(UC + "/table-summaries", "tables", catalog_name="shop",
                           schema_name_pattern="aam%", table_name_pattern="_vents") for item in page]
    assert names == ["shop.aampe.events"]


@pytest.mark.parametrize("level, words", [
    ("catalog", "USE CATALOG on Catalog 'shop'"),
    ("schema", "USE SCHEMA on Schema 'shop.aampe'"),
    ("table", "SELECT on Table 'shop.aampe.users'"),
])
def test_missing_grant(sandbox, level, words):
    assert sandbox.get(UC + "/tables/shop.aampe.users").status == 200
    sandbox.fault("missing_grant", "level=" + level, "table=shop.aampe.users")
    refused = sandbox.get(UC + "/tables/shop.aampe.users")
    assert (refused.status, refused.json["error_code"]) == (403, "PERMISSION_DENIED")
    assert words in refused.json["message"]
    failed = sandbox.statement("SELECT * FROM shop.aampe.users").json["status"]
    assert failed["state"] == "FAILED" and failed["sql_state"] == "42501"
    assert sandbox.get(UC + "/tables/shop.aampe.users", "admin").status == 200
    sandbox.fault("clear", "missing_grant")
    assert sandbox.get(UC + "/tables/shop.aampe.users").status == 200


def test_missing_grant_is_listed_nowhere(sandbox):
    """What a fault takes away is gone from all three places where grants can be read."""
    def held(path):
        listed = sandbox.get(f"{UC}/{path}/shop.aampe", "admin").json.get("privilege_assignments", [])
        return {(item["principal"], one["privilege"] if isinstance(one, dict) else one)
                for item in listed for one in item["privileges"]}

    def shown():
        rows = sandbox.statement("SHOW GRANTS ON SCHEMA shop.aampe", "admin").json["result"]["data_array"]
        return {(row[0], row[1].replace(" ", "_")) for row in rows}

    mine = (sandbox.ready["client_id"], "USE_SCHEMA")
    assert mine in held("permissions/schema")
    assert shown() == held("effective-permissions/schema") and mine in shown()
    sandbox.fault("missing_grant", "level=schema", "table=shop.aampe.users")
    assert mine not in held("permissions/schema")
    assert shown() == held("effective-permissions/schema") and mine not in shown()


def test_hive_metastore_is_for_sql_alone(sandbox):
    table = "hive_metastore.legacy.users_old"
    assert sandbox.statement("SELECT count(*) FROM " + table).json["result"]["data_array"] == [["500"]]
    assert ["hive_metastore"] in sandbox.statement("SHOW CATALOGS").json["result"]["data_array"]
    listed = sandbox.pages(UC + "/catalogs", "catalogs", "admin", include_browse="true")
    assert [item["name"] for page in listed for item in page] == ["shop", "system"]
    for path in ("/catalogs/hive_metastore", "/schemas/hive_metastore.legacy", "/tables/" + table,
                 "/schemas?catalog_name=hive_metastore", "/permissions/catalog/hive_metastore",
                 "/table-summaries?catalog_name=hive_metastore",
                 "/tables?catalog_name=hive_metastore&schema_name=legacy"):
        assert sandbox.get(UC + path, "admin").status == 404, path
    assert sandbox.get(UC + f"/tables/{table}/exists", "admin").json == {"table_exists": False}


def test_permissions(sandbox):
    me, path = sandbox.ready["observer_client_id"], UC + "/permissions/table/shop.aampe.users"
    change = {"changes": [{"principal": me, "add": ["SELECT"]}]}
    assert sandbox.request("PATCH", path, change, token=sandbox.token()).status == 403
    granted = sandbox.request("PATCH", path, change, token=sandbox.token("admin"))
    assert {"principal": me, "privileges": ["SELECT"]} in granted.json["privilege_assignments"]
    effective = sandbox.get(UC + "/effective-permissions/TABLE/shop.aampe.users", "admin", principal=me).json
    held = effective["privilege_assignments"][0]["privileges"]
    assert {"privilege": "SELECT"} in held
    assert {"privilege": "USE_CATALOG", "inherited_from_type": "CATALOG",
            "inherited_from_name": "shop"} in held
    both = {"changes": [{"principal": me, "add": ["SELECT"], "remove": ["SELECT"]}]}
    assert sandbox.request("PATCH", path, both, token=sandbox.token("admin")).status == 400
    unknown = {"changes": [{"principal": "ghost", "add": ["SELECT"]}]}
    answer = sandbox.request("PATCH", path, unknown, token=sandbox.token("admin"))
    assert (answer.status, answer.json["error_code"]) == (404, "PRINCIPAL_DOES_NOT_EXIST")
    change["changes"][0] = {"principal": me, "remove": ["ALL_PRIVILEGES"]}
    cleared = sandbox.request("PATCH", path, change, token=sandbox.token("admin")).json
    assert me not in [item["principal"] for item in cleared.get("privilege_assignments", [])]


def test_grant_and_revoke_commands(sandbox):
    observer = sandbox.ready["observer_client_id"]
    assert sandbox.get(UC + "/tables/shop.aampe.users", "observer").status == 403
    sandbox.command("grant", observer, "SELECT", "shop.aampe.users")
    assert sandbox.get(UC + "/tables/shop.aampe.users", "observer").status == 200
    sandbox.command("revoke", observer, "SELECT", "shop.aampe.users")
    seen = sandbox.get(UC + "/tables/shop.aampe.users", "observer", include_browse="true").json
    assert seen["browse_only"] is True and "columns" not in seen


# --- warehouses --------------------------------------------------------------------------------------------

def test_warehouses(sandbox):
    listed = {item["id"]: item for item in sandbox.get(SQL + "/warehouses").json["warehouses"]}
    stopped = sandbox.ready["warehouse_stopped_id"]
    assert listed[sandbox.ready["warehouse_id"]]["state"] == "RUNNING"
    assert listed[stopped]["state"] == "STOPPED"
    start = sandbox.request("POST", f"{SQL}/warehouses/{stopped}/start", {}, token=sandbox.token())
    assert (start.status, start.json["error_code"]) == (403, "PERMISSION_DENIED")
    refused = sandbox.statement(ONE, warehouse_id=stopped)
    assert (refused.status, refused.json["error_code"]) == (403, "PERMISSION_DENIED")
    assert sandbox.get(SQL + "/warehouses/zz").json["message"] == "zz is not a valid endpoint id."
    assert sandbox.get(SQL + "/warehouses/0123456789abcdef").status == 404


def test_cold_start_by_the_sandbox_clock(sandbox):
    warehouse = SQL + "/warehouses/" + sandbox.ready["warehouse_id"]
    sandbox.fault("cold_warehouse", "seconds=120")
    statement = sandbox.statement(ONE, wait_timeout="0s").json
    assert statement["status"] == {"state": "PENDING"} and set(statement) == {"statement_id", "status"}
    path = f"{SQL}/statements/{statement['statement_id']}"
    assert sandbox.get(path).json["status"]["state"] == "PENDING"
    until = time.monotonic() + 10
    while sandbox.get(warehouse).json["state"] != "STARTING" and time.monotonic() < until:
        pass
    assert sandbox.get(warehouse).json["state"] == "STARTING"
    sandbox.clock(121)
    assert sandbox.get(warehouse).json["state"] == "RUNNING"
    while sandbox.get(path).json["status"]["state"] in ("PENDING", "RUNNING") and time.monotonic() < until:
        pass
    assert sandbox.get(path).json["status"]["state"] == "SUCCEEDED"


def test_start_denied(sandbox):
    sandbox.fault("start_denied")
    assert sandbox.statement(ONE).status == 403
    sandbox.fault("clear")
    assert sandbox.statement(ONE).json["status"]["state"] == "SUCCEEDED"


# --- statements --------------------------------------------------------------------------------------------

def test_inline_result(sandbox):
    answer = sandbox.statement("SELECT count(*) FROM shop.aampe.events").json
    assert answer["status"] == {"state": "SUCCEEDED"}
    assert answer["result"]["data_array"] == [["5000"]]
    assert "total_byte_count" not in answer["manifest"]
    assert "byte_count" not in answer["manifest"]["chunks"][0]


def test_inline_result_in_chunks(sandbox):
    answer = sandbox.statement("SELECT contact_id FROM shop.aampe.events").json
    rows, result = [], answer["result"]
    while True:
        rows += result["data_array"]
        if "next_chunk_internal_link" not in result:
            break
        result = sandbox.get(result["next_chunk_internal_link"]).json
    assert len(rows) == answer["manifest"]["total_row_count"] == 5000


def test_inline_limit(sandbox):
    sandbox.command("set", "inline_bytes=1000")
    try:
        status = sandbox.statement(EVENTS).json["status"]
    finally:
        sandbox.command("set", "inline_bytes=26214400")
    assert status["error"]["error_code"] == "BAD_REQUEST"
    assert status["error"]["message"].startswith("Inline byte limit exceeded.")


def test_failed_statement_is_http_200(sandbox):
    answer = sandbox.statement("SELEC nonsense")
    assert answer.status == 200 and set(answer.json) == {"statement_id", "status"}
    assert answer.json["status"]["error"]["error_code"] == "BAD_REQUEST"
    assert answer.json["status"]["sql_state"] == "42601"


def test_positional_parameters(sandbox):
    answer = sandbox.statement("SELECT ?, ?", parameters=[{"name": "", "value": "x"},
                                                          {"value": "2", "type": "INT"}])
    assert answer.json["result"]["data_array"] == [["x", "2"]]


def test_zero_rows(sandbox):
    answer = sandbox.external("SELECT * FROM shop.aampe.events LIMIT 0")
    assert answer["result"] == {} and "chunks" not in answer["manifest"]
    assert answer["manifest"]["total_chunk_count"] == 0 and answer["manifest"]["schema"]["columns"]


@pytest.mark.parametrize("fields", [
    {"wait_timeout": "3s"}, {"wait_timeout": "51s"}, {"wait_timeout": "x"}, {"on_wait_timeout": "PANIC"},
    {"disposition": "INLINE", "format": "ARROW_STREAM"}, {"format": "XML"}, {"row_limit": -1},
    {"statement": ""}, {"parameters": [{"name": "a", "value": "1"}, {"value": "2"}]},
])
def test_refused_requests(sandbox, fields):
    answer = sandbox.statement(ONE, **fields)
    assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_malformed_body(sandbox):
    answer = sandbox.request("POST", SQL + "/statements", "{", token=sandbox.token())
    assert (answer.status, answer.json["error_code"]) == (400, "MALFORMED_REQUEST")


def test_row_limit_says_truncated(sandbox):
    manifest = sandbox.external(EVENTS, row_limit=1500)["manifest"]
    assert manifest["truncated"] is True and manifest["total_row_count"] == 1500
    manifest = sandbox.external(EVENTS, byte_limit=100)["manifest"]
    assert manifest["truncated"] is True and manifest["total_row_count"] == 0


def test_cancel_and_close(sandbox):
    sandbox.fault("cold_warehouse", "seconds=3600")
    pending = sandbox.statement(ONE, wait_timeout="0s").json["statement_id"]
    path = f"{SQL}/statements/{pending}"
    assert sandbox.request("POST", path + "/cancel", token=sandbox.token()).json == {}
    assert sandbox.get(path).json == {"statement_id": pending, "status": {"state": "CANCELED"}}
    sandbox.fault("clear")
    sandbox.clock(3601)
    sandbox.tokens.clear()
    answer = sandbox.external(EVENTS)
    path = f"{SQL}/statements/{answer['statement_id']}"
    url = answer["result"]["external_links"][0]["external_link"]
    assert sandbox.request("DELETE", path, token=sandbox.token()).json == {}
    assert sandbox.get(path).json["status"]["state"] == "CLOSED"
    assert sandbox.get(path + "/result/chunks/0").status == 404
    assert sandbox.request("GET", url).status == 404
    assert sandbox.get(path, "observer").status == 404


def test_wait_timeout_cancel(sandbox):
    sandbox.fault("cold_warehouse", "seconds=3600")
    answer = sandbox.statement(ONE, wait_timeout="5s", on_wait_timeout="CANCEL").json
    assert answer["status"] == {"state": "CANCELED"}


def test_sessions(sandbox):
    opened = sandbox.request("POST", SQL + "/sessions/", {"warehouse_id": sandbox.ready["warehouse_id"],
                                                           "catalog": "shop", "schema": "aampe"},
                             token=sandbox.token())
    session = opened.json["session_id"]
    answer = sandbox.statement("SELECT count(*) FROM users", session_id=session)
    assert answer.json["status"]["state"] == "SUCCEEDED", answer.body
    closed = sandbox.request("DELETE", f"{SQL}/sessions/{session}?warehouse_id=x", token=sandbox.token())
    assert closed.json == {}
    assert sandbox.statement(ONE, session_id=session).status == 404


def test_shape_of_the_recordings(sandbox):
    """Keys and their order in manifest, chunks, columns and links are those of the real service."""
    recorded = None
    for path in sorted(TESTDATA.glob("databricks-recorded/sqlexecapi/**/*.json")):
        body = json.loads(path.read_text())["response"].get("body", "")
        if '"external_links"' in body:
            recorded = json.loads(body)
            break
    if recorded is None:
        pytest.skip(f"no recordings in {TESTDATA}")
    ours = sandbox.external("SELECT contact_id, event_name FROM shop.aampe.events LIMIT 3",
                            result_compression="LZ4_FRAME")
    assert list(ours) == list(recorded)
    assert list(ours["manifest"]) == list(recorded["manifest"])
    assert list(ours["manifest"]["chunks"][0]) == list(recorded["manifest"]["chunks"][0])
    assert list(ours["manifest"]["schema"]["columns"][0]) == \
        list(recorded["manifest"]["schema"]["columns"][0])
    assert list(ours["result"]["external_links"][0]) == list(recorded["result"]["external_links"][0])


# --- links -------------------------------------------------------------------------------------------------

def test_links_and_rows(sandbox):
    answer = sandbox.external(EVENTS)
    manifest, rows = answer["manifest"], 0
    assert manifest["total_chunk_count"] == len(manifest["chunks"]) == 5
    for chunk in manifest["chunks"]:
        link = sandbox.link(answer["statement_id"], chunk["chunk_index"])
        assert link["row_count"] == chunk["row_count"] and link["row_offset"] == rows
        got = sandbox.request("GET", link["external_link"])
        assert got.status == 200 and got.headers["content-type"] == "binary/octet-stream"
        assert int(got.headers["content-length"]) == len(got.body)
        assert arrow_rows(got.body) == chunk["row_count"]
        rows += chunk["row_count"]
    assert rows == manifest["total_row_count"] == 5000
    assert "next_chunk_index" not in sandbox.link(answer["statement_id"], 4)


def test_lz4_and_csv(sandbox):
    answer = sandbox.external(EVENTS, result_compression="LZ4_FRAME")
    body = sandbox.request("GET", answer["result"]["external_links"][0]["external_link"]).body
    assert body[:4] == b"\x04\x22\x4d\x18" and answer["manifest"]["result_compression"] == "LZ4_FRAME"
    answer = sandbox.statement("SELECT contact_id FROM shop.aampe.events LIMIT 3",
                               disposition="EXTERNAL_LINKS", format="CSV").json
    body = sandbox.request("GET", answer["result"]["external_links"][0]["external_link"]).body
    assert body.decode().splitlines()[0] == "contact_id" and len(body.decode().splitlines()) == 4


def test_link_refuses_a_token(sandbox):
    url = sandbox.external(EVENTS)["result"]["external_links"][0]["external_link"]
    refused = sandbox.request("GET", url, token=sandbox.token())
    assert refused.status == 400 and b"Only one auth mechanism allowed" in refused.body
    assert refused.headers["content-type"] == "application/xml"
    assert b"SignatureDoesNotMatch" in sandbox.request("GET", url[:-1] + "g").body
    assert b"AccessDenied" in sandbox.request("GET", url.split("?")[0]).body
    part = sandbox.request("GET", url, headers={"Range": "bytes=4-7"})
    assert part.status == 206 and part.body == sandbox.request("GET", url).body[4:8]


def test_lifetimes():
    with Sandbox("--rows", "200") as own:
        answer = own.external(EVENTS)
        path = f"{SQL}/statements/{answer['statement_id']}"
        url = answer["result"]["external_links"][0]["external_link"]
        assert own.request("GET", url).status == 200
        own.clock(900)
        expired = own.request("GET", url)
        assert expired.status == 403 and b"Request has expired" in expired.body
        fresh = own.link(answer["statement_id"], 0)["external_link"]
        assert own.request("GET", fresh).status == 200
        own.clock(2701)
        own.tokens.clear()
        gone = own.get(path + "/result/chunks/0")
        assert (gone.status, gone.json["error_code"]) == (404, "NOT_FOUND")
        assert own.get(path).json["status"]["state"] == "CLOSED"
        own.clock(12 * 3600)
        own.tokens.clear()
        assert own.get(path).status == 404


# --- faults ------------------------------------------------------------------------------------------------

def test_rate_limit(sandbox):
    sandbox.fault("rate_limit", "endpoint=me", "times=1", "retry_after=7")
    limited = sandbox.get("/api/2.0/preview/scim/v2/Me")
    assert (limited.status, limited.headers["retry-after"]) == (429, "7")
    assert sandbox.get("/api/2.0/preview/scim/v2/Me").status == 200
    sandbox.fault("rate_limit", "endpoint=/api/2.1/", "nth=2")
    seen = [sandbox.get(UC + "/metastore_summary") for _ in range(3)]
    assert [answer.status for answer in seen] == [200, 429, 200]
    assert "retry-after" not in seen[1].headers


def test_service_failures(sandbox):
    for kind, status, code in (("unavailable", 503, "TEMPORARILY_UNAVAILABLE"),
                               ("server_error", 500, "INTERNAL_ERROR")):
        sandbox.fault(kind, "endpoint=catalogs", "times=1")
        answer = sandbox.get(UC + "/catalogs")
        assert (answer.status, answer.json["error_code"]) == (status, code)
    sandbox.fault("html_login", "endpoint=catalogs", "times=1")
    answer = sandbox.get(UC + "/catalogs")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/html")
    sandbox.fault("html_login", "endpoint=catalogs", "times=1", "redirect=1")
    answer = sandbox.get(UC + "/catalogs")
    assert answer.status == 302 and answer.headers["location"].startswith("/login.html")
    sandbox.fault("invalid_client", "times=1")
    assert sandbox.token_request({"grant_type": "client_credentials"}).json["error"] == "invalid_client"


def test_wire_answers(sandbox):
    me = "/api/2.0/preview/scim/v2/Me"
    sandbox.fault("unknown_error", "endpoint=me", "times=1")
    answer = sandbox.get(me)
    assert answer.status == 409 and answer.json["error_code"].isupper()
    sandbox.fault("unknown_error", "endpoint=me", "times=1", "status=418", "content_type=text/plain", "body=no tea")
    answer = sandbox.get(me)
    assert (answer.status, answer.headers["content-type"], answer.body) == (418, "text/plain", b"no tea")
    sandbox.fault("numeric_error", "endpoint=me", "times=1", "status=400", "message=Invalid Token")
    assert sandbox.get(me).json == {"error_code": 400, "message": "Invalid Token"}
    sandbox.fault("empty_body", "endpoint=me", "times=1", "status=502")
    answer = sandbox.get(me)
    assert (answer.status, answer.body) == (502, b"")
    sandbox.fault("redirect", "endpoint=me", "times=1", "to=https://other.example/x?secret=1", "status=307")
    answer = sandbox.get(me)
    assert (answer.status, answer.headers["location"]) == (307, "https://other.example/x?secret=1")
    for words in (("unknown_error", "status=99"), ("link_host", "port=70000"), ("lie", "delay_ms=5")):
        sandbox.command("fault", *words, code=2)


def test_wire_clock(sandbox):
    def date(answer, header="date"):
        return email.utils.parsedate_to_datetime(answer.headers[header]).timestamp()

    me = "/api/2.0/preview/scim/v2/Me"
    now = date(sandbox.get(me))
    sandbox.fault("clock_skew", "seconds=-90000")
    assert -90000 <= date(sandbox.get(me)) - now < -80000
    assert date(sandbox.request("GET", me)) - now < -80000, "refusals have the same clock"
    sandbox.fault("rate_limit", "endpoint=me", "times=1", "retry_after=60")
    answer = sandbox.get(me)
    assert date(answer, "retry-after") - date(answer) == 60


def test_late_answers(sandbox):
    sandbox.fault("server_error", "endpoint=me", "times=1", "delay_ms=300")
    began = time.monotonic()
    assert sandbox.get("/api/2.0/preview/scim/v2/Me").status == 500
    assert time.monotonic() - began >= 0.3


def test_wire_links(sandbox):
    data = sandbox.external("SELECT 1 AS a")
    link = data["result"]["external_links"][0]["external_link"]
    sandbox.fault("link_forbidden", "times=1")
    refused = sandbox.request("GET", link)
    assert refused.status == 403 and b"<Code>AccessDenied</Code>" in refused.body and b"expired" not in refused.body
    assert sandbox.request("GET", link).status == 200
    sandbox.fault("link_host", "times=1")
    assert sandbox.link(data["statement_id"], 0)["external_link"].startswith("https://storage.sandbox.invalid/results/")
    sandbox.fault("link_host", "host=127.0.0.1", "port=9", "scheme=http", "times=1")
    assert sandbox.link(data["statement_id"], 0)["external_link"].startswith("http://127.0.0.1:9/results/")
    size = len(sandbox.request("GET", link).body)
    sandbox.fault("link_slow", f"bytes_per_second={size * 4}", "times=1")
    began = time.monotonic()
    assert len(sandbox.request("GET", link).body) == size
    assert time.monotonic() - began >= 0.1


def test_expired_token(sandbox):
    sandbox.fault("expired_token", "nth=2")
    path = "/api/2.0/preview/scim/v2/Me"
    assert [sandbox.get(path).status for _ in range(3)] == [200, 403, 403]
    sandbox.tokens.clear()
    assert sandbox.get(path).status == 200


def test_dropped_connections(sandbox):
    sandbox.token()
    for kind in ("drop", "lost_reply"):
        sandbox.fault(kind, "endpoint=statements", "times=1")
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            sandbox.statement(ONE)
    last = sandbox.requests()["requests"][-2:]
    assert [(item["endpoint"], item["status"]) for item in last] == [("statements", 0)] * 2


def test_cut_and_slow(sandbox):
    url = sandbox.external(EVENTS)["result"]["external_links"][0]["external_link"]
    whole = sandbox.request("GET", url).body
    sandbox.fault("cut", "at=1000", "times=1")
    with pytest.raises(http.client.IncompleteRead) as caught:
        sandbox.request("GET", url)
    assert caught.value.partial == whole[:1000]
    sandbox.fault("slow", "endpoint=link", f"bytes_per_second={len(whole) * 4}", "times=1")
    before = time.monotonic()
    assert sandbox.request("GET", url).body == whole
    assert time.monotonic() - before > 0.15
    sandbox.fault("link_expired", "times=1")
    assert sandbox.request("GET", url).status == 403
    assert sandbox.request("GET", url).body == whole


def test_damaged_chunks(sandbox):
    url = sandbox.external("SELECT contact_id FROM shop.aampe.events")["result"]["external_links"][0][
        "external_link"]
    whole = sandbox.request("GET", url).body
    sandbox.fault("corrupt_chunk", "at=100", "times=1")
    damaged = sandbox.request("GET", url).body
    assert [i for i in range(len(whole)) if whole[i] != damaged[i]] == [100]
    sandbox.fault("wrong_schema", "times=1", "chunk=0")
    other = sandbox.request("GET", url).body
    assert b"contact_id" in whole[:1000] and b"xontact_id" in other[:1000]
    assert arrow_rows(other) == arrow_rows(whole)


LIES = [("manifest.total_row_count", 1), ("manifest.total_row_count", -1),
        ("manifest.total_chunk_count", 1), ("manifest.total_chunk_count", -1),
        ("manifest.chunks[1].row_count", 1), ("manifest.chunks[1].row_count", -1),
        ("manifest.chunks[1].row_offset", 1), ("manifest.chunks[1].row_offset", -1),
        ("manifest.chunks[1].chunk_index", 1), ("manifest.chunks[1].chunk_index", -1)]


@pytest.mark.parametrize("target, delta", LIES)
def test_lies_in_the_manifest(sandbox, target, delta):
    honest = sandbox.external(EVENTS)["manifest"]
    sandbox.fault("lie", "target=" + target, f"delta={delta}", "times=1")
    lying = sandbox.external(EVENTS)["manifest"]
    at_honest, at_lying = honest, lying
    if "chunks" in target:
        at_honest, at_lying = honest["chunks"][1], lying["chunks"][1]
    field = target.rsplit(".", 1)[1]
    assert at_lying[field] == at_honest[field] + delta
    at_lying[field] = at_honest[field]
    assert lying == honest
    assert sandbox.external(EVENTS)["manifest"] == honest


@pytest.mark.parametrize("field", ["row_count", "row_offset", "chunk_index"])
@pytest.mark.parametrize("delta", [1, -1])
def test_lies_in_a_link(sandbox, field, delta):
    sandbox.fault("lie", "target=link." + field, f"delta={delta}", "chunk=1")
    answer = sandbox.external(EVENTS)
    link = sandbox.link(answer["statement_id"], 1)
    honest = dict(answer["manifest"]["chunks"][1])
    assert link[field] == honest[field] + delta
    assert sandbox.link(answer["statement_id"], 2)[field] == answer["manifest"]["chunks"][2][field]


def test_lies_in_the_rows(sandbox):
    for words, check in ((("lie", "target=chunk_rows", "delta=-1"), lambda rows, told: rows < told),
                         (("lie", "target=chunk_rows", "delta=1"), lambda rows, told: rows > told),
                         (("doubled_chunk", "where=body"), lambda rows, told: rows == 2 * told)):
        sandbox.fault(*words, "chunk=1", "times=1")
        answer = sandbox.external(EVENTS)
        rows = arrow_rows(sandbox.request("GET", sandbox.link(answer["statement_id"], 1)["external_link"]).body)
        assert check(rows, answer["manifest"]["chunks"][1]["row_count"])
        rows = arrow_rows(sandbox.request("GET", sandbox.link(answer["statement_id"], 2)["external_link"]).body)
        assert rows == answer["manifest"]["chunks"][2]["row_count"]


def test_missing_and_doubled_chunks(sandbox):
    sandbox.fault("missing_chunk", "chunk=2", "times=1")
    manifest = sandbox.external(EVENTS)["manifest"]
    assert [chunk["chunk_index"] for chunk in manifest["chunks"]] == [0, 1, 3, 4]
    assert manifest["total_chunk_count"] == 4 and manifest["total_row_count"] == 5000
    sandbox.fault("doubled_chunk", "chunk=2", "times=1")
    manifest = sandbox.external(EVENTS)["manifest"]
    assert [chunk["chunk_index"] for chunk in manifest["chunks"]] == [0, 1, 2, 2, 3, 4]
    sandbox.fault("missing_chunk", "chunk=0", "where=link", "times=1")
    assert sandbox.external(EVENTS)["result"] == {}
    sandbox.fault("truncated", "times=1")
    assert sandbox.external(EVENTS)["manifest"]["truncated"] is True
    sandbox.fault("wrong_row_count", "times=1", "delta=-3")
    assert sandbox.external(EVENTS)["manifest"]["total_row_count"] == 4997
    sandbox.fault("fail_statement", "error_code=IO_ERROR", "message=disk on fire", "times=1")
    assert sandbox.external(EVENTS)["status"]["error"] == {"error_code": "IO_ERROR",
                                                           "message": "disk on fire"}


def test_fault_command(sandbox):
    sandbox.command("fault", "nonsense", code=2)
    sandbox.command("fault", "rate_limit", "colour=red", code=2)
    sandbox.command("fault", "rate_limit", "nth=soon", code=2)
    sandbox.command("fault", "lie", "target=manifest.moon", code=2)
    sandbox.fault("rate_limit", "endpoint=me")
    assert [item["kind"] for item in sandbox.fault("list")["faults"]] == ["rate_limit"]
    sandbox.fault("clear", "rate_limit")
    assert sandbox.fault("list")["faults"] == []


# --- the program -------------------------------------------------------------------------------------------

def test_requests_are_listed(sandbox):
    since = sandbox.requests()["last"]
    sandbox.get(UC + "/schemas", catalog_name="shop")
    url = sandbox.external(EVENTS)["result"]["external_links"][0]["external_link"]
    size = len(sandbox.request("GET", url).body)
    listed = [item for item in sandbox.requests(since)["requests"] if item["endpoint"] != "token"]
    assert [(item["method"], item["endpoint"], item["status"]) for item in listed] == [
        ("GET", "schemas", 200), ("POST", "statements", 200), ("GET", "link", 200)]
    assert listed[0]["query"] == "catalog_name=shop"
    assert listed[0]["principal"] == sandbox.ready["client_id"]
    assert listed[2]["bytes"] == size and "query" not in listed[2]
    assert urllib.parse.urlsplit(url).path == listed[2]["path"]


def test_change_makes_a_version(sandbox):
    before = int(sandbox.statement("SELECT count(*) FROM shop.aampe.products").json["result"][
        "data_array"][0][0])
    sandbox.command("change", "shop.aampe.products", "insert", "7")
    after = int(sandbox.statement("SELECT count(*) FROM shop.aampe.products").json["result"][
        "data_array"][0][0])
    assert after == before + 7
    sandbox.command("change", "shop.aampe.nothing", "insert", "7", code=2)


def test_tls():
    with Sandbox("--tls", "--rows", "100") as own:
        assert own.ready["address"].startswith("https://")
        url = own.external(EVENTS)["result"]["external_links"][0]["external_link"]
        assert url.startswith(own.ready["address"]) and own.request("GET", url).status == 200


def test_end():
    process = subprocess.Popen([PROGRAM, "--rows", "100"], stdout=subprocess.PIPE, text=True)
    ready = json.loads(process.stdout.readline())
    control = pathlib.Path(ready["state"]) / "control.json"
    assert control.stat().st_mode & 0o777 == 0o600
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    process.stdout.close()
    assert not pathlib.Path(ready["state"]).exists()


def test_dies_with_its_parent(tmp_path):
    script = ("import subprocess, sys\n"
              f"p = subprocess.Popen([{PROGRAM!r}, '--rows', '100', '--die-with-parent', '--state', "
              f"{str(tmp_path)!r}], stdout=subprocess.PIPE)\n"
              "sys.stdout.buffer.write(p.stdout.readline())\n")
    ready = json.loads(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout)
    until = time.monotonic() + 30
    while os.path.exists(f"/proc/{ready['pid']}") and time.monotonic() < until:
        with open(f"/proc/{ready['pid']}/stat", encoding="ascii") as file:
            if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                break
    assert time.monotonic() < until
    assert not (tmp_path / "control.json").exists()


def test_stop_and_usage(tmp_path):
    own = Sandbox("--rows", "100", state=str(tmp_path))
    assert own.command("info") == own.ready
    own.command("stop")
    assert own.process.wait(timeout=60) == 0
    own.process.stdout.close()
    own.command("info", code=5)
    assert subprocess.run([PROGRAM, "--nonsense"], capture_output=True, check=False).returncode == 2
    told = subprocess.run([PROGRAM, "--help"], capture_output=True, check=True, text=True).stdout
    assert "missing_grant" in told and "clock +SECONDS" in told


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
