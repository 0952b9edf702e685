"""Secrets and the audit log as the engine tells them: as the observer, which never reads table data."""
import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from console import Home, wait_for  # noqa: E402

DAY = 86400


class Watched(Home):
    """With an observer, no lag, and a clock that engine and sandbox turn together."""

    def __init__(self):
        super().__init__()
        self.turned = 0
        self.clock_file = self.folder / "clock"
        self.clock_file.write_text("0")
        self.env["AAMPE_CLOCK_FILE"] = str(self.clock_file)
        self.control("set", "audit_lag_seconds=0")
        self.configure()

    def observe(self):
        self.json("config", "set", "observer.client_id", self.ready["observer_client_id"])
        self.json("secrets", "set", "observer", "--from-fd", "0", stdin=self.ready["observer_client_secret"] + "\n")

    def turn(self, seconds):
        self.turned += seconds
        self.clock_file.write_text(str(self.turned))
        self.control("clock", "+%d" % seconds)

    def secret(self, *words):
        import subprocess
        from console import program
        done = subprocess.run([program("aampe-sandbox"), "secret", self.ready["client_id"], *words, "--state",
                               str(self.sandbox_state)], check=True, capture_output=True, text=True, env=self.env)
        return json.loads(done.stdout)

    def audit(self, *words, code=0):
        return self.json("audit", "list", "--read", *words, code=code)["data"]

    def requests(self):
        import subprocess
        from console import program
        done = subprocess.run([program("aampe-sandbox"), "requests", "--json", "--state", str(self.sandbox_state)],
                              check=True, capture_output=True, text=True, env=self.env)
        return json.loads(done.stdout)["requests"]


@pytest.fixture
def home():
    one = Watched()
    yield one
    one.close()


def test_each_answer_is_its_own(home):
    data = home.audit(code=3)
    assert data["state"] == "no_observer" and any("secrets set observer" in line for line in data["fix"])
    home.observe()
    home.control("set", "audit_lag_seconds=86400")
    assert home.audit()["state"] == "nothing_yet"
    home.control("system", "access", "off")
    data = home.audit(code=3)
    assert data["state"] == "schema_off" and "system-schemas enable" in data["fix"][0]
    home.control("system", "access", "on")
    home.control("revoke", home.ready["observer_client_id"], "SELECT", "system.access")
    data = home.audit(code=3)
    assert data["state"] == "not_granted" and len(data["fix"]) == 3 and "USE SCHEMA" in data["fix"][1]
    home.control("grant", home.ready["observer_client_id"], "SELECT", "system.access")
    home.control("set", "audit_lag_seconds=0")
    home.json("show", "shop.aampe.users")
    assert home.audit()["state"] == "ok"


def test_lines_of_the_principal(home):
    home.observe()
    home.json("show", "shop.aampe.users")
    home.json("show", "shop.finance.orders")
    home.json("preview", "shop.aampe.products")
    data = home.audit()
    assert data["state"] == "ok" and data["to"] and data["lag_seconds"] >= 0
    calls = [one for one in home.requests() if one.get("principal") == home.ready["client_id"] and one["endpoint"] != "link"]
    calls = calls[:data["total"]]
    assert data["total"] >= len(calls) > 5
    assert {row["by"] for row in data["rows"]} == {"engine"}
    denied = [row for row in data["rows"] if row["verdict"] == "denied!"]
    assert denied and data["denied"] == len(denied)
    assert "shop.finance.orders" in {row.get("object") for row in denied}
    read = [row for row in data["rows"] if row["action"] == "executeFastQuery"]
    assert read and read[0]["object"] == "shop.aampe.products"
    assert "FROM system.access.audit" in data["query"] and home.ready["client_id"] in data["query"]
    assert home.audit("--filter", "finance")["total"] == len(
        [row for row in data["rows"] if "finance" in (row.get("object") or "")])
    text = home.console("audit", "list").stdout
    assert "denied!" in text and "shop.finance.orders" in text
    everything = home.texts + [json.dumps(data)]
    assert not any(home.ready["client_secret"] in one or home.ready["observer_client_secret"] in one
                   for one in everything)


