#!/usr/bin/env python3
"""From no profile through Setup to the first verified sync, as a person does it; and the demo that opens so."""
import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
from console import Home, program  # noqa: E402
from terminal import Terminal  # noqa: E402

ENTER, ESC, DOWN, UP = "\r", "\x1b", "\x1b[B", "\x1b[A"
PASTE = "\x1b[200~%s\x1b[201~"


def paste(text):
    return PASTE % text


class Setup(unittest.TestCase):
    def start(self, home, *words, **more):
        terminal = Terminal([program("aampe-console"), *words], home.env, **more)
        self.addCleanup(terminal.close)
        return terminal

    def home(self, **more):
        home = Home(**more)
        self.addCleanup(home.close)
        return home

    def leave(self, terminal):
        terminal.type("q")
        terminal.wait("QUIT")
        terminal.quiet()
        terminal.type("\t" if "> [ Cancel" in terminal.screen.text() else "")
        terminal.quiet()
        terminal.type(ENTER)
        self.assertEqual(terminal.wait_end(), 0)
        self.assertTrue(terminal.restored())
        self.assertEqual(terminal.screen.unknown, [])

    def step(self, terminal, keys, title):
        terminal.type(keys)
        terminal.wait("of 7")
        terminal.type(ENTER)
        terminal.wait(title)

    def to_list(self, terminal):
        terminal.type(ESC)
        terminal.wait("of 7")

    def walk(self, home, terminal):
        ready = home.ready
        terminal.wait("0 of 7 done")
        terminal.wait(lambda s: "blocked by 4, 5, 6" in s.text(), "what blocks the last step")
        terminal.type(ENTER)
        terminal.wait("Workspace URL")
        # A wrong host first: the input is kept, the first failing layer is named, deeper ones were not reached.
        terminal.type(ENTER)
        terminal.type(paste("http://127.0.0.1:1/sql?o=70") + ENTER)
        terminal.wait("NET_CONNECT")
        terminal.wait("not reached")
        self.assertIn("127.0.0.1:1", terminal.screen.text())
        terminal.type(ENTER + "\x15" + paste("  \u201c" + ready["address"] + "/sql/editor?o=70\u201d\n") + ENTER)
        terminal.wait("workspace id")
        terminal.wait("taken as")
        self.to_list(terminal)
        terminal.wait("1 of 7 done")
        self.step(terminal, DOWN, "Application id")
        terminal.type(ENTER + paste("4815162342") + ENTER)
        terminal.wait("not saved")
        terminal.type(ENTER + "\x15" + paste(ready["client_id"]) + ENTER)
        terminal.wait("has not been entered")
        self.to_list(terminal)
        self.step(terminal, DOWN, "OAuth secret")
        terminal.type(ENTER + paste("dose-not-the-secret") + ENTER)
        terminal.wait("SRC_AUTH_CLIENT_INVALID")
        terminal.type(ENTER + paste(ready["client_secret"]) + ENTER)
        terminal.wait("Replace the secret")
        terminal.quiet()  # what was typed before the question was shown is thrown away
        terminal.type("replace" + ENTER)
        terminal.wait("signed in")
        self.to_list(terminal)
        terminal.wait("3 of 7 done")
        self.step(terminal, DOWN, "May start it")
        terminal.type(ENTER)
        terminal.wait("Serverless")
        terminal.type(ENTER)
        terminal.wait("SELECT 1 came back")
        self.to_list(terminal)
        self.step(terminal, DOWN + DOWN, "Folder")
        terminal.type(ENTER + paste(str(home.folder / "files") + "/") + ENTER)
        terminal.wait("free space")
        self.to_list(terminal)
        terminal.wait("5 of 7 done")
        # Leaving keeps the answers.
        self.leave(terminal)


    def finish(self, home, terminal):
        terminal.wait("5 of 7 done")
        home.json("share", "add", "shop.aampe.users", "shop.aampe.products", "--yes")
        terminal.wait("6 of 7 done")
        terminal.type("G" + ENTER)
        terminal.wait("First sync")
        terminal.quiet()
        terminal.type("\t" + ENTER)
        terminal.wait(lambda s: "of 2 published" in s.text(), "the live batch")
        terminal.type("9")
        terminal.wait("7 of 7 done")
        terminal.wait("416 rows, verif")
        said = terminal.raw.decode(errors="replace")
        self.assertNotIn(home.ready["client_secret"], said)
        self.assertNotIn("dose-not-the-secret", said)
        self.leave(terminal)
        report = home.json("sync", "verify")["data"]
        self.assertTrue(report["verified"])

    def test_from_nothing(self):
        home = self.home(rows=500)
        self.walk(home, self.start(home))
        self.finish(home, self.start(home, "setup"))

    def test_from_nothing_60x16_ascii_mono(self):
        home = self.home(rows=500)
        home.env["NO_COLOR"] = "1"
        self.walk(home, self.start(home, "--ascii", width=60, height=16))
        self.finish(home, self.start(home, "setup", "--ascii", width=60, height=16))

    def test_read_only_changes_nothing(self):
        home = self.home(rows=500)
        terminal = self.start(home, "--read-only")
        terminal.wait("blocked by")
        terminal.type(ENTER)
        terminal.wait("Workspace URL")
        terminal.type(ENTER)
        terminal.wait("read-only")
        terminal.type(ESC)
        self.leave(terminal)

    def demo(self, *words):
        home = Home(sandbox=False)
        self.addCleanup(home.close)
        home.env["TMPDIR"] = str(home.folder)
        return home, self.start(home, "demo", "--rows", "2000", *words)

    def left(self, home):
        return [name for name in os.listdir(home.folder) if name.startswith("aampe-demo")]

    def test_demo_opens_on_a_batch(self):
        home, terminal = self.demo()
        terminal.wait("shop.aampe.events")
        terminal.wait("published")
        terminal.type("9")
        terminal.wait("7 of 7 done")
        self.leave(terminal)
        self.assertEqual(self.left(home), [])

    def test_demo_from_nothing(self):
        home, terminal = self.demo("--empty")
        terminal.wait("0 of 7 done")
        terminal.wait("application id")
        terminal.wait("dose")
        self.leave(terminal)
        self.assertIn(b"workspace  http://127.0.0.1", terminal.raw)
        self.assertEqual(self.left(home), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
