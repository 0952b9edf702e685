#!/usr/bin/env python3
"""How the engine behaves towards a workspace in trouble: it keeps to its limit, renews a token once, waits out an
outage, never submits a statement twice and leaves none running. The clock of engine and sandbox is turned together."""
import datetime
import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent / "screens")]
from console import Home, program, wait_for  # noqa: E402
from record import Wire, engine_socket  # noqa: E402

TABLE = "shop.aampe.events"
RATE = 20


class Workspace(Home):
    """One table in many small chunks, a limit that is felt, and a clock that both sides share."""

    def __init__(self, rows=30000):
        super().__init__(sandbox=False)
        self.clock_file = self.folder / "clock"
        self.turned = 0
        self.clock_file.write_text("0")
        self.start_sandbox("shop", rows)
        self.env["AAMPE_CLOCK_FILE"] = str(self.clock_file)
        self.control("set", "chunk_rows=1000")
        self.configure()
        self.json("config", "set", "workspace.requests_per_second", str(RATE))
        self.json("share", "add", TABLE, "--yes")

    def control(self, *words):
        env = {name: value for name, value in self.env.items() if name != "AAMPE_CLOCK_FILE"}
        subprocess.run([program("aampe-sandbox"), *words, "--state", str(self.sandbox_state)], check=True,
                       stdout=subprocess.DEVNULL, env=env, timeout=60)

    def turn(self, seconds):
        self.turned += seconds
        self.control("clock", "+%d" % seconds)
        self.clock_file.write_text(str(self.turned))

    def requests(self):
        env = {name: value for name, value in self.env.items() if name != "AAMPE_CLOCK_FILE"}
        done = subprocess.run([program("aampe-sandbox"), "requests", "--json", "--state", str(self.sandbox_state)],
                              check=True, capture_output=True, text=True, env=env, timeout=60)
        listed = json.loads(done.stdout)
        return listed["requests"] if isinstance(listed, dict) else listed

    def asked(self, endpoint):
        return [one for one in self.requests() if one["endpoint"] == endpoint]

    def start(self):
        self.json("sync", "run")
        return self.json("runs", "list")["data"]["runs"][0]["id"]

    def state(self, run):
        return self.json("runs", "show", str(run))["data"]

    def finished(self, run, seconds=120):
        def over():
            shown = self.state(run)
            return shown if shown["run"]["state"] in ("CLEANED", "FAILED", "CANCELLED") else None
        return wait_for(over, seconds)


@pytest.fixture
def workspace():
    workspace = Workspace()
    yield workspace
    workspace.close()


def begun(workspace):
    """A run in the middle of its transfer."""
    workspace.control("fault", "slow", "endpoint=link", "delay_ms=300")
    run = workspace.start()
    wait_for(lambda: workspace.state(run).get("progress", {}).get("chunks_done", 0) >= 3)
    assert workspace.state(run)["run"]["state"] == "RUNNING"
    return run


def assert_whole(shown, rows=30000):
    run = shown["run"]
    assert run["word"] == "done", shown
    assert [run[key] for key in ("source_rows", "manifest_rows", "decoded_rows", "file_rows")] == [rows] * 4


def within_promise(asked, rate):
    """In any T seconds at most rate * (T + 1) requests, as the other side counted them; 50 ms for its own clock."""
    moments = sorted(moment(one) for one in asked if one["endpoint"] != "link")
    for first in range(len(moments)):
        for last in range(first, len(moments)):
            if last - first + 1 > rate * (moments[last] - moments[first] + 1.05):
                print("too many:", last - first + 1, "in", moments[last] - moments[first], "s")
                return False
    return True


def moment(one):
    return datetime.datetime.fromisoformat(one["time"].replace("Z", "+00:00")).timestamp()


def test_limit_is_kept(workspace):
    """The same limit for a sync, the walk over the catalog and whoever looks at tables."""
    run = workspace.start()
    workspace.json("tree")
    for table in ("shop.aampe.users", "shop.aampe.products", "shop.crm.customers"):
        workspace.json("show", table)
    assert_whole(workspace.finished(run))
    asked = workspace.requests()
    assert len(asked) > RATE
    assert within_promise(asked, RATE)
    said = workspace.json("engine", "status")["data"]["requests"]
    assert said["ceiling_per_second"] == RATE and said["throttled"] == 0
    assert said["sent"] >= len([one for one in asked if one["endpoint"] != "link"]) - 5


def test_token_and_links_end_in_the_middle(workspace):
    workspace.control("set", "token_seconds=600")
    workspace.json("secrets", "set", "principal", "--from-fd", "0", stdin=workspace.ready["client_secret"] + "\n")
    run = begun(workspace)
    workspace.turn(910)
    workspace.control("fault", "clear")
    assert_whole(workspace.finished(run))
    assert len(workspace.asked("token")) <= 5


def test_links_end_in_the_middle(workspace):
    run = begun(workspace)
    workspace.turn(901)
    workspace.control("fault", "clear")
    shown = workspace.finished(run)
    assert_whole(shown)
    assert shown["run"]["attempt"] == 1
    assert len(workspace.asked("token")) <= 2


