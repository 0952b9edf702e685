"""Linear mode: numbered choices and typed answers over a pipe and on a terminal; and what `status` and `runs report` say
of a night in which something broke."""
import os
import re
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import Home, on_terminal, program  # noqa: E402

TABLES = ("shop.aampe.products", "shop.aampe.users")


@pytest.fixture(scope="module")
def home():
    home = Home(rows=500)
    try:
        home.configure()
        home.json("share", "add", *TABLES, "--yes")
        home.json("sync", "run", "--wait")
        yield home
    finally:
        home.close()


@pytest.fixture(scope="module")
def broken(home):
    """One table cannot be read any more."""
    home.control("fault", "missing_grant", "level=table")
    home.json("sync", "run", "shop.aampe.users", "--wait", code=1)
    home.control("fault", "clear")
    return home


def linear(home, *answers, words=("--linear",)):
    done = home.console(*words, stdin="".join(answer + "\n" for answer in answers), timeout=120)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "\x1b" not in done.stdout and "\r" not in done.stdout, "nothing is repainted"
    return done.stdout


def test_choices_once_and_hints_on_demand(home):
    said = linear(home, "1", "1", "?", "0")
    assert said.count("\n1 status\n") == 1, "the choices are not repeated"
    assert said.count("1 status: ") == 1, "hints only when asked"
    assert "table 1 of 2: shop.aampe.products" in said and "  whole to: " in said
    assert said.count("needs you: 0") == 2


def test_wrong_answers(home):
    said = linear(home, "9", "x", "", "3", "nine", "3", "999999", "0")
    assert '"9" is none of the numbers 0 to' in said and '"nine" is no number' in said
    assert "RUN_NOT_FOUND" in said
    linear(home)  # no answer at all: it ends


def test_sync_asks_and_is_told(home):
    assert "nothing was changed" in linear(home, "4", "yes", "0")
    said = linear(home, "4", "sync", "0")
    for table in TABLES:
        assert re.search(r"^run \d+: %s, done, " % re.escape(table), said, re.M), said
    assert "nothing is running now" in said
    assert "refused: --read-only" in linear(home, "4", "0", words=("--linear", "--read-only"))


def test_failure_read_and_retried(broken):
    show = broken.json("runs", "show")["data"]["run"]
    said = linear(broken, "2", str(show["id"]), "2", "3", "retry", "0")
    assert "run %d: shop.aampe.users, failed" % show["id"] in said
    assert "SRC_PERM_TABLE" in said and "notice     %d/1" % show["id"] in said
    assert re.search(r"^run \d+: shop.aampe.users, done, ", said, re.M), said


def test_on_a_terminal(home):
    """ACCESSIBLE chooses linear mode; no escape sequence is sent."""
    answers = ((b"choice: ", b"1\n"), (b"table 2 of 2", b""), (b"next: by hand\r\nchoice: ", b"0\n"))
    seen, code = on_terminal(home, (), answers, ACCESSIBLE="1", TERM="xterm")
    assert code == 0 and b"\x1b" not in seen


def test_dumb_terminal(home):
    seen, code = on_terminal(home, (), ((b"choice: ", b"\x04"),), TERM="dumb")
    assert code == 0 and b"\x1b" not in seen


def test_status_and_notice_of_a_bad_night(home):
    home.control("fault", "missing_grant", "level=table")
    home.json("sync", "run", "shop.aampe.users", "--wait", code=1)
    home.control("fault", "clear")
    run = home.json("runs", "show")["data"]["run"]["id"]
    document = home.json("status", code=1)["data"]
    assert [item["kind"] for item in document["attention"]] == ["failed"]
    assert document["safe"]["whole"] == document["safe"]["tables"] == 2
    users = [table for table in document["tables"] if table["name"] == "shop.aampe.users"][0]
    assert users["last"][-1] == "F" and users["state"] == "failed" and users["next"] == "by hand"
    text = home.console("status").stdout
    assert re.match(r"default  FAILED  1 of 2 tables since \d\d:\d\dZ\n", text), text
    assert "run %d" % run in text and "safe       2 of 2 whole" in text
    assert "look       aampe-console --profile default runs show %d" % run in text
    assert home.console("status", "--line").stdout == "default: 1 failed\n"

    notice = home.console("runs", "report", str(run), "--for", "aampe")
    assert notice.returncode == 0
    assert "notice     %d/1" % run in notice.stdout and "late       shop.aampe.users" in notice.stdout
    address = home.ready["address"].split("//")[1]
    for secret in (address, "GRANT", "SELECT *", str(home.folder), "request_id", "File", "403"):
        assert secret not in notice.stdout, secret
    ticket = home.console("runs", "report", "--for", "ticket").stdout
    assert "SRC_PERM_TABLE" in ticket and "request_id" in ticket
    assert home.json("runs", "report", str(run))["data"]["notice"] == "%d/1" % run
    assert home.json("runs", "report", str(run), "--for", "nobody", code=2)["error"]["code"] == "USAGE"

    home.json("runs", "retry", str(run), "--wait")
    assert home.json("runs", "report", str(run))["data"]["notice"] == "%d/2" % run
    checked = home.json("status")["data"]
    assert checked["attention"] == [] and checked["check"]["damaged"] == []


