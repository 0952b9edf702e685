#!/usr/bin/env python3
"""A person's ways through the console, in tmux at 80x24, again at 60x16 in ASCII without colour, and in linear mode
over a terminal: from nothing to the first verified sync; browse, filter, tick, preview, plan, apply, sync, watch; a
failure read, mended and retried; quitting while a sync runs and finding it again. Everything is seen on the screen
before the next key is pressed."""
import os
import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
from console import Home, program  # noqa: E402
from tmux import Pane, present  # noqa: E402

FORMS = (("80x24", 80, 24, []), ("60x16 ascii mono", 60, 16, ["--ascii", "--color", "never"]))
LONG = int(os.environ.get("ROWS", "3000000"))  # rows of a sync that can be left and found again


class Walk:
    def __init__(self, home, width, height, flags, name):
        self.home, self.name = home, name
        env = {k: v for k, v in home.env.items() if k != "NO_COLOR"}
        self.pane = Pane([program("aampe-console"), *flags], env, width, height, cwd=str(home.folder))
        self.wait, self.keys, self.write = self.pane.wait, self.pane.keys, self.pane.write

    def screen(self, digit, name):
        self.keys(digit)
        return self.wait(lambda text: re.search(r"> (%s )?%s|> %s" % (digit, name, digit), text.splitlines()[0]))

    def quit(self):
        self.keys("1")
        self.wait("Overview" if "80x24" in self.name else "> 1")
        self.keys("q")
        self.wait("> [ Quit ]")
        self.wait(self.wait_pressed)

    def wait_pressed(self, _text):
        """Keys typed before the question was read are thrown away: the button is pressed until it works."""
        if not self.pane.over():
            self.keys("Enter")
            time.sleep(0.2)
        return self.pane.over()

    def close(self):
        self.pane.close()


def select(walk, pattern, limit=60):
    """Moves the selection down until its row matches."""
    for _ in range(limit):
        rows = [row for row in walk.pane.text().splitlines() if row.startswith(">")]
        if rows and re.search(pattern, rows[0]):
            return
        before = walk.pane.text()
        walk.keys("j")
        try:
            walk.wait(lambda text: text != before, 3)
        except AssertionError:
            break
    raise AssertionError("no row like %r\n%s" % (pattern, walk.pane.text()))


def setup_walk(width, height, flags, name):
    """No profile: Setup opens by itself; its steps, up to a verified first sync."""
    home = Home(rows=2000)
    walk = Walk(home, width, height, flags, name)
    try:
        walk.wait("0 of 7 done")
        fill(walk, "workspace", home.ready["address"] + "/sql/editor?o=1")
        fill(walk, "principal", home.ready["client_id"])
        fill(walk, "secret", home.ready["client_secret"])
        assert home.ready["client_secret"] not in walk.pane.text(), "the secret is on the screen"
        fill(walk, "warehouse", home.ready["warehouse_id"])
        fill(walk, "destination", "%s/files" % home.folder)
        walk.screen("2", "Browse")
        walk.keys("/")
        walk.write("aampe.users")
        walk.keys("Enter")
        walk.wait(lambda text: re.search(r"\[ \] .*users", text))
        select(walk, r"\] .*users")
        walk.keys("Space")
        walk.wait(lambda text: re.search(r"\+\[x\] .*users", text))
        apply(walk, 1)
        walk.wait(lambda _text: verified(home), 120)
        walk.screen("9", "Setup")
        walk.wait("7 of 7 done")
        walk.quit()
    finally:
        walk.close()
        home.close()


def wait_editing(walk):
    """A field says how it is left, unless the sentence of row 23 is about something that has just happened."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        if re.search("Enter saves and checks|while you type or paste|Enter take", walk.pane.text()):
            return
        time.sleep(0.05)


def fill(walk, step, value):
    walk.screen("9", "Setup")
    walk.keys("g")
    select(walk, step)
    walk.keys("Enter")
    walk.wait(lambda text: step in text.splitlines()[0] or step in text)
    walk.keys("Enter")
    wait_editing(walk)
    walk.pane.paste(value)
    walk.keys("Enter")
    walk.wait(lambda text: "FAIL" not in text and re.search(r"\bok\b", text))
    walk.keys("Escape")
    walk.wait(lambda text: re.search(r"%s +done" % step, text))


def apply(walk, count):
    walk.keys("p")
    walk.wait("AFTER APPLY")
    walk.keys("W")
    walk.wait("WRITES")
    walk.keys("A")
    walk.wait("Type  apply %d" % count)
    walk.write("apply %d" % count)
    walk.keys("Enter")
    walk.wait("has started")


def verified(home):
    done = home.console("--json", "sync", "verify")
    return '"ok":true' in done.stdout and done.returncode == 0


def main():
    if not present():
        print("walk: SKIPPED, tmux is not installed")
        return 77
    walks = [setup_walk]
    for name, width, height, flags in FORMS:
        for each in walks:
            each(width, height, flags, name)
            print("walk: %-16s %s" % (name, each.__name__))
    return 0


if __name__ == "__main__":
    sys.exit(main())
