"""One table over the engine's socket: the verdict of what may not be read, cells, counts, and a statement given up."""
import json
import os
import socket
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import Home, program, wait_for  # noqa: E402


class Link:
    """A client that can send more than one request before it reads."""

    def __init__(self, home):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(home.folder / "state" / "aampe" / "default" / "sock"))
        self.file = self.socket.makefile("rw")
        self.last = 0
        self.kept = {}
        self.call("hello", {"protocol": 1, "program": "test", "version": "0"})

    def send(self, method, params):
        self.last += 1
        self.file.write(json.dumps({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}) + "\n")
        self.file.flush()
        return self.last

    def answer(self, number):
        while number not in self.kept:
            message = json.loads(self.file.readline())
            self.kept[message.get("id")] = message
        return self.kept.pop(number)

    def call(self, method, params):
        return self.answer(self.send(method, params))

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture(scope="module")
def home():
    home = Home(rows=2000)
    home.configure()
    yield home
    home.close()


@pytest.fixture
def link(home):
    link = Link(home)
    yield link
    link.close()


def requests(home, part):
    out = home.folder / "requests"
    with open(out, "w") as file:
        subprocess.run([program("aampe-sandbox"), "requests", "--state", str(home.sandbox_state)], check=True, stdout=file,
                       env=home.env)
    return [line for line in out.read_text().splitlines() if part in line]


def test_verdict_of_a_table_that_may_not_be_read(home):
    shown = home.json("show", "shop.loyalty.members")["data"]
    access = shown["access"]
    assert access["verdict"] == "not_readable" and access["missing"] == 2
    assert [level["has"] for level in access["levels"]] == ["yes", "no", "no"]
    assert access["levels"][0]["via"] == "aampe_reader"
    assert access["levels"][1]["sql"] == "GRANT USE SCHEMA ON SCHEMA `shop`.`loyalty` TO `%s`;" % home.ready["client_id"]
    assert access["tried"]["stopped_at"] == "SCHEMA"
    assert access["metastore_owner"] == "admin@sandbox.example"
    assert home.json("show", "shop.aampe.nothing", code=1)["error"]["code"] == "SRC_TABLE_NOT_FOUND"


def test_the_verdict_follows_the_grants(home):
    try:
        for privilege, thing, missing in (("USE_SCHEMA", "shop.loyalty", 1), ("SELECT", "shop.loyalty.members", 0)):
            home.control("grant", home.ready["client_id"], privilege, thing)
            access = home.json("show", "shop.loyalty.members")["data"]["access"]
            assert access["missing"] == missing
        assert access["verdict"] == "readable"
    finally:
        home.control("revoke", home.ready["client_id"], "SELECT", "shop.loyalty.members")
        home.control("revoke", home.ready["client_id"], "USE_SCHEMA", "shop.loyalty")


def test_cells(link):
    masked = link.call("preview", {"table": "shop.crm.customers"})["result"]
    names = [column["name"] for column in masked["columns"]]
    shape = dict(zip(names, zip(*masked["rows"])))
    assert all("**" in value for value in shape["email"] if value)
    assert all(value is None or value[0] == "[" for value in shape["tags"])
    assert all(value is None or value[0] == "{" for value in shape["prefs"])
    assert {"yes", "no"} >= {value for value in shape["marketing_opt_in"] if value}  # a short list of words
    bare = link.call("preview", {"table": "shop.crm.customers", "reveal": True})["result"]
    assert bare["folds"][str(names.index("tags"))] == list(shape["tags"])
    assert not any("**" in str(value) for row in bare["rows"] for value in row)


def test_count(link):
    count = link.call("show.count", {"table": "shop.crm.customers", "column": "marketing_opt_in"})["result"]
    assert count["rows"] == 2050 and count["empty"] == 200 and 0 < count["values"] < 2050 and count["distinct"] == 3


def test_a_stopped_warehouse_is_not_started_unasked(home, link):
    home.control("fault", "cold_warehouse", "seconds=600")
    try:
        for verb in ("preview", "show.history"):
            error = link.call(verb, {"table": "shop.aampe.users", "only_running": True})["error"]["data"]
            assert error["code"] == "SRC_WH_STOPPED"
        asked = link.send("preview", {"table": "shop.aampe.users"})
        wait_for(lambda: requests(home, "GET /api/2.0/sql/statements/"))
        assert link.call("cancel", {"id": asked})["result"]["cancelled"] is True
        assert link.answer(asked)["error"]["data"]["code"] == "CANCELLED_BY_USER"
        wait_for(lambda: len(requests(home, "/cancel")) == 1)
        assert link.call("cancel", {"id": asked})["result"]["cancelled"] is False
        # Given up before it had a name, and by a client that has gone.
        asked = link.send("preview", {"table": "shop.aampe.users"})
        link.call("cancel", {"id": asked})
        link.answer(asked)
        gone = Link(home)
        gone.send("show.history", {"table": "shop.aampe.users"})
        wait_for(lambda: len(requests(home, "POST /api/2.0/sql/statements 200")) >= 3)
        gone.close()
        wait_for(lambda: len(requests(home, "/cancel")) == 3)
    finally:
        home.control("fault", "clear")


def test_a_stranger_cancels_nothing(home, link):
    other = Link(home)
    home.control("fault", "cold_warehouse", "seconds=600")
    try:
        asked = link.send("preview", {"table": "shop.aampe.users"})
        other.last = asked - 1
        assert other.call("cancel", {"id": asked})["result"]["cancelled"] is False
        assert link.call("cancel", {"id": asked})["result"]["cancelled"] is True
    finally:
        home.control("fault", "clear")
        other.close()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
