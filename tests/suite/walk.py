#!/usr/bin/env python3
"""A person's ways through the console, in tmux at 80x24, again at 60x16 in ASCII without colour, and in linear mode:
from nothing to the first verified sync; browse, filter, tick, preview, plan, apply, sync, watch; a failure read,
mended and retried; a refused address, found by the doctor and mended; quitting while a sync runs and finding it again.
Everything is seen on the screen before the next key is pressed; what happened is asked of the engine, not of the
screen."""
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e"), str(HERE.parent / "pty")]
from console import Home, program, wait_for  # noqa: E402
from terminal import Terminal  # noqa: E402
from tmux import Pane, present  # noqa: E402

FORMS = (("80x24", 80, 24, []), ("60x16 ascii mono", 60, 16, ["--ascii", "--color", "never"]))
LONG = int(os.environ.get("ROWS", "8000000"))  # rows of a sync that can be left and found again
BODY = {"1": "NEEDS YOU", "2": "NAME ", "3": "[Tables", "5": "BATCH", "9": "of 7 done"}


class Walk:
    def __init__(self, home, form, *words):
        _, width, height, flags = form
        env = {k: v for k, v in home.env.items() if k != "NO_COLOR"}
        self.home = home
        self.pane = Pane([program("aampe-console"), *flags, *words], env, width, height, cwd=str(home.folder))
        self.wait, self.keys, self.write = self.pane.wait, self.pane.keys, self.pane.write

    def screen(self, digit):
        """Goes there; its digit once more leads from a view inside it to where it begins."""
        self.keys(digit)
        try:
            return self.wait(BODY[digit], 2)
        except AssertionError:
            self.keys(digit)
            return self.wait(BODY[digit])

    def selected(self):
        rows = [row for row in self.pane.text().splitlines() if row.startswith(">")]
        return rows[0] if rows else ""

    def select(self, pattern, limit=60):
        """Moves the selection from the first row down until its row matches."""
        self.keys("g")
        for _ in range(limit):
            if re.search(pattern, self.selected()):
                return
            before = self.selected()
            self.keys("j")
            try:
                self.wait(lambda _text: self.selected() != before, 2)
            except AssertionError:
                break
        raise AssertionError("no row like %r\n%s" % (pattern, self.pane.text()))

    def still(self):
        """The screen twice the same: it has been painted. What is typed before a question is seen is thrown away."""
        shown = [None]

        def same(text):
            shown.append(text)
            return shown[-2] == text

        return self.wait(same)

    def answer(self):
        """Presses the button that is not Cancel, once it is seen."""
        self.wait(lambda text: re.search(r"\[ Cancel \]", text))
        self.still()
        if not re.search(r"> \[ (?!Cancel)", self.pane.text()):
            self.keys("Tab")
            self.wait(lambda text: re.search(r"> \[ (?!Cancel)", text))
        self.keys("Enter")
        self.pane.gone("[ Cancel ]")

    def apply(self, count):
        self.keys("p")
        self.wait("[Plan]")
        self.wait(lambda text: "AFTER APPLY" in text or "SHARE +" in text)
        self.keys("W")
        self.wait("WRITES")
        self.keys("A")
        self.wait("Type  apply %d" % count)
        self.still()
        self.write("apply %d" % count)
        self.wait("Enter:  apply %d" % count)
        self.keys("Enter")
        self.wait(lambda text: "has started" in text or "applied" in text)

    def quit(self):
        self.screen("1")
        self.keys("q")
        self.answer_quit()

    def answer_quit(self):
        self.wait("[ Quit ]")
        self.still()
        self.keys("Enter")
        self.wait(lambda _text: self.pane.over())

    def close(self):
        self.pane.close()


def verified(home, table=None):
    """What lies at the destination, read again, is what was recorded."""
    done = home.console("--json", "sync", "verify", *([table] if table else []))
    home.verdict = done.stdout + done.stderr
    return done.returncode == 0 and '"ok":true' in done.stdout


