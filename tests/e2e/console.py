"""The real programs on throwaway state, for the end-to-end tests of the console."""
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("AAMPE_BUILDDIR", "build"))


def program(name):
    return str(BUILD / name)


class Home:
    """One user's folders, one profile, and what was started for them."""

    def __init__(self, world="shop", rows=2000, sandbox=True):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="aampe-e2e-"))
        self.env = dict(os.environ, XDG_CONFIG_HOME=str(self.folder / "config"),
                        XDG_STATE_HOME=str(self.folder / "state"), HOME=str(self.folder), NO_COLOR="1")
        for name in ("AAMPE_PROFILE", "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
            self.env.pop(name, None)
        self.texts = []  # everything any program has said
        self.sandbox = None
        if sandbox:
            self.start_sandbox(world, rows)

    def start_sandbox(self, world, rows):
        self.start_sandbox_with(world, rows)

    def start_sandbox_with(self, world, rows, *options):
        self.sandbox_state = self.folder / "sandbox"
        self.sandbox = subprocess.Popen(
            [program("aampe-sandbox"), "--listen", "127.0.0.1:0", "--world", world, "--rows", str(rows),
             "--state", str(self.sandbox_state), *options],
            stdout=subprocess.PIPE, stderr=open(self.folder / "sandbox.log", "w"), text=True, env=self.env)
        line = self.sandbox.stdout.readline()
        assert line, (self.folder / "sandbox.log").read_text()
        self.ready = json.loads(line)

    def control(self, *words):
        subprocess.run([program("aampe-sandbox"), *words, "--state", str(self.sandbox_state)], check=True,
                       stdout=subprocess.DEVNULL, env=self.env, timeout=60)

    def console(self, *words, stdin=None, timeout=300):
        done = subprocess.run([program("aampe-console"), *words], input=stdin if stdin is not None else "",
                              capture_output=True, text=True, env=self.env, timeout=timeout)
        self.texts += [done.stdout, done.stderr]
        return done

    def json(self, *words, code=0, **more):
        done = self.console("--json", *words, **more)
        assert code is None or done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        lines = done.stdout.splitlines()
        assert len(lines) == 1, done.stdout
        document = json.loads(lines[0])
        assert set(document) == {"ok", "data", "error"}
        assert document["ok"] == (document["error"] is None)
        return document

    def configure(self):
        for name, value in (("workspace.host", self.ready["address"]),
                            ("principal.client_id", self.ready["client_id"]),
                            ("warehouse.id", self.ready["warehouse_id"]),
                            ("workspace.requests_per_second", "1000"),
                            ("destination.url", "file://%s/files" % self.folder)):
            self.json("config", "set", name, value)
        self.json("secrets", "set", "principal", "--from-fd", "0", stdin=self.ready["client_secret"] + "\n")

    def engine_pid(self):
        return self.json("engine", "status")["data"]["pid"]

    def close(self, engine=True):
        try:
            if engine:
                self.console("engine", "stop", timeout=60)
        finally:
            if self.sandbox:
                self.sandbox.send_signal(signal.SIGTERM)
                self.sandbox.wait(30)
                self.sandbox.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def wait_for(condition, seconds=60):
    """Polls a condition of the outside world; the answer, or an error after the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError("the condition did not come true within %d s" % seconds)


def on_terminal(home, words, answers, **environment):
    """Runs the console on a terminal of its own; of each (prompt, answer) the answer is typed once the prompt was
    seen. What it printed, and its exit code."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe(program("aampe-console"), ["aampe-console", *words], dict(home.env, **environment))
    seen = b""
    for prompt, answer in answers:
        while prompt not in seen:
            assert select.select([fd], [], [], 60)[0], seen
            seen += os.read(fd, 4096)
        os.write(fd, answer)
    while True:
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(fd)
    return seen, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
