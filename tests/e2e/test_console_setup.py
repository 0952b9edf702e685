"""setup without a terminal: what is missing, answers from a file, each step's checks and their faults."""
import json
import os
import socket
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import Home  # noqa: E402

TABLES = ["shop.aampe.events", "shop.aampe.products", "shop.aampe.users"]


@pytest.fixture
def home():
    home = Home(rows=500)
    yield home
    home.close()


def answers(home, **changes):
    values = {"workspace": {"host": home.ready["address"] + "/sql/editor?o=70"},
              "principal": {"client_id": home.ready["client_id"]},
              "warehouse": {"id": home.ready["warehouse_id"]},
              "destination": {"url": "file://%s/files" % home.folder},
              "share": [{"name": name} for name in TABLES]}
    values.update(changes)
    path = home.folder / "answers.json"
    path.write_text(json.dumps(values))
    return str(path)


def secret(home):
    home.json("secrets", "set", "principal", "--from-fd", "0", stdin=home.ready["client_secret"] + "\n")


def steps(document):
    return {step["id"]: step for step in document["data"]["steps"]}


def layers(step):
    return [(layer["layer"], layer["state"]) for layer in step["layers"]]


def failing(step):
    """The one layer that fails, with its error; the deeper ones were not reached, the nearer ones are good."""
    states = [layer["state"] for layer in step["layers"]]
    at = states.index("FAIL")
    assert set(states[:at]) <= {"ok", "WARN"} and set(states[at + 1:]) <= {"not reached"}, states
    layer = step["layers"][at]
    assert layer["error"]["message"] and layer["error"]["hint"] and layer["ms"] <= 11000
    return layer["layer"], layer["error"]["code"]


def test_all_missing_answers_at_once(home):
    document = home.json("setup", code=2)
    assert [item["answer"] for item in document["data"]["missing"]] == [
        "workspace.host", "principal.client_id", "secret principal", "warehouse.id", "share", "destination.url"]
    assert all(item["command"].startswith("aampe-console ") for item in document["data"]["missing"])
    document = home.json("setup", "--answers", answers(home), "--yes", code=2)
    assert [item["answer"] for item in document["data"]["missing"]] == ["secret principal"]
    assert not (home.folder / "config/aampe/default.json").exists(), "nothing is set while something is missing"


def test_answers_to_the_first_sync(home):
    secret(home)
    path = answers(home)
    document = home.json("setup", "--answers", path, code=3)
    assert document["data"]["changed"] is False
    assert {change["name"] for change in document["data"]["changes"]} == {
        "workspace.host", "principal.client_id", "warehouse.id", "destination.url", "share"}
    document = home.json("setup", "--answers", path, "--yes")
    found = steps(document)
    assert document["data"]["changed"] is True and document["data"]["done"] == 6
    assert [found[name]["state"] for name in found] == ["done"] * 6 + ["todo"]
    assert all(state == "ok" for name in found if "layers" in found[name] for _, state in layers(found[name]))
    assert layers(found["workspace"])[0][0] == "url shape" and layers(found["workspace"])[-1][0] == "workspace id"
    assert home.json("setup", "--answers", path, "--yes")["data"]["changed"] is False
    home.json("sync", "run", "--wait")
    document = home.json("setup")
    assert document["data"]["done"] == 7 and document["data"]["complete"] is True
    assert "verified" in steps(document)["first-sync"]["text"]
    plain = home.console("setup", "--plain")
    assert plain.returncode == 0 and "\t" in plain.stdout and "\x1b" not in plain.stdout


def test_bad_answers(home):
    secret(home)
    path = home.folder / "bad.json"
    path.write_text('{"workspace": {"hosts": "x"}}')
    assert home.json("setup", "--answers", str(path), code=2)["error"]["code"] == "CONFIG_INVALID"
    path.write_text(json.dumps({"managed_by": "file", "share": []}))
    assert "engine reload" in home.json("setup", "--answers", str(path), code=2)["error"]["hint"]
    filtered = [{"name": TABLES[0], "filter": "true"}]
    error = home.json("setup", "--answers", answers(home, share=filtered), "--yes", code=2)["error"]
    assert error["code"] == "CONFIG_INVALID" and "filter" in error["message"]
    done = home.console("setup", "--answers", str(home.folder / "absent.json"))
    assert done.returncode == 2 and "absent.json" in done.stderr


