"""What the long suites share: a sandbox, a profile with an engine, and the console's commands, all real programs.

Everything lives in a temporary folder that the suite removes; only processes started here are ended, by their pid.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

BUILD = os.environ.get("AAMPE_BUILDDIR", os.getcwd())


def program(name):
    return os.path.join(BUILD, name)


def wait_for(condition, what, seconds=60.0, step=0.02):
    """The value of condition() once it is true; a clear failure when it never is."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:.0f} s for: {what}")
        time.sleep(step)


class Sandbox:
    """A running aampe-sandbox. `info` is its first line."""

    def __init__(self, folder, *options):
        self.state = os.path.join(folder, "sandbox")
        os.makedirs(self.state, exist_ok=True)
        self.log = open(os.path.join(folder, "sandbox.log"), "ab")
        self.process = subprocess.Popen(
            [program("aampe-sandbox"), "--state", self.state, *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"aampe-sandbox did not start: see {self.log.name}")
        self.info = json.loads(line)
        self.address = self.info["address"]

    def command(self, *words):
        done = subprocess.run([program("aampe-sandbox"), *words, "--state", self.state],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"aampe-sandbox {' '.join(words)}: {done.stderr or done.stdout}")
        return done.stdout

    def call(self, method, path, body=None):
        """One API call as the admin; the decoded answer."""
        request = urllib.request.Request(
            self.address + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + self.info["admin_token"],
                     "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def statement(self, sql, **more):
        """Runs a statement to its end; the statement's answer."""
        answer = self.call("POST", "/api/2.0/sql/statements", {
            "statement": sql, "warehouse_id": self.info["warehouse_id"], "wait_timeout": "50s", **more})

        def over():
            nonlocal answer
            if answer["status"]["state"] in ("PENDING", "RUNNING"):
                answer = self.call("GET", "/api/2.0/sql/statements/" + answer["statement_id"])
                return False
            return True
        wait_for(over, sql, 300)
        if answer["status"]["state"] != "SUCCEEDED":
            raise AssertionError(f"{sql}: {answer['status']}")
        return answer

    def arrow(self, sql):
        """The result as a list of Arrow streams, one per chunk (bytes), and the number of rows the manifest says."""
        answer = self.statement(sql, disposition="EXTERNAL_LINKS", format="ARROW_STREAM")
        manifest = answer["manifest"]
        chunks = []
        for index in range(manifest["total_chunk_count"]):
            data = self.call("GET", f"/api/2.0/sql/statements/{answer['statement_id']}/result/chunks/{index}")
            link = next(l for l in data["external_links"] if l["chunk_index"] == index)
            with urllib.request.urlopen(link["external_link"], timeout=300) as body:
                chunks.append(body.read())
        return chunks, manifest.get("total_row_count", 0)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.log.close()


class Profile:
    """A profile of its own (configuration, state, destination) and the programs run with it."""

    def __init__(self, folder, name="suite", uid=None):
        """With uid the programs run as that user, from copies it can read."""
        self.name = name
        self.uid = uid
        self.programs = BUILD
        if uid is not None:
            self.programs = os.path.join(folder, "programs")
            os.mkdir(self.programs)
            for program_name in ("aampe-console", "aampe-syncd"):
                shutil.copy(program(program_name), self.programs)
            os.chown(folder, uid, uid)
        self.folder = folder
        self.destination = os.path.join(folder, "destination")
        self.environment = {
            "HOME": folder, "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "XDG_CONFIG_HOME": os.path.join(folder, "config"),
            "XDG_STATE_HOME": os.path.join(folder, "state"),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
            "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "print_stacktrace=1"),
        }
        self.state = os.path.join(folder, "state", "aampe", name)
        self.engine = None
        self.engine_log = os.path.join(folder, "engine.log")
        os.makedirs(self.destination, exist_ok=True)

    def _become(self):
        if self.uid is not None:
            os.setgroups([])
            os.setgid(self.uid)
            os.setuid(self.uid)

    def console(self, *words, input=None, timeout=600, pass_fds=()):
        """(exit code, decoded --json document, stderr) of one command. The socket is named, so that the console
        never starts an engine of its own."""
        done = subprocess.run(
            [os.path.join(self.programs, "aampe-console"), "--profile", self.name,
             "--socket", os.path.join(self.state, "sock"), "--json", *words],
            input=input, stdin=None if input is not None else subprocess.DEVNULL, preexec_fn=self._become,
            capture_output=True, text=True, timeout=timeout, env=self.environment, pass_fds=pass_fds)
        try:
            document = json.loads(done.stdout)
        except ValueError:
            raise AssertionError(f"aampe-console {' '.join(words)}: stdout is not one JSON document:\n"
                                 f"{done.stdout[:2000]}\n{done.stderr[-2000:]}")
        return done.returncode, document, done.stderr

    def text(self, *words):
        """What the command prints for people."""
        return subprocess.run(
            [os.path.join(self.programs, "aampe-console"), "--profile", self.name,
             "--socket", os.path.join(self.state, "sock"), *words], stdin=subprocess.DEVNULL, preexec_fn=self._become,
            capture_output=True, text=True, timeout=600, env=self.environment).stdout

    def ok(self, *words, **more):
        code, document, stderr = self.console(*words, **more)
        if code not in (0, 3):
            raise AssertionError(f"aampe-console {' '.join(words)}: exit {code}: "
                                 f"{document.get('error')}\n{stderr[-2000:]}")
        return document["data"]

    def engine_start(self, **environment):
        """Starts aampe-syncd in the foreground of this suite and waits until it answers."""
        log = open(self.engine_log, "ab")
        self.engine = subprocess.Popen(
            [os.path.join(self.programs, "aampe-syncd"), "--profile", self.name, "--foreground"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self._become,
            env={**self.environment, **environment})
        log.close()

        def answers():
            if self.engine.poll() is not None:
                return True
            return os.path.exists(os.path.join(self.state, "sock")) and \
                self.console("engine", "status")[0] == 0
        wait_for(answers, "the engine to answer", 30)
        return self.engine

    def engine_wait(self, seconds=120):
        return self.engine.wait(seconds)

    def engine_kill(self):
        if self.engine.poll() is None:
            self.engine.send_signal(signal.SIGKILL)
        self.engine.wait()

    def engine_stop(self):
        if self.engine is not None and self.engine.poll() is None:
            self.engine.terminate()
            try:
                self.engine.wait(30)
            except subprocess.TimeoutExpired:
                self.engine_kill()
        self.engine = None

    def secret_set(self, name, value):
        read, write = os.pipe()
        os.write(write, value.encode())
        os.close(write)
        try:
            return self.console("secrets", "set", name, "--from-fd", str(read), pass_fds=(read,))
        finally:
            os.close(read)

    def connect(self, sandbox, **settings):
        """Points the profile at a sandbox; the engine must be running."""
        values = {"workspace.host": sandbox.address,
                  "principal.client_id": sandbox.info["client_id"],
                  "warehouse.id": sandbox.info["warehouse_id"],
                  "workspace.requests_per_second": 1000,  # a suite waits for nobody
                  "destination.url": "file://" + self.destination,
                  **settings}
        if "ca_file" in sandbox.info and sandbox.info["ca_file"]:
            values["workspace.ca_file"] = sandbox.info["ca_file"]
        for key, value in values.items():
            self.ok("config", "set", key, str(value))
        code, document, stderr = self.secret_set("principal", sandbox.info["client_secret"])
        if code != 0:
            raise AssertionError(f"secrets set: exit {code}: {document} {stderr}")

    def table_files(self, table):
        """The Parquet files a reader of the destination sees."""
        current = os.path.join(self.destination, table, "current")
        if not os.path.isdir(current):
            return []
        return sorted(os.path.join(current, name) for name in os.listdir(current) if name.endswith(".parquet"))


class Folder:
    """A temporary folder, removed at the end unless the suite failed and KEEP is set."""

    def __init__(self, prefix, base=None):
        self.path = tempfile.mkdtemp(prefix=prefix, dir=base or os.environ.get("AAMPE_SUITE_TMP"))

    def __enter__(self):
        return self.path

    def __exit__(self, kind, value, trace):
        if kind is not None and os.environ.get("KEEP"):
            print(f"kept: {self.path}", file=sys.stderr)
        else:
            shutil.rmtree(self.path, ignore_errors=True)
