"""IP access lists of aampe-sandbox and what they let in; catalogs bound to workspaces; credentials for tables."""
import pathlib
import sys
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sandbox_client import UC, Sandbox  # noqa: E402

ME = "/api/2.0/preview/scim/v2/Me"
LISTS = "/api/2.0/ip-access-lists"
CONF = "/api/2.0/workspace-conf"


@pytest.fixture(scope="module")
def shared():
    with Sandbox("--rows", "500") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared):
    """One process for all; lists are taken away again after each test."""
    shared.fault("clear")
    shared.tokens.clear()
    yield shared
    shared.fault("clear")
    call(shared, "PATCH", CONF, {"enableIpAccessLists": "false"})
    for item in call(shared, "GET", LISTS).json.get("ip_access_lists", []):
        assert call(shared, "DELETE", LISTS + "/" + item["list_id"]).status == 200


def call(sandbox, method, path, body=None, who="admin", address=None):
    return sandbox.request(method, path, body, {"X-Forwarded-For": address} if address else None,
                           token=sandbox.token(who))


def allow(sandbox, *addresses, kind="ALLOW", **more):
    answer = call(sandbox, "POST", LISTS, {"label": "a list", "list_type": kind, "ip_addresses": addresses, **more})
    assert answer.status == 200, answer.body
    return answer.json["ip_access_list"]


def refused(answer, status, code):
    assert (answer.status, answer.json["error_code"]) == (status, code), answer.body


def test_lists_do_nothing_until_switched_on(sandbox):
    with Sandbox("--rows", "100") as fresh:
        assert call(fresh, "GET", CONF + "?keys=enableIpAccessLists").json == {"enableIpAccessLists": None}
        assert call(fresh, "GET", LISTS).json == {}
    made = allow(sandbox, "127.0.0.1", "192.0.2.0/24")
    assert made["address_count"] == 2 and made["enabled"] and isinstance(made["created_by"], int)
    assert call(sandbox, "GET", LISTS + "/" + made["list_id"]).json == {"ip_access_list": made}
    assert call(sandbox, "GET", ME, who="client", address="203.0.113.5").status == 200
    assert call(sandbox, "PATCH", CONF, {"enableIpAccessLists": "true"}).status == 204
    assert call(sandbox, "GET", CONF + "?keys=enableIpAccessLists").json == {"enableIpAccessLists": "true"}
    answer = call(sandbox, "GET", ME, who="client", address="203.0.113.5")
    assert answer.status == 403 and "Source IP address: 203.0.113.5 is blocked" in answer.json["message"]
    assert call(sandbox, "GET", ME, who="client", address="192.0.2.200").status == 200


def test_block_wins(sandbox):
    allow(sandbox, "127.0.0.1", "192.0.2.0/24")
    block = allow(sandbox, "192.0.2.66", kind="BLOCK")
    assert call(sandbox, "PATCH", CONF, {"enableIpAccessLists": "true"}).status == 204
    assert call(sandbox, "GET", ME, address="192.0.2.65").status == 200
    assert call(sandbox, "GET", ME, address="192.0.2.66").status == 403
    off = call(sandbox, "PATCH", LISTS + "/" + block["list_id"], {"enabled": False})
    assert off.json["ip_access_list"]["ip_addresses"] == ["192.0.2.66"]
    assert call(sandbox, "GET", ME, address="192.0.2.66").status == 200


def test_block_alone_lets_the_rest_in(sandbox):
    allow(sandbox, "198.51.100.0/25", kind="BLOCK")
    assert call(sandbox, "PATCH", CONF, {"enableIpAccessLists": "true"}).status == 204
    assert call(sandbox, "GET", ME, address="198.51.100.127").status == 403
    assert call(sandbox, "GET", ME, address="198.51.100.128").status == 200


