"""Who gets in to aampe-sandbox, as whom and how far: networks, accounts, entitlements, warehouses, bindings; and the
faults that are such a state."""
import pathlib
import sys
import time
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sandbox_client import SQL, UC, Sandbox  # noqa: E402

ME = "/api/2.0/preview/scim/v2/Me"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ONE = "SELECT count(*) FROM shop.aampe.products"


@pytest.fixture(scope="module")
def shared():
    with Sandbox("--rows", "500") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared):
    shared.fault("clear")
    shared.tokens.clear()
    yield shared
    shared.fault("clear")


def sign_in(sandbox):
    return sandbox.token_request({"grant_type": "client_credentials"},
                                 (sandbox.ready["client_id"], sandbox.ready["client_secret"]))


def works(sandbox):
    """What everybody relies on when no fault is on."""
    assert sign_in(sandbox).status == 200
    assert sandbox.get(ME).status == 200
    assert sandbox.get(UC + "/metastore_summary").status == 200
    assert sandbox.get(UC + "/catalogs/shop").status == 200
    assert sandbox.statement(ONE).json["status"]["state"] == "SUCCEEDED"


# --- faults that are a state ---------------------------------------------------------------------------------

def test_ip_blocked_names_caller_and_workspace(sandbox):
    token = sandbox.token()
    sandbox.fault("ip_blocked")
    text = f"Source IP address: 127.0.0.1 is blocked by Databricks IP ACL for workspace: {sandbox.ready['workspace_id']}"
    for answer in (sign_in(sandbox), sandbox.request("GET", ME, token=token),
                   sandbox.request("POST", SQL + "/statements", {}, token=token)):
        assert answer.status == 403 and answer.json == {"error_code": 403, "message": text}
        assert answer.headers["x-databricks-reason-phrase"] == text
    assert sandbox.request("GET", ME, token=token, headers={"X-Forwarded-For": "192.0.2.9"}).status == 200
    sandbox.fault("clear", "ip_blocked")
    works(sandbox)


def test_ip_blocked_forms(sandbox):
    token = sandbox.token()
    sandbox.fault("ip_blocked", "ip=192.0.2.77")
    assert "192.0.2.77 is blocked" in sandbox.request("GET", ME, token=token).json["message"]
    sandbox.command("set", "ip_blocked_body=1")
    plain = sandbox.request("GET", ME, token=token)
    assert plain.headers["content-type"].startswith("text/plain") and b"192.0.2.77" in plain.body
    sandbox.command("set", "ip_blocked_body=2")
    assert sandbox.request("GET", ME, token=token).json["error_code"] == "PERMISSION_DENIED"
    sandbox.command("set", "ip_blocked_body=0")
    sandbox.fault("clear")
    works(sandbox)


def test_ip_blocked_for_one_principal(sandbox):
    sandbox.fault("ip_blocked", "principal=" + sandbox.ready["client_id"])
    assert "198.51.100.7" in sign_in(sandbox).json["message"]
    assert sandbox.get(ME, "observer").status == 200 and sandbox.get(ME, "admin").status == 200
    sandbox.command("fault", "ip_blocked", "ip=nowhere", code=2)


@pytest.mark.parametrize("words", [(), ("mode=redirect",)])
def test_private_link_leads_to_the_login_page(sandbox, words):
    token = sandbox.token()
    sandbox.fault("private_link", *words)
    for answer in (sign_in(sandbox), sandbox.request("GET", ME, token=token)):
        assert answer.status == 302
        assert answer.headers["location"] == "/login.html?error=private-link-validation-error"
    page = sandbox.request("GET", "/login.html?error=private-link-validation-error")
    assert page.status == 200 and page.headers["content-type"].startswith("text/html")
    sandbox.fault("clear")
    works(sandbox)


def test_private_link_in_words(sandbox):
    token = sandbox.token()
    sandbox.fault("private_link", "mode=text")
    answer = sandbox.request("GET", ME, token=token)
    assert answer.status == 403 and answer.json["error_code"] == 403
    assert "Unauthorized network access to workspace" in answer.json["message"]
    sandbox.command("fault", "private_link", "mode=loud", code=2)
    sandbox.command("fault", "private_link", "nth=3", code=2)


@pytest.mark.parametrize("kind, message", [("not_assigned", "Unauthorized access to Org: "),
                                           ("sp_disabled", "User is inactive.")])
def test_principal_out(sandbox, kind, message):
    token = sandbox.token()
    sandbox.fault(kind)
    refused = sign_in(sandbox)
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    assert sandbox.request("GET", ME, token=token).status == 403
    assert sandbox.get(ME, "observer").status == 200
    sandbox.fault("clear", kind)
    works(sandbox)
    sandbox.fault(kind, "mode=api")
    fresh = sign_in(sandbox)
    assert fresh.status == 200
    answer = sandbox.request("GET", ME, token=fresh.json["access_token"])
    assert answer.status == 403 and answer.json["error_code"] == 403
    assert answer.json["message"].startswith(message)
    sandbox.fault("clear", kind)
    works(sandbox)


