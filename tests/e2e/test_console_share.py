"""A first use, end to end on the real programs: settings, secret, tree, share, sync, runs; exit codes; no secret anywhere."""
import json
import os
import pathlib
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import Home, wait_for  # noqa: E402


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
    path.write_text("{ not json")
    assert ready.json("engine", "reload", code=2)["error"]["code"] == "CONFIG_INVALID"
    assert ready.json("share", "list")["data"]["managed_by"] == "file"
    path.write_text(before)
    assert ready.json("engine", "reload")["data"]["changed"] is True


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


def test_plan(ready, synced):
    plan = ready.json("sync", "plan")["data"]["tables"]
    assert [item["name"] for item in plan] == ["shop.aampe.products", "shop.aampe.users"]
    assert all("VERSION AS OF" in item["statement"] for item in plan)


def test_failure_and_retry(ready, synced):
    ready.control("revoke", ready.ready["client_id"], "SELECT", "shop.aampe.users")
    document = ready.console("--json", "sync", "run", "shop.aampe.users", "--wait")
    report = json.loads(document.stdout)
    if report["ok"]:
        pytest.skip("the world grants SELECT above the table")
    assert document.returncode == 1
    assert report["error"]["code"] == "SRC_PERM_TABLE"
    failed = ready.json("runs", "show")["data"]
    assert failed["run"]["word"] == "failed" and failed["last_good"]["word"] == "done"
    assert ready.json("status", code=1)["data"]["failed"] == 1
    ready.control("grant", ready.ready["client_id"], "SELECT", "shop.aampe.users")
    assert ready.json("runs", "retry", str(failed["run"]["id"]), "--wait")["data"]["verified"] is True
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
    sys.exit(pytest.main(["-q", "-x", "-p", "no:cacheprovider", __file__]))
