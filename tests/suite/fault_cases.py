"""Faults of the workspace and of the way to it."""

import http.server
import os
import socket
import sys
import threading

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
healed("NET_RESET", "drop endpoint=table times=3", "tcp")

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
