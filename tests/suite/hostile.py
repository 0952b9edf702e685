"""make hostile: each way a sync can be lied to, refused or starved ends in its own code with cause and hint, and nothing
is published. Hostile names are synced, land under the root and show escaped. No canary secret is in anything written,
and a planted one is found."""

import http.server
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness

TABLE = "shop.aampe.users"
CANARY_WORLD_ROWS = "60000"

# name, (fault words...), expected codes
LIES = [
    ("truncated result", ["truncated"], {"SRC_RESULT_TRUNCATED"}),
    ("total rows +1", ["lie", "target=manifest.total_row_count", "delta=+1"], {"SRC_ROWCOUNT_MISMATCH", "SRC_CHUNK_GAP"}),
    ("total rows -1", ["lie", "target=manifest.total_row_count", "delta=-1"], {"SRC_ROWCOUNT_MISMATCH", "SRC_CHUNK_GAP"}),
    ("chunk rows +1", ["lie", "target=manifest.chunks[0].row_count", "delta=+1"], {"SRC_ROWCOUNT_MISMATCH", "SRC_CHUNK_GAP"}),
    ("chunk rows -1", ["lie", "target=manifest.chunks[0].row_count", "delta=-1"], {"SRC_ROWCOUNT_MISMATCH", "SRC_CHUNK_GAP"}),
    ("chunk offset +1 (gap)", ["lie", "target=manifest.chunks[0].row_offset", "delta=+1"], {"SRC_CHUNK_GAP"}),
    ("chunk offset -1 (overlap)", ["lie", "target=manifest.chunks[0].row_offset", "delta=-1"], {"SRC_CHUNK_GAP"}),
    ("missing chunk", ["missing_chunk"], {"SRC_CHUNK_GAP", "SRC_ROWCOUNT_MISMATCH"}),
    ("doubled chunk", ["doubled_chunk"], {"SRC_CHUNK_GAP", "SRC_ROWCOUNT_MISMATCH"}),
    ("a chunk with fewer rows than it says", ["lie", "target=chunk_rows", "delta=-1"], {"SRC_ROWCOUNT_MISMATCH", "SRC_CHUNK_CORRUPT"}),
    ("a chunk with more rows than it says", ["lie", "target=chunk_rows", "delta=+1"], {"SRC_ROWCOUNT_MISMATCH", "SRC_CHUNK_CORRUPT"}),
    ("one chunk too many counted", ["lie", "target=manifest.total_chunk_count", "delta=+1"], {"SRC_CHUNK_GAP"}),
    ("one chunk too few counted", ["lie", "target=manifest.total_chunk_count", "delta=-1"], {"SRC_CHUNK_GAP"}),
    ("link says more rows", ["lie", "target=link.row_count", "delta=+1"], {"SRC_CHUNK_GAP", "SRC_ROWCOUNT_MISMATCH"}),
    ("link says fewer rows", ["lie", "target=link.row_count", "delta=-1"], {"SRC_CHUNK_GAP", "SRC_ROWCOUNT_MISMATCH"}),
    ("link of another chunk", ["lie", "target=link.chunk_index", "delta=+1"], {"SRC_CHUNK_GAP"}),
    ("body cut short", ["cut", "endpoint=link", "at=1000"], {"SRC_CHUNK_SHORT"}),
    # A flip among plain values is a value like any other: chunks carry no checksum. Structure is what can be checked.
    ("corrupt chunk", ["corrupt_chunk", "at=100"], {"SRC_CHUNK_CORRUPT"}),
    ("schema differs between chunks", ["wrong_schema"], {"SRC_CHUNK_CORRUPT", "SRC_TABLE_CHANGED"}),
]


class Judge:
    def __init__(self):
        self.rows = []
        self.failures = []

    def case(self, name, function):
        try:
            code = function()
            self.rows.append((name, code or "ok"))
            print(f"  {name:44} {code or 'ok'}", flush=True)
        except (AssertionError, OSError, subprocess.SubprocessError, KeyError, TypeError) as failure:
            self.failures.append(name)
            print(f"  {name:44} FAILED: {failure}", flush=True)


def published(profile):
    """Every file a reader of the destination could see."""
    found = []
    for folder, names, files in os.walk(profile.destination):
        if ".aampe-staging" in names:
            names.remove(".aampe-staging")
        found += [os.path.join(folder, name) for name in files]
        found += [os.path.join(folder, name) for name in names if os.path.islink(os.path.join(folder, name))]
    return found


