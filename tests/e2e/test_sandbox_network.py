"""IP access lists of aampe-sandbox and what they let in; catalogs bound to workspaces; credentials for tables."""
import pathlib
import sys
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sandbox_client import Sandbox  # noqa: E402

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


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
