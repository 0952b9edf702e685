"""Settings that change how an engine works, each by what it does: what seals the vault, how much runs at once."""
import os
import stat
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import Home, wait_for  # noqa: E402

TABLES = ("shop.aampe.events", "shop.aampe.users")


@pytest.fixture
def home():
    home = Home(rows=20000)
    try:
        yield home
    finally:
        home.close()


def helper_settings(home):
    """A command that prints the key, as a password manager would."""
    script = home.folder / "helper"
    script.write_text("#!/bin/sh\necho %s\n" % ("k" * 48))
    script.chmod(0o700)
    return {"vault.helper": str(script), "vault.kind": "helper"}


def key_file_settings(home):
    key = home.folder / "elsewhere" / "vault.key"
    key.parent.mkdir(mode=0o700)
    key.write_text("q" * 48 + "\n")
    key.chmod(0o600)
    return {"vault.key_file": str(key)}


def plain_settings(home):
    return {"vault.kind": "plain"}


@pytest.mark.parametrize("settings", [helper_settings, key_file_settings, plain_settings])
def test_vault_is_sealed_as_it_is_set(home, settings):
    for name, value in settings(home).items():
        home.json("config", "set", name, value)
    home.configure()
    home.json("share", "add", TABLES[1], "--yes")
    home.json("engine", "stop")
    home.json("sync", "run", "--wait")
    vault = home.folder / "state" / "aampe" / "default" / "vault"
    secret = home.ready["client_secret"].encode()
    plain = settings is plain_settings
    assert (secret in vault.read_bytes()) == plain
    assert ("plain, not sealed" in home.console("status").stdout) == plain
    assert stat.S_IMODE(vault.stat().st_mode) == 0o600


def test_parallel_tables(home):
    home.configure()
    home.json("config", "set", "parallel_tables", "1")
    home.json("share", "add", *TABLES, "--yes")
    home.control("fault", "slow", "endpoint=link", "delay_ms=8000")
    home.json("sync", "run")

    def states():
        return sorted(run["state"] for run in home.json("runs", "list")["data"]["runs"])
    wait_for(lambda: "RUNNING" in states())
    assert states() == ["PLANNED", "RUNNING"]
    home.json("config", "set", "link_parallel", "1")
    home.control("fault", "clear")
    wait_for(lambda: states() == ["CLEANED", "CLEANED"], 120)


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-x", "--tb=short", "-p", "no:cacheprovider", __file__]))