def test_nobody_locks_himself_out(sandbox):
    office = allow(sandbox, "192.0.2.0/24")
    refused(call(sandbox, "PATCH", CONF, {"enableIpAccessLists": "true"}), 400, "INVALID_STATE")
    assert call(sandbox, "PATCH", CONF, {"enableIpAccessLists": "true"}, address="192.0.2.1").status == 204
    refused(call(sandbox, "POST", LISTS, {"label": "x", "list_type": "BLOCK", "ip_addresses": ["192.0.2.1"]},
                 address="192.0.2.1"), 400, "INVALID_STATE")
    path = LISTS + "/" + office["list_id"]
    refused(call(sandbox, "PATCH", path, {"ip_addresses": ["203.0.113.0/24"]}, address="192.0.2.1"), 400, "INVALID_STATE")
    refused(call(sandbox, "PUT", path, {"label": "x", "list_type": "BLOCK", "ip_addresses": ["192.0.2.0/24"]},
                 address="192.0.2.1"), 400, "INVALID_STATE")
    assert call(sandbox, "GET", path, address="192.0.2.1").json["ip_access_list"]["list_type"] == "ALLOW"
    assert call(sandbox, "PATCH", path, {"ip_addresses": ["192.0.2.1", "127.0.0.1"]}, address="192.0.2.1").status == 200
    home = allow(sandbox, "203.0.113.9")
    refused(call(sandbox, "DELETE", path), 400, "INVALID_STATE")
    assert call(sandbox, "DELETE", LISTS + "/" + home["list_id"]).status == 200


@pytest.mark.parametrize("body", [
    {"list_type": "ALLOW", "ip_addresses": []}, {"label": "x", "ip_addresses": []},
    {"label": "x", "list_type": "MAYBE", "ip_addresses": []},
    *({"label": "x", "list_type": "ALLOW", "ip_addresses": [a]} for a in ("here", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "::1", 7)),
])
def test_lists_that_are_refused(sandbox, body):
    refused(call(sandbox, "POST", LISTS, body), 400, "INVALID_PARAMETER_VALUE")


def test_quota(sandbox):
    allow(sandbox, *(f"10.0.{n // 250}.{n % 250}" for n in range(999)))
    last = allow(sandbox, "10.9.0.1")
    refused(call(sandbox, "POST", LISTS, {"label": "x", "list_type": "ALLOW", "ip_addresses": ["10.9.0.2"]}),
            400, "QUOTA_EXCEEDED")
    refused(call(sandbox, "PATCH", LISTS + "/" + last["list_id"], {"ip_addresses": ["10.9.0.1", "10.9.0.2"]}),
            400, "QUOTA_EXCEEDED")
    assert call(sandbox, "PATCH", LISTS + "/" + last["list_id"], {"ip_addresses": ["10.9.0.2"]}).status == 200


def test_who_may(sandbox):
    for method, path, body in (("GET", LISTS, None), ("POST", LISTS, {}), ("GET", LISTS + "/1", None),
                               ("GET", CONF + "?keys=enableIpAccessLists", None),
                               ("PATCH", CONF, {"enableIpAccessLists": "false"})):
        refused(call(sandbox, method, path, body, "client"), 403, "PERMISSION_DENIED")
    refused(call(sandbox, "GET", LISTS + "/1"), 404, "RESOURCE_DOES_NOT_EXIST")
    refused(call(sandbox, "GET", CONF + "?keys=moon"), 400, "BAD_REQUEST")
    refused(call(sandbox, "PATCH", CONF, {"enableIpAccessLists": True}), 400, "BAD_REQUEST")
    sandbox.fault("no_metastore", "mode=tier")
    refused(call(sandbox, "GET", LISTS), 404, "FEATURE_DISABLED")


