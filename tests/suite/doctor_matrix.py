"""make doctor-matrix: one fault per layer of the doctor, several where they differ. Exactly that layer fails, with the code
of its cause; the deeper ones of its chain are not reached, the other chains unharmed; the exit code is 1, or 4 for a matter
of rights; no layer takes longer than ten seconds, also when the other side stalls; the document has its form.

DOCTOR=short runs one fault per layer. Prints a table, and its figure last."""

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import wire_proxy

CHAINS = {
    "here": ["engine", "host", "state", "vault"],
    "workspace": ["dns", "proxy", "tcp", "tls", "ip_list", "token", "assignment", "entitlement", "warehouse",
                  "unity_catalog", "result_hosts"],
    "destination": ["access", "data"],
}
LAYERS = [layer for layers in CHAINS.values() for layer in layers]
STATES = {"ok", "none", "warn", "fail", "not_reached", "running", "not_asked"}
UNHARMED = {"ok", "none", "warn"}
LAYER_MS = 10500
TABLES = ["shop.aampe.users", "shop.aampe.products"]
SHORT = os.environ.get("DOCTOR") == "short"
CASES = []


def case(layer, name, codes, code=1, short=False):
    """A fault: a context manager that makes it on a Bench and takes it back. The first of a layer is its short form."""
    def keep(function):
        first = not any(other["layer"] == layer for other in CASES)
        CASES.append({"layer": layer, "name": name, "codes": set(codes.split()), "exit": code,
                      "short": first or short, "make": contextlib.contextmanager(function)})
        return function
    return keep


class Bench:
    """A sandbox, and a profile that has synced from it."""

    def __init__(self, folder, uid=None, environment=None, rows="2000"):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.sandbox = harness.Sandbox(folder, "--world", "shop", "--rows", rows)
        self.profile = harness.Profile(folder, uid=uid)
        if environment:
            self.profile.environment.update(environment)
            self.profile.state = os.path.join(environment["XDG_STATE_HOME"], "aampe", self.profile.name)
        if uid is not None:
            os.chmod(self.profile.destination, 0o700)
            os.chown(self.profile.destination, uid, uid)
        self.profile.engine_start()
        self.profile.connect(self.sandbox)
        self.profile.ok("share", "add", *TABLES, "--yes")
        self.profile.ok("sync", "run", "--wait")

    def close(self):
        self.profile.engine_stop()
        self.sandbox.stop()

    def target(self):
        host, port = self.sandbox.address.split("//")[1].rstrip("/").rsplit(":", 1)
        return host, int(port)

    @contextlib.contextmanager
    def settings(self, **values):
        """Other settings for a while; None unsets."""
        before = {key: self.profile.ok("config", "get", key).get("value") for key in values}
        try:
            for key, value in values.items():
                self.set(key, value)
            yield
        finally:
            for key, value in before.items():
                self.set(key, value)

    def set(self, key, value):
        self.profile.ok("config", "set", key, value or "")

    @contextlib.contextmanager
    def fault(self, kind, *words):
        self.sandbox.command("fault", kind, *words)
        try:
            yield
        finally:
            self.sandbox.command("fault", "clear", kind)

    def doctor(self, *words):
        return self.profile.console("doctor", *words, timeout=180)

    def warehouse(self, verb):
        self.sandbox.call("POST", f"/api/2.0/sql/warehouses/{self.sandbox.info['warehouse_id']}/{verb}", {})


# --- judging

