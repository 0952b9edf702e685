#!/usr/bin/env python3
"""Whatever stands in a field that comes from far away, the terminal gets only sequences of our own writer: on every
screen, and in what the commands print on a terminal. The fields are those of a real engine's answers, each text in
them replaced by something that would do harm."""
import pathlib
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
from console import Home, program  # noqa: E402
from fake_engine import Client, FakeEngine  # noqa: E402
from terminal import Terminal  # noqa: E402

ESC, CSI8, OSC8, DCS8 = "\x1b", "\u009b", "\u009d", "\u0090"
PAYLOADS = [
    # sequences that move, clear, colour, switch modes, retitle, copy, ask, print
    ESC + "[2J", ESC + "[31m", ESC + "[H", ESC + "[999B", ESC + "[1;1f", ESC + "[6n", ESC + "[c", ESC + "[5i",
    ESC + "[?1049l", ESC + "[?25l", ESC + "[?2004l", ESC + "[?1000h", ESC + "[20t", ESC + "[3J", ESC + "[4h",
    ESC + "[!p", ESC + "[1000000b", ESC + "[r", ESC + "c", ESC + "7", ESC + "8", ESC + "#8", ESC + "(0", ESC + "D",
    ESC + "M", ESC + "=", ESC + "]0;title\x07", ESC + "]52;c;aGFjaw==\x07", ESC + "]8;;http://x\x07x",
    ESC + "]4;1;?\x07", ESC + "]52;c;?" + ESC + "\\", ESC + "P+q544e" + ESC + "\\", ESC + "_x" + ESC + "\\",
    ESC + "^x" + ESC + "\\", ESC + "Xx" + ESC + "\\", ESC, CSI8 + "2J", CSI8 + "31m", OSC8 + "0;t\x07", DCS8 + "x",
    # single controls
    "\x00".replace("\x00", "\x01"), "\x07", "\x08\x08\x08", "\x0b", "\x0c", "\x0e", "\x0f", "\r", "\n", "\t", "\x7f",
    "\x85", "\u2028", "\u2029",
    # order and width
    "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\U000e0041", "\u0301" * 40, "\u6f22" * 30, "\U0001f468\u200d" * 9,
    "\u0e33" * 20, "\uffff", "\U0010ffff", "\u115f", "\u3164", "\u00ad", "A" * 400,
]
MARK = "Zq"  # follows each payload, so that one of ours is not taken for theirs
KEEP = {"key", "kind", "state", "access", "tick", "draft", "id", "mode", "action", "trigger", "time", "began", "ended",
        "updated", "fetched", "since", "role", "code", "level", "privilege", "name", "full_name", "profile", "last",
        "phase", "managed_by", "to", "expires", "created", "version", "by", "verdict", "window", "type", "chain", "layer", "class", "at"}
VERBS = (("status", {}), ("share.list", {}), ("share.plan", {}), ("draft.show", {}), ("runs.list", {"limit": 20}),
         ("batches.list", {"limit": 20}), ("runs.show", {}), ("secrets.list", {}), ("audit.list", {"limit": 50}),
         ("setup.list", {}), ("config.dump", {}), ("show", {"table": "shop.aampe.events"}),
         ("preview", {"table": "shop.aampe.events"}), ("sync.plan", {}), ("engine.status", {}), ("warehouses.list", {}),
         ("doctor.show", {}), ("engine.log", {"lines": 20}), ("runs.log", {"id": 1}), ("runs.live", {"batch": 1}))
KEYS = ["1", "2", "j", "\r", "\t", "\t", "\t", "\t", "\x1b", "2", "/", "a\r", "\x1b", "3", "\t", "j", "5", "j", "\r", "\t", "\t",
        "\t", "\x1b", "6", "j", "7", "j", "\r", "\x1b", "8", "j", "\r", "\x1b", "f", "\x1b", "G", "9", "j", "\r", "j", "\x1b", "m", "\x1b", "?", "\x1b", ":", "r", "\x1b", "!", "1"]


