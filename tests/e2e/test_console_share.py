"""A first use, end to end on the real programs: settings, secret, tree, share, sync, runs; exit codes; no secret anywhere."""
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import Home, on_terminal, program, wait_for  # noqa: E402


@pytest.fixture(scope="module")
def home():
    home = Home(rows=3000)
    yield home
    home.close()


@pytest.fixture(scope="module")
def ready(home):
    home.configure()
    return home


@pytest.fixture(scope="module")
def synced(ready):
    ready.json("share", "add", "shop.aampe.users", "shop.aampe.products", "--yes")
    return ready.json("sync", "run", "--wait")["data"]


def test_nothing_set_yet(home):
    document = home.json("status", code=3)
    assert document["data"]["ready"] is False
    assert document["data"]["blocked"]["code"] == "CONFIG_MISSING"
    assert home.json("sync", "run", code=2)["error"]["code"] == "CONFIG_MISSING"
    assert home.json("tree", code=2)["error"]["code"] == "CONFIG_MISSING"
    assert home.json("runs", "show", code=1)["error"]["code"] == "RUN_NOT_FOUND"


def test_settings(home):
    before = home.json("config", "get", "codec")["data"]
    assert before["source"] == "default"
    check = home.json("config", "set", "codec", "zstd", "--check", code=3)["data"]
    assert check["would_change"] and not check["changed"]
    assert home.json("config", "get", "codec")["data"] == before
    assert home.json("config", "set", "codec", "zstd")["data"]["changed"]
    assert not home.json("config", "set", "codec", "zstd")["data"]["changed"]
    assert home.json("config", "set", "codec", "lzma", code=2)["error"]["code"] == "CONFIG_INVALID"
    assert home.json("config", "set", "no.such", "1", code=2)["error"]["code"] == "USAGE"
    assert home.json("config", "set", "codec", "snappy")["data"]["changed"]


def test_tree(ready):
    rows = ready.json("tree", "--refresh")["data"]["rows"]
    names = {row["full_name"] for row in rows}
    assert {"shop", "shop.aampe", "shop.aampe.users", "shop.aampe.events"} <= names
    some = ready.json("tree", "AAMPE.us*")["data"]["rows"]
    assert not [row for row in some if row["kind"] == "table"]  # a pattern is of the whole name
    some = ready.json("tree", "*.aampe.us*")["data"]["rows"]
    assert [row["full_name"] for row in some if row["kind"] == "table"] == ["shop.aampe.users"]
    some = ready.json("tree", "AAMPE.us")["data"]["rows"]
    assert [row["full_name"] for row in some if row["kind"] == "table"] == ["shop.aampe.users"]


def test_show_and_preview(ready):
    shown = ready.json("show", "shop.aampe.users", "--stats")["data"]
    assert shown["stats"]["rows"] > 0
    assert all(column["syncable"] for column in shown["columns"])
    assert shown["versions"]
    masked = ready.json("preview", "shop.aampe.users", "--limit", "3")["data"]
    assert masked["masked"] and len(masked["rows"]) == 3
    for row in masked["rows"]:
        for value in row:
            assert value in (None, "", "true", "false") or "**" in value
    bare = ready.json("preview", "shop.aampe.users", "--limit", "3", "--reveal")["data"]
    assert not bare["masked"]
    assert "**" not in json.dumps(bare["rows"])
    assert ready.json("preview", "shop.aampe.nothing", code=1)["error"]["code"] == "SRC_TABLE_NOT_FOUND"
    assert ready.json("preview", "users", code=2)["error"]["code"] == "USAGE"


def test_share(ready):
    plan = ready.json("share", "add", "shop.aampe.users", code=3)["data"]
    assert plan["changes"] == 1 and plan["changed"] is False
    assert ready.json("share", "add", "shop.aampe.users", "--yes", "--check", code=3)["data"]["changed"] is False
    assert ready.json("share", "list")["data"]["tables"] == []
    assert ready.json("share", "add", "shop.aampe.users", "--yes")["data"]["changed"] is True
    assert ready.json("share", "add", "shop.aampe.users", "--yes")["data"]["changed"] is False
    assert ready.json("share", "add", "shop.aampe.no_such", "--yes", code=1)["error"]["code"] == "SRC_TABLE_NOT_FOUND"
    profile = json.loads(pathlib.Path(ready.json("share", "list")["data"]["file"]).read_text())
    assert "shop.aampe.users" in json.dumps(profile)
    assert ready.json("share", "remove", "shop.aampe.users", code=3)["data"]["changed"] is False
    assert ready.json("share", "remove", "shop.aampe.users", "--yes")["data"]["changed"] is True
    assert ready.json("share", "remove", "shop.aampe.users", "--yes")["data"]["changed"] is False


