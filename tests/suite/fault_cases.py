"""Faults of the workspace and of the way to it."""

import json
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import fault_lab

book = fault_lab.Book()
sync, healed = book.sync, book.healed
FOREVER = "times=1000000"

# --- tokens and identities ---


@book("SRC_AUTH_CLIENT_INVALID", "secret of somebody else", "token", evidence=("http_status", "remote_code"), short=True,
      cause="secret-wrong")
def secret_wrong(lab):
    scene = lab.own_scene()
    code, _, _ = scene.profile.secret_set("principal", "dose" + "0" * 32)
    assert code in (0, 3, 1, 4), code
    yield scene.fails()
    scene.profile.secret_set("principal", scene.sandbox.info["client_secret"])
    scene.heals()


sync("SRC_TOKEN_EXPIRED", f"expired_token {FOREVER}", "token", evidence=("http_status",))
healed("SRC_TOKEN_EXPIRED", "expired_token times=1", "token")

# --- the service as a whole ---

sync("SRC_RATE_LIMIT", f"rate_limit endpoint=statements {FOREVER}", "workspace", evidence=("http_status", "remote_code"))
healed("SRC_RATE_LIMIT", "rate_limit endpoint=statements times=2", "workspace", seen="status=429")
sync("SRC_UNAVAILABLE", f"unavailable {FOREVER}", "workspace", evidence=("http_status",), short=True)
sync("SRC_UNAVAILABLE", f"server_error endpoint=table {FOREVER}", "workspace", evidence=("http_status",))
healed("SRC_UNAVAILABLE", "unavailable endpoint=poll times=2", "workspace", seen="status=503")
sync("SRC_HOST_WRONG", f"html_login {FOREVER}", "token", evidence=("http_status", "host|message:page"))
sync("SRC_PRIVATE_LINK_ONLY", f"html_login redirect=1 {FOREVER}", "ip list", evidence=("http_status", "host"))
sync("NET_RESET", f"drop {FOREVER}", "tcp", evidence=("host",))
healed("NET_RESET", "drop endpoint=table times=12", "tcp")

# --- warehouse ---


@book("SRC_WH_NOT_FOUND", "warehouse.id of a warehouse that is not there", "warehouse",
      evidence=("http_status", "remote_code"), cause="warehouse-deleted")
def warehouse_missing(lab):
    scene = lab.own_scene()
    scene.profile.ok("config", "set", "warehouse.id", "00000000deadbeef")
    yield scene.fails()
    scene.profile.ok("config", "set", "warehouse.id", scene.sandbox.info["warehouse_id"])
    scene.heals()


sync("SRC_WH_START_DENIED", "start_denied", "warehouse", evidence=("http_status|remote_code|statement_id",))

# --- what the principal may read ---

sync("SRC_PERM_CATALOG", "missing_grant level=catalog", "unity catalog", evidence=("sqlstate|remote_code",),
     cause="grant-catalog")
sync("SRC_PERM_SCHEMA", "missing_grant level=schema", "unity catalog", evidence=("sqlstate|remote_code",),
     cause="grant-schema")
sync("SRC_PERM_TABLE", "missing_grant level=table", "unity catalog", evidence=("sqlstate|remote_code",), short=True,
     cause="grant-table")

# --- results ---

sync("SRC_RESULT_TRUNCATED", "truncated", "result", evidence=("statement_id",))
sync("SRC_CHUNK_GAP", "lie target=manifest.chunks[0].row_offset delta=+1", "result", evidence=("statement_id",), short=True)
sync("SRC_CHUNK_GAP", "doubled_chunk", "result", evidence=("statement_id",))
healed("SRC_CHUNK_GAP", "doubled_chunk times=1", "result")
sync("SRC_ROWCOUNT_MISMATCH", "lie target=link.row_count delta=+1", "result", evidence=("statement_id",))
sync("SRC_CHUNK_CORRUPT", "corrupt_chunk at=100", "result", evidence=("statement_id",))
healed("SRC_CHUNK_CORRUPT", "corrupt_chunk at=100 times=1", "result")
sync("SRC_CHUNK_SHORT", "cut at=1000", "result hosts", evidence=("host",))
healed("SRC_CHUNK_SHORT", "cut at=1000 times=1", "result hosts")
healed("SRC_LINK_EXPIRED", "link_expired times=1", "result hosts")
sync("PROXY_HTML", f"html_login endpoint=link {FOREVER}", "proxy", evidence=("http_status|host",))

# --- accounts, networks, the workspace's own states ---

@book("SRC_TOKEN_ENDPOINT_WRONG", "account_host", "token", evidence=("http_status",), cause="account-address")
def account_address(lab):
    scene = lab.own_scene()
    scene.sandbox.command("fault", "account_host")
    lab.turn(4000)  # a token of the hour before would do for longer
    yield scene.fails()
    scene.sandbox.command("fault", "clear", "account_host")
    lab.turn(30)  # what was refused for good is not asked for again at once
    scene.heals()


