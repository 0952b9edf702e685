"""What an engine does when the world around it is not as it left it: settings changed under a run, the destination
moved away, the state restored from a backup, the state lost."""
import json
import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import Home, wait_for  # noqa: E402

TABLE = "shop.aampe.events"


@pytest.fixture
def home():
    home = Home(rows=20000)
    try:
        home.configure()
        home.json("share", "add", TABLE, "--yes")
        yield home
    finally:
        home.close()


def published(home):
    """The manifest of what a reader of the destination sees."""
    return json.loads((home.folder / "files" / TABLE / "current" / "_manifest.json").read_text())


def generations(home):
    return sorted(path.name for path in (home.folder / "files" / TABLE).glob("gen-*"))


def sync(home, code=0):
    return home.json("sync", "run", "--wait", code=code)


def run_state(home, run):
    return home.json("runs", "show", str(run))["data"]["run"]["state"]


def test_cancel_while_settings_wait(home):
    home.control("fault", "slow", "endpoint=link", "delay_ms=30000")
    batch = home.json("sync", "run")["data"]["batch"]
    run = [r["id"] for r in home.json("runs", "list")["data"]["runs"] if r["batch"] == batch][0]
    wait_for(lambda: run_state(home, run) == "RUNNING")
    home.json("config", "set", "destination.url", "file://%s/other" % home.folder)
    home.json("runs", "cancel", str(run))
    wait_for(lambda: run_state(home, run) == "CANCELLED", 20)
    home.control("fault", "clear")
    sync(home)
    assert (home.folder / "other" / TABLE / "current" / "_manifest.json").is_file()
    assert not (home.folder / "files" / TABLE).exists()


def test_destination_moved_away(home):
    sync(home)
    os.rename(home.folder / "files", home.folder / "away")
    assert sync(home)["data"]["verified"] is True
    assert published(home)["rows"] == 20000
    assert len(list((home.folder / "away" / TABLE).glob("gen-*"))) == 1
    shutil.rmtree(home.folder / "files")
    sync(home)
    assert published(home)["rows"] == 20000


def test_state_restored(home):
    state = home.folder / "state" / "aampe" / "default"
    sync(home)
    home.json("engine", "stop")
    shutil.copy(state / "state.db", home.folder / "old.db")
    for _ in range(3):
        sync(home)
    home.json("engine", "stop")
    for path in state.glob("state.db*"):
        path.unlink()
    shutil.copy(home.folder / "old.db", state / "state.db")
    home.control("change", TABLE, "insert", "10")
    report = sync(home)["data"]
    assert report["verified"] is True and len(report["tables"]) == 1
    assert published(home)["rows"] == 20010 and published(home)["run_seq"] == 5
    assert len(generations(home)) == 2


def test_state_lost(home):
    state = home.folder / "state" / "aampe" / "default"
    sync(home)
    home.json("engine", "stop")
    for path in state.glob("state.db*"):
        path.unlink()
    error = sync(home, code=1)["error"]
    assert error["code"] == "DST_FOREIGN_WRITER"
    folder = str(home.folder / "files" / TABLE)
    assert "move '%s' away" % folder in error["hint"]
    os.rename(folder, str(home.folder / "old"))
    sync(home)
    assert published(home)["rows"] == 20000


def test_published_by_a_copy_of_the_state(home):
    """The engine dies before it records; what then lies under its own identity is not what it verified."""
    sync(home)
    home.json("engine", "stop")
    home.env["AAMPE_CRASH_AT"] = "P11:1"
    home.json("engine", "start")
    pid = home.engine_pid()
    home.console("sync", "run")
    wait_for(lambda: not os.path.exists("/proc/%d" % pid) or
             "Z" in open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1])
    del home.env["AAMPE_CRASH_AT"]
    manifest = home.folder / "files" / TABLE / "current" / "_manifest.json"
    found = json.loads(manifest.read_text())
    assert found["run_seq"] == 2
    found["files"][0]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(found))
    home.json("engine", "start")

    def failed():
        run = home.json("runs", "list")["data"]["runs"][0]
        return run if run["state"] in ("FAILED", "CLEANED") else None
    run = wait_for(failed)
    assert run["state"] == "FAILED" and run["error"]["code"] == "DST_FOREIGN_WRITER", run
    sync(home)
    assert published(home)["run_seq"] == 3


