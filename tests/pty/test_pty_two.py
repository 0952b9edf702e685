#!/usr/bin/env python3
"""Two consoles on one engine see the same sync; one of them on a line of 1 kB/s delays neither the other nor the sync;
a console that is killed takes nothing with it; what is typed before a question is seen does not answer it."""
import os
import pathlib
import re
import signal
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
from console import Home, program, wait_for  # noqa: E402
from terminal import Terminal  # noqa: E402

ROWS = int(os.environ.get("ROWS", "8000000"))  # of a table that takes a while


def percent(screen):
    found = re.search(r"\] +(\d+) %", screen.text())
    return int(found.group(1)) if found else -1


class Two(unittest.TestCase):
    def setUp(self):
        self.home = Home(world="bench", rows=ROWS)
        self.addCleanup(self.home.close)
        self.home.configure()
        self.home.json("share", "add", "bench.b.narrow", "--yes")
        # The sync is not over before it has been looked at, on however fast a machine.
        self.home.control("fault", "slow", "endpoint=link", "delay_ms=1000")

    def open(self, **more):
        terminal = Terminal([program("aampe-console")], self.home.env, **more)
        self.addCleanup(terminal.close)
        terminal.wait(lambda s: "? help" in s.text() and "live" in s.row(0), "the first screen")
        return terminal

    def watch(self, terminal):
        """Goes to the live batch."""
        terminal.type("5")
        terminal.wait(lambda s: "> 5 Runs" in s.row(0) and re.search(r"^> 1 ", s.text(), re.M), "the list of runs")
        terminal.type("g\r")
        terminal.wait(lambda s: "batch" in s.row(0) and "RUNNING" in s.text(), "the live batch")

    def state(self):
        runs = self.home.json("runs", "list")["data"]["runs"]
        return runs[0]["word"] if "word" in runs[0] else runs[0]["state"]

    def test_same_progress_and_a_slow_line(self):
        fast, slow = self.open(), self.open()
        slow.hold = 1000
        self.home.json("sync", "run")
        self.watch(fast)
        slow.type("5")
        slow.wait(lambda s: "> 5 Runs" in s.row(0) and re.search(r"^> 1 ", s.text(), re.M), "the list on the slow line")
        slow.type("g\r")
        fast.wait(lambda s: percent(s) >= 10, "some progress")
        slow.wait(lambda s: percent(s) >= 0 or "done" in s.text(), "progress on the slow line")
        self.home.control("fault", "clear")
        fast.wait(lambda s: "RUNNING" not in s.text(), "the end of the sync", 300)
        slow.wait(lambda s: "RUNNING" not in s.text() and "batch" in s.row(0), "the same end on the slow line", 300)
        text = [line for line in fast.screen.text().splitlines() if "bench.b.narrow" in line]
        wait_for(lambda: (slow.read(0.1), [x for x in slow.screen.text().splitlines() if "bench.b.narrow" in x] ==
                          text)[1])

    def test_killed_console(self):
        terminal = self.open()
        self.home.json("sync", "run")
        self.watch(terminal)
        os.kill(terminal.pid, signal.SIGKILL)
        again = self.open()
        self.watch(again)
        self.home.control("fault", "clear")
        again.wait(lambda s: "RUNNING" not in s.text(), "the end of the sync", 300)
        wait_for(lambda: self.state() == "done", 300)  # the screen may be between two pictures
        self.assertTrue(self.home.json("sync", "verify")["ok"])

    def test_linear_left_and_found_again(self):
        """In linear mode: Enter stops watching, 0 leaves, the sync goes on, and who comes back is told its end."""
        def start():
            terminal = Terminal([program("aampe-console"), "--linear"], self.home.env)
            self.addCleanup(terminal.close)
            terminal.wait("choice:")
            return terminal

        first = start()
        first.type("4\r")
        first.wait("Type sync")
        first.type("sync\r")
        first.wait("percent of")
        first.type("\r")
        first.wait(lambda s: s.text().rstrip().endswith("choice:"))
        first.type("0\r")
        self.assertEqual(first.wait_end(), 0)
        self.assertEqual(self.home.json("engine", "status")["data"]["active_runs"], 1)
        self.home.control("fault", "clear")
        again = start()
        again.type("5\r")
        again.wait("bench.b.narrow, done")
        again.wait("nothing is running now")
        self.assertNotIn(b"\x1b", first.raw + again.raw)

    def test_draft_survives(self):
        terminal = self.open()
        terminal.type("2")
        terminal.wait("[x]")
        terminal.type("j")
        terminal.quiet(0.3)
        terminal.type(" ")
        terminal.wait(lambda s: "draft +1" in s.text() or "draft -1" in s.text() or "draft +0 -1" in s.text(),
                      "the tick in the draft")
        line = [x for x in terminal.screen.text().splitlines() if "draft" in x][0]
        shown = re.search(r"draft [-+0-9 ]+", line).group(0)
        os.kill(self.home.engine_pid(), signal.SIGKILL)
        terminal.wait(lambda s: "no engine" in s.row(0), "the loss of the engine")
        terminal.wait(lambda s: "live" in s.row(0) and shown in s.text(), "the draft after the engine is back")
        os.kill(terminal.pid, signal.SIGKILL)
        again = self.open()
        again.type("2")
        again.wait(shown)

    def test_typed_before_the_question(self):
        terminal = self.open()
        # The quit question, and what would answer it, in one piece: only the question is there afterwards.
        terminal.type("q\t\r")
        terminal.wait("Quit")
        terminal.quiet(0.5)
        self.assertIsNone(terminal.ended)
        terminal.type("\x1b")
        terminal.wait(lambda s: "1 Overview" in s.row(0) and "Quit" not in s.text())


if __name__ == "__main__":
    unittest.main(verbosity=1)
