"""Whoever may connect to the socket may send anything: every verb of the real table gets wrong types, missing and absurd
parameters; broken frames, deep JSON and slow clients come in between. The engine answers each call with an error or a
result, never dies, and serves the next client as before."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import Home, program, wait_for  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "src/engine"
PROTOCOL = int(re.search(r"define IPC_PROTOCOL (\d+)", (SOURCE / "../ipc/frame.h").read_text()).group(1))
VERBS = re.findall(r'^    \{"([a-z.]+)", (true|false), engine_verb_', (SOURCE / "serve.c").read_text(), re.M)
PARAMS = sorted(set(re.findall(r'base_json_\w+\(params, "(\w+)"',
                               "".join(path.read_text() for path in SOURCE.glob("*.c")))) | {"table", "tables"})
ABSURD = [None, True, -1, 0, 2**31, 2**53 + 1, -2**63, 2**63 - 1, 2**70, 1e308, 0.5, "", "x", "a.b.c", "\x00", "`", "a`b.c.d",
          "..", "../../etc/passwd", "\x1b]52;c;x\x07", "\u202e", "'; DROP TABLE x --", "%s%n%s", "9" * 400, "x" * 40000,
          [], [None], [[]], ["a.b.c"] * 300, ["a.b.c", 1], {}, {"a": {"b": [1]}}, [{}], ["\u202e.\x1b.\u0001"]]


class Raw:
    """One connection to the engine, spoken by hand."""

    def __init__(self, path, hello=True):
        self.path = path
        self.number = 0
        self.open(hello)

    def open(self, hello=True):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(self.path)
        self.rest = b""
        if hello:
            assert self.call("hello", {"protocol": PROTOCOL, "version": "test"})["result"]["role"] == "admin"

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        while b"\n" not in self.rest:
            piece = self.socket.recv(1 << 20)
            if not piece:
                return None
            self.rest += piece
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def call(self, method, params=None):
        self.number += 1
        message = {"jsonrpc": "2.0", "id": self.number, "method": method}
        if params is not None:
            message["params"] = params
        self.send(json.dumps(message).encode() + b"\n")
        while True:
            answer = self.line()
            assert answer is not None, f"{method} {str(params)[:200]}: the connection ended"
            if answer.get("id") == self.number:
                return answer
            if "id" in answer:  # no JSON the engine takes (U+0000): it says so and hangs up
                assert answer["error"]["code"] == -32700 and self.line() is None, answer
                self.close()
                self.open()
                return answer

    def close(self):
        self.socket.close()


@pytest.fixture(scope="module")
def engine():
    home = Home(rows=1000)
    process = subprocess.Popen([program("aampe-syncd"), "--foreground"], env=home.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=open(home.folder / "engine.err", "w"))
    path = str(home.folder / "state/aampe/default/sock")

    def answers():
        assert process.poll() is None, (home.folder / "engine.err").read_text()
        return os.path.exists(path)
    wait_for(answers)
    home.configure()
    home.json("share", "add", "shop.aampe.users", "--yes")
    yield home, process, path
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, (home.folder / "engine.err").read_text()[-4000:]
    home.close()


def alive(engine):
    home, process, path = engine
    assert process.poll() is None, (home.folder / "engine.err").read_text()[-6000:]
    raw = Raw(path)
    assert raw.call("engine.status")["result"]["pid"] == process.pid
    raw.close()


def test_the_table_is_read():
    assert len(VERBS) > 20 and ("sync.run", "true") in VERBS and "tables" in PARAMS


def test_roles():
    """What changes something needs the role that may change; a new verb has to be thought about here."""
    look = {"status", "engine.status", "engine.log", "config.get", "config.dump", "config.diff", "secrets.list", "secrets.check", "audit.list",
            "tree.rows", "tree.search", "catalog.refresh", "show", "show.history", "show.count", "preview", "cancel",
            "draft.show", "draft.tick", "draft.undo", "draft.clear", "setup.list", "setup.check", "warehouses.list",
            "share.list", "share.plan", "sync.plan", "sync.report", "sync.verify", "runs.list", "runs.show", "runs.log",
            "runs.live", "runs.check", "batches.list", "doctor.show", "doctor.run"}
    assert {name for name, admin in VERBS if admin == "false"} <= look


def refused_or_answered(answer):
    if "error" in answer:
        assert answer["error"]["message"] and answer["error"]["data"]["code"] != "INTERNAL", answer
    else:
        assert isinstance(answer["result"], dict)


@pytest.mark.parametrize("verb", [name for name, _ in VERBS if name != "engine.stop"])
def test_absurd_parameters(engine, verb):
    raw = Raw(engine[2])
    changes = verb in ("config.set", "secrets.set")
    for params in [None, {}, [], "x", 7, [1, 2]]:
        refused_or_answered(raw.call(verb, params))
    for name in PARAMS:
        for value in ABSURD:
            if changes and name in ("name", "value", "secret") and isinstance(value, str):
                continue
            refused_or_answered(raw.call(verb, {name: value}))
    for value in ABSURD:
        names = [name for name in PARAMS if not changes or name not in ("name", "secret")]
        fit = 900000 // (len(json.dumps(value)) + 40)  # into one message
        for first in range(0, len(names), fit):
            refused_or_answered(raw.call(verb, {name: value for name in names[first:first + fit]}))
    raw.close()
    alive(engine)


def test_settings_take_no_nonsense(engine):
    """Every setting gets every string; what is refused stays as it was, what is taken can be taken back."""
    raw = Raw(engine[2])
    names = [item["name"] for item in raw.call("config.dump")["result"]["settings"]]
    for name in names:
        before = raw.call("config.get", {"name": name})["result"]
        for value in [value for value in ABSURD if isinstance(value, str)] + [
                "file:///", "file:///proc/self", "file://../x", "file:///tmp/../..", "file:///x%00y", "file:///%2e%2e/%2e%2e",
                "https://user:pass@host/", "http://169.254.169.254", "https://host:99999", "https://h\u00f6st", "-1", "0",
                "9223372036854775807", "99999999999999999999", "true", "/nonexistent", "/bin/sh -c id", "nan", "1e9"]:
            refused_or_answered(raw.call("config.set", {"name": name, "value": value, "check": name.startswith("vault.")}))
        refused_or_answered(raw.call("config.set", {"name": name, "value": before["value"] if before["source"] == "file" else ""}))
        assert raw.call("config.get", {"name": name})["result"]["value"] == before["value"]
    raw.close()
    alive(engine)


def test_secrets_take_no_nonsense(engine):
    raw = Raw(engine[2])
    for name in [value for value in ABSURD] + ["principal\n", "PRINCIPAL"]:
        assert "error" in raw.call("secrets.set", {"name": name, "secret": "x" * 40})
    # a number beyond 2^53 is kept as its digits, which are text
    for secret in [value for value in ABSURD if not isinstance(value, (str, int)) or value in (0, -1)] + ["", "x" * 65537]:
        assert "error" in raw.call("secrets.set", {"name": "principal", "secret": secret})
    raw.close()
    alive(engine)


def outside_secret_pages(pid, needle):
    """Writable memory of the process, without the pages that are locked and kept out of dumps, that holds the needle."""
    found, regions = [], []
    with open("/proc/%d/smaps" % pid) as lines:
        for line in lines:
            header = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line)
            if header:
                regions.append([int(header[1], 16), int(header[2], 16), header[3], header[4].strip(), False])
            elif line.startswith("VmFlags:"):
                regions[-1][4] = " dd" in line
    with open("/proc/%d/mem" % pid, "rb") as memory:
        for start, end, mode, name, kept_out in regions:
            if "w" not in mode or kept_out or end - start > 1 << 30:
                continue
            try:
                memory.seek(start)
                if needle in memory.read(end - start):
                    found.append(name or hex(start))
            except OSError:
                continue
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into the engine's memory")
@pytest.mark.parametrize("secret", ["dose" + "0ddba11c0ffee" * 4, "-----BEGIN" + "decafbadfeedface" * 3500], ids=["short", "long"])
def test_no_copy_of_a_secret_stays_in_memory(engine, secret):
    raw = Raw(engine[2])
    assert raw.call("secrets.set", {"name": "proxy", "secret": secret})["result"]["changed"]
    needle = secret[-40:].encode()
    assert outside_secret_pages(engine[1].pid, needle) == []
    assert outside_secret_pages(engine[1].pid, b"XDG_STATE_HOME="), "the scan finds nothing at all"
    raw.close()


@pytest.mark.parametrize("data", [
    b"\n\n \n", b"{}\n", b"[]\n", b"null\n", b"1\n", b'"x"\n', b"{\n", b"}{\n", b'{"method":1}\n', b'{"method":"status"}\n',
    b'{"jsonrpc":"2.0","id":{},"method":"hello"}\n', b'{"jsonrpc":"2.0","id":[1],"method":"hello"}\n', b"\xff\xfe\n", b"\x00\n",
    b'{"a":' * 5000 + b"\n", b"[" * 100000 + b"\n", b'{"method":"hello","method":"status"}\n', b"x" * 3000000, b"GET / HTTP/1.1\r\n\r\n",
    b'{"jsonrpc":"2.0","id":1,"method":"' + b"m" * 900000 + b'"}\n', b'{"jsonrpc":"2.0","id":"' + b"i" * 900000 + b'","method":"x"}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":"\\u0000"}}\n', b'{"id":1e999,"method":"hello"}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":99999999999999999999}}\n',
], ids=range(24))
@pytest.mark.parametrize("hello", [False, True])
def test_broken_frames(engine, data, hello):
    raw = Raw(engine[2], hello)
    try:
        raw.send(data)
        raw.socket.shutdown(socket.SHUT_WR)
        while raw.line() is not None:
            pass
    except (BrokenPipeError, ConnectionResetError):
        pass
    raw.close()
    alive(engine)


def test_many_and_slow_clients(engine):
    """Half frames, silence and more connections than there is room for: the one that waits its turn is still served."""
    silent = []
    for index in range(40):
        raw = socket.socket(socket.AF_UNIX)
        raw.settimeout(10)
        raw.connect(engine[2])
        try:
            raw.sendall(b'{"jsonrpc":"2.0","id":1,"meth' if index % 2 else b"")
        except (BrokenPipeError, ConnectionResetError):
            pass  # turned away
        silent.append(raw)
    for raw in silent:
        raw.close()
    wait_for(lambda: served(engine))
    greedy = Raw(engine[2])
    for number in range(3000):  # answers nobody reads
        try:
            greedy.socket.settimeout(2)
            greedy.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": "config.dump"}).encode() + b"\n")
        except (TimeoutError, BrokenPipeError, ConnectionResetError):
            break
    alive(engine)
    greedy.close()
    alive(engine)


def served(engine):
    try:
        alive(engine)
        return True
    except (AssertionError, KeyError, ConnectionError, TypeError):
        assert engine[1].poll() is None
        return False


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", __file__]))