def test_share_of_the_file(ready):
    path = pathlib.Path(ready.json("share", "list")["data"]["file"])
    before = path.read_text()
    profile = json.loads(before)
    profile["managed_by"] = "file"
    path.write_text(json.dumps(profile))
    assert ready.json("engine", "reload")["data"]["changed"] is True
    assert ready.json("share", "add", "shop.aampe.users", "--yes", code=4)["error"]["code"] == "NOT_PERMITTED"
    path.write_text(json.dumps(dict(profile, codec="zstd", share=[])))
    diff = ready.json("config", "diff", code=3)["data"]
    assert diff["differs"] and [item["name"] for item in diff["settings"]] == ["codec"]
    path.write_text("{ not json")
    assert ready.json("config", "diff", code=2)["error"]["code"] == "CONFIG_INVALID"
    assert ready.json("config", "check", code=2)["error"]["code"] == "CONFIG_INVALID"
    assert ready.json("engine", "reload", code=2)["error"]["code"] == "CONFIG_INVALID"
    assert ready.json("share", "list")["data"]["managed_by"] == "file"
    path.write_text(before)
    assert ready.json("engine", "reload")["data"]["changed"] is True
    assert ready.json("config", "diff")["data"]["differs"] is False
    assert ready.json("config", "check")["data"]["valid"] is True


def test_schema(home):
    schema = home.json("config", "schema")["data"]
    assert json.loads(home.console("config", "schema").stdout) == schema
    keys = {item["name"] for item in home.json("config", "dump")["data"]["settings"]}
    for key in keys:
        where = schema
        for part in key.split("."):
            where = where["properties"][part]
        assert where["description"]


def test_sync(ready, synced):
    assert synced["verified"] is True
    for table in synced["tables"]:
        assert table["source_rows"] == table["manifest_rows"] == table["decoded_rows"] == table["file_rows"] > 0
        assert table["state"] == "done" and table["files"] >= 1 and table["bytes"] > 0
    assert [table["name"] for table in synced["tables"]] == ["shop.aampe.products", "shop.aampe.users"]
    for name in ("products", "users"):
        current = ready.folder / "files" / ("shop.aampe." + name) / "current"
        assert (current / "_manifest.json").is_file()
    status = ready.json("status")["data"]
    assert status["failed"] == 0 and all("whole_to" in table for table in status["tables"])
    assert "verified" in ready.console("sync", "run", "--wait").stdout


def test_runs(ready, synced):
    runs = ready.json("runs", "list", "--batch", str(synced["batch"]))["data"]["runs"]
    assert len(runs) == 2
    shown = ready.json("runs", "show", str(runs[0]["id"]))["data"]
    assert shown["run"]["word"] == "done"
    assert sum(item["rows"] for item in shown["file_list"]) == shown["run"]["file_rows"]
    assert ready.json("runs", "log", str(runs[0]["id"]))["data"]["lines"]
    assert ready.json("runs", "show", "999999", code=1)["error"]["code"] == "RUN_NOT_FOUND"
    assert ready.json("runs", "cancel", str(runs[0]["id"]), code=1)["error"]["code"] == "RUN_NOT_CANCELLABLE"
    assert ready.json("runs", "show", "abc", code=2)["error"]["code"] == "USAGE"
    assert ready.json("sync", "run", "shop.aampe.events", code=1)["error"]["code"] == "SHARE_UNKNOWN_TABLE"