def test_lists_of_the_account(sandbox):
    ready = sandbox.ready
    sandbox.command("grant", ready["client_id"], "ACCOUNT_ADMIN", "account")
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": ready["client_id"],
                                   "client_secret": ready["client_secret"]})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    base = f"/api/2.0/accounts/{ready['account_id']}"
    where = f"/oidc/accounts/{ready['account_id']}/v1/token"
    token = sandbox.request("POST", where, form, kind).json["access_token"]
    body = {"label": "hq", "list_type": "ALLOW", "ip_addresses": ["192.0.2.0/24"]}
    refused(sandbox.request("POST", base + "/ip-access-lists", body, token=token), 400, "INVALID_STATE")
    body["ip_addresses"].append("127.0.0.1")
    made = sandbox.request("POST", base + "/ip-access-lists", body, token=token).json["ip_access_list"]
    far = {"X-Forwarded-For": "203.0.113.5"}
    blocked = sandbox.request("POST", where, form, {**kind, **far})
    assert blocked.status == 403 and f"for account: {ready['account_id']}" in blocked.json["message"]
    assert sandbox.request("GET", ME, headers=far, token=token).status == 200, "the workspace has lists of its own"
    assert sandbox.request("DELETE", base + "/ip-access-lists/" + made["list_id"], token=token).status == 200
    sandbox.command("revoke", ready["client_id"], "ACCOUNT_ADMIN", "account")


# --- catalogs bound to workspaces --------------------------------------------------------------------------------

def shop_seen(sandbox, who="client"):
    return "shop" in [c["name"] for c in sandbox.get(UC + "/catalogs", who).json.get("catalogs", [])]


def test_bindings(sandbox):
    here = int(sandbox.ready["workspace_id"])
    path = UC + "/bindings/catalog/shop"
    assert call(sandbox, "GET", path).json == {}
    changed = call(sandbox, "PATCH", UC + "/catalogs/shop", {"isolation_mode": "ISOLATED"})
    assert changed.json["isolation_mode"] == "ISOLATED" and shop_seen(sandbox)
    assert call(sandbox, "GET", path).json == {
        "bindings": [{"workspace_id": here, "binding_type": "BINDING_TYPE_READ_WRITE"}]}
    moved = call(sandbox, "PATCH", path, {"remove": [{"workspace_id": here}],
                                          "add": [{"workspace_id": 77, "binding_type": "BINDING_TYPE_READ_ONLY"}]})
    assert moved.json == {"bindings": [{"workspace_id": 77, "binding_type": "BINDING_TYPE_READ_ONLY"}]}
    assert not shop_seen(sandbox) and not shop_seen(sandbox, "admin")
    refused(sandbox.get(UC + "/tables/shop.aampe.products"), 403, "PERMISSION_DENIED")
    failed = sandbox.statement("SELECT count(*) FROM shop.aampe.products").json["status"]
    assert failed["state"] == "FAILED" and failed["sql_state"] == "42501"
    assert "not accessible in current workspace" in failed["error"]["message"]
    assert call(sandbox, "PATCH", path, {"add": [{"workspace_id": here}]}).status == 200
    assert shop_seen(sandbox)
    pages = sandbox.pages(path, "bindings", "admin", max_results=1)
    assert [len(page) for page in pages] == [1, 1]
    # the older form says the same, of catalogs alone
    older = UC + "/workspace-bindings/catalogs/shop"
    assert call(sandbox, "GET", older).json == {"workspaces": [77, here]}
    assert call(sandbox, "PATCH", older, {"assign_workspaces": [88], "unassign_workspaces": [77]}).json == {
        "workspaces": [here, 88]}
    assert call(sandbox, "GET", path).json["bindings"][1] == {"workspace_id": 88, "binding_type": "BINDING_TYPE_READ_WRITE"}
    assert call(sandbox, "PATCH", UC + "/catalogs/shop", {"isolation_mode": "OPEN"}).json["isolation_mode"] == "OPEN"
    assert call(sandbox, "GET", path).json == {}