def form(document):
    """What is wrong with the form of a document; "" when nothing is."""
    data = document.get("data") or {}
    for key in ("profile", "running", "job", "began", "ended", "took_ms", "by", "first_failure", "chains"):
        if key not in data:
            return f"no \"{key}\""
    if [chain["chain"] for chain in data["chains"]] != list(CHAINS):
        return "chains"
    for chain in data["chains"]:
        if [layer["layer"] for layer in chain["layers"]] != CHAINS[chain["chain"]]:
            return f"layers of {chain['chain']}"
        for layer in chain["layers"]:
            if layer["state"] not in STATES or layer["title"] != layer["layer"].replace("_", " "):
                return f"state or title of {layer['layer']}"
            if not isinstance(layer.get("evidence"), dict) or "last_known" not in layer or "error" not in layer:
                return f"members of {layer['layer']}"
            if layer["state"] == "fail" and not (layer["error"] and layer["error"]["hint"] and layer["error"]["class"]):
                return f"{layer['layer']} fails without a code, a class or a hint"
            if layer.get("ms", 0) > LAYER_MS:
                return f"{layer['layer']} took {layer['ms']} ms"
    return ""


def by_layer(document):
    return {layer["layer"]: layer for chain in document["data"]["chains"] for layer in chain["layers"]}


def chain_of(layer):
    return next(chain for chain, layers in CHAINS.items() if layer in layers)


def judge(layer, codes, wanted, code, document):
    """(code of the failure, what is wrong)."""
    wrong = form(document)
    if wrong:
        return "-", wrong
    seen = by_layer(document)
    failed = [one for one in LAYERS if seen[one]["state"] == "fail"]
    found = seen[layer]["error"]["code"] if seen[layer]["error"] else "-"
    if failed != [layer]:
        return found, f"fails: {', '.join(failed) or 'nothing'}: {seen[failed[0]]['text'] if failed else ''}"
    if found not in codes:
        return found, f"code {found}, not {' or '.join(sorted(codes))}: {seen[layer]['text']}"
    chain = CHAINS[chain_of(layer)]
    deeper = chain[chain.index(layer) + 1:]
    for one in LAYERS:
        state = seen[one]["state"]
        if one in deeper and state != "not_reached":
            return found, f"{one} is {state}, not not_reached"
        # What was last known lies in the state; a state that cannot be read does not tell.
        if one in deeper and seen[one]["last_known"] is None and layer != "state":
            return found, f"nothing is known of {one} though it was seen before"
        if one not in deeper and one != layer and state not in UNHARMED:
            return found, f"{one} is {state}: {seen[one]['text']}"
    first = document["data"]["first_failure"]
    if not first or first["layer"] != layer or first["chain"] != chain_of(layer) or first["code"] != found:
        return found, f"first_failure is {first}"
    return found, "" if code == wanted else f"exit code {code}, not {wanted}"


# --- faults: this host

@case("engine", "killed", "ENGINE_UNREACHABLE")
def engine_killed(bench):
    bench.profile.engine_kill()
    yield
    bench.profile.engine_start()