sync("SRC_SP_NOT_IN_WORKSPACE", "not_assigned mode=api", "assignment", evidence=("http_status",), cause="not-assigned")
sync("SRC_SP_DISABLED", "sp_disabled mode=api", "assignment", evidence=("http_status",), cause="principal-disabled")
sync("SRC_ENTITLEMENT_SQL", "no_entitlement", "entitlement", evidence=("http_status",), cause="no-entitlement")
sync("SRC_IP_BLOCKED", "ip_blocked ip=198.51.100.7", "ip list", evidence=("http_status", "message:198.51.100.7"), short=True,
     cause="address-not-listed")
sync("SRC_PRIVATE_LINK_ONLY", "private_link mode=redirect", "ip list", evidence=("http_status",))
sync("SRC_PRIVATE_LINK_ONLY", "private_link mode=text", "ip list", evidence=("http_status",), cause="private-link")
sync("SRC_WH_NO_CAN_USE", "no_can_use", "warehouse", evidence=("http_status",), cause="no-can-use")
sync("SRC_WH_NOT_FOUND", "warehouse_missing", "warehouse", evidence=("http_status",))
sync("SRC_WH_START_FAILED", "warehouse_failed", "warehouse", evidence=("statement_id|http_status|remote_code",),
     cause="warehouse-fails")
sync("SRC_WH_QUEUED", "warehouse_queued", "warehouse", evidence=("message:[0-9]+ min",), cause="warehouse-busy")
sync("SRC_CATALOG_UNBOUND", "catalog_unbound catalog=shop", "unity catalog", evidence=("http_status|sqlstate|remote_code",),
     cause="catalog-unbound")
sync("SRC_NOT_FOUND", "no_metastore mode=detached", "unity catalog", evidence=("http_status|remote_code",),
     hint="assign a metastore")
sync("SRC_PERM_VIEW_CHAIN", "view_chain", "unity catalog", scene={"table": "shop.aampe.v_active_users"}, evidence=("sqlstate",),
     cause="view-owner")


@book("SRC_PERM_VIEW_CHAIN", "the owner of a view has no rights of its own", "unity catalog",
      evidence=("sqlstate", "object", "privilege", "owner"), hint="TO `leaver@shop.example`")