def test_bindings_that_are_refused(sandbox):
    path = UC + "/bindings/catalog/shop"
    refused(call(sandbox, "GET", path, who="client"), 403, "PERMISSION_DENIED")
    refused(call(sandbox, "PATCH", UC + "/catalogs/shop", {"isolation_mode": "ISOLATED"}, "client"), 403, "PERMISSION_DENIED")
    refused(call(sandbox, "PATCH", UC + "/catalogs/shop", {"isolation_mode": "CLOSED"}), 400, "INVALID_PARAMETER_VALUE")
    refused(call(sandbox, "PATCH", UC + "/catalogs/shop", {"owner": "nobody"}), 404, "PRINCIPAL_DOES_NOT_EXIST")
    refused(call(sandbox, "GET", UC + "/bindings/catalog/moon"), 404, "CATALOG_DOES_NOT_EXIST")
    refused(call(sandbox, "GET", UC + "/bindings/table/shop.aampe.users"), 400, "INVALID_PARAMETER_VALUE")
    older = UC + "/workspace-bindings/catalogs/"
    refused(call(sandbox, "GET", older + "shop", who="client"), 403, "PERMISSION_DENIED")
    refused(call(sandbox, "GET", older + "moon"), 404, "CATALOG_DOES_NOT_EXIST")
    refused(call(sandbox, "PATCH", older + "shop", {"assign_workspaces": [5, "x"]}), 400, "INVALID_PARAMETER_VALUE")
    for item in ({}, {"workspace_id": 0}, {"workspace_id": 5, "binding_type": "LOOSE"}):
        refused(call(sandbox, "PATCH", path, {"add": [{"workspace_id": 7}, item]}), 400, "INVALID_PARAMETER_VALUE")
    assert call(sandbox, "GET", path).json == {}


def test_metastore_is_assigned_and_taken_away(sandbox):
    ready = sandbox.ready
    path = f"{UC}/workspaces/{ready['workspace_id']}/metastore"
    refused(call(sandbox, "DELETE", f"{path}?metastore_id={ready['metastore_id']}", who="client"), 403, "PERMISSION_DENIED")
    assert call(sandbox, "DELETE", f"{path}?metastore_id={ready['metastore_id']}").status == 200
    refused(sandbox.get(UC + "/catalogs"), 404, "METASTORE_DOES_NOT_EXIST")
    refused(call(sandbox, "PUT", path, {"metastore_id": "another"}), 404, "METASTORE_DOES_NOT_EXIST")
    assert call(sandbox, "PUT", path, {"metastore_id": ready["metastore_id"]}).status == 200
    assert shop_seen(sandbox)
    assert call(sandbox, "GET", UC + "/metastores").json["metastores"] == [
        call(sandbox, "GET", UC + "/metastores/" + ready["metastore_id"]).json]
    refused(call(sandbox, "GET", UC + "/metastores", who="client"), 403, "PERMISSION_DENIED")


# --- credentials for tables ----------------------------------------------------------------------------------------

VEND = "/api/2.0/unity-catalog/temporary-table-credentials"


def vend(sandbox, table, operation="READ", who="client"):
    found = sandbox.get(UC + "/tables/" + table, "admin").json
    return call(sandbox, "POST", VEND, {"table_id": found["table_id"], "operation": operation}, who)


def info(answer):
    found = {d["@type"].rpartition(".")[2]: d for d in answer.json["details"]}
    assert found["RequestInfo"]["request_id"] == answer.headers["x-request-id"]
    assert found["ErrorInfo"]["domain"] == "unity-catalog.databricks.com"
    assert found["ErrorInfo"]["metadata"]["msg"] == answer.json["message"]
    return found["ErrorInfo"]


