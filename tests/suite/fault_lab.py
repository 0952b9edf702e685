"""What the cases of `make faults` share: a worker's sandboxes on one turned clock, a scene (profile, engine, share, a first
good run), what a fault was met with, and what is asserted of it."""

import json
import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pty"))
import harness
from terminal import Terminal

SOURCE = os.environ.get("AAMPE_SRCDIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = "shop.aampe.users"
KINDS = {
    "shop": ("--world", "shop", "--rows", "20000"),
    "tls": ("--world", "shop", "--rows", "20000", "--tls"),
    "types": ("--world", "types"),
    "hostile": ("--world", "hostile"),
}
PLACEHOLDER = re.compile(r"<[a-z][a-z _]*>|\{[a-z_]*\}|%[sdu]|\.\.\.|\u2026|\bTODO\b")
STEP = 5.0  # seconds the clock is turned by at a time, while a run waits


def errors_def():
    """code -> (class, cause, fix), as the product is built from it."""
    with open(os.path.join(SOURCE, "src", "base", "errors.def"), encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    found = {}
    for code, kind, texts in re.findall(r"^E\((\w+), (\w+), \w+,(.*?)\)\s*(?=^E\(|\Z)", text, re.S | re.M):
        strings = re.findall(r'"((?:[^"\\]|\\.)*)"', texts)
        joined = [piece.replace('\\"', '"') for piece in strings]
        cause, fix = joined[0], "".join(joined[1:])
        found[code] = (kind, cause, fix)
    return found


class Skip(Exception):
    """The case cannot be run on this host; says why."""


class Case:
    def __init__(self, code, fault, layer, run, evidence=(), short=False, cause=None, hint=None):
        """hint: what it must hold where it says more than the fix of the table in plain words."""
        self.code, self.fault, self.layer, self.run = code, fault, layer, run
        self.evidence, self.short, self.cause, self.hint = evidence, short, cause, hint

    def __repr__(self):
        return f"{self.code} / {self.fault}"


class Book:
    """The cases of one file. As a decorator: @book(code, fault, layer, ...) over a generator function of the lab."""

    def __init__(self):
        self.cases = []

    def __call__(self, code, fault, layer, **more):
        def add(function):
            self.cases.append(Case(code, fault, layer, function, **more))
            return function
        return add

    def sync(self, code, words, layer, scene=None, fault=None, clear=None, **more):
        """A fault of the sandbox that a sync meets and that is gone when it is cleared."""
        words = words.split() if isinstance(words, str) else list(words)

        def run(lab):
            stage = lab.scene(**(scene or {}))
            stage.sandbox.command("fault", *words)
            yield stage.fails()
            stage.sandbox.command("fault", "clear", *(clear or [words[0]]))
            stage.heals()
        self.cases.append(Case(code, fault or " ".join(words), layer, run, **more))

    def healed(self, code, words, layer, seen=None, **more):
        """A fault that comes once: the sync goes through, and the log says that it was there."""
        words = words.split() if isinstance(words, str) else list(words)

        def run(lab):
            stage = lab.scene()
            stage.sandbox.command("fault", *words)
            yield stage.goes_through(seen or code)
            stage.sandbox.command("fault", "clear", words[0])
        self.cases.append(Case(code, " ".join(words) + " (once)", layer, run, **more))


class Met:
    """What a fault was met with. error: the JSON error, or None where the run healed itself; show: `runs show --json`."""

    def __init__(self, error, profile=None, show=None, healed=False, environment=None):
        self.error, self.profile, self.show, self.healed, self.environment = error, profile, show, healed, environment
        self.words, self.fix = (), None  # of the console that shows it: options; what it says in place of the hint


class Turner:
    """While it is used, the clock of engine and sandbox runs much faster, so that waiting between tries takes no time."""

    def __init__(self, lab, profile, poke=True, at_once=False):
        """at_once: there is no program that still has to connect."""
        self.lab, self.profile, self.poke, self.at_once = lab, profile, poke, at_once
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.wait_turning, daemon=True)

    def __enter__(self):
        self.before = self.told()
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.over.set()
        self.thread.join()

    def told(self):
        """What the engine has written beside its socket: it changes when a run begins."""
        try:
            with open(os.path.join(self.profile.state, "snapshot.json"), "rb") as file:
                return file.read()
        except OSError:
            return None

    def wait_turning(self):
        """The engine has no patience with a program that is slow to connect: that one goes first."""
        while not self.at_once and self.told() == self.before and not self.over.wait(0.02):
            pass
        while not self.over.wait(0.06):
            self.lab.turn(STEP)
            if self.poke:
                self.lab.poke(self.profile)


class Lab:
    """One worker's: sandboxes by kind and scenes by their settings, made when they are first needed."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = os.path.join(folder, "clock")
        self.turned = 0.0
        self.sandboxes, self.scenes, self.count = {}, {}, 0
        self.turn(0)
        os.environ["AAMPE_CLOCK_FILE"] = self.clock

    def turn(self, seconds):
        self.turned += seconds
        with open(self.clock + ".new", "w", encoding="ascii") as file:
            file.write(f"{self.turned:.3f}\n")
        os.rename(self.clock + ".new", self.clock)

    def poke(self, profile):
        """A connection makes the engine's loop look at its timers."""
        try:
            with socket.socket(socket.AF_UNIX) as end:
                end.connect(os.path.join(profile.state, "sock"))
        except OSError:
            pass

    def room(self, name):
        self.count += 1
        path = os.path.join(self.folder, f"{self.count}-{name}")
        os.mkdir(path)
        return path

    def sandbox(self, kind="shop"):
        if kind not in self.sandboxes:
            self.sandboxes[kind] = harness.Sandbox(self.room(kind), *KINDS[kind])
        return self.sandboxes[kind]

    def scene(self, kind="shop", table=TABLE, **settings):
        """The scene is shared by the cases that want the same; a case that fails takes it down."""
        key = (kind, table, tuple(sorted(settings.items())))
        if key not in self.scenes:
            self.scenes[key] = Scene(self, kind, table, settings)
            self.scenes[key].begin()
        return self.scenes[key]

    def own_scene(self, kind="shop", table=TABLE, begin=True, profile=None, **settings):
        """A scene of the case's own: for faults that would not leave it as it was."""
        scene = Scene(self, kind, table, settings, profile)
        self.scenes[("own", len(self.scenes), self.count)] = scene
        if begin:
            scene.begin()
        return scene

    def drop(self):
        """After a failed case: nothing of it may reach the next."""
        for scene in self.scenes.values():
            scene.end()
        self.scenes = {}
        for sandbox in self.sandboxes.values():
            sandbox.stop()
        self.sandboxes = {}

    def own_end(self):
        """What a case had for itself is gone when it is over."""
        for key in [key for key in self.scenes if key[0] == "own"]:
            self.scenes.pop(key).end()

    def close(self):
        for scene in self.scenes.values():
            scene.end()
        for sandbox in self.sandboxes.values():
            sandbox.stop()


class Scene:
    def __init__(self, lab, kind, table, settings, profile=None):
        self.lab, self.table, self.settings = lab, table, settings
        self.sandbox = lab.sandbox(kind)
        self.profile = profile or harness.Profile(lab.room("scene"))
        self.profile.environment["AAMPE_CLOCK_FILE"] = lab.clock

    def begin(self):
        """Engine, settings, share, and a run that goes well: there is something to lose."""
        self.profile.engine_start()
        self.profile.connect(self.sandbox, **self.settings)
        self.profile.ok("share", "add", self.table, "--yes")
        self.heals()

    def end(self):
        self.profile.engine_stop()

    def published(self):
        """Every name a reader of the destination could see, with the link it is and the size it has."""
        found = {}
        for folder, names, files in os.walk(self.profile.destination):
            if ".aampe-staging" in names:
                names.remove(".aampe-staging")
            for name in files + [name for name in names if os.path.islink(os.path.join(folder, name))]:
                path = os.path.join(folder, name)
                found[path] = os.readlink(path) if os.path.islink(path) else os.path.getsize(path)
        return found

    def sync(self, *more, turn=True):
        words = ("sync", "run", "--wait", self.table, *more)
        if not turn:
            return self.profile.console(*words, timeout=240)
        with Turner(self.lab, self.profile):
            return self.profile.console(*words, timeout=240)

    def last(self):
        runs = self.profile.ok("runs", "list", "--limit", "1")["runs"]
        return runs[0]["id"] if runs else 0

    def fails(self, *more):
        """A sync that has to fail, and may change nothing that a reader sees."""
        before, last = self.published(), self.last()
        code, document, _ = self.sync(*more)
        assert code not in (0, 3), f"the sync went through: {json.dumps(document)[:600]}"
        after = self.published()
        assert after == before, f"the destination has changed: {sorted(set(after.items()) ^ set(before.items()))[:4]}"
        run = self.last()
        if run == last:  # what is known to be impossible is refused before there is a run
            return Met(document["error"], self.profile)
        show = self.profile.ok("runs", "show", str(run))
        assert show["run"]["state"] == "FAILED", show["run"]["state"]
        return Met(show["run"]["error"], self.profile, show)

    def goes_through(self, code, turn=True):
        """A sync that heals itself; the code is in the run's log, or in the engine's lines of that time."""
        with open(os.path.join(self.profile.state, "engine.log"), "rb") as file:
            before = len(file.read())
        code_of_exit, document, _ = self.sync(turn=turn)
        assert code_of_exit in (0, 3), f"exit {code_of_exit}: {json.dumps(document)[:600]}"
        run = self.last()
        lines = "\n".join(self.profile.ok("runs", "log", str(run))["lines"])
        if not re.search(code, lines):
            with open(os.path.join(self.profile.state, "engine.log"), "rb") as file:
                lines = file.read()[before:].decode("utf-8", "replace")
        assert re.search(code, lines), f"the log does not say {code}:\n{lines[-1500:]}"
        return Met(None, self.profile, healed=True)

    def heals(self, *more):
        code, document, stderr = self.sync(*more)
        assert code in (0, 3), f"not healed, exit {code}: {json.dumps(document)[:900]}\n{stderr[-600:]}"
        assert self.profile.table_files(self.table), "nothing is published"

    def layer(self, name):
        """What the doctor says of one layer."""
        _, document, _ = self.profile.console("doctor", "--only", name, timeout=120)
        for chain in document["data"]["chains"]:
            for layer in chain["layers"]:
                if layer["layer"] == name:
                    return layer
        raise AssertionError(f"the doctor has no layer {name}: {document}")

    def refused(self, *words, **more):
        """A command that has to say the error itself."""
        code, document, _ = self.profile.console(*words, **more)
        assert code != 0 and document["error"], f"{words}: exit {code}: {json.dumps(document)[:600]}"
        return Met(document["error"], self.profile)


def check_error(case, met, table):
    """The code, its evidence, and a hint that is worth reading."""
    error = met.error
    assert error["code"] == case.code, f"{error['code']} instead of {case.code}: {error['message']}"
    kind, _, fix = table[case.code]
    assert error["message"], "no message"
    assert "\x1b" not in error["message"] and "\n" not in error["message"], error["message"]
    hint = error["hint"]
    assert hint and not PLACEHOLDER.search(hint), f"hint: {hint!r}"
    assert hint == fix or case.hint and case.hint in hint or re.search(r"['\"`/0-9]|[A-Z]{2,}|--|aampe-console", hint), f"the hint is no more concrete than the table's: {hint!r}"
    for wanted in case.evidence:
        found = [name for name in wanted.split("|") if name.startswith("message:") and re.search(name[8:], error["message"])
                 or error.get("evidence", {}).get(name)]
        assert found, f"no evidence {wanted}: {error.get('evidence')} {error['message']!r}"
    if "class" in error:
        assert error["class"] == kind.lower(), error


def flat(text):
    """A screen's words without what wrapping and frames put between them."""
    return re.sub(r"[\s\u2500-\u257f|]", "", text)


def check_screen(case, met, table):
    """What stands on the console right after it was started, no key pressed: the cause and what to do."""
    profile = met.profile
    cause, hint = table[case.code][1], met.fix or met.error["hint"]
    argv = [os.path.join(profile.programs, "aampe-console"), "--profile", profile.name, *met.words]
    if profile.uid is not None:
        become = f"import os, sys; os.setgid({profile.uid}); os.setuid({profile.uid}); os.execv(sys.argv[1], sys.argv[1:])"
        argv = [sys.executable, "-c", become, *argv]
    terminal = Terminal(argv, dict(profile.environment, **(met.environment or {})))
    try:
        def named(screen):
            text = flat(screen.text())
            return case.code in text and flat(hint) in text and \
                (flat(cause) in text or flat(met.error["message"])[-60:] in text)
        terminal.wait(named, f"{case.code}, {cause!r} and {hint!r} on the first screen", 20)
    finally:
        terminal.close()


def check_show(case, met, table):
    """`runs show --json` says code, cause and hint too."""
    if met.show is None:
        return
    broke = met.show.get("broke") or {}
    assert broke.get("code") == case.code and broke.get("cause") == table[case.code][1], broke
    assert met.show["run"]["error"]["hint"], met.show["run"]["error"]


def play(lab, case, table):
    """One case from beginning to end; raises AssertionError, or Skip."""
    steps = case.run(lab)
    met = next(steps)
    if not met.healed:
        check_error(case, met, table)
        check_show(case, met, table)
        if case.cause:
            check_screen(case, met, table)
    for _ in steps:
        raise AssertionError("a case yields once")