def test_no_entitlement(sandbox):
    sandbox.fault("no_entitlement")
    assert {"value": "databricks-sql-access"} not in sandbox.get(ME).json.get("entitlements", [])
    for answer in (sandbox.statement(ONE), sandbox.get(SQL + "/warehouses"),
                   sandbox.get(f"{SQL}/warehouses/{sandbox.ready['warehouse_id']}"),
                   sandbox.request("POST", SQL + "/sessions", {"warehouse_id": sandbox.ready["warehouse_id"]},
                                   token=sandbox.token())):
        assert answer.status == 403 and answer.json["error_code"] == "PERMISSION_DENIED"
        assert "databricks-sql-access" in answer.json["message"]
    assert sandbox.get(UC + "/catalogs").status == 200
    sandbox.fault("clear")
    works(sandbox)


def test_no_can_use(sandbox):
    ready = sandbox.ready
    sandbox.fault("no_can_use", "warehouse=" + ready["warehouse_id"])
    answer = sandbox.statement(ONE)
    assert answer.status == 403 and answer.json["error_code"] == "PERMISSION_DENIED"
    ids = [w["id"] for w in sandbox.get(SQL + "/warehouses").json["warehouses"]]
    assert ids == [ready["warehouse_stopped_id"]]
    assert sandbox.statement("SELECT 1", "admin").json["status"]["state"] == "SUCCEEDED"
    sandbox.fault("clear")
    works(sandbox)


def test_warehouse_missing(sandbox):
    sandbox.fault("warehouse_missing")
    for answer in (sandbox.statement(ONE), sandbox.get(f"{SQL}/warehouses/{sandbox.ready['warehouse_id']}")):
        assert answer.status == 404 and answer.json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert sandbox.get(SQL + "/warehouses").json == {}
    sandbox.command("fault", "warehouse_missing", "warehouse=0123456789abcdef", code=2)
    sandbox.fault("clear")
    works(sandbox)


def test_warehouse_failed(sandbox):
    warehouse = sandbox.ready["warehouse_id"]
    sandbox.fault("warehouse_failed", "warehouse=" + warehouse, "seconds=0", "reason=QUOTA_EXCEEDED")
    seen = sandbox.get(f"{SQL}/warehouses/{warehouse}").json
    assert seen["state"] == "STOPPED" and seen["health"]["status"] == "FAILED"
    assert seen["health"]["failure_reason"] == {"code": "QUOTA_EXCEEDED", "type": "CLOUD_FAILURE", "parameters": {}}
    status = sandbox.statement(ONE).json["status"]
    assert status["state"] == "FAILED" and "QUOTA_EXCEEDED" in status["error"]["message"]
    sandbox.fault("clear")
    works(sandbox)
    sandbox.fault("warehouse_failed", "warehouse=" + warehouse, "seconds=0", "mode=retries")
    assert sandbox.statement(ONE, wait_timeout="5s").json["status"]["state"] == "PENDING"
    seen = sandbox.get(f"{SQL}/warehouses/{warehouse}").json
    assert seen["state"] == "STARTING" and seen["health"]["status"] == "FAILED"
    sandbox.fault("clear")
    works(sandbox)


def test_warehouse_queued(sandbox):
    sandbox.fault("warehouse_queued", "seconds=600")
    waiting = sandbox.statement(ONE, wait_timeout="0s").json
    assert sandbox.get(f"{SQL}/warehouses/{sandbox.ready['warehouse_id']}").json["state"] == "RUNNING"
    assert sandbox.statement(ONE, wait_timeout="5s").json["status"]["state"] == "PENDING"
    sandbox.clock(601)
    wait_for_state(sandbox, waiting["statement_id"], "SUCCEEDED")
    sandbox.tokens.clear()
    works(sandbox)


def wait_for_state(sandbox, statement, state):
    for _ in range(200):
        if sandbox.get(f"{SQL}/statements/{statement}").json["status"]["state"] == state:
            return
        time.sleep(0.05)
    raise AssertionError(f"{statement} never was {state}")


def test_catalog_unbound(sandbox):
    sandbox.fault("catalog_unbound", "catalog=shop")
    text = "Catalog 'shop' is not accessible in current workspace"
    for path in ("/catalogs/shop", "/schemas?catalog_name=shop", "/tables/shop.aampe.products"):
        answer = sandbox.get(UC + path)
        assert (answer.status, answer.json["error_code"], answer.json["message"]) == (403, "PERMISSION_DENIED", text)
    assert "shop" not in [c["name"] for c in sandbox.get(UC + "/catalogs", "admin").json.get("catalogs", [])]
    unbound = sandbox.get(UC + "/catalogs", "admin", include_unbound="true").json["catalogs"]
    assert [c["isolation_mode"] for c in unbound if c["name"] == "shop"] == ["ISOLATED"]
    status = sandbox.statement(ONE).json["status"]
    assert status["state"] == "FAILED" and text in status["error"]["message"]
    sandbox.fault("clear")
    works(sandbox)


def test_no_metastore(sandbox):
    sandbox.fault("no_metastore")
    for path in ("/metastore_summary", "/current-metastore-assignment", "/catalogs"):
        answer = sandbox.get(UC + path)
        assert (answer.status, answer.json["error_code"]) == (404, "METASTORE_DOES_NOT_EXIST")
    status = sandbox.statement(ONE).json["status"]
    assert status["state"] == "FAILED" and "UC_NOT_ENABLED" in status["error"]["message"]
    assert sandbox.statement("SELECT * FROM hive_metastore.legacy.users_old LIMIT 1").json["status"]["state"] == "SUCCEEDED"
    sandbox.fault("clear")
    sandbox.fault("no_metastore", "mode=tier")
    answer = sandbox.get(UC + "/catalogs")
    assert answer.status == 400 and answer.json["error_code"] == "FEATURE_DISABLED"
    sandbox.fault("clear")
    works(sandbox)