def test_verify(ready, synced):
    """A file that is changed behind our back is found, and only that one."""
    report = ready.json("sync", "verify")["data"]
    assert report["verified"] is True
    current = ready.folder / "files" / "shop.aampe.users" / "current"
    part = next(current.glob("*.parquet"))
    before = part.read_bytes()
    changed = bytearray(before)
    changed[100] ^= 1
    part.chmod(0o600)
    for wrong in (bytes(changed), before[:-1]):
        part.write_bytes(wrong)
        document = ready.json("sync", "verify", code=1)
        assert document["error"]["code"] == "DST_FILE_CORRUPT"
        assert [table["verified"] for table in document["data"]["tables"]] == [True, False]
    part.write_bytes(before)
    assert ready.json("sync", "verify", "shop.aampe.users")["data"]["verified"] is True
    assert ready.json("sync", "verify", "shop.crm.customers", code=1)["error"]["code"] == "SHARE_UNKNOWN_TABLE"


def test_plan(ready, synced):
    plan = ready.json("sync", "plan")["data"]["tables"]
    assert [item["name"] for item in plan] == ["shop.aampe.products", "shop.aampe.users"]
    assert all("VERSION AS OF" in item["statement"] for item in plan)


def test_only_some_columns(ready, synced):
    """A table with nested columns can be synced without them; ticking it again keeps the choice."""
    table = "shop.crm.customers"
    assert ready.json("share", "add", table, "--column", "no_such", code=2)["error"]["code"] == "CONFIG_INVALID"
    added = ready.json("share", "add", table, "--column", "customer_id", "--column", "EMAIL", "--yes")["data"]
    try:
        assert added["changed"] and added["warnings"] == 0
        assert ready.json("share", "add", table, "--yes", code=3)["data"]["changes"] == 0
        report = ready.json("sync", "run", table, "--wait")["data"]
        assert report["verified"] and report["tables"][0]["file_rows"] == 2050
    finally:
        ready.json("share", "remove", table, "--yes")


@pytest.mark.parametrize("level,code,grant", [
    ("catalog", "SRC_PERM_CATALOG", "GRANT USE CATALOG ON CATALOG `shop` TO "),
    ("schema", "SRC_PERM_SCHEMA", "GRANT USE SCHEMA ON SCHEMA `shop`.`aampe` TO "),
    ("table", "SRC_PERM_TABLE", "GRANT SELECT ON TABLE `shop`.`aampe`.`users` TO ")])
def test_failure_and_retry(ready, synced, level, code, grant):
    ready.json("share", "remove", "shop.aampe.users", "--yes")
    ready.control("fault", "missing_grant", "level=" + level)
    try:
        plan = ready.json("share", "add", "shop.aampe.users", "--yes", code=3)["data"]
        assert plan["changed"] and plan["warnings"] == 1
        assert plan["plan"][0]["error"]["code"] == code and not plan["plan"][0]["readable"]
        assert plan["plan"][0]["grants"] == [grant + "`" + ready.ready["client_id"] + "`;"]
        document = ready.json("sync", "run", "shop.aampe.users", "--wait", code=1)
        assert document["error"]["code"] == code
        assert document["error"]["hint"] == plan["plan"][0]["grants"][0], "the hint is the statement itself"
        assert document["data"]["verified"] is False
        failed = ready.json("runs", "show")["data"]
        assert failed["run"]["word"] == "failed" and failed["last_good"]["word"] == "done"
        assert "SAFE" in ready.console("runs", "show").stdout
        assert ready.json("status", code=1)["data"]["failed"] == 1
        # What the failure tells to paste, though the list of the workspace was read before the right was taken.
        assert ready.console("share", "plan", "--sql").stdout.strip() == plan["plan"][0]["grants"][0]
    finally:
        ready.control("fault", "clear")
    assert ready.json("runs", "retry", str(failed["run"]["id"]), "--wait")["data"]["verified"] is True
    assert ready.json("status")["data"]["failed"] == 0