def test_a_word_every_30_seconds(home):
    """While a sync that is watched says nothing of itself; the clock of the console is turned."""
    clock = home.folder / "clock"
    clock.write_text("0\n")
    home.control("fault", "slow", "delay_ms=4000", "times=1", "endpoint=link")
    process = subprocess.Popen([program("aampe-console"), "--linear"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True, env=dict(home.env, AAMPE_CLOCK_FILE=str(clock)))
    try:
        process.stdin.write("4\nsync\n0\n")
        process.stdin.flush()
        said = []
        for line in process.stdout:
            said.append(line)
            if not line.startswith("still waiting"):
                clock.write_text("%d\n" % (31 * len(said)))
        assert process.wait(60) == 0
        assert any(line.startswith("still waiting") for line in said), said
        assert said[-1] == "the engine goes on\n"
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
        home.control("fault", "clear")


def test_damage_is_seen(home):
    """What a check of the destination finds stays until the table is published anew."""
    files = list((home.folder / "files" / "shop.aampe.products" / "current").glob("*.parquet"))
    assert files
    data = bytearray(files[0].read_bytes())
    data[len(data) // 2] ^= 1
    os.chmod(files[0], 0o644)
    files[0].write_bytes(bytes(data))
    home.json("sync", "verify", code=1)
    document = home.json("status", code=1)["data"]
    assert [item["kind"] for item in document["attention"]] == ["damaged"]
    assert "1 DAMAGED" in home.console("status").stdout and "damaged" in home.console("status", "--line").stdout
    home.json("sync", "run", "shop.aampe.products", "--wait")
    assert home.json("status")["data"]["attention"] == []


def test_snapshot_holds_the_same(home):
    """The file beside the socket, for when the engine does not answer."""
    import json
    status = home.json("status")["data"]
    snapshot = json.loads((home.folder / "state/aampe/default/snapshot.json").read_text())
    assert set(status) - set(snapshot) == {"role"}
    assert [t["name"] for t in snapshot["tables"]] == [t["name"] for t in status["tables"]]
    assert home.ready["client_secret"] not in json.dumps(snapshot)


def test_set_up_from_nothing():
    """No profile at all, then every step by typed answers, to the first verified sync."""
    home = Home(rows=500)
    try:
        ready = home.ready
        said = linear(home, "6",
                      "1", ready["address"], "", "",
                      "2", ready["client_id"],
                      "3", ready["client_secret"],
                      "4", "1", "",
                      "6", "file://%s/files" % home.folder,
                      "0", "0")
        assert ready["client_secret"] not in said
        assert "0 of 7 done" in said and "5 of 7 done" in said, said
        assert "in the vault, fingerprint" in said and "all checks of this step are ok" in said
        home.json("tree", "--refresh")
        said = linear(home, "6", "5", "aampe.products", "1", "share", "7", "sync", "0", "0")
        assert "shop.aampe.products joins the share" in said
        assert re.search(r"^run 1: shop.aampe.products, done, 400 rows$", said, re.M), said
        assert "7 of 7 done" in said
        assert home.json("status")["data"]["safe"]["whole"] == 1
        assert "refused: --read-only" in linear(home, "6", "1", "0", "0", words=("--linear", "--read-only"))
    finally:
        home.close()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", *sys.argv[1:]]))