def over(text):
    """The batch that is shown is over and nothing of it failed."""
    return re.search(r"^DONE ", text, re.M)


def setup(form):
    """No profile: Setup opens by itself; its steps, up to a verified first sync."""
    home = Home(rows=2000)
    walk = Walk(home, form)
    try:
        walk.wait("0 of 7 done")
        for step, value in (("workspace", home.ready["address"] + "/sql/editor?o=1"),
                            ("principal", home.ready["client_id"]), ("secret", home.ready["client_secret"]),
                            ("warehouse", None), ("destination", "%s/files" % home.folder)):
            fill(walk, step, value)
            assert home.ready["client_secret"] not in walk.pane.text(), "the secret is on the screen"
        walk.screen("2")
        walk.keys("/")
        walk.write("aampe.users")
        walk.keys("Enter")
        walk.wait(lambda text: re.search(r"\[ \].*users", text))
        walk.select(r"\].*users")
        walk.keys("Space")
        walk.wait(lambda text: re.search(r"\+\[x\].*users", text))
        walk.apply(1)
        wait_for(lambda: verified(home, "shop.aampe.users"), 120)
        walk.screen("9")
        walk.wait("7 of 7 done")
        walk.quit()
    finally:
        walk.close()
        home.close()


def fill(walk, step, value):
    walk.screen("9")
    walk.select(step)
    walk.keys("Enter")
    walk.wait("CHECKS")
    walk.keys("Enter")
    if value is None:
        walk.wait("WAREHOUSES")
        walk.wait(lambda text: re.search(r"^> .*RUNNING", text, re.M))
        walk.keys("Enter")
    else:
        walk.wait(lambda text: "Enter saves" in text or "Enter stores" in text)
        walk.pane.paste(value)
        walk.wait(lambda text: "characters)" in text or value[:20] in text)
        walk.keys("Enter")
    walk.wait(lambda text: re.search(r"   ok  ", text))
    walk.keys("Escape")
    walk.wait(lambda text: re.search(r"%s +done" % step, text))


def demo(form):
    """The demo: its first sync is on the screen; then browse, filter, tick, preview, plan, apply, sync, watch."""
    home = Home(sandbox=False)
    walk = Walk(home, form, "demo", "--rows", "200000")
    try:
        walk.wait("batch 1")
        walk.wait(over)
        walk.screen("2")
        walk.keys("/")
        walk.write("orders")
        walk.keys("Enter")
        walk.wait("found")
        walk.select(r"shop\.sales\.orders ")
        walk.keys("Space")
        walk.wait(lambda text: re.search(r"\+\[x\].*sales\.orders ", text))
        walk.keys("Enter")
        walk.wait("[Access]")
        walk.keys("Tab", "Tab")
        walk.wait("[Rows]")
        walk.wait(lambda text: re.search(r"rows of|rows, ", text))
        walk.keys("Escape")
        walk.wait("found")
        walk.keys("Escape")
        walk.apply(1)
        walk.screen("5")
        walk.select(r"^> 2 ")
        walk.keys("Enter")
        walk.wait("batch 2")
        walk.wait(over)
        walk.keys("Escape")
        walk.screen("1")
        walk.wait(lambda text: re.search(r"shop\.sales\.orders", text))
        walk.keys("s")
        walk.answer()
        walk.wait("batch 3")
        walk.wait(over)
        walk.quit()
    finally:
        walk.close()
        home.close(engine=False)


