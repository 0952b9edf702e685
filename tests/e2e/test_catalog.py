"""Browsing at scale, on the real engine: 100 000 tables are listed with one request a page, also over a kill in the middle;
a search over them is one request to the engine and none to the workspace; a draft of ticks outlives the engine and what
listened to it; a plan that was left behind is refused; a share managed by file becomes a patch."""
import collections
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import Home, program, wait_for  # noqa: E402

PROTOCOL = int(re.search(r"define IPC_PROTOCOL (\d+)", (pathlib.Path(__file__).resolve().parents[2] /
                                                        "src/ipc/frame.h").read_text()).group(1))


class Client:
    """One connection to the engine; events are kept in the order they came."""

    def __init__(self, path, *events):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        self.number, self.events = 0, []
        self.ok("hello", {"protocol": PROTOCOL, "program": "test", "version": "test"})
        if events:
            self.ok("subscribe", {"events": list(events)})

    def call(self, method, params=None):
        self.number += 1
        self.socket.sendall(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method,
                                        "params": params or {}}).encode() + b"\n")
        while True:
            answer = json.loads(self.file.readline())
            if answer.get("id") == self.number:
                return answer
            self.events.append(answer["params"])

    def ok(self, method, params=None):
        answer = self.call(method, params)
        assert "result" in answer, (method, params, answer)
        return answer["result"]

    def error(self, method, params=None):
        answer = self.call(method, params)
        assert "error" in answer, (method, params, answer)
        return answer["error"]["data"]

    def close(self):
        self.file.close()
        self.socket.close()


class Place(Home):
    """A sandbox, a profile on it, and an engine that the test may kill."""

    def __init__(self, world, rows=1000):
        super().__init__(world, rows)
        self.path = str(self.folder / "state/aampe/default/sock")
        self.engine = None
        self.start()
        self.configure()

    def start(self):
        self.engine = subprocess.Popen([program("aampe-syncd"), "--foreground"], env=self.env, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=open(self.folder / "engine.err", "a"))

        def answers():
            assert self.engine.poll() is None, (self.folder / "engine.err").read_text()
            try:
                Client(self.path).close()
                return True
            except (FileNotFoundError, ConnectionRefusedError):
                return False
        wait_for(answers)

    def kill(self):
        self.engine.send_signal(signal.SIGKILL)
        self.engine.wait(60)

    def requests(self):
        done = subprocess.run([program("aampe-sandbox"), "requests", "--json", "--state", str(self.sandbox_state)],
                              check=True, capture_output=True, text=True, env=self.env, timeout=60)
        return json.loads(done.stdout)["requests"]

    def grant(self, kind, name, *privileges):
        body = {"changes": [{"principal": self.ready["client_id"], "add": list(privileges)}]}
        request = urllib.request.Request(
            f"{self.ready['address']}/api/2.1/unity-catalog/permissions/{kind}/{name}", method="PATCH",
            data=json.dumps(body).encode(), headers={"Authorization": "Bearer " + self.ready["admin_token"]})
        urllib.request.urlopen(request, timeout=60).close()

    def close(self):
        if self.engine.poll() is None:
            self.engine.send_signal(signal.SIGTERM)
            assert self.engine.wait(60) == 0, (self.folder / "engine.err").read_text()[-4000:]
        super().close()


@pytest.fixture(scope="module")
def big():
    place = Place("big")
    yield place
    place.close()


@pytest.fixture()
def shop():
    place = Place("shop")
    yield place
    place.close()


def walked(client):
    head = client.ok("tree.rows", {"limit": 1})
    return not head["refreshing"] and "walked" in head


# Sanitizers keep what was freed for a while: what the engine takes then says nothing.
SANITIZED = b"__asan_init" in pathlib.Path(program("aampe-syncd")).read_bytes()