def expect_failure(profile, codes, tables=(TABLE,)):
    """Runs a sync that must fail with one of the codes, cause and hint, and publish nothing."""
    code, document, _ = profile.console("sync", "run", "--wait", *tables, timeout=300)
    assert code not in (0, 3), f"the sync went through: {document}"
    runs = [run for run in profile.ok("runs", "list", "--limit", "5")["runs"] if run["state"] == "FAILED"]
    # A destination that is known to be unfit is refused before there is a run.
    error = profile.ok("runs", "show", str(runs[0]["id"]))["run"]["error"] if runs else document["error"]
    assert error, f"no error: exit {code}, {document}"
    assert error["code"] in codes, f"{error['code']} instead of {' or '.join(sorted(codes))}: {error['message']}"
    assert error["message"] and error["hint"], error
    left = published(profile)
    assert not left, f"published: {left[:3]}"
    return error["code"]


class Scene:
    """One profile with a running engine on one sandbox, thrown away afterwards."""

    def __init__(self, sandbox, folder, table=TABLE, destination=None, **settings):
        self.sandbox = sandbox
        self.profile = harness.Profile(folder)
        if destination:
            self.profile.destination = destination
        self.settings = settings
        self.table = table

    def __enter__(self):
        self.profile.engine_start()
        self.profile.connect(self.sandbox, **self.settings)
        self.profile.ok("share", "add", self.table, "--yes")
        return self.profile

    def __exit__(self, *ignored):
        self.profile.engine_stop()
        self.sandbox.command("fault", "clear")


def with_fault(sandbox, words, codes):
    def run():
        with harness.Folder("aampe-hostile.") as folder, Scene(sandbox, folder) as profile:
            sandbox.command("fault", *words)
            return expect_failure(profile, codes)
    return run


def wrong_secret(sandbox):
    with harness.Folder("aampe-hostile.") as folder, Scene(sandbox, folder) as profile:
        code, _, _ = profile.secret_set("principal", "dose" + "0" * 32)
        return expect_failure(profile, {"SRC_AUTH_CLIENT_INVALID"})


class Portal(http.server.BaseHTTPRequestHandler):
    """What a wrong host answers: a page."""

    def do_GET(self):
        body = b"<html><title>Welcome</title><p>not a workspace</p></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *ignored):
        pass


def wrong_host(sandbox):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with harness.Folder("aampe-hostile.") as folder, Scene(sandbox, folder) as profile:
            profile.ok("config", "set", "workspace.host", f"http://127.0.0.1:{server.server_port}")
            return expect_failure(profile, {"SRC_HOST_WRONG"})
    finally:
        server.shutdown()
        server.server_close()


def closed_port(sandbox):
    server = http.server.HTTPServer(("127.0.0.1", 0), Portal)
    port = server.server_port
    server.server_close()
    with harness.Folder("aampe-hostile.") as folder, Scene(sandbox, folder) as profile:
        profile.ok("config", "set", "workspace.host", f"http://127.0.0.1:{port}")
        return expect_failure(profile, {"NET_CONNECT"})


def stopped_warehouse(sandbox):
    with harness.Folder("aampe-hostile.") as folder, \
            Scene(sandbox, folder, **{"warehouse.id": sandbox.info["warehouse_stopped_id"]}) as profile:
        return expect_failure(profile, {"SRC_WH_START_DENIED"})


def small_filesystem(sandbox, options, codes, table="shop.aampe.events"):
    if os.geteuid() != 0:
        return "SKIPPED (needs root to mount)"
    with harness.Folder("aampe-hostile.") as folder:
        destination = os.path.join(folder, "small")
        os.mkdir(destination)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", destination],
                          capture_output=True).returncode != 0:
            return "SKIPPED (mount refused)"
        try:
            with Scene(sandbox, folder, table=table, destination=destination) as profile:
                return expect_failure(profile, codes, (table,))
        finally:
            subprocess.run(["umount", destination], check=True)


def unreadable_folder(sandbox):
    """The engine runs as another uid than the one that owns the destination."""
    if os.geteuid() != 0:
        return "SKIPPED (needs root to become another uid)"
    with harness.Folder("aampe-hostile.") as folder:
        os.chmod(folder, 0o755)
        home = os.path.join(folder, "home")
        os.mkdir(home)
        profile = harness.Profile(home, uid=65534)
        profile.destination = os.path.join(folder, "private")
        os.mkdir(profile.destination, 0o700)
        profile.engine_start()
        try:
            profile.connect(sandbox)
            profile.ok("share", "add", TABLE, "--yes")
            return expect_failure(profile, {"HOST_PERMISSION"})
        finally:
            profile.engine_stop()