def layers(home, chain, code):
    """The layers of one chain, as the doctor sees them now."""
    report = home.json("doctor", code=code)["data"]
    return {layer["layer"]: layer for each in report["chains"] if each["chain"] == chain for layer in each["layers"]}


def vault_key(home):
    return home.folder / "config" / "aampe" / "default.key"


def restart_engine(home):
    home.json("engine", "stop")
    home.json("engine", "start")


@pytest.mark.parametrize("break_key,mend_key,code", [
    (lambda key: key.rename(str(key) + ".away"), lambda key: os.rename(str(key) + ".away", key), "HOST_SECRET_UNREADABLE"),
    (lambda key: key.chmod(0o644), lambda key: key.chmod(0o600), "HOST_SECRET_EXPOSED")])
def test_vault_key_mended(home, break_key, mend_key, code):
    """The lines of the fix heal it: the key is put right, and `engine reload` opens the vault."""
    key = vault_key(home)
    break_key(key)
    restart_engine(home)
    assert layers(home, "here", 1)["vault"]["error"]["code"] == code
    assert home.json("doctor", "--only", "here", code=1)["data"]["first_failure"]["layer"] == "vault"
    assert not home.json("engine", "reload")["data"]["changed"]
    mend_key(key)
    assert home.json("engine", "reload")["data"]["changed"]
    assert layers(home, "here", 0)["vault"]["state"] == "ok"
    sync(home)


def test_vault_key_lost(home):
    """Nobody has the key any more: the secret is entered anew; the old vault is kept, no key is made before."""
    key, state = vault_key(home), home.folder / "state" / "aampe" / "default"
    sealed = (state / "vault").read_bytes()
    key.unlink()
    restart_engine(home)
    assert layers(home, "here", 1)["vault"]["error"]["code"] == "HOST_SECRET_UNREADABLE"
    assert not key.exists()
    answer = home.json("secrets", "set", "principal", "--from-fd", "0", stdin=home.ready["client_secret"] + "\n")["data"]
    assert open(answer["old_vault"], "rb").read() == sealed
    assert layers(home, "here", 0)["vault"]["state"] == "ok"
    sync(home)


def test_damage_is_said_until_replaced(home):
    sync(home)
    part = next((home.folder / "files" / TABLE / "current").glob("*.parquet"))
    content = bytearray(part.read_bytes())
    content[200] ^= 1
    part.write_bytes(content)
    home.json("sync", "verify", code=1)
    assert home.json("status", code=1)["data"]["check"]["damaged"][0]["name"] == TABLE
    data = layers(home, "destination", 1)["data"]
    assert data["state"] == "fail" and data["error"]["code"] == "DST_FILE_CORRUPT"
    sync(home)
    assert layers(home, "destination", 0)["data"]["state"] == "ok"
    home.json("status")


def test_doctor_failure_is_in_status(home):
    """And what was last known of another workspace is said to be of that one."""
    sync(home)
    assert layers(home, "workspace", 0)["tcp"]["state"] == "ok"
    home.json("config", "set", "workspace.host", "https://workspace.invalid")
    tcp = layers(home, "workspace", 1)["tcp"]
    assert tcp["state"] == "not_reached" and "http://" + tcp["last_known"]["about"] == home.ready["address"]
    assert "ago of %s: port" % tcp["last_known"]["about"] in home.console("doctor").stdout
    assert home.json("status", code=3)["data"]["attention"][0]["kind"] == "doctor"
    home.json("config", "set", "workspace.host", home.ready["address"])
    sync(home)
    home.json("status")


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-x", "--tb=short", "-p", "no:cacheprovider", __file__]))