def poison(value, payload, name=None, all_names=False):
    if isinstance(value, dict):
        return {k: poison(v, payload, k, all_names) for k, v in value.items()}
    if isinstance(value, list):
        return [poison(v, payload, name, all_names) for v in value]
    if isinstance(value, str) and (name not in KEEP or (all_names and name in ("name", "full_name", "type", "code"))):
        return payload + MARK + value
    return value


def wait_done(client):
    """Until the doctor has looked at everything."""
    until = time.monotonic() + 120
    while time.monotonic() < until and (client.ask("doctor.show") or {}).get("running"):
        time.sleep(0.1)


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = Home(rows=200)
        cls.home.configure()
        cls.home.json("share", "add", "shop.aampe.users", "--yes", code=0)
        cls.home.console("sync", "run", "--wait")
        cls.home.json("tree", "--refresh")
        client = Client(str(cls.home.folder / "state/aampe/default/sock"))
        client.ask("draft.tick", {"keys": ["t:shop.aampe.events"], "on": True})
        client.ask("doctor.run")
        wait_done(client)
        cls.real = {verb: client.ask(verb, params) for verb, params in VERBS}
        cls.rows = {parent: client.ask("tree.rows", {"parent": parent}) for parent in ("", "c:shop", "s:shop.aampe")}
        cls.found = client.ask("tree.search", {"pattern": "a"})
        client.close()

    @classmethod
    def tearDownClass(cls):
        cls.home.close()

    def fake(self, payload, all_names):
        answers = {verb: poison(result, payload, None, all_names) for verb, result in self.real.items()
                   if result is not None}
        empty = {"epoch": 1, "total": 0, "offset": 0, "stale": False, "refreshing": False, "rows": []}

        def rows(params):
            return poison(self.rows.get(params.get("parent") or "", empty), payload, None, all_names)

        answers["tree.rows"] = rows
        answers["tree.search"] = lambda _params: poison(self.found or empty, payload, None, all_names)
        engine = FakeEngine(answers)
        self.addCleanup(engine.close)
        return engine

    def clean(self, terminal, payload):
        self.assertEqual(terminal.screen.unknown, [], payload)
        if not payload.isascii() or min(map(ord, payload)) < 0x20 or payload == "\x7f":
            if max(map(ord, payload)) < 0xa0 or payload[0] in "\u2028\u2029\u202e\u2066\u200b\ufeff":
                self.assertNotIn((payload + MARK).encode(), terminal.raw, repr(payload))
        self.assertEqual(terminal.screen.copied, [], payload)

    def test_screens(self):
        for number, payload in enumerate(PAYLOADS):
            with self.subTest(payload=payload):
                engine = self.fake(payload, number % 2 == 1)
                terminal = Terminal([program("aampe-console"), "--socket", engine.path], self.home.env)
                try:
                    terminal.wait("? help")
                    for keys in KEYS:
                        terminal.type(keys)
                        terminal.quiet(0.02)
                    terminal.quiet(0.1)
                    self.assertIsNone(terminal.ended, "it ended")
                    self.clean(terminal, payload)
                finally:
                    terminal.close()
                    engine.close()

    def test_commands(self):
        commands = (["status"], ["tree"], ["show", "shop.aampe.events"], ["preview", "shop.aampe.events"],
                    ["share", "list"], ["share", "plan"], ["runs", "list"], ["runs", "show"], ["runs", "log", "1"],
                    ["secrets", "list"], ["audit", "list"], ["config", "dump"], ["sync", "plan"], ["engine", "log"])
        for number, payload in enumerate(PAYLOADS):
            engine = self.fake(payload, number % 2 == 1)
            shown = 0
            for words in commands:
                with self.subTest(payload=payload, words=words):
                    terminal = Terminal([program("aampe-console"), "--socket", engine.path, *words], self.home.env)
                    try:
                        terminal.wait_end()
                        self.clean(terminal, payload)
                        shown += MARK.encode() in terminal.raw
                    finally:
                        terminal.close()
            self.assertGreater(shown, len(commands) // 2, "hardly anything of it was shown")
            engine.close()


if __name__ == "__main__":
    unittest.main(verbosity=1)