def hostile_names():
    """The world of hostile names: synced whole, under the root, shown escaped."""
    with harness.Folder("aampe-hostile.") as folder:
        sandbox = harness.Sandbox(folder, "--world", "hostile")
        profile = harness.Profile(folder)
        try:
            profile.engine_start()
            profile.connect(sandbox)
            tree = profile.ok("tree")
            tables = [row["full_name"] for row in tree["rows"] if row["kind"] == "table" and row["access"] != "built_in"]
            assert len(tables) >= 10, f"only {len(tables)} tables in the hostile world"
            for table in tables:
                profile.ok("share", "add", table, "--yes")
            report = profile.ok("sync", "run", "--wait")
            assert report["verified"] and len(report["tables"]) == len(tables), report
            root = os.path.realpath(profile.destination)
            count = 0
            for where, _, files in os.walk(folder):
                for name in files:
                    if name.endswith(".parquet"):
                        assert os.path.realpath(os.path.join(where, name)).startswith(root + os.sep), name
                        count += 1
            assert count >= len(tables), count
            for words in (["tree"], ["share", "list"], ["runs", "list"]):
                text = subprocess.run([harness.program("aampe-console"), "--profile", profile.name, *words],
                                      capture_output=True, env=profile.environment, stdin=subprocess.DEVNULL).stdout
                bad = [byte for byte in text if (byte < 32 and byte != 10) or byte == 127]
                assert not bad, f"{words}: raw control bytes {bad[:5]}"
                decoded = text.decode("utf-8")
                assert not any(0x80 <= ord(c) <= 0x9f or c in "\u202e\u202d\u2066\u2028\u2029\u200b" for c in decoded), words
            return f"{len(tables)} tables, {count} files under the root"
        finally:
            profile.engine_stop()
            sandbox.stop()


def scan(folder, needles):
    """Every file below folder (and the vault too) that holds one of the needles."""
    found = []
    for where, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(where, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                data = file.read()
            found += [path for needle in needles if needle.encode() in data]
    return found


def canaries(sandbox):
    """The secret, the token and the links' signatures are in nothing written; a planted leak is found."""
    with harness.Folder("aampe-hostile.") as folder, Scene(sandbox, folder) as profile:
        sandbox.command("fault", "unavailable", "endpoint=chunk", "times=1")
        outputs = []
        for words in (["sync", "run", "--wait"], ["runs", "list"], ["runs", "show"], ["runs", "log"], ["config", "dump"],
                      ["secrets", "list"], ["engine", "status"], ["engine", "log"], ["status"]):
            code, document, stderr = profile.console(*words)
            outputs.append(str(document) + stderr)
        pid = profile.engine.pid
        for name in ("cmdline",):
            with open(f"/proc/{pid}/{name}", "rb") as file:
                outputs.append(file.read().decode("latin-1"))
        needles = [sandbox.info["client_secret"], "X-Amz-Signature=", "Bearer ey"]
        leaks = scan(folder, needles) + [needle[:12] for needle in needles for text in outputs if needle in text]
        assert not leaks, leaks
        planted = os.path.join(profile.state, "planted.log")
        with open(planted, "w", encoding="utf-8") as file:
            file.write("token " + sandbox.info["client_secret"])
        assert scan(folder, needles) == [planted], "the scan does not find a planted leak"
        return "0 leaks, the planted one found"


def mutate():
    environment = {**os.environ, "AAMPE_MUTATIONS": os.environ.get("MUTATIONS", "200000")}
    done = subprocess.run([harness.program("tests/unit/test_columnar_mutate")], capture_output=True, text=True,
                          env=environment, timeout=3000)
    if done.returncode == 77:
        return "SKIPPED (no test data)"
    assert done.returncode == 0, done.stdout[-800:] + done.stderr[-800:]
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "mutation" in line]
    return lines[-1].strip() if lines else "refused or decoded, no finding"


def main():
    judge = Judge()
    with harness.Folder("aampe-hostile-world.") as folder:
        sandbox = harness.Sandbox(folder, "--world", "shop", "--rows", "600000")
        try:
            judge.case("wrong secret", lambda: wrong_secret(sandbox))
            judge.case("wrong host (a page answers)", lambda: wrong_host(sandbox))
            judge.case("wrong host (nobody listens)", lambda: closed_port(sandbox))
            for level in ("catalog", "schema", "table"):
                judge.case(f"no grant on the {level}",
                           with_fault(sandbox, ["missing_grant", "level=" + level], {"SRC_PERM_" + level.upper()}))
            judge.case("stopped warehouse that may not be started", lambda: stopped_warehouse(sandbox))
            judge.case("full disk", lambda: small_filesystem(sandbox, "size=1m,mode=777", {"HOST_DISK_FULL"}))
            judge.case("full inodes", lambda: small_filesystem(sandbox, "nr_inodes=6,mode=777", {"HOST_INODES_FULL"}))
            judge.case("unreadable directory, another uid", lambda: unreadable_folder(sandbox))
            for name, words, codes in LIES:
                judge.case(name, with_fault(sandbox, words, codes))
            judge.case("canary secrets", lambda: canaries(sandbox))
        finally:
            sandbox.stop()
    judge.case("hostile names", hostile_names)
    judge.case("mutated Arrow", mutate)
    print(f"hostile: {len(judge.rows)} passed, {len(judge.failures)} failed, 0 files published")
    return 1 if judge.failures else 0


if __name__ == "__main__":
    sys.exit(main())