def test_vending_is_refused_without_the_privilege(sandbox):
    answer = vend(sandbox, "shop.aampe.users")
    refused(answer, 403, "PERMISSION_DENIED")
    assert answer.json["message"] == "User does not have EXTERNAL USE SCHEMA on Schema 'shop.aampe'."
    assert info(answer)["metadata"]["resourceName"] == "shop.aampe"
    assert info(answer)["metadata"]["principalName"] == sandbox.ready["client_id"]
    refused(vend(sandbox, "shop.aampe.users", who="admin"), 403, "PERMISSION_DENIED")
    sandbox.fault("external_access_off")
    answer = vend(sandbox, "shop.aampe.users")
    refused(answer, 401, "UNAUTHENTICATED")
    assert info(answer)["reason"] == "UNITY_CATALOG_EXTERNAL_GENERATE_TABLE_CREDENTIALS_DENIED"
    assert sandbox.get(UC + "/metastore_summary").json["external_access_enabled"] is False
    path = UC + "/metastores/" + sandbox.ready["metastore_id"]
    assert call(sandbox, "PATCH", path, {"external_access_enabled": True}).json["external_access_enabled"] is True
    refused(vend(sandbox, "shop.aampe.users"), 403, "PERMISSION_DENIED")


def test_vending_with_the_privilege(sandbox):
    for schema in ("shop.aampe", "shop.crm"):
        sandbox.command("grant", sandbox.ready["client_id"], "EXTERNAL_USE_SCHEMA", schema)
    given = vend(sandbox, "shop.aampe.users").json
    assert given["url"].startswith("s3://") and set(given["aws_temp_credentials"]) == {
        "access_key_id", "secret_access_key", "session_token"}
    refused(vend(sandbox, "shop.aampe.v_active_users"), 400, "INVALID_PARAMETER_VALUE")
    sandbox.command("grant", sandbox.ready["client_id"], "SELECT", "shop.crm.customers_masked")
    refused(vend(sandbox, "shop.crm.customers_masked"), 400, "INVALID_PARAMETER_VALUE")
    sandbox.command("revoke", sandbox.ready["client_id"], "SELECT", "shop.crm.customers_masked")
    refused(vend(sandbox, "shop.hr.employees"), 403, "PERMISSION_DENIED")
    refused(vend(sandbox, "shop.aampe.users", "READ_WRITE"), 403, "PERMISSION_DENIED")
    refused(vend(sandbox, "shop.aampe.users", "LOOK"), 400, "INVALID_PARAMETER_VALUE")
    refused(call(sandbox, "POST", VEND, {"table_id": "moon", "operation": "READ"}), 404, "TABLE_DOES_NOT_EXIST")
    for schema in ("shop.aampe", "shop.crm"):
        sandbox.command("revoke", sandbox.ready["client_id"], "EXTERNAL_USE_SCHEMA", schema)


def test_invisible_objects_are_forbidden_or_absent(sandbox):
    refused(sandbox.get(UC + "/tables/shop.hr.employees"), 403, "PERMISSION_DENIED")
    sandbox.command("set", "invisible_status=404")
    answer = sandbox.get(UC + "/tables/shop.hr.employees")
    sandbox.command("set", "invisible_status=403")
    refused(answer, 404, "TABLE_DOES_NOT_EXIST")
    assert sandbox.get(UC + "/tables/shop.aampe.users").status == 200


def test_storage_is_empty(sandbox):
    assert sandbox.get(UC + "/storage-credentials").json == {}
    assert sandbox.get(UC + "/external-locations", max_results=0).json == {}
    refused(sandbox.get(UC + "/storage-credentials/x"), 404, "STORAGE_CREDENTIAL_DOES_NOT_EXIST")
    refused(sandbox.get(UC + "/external-locations/x"), 404, "EXTERNAL_LOCATION_DOES_NOT_EXIST")


def test_feature_flags(sandbox):
    answer = sandbox.get("/api/2.0/connector-service/feature-flags/PYTHON/4.1.0").json
    assert answer["ttl_seconds"] == 900 and all(set(flag) == {"name", "value"} for flag in answer["flags"])


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
