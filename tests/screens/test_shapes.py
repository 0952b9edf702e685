#!/usr/bin/env python3
"""Recorded answers are worth what they have in common with real ones: each member of an answer in a scene is one that
the real engine sends, of the same type; what its state does not bring about here has at least to be written by its
code."""
import json
import os
import pathlib
import re
import sys
import time

import pytest

ROOT = pathlib.Path(os.environ.get("AAMPE_SRCDIR", "."))
sys.path[:0] = [str(ROOT / "tests/screens"), str(ROOT / "tests/e2e")]
import record  # noqa: E402

TABLE = "shop.sales.orders"
CALLS = (("status", {}), ("runs.list", {}), ("runs.show", {"id": 1}), ("runs.log", {"id": 1}),
         ("batches.list", {}), ("runs.live", {"batch": 1}), ("runs.check", {"id": 1}),
         ("share.list", {}), ("share.plan", {}), ("tree.rows", {}), ("tree.rows", {"parent": "c:shop"}),
         ("tree.rows", {"parent": "s:shop.sales"}), ("tree.search", {"pattern": "orders"}), ("draft.show", {}),
         ("draft.tick", {"keys": ["t:shop.sales.returns"], "on": True}), ("draft.show", {}), ("share.plan", {}),
         ("secrets.list", {}), ("config.dump", {}), ("setup.list", {}), ("audit.list", {}),
         ("show", {"table": TABLE}), ("preview", {"table": TABLE, "limit": 2}), ("sync.plan", {}), ("engine.status", {}),
         ("engine.log", {}), ("doctor.show", {}))


def kind(value):
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)) or (isinstance(value, str) and re.fullmatch(r"-?\d{16,}", value)):
        return "number"  # long integers are kept as text inside the programs
    return {str: "text", list: "list", dict: "object"}.get(type(value), "null")


def paths(value, at=""):
    """Every place of a document with the kind of what stands there; places in lists are one, and so are members named
    by a number."""
    yield at, kind(value)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, at + "." + ("#" if key.isdigit() else key))
    elif isinstance(value, list):
        for item in value:
            yield from paths(item, at + "[]")


def recorded():
    """(scene, verb, result) of each answer."""
    for file in sorted((ROOT / "tests/screens/scenes").glob("*.json")):
        scene = json.loads(file.read_text())
        sets = [scene.get("answers", []), *scene.get("sets", {}).values()]
        for answer in (answer for each in sets for answer in each):
            if "result" in answer:
                yield file.name, answer["verb"], answer["result"]


def wait_doctor(wire):
    """Runs the doctor until it has looked at everything."""
    wire.call("doctor.run")
    end = time.monotonic() + 120
    while wire.call("doctor.show")["result"]["running"]:
        assert time.monotonic() < end, "the doctor does not end"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def real():
    """Kinds of what the engine sends: {verb: {place: {kinds}}}."""
    home, known = record.synced(), {}
    try:
        wire = record.Wire(record.engine_socket(home))
        wait_doctor(wire)
        for verb, params in CALLS:
            answer = wire.call(verb, params)
            for place, what in paths(answer["result"]) if "result" in answer else ():
                known.setdefault(verb, {}).setdefault(place, set()).add(what)
        wire.close()
    finally:
        home.close()
    return known


@pytest.fixture(scope="module")
def written():
    """Every word the engine's sources have in quotes."""
    words = set()
    for file in (ROOT / "src").rglob("*"):
        if file.suffix in (".c", ".h", ".def") and "sandbox" not in file.parts:
            words.update(re.findall(r'"([A-Za-z_][A-Za-z0-9_.]*)"', file.read_text(encoding="utf-8")))
    return words


def test_members_are_those_of_the_engine(real, written):
    wrong, seen = set(), 0
    for scene, verb, result in recorded():
        seen += 1
        known = real.get(verb, {})
        for place, what in paths(result):
            name = place.rsplit(".", 1)[-1].replace("[]", "")
            kinds = known.get(place)
            if kinds and what not in kinds and "null" not in kinds | {what}:
                wrong.add(f"{scene}: {verb}{place} is {what}, the engine sends {'/'.join(sorted(kinds))}")
            elif kinds is None and name not in ("", "#") and name not in written and "{}" not in place:
                wrong.add(f"{scene}: {verb}{place} is nothing the engine ever sends")
    assert seen > 0
    assert not wrong, "\n".join(sorted(wrong))


def test_the_engine_has_the_verbs(written):
    asked = {verb for _, verb, _ in recorded()}
    assert asked <= written, asked - written


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