def failure(form):
    """A lost grant: read what broke, what is safe, what changed and what to do; mend it, retry, succeed."""
    home = Home(rows=2000)
    walk = None
    try:
        home.configure()
        home.json("share", "add", "shop.aampe.users", "shop.aampe.products", "--yes")
        assert home.console("sync", "run", "--wait").returncode == 0
        who = home.ready["client_id"]
        home.control("revoke", who, "SELECT", "shop.aampe.users")
        home.control("revoke", who, "SELECT", "shop.aampe")
        home.control("revoke", who, "SELECT", "shop")
        home.console("sync", "run", "--wait")
        walk = Walk(home, form)
        walk.wait("FAILED")
        walk.keys("!")
        walk.wait("BROKE")
        seen = walk.pane.text()
        for word in ("SAFE", "CHANGED", "DO"):
            for _ in range(20):
                if re.search(r"-- %s|\u2500\u2500 %s" % (word, word), seen):
                    break
                walk.keys("PageDown")
                seen += walk.still()
            else:
                raise AssertionError("no block %s\n%s" % (word, seen))
        assert "SRC_PERM" in seen and "GRANT" in seen, seen
        home.control("grant", who, "SELECT", "shop.aampe.users")
        walk.keys("R")
        walk.wait("RETRY")
        walk.answer()
        wait_for(lambda: verified(home, "shop.aampe.users"), 120)
        walk.screen("1")
        walk.wait("NEEDS YOU nothing")
        walk.quit()
    finally:
        if walk:
            walk.close()
        home.close()


def doctor(form):
    """An address that is refused: 8, c, what fails and what mends it; mended, c again, all is well."""
    home = Home(rows=2000)
    walk = None
    try:
        home.configure()
        home.json("share", "add", "shop.aampe.users", "--yes")
        assert home.console("sync", "run", "--wait").returncode == 0
        home.control("fault", "ip_blocked", "ip=198.51.100.7")
        walk = Walk(home, form)
        walk.wait("NEEDS YOU")
        walk.keys("8")
        walk.wait("NOT RUN YET")
        walk.keys("c")
        walk.wait(lambda text: "workspace, ip list" in text and " ago" in text)
        text = walk.pane.text()
        assert re.search(r"^> ip list +FAIL +SRC_IP_BLOCKED", text, re.M), text
        assert re.search(r"^fix: .*198\.51\.100\.7", text, re.M), text
        walk.keys("Enter")
        walk.wait("asks")
        walk.keys("f")
        walk.wait("TO COPY")
        walk.keys("Escape")
        walk.wait("workspace, ip list")
        home.control("fault", "clear", "ip_blocked")
        walk.keys("c")
        walk.wait(lambda text: "nothing fails" in text and " ago" in text)
        walk.quit()
    finally:
        if walk:
            walk.close()
        home.close()


def leave(form):
    """Quitting while a sync runs does not stop it; coming back finds it."""
    home = Home(world="bench", rows=LONG)
    walk = None
    try:
        home.configure()
        home.json("share", "add", "bench.b.narrow", "--yes")
        home.control("fault", "slow", "endpoint=link", "delay_ms=1000")
        walk = Walk(home, form)
        walk.screen("1")
        walk.wait("bench.b.narrow")
        walk.keys("s")
        walk.answer()
        walk.wait("batch 1")
        walk.wait("RUNNING")
        walk.screen("1")
        walk.keys("q")
        walk.wait(lambda text: "goes on" in text or "is running" in text)
        walk.answer_quit()
        walk.close()
        assert home.json("engine", "status")["data"]["active_runs"] == 1, "the sync has ended with the console"
        walk = Walk(home, form)
        walk.screen("5")
        walk.wait("RUNNING")
        walk.keys("g", "Enter")
        walk.wait("batch 1")
        home.control("fault", "clear")
        walk.wait(over, 300)
        assert verified(home, "bench.b.narrow"), home.verdict
        walk.quit()
    finally:
        if walk:
            walk.close()
        home.close()


def main():
    if not present():
        print("walk: SKIPPED, tmux is not installed")
        return 77
    wanted = sys.argv[1:]
    failed = 0
    for form in FORMS:
        for each in (setup, demo, failure, doctor, leave):
            if wanted and each.__name__ not in wanted:
                continue
            try:
                each(form)
                print("walk: %-18s %-8s passed" % (form[0], each.__name__), flush=True)
            except AssertionError as error:
                failed += 1
                print("walk: %-18s %-8s FAILED\n%s" % (form[0], each.__name__, error), flush=True)
    print("walk: %d failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
