#!/usr/bin/env python3
"""Bytes, requests, memory and processor time of the full-screen console at 80x24 on xterm-256color, against their
budgets. Bytes are counted on a real terminal. Times are printed, never judged."""
import json
import os
import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "pty"), str(HERE.parent / "e2e")]
from console import Home, program, wait_for  # noqa: E402
from terminal import Terminal  # noqa: E402

IDLE = int(os.environ.get("IDLE", "60"))  # seconds
TABLES = 100000


class Budget:
    def __init__(self):
        self.rows, self.failed = [], 0

    def judge(self, what, value, limit, unit):
        good = limit is None or value <= limit
        self.failed += not good
        self.rows.append((what, value, limit, unit, good))

    def print(self):
        for what, value, limit, unit, good in self.rows:
            bound = "" if limit is None else "at most %s" % limit
            print("%-46s %8s %-8s %-14s %s" % (what, value, unit, bound, "ok" if good else "OVER"))
        print("ui-budget: %d measured, %d over" % (len(self.rows), self.failed))


def open_console(home, *words):
    terminal = Terminal([program("aampe-console"), *words], home.env)
    terminal.wait(lambda s: "? help" in s.text() and "live" in s.row(0), "the first screen")
    terminal.quiet()
    return terminal


def bytes_of(terminal, keys, seen=None):
    """Bytes until the screen is quiet after these keys."""
    before = len(terminal.raw)
    terminal.type(keys)
    if seen:
        terminal.wait(seen)
    terminal.quiet(0.4)
    return len(terminal.raw) - before


def calls(home):
    """What the engine has been asked, by verb, since it started."""
    return home.json("engine", "status")["data"].get("calls", {})


def cpu_ticks(pid):
    fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def peak_kib(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path("/proc/%d/status" % pid).read_text()).group(1))


def big_ready(home):
    home.json("tree", "--refresh", "--limit", "1")
    return home.json("tree", "--limit", "1")


def first_paint(home, budget):
    start = time.monotonic()
    terminal = Terminal([program("aampe-console")], home.env)
    terminal.wait(lambda s: s.text().strip() != "", "anything")
    budget.judge("first paint, engine running", "%.0f" % ((time.monotonic() - start) * 1000), None, "ms")
    terminal.wait(lambda s: "live" in s.row(0))
    terminal.close()


def browse(home, budget):
    before = calls(home)
    terminal = open_console(home)
    terminal.type("2")
    terminal.wait(lambda s: re.search(r"^.. ?\[[ x]\]     \w", s.text(), re.M), "the name of a table")
    after = calls(home)
    asked = sum(after.get(v, 0) - before.get(v, 0) for v in ("tree.rows", "tree.search"))
    budget.judge("requests to the engine until a table's name", asked, 3, "calls")
    terminal.quiet()
    for _ in range(4):
        terminal.type("j")
        terminal.quiet(0.2)
    moves, blocks = [], []
    for _ in range(8):
        before = len(terminal.raw)
        terminal.type("j")
        terminal.wait(lambda s: len(terminal.raw) > before)
        terminal.quiet(0.1)
        moves.append(len(terminal.raw) - before)
        terminal.quiet(0.4)
        blocks.append(len(terminal.raw) - before - moves[-1])
    budget.judge("cursor move, worst of 8", max(moves), 200, "bytes")
    budget.judge("the block about the row, once the keys rest", max(blocks), None, "bytes")
    terminal.type("j" * 14)
    terminal.quiet()
    scrolls = [bytes_of(terminal, "j") for _ in range(8)]
    budget.judge("scroll by one row, worst of 8", max(scrolls), 320, "bytes")
    pages = [bytes_of(terminal, "\x1b[6~") for _ in range(4)]
    budget.judge("page, worst of 4", max(pages), 2048, "bytes")
    before = calls(home)
    terminal.type("/")
    terminal.quiet(0.2)
    terminal.type("billing_00\r")
    terminal.wait("200 found")
    after = calls(home)
    asked = sum(after.get(v, 0) - before.get(v, 0) for v in ("tree.rows", "tree.search"))
    budget.judge("requests for a search over %d names" % TABLES, asked, 1, "calls")
    switches = []
    for digit, name in (("1", "1 Overview"), ("2", "2 Browse"), ("5", "5 Runs"), ("3", "3 Share"), ("9", "9 Setup"),
                        ("6", "6 Access"), ("7", "7 Audit"), ("8", "8 Doctor"), ("1", "1 Overview")):
        switches.append(bytes_of(terminal, digit, lambda s, name=name: "> " + name in s.row(0)))
    budget.judge("screen switch, worst of %d" % len(switches), max(switches), 3072, "bytes")
    budget.judge("peak resident after browsing %d tables" % TABLES, peak_kib(terminal.pid) // 1024, 20, "MiB")
    return terminal


def idle(terminal, budget):
    worst = 0
    for digit in "12589":
        terminal.type(digit)
        terminal.quiet(1.5)
        ticks, sent = cpu_ticks(terminal.pid), len(terminal.raw)
        end = time.monotonic() + IDLE
        while time.monotonic() < end:
            terminal.read(0.5)
        worst = max(worst, cpu_ticks(terminal.pid) - ticks)
        budget.judge("idle for %d s on screen %s" % (IDLE, digit), len(terminal.raw) - sent, 64, "bytes")
    budget.judge("processor time while idle, worst", worst, 1, "ticks")


def progress(home, budget):
    """The live batch: bytes of each repaint while only progress changes."""
    home.json("share", "add", "bench.b.narrow", "--yes")
    terminal = open_console(home)
    batch = home.json("sync", "run", "bench.b.narrow")["data"]["batch"]
    terminal.type("5")
    terminal.wait(lambda s: "> 5 Runs" in s.row(0) and re.search(r"^> 1 ", s.text(), re.M), "batch %d" % batch)
    terminal.type("g\r")
    terminal.wait(lambda s: "rows/s" in s.text(), "the live batch")
    terminal.quiet(0.01)
    ticks = []
    end = time.monotonic() + 10
    while time.monotonic() < end and "RUNNING" in terminal.screen.text():
        before = len(terminal.raw)
        terminal.read(0.1)
        if len(terminal.raw) > before:
            terminal.quiet(0.02)
            ticks.append(len(terminal.raw) - before)
    ticks = sorted(ticks[2:])
    budget.judge("repaints seen while a sync runs", len(ticks), None, "")
    budget.judge("progress tick, median", ticks[len(ticks) // 2] if ticks else 10**6, 64, "bytes")
    terminal.close()


def main():
    budget = Budget()
    home = Home(world="big", rows=1)
    try:
        home.configure()
        big_ready(home)
        first_paint(home, budget)
        home.console("doctor")  # so that 8 has something to show
        terminal = browse(home, budget)
        idle(terminal, budget)
        terminal.close()
    finally:
        home.close()
    home = Home(world="bench", rows=60000000)
    try:
        home.configure()
        progress(home, budget)
    finally:
        home.close()
    budget.print()
    print(json.dumps({row[0]: row[1] for row in budget.rows}), file=sys.stderr)
    return 1 if budget.failed else 0


if __name__ == "__main__":
    sys.exit(main())
