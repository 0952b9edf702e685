"""demo --headless: one command, everything verified, nothing left behind."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import program  # noqa: E402

COUNTS = ("source_rows", "manifest_rows", "decoded_rows", "file_rows")


def run(words, folder):
    env = dict(os.environ, TMPDIR=str(folder), HOME=str(folder))
    return subprocess.run([program("aampe-console"), *words], capture_output=True, text=True, env=env,
                          stdin=subprocess.DEVNULL, timeout=600)


def test_demo():
    with tempfile.TemporaryDirectory() as folder:
        done = run(["demo", "--headless", "--json", "--rows", "20000"], folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(done.stdout.splitlines()) == 1
        document = json.loads(done.stdout)
        assert document["ok"] is True and document["error"] is None
        data = document["data"]
        assert data["verified"] is True
        tables = {table["name"]: table for table in data["tables"]}
        assert {"shop.aampe.users", "shop.aampe.events", "shop.aampe.products"} <= set(tables)
        for table in tables.values():
            assert len({table[count] for count in COUNTS}) == 1 and table["source_rows"] > 0, table
            assert table["state"] == "done" and table["files"] > 0 and table["bytes"] > 0
        assert tables["shop.aampe.events"]["source_rows"] == 20000
        for item in data["skipped"]:
            assert item["reason"]
            assert item["name"] not in tables
        assert os.listdir(folder) == []


def test_demo_keeps_what_it_is_told_to():
    with tempfile.TemporaryDirectory() as folder:
        kept = pathlib.Path(folder) / "kept"
        done = run(["demo", "--rows", "1000", "--keep", str(kept)], folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "verified" in done.stdout
        assert (kept / "files" / "shop.aampe.users" / "current" / "_manifest.json").is_file()
        assert run(["demo", "--keep", str(kept)], folder).returncode == 2


def test_hostile_names_are_synced_and_shown_escaped():
    with tempfile.TemporaryDirectory() as folder:
        kept = pathlib.Path(folder) / "kept"
        done = run(["demo", "--world", "hostile", "--keep", str(kept)], folder)
        assert done.returncode == 0, done.stdout + done.stderr
        for text in (done.stdout, done.stderr, (kept / "state/aampe/demo/engine.log").read_text()):
            for char in text:
                assert char == "\n" or (char >= " " and char not in "\x7f\u202e\u202c\u2066\u2069\u200b"), repr(text)
        assert "esc\\x1b[31mred" in done.stdout
        tables = [path for path in (kept / "files").iterdir() if path.name != ".aampe-staging"]
        assert len(tables) > 10
        for table in tables:
            assert (table / "current").resolve().is_relative_to(kept.resolve())
            assert set(table.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-.%ABCDEF~")
        assert sorted(path.name for path in kept.iterdir()) == ["config", "files", "sandbox", "sandbox.log", "state"]


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-x", "--tb=short", "-p", "no:cacheprovider", __file__]))