def memory(pid, key="VmHWM"):
    return int(re.search(key + r":\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


def test_walk_over_a_kill(big):
    """What was listed stays, what was not is listed afterwards, nothing twice but what was under way."""
    began = time.monotonic()
    client = Client(big.path, "catalog.changed")
    # what somebody looks into is listed next
    wait_for(lambda: client.ok("tree.rows", {"parent": "c:lake_us", "offset": 499, "limit": 1})["rows"], 60)
    last = client.ok("tree.rows", {"parent": "c:lake_us", "offset": 499, "limit": 1})["rows"][0]["key"]
    wait_for(lambda: client.ok("tree.rows", {"parent": last})["total"] == 50)
    assert client.ok("tree.rows", {"limit": 1})["tables"] < 50000
    wait_for(lambda: client.ok("tree.rows", {"limit": 1})["tables"] > 10000, 120)
    big.kill()
    before = collections.Counter(listed(big))
    big.start()
    client = Client(big.path, "catalog.changed")
    assert client.ok("tree.rows", {"limit": 1})["tables"] > 10000
    wait_for(lambda: walked(client), 240)
    seconds = time.monotonic() - began
    head = client.ok("tree.rows", {"limit": 1})
    assert head["tables"] == 100001 and head["schemas"] == 2001
    times = collections.Counter(listed(big))
    assert len(times) == 2001 + 4  # what the four catalogs say of themselves is listed, and not counted
    twice = [name for name, count in times.items() if count > 1]
    assert len(twice) <= 4 and all(before[name] == 1 and times[name] == 2 for name in twice), twice
    # word about it comes at most twice a second
    client.ok("tree.rows", {"limit": 1})
    words = [event["payload"] for event in client.events if "job" in event["payload"]]
    assert words and words[-1]["done"] and any(word["resumed"] for word in words)
    assert len(words) <= 2 * seconds + 2, len(words)
    assert SANITIZED or memory(big.engine.pid) < 100 * 1024
    client.close()


def listed(place):
    """Full names of the schemas whose tables were listed, one for each request."""
    for request in place.requests():
        if request["path"] == "/api/2.1/unity-catalog/tables":
            query = urllib.parse.parse_qs(request["query"])
            assert "page_token" not in query
            yield query["catalog_name"][0] + "." + query["schema_name"][0]


def test_search_is_one_request(big):
    client = Client(big.path)
    wait_for(lambda: walked(client), 240)
    calls = client.ok("engine.status")["calls"]
    began = time.monotonic()
    found = client.ok("tree.search", {"pattern": "orders", "limit": 100})
    print(f"search over 100 001 names: {(time.monotonic() - began) * 1000:.1f} ms, {found['total']} found")
    after = client.ok("engine.status")["calls"]
    assert after["tree.search"] == calls.get("tree.search", 0) + 1
    assert {name for name in after if after[name] != calls.get(name, 0)} <= {"tree.search", "engine.status"}
    assert found["total"] == 5000 and len(found["rows"]) == 100
    names = [row["full_name"] for row in found["rows"]]
    assert names == sorted(names) and all("orders" in name for name in names)
    # a window deep inside is the one that follows
    deep = client.ok("tree.search", {"pattern": "orders", "offset": 4990, "limit": 100})
    assert len(deep["rows"]) == 10 and deep["rows"][0]["full_name"] > names[-1]
    assert {row["catalog"] for row in deep["rows"]} == {"lake_us"}
    assert client.ok("tree.search", {"pattern": "no such name"})["total"] == 0
    # the words of access, without a question to the workspace
    counts = {word: client.ok("tree.search", {"access": word, "limit": 1})["total"]
              for word in ("extra", "no_select", "no_schema", "no_catalog", "filtered", "ok")}
    assert counts["no_catalog"] == 25000 and counts["ok"] == 0
    assert counts["extra"] + counts["filtered"] + counts["no_select"] + counts["no_schema"] == 75001, counts
    assert all(counts[word] > 100 for word in ("extra", "no_select", "no_schema", "filtered")), counts
    client.close()


def test_many_ticks(big):
    """A hundred thousand ticks are one operation, answered in small frames, and go back as one."""
    client, other = Client(big.path), Client(big.path, "draft.changed")
    wait_for(lambda: walked(client), 240)
    done = client.ok("draft.tick", {"pattern": "orders", "on": True})
    assert (done["changed"], done["add"], done["operations"]) == (5000, 5000, 1)
    done = client.ok("draft.tick", {"under": "c:lake_eu", "on": True})
    assert done["add"] == 5000 + 25001 - 1250
    row = next(row for row in client.ok("tree.rows")["rows"] if row["name"] == "lake_eu")
    assert (row["tick"], row["ticked"], row["tables"], row["draft"]) == ("on", 25001, 25001, "+")
    done = client.ok("draft.tick", {"pattern": "", "on": True})
    assert done["add"] == 100001 and done["operations"] == 3
    page = client.ok("draft.show", {"offset": 99990, "limit": 500})
    assert len(page["items"]) == 11 and page["total"] == 100001
    big.kill()
    big.start()
    client = Client(big.path)
    assert client.ok("draft.show", {"limit": 1})["add"] == 100001
    for expected in (28751, 5000, 0):
        assert client.ok("draft.undo")["add"] == expected
    assert SANITIZED or memory(big.engine.pid) < 150 * 1024
    # whoever listened was told, and not table by table
    assert len([event for event in other_events(other) if event["name"] == "draft.changed"]) == 3
    client.close()


def other_events(client):
    """All events that came before the connection ended."""
    client.socket.settimeout(10)
    for line in client.file:
        client.events.append(json.loads(line)["params"])
    return client.events


def test_draft_survives(shop):
    client = Client(shop.path, "draft.changed")
    wait_for(lambda: walked(client))
    client.ok("draft.tick", {"under": "s:shop.aampe", "on": True})
    client.ok("draft.tick", {"keys": ["t:shop.aampe.events"], "on": False})
    row = next(row for row in client.ok("tree.rows", {"parent": "c:shop"})["rows"] if row["name"] == "aampe")
    assert (row["tick"], row["ticked"], row["tables"]) == ("some", 3, 4)
    before = client.ok("draft.show")
    assert before["author"] and before["add"] == 3
    shop.kill()
    shop.start()
    client = Client(shop.path)
    assert client.ok("draft.show") == before
    undone = client.ok("draft.undo")
    assert undone["add"] == 4 and undone["undone"] == "untick 1 table" and undone["revision"] > before["revision"]


def test_badges(shop):
    """From the listing at once; what it cannot know after a look, and when it changes without a listing."""
    shop.grant("catalog", "shop", "BROWSE")
    client = Client(shop.path, "catalog.changed")
    wait_for(lambda: walked(client))
    client.ok("catalog.refresh")
    wait_for(lambda: walked(client) and client.ok("tree.rows", {"limit": 1})["tables"] == 22)

    def row(parent, name):
        return next(row for row in client.ok("tree.rows", {"parent": parent})["rows"] if row["name"] == name)
    assert row("c:shop", "loyalty")["access"] == "no_schema"
    assert row("s:shop.crm", "customers")["access"] == "extra"
    assert row("s:shop.crm", "customers_masked")["access"] == "no_select"
    assert row("s:shop.loyalty", "members")["why"].startswith("lacks USE SCHEMA on shop.loyalty")
    wait_for(lambda: row("s:shop.loyalty", "members")["why"] ==
             "lacks USE SCHEMA on shop.loyalty, then SELECT; crm-team can grant both")
    shop.grant("schema", "shop.loyalty", "USE_SCHEMA", "SELECT")
    client.ok("draft.tick", {"keys": ["t:shop.loyalty.members"], "on": True})
    assert client.ok("share.plan")["tables"][0]["readable"] is True
    assert row("s:shop.loyalty", "members")["access"] == "ok"


def test_what_every_catalog_has(shop):
    """An information_schema is shown with its views, and is not counted, ticked, granted or looked at with the rest."""
    client = Client(shop.path)
    wait_for(lambda: walked(client))

    def rows(parent):
        return {row["name"]: row for row in client.ok("tree.rows", {"parent": parent})["rows"]}
    catalog, own = rows("")["shop"], rows("c:shop")["information_schema"]
    views = rows("s:shop.information_schema")
    assert own["access"] == "built_in" and own["owner"] == "System user" and own["tick"] == "off"
    assert views["tables"]["type"] == "VIEW" and {row["access"] for row in views.values()} == {"built_in"}
    others = [row for row in rows("c:shop").values() if row is not own and row["name"] != "information_schema"]
    assert catalog["schemas"] == len(others) and catalog["tables"] == sum(row["tables"] for row in others)
    assert client.ok("tree.search", {"pattern": "privileges"})["total"] == 0
    assert client.ok("tree.search", {"pattern": ""})["total"] == catalog["tables"]
    assert client.ok("tree.search", {"pattern": "information_schema"})["total"] == len(views)
    for what in ({"under": "s:shop.information_schema"}, {"pattern": "information_schema"}):
        assert client.ok("draft.tick", {**what, "on": True})["changed"] == 0
    assert client.ok("draft.tick", {"under": "c:shop", "on": True})["add"] == catalog["tables"]
    name = "shop.information_schema.tables"
    for refused in (client.error("draft.tick", {"keys": ["t:" + name], "on": True}),
                    client.error("share.add", {"tables": [name]})):
        assert refused["code"] == "USAGE" and name in refused["message"] and "no grant" in refused["hint"]
    shown = client.ok("show", {"table": name})
    assert shown["access"]["verdict"] == "readable" and shown["type"] == "VIEW", shown
    assert ["sql" in level for level in shown["access"]["levels"]] == [True, False, False], "no GRANT gives it"
    assert not [one for one in shop.requests() if "/permissions/" in one["path"] and "information_schema" in one["path"]
                and "effective" not in one["path"]]
    client.close()


def test_hidden_and_not_governed(shop):
    """What only the observer sees is counted and named, and goes when it does; what Unity Catalog does not govern is
    named by a running warehouse, and stays over the next walk."""
    client = Client(shop.path)
    wait_for(lambda: walked(client))

    def rows(parent=""):
        return {row["name"]: row for row in client.ok("tree.rows", {"parent": parent})["rows"]}
    wait_for(lambda: "hive_metastore" in rows())
    assert rows()["hive_metastore"]["access"] == "not_uc" and "finance" not in rows("c:shop")
    shop.json("config", "set", "observer.client_id", shop.ready["observer_client_id"])
    shop.json("secrets", "set", "observer", "--from-fd", "0", stdin=shop.ready["observer_client_secret"] + "\n")
    wait_for(lambda: "finance" in rows("c:shop") and walked(client))
    finance = rows("c:shop")["finance"]
    assert (finance["access"], finance["hidden"], finance["tables"]) == ("hidden", 1, 1)
    assert rows("s:shop.finance")["orders"]["access"] == "hidden"
    crm = rows("c:shop")["crm"]
    assert (crm["access"], crm["hidden"], crm["tables"]) == ("ok", 1, 2)
    assert rows("s:shop.crm")["customers"]["access"] == "extra"
    assert "not_uc" == rows()["hive_metastore"]["access"]
    # another workspace: nothing of the first is shown
    shop.json("config", "set", "principal.client_id", "00000000-0000-0000-0000-000000000000")
    wait_for(lambda: client.ok("tree.rows")["total"] == 0)


def test_plan_and_apply(shop):
    shop.grant("catalog", "shop", "BROWSE")
    client, other = Client(shop.path), Client(shop.path)
    wait_for(lambda: walked(client))
    tables = ["shop.aampe.users", "shop.marketing.campaign_sends"]
    client.ok("draft.tick", {"keys": ["t:" + name for name in tables], "on": True})
    plan = client.ok("share.plan")
    assert [item["name"] for item in plan["tables"]] == tables and plan["changes"] == 2
    assert [item["readable"] for item in plan["tables"]] == [True, False]
    missing = plan["tables"][1]["missing"]
    assert [(one["privilege"], one["object"]) for one in missing] == [("SELECT", tables[1])]
    assert missing[0]["sql"].startswith("GRANT SELECT ON TABLE `shop`.`marketing`.`campaign_sends` TO `")
    assert "platform-admin" in missing[0]["who"]
    # somebody else ticks: the plan is of another revision
    other.ok("draft.tick", {"keys": ["t:shop.aampe.products"], "on": True})
    refused = client.error("share.apply", {"revision": plan["revision"]})
    assert refused["code"] == "SHARE_MOVED" and "tick 1 table" in refused["hint"]
    # the share itself moves
    plan = client.ok("share.plan")
    shop.json("share", "add", "shop.aampe.products", "--yes")
    refused = client.error("share.apply", {"revision": plan["revision"]})
    assert refused["code"] == "SHARE_MOVED" and "shop.aampe.products" in refused["hint"]
    plan = client.ok("share.plan")
    assert plan["changes"] == 2 and plan["base"] == 2
    check = shop.json("share", "apply", "--check", code=3)["data"]
    assert check["changed"] is False and client.ok("share.list")["tables"][0]["name"] == "shop.aampe.products"
    done = client.ok("share.apply", {"revision": plan["revision"]})
    assert (done["changed"], done["added"], done["removed"], done["waiting"]) == (True, 2, 0, 1)
    assert done["batch"] > 0 and done["add"] == 0 and done["operations"] == 0
    assert len(client.ok("share.list")["tables"]) == 3
    # again: nothing to change, what is missing is still said
    again = shop.json("share", "apply", "--yes", code=3)["data"]
    assert again["changed"] is False and again["tables"][0]["action"] == "keep"
    sql = shop.console("share", "plan", "--sql")
    assert sql.returncode == 3 and sql.stdout.count("GRANT SELECT") == 1 and sql.stdout.endswith(";\n")
    wait_for(lambda: all(run["state"] == "CLEANED" for run in client.ok("runs.list", {"batch": done["batch"]})["runs"]))


def test_managed_by_file(shop):
    client = Client(shop.path)
    wait_for(lambda: walked(client))
    profile = shop.folder / "config/aampe/default.json"
    shop.json("share", "add", "shop.aampe.users", "--yes")
    profile.write_text(profile.read_text().replace('"managed_by":\t"console"', '"managed_by":\t"file"'))
    shop.json("engine", "reload")
    client.ok("draft.tick", {"keys": ["t:shop.sales.orders"], "on": True})
    client.ok("draft.tick", {"keys": ["t:shop.aampe.users"], "on": False})
    assert client.error("share.apply", {"revision": client.ok("share.plan")["revision"]})["code"] == "NOT_PERMITTED"
    assert shop.json("share", "apply", "--yes", code=4)["error"]["code"] == "NOT_PERMITTED"
    patch = shop.console("share", "plan", "--patch").stdout
    assert "-\t\t\t\"name\":\t\"shop.aampe.users\"" in patch and "+\t\t\t\"name\":\t\"shop.sales.orders\"" in patch
    lines = profile.read_text().splitlines(keepends=True)
    first, count = map(int, re.search(r"^@@ -(\d+),(\d+) ", patch, re.M).groups())
    body = [line for line in patch.splitlines(keepends=True)[3:]]
    assert [line[1:] for line in body if line[0] in " -"] == lines[first - 1:first - 1 + count]
    lines[first - 1:first - 1 + count] = [line[1:] for line in body if line[0] in " +"]
    profile.write_text("".join(lines))
    shop.json("engine", "reload")
    draft = client.ok("draft.show")
    assert (draft["add"], draft["remove"]) == (0, 0)
    assert [table["name"] for table in client.ok("share.list")["tables"]] == ["shop.sales.orders"]


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", __file__]))
