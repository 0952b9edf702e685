"""make check-peers: other people's software judges the sandbox and the client.

Every peer of tests/peers/pins is installed into its own folder (peers.sh) and runs its cell, tests/peers/cell_PEER.py,
which prints one JSON line per check. The table of peers and checks is printed; results are kept in peers/results, from
which `make interop-update` writes the table into doc/interop.md.

PEERS=a,b runs only some; PEERS_REQUIRED=a,b (or all) makes a peer that cannot be had a failure; ROWS replaces the
rows that pins names. A peer that is not run keeps its rows of the table. --short: only the peers that the landing gate runs, with few rows; nothing is kept of it.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("AAMPE_BUILDDIR", os.getcwd())
FOLDER = os.environ.get("AAMPE_PEERS", os.path.join(BUILD, "peers"))
RESULTS = os.path.join(FOLDER, "results")
CELL_SECONDS = int(os.environ.get("PEERS_CELL_SECONDS", "1800"))
BEGIN, END = "<!-- table: written by make interop-update -->", "<!-- end of table -->"
SHORT_ROWS = 20000
STATES = ("equal", "differs", "skipped")


def pinned_peers():
    """The lines of tests/peers/pins, in order."""
    peers = []
    with open(os.path.join(SOURCE, "tests", "peers", "pins"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                peer, kind, rows, short, pins = line.split(None, 4)
                peers.append({"peer": peer, "kind": kind, "rows": int(rows), "short": short == "yes",
                              "pins": pins.strip()})
    return peers


def words(name):
    return [word for word in os.environ.get(name, "").replace(",", " ").split() if word]


def wanted_peers(known, short):
    """Which peers to run, and which of them must not be missing."""
    names = [peer["peer"] for peer in known]
    only, required = words("PEERS"), words("PEERS_REQUIRED")
    if required == ["all"]:
        required = names
    for name in only + required:
        if name not in names:
            sys.exit(f"check-peers: '{name}' is not in tests/peers/pins (there are {', '.join(names)})")
    chosen = only or [peer["peer"] for peer in known if peer["short"] or not short]
    return [peer for peer in known if peer["peer"] in chosen or peer["peer"] in required], required


def install(peer):
    """(the program, None) or (None, why not)."""
    done = subprocess.run([os.path.join(HERE, "peers.sh"), peer["peer"]], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env={**os.environ, "AAMPE_PEERS": FOLDER})
    if done.returncode == 0:
        return done.stdout.strip().splitlines()[-1], None
    said = (done.stderr.strip().splitlines() or ["peers.sh said nothing"])[-1]
    return None, said.removeprefix("peers: ").removeprefix(peer["peer"] + ": ").removesuffix("; SKIPPED")


def context_of(peer, program):
    path = os.path.join(RESULTS, peer["peer"] + ".context.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"peer": peer["peer"], "folder": os.path.join(FOLDER, peer["peer"]), "program": program,
                   "rows": peer["rows"], "builddir": BUILD, "srcdir": SOURCE,
                   "testdata": os.environ.get("AAMPE_TESTDATA", os.path.join(SOURCE, os.pardir, "shared", "testdata"))},
                  file)
    return path


def run_cell(peer, program):
    """The checks of one cell. A cell that ends badly without naming a difference is a difference."""
    cell = os.path.join(SOURCE, "tests", "peers", "cell_" + peer["peer"].replace("-", "_") + ".py")
    python = program if peer["kind"] in ("pip", "java") else sys.executable
    log = os.path.join(RESULTS, peer["peer"] + ".log")
    checks, why = [], None
    with open(log, "wb") as errors:
        try:
            done = subprocess.run([python, cell, context_of(peer, program)], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=errors, timeout=CELL_SECONDS,
                                  env={**os.environ, "AAMPE_BUILDDIR": BUILD})
            code, output = done.returncode, done.stdout
        except subprocess.TimeoutExpired as late:
            code, output, why = -1, late.stdout or b"", f"not done after {CELL_SECONDS} s"
    for line in output.decode(errors="replace").splitlines():
        try:
            check = json.loads(line)
            assert check["result"] in STATES, check
            checks.append(check)
        except (ValueError, KeyError, TypeError, AssertionError):
            code, why = -1, f"not a check: {line[:200]}"
    differs = any(check["result"] == "differs" for check in checks)
    if not checks or (code != 0 and not differs):
        with open(log, encoding="utf-8", errors="replace") as errors:
            tail = errors.read().strip().splitlines()[-1:]
        checks.append({"check": "cell", "with": None, "result": "differs", "count": 0,
                       "why": why or (tail[0] if tail else f"ended with {code}, {len(checks)} checks")})
    return checks


def row_of(name, checks):
    """The checks of one name as one row: how many of each result, how many things were compared."""
    mine = [check for check in checks if check["check"] == name]
    counts = [sum(check["result"] == state for check in mine) for state in STATES]
    return [name, *counts, sum(check.get("count") or 0 for check in mine)]


def rows_of(checks):
    return [row_of(name, checks) for name in dict.fromkeys(check["check"] for check in checks)]


def print_results(results):
    print(f"{'peer':14} {'check':28} {'equal':>6} {'differ':>6} {'skip':>6} {'things':>9}")
    for result in results:
        if result["missing"]:
            print(f"{result['peer']:14} SKIPPED: {result['missing']}")
        for name, equal, differ, skipped, things in rows_of(result["checks"]):
            print(f"{result['peer']:14} {name:28} {equal:6} {differ:6} {skipped:6} {things:9}")
    for result in results:
        for check in result["checks"]:
            if check["result"] != "equal" or check.get("why"):
                about = f" ({check['with']})" if check.get("with") else ""
                print(f"  {result['peer']}: {check['check']}{about}: {check['result'].upper()}: {check.get('why')}")


def version_text(result):
    return result["pins"].replace("==", " ").replace("|", "\\|")


def pinned_text(peer):
    return version_text(peer) + (f"; {peer['rows']:,} rows".replace(",", " ") if peer["rows"] else "")


def block_of(result):
    """(rows of the table, reasons) of one peer that was run, or could not be had."""
    first, lines = f"| {result['peer']} | {pinned_text(result)} |", []
    why = [f"- **{result['peer']}**: {result['missing']}"] if result["missing"] else []
    if result["missing"]:
        lines.append(f"{first} *not to be had* | | | | |")
    for row in rows_of(result["checks"]):
        lines.append(f"{first} {row[0]} | " + " | ".join(f"{figure}" for figure in row[1:]) + " |")
        first = "| | |"
    why += [f"- **{result['peer']}**, {check['check']}" + (f" ({check['with']})" if check.get("with") else "") +
            f": {check['result']}: {check.get('why')}"
            for check in result["checks"] if check["result"] != "equal"]
    return lines, why


def written_blocks(table):
    """The same out of a table that stands in the document, by peer."""
    blocks, peer = {}, None
    for line in table.splitlines():
        row = re.match(r"\| ([a-z][a-z0-9-]*) \| ", line)
        reason = re.match(r"- \*\*([a-z0-9-]+)\*\*", line)
        if row and row.group(1) != "peer":
            peer = row.group(1)
            blocks[peer] = ([], [])
        if reason:
            blocks.setdefault(reason.group(1), ([], []))[1].append(line)
        elif peer and line.startswith("|"):
            blocks[peer][0].append(line)
    return blocks


def interop_table(known, results, written):
    """A peer of whom there is no result here keeps what stands written, as long as the same is pinned."""
    lines = ["| peer | pinned | check | equal | differ | skipped | things compared |",
             "|---|---|---|--:|--:|--:|--:|"]
    why = []
    for peer in known:
        stands = written.get(peer["peer"])
        if peer["peer"] in results:
            block = block_of(results[peer["peer"]])
        elif stands and stands[0] and stands[0][0].startswith(f"| {peer['peer']} | {version_text(peer)}"):
            block = stands
        else:
            block = ([f"| {peer['peer']} | {pinned_text(peer)} | *not run yet* | | | | |"], [])
        lines += block[0]
        why += block[1]
    return lines + ["", "What is skipped or differs, and why:", "", *(why or ["- nothing"])]


def keep(result):
    with open(os.path.join(RESULTS, result["peer"] + ".json"), "w", encoding="utf-8") as file:
        json.dump(result, file)


def write_interop(known):
    """The table of doc/interop.md, from what is kept of each peer's last run with the pins of today, and from the table that
    stands there."""
    results = {}
    for peer in known:
        path = os.path.join(RESULTS, peer["peer"] + ".json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                result = json.load(file)
            if result["pins"] == peer["pins"]:
                results[peer["peer"]] = result
    path = os.path.join(SOURCE, "doc", "interop.md")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, rest = text.split(BEGIN)
    stands, after = rest.split(END)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([before + BEGIN, *interop_table(known, results, written_blocks(stands)), END + after]))
    print(f"interop-update: {len(known)} peers in doc/interop.md, {len(results)} of them from runs of this build")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--interop", action="store_true")
    options = parser.parse_args()
    known = pinned_peers()
    chosen, required = wanted_peers(known, options.short)
    for peer in chosen:
        peer["rows"] = int(os.environ.get("ROWS") or min(peer["rows"], SHORT_ROWS if options.short else peer["rows"]))
    os.makedirs(RESULTS, exist_ok=True)
    results, lost = [], []
    for peer in chosen:
        began = time.monotonic()
        program, missing = install(peer)
        result = {**peer, "missing": missing, "checks": run_cell(peer, program) if program else []}
        results.append(result)
        if missing and peer["peer"] in required:
            lost.append(peer["peer"])
        if not options.short:
            keep(result)
        said = f"SKIPPED, {missing}" if missing else f"{len(result['checks'])} checks"
        print(f"check-peers: {peer['peer']}: {said} ({time.monotonic() - began:.0f} s)", flush=True)
    print_results(results)
    if options.interop:
        write_interop(known)
    checks = [check["result"] for result in results for check in result["checks"]]
    skipped = checks.count("skipped") + sum(bool(result["missing"]) for result in results)
    if lost:
        print(f"check-peers: required and not to be had: {', '.join(lost)}")
    print(f"check-peers: {sum(not result['missing'] for result in results)} peers, {checks.count('equal')} checks equal, "
          f"{checks.count('differs')} differ, {skipped} skipped")
    return 1 if lost or "differs" in checks else 0


if __name__ == "__main__":
    sys.exit(main())
