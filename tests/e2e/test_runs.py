#!/usr/bin/env python3
"""What is said of runs is true: faults are provoked on the sandbox, read as a person would read them, mended and tried
again; a run under way is looked at through the socket."""
import os
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent / "screens")]
from console import Home, wait_for  # noqa: E402
from record import Wire, engine_socket  # noqa: E402

TABLE = "shop.aampe.users"


@pytest.fixture(scope="module")
def home():
    home = Home(rows=3000)
    home.configure()
    home.json("share", "add", TABLE, "shop.aampe.products", "--yes")
    home.json("sync", "run", "--wait")
    yield home
    home.close()


@pytest.fixture(scope="module")
def wire(home):
    wire = Wire(engine_socket(home))
    yield wire
    wire.close()


@pytest.fixture(autouse=True)
def mended(home):
    yield
    home.control("fault", "clear")


def failed(home, *fault):
    """The document of the run that fails by this fault."""
    home.control("fault", *fault)
    home.console("sync", "run", "--wait", TABLE)
    data = home.json("runs", "show")["data"]
    assert data["run"]["state"] == "FAILED", data["run"]
    return data


def retried(home, data):
    home.control("fault", "clear")
    done = home.json("runs", "retry", str(data["run"]["id"]), "--wait")
    assert done["data"]["verified"] is True


def test_a_lost_grant(home):
    good = home.json("runs", "list", "--filter", "done users")["data"]["runs"][0]
    data = failed(home, "missing_grant", "level=table", "table=" + TABLE)
    assert data["broke"]["code"] == "SRC_PERM_TABLE"
    assert data["broke"]["phase"] == "planning"
    assert data["broke"]["aampe"]["fails"] == "yes"
    assert data["safe"]["touched"] == "untouched"
    assert data["safe"]["reader"]["run"] == good["id"]
    assert data["safe"]["reader"]["counts_equal"] is True
    assert data["safe"]["others"]["whole"] == 1
    changed = data["changed"]
    assert changed["run"] == good["id"] and changed["seen_as"] == "principal"
    assert [item["what"] for item in changed["items"]] == ["grants"]
    assert "secret" in changed["same"] and "engine" in changed["same"]
    assert "principal cannot tell" in changed["unknown"]
    text = home.console("runs", "show").stdout
    for block in ("BROKE   SRC_PERM_TABLE", "SAFE", "CHANGED since run %d" % good["id"], "DO"):
        assert block in text
    assert "Aampe's own reads of this table fail too" in text
    retried(home, data)


def test_an_observer_tells_a_lost_grant_from_a_new_table(home):
    home.json("config", "set", "observer.client_id", home.ready["observer_client_id"])
    home.json("secrets", "set", "observer", "--from-fd", "0", stdin=home.ready["observer_client_secret"] + "\n")
    data = failed(home, "missing_grant", "level=table", "table=" + TABLE)
    run = str(data["run"]["id"])
    changed = wait_for(lambda: (lambda seen: seen if seen["seen_as"] == "observer" and "table id" in seen["same"] else None)(
        home.json("runs", "show", run)["data"]["changed"]))
    assert [item["likely"] for item in changed["items"] if item["what"] == "grants"] == [True]
    assert "unknown" not in changed
    retried(home, data)


def test_a_changed_setting_is_named(home):
    home.json("config", "set", "codec", "zstd")
    try:
        data = failed(home, "truncated")
        assert data["broke"]["code"] == "SRC_RESULT_TRUNCATED"
        assert data["broke"]["aampe"]["fails"] == "no"
        assert {"what": "codec", "from": "snappy", "to": "zstd", "likely": False} in data["changed"]["items"]
        assert "columns" in data["changed"]["same"]
        assert data["failed"]["statement_id"]
        retried(home, data)
    finally:
        home.json("config", "set", "codec", "snappy")


def test_a_wrong_secret_is_the_likely_cause(home):
    home.json("secrets", "set", "principal", "--from-fd", "0", stdin="dose" + "0" * 32 + "\n")
    try:
        home.console("sync", "run", "--wait", TABLE)
        data = home.json("runs", "show")["data"]
        assert data["broke"]["code"] == "SRC_AUTH_CLIENT_INVALID"
        assert data["broke"]["aampe"]["fails"] == "unknown", "Aampe has a secret of its own"
        assert [item["what"] for item in data["changed"]["items"] if item["likely"]] == ["secret"]
    finally:
        home.json("secrets", "set", "principal", "--from-fd", "0", stdin=home.ready["client_secret"] + "\n")
    retried(home, data)


def test_a_new_version_is_named(home):
    home.control("change", TABLE, "insert", "5")
    data = failed(home, "truncated")
    assert any(item["what"] == "version" for item in data["changed"]["items"])
    retried(home, data)


def test_the_destination_is_read_again(home, wire):
    run = home.json("runs", "list", "--filter", "done users")["data"]["runs"][0]
    assert wire.call("runs.check", {"id": run["id"]})["result"]["verified"] is True
    checked = home.json("runs", "show", str(run["id"]))["data"]["safe"]["checked"]
    assert checked["verified"] is True and checked["files"] == 1
    part = next((home.folder / "files" / TABLE / "current").glob("*.parquet"))
    content = part.read_bytes()
    mode = part.stat().st_mode
    os.chmod(part, 0o600)
    part.write_bytes(content[:100] + b"\0" + content[101:])
    try:
        assert wire.call("runs.check", {"id": run["id"]})["result"]["verified"] is False
        checked = home.json("runs", "show", str(run["id"]))["data"]["safe"]["checked"]
        assert checked["verified"] is False and checked["error"]["code"] == "DST_FILE_CORRUPT"
        assert "NOT as written" in home.console("runs", "show", str(run["id"])).stdout
    finally:
        part.write_bytes(content)
        os.chmod(part, mode)


def test_a_batch_live_and_cancelled(home, wire):
    home.control("fault", "slow", "endpoint=link", "delay_ms=600000")
    batch = home.json("sync", "run", TABLE)["data"]["batch"]

    def transferring():
        live = wire.call("runs.live", {"batch": batch})["result"]
        return live if live.get("detail", {}).get("phase") == "transfer" else None
    live = wait_for(transferring)
    run = live["runs"][0]
    detail = live["detail"]
    assert live["batch"]["state"] == "running" and live["batch"]["by"]
    assert detail["run"] == run["id"] and detail["statement_id"]
    assert detail["links_asked"] >= 1 and detail["chunks"].endswith("d")
    assert "eta" not in live, "nothing has moved: nobody knows"
    listed = wire.call("batches.list", {"limit": 1})["result"]["batches"][0]
    assert (listed["id"], listed["state"], listed["over"]) == (batch, "running", 0)
    home.json("runs", "cancel", str(run["id"]))
    wait_for(lambda: wire.call("runs.live", {"batch": batch})["result"]["batch"]["state"] == "cancelled")
    data = home.json("runs", "show", str(run["id"]))["data"]
    assert data["safe"]["touched"] == "untouched"
    assert home.json("runs", "list", "--filter", "cancelled")["data"]["total"] == 1


def test_filter_words_must_all_match(home):
    def total(words):
        return home.json("runs", "list", "--filter", words)["data"]["total"]
    assert total("SHOP.AAMPE.PRODUCTS done") >= 1
    assert total("products failed") == 0
    assert total("SRC_PERM_TABLE") == 2
    assert total("%") == 0, "a word is no pattern"
    assert total("") == home.json("runs", "list")["data"]["total"]


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-x", "-p", "no:cacheprovider"]))
