#!/usr/bin/env python3
"""8 Doctor on a real engine and a real sandbox: an address that is refused is found, named with what mends it, and gone
once it is mended; what is known is shown at once and asks for nothing; without an engine the same list comes from
aampe-syncd --doctor, which ends with the console."""
import os
import pathlib
import signal
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
from console import Home, program, wait_for  # noqa: E402
from terminal import Terminal  # noqa: E402

LAYERS = ("engine", "host", "state", "vault", "dns", "proxy", "tcp", "tls", "ip list", "token", "assignment",
          "entitlement", "warehouse", "unity catalog", "result hosts", "access", "data")


def children(folder):
    """The doctors without an engine that belong to this folder."""
    found = []
    for each in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_bytes().split(b"\0")
            env = (each / "environ").read_bytes()
        except OSError:
            continue
        if b"--doctor" in words and str(folder).encode() in env:
            found.append(int(each.name))
    return found


class Doctor(unittest.TestCase):
    def setUp(self):
        self.home = Home(rows=500)
        self.addCleanup(self.home.close)
        self.home.configure()
        self.home.json("share", "add", "shop.aampe.users", "--yes")

    def open(self, *words, live=True, **more):
        terminal = Terminal([program("aampe-console"), *words], self.home.env, **more)
        self.addCleanup(terminal.close)
        terminal.wait(lambda s: "? help" in s.text() and (not live or "live" in s.row(0)), "the first screen")
        return terminal

    def calls(self, verb):
        return self.home.json("engine", "status")["data"].get("calls", {}).get(verb, 0)

    def state(self, screen, layer):
        rows = [row for row in screen.text().splitlines() if row[2:].startswith(layer + " ")]
        return rows[0][17:30].strip() if rows else ""

    def test_failure_and_fix(self):
        self.home.control("fault", "ip_blocked", "ip=198.51.100.7")
        terminal = self.open()
        terminal.type("8")
        terminal.wait("NOT RUN YET")
        self.assertEqual(self.calls("doctor.run"), 0)
        terminal.type("c")
        terminal.wait(lambda s: "FIRST FAILURE  workspace, ip list" in s.text() and "took" in s.text(), "the failure")
        terminal.wait(lambda s: "198.51.100.7" in s.row(22) and "? help" in s.row(23), "the fix")
        screen = terminal.screen
        self.assertEqual(self.state(screen, "ip list"), "FAIL")
        self.assertIn("SRC_IP_BLOCKED", screen.text())
        self.assertTrue(screen.row(22).startswith("fix: "), screen.text())
        for layer in LAYERS[9:15]:
            self.assertEqual(self.state(screen, layer), "not reached", layer)
        for layer in LAYERS[:8] + LAYERS[15:]:
            self.assertNotIn(self.state(screen, layer), ("FAIL", "not reached", ""), layer)
        terminal.type("f")
        terminal.wait("databricks ip-access-lists create")
        terminal.type("\x1b")
        terminal.wait("FIRST FAILURE")
        terminal.type("\r")
        terminal.wait("request id")
        terminal.type("\x1b")
        terminal.wait("FIRST FAILURE")
        self.home.control("fault", "clear", "ip_blocked")
        terminal.type("c")
        terminal.wait(lambda s: "took" in s.row(1) and "nothing fails" in s.row(1) and
                      {self.state(s, layer) for layer in LAYERS} <= {"ok", "none", "WARN"}, "that nothing fails")
        self.assertEqual(terminal.screen.unknown, [])

    def test_known_at_once(self):
        self.home.console("doctor")
        runs = self.calls("doctor.run")
        terminal = self.open()
        terminal.type("8")
        terminal.wait(lambda s: "ago, took" in s.row(1), "what was found before")
        self.assertEqual(self.calls("doctor.run"), runs)
        terminal.type(":")
        terminal.wait("command")
        terminal.type("doctor\r")
        terminal.wait(lambda s: "> 8 Doctor" in s.row(0) and "ago, took" in s.row(1))
        terminal.type("1")
        terminal.wait(lambda s: "> 1 Overview" in s.row(0))
        terminal.type("-")
        terminal.wait(lambda s: "> 8 Doctor" in s.row(0))

    def test_somebody_else_runs_it(self):
        terminal = self.open()
        terminal.type("8")
        terminal.wait("NOT RUN YET")
        self.home.console("doctor")
        terminal.wait(lambda s: "ago, took" in s.row(1), "what another console has found")

    def test_read_only(self):
        terminal = self.open("--read-only")
        terminal.type("8c")
        terminal.wait(lambda s: "ago, took" in s.row(1), "a run that changes nothing")

    def test_without_an_engine(self):
        self.home.console("engine", "stop")
        terminal = self.open("--socket", str(self.home.folder / "nowhere"), live=False)
        terminal.wait("THE ENGINE")
        terminal.type("c")
        terminal.wait(lambda s: "> 8 Doctor" in s.row(0) and "FIRST FAILURE  here, engine" in s.row(1) and
                      "ENGINE_UNREACHABLE" in s.text() and self.state(s, "engine") == "FAIL" and
                      self.state(s, "token") == "ok", "the list without an engine")
        terminal.type("f")
        terminal.wait("engine start")
        self.assertEqual(children(self.home.folder), [])

    def test_child_ends_with_the_console(self):
        self.home.console("engine", "stop")
        self.home.control("fault", "slow", "delay_ms=60000")
        terminal = self.open("--socket", str(self.home.folder / "nowhere"), live=False)
        terminal.wait("THE ENGINE")
        terminal.type("8c")
        terminal.wait("RUNNING WITHOUT THE ENGINE")
        wait_for(lambda: children(self.home.folder))
        terminal.type("1")
        terminal.wait(lambda s: "> 1 Overview" in s.row(0))  # the console goes on meanwhile
        os.kill(terminal.pid, signal.SIGKILL)
        wait_for(lambda: not children(self.home.folder))
        self.home.control("fault", "clear")


if __name__ == "__main__":
    unittest.main(verbosity=1)