def test_wrong_secret(ready, synced):
    ready.json("secrets", "set", "principal", "--from-fd", "0", stdin="dose-wrong-canary\n")
    try:
        assert ready.json("tree", "--refresh", code=4)["error"]["code"] == "SRC_AUTH_CLIENT_INVALID"
    finally:
        right = ready.ready["client_secret"] + "\n"
        assert ready.json("secrets", "set", "principal", "--from-fd", "0", stdin=right)["data"]["changed"]
        assert not ready.json("secrets", "set", "principal", "--from-fd", "0", stdin=right)["data"]["changed"]
    assert ready.json("sync", "run", "--wait")["data"]["verified"] is True
    assert ready.json("secrets", "set", "principal", "--from-fd", "0", stdin="\n", code=2)["error"]["code"] == "USAGE"
    assert ready.json("secrets", "set", "nobody", "--from-fd", "0", stdin="x\n", code=2)["error"]["code"] == "USAGE"


def test_secret_without_echo(ready):
    secret = ready.ready["client_secret"].encode()
    seen, code = on_terminal(ready, ["secrets", "set", "principal"], [(b"not shown", secret + b"\n")])
    assert code == 0 and secret not in seen


def test_typed_word(ready, synced):
    prompt = b'type "apply 1"'
    seen, code = on_terminal(ready, ["share", "remove", "shop.aampe.users"], [(prompt, b"yes\n")])
    assert code == 3 and b"nothing was changed" in seen
    seen, code = on_terminal(ready, ["share", "remove", "shop.aampe.users"], [(prompt, b"apply 1\n")])
    assert code == 0
    assert "shop.aampe.users" not in json.dumps(ready.json("share", "list")["data"]["tables"])
    ready.json("share", "add", "shop.aampe.users", "--yes")