def test_storm_of_429(workspace):
    """Everything is refused for a while: slower at once, visible in status, and back by itself."""
    workspace.control("fault", "rate_limit", "retry_after=1", "times=6")
    run = workspace.start()
    said = wait_for(lambda: [said for said in [workspace.json("status", code=None)["data"]["requests"]]
                             if said["throttled"] >= 6])[0]
    assert said["now_per_second"] < RATE / 2
    assert "slowed" in workspace.console("status").stdout
    asked = workspace.requests()
    assert within_promise(asked, RATE)
    refused = [one for one in asked if one["status"] == 429]
    assert len(refused) >= 6
    for one in refused:  # once it has been heard nobody asks before Retry-After is over
        after = [moment(other) - moment(one) for other in asked if other["endpoint"] != "link"]
        assert not [seconds for seconds in after if 0.3 < seconds < 0.9]
    for _ in range(6):  # without another one it is as fast as before
        workspace.turn(10)
        workspace.state(run)
    assert_whole(workspace.finished(run))
    assert len(workspace.asked("token")) <= 5
    assert workspace.json("status")["data"]["requests"]["now_per_second"] == RATE


@pytest.mark.parametrize("fault", ["unavailable", "drop"])
def test_outage_of_ten_minutes(workspace, fault):
    run = begun(workspace)
    before = len(workspace.requests())
    workspace.control("fault", fault)
    workspace.control("fault", "clear", "slow")
    for _ in range(60):
        workspace.turn(10)
        workspace.state(run)  # the engine has taken a turn of its loop
    assert not model_over(workspace.state(run)), workspace.state(run)
    during = workspace.requests()[before:]
    assert 5 < len(during) < 300, len(during)  # it goes on looking, less than once in two seconds
    workspace.control("fault", "clear")
    for _ in range(12):
        workspace.turn(10)
        workspace.state(run)
    shown = workspace.finished(run)
    assert_whole(shown)
    assert len(workspace.asked("token")) <= 5


def model_over(shown):
    return shown["run"]["state"] in ("CLEANED", "FAILED", "CANCELLED")


def test_refused_token_is_renewed_once(workspace):
    """One refresh, then it stops: no request follows another without end."""
    workspace.json("sync", "run", "--wait")
    tokens = len(workspace.asked("token"))
    workspace.control("change", TABLE, "insert", "10")
    workspace.control("fault", "expired_token", "times=1000")
    before = len(workspace.requests())
    run = workspace.start()
    assert workspace.finished(run)["run"]["state"] == "FAILED"
    assert len(workspace.asked("token")) - tokens <= 3
    assert len(workspace.requests()) - before < 40


def test_wrong_secret_is_not_hammered(workspace):
    workspace.json("sync", "run", "--wait")
    workspace.json("secrets", "set", "principal", "--from-fd", "0", stdin="dose" + 32 * "0" + "\n", code=None)
    tokens = len(workspace.asked("token"))
    for _ in range(10):
        workspace.json("show", "shop.aampe.products", code=None)
    assert len(workspace.asked("token")) - tokens <= 4


def test_lost_answer_is_no_second_statement(workspace):
    """The answer to the submission is lost: the statement is found in the query history and used."""
    workspace.control("fault", "lost_reply", "endpoint=statements", "nth=2")  # after that of the plan
    run = workspace.start()
    shown = workspace.finished(run)
    assert_whole(shown)
    assert shown["run"]["attempt"] == 1
    log = json.dumps(workspace.json("runs", "log", str(run)))
    assert "sync.submit_lost" in log and "state=found" in log


def test_start_of_a_warehouse_is_said(workspace):
    workspace.control("fault", "cold_warehouse", "seconds=1")
    workspace.json("config", "set", "warehouse.start", "false")
    run = workspace.start()
    shown = workspace.finished(run)
    assert shown["run"]["error"]["code"] == "SRC_WH_START_DENIED", shown["run"]
    assert "warehouse.start true" in shown["run"]["error"]["hint"]
    assert not workspace.asked("statements"), "nothing was submitted"
    workspace.json("config", "set", "warehouse.start", "true")
    done = workspace.console("sync", "run", "--wait")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("is STOPPED: the statement starts it") == 1, done.stderr


def test_what_a_statement_waits_for(workspace):
    """In its plan already: a busy warehouse says RUNNING, the statement says PENDING."""
    workspace.control("fault", "warehouse_queued", "seconds=600")
    run = workspace.start()
    wait_for(lambda: workspace.asked("statements"))
    wire = Wire(engine_socket(workspace))

    def waiting_for():
        workspace.turn(5)
        return wire.call("runs.live", {"run": run})["result"].get("detail", {}).get("waiting_for")
    try:
        assert wait_for(waiting_for) == "SRC_WH_QUEUED"
    finally:
        wire.close()
    workspace.control("fault", "clear")
    workspace.turn(20)
    assert_whole(workspace.finished(run))


def test_count_is_cancelled_with_its_run(workspace):
    """What nobody reads any more does not go on running in the warehouse."""
    workspace.control("fault", "warehouse_queued", "seconds=600")
    run = workspace.start()

    def submitted():
        """The walk over the catalog has a statement of its own, which goes on."""
        return [one for one in workspace.asked("statements") if one["status"] == 200 and "`events`" in one["statement"]]
    wait_for(submitted)
    workspace.json("runs", "cancel", str(run))
    workspace.finished(run)
    wait_for(lambda: len(workspace.asked("cancel")) >= len(submitted()))


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
