"""make mutants: the normal commands against a workspace each of whose answers may be bent. The engine stands behind a proxy that
knows the honest answers of a sandbox and changes one kind of them in each round: a number, a name, the nesting, the bytes, the
status, a header. Every command has to end by itself, with one document, an exit code of its own and a code out of errors.def;
the engine lives on; no credential comes to another host or into an output, a log or a file.

ROUNDS (400) and SEED choose; SEED=7 ROUND=12 repeats one round. In a build with sanitizers their findings are failures too."""

import http.server
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]
import harness
import mutants_made
from hostile_workspace import Workspace

TABLE = "shop.aampe.users"
COMMANDS = [["tree", "--refresh"], ["show", TABLE], ["show", TABLE, "--stats"], ["show", TABLE, "--try"],
            ["preview", TABLE, "--limit", "5"], ["share", "add", "shop.aampe.products", "--check"], ["sync", "plan"],
            ["sync", "run", "--wait", TABLE], ["doctor"], ["doctor", "--only", "token"], ["secrets", "list"],
            ["audit", "list", "--read"]]
PEAK_MIB = 256  # of the engine, whatever it is told
PATIENCE = 90.0  # seconds a command may take, its waiting turned away
FINDING = re.compile(r"runtime error|AddressSanitizer|LeakSanitizer|ThreadSanitizer|^BUG|aborted", re.M)


class Clock(threading.Thread):
    """Turns the engine's clock while a command waits for it: pauses between tries cost no time."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.turned = 0
        self.since = None
        self.write()
        self.start()

    def write(self):
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write("%d\n" % self.turned)
        os.replace(self.path + ".new", self.path)

    def run(self):
        self.wait_and_turn()

    def wait_and_turn(self):
        while True:
            time.sleep(0.05)
            since = self.since
            if since is not None and time.monotonic() - since > 0.7:
                self.turned += 4
                self.write()


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A host nobody may talk to."""
    taken = []

    def handle(self):
        Elsewhere.taken.append(self.client_address)


def shape(method, path):
    """The kind of a request: its path without what differs from run to run."""
    plain = path.split("?")[0]
    plain = re.sub(r"/results/.*", "/results/X", plain)
    return method + " " + re.sub(r"[0-9a-f]{4,}(-[0-9a-f-]+)?", "X", plain)