def set_up(home):
    secret(home)
    home.json("setup", "--answers", answers(home), "--yes")


def test_wrong_host(home):
    set_up(home)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        home.json("config", "set", "workspace.host", "http://127.0.0.1:%d" % closed.getsockname()[1])
        document = home.json("setup", code=1)
    assert failing(steps(document)["workspace"]) == ("tcp", "NET_CONNECT")
    assert steps(document)["workspace"]["state"] == "fails" and document["error"]["code"] == "NET_CONNECT"
    assert "layers" not in steps(document)["principal"], "what hangs on it is not looked at"
    home.json("config", "set", "workspace.host", "https://no-such-name.invalid")
    assert failing(steps(home.json("setup", code=1))["workspace"]) == ("dns", "NET_DNS")
    home.json("config", "set", "workspace.host", home.ready["address"].replace("http:", "https:"))
    assert failing(steps(home.json("setup", code=1))["workspace"])[0] == "tls"


def test_not_a_workspace(home):
    set_up(home)
    home.control("fault", "html_login", "endpoint=/.well-known")
    home.control("fault", "html_login", "endpoint=/oidc/.well-known")
    layer, code = failing(steps(home.json("setup", code=1))["workspace"])
    assert (layer, code) == ("is a workspace", "SRC_HOST_WRONG")


def test_wrong_secret(home):
    set_up(home)
    home.json("secrets", "set", "principal", "--from-fd", "0", stdin="dose-wrong\n")
    document = home.json("setup", code=4)
    assert failing(steps(document)["secret"]) == ("token", "SRC_AUTH_CLIENT_INVALID")
    assert steps(document)["secret"]["state"] == "fails"
    assert "dose-wrong" not in "".join(home.texts)


def test_no_such_warehouse(home):
    set_up(home)
    home.json("config", "set", "warehouse.id", "0123456789abcdef")
    assert failing(steps(home.json("setup", code=1))["warehouse"]) == ("exists", "SRC_WH_NOT_FOUND")


def test_warehouse_not_started_unasked(home):
    set_up(home)
    home.control("fault", "cold_warehouse", "seconds=1")
    found = steps(home.json("setup"))["warehouse"]
    assert found["state"] == "done"
    assert dict(layers(found))["state"] == "ok" and "not tried" in found["layers"][3]["text"]


def test_a_table_that_cannot_be_read_waits(home):
    set_up(home)
    home.control("fault", "missing_grant", "level=table", "table=shop.aampe.users")
    document = home.json("setup", code=4)
    tables = steps(document)["tables"]
    assert tables["state"] == "waits" and tables["error"]["code"] == "SRC_PERM_TABLE"
    assert ("shop.aampe.users", "FAIL") in layers(tables) and ("readable", "FAIL") in layers(tables)
    home.control("fault", "clear")
    assert steps(home.json("setup"))["tables"]["state"] == "done"


def test_destination_cannot_be_made(home):
    set_up(home)
    (home.folder / "file").write_text("in the way")
    home.json("config", "set", "destination.url", "file://%s/file/below" % home.folder)
    document = home.json("setup", code=1)
    assert failing(steps(document)["destination"])[0] == "folder"
    home.json("config", "set", "destination.url", "file:///proc/aampe")
    assert failing(steps(home.json("setup", code=1))["destination"])[0] == "folder"


def test_linear_setup(home):
    done = home.console("setup", "--linear", stdin="1\n%s/sql?o=7\n\n\n0\n0\n" % home.ready["address"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 workspace: done" in done.stdout and "\x1b" not in done.stdout


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-x", "--tb=short", "-p", "no:cacheprovider", __file__]))