def test_account_host(sandbox):
    token = sandbox.token()
    sandbox.fault("account_host")
    refused = sign_in(sandbox)
    assert refused.status == 404 and refused.headers["content-type"].startswith("text/html")
    assert sandbox.request("GET", ME, token=token).json["error_code"] == "ENDPOINT_NOT_FOUND"
    config = sandbox.request("GET", "/.well-known/databricks-config").json
    assert config["host_type"] == "account" and "workspace_id" not in config
    assert config["oidc_endpoint"].endswith("/oidc/accounts/{account_id}")
    sandbox.fault("clear")
    works(sandbox)


def test_unified_host(sandbox):
    sandbox.command("set", "host_type=2")
    config = sandbox.request("GET", "/.well-known/databricks-config").json
    assert config["host_type"] == "unified" and config["workspace_id"] == sandbox.ready["workspace_id"]
    works(sandbox)
    sandbox.fault("account_host")
    sandbox.fault("clear")
    assert sandbox.request("GET", "/.well-known/databricks-config").json["host_type"] == "unified"
    sandbox.command("set", "host_type=0")


def test_states_put_back_what_was(sandbox):
    """Twice the same one, cleared together."""
    for kind in ("no_can_use", "no_entitlement", "catalog_unbound", "warehouse_failed", "ip_blocked"):
        sandbox.fault(kind)
        sandbox.fault(kind)
        sandbox.fault("clear", kind)
        sandbox.tokens.clear()
        works(sandbox)


# --- OAuth of workspace and account ----------------------------------------------------------------------------

def account_token(sandbox, who="client", scope="all-apis"):
    body = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": scope,
                                   "client_id": sandbox.ready[who + "_id"],
                                   "client_secret": sandbox.ready[who + "_secret"]})
    return sandbox.request("POST", f"/oidc/accounts/{sandbox.ready['account_id']}/v1/token", body, FORM)


def test_account_oauth(sandbox):
    account = sandbox.ready["account_id"]
    root = f"{sandbox.ready['address']}/oidc/accounts/{account}"
    found = sandbox.request("GET", f"/oidc/accounts/{account}/.well-known/oauth-authorization-server")
    assert found.json["issuer"] == root and found.json["token_endpoint"] == root + "/v1/token"
    assert b"\\/v1\\/token" in found.body
    assert sandbox.request("GET", "/oidc/accounts/nobody/.well-known/openid-configuration").status == 404
    answer = account_token(sandbox)
    assert answer.status == 200 and "x-databricks-org-id" not in answer.headers
    assert sandbox.request("GET", ME, token=answer.json["access_token"]).status == 200
    other = sandbox.request("POST", "/oidc/accounts/nobody/v1/token", "grant_type=client_credentials", FORM)
    assert (other.status, other.json["error"]) == (400, "invalid_request")


def test_who_is_not_of_the_workspace_still_has_the_account(sandbox):
    sandbox.fault("not_assigned")
    answer = account_token(sandbox)
    assert answer.status == 200
    refused = sandbox.request("GET", ME, token=answer.json["access_token"])
    assert refused.status == 403 and refused.json["message"].startswith("Unauthorized access to Org: ")


def test_malformed_token_requests(sandbox):
    bare = sandbox.request("POST", "/oidc/v1/token", "{}", {"Content-Type": "application/json"})
    assert bare.status == 400 and bare.body == b""
    empty = sandbox.request("POST", "/oidc/v1/token", "", FORM)
    assert (empty.status, empty.json["error"]) == (400, "invalid_request")
    sandbox.command("set", "client_status=400")
    wrong = sandbox.token_request({"grant_type": "client_credentials"}, ("nobody", "nothing"))
    sandbox.command("set", "client_status=401")
    assert (wrong.status, wrong.json["error"]) == (400, "invalid_client")


def test_scope_limits_a_token(sandbox):
    ready = sandbox.ready
    token = sandbox.token_request({"grant_type": "client_credentials", "scope": "sql"},
                                  (ready["client_id"], ready["client_secret"])).json
    assert token["scope"] == "sql"
    assert sandbox.request("GET", SQL + "/warehouses", token=token["access_token"]).status == 200
    refused = sandbox.request("GET", ME, token=token["access_token"])
    assert refused.status == 403 and refused.json["error_code"] == 403
    assert "required scopes" in refused.json["message"]


def test_introspect(sandbox):
    scope = sandbox.get("/api/2.0/tokens/introspect").json["principal_context"]["authentication_scope"]
    assert scope == {"account_id": sandbox.ready["account_id"], "workspace_id": int(sandbox.ready["workspace_id"])}


# --- SCIM ----------------------------------------------------------------------------------------------------

SCIM = "/api/2.0/preview/scim/v2/"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def call(sandbox, method, path, body=None, who="admin"):
    return sandbox.request(method, path, body, token=sandbox.token(who))