class Lab:
    def __init__(self, folder):
        self.folder = folder
        self.sandbox = harness.Sandbox(folder, "--world", "shop", "--rows", "2000")
        self.sandbox.command("set", "audit_lag_seconds=0")
        self.workspace = Workspace(self.sandbox.address)
        self.elsewhere = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
        threading.Thread(target=self.elsewhere.serve_forever, daemon=True).start()
        self.sandbox.address = self.workspace.address
        self.profile = harness.Profile(folder)
        self.clock = Clock(os.path.join(folder, "clock"))
        self.profile.engine_start(AAMPE_CLOCK_FILE=self.clock.path)
        self.tokens = set()
        self.leaks = []
        self.connect()

    def connect(self):
        profile, info = self.profile, self.sandbox.info
        profile.connect(self.sandbox)
        profile.ok("config", "set", "observer.client_id", info["observer_client_id"])
        profile.secret_set("observer", info["observer_client_secret"])
        profile.ok("share", "add", TABLE, "--yes")

    def remember(self, data):
        for token in re.findall(rb'"access_token": ?"([^"]{20,})"', data):
            self.tokens.add(token.decode())
        for link in re.findall(rb'"external_link": ?"[^"?]*\?([^"]{20,})"', data):
            self.tokens.add(link.decode())

    def honest(self, path, status, headers, data):
        self.remember(data)
        return status, headers, data

    def run(self, words):
        """(exit code, document) of one command within its time."""
        self.clock.since = time.monotonic()
        try:
            code, document, stderr = self.profile.console(*words, timeout=PATIENCE)
        finally:
            self.clock.since = None
        text = str(document) + stderr
        for needle in self.needles():
            if needle in text:
                where = text.find(needle)
                self.leaks.append(f"{' '.join(words)}: {text[max(0, where - 200):where + 30]}")
        return code, document, stderr

    def needles(self):
        info = self.sandbox.info
        return {info["client_secret"], info["observer_client_secret"], "canarycanary", *self.tokens}

    def engine_said(self):
        with open(self.profile.engine_log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def close(self):
        self.profile.engine_stop()
        self.workspace.close()
        self.elsewhere.shutdown()
        self.elsewhere.server_close()
        self.sandbox.stop()


def learn(lab):
    """What each command asks for when nobody lies."""
    asked = {}
    lab.workspace.change = lab.honest
    for number, words in enumerate(COMMANDS):
        renew(lab)
        lab.workspace.seen.clear()
        code, document, _ = lab.run(words)
        assert code in (0, 3), (words, code, document)
        asked[number] = sorted({shape(method, path) for method, path, _ in lab.workspace.seen})
        assert asked[number], (words, "asks for nothing")
    return asked


def renew(lab):
    """New settings mean a new connection and a new token."""
    lab.flip = "b.example" if getattr(lab, "flip", "") == "a.example" else "a.example"
    lab.profile.ok("config", "set", "workspace.link_hosts", lab.flip)


def codes_known():
    with open(os.path.join(HERE, "..", "..", "src", "base", "errors.def"), encoding="utf-8") as file:
        return set(re.findall(r"^E\((\w+),", file.read(), re.M)) | {"OK"}


def codes_in(document):
    """Every code of an error anywhere in a document."""
    if isinstance(document, dict):
        if {"code", "message", "hint"} <= document.keys():
            yield document["code"]
        for value in document.values():
            yield from codes_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from codes_in(value)


class Bender:
    """The change of one round: answers of one kind are bent, all of them or the first ones."""

    def __init__(self, lab, dice, target):
        self.lab = lab
        self.dice = dice
        self.target = target
        self.left = dice.choice([1, 1, 2, 1000])
        self.skip = dice.choice([0, 0, 0, 0, 0, 1])
        self.names = []
        self.lock = threading.Lock()

    def __call__(self, path, status, headers, data):
        self.lab.remember(data)
        method = self.lab.workspace.method.kind
        with self.lock:
            if shape(method, path) != self.target or self.left <= 0:
                return status, headers, data
            if self.skip > 0:
                self.skip -= 1
                return status, headers, data
            self.left -= 1
            name, status, pairs, data, cut = mutants_made.bend(
                self.dice, status, headers, data, "http://127.0.0.1:%d" % self.lab.elsewhere.server_port)
            self.names.append(name)
            return status, pairs, data, cut


def judge(lab, words, code, document, known):
    assert code in (0, 1, 3, 4), f"exit {code}: {document.get('error')}"
    assert set(document) == {"ok", "data", "error"} and document["ok"] == (document["error"] is None), document
    if document["error"]:
        assert document["error"]["message"] and document["error"]["hint"], document["error"]
    found = set(codes_in(document))
    assert found <= known and not found & {"INTERNAL", "ENGINE_UNREACHABLE"}, found
    assert words[0] != "doctor" or code != 1 or document["data"], document
    assert lab.profile.engine.poll() is None, "the engine is gone: %s" % lab.engine_said()[-3000:]
    assert not Elsewhere.taken, "another host was talked to"


def round_of(lab, asked, seed, number, known):
    """One command, one kind of answer bent. What was done, in words."""
    dice = random.Random(f"{seed}:{number}")
    which = dice.randrange(len(COMMANDS))
    words, target = COMMANDS[which], dice.choice(asked[which])
    if "/oidc/" in target:
        renew(lab)
    bender = Bender(lab, dice, target)
    lab.workspace.seen.clear()
    lab.workspace.submitted.clear()
    lab.workspace.change = bender
    begun = time.monotonic()
    told = ""
    try:
        code, document, _ = lab.run(words)
        told = f"exit {code} {' '.join(sorted(set(codes_in(document))))}"
        judge(lab, words, code, document, known)
        submitted_once(lab)
        calls_checked(lab)
        return f"{told} ({time.monotonic() - begun:.1f} s)", words, target, bender
    except (AssertionError, subprocess.TimeoutExpired) as failure:
        raise AssertionError(f"SEED={seed} ROUND={number}: {' '.join(words)}; {target}; {bender.names[:4]}: {failure}") from failure
    finally:
        lab.workspace.change = lab.honest


def ended_in_the_middle(lab, seed, times):
    """The engine is stopped, told new settings or left by its console in the middle of two commands: it ends as it should."""
    dice = random.Random(f"{seed}:ends")
    for number in range(times):
        lab.workspace.seen.clear()
        asked = [subprocess.Popen([harness.program("aampe-console"), "--profile", lab.profile.name, "--socket",
                                   os.path.join(lab.profile.state, "sock"), "--json", *words], env=lab.profile.environment,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                 for words in (dice.choice(COMMANDS), dice.choice(COMMANDS))]
        wait_for_requests(lab, dice.randrange(16), asked)
        what = dice.choice(["stop", "stop", "settings", "console"])
        if what == "stop":
            lab.profile.engine.terminate()
            code = lab.profile.engine.wait(60)
            assert code == 0, f"SEED={seed}: stopped in the middle ({number}), the engine ended with {code}: {lab.engine_said()[-3000:]}"
        elif what == "settings":
            renew(lab)
        else:
            asked[0].send_signal(signal.SIGINT)
        for one in asked:
            one.wait(PATIENCE)
        if what == "stop":
            lab.profile.engine_start(AAMPE_CLOCK_FILE=lab.clock.path)


def wait_for_requests(lab, count, asked):
    """Until the workspace has been asked so often, or the commands are over: a moment that a seed finds again."""
    harness.wait_for(lambda: len(lab.workspace.seen) >= count or all(one.poll() is not None for one in asked),
                     f"{count} requests or the end of the commands", PATIENCE, 0.01)


def calls_checked(lab):
    """A result link never gets a credential."""
    for method, path, headers in list(lab.workspace.seen):
        if path.startswith("/results/"):
            bad = {"authorization", "cookie", "proxy-authorization"} & {name.lower() for name in headers}
            assert not bad, f"{method} {path.split('?')[0]} with {bad}"


def submitted_once(lab):
    """A statement of a run is submitted again only after an answer that says it was not taken."""
    last = {}
    for text, status in list(lab.workspace.submitted):
        mark = re.search(r"/\* (aampe:\S+) \*/", text)
        if mark:
            assert last.get(mark[1], 429) in (400, 401, 403, 429, 503), f"{mark[1]} was submitted again after {last[mark[1]]}"
            last[mark[1]] = status


def peak_mib(lab):
    with open("/proc/%d/status" % lab.profile.engine.pid, encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1]) // 1024


def sanitized():
    with open(harness.program("aampe-syncd"), "rb") as file:
        return re.search(rb"__(asan|tsan)_init", file.read()) is not None


def leaks(lab):
    needles, found = lab.needles(), list(lab.leaks)
    for where, _, files in os.walk(lab.folder):
        if where.startswith(lab.sandbox.state):
            continue
        for name in files:
            path = os.path.join(where, name)
            if os.path.islink(path) or name == "sandbox.log" or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                data = file.read()
            found += [f"{needle[:12]} in {path}: {data[max(0, data.find(needle.encode()) - 160):][:200]}" for needle in needles
                      if needle.encode() in data]
    return found


def main():
    seed = os.environ.get("SEED") or str(random.SystemRandom().randrange(10**6))
    rounds = int(os.environ.get("ROUNDS") or 400)
    only = os.environ.get("ROUND")
    known = codes_known()
    failures, slowest, bent = [], (0.0, ""), 0
    print(f"mutants: SEED={seed}", flush=True)
    with harness.Folder("aampe-mutants.") as folder:
        lab = Lab(folder)
        try:
            asked = learn(lab)
            for number in [int(only)] if only else range(rounds):
                begun = time.monotonic()
                try:
                    told, words, target, bender = round_of(lab, asked, seed, number, known)
                    bent += bool(bender.names)
                    if only or os.environ.get("VERBOSE"):
                        print(f"  {number} {' '.join(words)}; {target}; {bender.names[:4]}: {told}", flush=True)
                except AssertionError as failure:
                    failures.append(number)
                    print(f"  FAILED {str(failure)[:3000]}", flush=True)
                    if lab.profile.engine.poll() is not None:
                        lab.profile.engine_start(AAMPE_CLOCK_FILE=lab.clock.path)
                slowest = max(slowest, (time.monotonic() - begun, str(number)))
            peak = peak_mib(lab)
            try:
                ended_in_the_middle(lab, seed, 0 if only else rounds // 10)
            except AssertionError as failure:
                failures.append(str(failure)[:3500])
            # A sync goes on when the console that began it has gone.
            harness.wait_for(lambda: lab.profile.ok("engine", "status")["active_runs"] == 0, "the end of what still ran", PATIENCE)
            code, document, _ = lab.run(["sync", "run", "--wait", TABLE])
            if code != 0:
                failures.append(f"an honest sync afterwards: exit {code}: {document['error']}")
            if not bent and not only:
                failures.append("no answer was bent")
            if peak > PEAK_MIB and not sanitized():
                failures.append(f"the engine took {peak} MiB")
            found = leaks(lab)
            if found:
                failures.append("leaks: %s" % found[:5])
            lab.profile.engine_stop()
            said = FINDING.search(lab.engine_said())
            if said:
                failures.append("the engine said: " + lab.engine_said()[max(0, said.start() - 200):said.start() + 3000])
        finally:
            lab.close()
    for failure in failures:
        print(f"  failed: {failure}", flush=True)
    print(f"mutants: {rounds if not only else 1} rounds, {bent} with a bent answer, {len(failures)} failed, the slowest took "
          f"{slowest[0]:.1f} s (round {slowest[1]}), the engine at most {peak} MiB, SEED={seed}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