def test_two_consoles_start_one_engine(home):
    home.json("engine", "stop")
    consoles = [subprocess.Popen([program("aampe-console"), "--json", "engine", "start"], env=home.env,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    answers = [(console.communicate(timeout=60), console.returncode) for console in consoles]
    assert [code for _, code in answers] == [0] * 4, answers
    pids = {json.loads(texts[0])["data"]["pid"] for texts, _ in answers}
    assert len(pids) == 1


def test_stop_and_kill_in_the_middle(ready, synced):
    """What was running when the engine ended is finished by the next one, whole and once."""
    ready.json("share", "add", "shop.aampe.events", "--yes")
    for number in (signal.SIGTERM, signal.SIGKILL):
        ready.control("fault", "slow", "endpoint=link", "delay_ms=5000", "times=1")
        batch = ready.json("sync", "run", "shop.aampe.events")["data"]["batch"]
        wait_for(lambda: ready.json("runs", "list", "--batch", str(batch))["data"]["runs"][0]["state"] != "PLANNED")
        pid = ready.engine_pid()
        os.kill(pid, number)
        wait_for(lambda: not os.path.exists("/proc/%d" % pid))
        ready.control("fault", "clear")

        def over():
            run = ready.json("runs", "list", "--batch", str(batch))["data"]["runs"][0]
            return run if run["word"] in ("done", "failed", "cancelled") else None
        run = wait_for(over)
        assert run["word"] == "done", run
        assert run["source_rows"] == run["file_rows"] == 3000
    ready.json("share", "remove", "shop.aampe.events", "--yes")


def test_cancel(ready, synced):
    ready.json("share", "add", "shop.aampe.events", "--yes")
    ready.control("fault", "slow", "endpoint=link", "delay_ms=30000", "times=1")
    try:
        batch = ready.json("sync", "run", "shop.aampe.events")["data"]["batch"]
        run = wait_for(lambda: [run for run in ready.json("runs", "list", "--batch", str(batch))["data"]["runs"]
                                if run["state"] == "RUNNING"])[0]
        assert ready.json("sync", "run", "shop.aampe.events", code=1)["error"]["code"] == "ENGINE_BUSY"
        ready.json("runs", "cancel", str(run["id"]))
        wait_for(lambda: ready.json("runs", "show", str(run["id"]))["data"]["run"]["word"] == "cancelled")
    finally:
        ready.control("fault", "clear")
    ready.json("share", "remove", "shop.aampe.events", "--yes")


def test_destination_mended(ready, synced):
    """A destination that cannot be used says why; once it can, the next command works."""
    blocked = ready.folder / "blocked"
    blocked.write_text("a file where a folder should be")
    before = ready.json("config", "get", "destination.url")["data"]["value"]
    ready.json("config", "set", "destination.url", "file://%s" % blocked)
    document = ready.json("sync", "run", "--wait", code=1)
    assert document["error"]["code"].startswith("HOST_"), document
    wait_for(lambda: "blocked" in ready.json("status", code=3)["data"])
    blocked.unlink()
    assert ready.json("sync", "run", "--wait")["data"]["verified"] is True
    assert (blocked / "shop.aampe.users" / "current").is_symlink()
    ready.json("config", "set", "destination.url", before)


def test_interrupted_wait(ready, synced):
    ready.control("fault", "slow", "endpoint=link", "delay_ms=6000", "times=1")
    try:
        waiting = subprocess.Popen([program("aampe-console"), "--json", "sync", "run", "--wait"], env=ready.env,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: ready.json("status")["data"]["running"])
        waiting.send_signal(signal.SIGINT)
        out, _ = waiting.communicate(timeout=30)
        assert waiting.returncode == 130
        assert json.loads(out)["error"]["code"] == "CANCELLED_BY_USER"
        assert ready.json("status")["data"]["running"]  # the engine goes on
    finally:
        ready.control("fault", "clear")
    wait_for(lambda: not ready.json("status")["data"]["running"])
    assert ready.json("status")["data"]["failed"] == 0


def test_read_only(home):
    for words in (("share", "add", "a.b.c", "--yes"), ("sync", "run"), ("secrets", "set", "principal"),
                  ("config", "set", "codec", "none"), ("engine", "stop"), ("runs", "cancel", "1")):
        assert home.json("--read-only", *words, code=4)["error"]["code"] == "NOT_PERMITTED"
    assert home.json("--read-only", "config", "get", "codec")["data"]["value"] == "snappy"


def test_usage(home):
    assert home.json("nonsense", code=2)["error"]["code"] == "USAGE"
    assert home.json("--profile", "../x", "status", code=2)["error"]["code"] == "USAGE"
    assert home.json("--socket", str(home.folder / "none"), "status", code=5)["error"]["code"] == "ENGINE_UNREACHABLE"
    assert home.console("--help").returncode == 0
    assert "SRC_PERM_TABLE" in home.console("explain", "SRC_PERM_TABLE").stdout
    assert home.json("explain", "NO_SUCH", code=2)["error"]["code"] == "USAGE"


def test_engine(home):
    pid = home.engine_pid()
    assert home.json("engine", "start")["data"]["changed"] is False
    assert home.json("engine", "log")["data"]["lines"]
    assert home.json("engine", "stop")["data"]["changed"] is True
    wait_for(lambda: not os.path.exists("/proc/%d" % pid))
    assert home.json("engine", "status", code=5)["error"]["code"] == "ENGINE_UNREACHABLE"
    assert home.json("engine", "stop")["data"]["changed"] is False
    everyone = home.json("status", "--all-profiles", code=5)["data"]["profiles"]
    assert [profile["profile"] for profile in everyone] == ["default"] and everyone[0]["stale"]
    assert home.json("engine", "start")["data"]["changed"] is True
    assert home.engine_pid() != pid


def files_with(folder, needle, skip):
    hits = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and skip not in path.parents and needle in path.read_bytes():
            hits.append(str(path))
    return hits


def test_no_secret_anywhere(ready, synced):
    """The canary is the real secret: it may stand in the sandbox's own folder, and nowhere else."""
    secret = ready.ready["client_secret"].encode()
    assert files_with(ready.folder, secret, ready.sandbox_state) == []
    pid = ready.engine_pid()
    for name in ("cmdline", "environ"):
        try:
            assert secret not in pathlib.Path("/proc/%d/%s" % (pid, name)).read_bytes()
        except PermissionError:
            pass  # not readable even for its own user: better still
    assert not [text for text in ready.texts if secret.decode() in text]
    listed = ready.json("secrets", "list")["data"]
    assert [item["name"] for item in listed["secrets"]] == ["principal"]
    assert secret.decode() not in json.dumps(listed)
    planted = ready.folder / "planted"
    planted.write_bytes(b"x" + secret)
    assert files_with(ready.folder, secret, ready.sandbox_state) == [str(planted)]
    planted.unlink()


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-x", "--tb=short", "-p", "no:cacheprovider", __file__]))