def test_late_rows_and_new_addresses(home):
    home.observe()
    home.json("show", "shop.aampe.users")
    assert home.audit()["new_addresses"] == 0
    home.turn(2 * DAY)
    home.control("set", "audit_lag_seconds=900")
    import http.client
    connection = http.client.HTTPConnection(home.ready["host"], home.ready["port"], timeout=30)
    connection.request("POST", "/oidc/v1/token",
                       "grant_type=client_credentials&client_id=%s&client_secret=%s" % (
                           home.ready["client_id"], home.ready["client_secret"]),
                       {"X-Forwarded-For": "192.0.2.55", "User-Agent": "curl/8",
                        "Content-Type": "application/x-www-form-urlencoded"})
    assert connection.getresponse().status == 200
    connection.close()
    assert not [row for row in home.audit()["rows"] if row["from"] == "192.0.2.55"]
    home.turn(901)
    data = home.audit()
    new = [row for row in data["rows"] if row["from"] == "192.0.2.55"]
    assert [row["verdict"] for row in new] == ["new IP!"] and new[0]["by"] == "new"
    assert data["new_addresses"] == 1 and data["lag_seconds"] >= 900


def test_the_observer_never_reads_tables(home):
    home.observe()
    home.json("share", "add", "shop.aampe.products", "--yes")
    home.json("preview", "shop.aampe.products")
    home.json("sync", "run", "--wait")
    home.audit()
    observer = home.ready["observer_client_id"]
    done = home.requests()
    statements = [one for one in done if one.get("principal") == observer and one["endpoint"] in ("statements", "chunk")]
    assert len([one for one in statements if one["endpoint"] == "statements"]) == 1  # the audit log, once


def test_no_secret_is_left_anywhere(home):
    """But in the vault, which is sealed: not in answers, logs, databases or the profile."""
    home.observe()
    other = home.secret("add", "86400")["secret"]
    home.json("secrets", "list", "--refresh")
    home.json("show", "shop.aampe.users")
    home.audit()
    home.json("status")
    secrets = [home.ready["client_secret"], home.ready["observer_client_secret"], other]
    for path in [*(home.folder / "state").rglob("*"), *(home.folder / "config").rglob("*")]:
        if path.is_file():
            data = path.read_bytes()
            assert not [one for one in secrets if one.encode() in data], path
    assert not [one for one in secrets for text in home.texts if one in text]
    pid = home.engine_pid()
    assert not [one for one in secrets if one in pathlib.Path("/proc/%d/cmdline" % pid).read_text()]


def test_secrets_count_down(home):
    data = home.json("secrets", "list")["data"]
    assert data["workspace"] == [] and data["not_readable"]["code"] == "SRC_PERM_DENIED"
    home.observe()
    other = home.secret("add", str(40 * DAY))
    data = home.json("secrets", "list", "--refresh")["data"]
    assert "not_readable" not in data and data["read_as"] == "observer"
    assert [one["held"] for one in data["workspace"]] == ["engine", "other"]
    assert [one["slot"] for one in data["workspace"]] == ["s1", "s2"]
    assert data["workspace"][1]["expires_days"] == 39 and data["workspace"][1]["id"] == other["id"]
    assert data["principal"]["id"] == home.ready["principal_id"]
    names = {one["name"]: one for one in data["secrets"]}
    assert names["principal"]["expires_days"] == 729
    status = home.json("status")["data"]
    expires = [one for one in status["attention"] if one["kind"] == "expires"]
    assert [one["secret"] for one in expires] == ["s2"]
    log = home.folder / "state" / "aampe" / "default" / "log"

    def warned():
        lines = [line for path in log.parent.glob("*") if path.is_file() and "log" in path.name
                 for line in path.read_text(errors="replace").splitlines() if "secret.expiry" in line]
        return len(lines)
    wait_for(lambda: warned() == 1)  # 90 days
    for turn, count in ((11 * DAY, 2), (16 * DAY, 3), (7 * DAY, 4), (5 * DAY, 5), (2 * DAY, 6)):
        home.turn(turn)
        wait_for(lambda: warned() == count, 30)
    text = home.console("secrets", "list").stdout
    assert "EXPIRED" in text and "this engine" in text
    assert not any(other["secret"] in one for one in home.texts)


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", *sys.argv[1:]]))