def patch(sandbox, path, *operations, who="admin"):
    return call(sandbox, "PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)}, who)


def create(sandbox, kind, **fields):
    answer = call(sandbox, "POST", SCIM + kind, fields)
    assert answer.status == 201, answer.body
    return answer.json


def refused(answer, status, scim_type=None):
    assert answer.status == status, answer.body
    assert answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert answer.json["status"] == str(status) and answer.json["detail"]
    assert answer.json.get("scimType") == scim_type


def test_service_principal_life(sandbox):
    made = create(sandbox, "ServicePrincipals", displayName="exporter",
                  entitlements=[{"value": "databricks-sql-access"}])
    path = SCIM + "ServicePrincipals/" + made["id"]
    assert made["active"] and made["entitlements"] == [{"value": "databricks-sql-access"}]
    assert len(made["applicationId"]) == 36 and made["id"].isdigit()
    assert call(sandbox, "GET", path).json == made
    changed = patch(sandbox, path, {"op": "Replace", "path": "active", "value": "False"},
                    {"op": "add", "path": "entitlements", "value": [{"value": "workspace-access"}]},
                    {"op": "remove", "path": 'entitlements[value eq "databricks-sql-access"]'}).json
    assert changed["active"] is False and changed["entitlements"] == [{"value": "workspace-access"}]
    refused(patch(sandbox, path, {"op": "replace", "path": "active", "value": True},
                  {"op": "add", "path": "entitlements", "value": [{"value": "moon"}]}), 400, "invalidValue")
    assert call(sandbox, "GET", path).json["active"] is False, "a PATCH happens wholly or not at all"
    put = call(sandbox, "PUT", path, {"displayName": "exporter 2", "active": True, "externalId": "x-1"}).json
    assert put["displayName"] == "exporter 2" and put["externalId"] == "x-1" and "entitlements" not in put
    assert call(sandbox, "DELETE", path).status == 204
    refused(call(sandbox, "GET", path), 404)


def test_deactivated_by_scim(sandbox):
    """The same state as the fault sp_disabled."""
    token = sandbox.token()
    path = SCIM + "ServicePrincipals/" + sandbox.ready["principal_id"]
    assert patch(sandbox, path, {"op": "replace", "path": "active", "value": False}).status == 200
    assert sign_in(sandbox).json["error"] == "invalid_client"
    assert sandbox.request("GET", ME, token=token).json["message"] == "User is inactive."
    assert patch(sandbox, path, {"op": "replace", "value": {"active": True}}).status == 200
    works(sandbox)


@pytest.mark.parametrize("text, names", [
    ('displayName eq "aampe-reader"', ["aampe-reader"]), ('displayName eq "AAMPE-READER"', ["aampe-reader"]),
    ('displayName co "ampe-o"', ["aampe-observer"]), ('displayName sw "aampe-"', ["aampe-observer", "aampe-reader"]),
    ('displayName ne "aampe-reader"', ["aampe-observer"]),
    ('displayName eq "aampe-reader" or displayName eq "aampe-observer"', ["aampe-observer", "aampe-reader"]),
    ('displayName sw "aampe-" and not (displayName co "read")', ["aampe-observer"]),
    ('active eq true and groups.display eq "aampe_reader"', ["aampe-reader"]),
    ('entitlements.value eq "allow-cluster-create"', []), ('externalId pr', []),
])
def test_scim_filters(sandbox, text, names):
    answer = sandbox.get(SCIM + "ServicePrincipals", filter=text, sortBy="displayName")
    assert [r["displayName"] for r in answer.json.get("Resources", [])] == names
    assert answer.json["totalResults"] == len(names) and ("Resources" in answer.json) == bool(names)


@pytest.mark.parametrize("text", ["displayName", 'displayName like "x"', 'colour eq "red"', 'displayName eq "x',
                                  '(displayName eq "x"', 'displayName eq "x" and', "(" * 40 + 'id eq "1"' + ")" * 40])
def test_scim_filters_that_are_none(sandbox, text):
    refused(sandbox.get(SCIM + "ServicePrincipals", filter=text), 400, "invalidFilter")


def test_scim_list_windows_and_attributes(sandbox):
    every = sandbox.get(SCIM + "Groups", sortBy="displayName").json
    assert every["totalResults"] == every["itemsPerPage"] == len(every["Resources"]) >= 6
    second = sandbox.get(SCIM + "Groups", sortBy="displayName", startIndex=2, count=2).json
    assert second["Resources"] == every["Resources"][1:3] and second["totalResults"] == every["totalResults"]
    last = sandbox.get(SCIM + "Groups", sortBy="displayName", sortOrder="descending", count=1).json
    assert last["Resources"] == [every["Resources"][-1]]
    few = sandbox.get(SCIM + "Groups", attributes="displayName,members.value").json["Resources"]
    assert all(set(r) <= {"id", "schemas", "displayName", "members"} for r in few)
    without = sandbox.get(SCIM + "Groups", excludedAttributes="members").json["Resources"]
    assert all("members" not in r for r in without)
    assert "Resources" not in sandbox.get(SCIM + "Groups", count=0).json


def test_group_life(sandbox):
    reader = sandbox.ready["principal_id"]
    made = create(sandbox, "Groups", displayName="exporters", members=[{"value": reader}])
    path = SCIM + "Groups/" + made["id"]
    assert [m["display"] for m in made["members"]] == ["aampe-reader"]
    assert made["members"][0]["$ref"] == "ServicePrincipals/" + reader
    assert "exporters" in [g["display"] for g in sandbox.get(ME).json["groups"]]
    refused(call(sandbox, "POST", SCIM + "Groups", {"displayName": "Exporters"}), 409, "uniqueness")
    grant = {"changes": [{"principal": "exporters", "add": ["SELECT"]}]}
    hr = UC + "/permissions/table/shop.hr.employees"
    assert call(sandbox, "PATCH", hr, grant).status == 200
    renamed = patch(sandbox, path, {"op": "replace", "path": "displayName", "value": "shippers"})
    assert renamed.json["displayName"] == "shippers"
    assert [a["principal"] for a in call(sandbox, "GET", hr).json["privilege_assignments"]] == ["shippers"]
    gone = patch(sandbox, path, {"op": "remove", "path": f'members[value eq "{reader}"]'}).json
    assert "members" not in gone
    refused(patch(sandbox, path, {"op": "add", "path": "members", "value": [{"value": "12345"}]}), 404)
    # no group is in itself, nor by way of another
    inner = create(sandbox, "Groups", displayName="packers")
    assert patch(sandbox, path, {"op": "add", "path": "members", "value": [{"value": inner["id"]}]}).status == 200
    for target, member in ((path, made["id"]), (SCIM + "Groups/" + inner["id"], made["id"])):
        refused(patch(sandbox, target, {"op": "add", "path": "members", "value": [{"value": member}]}), 400, "invalidValue")
    assert call(sandbox, "DELETE", SCIM + "Groups/" + inner["id"]).status == 204
    assert call(sandbox, "DELETE", path).status == 204
    assert "shippers" not in [g["display"] for g in sandbox.get(ME).json["groups"]]
    call(sandbox, "PATCH", hr, {"changes": [{"principal": "shippers", "remove": ["SELECT"]}]})


def test_group_gives_entitlement_and_admin(sandbox):
    made = create(sandbox, "Groups", displayName="sql people", entitlements=[{"value": "databricks-sql-access"}],
                  members=[{"value": sandbox.ready["principal_id"]}])
    sandbox.fault("no_entitlement")
    assert sandbox.statement(ONE).json["status"]["state"] == "SUCCEEDED"
    call(sandbox, "DELETE", SCIM + "Groups/" + made["id"])
    assert sandbox.statement(ONE).status == 403
    sandbox.fault("clear")
    refused(call(sandbox, "POST", SCIM + "Groups", {"displayName": "mine"}, "client"), 403)
    admins = sandbox.get(SCIM + "Groups", filter='displayName eq "admins"').json["Resources"][0]
    join = {"op": "add", "path": "members", "value": [{"value": sandbox.ready["principal_id"]}]}
    assert patch(sandbox, SCIM + "Groups/" + admins["id"], join).status == 200
    mine = call(sandbox, "POST", SCIM + "Groups", {"displayName": "mine"}, "client")
    assert mine.status == 201
    # an admin by the group sees everybody's statements
    asked = sandbox.statement("SELECT 'by the admin'", "admin").json["statement_id"]
    assert asked in [one["query_id"] for one in sandbox.get("/api/2.0/sql/history/queries").json["res"]]
    leave = {"op": "remove", "path": f'members[value eq "{sandbox.ready["principal_id"]}"]'}
    assert patch(sandbox, SCIM + "Groups/" + admins["id"], leave).status == 200
    refused(call(sandbox, "DELETE", SCIM + "Groups/" + mine.json["id"], who="client"), 403)
    assert call(sandbox, "DELETE", SCIM + "Groups/" + mine.json["id"]).status == 204
    refused(call(sandbox, "DELETE", SCIM + "Groups/" + admins["id"]), 403)


def test_everybody_is_in_the_group_users(sandbox):
    me = sandbox.ready["principal_id"]
    group, = sandbox.get(SCIM + "Groups", filter='displayName eq "users"').json["Resources"]
    path = SCIM + "Groups/" + group["id"]
    assert me in [one["value"] for one in group["members"]] and "groups" not in group
    assert ("users", "direct") in [(one["display"], one["type"]) for one in sandbox.get(ME).json["groups"]]
    for change in ({"op": "remove", "path": f'members[value eq "{me}"]'},
                   {"op": "replace", "path": "displayName", "value": "all"}):
        refused(patch(sandbox, path, change), 403)
    refused(call(sandbox, "DELETE", path), 403)
    # a warehouse is opened to it; the catalog knows the account's groups alone
    access = "/api/2.0/permissions/warehouses/" + sandbox.ready["warehouse_id"]
    before = call(sandbox, "GET", access).json["access_control_list"]
    assert call(sandbox, "PUT", access, {"access_control_list": []}).status == 200
    assert sandbox.statement(ONE).status == 403
    assert call(sandbox, "PATCH", access, {"access_control_list": [
        {"group_name": "users", "permission_level": "CAN_USE"}]}).status == 200
    assert sandbox.statement(ONE).json["status"]["state"] == "SUCCEEDED"
    back = [{key: one[key] for key in ("user_name", "service_principal_name", "group_name") if key in one} |
            {"permission_level": one["all_permissions"][0]["permission_level"]}
            for one in before if not one["all_permissions"][0]["inherited"]]
    assert call(sandbox, "PUT", access, {"access_control_list": back}).json["access_control_list"] == before
    for name in ("users", "admins"):
        answer = call(sandbox, "PATCH", UC + "/permissions/catalog/shop", {"changes": [{"principal": name, "add": ["BROWSE"]}]})
        assert (answer.status, answer.json["error_code"]) == (404, "PRINCIPAL_DOES_NOT_EXIST")


@pytest.mark.parametrize("path, body", [
    ("/api/2.0/permissions/warehouses/{}", {"access_control_list": {"group_name": "users", "permission_level": "CAN_USE"}}),
    (UC + "/permissions/catalog/shop", {"changes": "x"}),
    (UC + "/permissions/catalog/shop", {"changes": [{"principal": "crm-team", "add": "BROWSE"}]}),
    (UC + "/bindings/catalog/shop", {"add": {"workspace_id": 5}}),
])
def test_what_is_no_list_is_not_taken_for_an_empty_one(sandbox, path, body):
    answer = call(sandbox, "PATCH", path.format(sandbox.ready["warehouse_id"]), body)
    assert (answer.status, answer.json["error_code"]) == (400, "MALFORMED_REQUEST")


def test_users(sandbox):
    users = sandbox.get(SCIM + "Users", filter='userName eq "admin@sandbox.example"').json["Resources"]
    assert users[0]["emails"][0]["value"] == "admin@sandbox.example"
    assert call(sandbox, "GET", SCIM + "Users/" + users[0]["id"]).json["id"] == users[0]["id"]
    refused(call(sandbox, "GET", SCIM + "Users/" + sandbox.ready["principal_id"]), 404)


def test_broken_scim_bodies(sandbox):
    path = SCIM + "ServicePrincipals/" + sandbox.ready["principal_id"]
    refused(call(sandbox, "PATCH", path, "{"), 400, "invalidSyntax")
    refused(patch(sandbox, path), 400, "invalidSyntax")
    refused(patch(sandbox, path, {"op": "move", "path": "active"}), 400, "invalidSyntax")
    refused(patch(sandbox, path, {"op": "replace", "path": "moon", "value": 1}), 400, "invalidPath")
    refused(patch(sandbox, path, {"op": "remove"}), 400, "noTarget")
    refused(patch(sandbox, path, {"op": "replace", "path": "active", "value": "maybe"}), 400, "invalidValue")
    works(sandbox)


def test_account_scim(sandbox):
    ready = sandbox.ready
    base = f"/api/2.0/accounts/{ready['account_id']}/scim/v2/"
    assert call(sandbox, "GET", base + "ServicePrincipals").status == 401, "a workspace's token is none of the account"
    token = account_token(sandbox).json["access_token"]
    refused(sandbox.request("GET", base + "ServicePrincipals", token=token), 403)
    sandbox.command("grant", ready["client_id"], "ACCOUNT_ADMIN", "account")
    made = sandbox.request("POST", base + "ServicePrincipals", {"displayName": "elsewhere"}, token=token)
    assert made.status == 201 and made.json["account_id"] == ready["account_id"]
    assert "entitlements" not in made.json and "groups" not in made.json
    refused(call(sandbox, "GET", SCIM + "ServicePrincipals/" + made.json["id"]), 404)
    names = [r["displayName"] for r in sandbox.request("GET", base + "ServicePrincipals", token=token).json["Resources"]]
    assert "elsewhere" in names and "aampe-reader" in names
    promoted = sandbox.request("PATCH", base + "ServicePrincipals/" + made.json["id"],
                               {"Operations": [{"op": "add", "path": "roles", "value": [{"value": "account_admin"}]}]},
                               token=token)
    assert promoted.json["roles"] == [{"value": "account_admin"}]
    refused(sandbox.request("GET", "/api/2.0/accounts/nobody/scim/v2/Groups", token=token), 404)
    assert sandbox.request("DELETE", base + "ServicePrincipals/" + made.json["id"], token=token).status == 204
    sandbox.command("revoke", ready["client_id"], "ACCOUNT_ADMIN", "account")
    works(sandbox)


# --- secrets ---------------------------------------------------------------------------------------------------

def proxy(principal):
    return f"/api/2.0/accounts/servicePrincipals/{principal}/credentials/secrets"


def test_secret_life_by_the_proxy(sandbox):
    made = create(sandbox, "ServicePrincipals", displayName="keyed")
    path = proxy(made["id"])
    assert call(sandbox, "GET", path).json == {}, "empty lists are left out"
    secret = call(sandbox, "POST", path, {"lifetime": "3600s"})
    assert secret.status == 200 and secret.json["secret"].startswith("dose") and secret.json["status"] == "ACTIVE"
    listed = call(sandbox, "GET", path).json["secrets"]
    assert listed == [{k: v for k, v in secret.json.items() if k != "secret"}]
    basic = (made["applicationId"], secret.json["secret"])
    assert sandbox.token_request({"grant_type": "client_credentials"}, basic).status == 200
    assert call(sandbox, "DELETE", path + "/" + secret.json["id"]).status == 200
    assert sandbox.token_request({"grant_type": "client_credentials"}, basic).json["error"] == "invalid_client"
    gone = call(sandbox, "DELETE", path + "/" + secret.json["id"])
    assert (gone.status, gone.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    call(sandbox, "DELETE", SCIM + "ServicePrincipals/" + made["id"])


def test_five_slots_and_pages(sandbox):
    made = create(sandbox, "ServicePrincipals", displayName="full")
    path = proxy(made["id"])
    ids = [call(sandbox, "POST", path).json["id"] for _ in range(5)]
    for form, (status, code) in enumerate([(400, "QUOTA_EXCEEDED"), (429, "RESOURCE_EXHAUSTED"),
                                           (400, "INVALID_STATE")]):
        sandbox.command("set", f"sixth_secret={form}")
        sixth = call(sandbox, "POST", path, {})
        assert (sixth.status, sixth.json["error_code"]) == (status, code)
    sandbox.command("set", "sixth_secret=0")
    pages = sandbox.pages(path, "secrets", "admin", page_size=2)
    assert [len(page) for page in pages] == [2, 2, 1] and [s["id"] for page in pages for s in page] == ids
    call(sandbox, "DELETE", SCIM + "ServicePrincipals/" + made["id"])


@pytest.mark.parametrize("lifetime", ["63072001s", "0s", "-5s", "soon", "3600", 3600])
def test_lifetimes_that_are_refused(sandbox, lifetime):
    answer = call(sandbox, "POST", proxy(sandbox.ready["observer_principal_id"]), {"lifetime": lifetime})
    assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_who_may_make_secrets(sandbox):
    ready = sandbox.ready
    refused_ = call(sandbox, "POST", proxy(ready["observer_principal_id"]), {}, "client")
    assert (refused_.status, refused_.json["error_code"]) == (403, "PERMISSION_DENIED")
    assert call(sandbox, "GET", proxy(ready["principal_id"]), who="observer").status == 200
    account = f"/api/2.0/accounts/{ready['account_id']}/servicePrincipals/{ready['observer_principal_id']}/credentials/secrets"
    token = account_token(sandbox).json["access_token"]
    assert sandbox.request("POST", account, {}, token=token).status == 403
    sandbox.command("grant", ready["client_id"], "ACCOUNT_ADMIN", "account")
    made = sandbox.request("POST", account, {}, token=token)
    assert made.status == 200
    assert made.json["id"] in [s["id"] for s in sandbox.request("GET", account, token=token).json["secrets"]]
    assert sandbox.request("DELETE", account + "/" + made.json["id"], token=token).status == 200
    sandbox.command("revoke", ready["client_id"], "ACCOUNT_ADMIN", "account")
    sandbox.fault("not_assigned", "principal=" + ready["observer_client_id"])
    assert call(sandbox, "GET", proxy(ready["observer_principal_id"])).status == 404


# --- assignment to the workspace ---------------------------------------------------------------------------------

@pytest.fixture
def account(sandbox):
    """Calls of an account admin (the observer, for the time of a test)."""
    observer = sandbox.ready["observer_client_id"]
    sandbox.command("grant", observer, "ACCOUNT_ADMIN", "account")
    token = account_token(sandbox, "observer_client").json["access_token"]
    yield lambda method, path, body=None: sandbox.request(
        method, f"/api/2.0/accounts/{sandbox.ready['account_id']}{path}", body, token=token)
    sandbox.command("revoke", observer, "ACCOUNT_ADMIN", "account")


def test_workspace_assignment(sandbox, account):
    ready = sandbox.ready
    base = f"/workspaces/{ready['workspace_id']}/permissionassignments"
    mine = base + "/principals/" + ready["principal_id"]
    listed = {a["principal"]["principal_id"]: a for a in account("GET", base).json["permission_assignments"]}
    entry = listed[int(ready["principal_id"])]
    assert entry["permissions"] == ["USER"] and entry["principal"]["service_principal_name"] == ready["client_id"]
    assert account("DELETE", mine).status == 200
    assert sign_in(sandbox).json["error"] == "invalid_client"
    assert account("PUT", mine, {"permissions": ["USER"]}).json["permissions"] == ["USER"]
    works(sandbox)
    assert account("PUT", mine, {"permissions": ["ADMIN"]}).json["permissions"] == ["ADMIN"]
    made = call(sandbox, "POST", SCIM + "Groups", {"displayName": "by the admin"}, "client")
    assert made.status == 201
    assert call(sandbox, "DELETE", SCIM + "Groups/" + made.json["id"], who="client").status == 204
    assert account("PUT", mine, {"permissions": ["KING"]}).json["error_code"] == "INVALID_PARAMETER_VALUE"
    assert account("PUT", mine, {"permissions": ["USER"]}).status == 200
    refused(call(sandbox, "POST", SCIM + "Groups", {"displayName": "mine"}, "client"), 403)
    levels = account("GET", base + "/permissions").json["permissions"]
    assert [p["permission_level"] for p in levels] == ["USER", "ADMIN"]
    assert account("PUT", base + "/principals/77", {"permissions": ["USER"]}).status == 404
    assert account("GET", "/workspaces/77/permissionassignments").status == 404
    works(sandbox)


def test_assignment_is_for_account_admins(sandbox):
    token = account_token(sandbox).json["access_token"]
    path = f"/api/2.0/accounts/{sandbox.ready['account_id']}/workspaces/{sandbox.ready['workspace_id']}/permissionassignments"
    answer = sandbox.request("GET", path, token=token)
    assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED")


# --- warehouses ------------------------------------------------------------------------------------------------

def acl(answer):
    assert answer.status == 200, answer.body
    return {entry.get("service_principal_name") or entry.get("group_name") or entry.get("user_name"):
            entry["all_permissions"][0]["permission_level"] for entry in answer.json["access_control_list"]}


def test_warehouse_permissions(sandbox):
    ready = sandbox.ready
    path = "/api/2.0/permissions/warehouses/" + ready["warehouse_id"]
    before = acl(call(sandbox, "GET", path))
    assert before == {"admins": "CAN_MANAGE", ready["client_id"]: "CAN_USE", ready["observer_client_id"]: "CAN_USE"}
    view = [{"service_principal_name": ready["client_id"], "permission_level": "CAN_VIEW"}]
    assert acl(call(sandbox, "PATCH", path, {"access_control_list": view}))[ready["client_id"]] == "CAN_VIEW"
    assert sandbox.statement(ONE).status == 403
    assert sandbox.get(f"{SQL}/warehouses/{ready['warehouse_id']}").status == 200
    only = [{"service_principal_name": ready["observer_client_id"], "permission_level": "CAN_MANAGE"}]
    assert acl(call(sandbox, "PUT", path, {"access_control_list": only})) == {
        "admins": "CAN_MANAGE", ready["observer_client_id"]: "CAN_MANAGE"}
    assert sandbox.get(f"{SQL}/warehouses/{ready['warehouse_id']}").status == 403
    group = [{"group_name": "aampe_reader", "permission_level": "CAN_USE"}]
    assert acl(call(sandbox, "PATCH", path, {"access_control_list": group}, "observer"))["aampe_reader"] == "CAN_USE"
    assert sandbox.statement(ONE).json["status"]["state"] == "SUCCEEDED", "through the group"
    assert call(sandbox, "PATCH", path, {"access_control_list": view}, "client").status == 403
    back = [{"service_principal_name": name, "permission_level": "CAN_USE"}
            for name in (ready["client_id"], ready["observer_client_id"])]
    assert acl(call(sandbox, "PUT", path, {"access_control_list": back})) == before
    works(sandbox)


@pytest.mark.parametrize("item, status, code", [
    ({"user_name": "nobody@example.com", "permission_level": "CAN_USE"}, 404, "RESOURCE_DOES_NOT_EXIST"),
    ({"group_name": "aampe_reader", "permission_level": "CAN_FLY"}, 400, "INVALID_PARAMETER_VALUE"),
    ({"group_name": "aampe_reader", "permission_level": "IS_OWNER"}, 400, "INVALID_PARAMETER_VALUE"),
    ({"permission_level": "CAN_USE"}, 400, "INVALID_PARAMETER_VALUE"),
])
def test_warehouse_permissions_that_are_refused(sandbox, item, status, code):
    path = "/api/2.0/permissions/warehouses/" + sandbox.ready["warehouse_id"]
    before = acl(call(sandbox, "GET", path))
    good = {"group_name": "aampe_reader", "permission_level": "CAN_USE"}
    answer = call(sandbox, "PATCH", path, {"access_control_list": [good, item]})
    assert (answer.status, answer.json["error_code"]) == (status, code)
    assert acl(call(sandbox, "GET", path)) == before


def test_warehouse_life(sandbox):
    assert call(sandbox, "POST", SQL + "/warehouses", {"name": "mine"}, "client").status == 403
    made = call(sandbox, "POST", SQL + "/warehouses", {"name": "night", "cluster_size": "Small", "auto_stop_mins": 20})
    path = f"{SQL}/warehouses/{made.json['id']}"
    seen = call(sandbox, "GET", path).json
    assert (seen["state"], seen["cluster_size"], seen["auto_stop_mins"]) == ("STARTING", "Small", 20)
    sandbox.clock(10)
    assert call(sandbox, "GET", path).json["state"] == "RUNNING"
    assert call(sandbox, "POST", path + "/edit", {"name": "day", "max_num_clusters": 3}).status == 200
    seen = call(sandbox, "GET", path).json
    assert (seen["name"], seen["max_num_clusters"], seen["cluster_size"]) == ("day", 3, "Small")
    for body in ({"name": "Serverless Starter Warehouse"}, {"auto_stop_mins": 3}, {"cluster_size": "Huge"},
                 {"min_num_clusters": 4, "max_num_clusters": 2}):
        assert call(sandbox, "POST", path + "/edit", body).json["error_code"] == "INVALID_PARAMETER_VALUE"
    assert acl(call(sandbox, "GET", "/api/2.0/permissions/warehouses/" + made.json["id"])) == {
        "admins": "CAN_MANAGE", "admin@sandbox.example": "IS_OWNER"}
    assert call(sandbox, "DELETE", path, who="client").status == 403
    assert call(sandbox, "DELETE", path).status == 200 and call(sandbox, "GET", path).status == 404
    assert [len(page) for page in sandbox.pages(SQL + "/warehouses", "warehouses", "admin", page_size=1)] == [1, 1]


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