def view_owner_gone(lab):
    view, owner = "shop.aampe.v_active_users", "leaver@shop.example"
    scene = lab.own_scene(table=view)
    before = scene.sandbox.call("GET", "/api/2.1/unity-catalog/tables/" + view)["owner"]
    scene.sandbox.call("POST", "/api/2.0/preview/scim/v2/Users", {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": owner})
    scene.sandbox.statement(f"ALTER VIEW {view} OWNER TO `{owner}`")
    # One level after the other: what the hint says, somebody runs, and the next run is one further.
    for count, (privilege, object_) in enumerate((("USE CATALOG", "shop"), ("USE SCHEMA", "shop.aampe"),
                                                  ("SELECT", "shop.aampe.users"))):
        met = scene.fails()
        facts = met.error["evidence"]
        assert (facts["privilege"], facts["object"], facts["owner"]) == (privilege, object_, owner), met.error
        assert met.error["hint"].startswith(f"GRANT {privilege} ON "), met.error
        assert not [item for item in met.show["changed"]["items"] if item["what"] == "grants"], met.show["changed"]
        shown = scene.refused("preview", view).error
        assert (shown["code"], shown["hint"]) == (met.error["code"], met.error["hint"]), shown
        if count == 0:
            yield met
        scene.sandbox.statement(met.error["hint"].rstrip(";"))
    scene.heals()
    # What the principal itself lacks is still its own matter.
    scene.sandbox.command("fault", "missing_grant", "level=catalog")
    ours = scene.fails().error
    assert ours["code"] == "SRC_PERM_CATALOG" and scene.sandbox.info["client_id"] in ours["hint"], ours
    shown = scene.refused("preview", view).error
    assert shown["code"] == "SRC_PERM_CATALOG" and scene.sandbox.info["client_id"] in shown["hint"], shown
    scene.sandbox.command("fault", "clear", "missing_grant")
    scene.heals()
    scene.sandbox.statement(f"ALTER VIEW {view} OWNER TO `{before}`")


# --- statements ---

sync("SRC_STMT_TIMEOUT", "statement_timeout", "warehouse", evidence=("statement_id", "sqlstate|remote_code"), cause="statement-timeout")
sync("SRC_STMT_CANCELED", "statement_canceled", "warehouse", evidence=("statement_id",))
healed("SRC_STMT_CANCELED", "statement_canceled times=1", "warehouse")
sync("SRC_STMT_CLOSED", "statement_closed", "statement", evidence=("statement_id",))
healed("SRC_STMT_CLOSED", "statement_closed times=1", "statement")
sync("SRC_FILES_GONE", "files_gone", "statement", evidence=("statement_id", "remote_code"), short=True)
sync("SRC_TABLE_CHANGED", "table_changed", "statement", evidence=("statement_id", "remote_code|sqlstate"))
healed("SRC_TABLE_CHANGED", "table_changed times=1", "statement")
sync("SRC_SQL_INVALID", ["sql_error", "class=PARSE_SYNTAX_ERROR", "sqlstate=42601",
                         "message=Syntax error at or near 'FROM' (line 1, pos 12)"], "statement", evidence=("statement_id", "sqlstate"),
     fault="sql_error class=PARSE_SYNTAX_ERROR")
sync("SRC_UNCLASSIFIED", ["sql_error", "class=NOBODY_HAS_SEEN_THIS", "sqlstate=ZZ999", "message=something new"], "statement",
     evidence=("statement_id", "remote_code"), fault="sql_error of a class nobody has described")
sync("SRC_UNCLASSIFIED", f"unknown_error endpoint=table {FOREVER}", "workspace", evidence=("http_status", "remote_code"), short=True)
sync("SRC_PERM_DENIED", f"numeric_error endpoint=chunk status=403 message=no {FOREVER}", "workspace", evidence=("http_status",))
sync("SRC_RESULT_INLINE_LIMIT", ["sql_error", "disposition=INLINE", "error_code=BAD_REQUEST", "class=", "sqlstate=",
                                 "message=Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result"
                                 " size of at most 26214400 bytes."], "statement", evidence=("statement_id",),
     fault="sql_error disposition=INLINE: over 25 MiB")

# --- results and where they lie ---

sync("SRC_LINK_FORBIDDEN", f"link_forbidden {FOREVER}", "result hosts", evidence=("http_status",), short=True,
     cause="storage-firewall")
sync("SRC_LINK_EXPIRED", f"link_expired {FOREVER}", "result hosts", evidence=("http_status",))
sync("SRC_LINK_HOST_UNREACHABLE", f"link_host {FOREVER}", "result hosts", evidence=("host",), cause="result-host-closed")
sync("SEC_HOST_REFUSED", f"link_host host=10.11.12.13 {FOREVER}", "result hosts", evidence=("host|message:10.11.12.13",))
sync("SEC_REDIRECT_REFUSED", f"redirect to=https://elsewhere.example/ {FOREVER}", "token", evidence=("http_status", "host"),
     short=True)


# --- what the doctor or a question finds before a run does ---

def doctored(code, layer, fault, break_it, mend, settings=None, **more):
    """A layer of the doctor that says the code; with the fault gone it is well again."""
    def run(lab):
        scene = lab.own_scene(**(settings or {}))
        undo = break_it(scene)
        yield fault_lab.Met(scene.layer(layer.replace(" ", "_"))["error"], scene.profile)
        mend(scene, undo)
        after = scene.layer(layer.replace(" ", "_"))
        assert after["state"] in ("ok", "none") or (after["error"] or {}).get("code") != code, after
    book.cases.append(fault_lab.Case(code, fault, layer, run, **more))


def fault_on(*words):
    return lambda scene: scene.sandbox.command("fault", *words)


def fault_off(scene, _):
    scene.sandbox.command("fault", "clear")


doctored("SRC_WH_STOPPED", "warehouse", "cold_warehouse seconds=600", fault_on("cold_warehouse", "seconds=600"), fault_off,
         hint="starts it")
doctored("HOST_CLOCK", "host", "clock_skew seconds=7200", fault_on("clock_skew", "seconds=7200", FOREVER), fault_off,
         evidence=("message:clock is [0-9]+ s",), cause="clock-off")


def clock_off(words, layer, fault, **more):
    """What a good token or a fresh link is refused for, by a service whose Date is not our time."""
    def run(lab):
        scene = lab.own_scene()
        for each in (words, ("clock_skew", "seconds=-7200")):
            scene.sandbox.command("fault", *each, FOREVER)
        yield scene.fails()
        for each in (words[0], "clock_skew"):
            scene.sandbox.command("fault", "clear", each)
        scene.heals()
    book.cases.append(fault_lab.Case("HOST_CLOCK", fault, layer, run, evidence=("http_status", "clock_offset_seconds"),
                                     hint="7200 s off", **more))


clock_off(("expired_token",), "token", "every token is refused by a workspace two hours behind us")
clock_off(("link_expired",), "result hosts", "links are over when they come, from a storage two hours behind us")


def secret_end(code, seconds, turn):
    """The end of the secret in use, as the workspace tells the observer."""
    def run(lab):
        scene = lab.own_scene()
        info = scene.sandbox.info
        scene.profile.ok("config", "set", "observer.client_id", info["observer_client_id"])
        assert scene.profile.secret_set("observer", info["observer_client_secret"])[0] == 0
        ours = json.loads(scene.sandbox.command("secret", info["client_id"], "list"))
        ours = (ours.get("secrets") or ours) if isinstance(ours, dict) else ours
        scene.sandbox.command("secret", info["client_id"], "end", ours[0]["id"], str(seconds))
        scene.profile.ok("secrets", "list", "--refresh")
        lab.turn(turn)
        yield fault_lab.Met(scene.layer("token")["error"], scene.profile)
        scene.sandbox.command("secret", info["client_id"], "end", ours[0]["id"])
        scene.profile.ok("secrets", "list", "--refresh")
        assert scene.layer("token")["state"] == "ok"
        scene.heals()
    book.cases.append(fault_lab.Case(code, f"the secret ends in {seconds} s, {turn} s later", "token", run,
                                     evidence=("message:secret",)))


secret_end("SRC_AUTH_SECRET_EXPIRING", 5 * 86400, 0)
secret_end("SRC_AUTH_SECRET_EXPIRED", 1800, 2000)


@book("SRC_AUTH_SECRET_EXPIRED", "a run after the end of the secret, which the principal has seen before", "token",
      evidence=("http_status", "remote_code", "secret_ends"), short=True, cause="secret-ended")
def secret_over(lab):
    scene = lab.own_scene()
    client, secret = scene.sandbox.info["client_id"], scene.sandbox.info["client_secret"]
    scene.sandbox.command("grant", client, "SP_MANAGER", client)
    ours = json.loads(scene.sandbox.command("secret", client, "list"))
    ours = (ours.get("secrets") or ours) if isinstance(ours, dict) else ours
    scene.sandbox.command("secret", client, "end", ours[0]["id"], "1800")
    known = scene.profile.ok("secrets", "list", "--refresh")["secrets"][0]["expires"]
    lab.turn(4000)  # past the end, and past the last token too
    met = scene.fails()
    assert met.error["evidence"]["secret_ends"] == known, (met.error, known)
    yield met
    # Another secret, wrong as it is: what is known was read before it was entered, and nothing of it is the reason.
    scene.profile.secret_set("principal", "dose" + "0" * 32)
    wrong = scene.fails().error
    assert wrong["code"] == "SRC_AUTH_CLIENT_INVALID" and "secret_ends" not in wrong.get("evidence", {}), wrong
    scene.sandbox.command("secret", client, "end", ours[0]["id"])
    scene.profile.secret_set("principal", secret)
    scene.heals()


@book("SRC_TABLE_NOT_FOUND", "a table of the share that has been renamed", "unity catalog", evidence=("http_status|sqlstate",),
      cause="table-renamed")
def table_renamed(lab):
    scene = lab.own_scene()
    path = os.path.join(scene.profile.environment["XDG_CONFIG_HOME"], "aampe", scene.profile.name + ".json")
    with open(path, encoding="utf-8") as file:
        was = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(was.replace('users"', 'users_before"'))
    scene.profile.ok("engine", "reload")
    scene.table = "shop.aampe.users_before"
    yield scene.fails()
    with open(path, "w", encoding="utf-8") as file:
        file.write(was)
    scene.table = fault_lab.TABLE
    scene.profile.ok("engine", "reload")
    scene.heals()


# --- network ---


@book("NET_CONNECT", "nobody listens at the address", "tcp", evidence=("host", "sys_errno"), short=True, cause="firewall")
def closed_port(lab):
    scene = lab.own_scene()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        scene.profile.ok("config", "set", "workspace.host", "http://127.0.0.1:%d" % free.getsockname()[1])
        yield scene.fails()
    scene.profile.ok("config", "set", "workspace.host", scene.sandbox.address)
    scene.heals()


@book("NET_DNS", "name of a workspace that does not resolve", "dns", evidence=("host",), cause="name-unknown")
def unknown_name(lab):
    scene = lab.own_scene()
    scene.profile.ok("config", "set", "workspace.host", "https://dbc-00000000-0000.cloud.databricks.invalid")
    yield scene.fails()
    scene.profile.ok("config", "set", "workspace.host", scene.sandbox.address)
    scene.heals()


@book("TLS_UNKNOWN_CA", "certificate of a private authority, ca_file not set", "tls", evidence=("host",), short=True,
      cause="private-ca")
def unknown_ca(lab):
    scene = lab.own_scene("tls")
    scene.profile.ok("config", "set", "workspace.ca_file", "/etc/ssl/certs/ca-certificates.crt")
    yield scene.fails()
    scene.profile.ok("config", "set", "workspace.ca_file", scene.sandbox.info["ca_file"])
    scene.heals()
