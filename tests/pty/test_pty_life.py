#!/usr/bin/env python3
"""The console on a real terminal: how it starts, ends, is suspended, resized, killed; what it does with an unknown
terminal and with a paste. Whatever happens, the terminal is given back as it was found."""
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
from console import Home, program, wait_for  # noqa: E402
from terminal import Terminal  # noqa: E402

SCREENS = {"1": "1 Overview", "2": "2 Browse", "3": "3 Share", "5": "5 Runs", "6": "6 Access", "7": "7 Audit",
           "8": "8 Doctor", "9": "9 Setup"}


class Life(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = Home(rows=2000)
        cls.home.configure()

    @classmethod
    def tearDownClass(cls):
        cls.home.close()

    def start(self, *words, width=80, height=24, env=None, **more):
        terminal = Terminal([program("aampe-console"), *words], dict(self.home.env, **(env or {})), width, height,
                            **more)
        self.addCleanup(terminal.close)
        return terminal

    def ready(self, *words, **more):
        terminal = self.start(*words, **more)
        terminal.wait(lambda s: "? help" in s.text() and "old" not in s.row(0), "the first screen")
        return terminal

    def leave(self, terminal):
        """Quits as a person does: q, Enter."""
        terminal.type("1")
        terminal.wait("1 Overview")
        terminal.type("q")
        terminal.wait("> [ Quit ]")
        terminal.quiet(0.2)
        terminal.type("\r")
        return terminal.wait_end()

    def test_start_and_quit(self):
        terminal = self.ready()
        self.assertEqual(self.leave(terminal), 0)
        self.assertTrue(terminal.restored())
        self.assertEqual(terminal.screen.unknown, [])

    def test_screens_by_digit(self):
        terminal = self.ready()
        for digit, name in SCREENS.items():
            terminal.type(digit)
            terminal.wait(lambda s: "> " + name in s.row(0), name)
        terminal.type("4")
        terminal.wait("4 Conformance is not in this version")

    def test_signals_restore(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV, signal.SIGABRT):
            with self.subTest(signal=number):
                terminal = self.ready()
                os.kill(terminal.pid, number)
                terminal.wait_end()
                terminal.drain()
                self.assertTrue(terminal.restored(), number)
                self.assertIn("\x1b[?1049l", terminal.raw.decode(errors="replace"))

    def test_suspend(self):
        """Ctrl-Z under a shell with job control: the line is the shell's, until fg."""
        script = "set -m; '%s'; echo STOPPED; read answer; fg >/dev/null; echo OVER $?" % program("aampe-console")
        terminal = Terminal(["/bin/sh", "-c", script], self.home.env)
        self.addCleanup(terminal.close)
        terminal.wait("? help")
        terminal.quiet(0.5)
        terminal.type("\x1a")
        terminal.wait("STOPPED")
        self.assertFalse(terminal.screen.modes & {1049, 2004}, "modes are off while it is stopped")
        terminal.type("\r")
        terminal.wait(lambda s: 1049 in s.modes and "? help" in s.text(), "the screen after fg")
        terminal.type("q")
        terminal.wait("> [ Quit ]")
        terminal.quiet(0.2)
        terminal.type("\r")
        terminal.wait("OVER 0")
        terminal.wait_end()

    def test_unknown_terminal(self):
        terminal = self.ready(term="no-such-terminal")
        terminal.type("m")
        terminal.wait("no-such-terminal")

    def test_vt100_and_linux(self):
        for term in ("vt100", "linux", "screen", "tmux-256color"):
            with self.subTest(term=term):
                terminal = self.ready(term=term)
                self.assertIn("? help", terminal.screen.text())

    def test_no_utf8_is_ascii(self):
        terminal = self.ready(utf8=False)
        for digit in SCREENS:
            terminal.type(digit)
            terminal.wait(lambda s: "> " + SCREENS[digit] in s.row(0))
        self.assertTrue(all(byte < 0x80 for byte in terminal.raw))

    def test_colours_are_asked_for(self):
        """Default: the terminal's own 16. NO_COLOR and --contrast: none, and the same words."""
        color = re.compile(rb"\x1b\[[0-9;]*3[0-7]m")
        shown = []
        for words, no_color in ((["--color", "always"], ""), ([], "1"), (["--contrast"], "")):
            terminal = self.start(*words, env={"NO_COLOR": no_color})
            terminal.wait(lambda s: "? help" in s.text() and "live" in s.row(0), words)
            terminal.type("2")
            terminal.wait("NAME")
            terminal.wait("extra")
            terminal.quiet()
            shown.append(terminal.screen.text())
            self.assertEqual(bool(color.search(terminal.raw)), words == ["--color", "always"], words)
        self.assertEqual(shown[0], shown[1])
        self.assertEqual(shown[0], shown[2])

    def test_paste_is_text(self):
        terminal = self.ready()
        for text in ("q\rq\r", "X", "A\rapply 1\r", "2", ":q\r"):
            terminal.type(b"\x1b[200~" + text.encode() + b"\x1b[201~")
        terminal.type("m")  # keys still do what they do
        terminal.wait("essages")
        self.assertIsNone(terminal.ended)

    def test_resize_storm(self):
        terminal = self.ready()
        turn = random.Random(5)
        for digit in SCREENS:
            terminal.type(digit)
            terminal.wait(lambda s: "> " + SCREENS[digit] in s.row(0))
            sizes = [(1, 1), (2, 24), (80, 1), (20, 5), (60, 16), (200, 60), (3, 3)]
            sizes += [(turn.randint(1, 200), turn.randint(1, 60)) for _ in range(12)]
            for width, height in sizes:
                terminal.resize(width, height)
                terminal.read(0.01)
            terminal.resize(80, 24)
            terminal.wait(lambda s: "> " + SCREENS[digit] in s.row(0) and "? help" in s.text(),
                          "%s after the storm" % SCREENS[digit])
        self.assertIsNone(terminal.ended)

    def test_engine_killed(self):
        terminal = self.ready()
        pid = self.home.engine_pid()
        os.kill(pid, signal.SIGKILL)
        terminal.wait(lambda s: "no engine" in s.row(0), "the loss of the engine")
        terminal.wait(lambda s: "no engine" not in s.row(0) and "live" in s.row(0), "its return")
        self.assertNotEqual(self.home.engine_pid(), pid)

    def test_terminal_gone(self):
        terminal = self.ready()
        os.close(terminal.fd)
        terminal.fd = os.open("/dev/null", os.O_RDWR)
        wait_for(lambda: os.waitpid(terminal.pid, os.WNOHANG)[0] == terminal.pid)
        terminal.ended = 1

    def test_without_terminal(self):
        done = subprocess.run([program("aampe-console")], env=self.home.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        self.assertNotIn("\x1b", done.stdout)
        self.assertIn("default", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=1)