@case("engine", "hangs", "ENGINE_UNREACHABLE")
def engine_hangs(bench):
    os.kill(bench.profile.engine.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(bench.profile.engine.pid, signal.SIGCONT)


@case("engine", "a setting nobody knows", "CONFIG_INVALID")
def profile_broken(bench):
    path = os.path.join(bench.folder, "config", "aampe", bench.profile.name + ".json")
    with open(path, encoding="utf-8") as file:
        kept = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(kept.replace("{", '{"nonsense": {"a": 1},', 1))
    bench.profile.engine_stop()
    bench.profile.engine_start()
    try:
        yield
    finally:
        with open(path, "w", encoding="utf-8") as file:
            file.write(kept)
        bench.profile.engine_stop()
        bench.profile.engine_start()


@case("host", "clock an hour off", "HOST_CLOCK")
def host_clock(bench):
    with bench.fault("clock_skew", "seconds=3600"):
        yield


@case("state", "corrupt", "HOST_STATE_CORRUPT")
def state_corrupt(bench):
    bench.profile.engine_stop()
    path = os.path.join(bench.profile.state, "state.db")
    shutil.copy(path, path + ".kept")
    with open(path, "r+b") as file:
        file.seek(0)
        file.write(b"\xff" * 8192)
    try:
        yield
    finally:
        os.replace(path + ".kept", path)
        bench.profile.engine_start()


@case("state", "of a newer version", "HOST_STATE_NEWER")
def state_newer(bench):
    bench.profile.engine_stop()
    path = os.path.join(bench.profile.state, "state.db")
    shutil.copy(path, path + ".kept")
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version=999")
        database.commit()
    try:
        yield
    finally:
        for more in ("-wal", "-shm"):
            if os.path.exists(path + more):
                os.unlink(path + more)
        os.replace(path + ".kept", path)
        bench.profile.engine_start()


@case("vault", "open to others", "HOST_SECRET_EXPOSED")
def vault_exposed(bench):
    path = os.path.join(bench.profile.state, "vault")
    os.chmod(path, 0o644)
    try:
        yield
    finally:
        os.chmod(path, 0o600)


@case("vault", "its key is gone", "HOST_SECRET_UNREADABLE")
def vault_key(bench):
    path = os.path.join(bench.folder, "config", "aampe", bench.profile.name + ".key")
    os.rename(path, path + ".kept")
    try:
        yield
    finally:
        os.rename(path + ".kept", path)


@case("vault", "damaged", "HOST_SECRET_UNREADABLE")
def vault_damaged(bench):
    path = os.path.join(bench.profile.state, "vault")
    with open(path, "r+b") as file:
        kept = file.read()
        file.seek(len(kept) - 4)
        file.write(b"\0\1\2\3")
    try:
        yield
    finally:
        with open(path, "wb") as file:
            file.write(kept)


# --- faults: the network

@case("dns", "unknown name", "NET_DNS")
def dns_unknown(bench):
    with bench.settings(**{"workspace.host": "https://no-such-workspace.invalid"}):
        yield


WORKSPACE = "workspace.example"  # a name only the proxy knows


def proxied(bench, proxy_port, **more):
    return bench.settings(**{"workspace.proxy": f"http://127.0.0.1:{proxy_port}",
                             "workspace.host": f"https://{WORKSPACE}", **more})


def proxy_mode(mode):
    def fault(bench):
        with wire_proxy.ConnectProxy(bench.target(), mode) as proxy, proxied(bench, proxy.port):
            yield
    return fault


case("proxy", "refuses CONNECT", "PROXY_REFUSED")(proxy_mode("forbidden"))
case("proxy", "wants a login", "PROXY_AUTH")(proxy_mode("login"))
case("proxy", "wants Negotiate", "PROXY_AUTH")(proxy_mode("negotiate"))
case("proxy", "bad gateway", "PROXY_REFUSED")(proxy_mode("bad_gateway"))


def closed_port():
    """A port nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@case("tls", "unknown CA behind a proxy", "TLS_UNKNOWN_CA", short=True)
def proxy_inspects(bench):
    with wire_proxy.Certificates(WORKSPACE) as certificates, \
            wire_proxy.TlsFront(bench.target(), certificates, "unknown_ca") as front, \
            wire_proxy.ConnectProxy(("127.0.0.1", front.port)) as proxy, proxied(bench, proxy.port):
        yield


@case("proxy", "is not there", "NET_CONNECT")
def proxy_gone(bench):
    with proxied(bench, closed_port()):
        yield


@case("proxy", "answers nothing", "NET_CONNECT NET_STALL PROXY_REFUSED")
def proxy_stalls(bench):
    with wire_proxy.ConnectProxy(bench.target(), "slow") as proxy, proxied(bench, proxy.port):
        try:
            yield
        finally:
            proxy.release.set()


@case("tcp", "closed port", "NET_CONNECT")
def tcp_closed(bench):
    with bench.settings(**{"workspace.host": f"http://127.0.0.1:{closed_port()}"}):
        yield


def tls_variant(variant, *faults):
    def fault(bench):
        with wire_proxy.Certificates() as certificates, \
                wire_proxy.TlsFront(bench.target(), certificates, variant, *faults) as front, \
                bench.settings(**{"workspace.host": f"https://127.0.0.1:{front.port}",
                                  "workspace.ca_file": None if variant == "unknown_ca" else certificates.ca_file}):
            yield
    return fault


case("tls", "unknown CA", "TLS_UNKNOWN_CA")(tls_variant("unknown_ca"))
case("tls", "self-signed", "TLS_UNKNOWN_CA")(tls_variant("self_signed"))
case("tls", "another name", "TLS_HOST_MISMATCH")(tls_variant("wrong_name"))
case("tls", "expired", "TLS_EXPIRED")(tls_variant("expired"))
case("tls", "too old", "TLS_VERSION")(tls_variant("tls11"))
case("tls", "no TLS at all", "TLS_VERSION NET_UNCLASSIFIED")(tls_variant("plain"))


@case("tls", "the handshake hangs", "NET_CONNECT NET_STALL")
def tls_hangs(bench):
    with wire_proxy.Forwarder(bench.target(), wire_proxy.Fault("half_open", times=0)) as front, \
            bench.settings(**{"workspace.host": f"https://127.0.0.1:{front.port}"}):
        yield


# --- faults: the workspace

def sandbox_fault(kind, *words):
    def fault(bench):
        with bench.fault(kind, *words):
            yield
    return fault


case("ip_list", "blocked", "SRC_IP_BLOCKED", 4)(sandbox_fault("ip_blocked", "ip=198.51.100.7"))
case("ip_list", "private link, redirect", "SRC_PRIVATE_LINK_ONLY", 4)(sandbox_fault("private_link", "mode=redirect"))
case("ip_list", "private link, text", "SRC_PRIVATE_LINK_ONLY", 4)(sandbox_fault("private_link", "mode=text"))
case("ip_list", "a login page answers", "SRC_HOST_WRONG PROXY_HTML")(sandbox_fault("html_login"))
case("ip_list", "maintenance", "SRC_UNAVAILABLE")(sandbox_fault("unavailable"))


@case("ip_list", "takes the connection and says nothing", "NET_STALL")
def answer_stalls(bench):
    with wire_proxy.Forwarder(bench.target(), wire_proxy.Fault("half_open", times=0)) as front, \
            bench.settings(**{"workspace.host": f"http://127.0.0.1:{front.port}"}):
        yield


@case("token", "wrong secret", "SRC_AUTH_CLIENT_INVALID", 4)
def token_wrong(bench):
    bench.profile.secret_set("principal", "dose00000000000000000000000000000000")
    try:
        yield
    finally:
        bench.profile.secret_set("principal", bench.sandbox.info["client_secret"])


case("token", "not assigned, said by the token endpoint", "SRC_AUTH_CLIENT_INVALID", 4)(
    sandbox_fault("not_assigned", "mode=token"))
case("token", "throttled", "SRC_RATE_LIMIT")(sandbox_fault("rate_limit", "endpoint=token"))
case("assignment", "not assigned", "SRC_SP_NOT_IN_WORKSPACE", 4)(sandbox_fault("not_assigned", "mode=api"))
case("assignment", "deactivated", "SRC_SP_DISABLED", 4)(sandbox_fault("sp_disabled", "mode=api"))
case("assignment", "no answer", "NET_STALL")(sandbox_fault("slow", "endpoint=me", "delay_ms=30000"))
case("entitlement", "no SQL access", "SRC_ENTITLEMENT_SQL", 4)(sandbox_fault("no_entitlement"))
case("warehouse", "no CAN USE", "SRC_WH_NO_CAN_USE", 4)(sandbox_fault("no_can_use"))
case("warehouse", "deleted", "SRC_WH_NOT_FOUND", short=True)(sandbox_fault("warehouse_missing"))
case("unity_catalog", "a grant is missing on the table", "SRC_PERM_TABLE SRC_PERM_DENIED", 4)(
    sandbox_fault("missing_grant", "level=table", "table=shop.aampe.users"))
case("unity_catalog", "a grant is missing on the schema", "SRC_PERM_SCHEMA SRC_PERM_DENIED", 4)(
    sandbox_fault("missing_grant", "level=schema", "table=shop.aampe.users"))
case("unity_catalog", "a grant is missing on the catalog", "SRC_PERM_CATALOG SRC_PERM_DENIED", 4)(
    sandbox_fault("missing_grant", "level=catalog", "table=shop.aampe.users"))
case("unity_catalog", "no metastore", "SRC_NOT_FOUND", short=True)(sandbox_fault("no_metastore"))
case("unity_catalog", "catalog not bound", "SRC_CATALOG_UNBOUND", 4)(sandbox_fault("catalog_unbound", "catalog=shop"))
case("result_hosts", "links name another host", "SRC_LINK_HOST_UNREACHABLE")(sandbox_fault("link_host"))
case("result_hosts", "the storage's firewall", "SRC_LINK_FORBIDDEN", 4)(sandbox_fault("link_forbidden"))
case("result_hosts", "the storage does not answer", "NET_STALL")(
    sandbox_fault("slow", "endpoint=link", "delay_ms=30000"))


# --- faults: the destination

@case("access", "folder gone", "HOST_IO_ERROR")
def access_gone(bench):
    os.rename(bench.profile.destination, bench.profile.destination + ".kept")
    try:
        yield
    finally:
        shutil.rmtree(bench.profile.destination, ignore_errors=True)
        os.rename(bench.profile.destination + ".kept", bench.profile.destination)


@case("data", "a file of a published table is gone", "DST_FILE_CORRUPT")
def data_removed(bench):
    path = os.path.realpath(bench.profile.table_files(TABLES[0])[0])
    os.rename(path, os.path.join(bench.folder, "kept"))
    try:
        yield
    finally:
        os.rename(os.path.join(bench.folder, "kept"), path)


@case("data", "a file was cut short", "DST_FILE_CORRUPT")
def data_cut(bench):
    path = os.path.realpath(bench.profile.table_files(TABLES[0])[0])
    with open(path, "rb") as file:
        kept = file.read()
    with open(path, "r+b") as file:
        file.truncate(len(kept) // 2)
    try:
        yield
    finally:
        with open(path, "r+b") as file:
            file.write(kept)


# --- the run

class Matrix:
    def __init__(self):
        self.rows, self.wrong, self.skipped = [], 0, 0

    def add(self, layer, name, code, exit_code, took, wrong):
        self.rows.append((layer, name, code, exit_code, took, wrong))
        self.wrong += bool(wrong)
        print(f"  {layer:14} {name:42} {code:26} {exit_code:>4} {took:6.1f} s  {wrong or 'ok'}", flush=True)

    def skip(self, layer, name, why):
        self.skipped += 1
        print(f"  {layer:14} {name:42} SKIPPED: {why}", flush=True)

    def run(self, bench, one):
        began = time.monotonic()
        with one["make"](bench):
            code, document, _ = bench.doctor()
            found, wrong = judge(one["layer"], one["codes"], one["exit"], code, document)
        self.add(one["layer"], one["name"], found, code, time.monotonic() - began, wrong)

    def unharmed(self, bench, name):
        """Nothing fails when nothing is wrong."""
        began = time.monotonic()
        code, document, _ = bench.doctor()
        wrong = form(document)
        states = {one: layer["state"] for one, layer in by_layer(document).items()} if not wrong else {}
        bad = [one for one, state in states.items() if state not in UNHARMED]
        wrong = wrong or (f"not well: {bad}" if bad else "" if code in (0, 3) else f"exit code {code}")
        self.add("-", name, "-", code, time.monotonic() - began, wrong)


def warned(matrix, bench):
    """A stopped warehouse is a warning, and nothing starts it; the result hosts are those that were named before."""
    bench.warehouse("stop")
    try:
        code, document, _ = bench.doctor()
        seen = by_layer(document)
        wrong = form(document)
        if not wrong and (seen["warehouse"]["state"] != "warn" or code != 3):
            wrong = f"{seen['warehouse']['state']}, exit code {code}"
        if not wrong and seen["result_hosts"]["state"] != "ok":
            wrong = f"result hosts: {seen['result_hosts']['state']}"
        state = bench.sandbox.call("GET", f"/api/2.0/sql/warehouses/{bench.sandbox.info['warehouse_id']}")["state"]
        if not wrong and state not in ("STOPPED", "STOPPING"):
            wrong = f"the warehouse is {state}: the doctor started it"
        matrix.add("warehouse", "stopped: a warning", (seen["warehouse"]["error"] or {}).get("code", "-"), code, 0, wrong)
    finally:
        bench.warehouse("start")


def moved(matrix, bench):
    """Another destination is no broken one: nothing has been written there yet, and what was is where it was."""
    was, there = "file://" + bench.profile.destination, os.path.join(bench.folder, "another")
    os.mkdir(there)
    try:
        for name, words, state, text in (
                ("another destination, not synced yet", (), "none", "to this destination yet"),
                ("one table synced there", ("sync", "run", "--wait", TABLES[0]), "ok", "1 table whole; %d not here yet" % (len(TABLES) - 1)),
                ("all tables synced there", ("sync", "run", "--wait"), "ok", "%d tables whole" % len(TABLES))):
            bench.profile.ok("config", "set", "destination.url", "file://" + there + "/")
            if words:
                bench.profile.ok(*words)
            code, document, _ = bench.doctor("--only", "data")
            seen = by_layer(document)["data"]
            wrong = form(document) or ("" if (seen["state"], code) == (state, 0) and text in seen["text"] else f"{seen}, exit code {code}")
            if not wrong and ("first_elsewhere" in seen["evidence"]) != ("not" in text or "yet" in text):
                wrong = f"evidence: {seen['evidence']}"
            matrix.add("data", name, "-", code, 0, wrong)
    finally:
        bench.profile.ok("config", "set", "destination.url", was)
        bench.profile.ok("sync", "run", "--wait")


def ending(matrix, bench):
    """A secret that ends soon is a warning; one that has ended is the reason why there is no token."""
    client = bench.sandbox.info["client_id"]
    bench.sandbox.command("grant", client, "SP_MANAGER", client)
    listed = json.loads(bench.sandbox.command("secret", client, "list"))
    ours = listed["secrets"][0]["id"] if isinstance(listed, dict) else listed[0]["id"]
    for name, seconds, state, codes, wanted in (
            ("the secret ends in 9 days", 9 * 86400 + 60, "warn", {"SRC_AUTH_SECRET_EXPIRING"}, 3),
            ("the secret is over", 1, "fail", {"SRC_AUTH_SECRET_EXPIRED"}, 4)):
        bench.sandbox.command("secret", client, "end", ours, str(seconds))
        bench.profile.console("secrets", "list", "--refresh")
        harness.wait_for(lambda: state == "warn" or bench.doctor("--only", "token")[0] == 4, "the secret to end", 10)
        code, document, _ = bench.doctor()
        token = by_layer(document)["token"]
        found = token["error"]["code"] if token["error"] else "-"
        wrong = form(document) or ("" if (token["state"], code) == (state, wanted) and found in codes
                                   else f"{token['state']} {found}, exit code {code}")
        matrix.add("token", name, found, code, 0, wrong)
    bench.sandbox.command("secret", client, "end", ours)


def offline(matrix, bench):
    """What aampe-syncd --doctor prints beside a running engine is what the engine says, and disturbs nothing."""
    pid = bench.profile.engine.pid
    with bench.fault("ip_blocked", "ip=198.51.100.7"):
        done = subprocess.run([os.path.join(bench.profile.programs, "aampe-syncd"), "--doctor", "--profile",
                               bench.profile.name], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120, env=bench.profile.environment)
    document = {"data": json.loads(done.stdout)}
    found, wrong = judge("ip_list", {"SRC_IP_BLOCKED"}, 4, done.returncode, document)
    status = bench.profile.ok("engine", "status")
    if not wrong and status["pid"] != pid:
        wrong = "the engine is another one now"
    matrix.add("ip_list", "by aampe-syncd --doctor, engine running", found, done.returncode, 0, wrong)


def only(matrix, bench):
    """--only: what is behind is not asked, what is before runs; other chains are left alone."""
    for words, asked in (("tls", CHAINS["workspace"][:4]), ("destination", CHAINS["destination"]), ("engine", ["engine"])):
        code, document, _ = bench.doctor("--only", words)
        wrong = form(document)
        looked = [one for one, layer in by_layer(document).items() if layer["state"] != "not_asked"] if not wrong else []
        wrong = wrong or ("" if looked == asked and code in (0, 3) else f"looked at {looked}, exit code {code}")
        matrix.add("-", "only " + words, "-", code, 0, wrong)


def read_only(matrix, folder):
    """The destination belongs to somebody else; the engine runs as another user."""
    if os.geteuid() != 0:
        matrix.skip("access", "folder of another user", "not root")
        return
    uid = 65534
    os.makedirs(folder)
    os.chmod(folder, 0o755)
    bench = Bench(folder, uid=uid)
    try:
        bench.doctor()

        @contextlib.contextmanager
        def taken(_):
            os.chown(bench.profile.destination, 0, 0)
            os.chmod(bench.profile.destination, 0o755)
            yield
        matrix.run(bench, {"layer": "access", "name": "folder of another user", "codes": {"HOST_PERMISSION"},
                           "exit": 1, "make": taken})
    finally:
        bench.close()


def disk_full(matrix, folder):
    """The state lies on a small file system, and that is full."""
    mount = os.path.join(folder, "small")
    os.makedirs(mount)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", mount], capture_output=True, text=True)
    if done.returncode != 0:
        matrix.skip("host", "state folder on a full disk", "no file system can be mounted")
        return
    bench = None
    try:
        bench = Bench(os.path.join(folder, "bench"), environment={"XDG_STATE_HOME": mount})
        bench.doctor()

        @contextlib.contextmanager
        def full(_):
            with open(os.path.join(mount, "filler"), "wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * 65536)
            yield
        matrix.run(bench, {"layer": "host", "name": "state folder on a full disk", "codes": {"HOST_DISK_FULL"},
                           "exit": 1, "make": full})
        if not os.path.exists(os.path.join(bench.profile.state, "ballast")):
            matrix.add("host", "the reserve is left alone", "-", 0, 0, "the doctor has used it up")
    finally:
        if bench:
            bench.close()
        subprocess.run(["umount", "-l", mount], check=False)


def main():
    matrix = Matrix()
    print(f"  {'layer':14} {'fault':42} {'code':26} {'exit':>4} {'took':>8}")
    with harness.Folder("doctor-", "/tmp") as folder:
        os.chmod(folder, 0o755)
        bench = Bench(os.path.join(folder, "bench"))
        try:
            matrix.unharmed(bench, "nothing")
            for one in CASES:
                if one["short"] or not SHORT:
                    matrix.run(bench, one)
            warned(matrix, bench)
            moved(matrix, bench)
            ending(matrix, bench)
            only(matrix, bench)
            offline(matrix, bench)
            matrix.unharmed(bench, "nothing, after all of them")
        finally:
            bench.close()
        disk_full(matrix, os.path.join(folder, "full"))
        read_only(matrix, os.path.join(folder, "user"))
    layers = {row[0] for row in matrix.rows if row[0] in LAYERS}
    missing = [layer for layer in LAYERS if layer not in layers]
    print(f"doctor-matrix: {len(matrix.rows)} examinations, {len(layers)} of {len(LAYERS)} layers, "
          f"{matrix.wrong} wrong, {matrix.skipped} skipped")
    if missing:
        print(f"no fault for: {', '.join(missing)}", file=sys.stderr)
    return 1 if matrix.wrong or missing else 0


if __name__ == "__main__":
    sys.exit(main())
