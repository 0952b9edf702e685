"""Faults of this host, of the engine's own files, and of the destination."""

import contextlib
import json
import os
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pty"))
import fault_lab
import harness
from fake_engine import FakeEngine

book = fault_lab.Book()
LARGE = "shop.aampe.events"


@contextlib.contextmanager
def small_filesystem(lab, options):
    """A folder on a filesystem of its own, and a function that changes its options."""
    if os.geteuid() != 0:
        raise fault_lab.Skip("needs root to mount")
    folder = lab.room("filesystem")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True).returncode != 0:
        raise fault_lab.Skip("mount is refused here")
    try:
        yield folder, lambda new: subprocess.run(["mount", "-o", "remount," + new, folder], check=True)
    finally:
        lab.own_end()
        subprocess.run(["umount", "-l", folder], check=True)


def scene_at(lab, destination, table=fault_lab.TABLE):
    profile = harness.Profile(lab.room("scene"))
    os.rmdir(profile.destination)
    profile.destination = destination
    return lab.own_scene(table=table, profile=profile)


@book("HOST_DISK_FULL", "destination on a filesystem with 1 MiB", "access", evidence=("message:MiB free",), short=True,
      cause="destination-full")
def disk_full(lab):
    with small_filesystem(lab, "size=200m,mode=777") as (folder, remount):
        scene = scene_at(lab, folder)
        remount("size=1m")
        yield scene.fails()
        remount("size=200m")
        scene.heals()


@book("HOST_INODES_FULL", "destination on a filesystem without inodes", "access", evidence=("message:inode",))
def inodes_full(lab):
    with small_filesystem(lab, "size=200m,mode=777,nr_inodes=1000") as (folder, remount):
        scene = scene_at(lab, folder)
        remount("nr_inodes=%d" % sum(len(names) + len(files) + 1 for _, names, files in os.walk(folder)))
        yield scene.fails()
        remount("nr_inodes=1000")
        scene.heals()


@book("HOST_READONLY", "destination remounted read-only", "access", evidence=("sys_errno",), cause="destination-read-only")
def read_only(lab):
    with small_filesystem(lab, "size=200m,mode=777") as (folder, remount):
        scene = scene_at(lab, folder)
        remount("ro")
        yield scene.fails()
        remount("rw")
        scene.heals()


@book("HOST_FS_UNFIT", "staging folder on another filesystem than the destination", "access",
      evidence=("message:filesystem",))
def other_filesystem(lab):
    if os.geteuid() != 0:
        raise fault_lab.Skip("needs root to mount")
    scene = lab.own_scene()
    staging = os.path.join(scene.profile.destination, ".aampe-staging")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs", staging], check=True)
    try:
        scene.profile.ok("config", "set", "codec", "zstd")  # the destination is looked at again
        yield scene.fails()
    finally:
        subprocess.run(["umount", "-l", staging], check=True)
    scene.heals()


@book("HOST_PERMISSION", "destination owned by another uid", "access", evidence=("sys_errno", "message:/destination"),
      cause="destination-refused")
def unreadable(lab):
    if os.geteuid() != 0:
        raise fault_lab.Skip("needs root to become another uid")
    home = lab.room("home")
    profile = harness.Profile(home, uid=65534)
    os.chown(profile.destination, 65534, 65534)
    os.chmod(lab.folder, 0o755)
    scene = lab.own_scene(profile=profile)
    os.chown(profile.destination, 0, 0)
    os.chmod(profile.destination, 0o755)
    staging = os.path.join(profile.destination, ".aampe-staging")
    os.chmod(staging, 0o700)
    os.chown(staging, 0, 0)
    yield scene.fails()
    os.chown(staging, 65534, 65534)
    os.chown(profile.destination, 65534, 65534)
    scene.heals()


@book("HOST_QUOTA", "file size limit of the engine (RLIMIT_FSIZE)", "access", evidence=("sys_errno",), short=True)
def file_limit(lab):
    scene = lab.own_scene(table=LARGE)
    pid = scene.profile.engine.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    sizes = [os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(scene.profile.state) for name in names
             if name != "ballast"]
    files = [os.path.getsize(path) for path in scene.profile.table_files(LARGE)]
    assert max(files) > 4096, files
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (max(files) - 1024, before[1]))
    assert max(sizes) < max(files) - 1024, (sizes, files)
    yield scene.fails()
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    scene.heals()


@book("HOST_FDS", "descriptor limit of the engine (RLIMIT_NOFILE)", "host", evidence=("sys_errno",), cause="descriptors")
def descriptor_limit(lab):
    scene = lab.own_scene()
    pid = scene.profile.engine.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    # All numbers below the limit are taken but the one that the waiting console needs.
    used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    free = [number for number in range(max(used) + 2) if number not in used]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free[1] if len(free) > 1 else free[0] + 1, before[1]))
    with fault_lab.Turner(lab, scene.profile, poke=False):
        code, document, _ = scene.profile.console("sync", "run", "--wait", scene.table)
    assert code not in (0, 3), document
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (4096, before[1]))
    show = scene.profile.ok("runs", "show")
    yield fault_lab.Met(show["run"]["error"], scene.profile, show)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    scene.heals()


def failing(point):
    """Operations on files at the destination fail with an error of the disk, and so does every run until a new start."""
    def run(lab):
        scene = lab.own_scene()
        scene.profile.engine_stop()
        scene.profile.engine_start(AAMPE_FAIL_AT=point + ":5")
        yield scene.fails()
        restarted(scene)
        scene.heals()
    book.cases.append(fault_lab.Case("HOST_IO_ERROR", f"{point} of a file gives EIO (AAMPE_FAIL_AT)", "access", run,
                                     evidence=("sys_errno", "message:/destination"), short=point == "write",
                                     cause="disk-trouble" if point == "fsync" else None))


failing("write")
failing("fsync")
failing("read")

# --- the engine's own files ---


def not_started(lab, scene, spoil, mend):
    """The engine is down; spoil(); what its start says; mend() and all is well."""
    scene.profile.engine_stop()
    spoil()
    met = start_refused(scene.profile)
    yield met
    mend()
    scene.profile.engine_start()
    scene.heals()


def start_refused(profile):
    """The error with which the engine does not start."""
    done = subprocess.run([harness.program("aampe-console"), "--profile", profile.name, "--json", "engine", "start"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, env=profile.environment, timeout=60)
    document = json.loads(done.stdout)
    assert done.returncode != 0 and document["error"], document
    return fault_lab.Met(document["error"], profile)


@book("HOST_STATE_CORRUPT", "pages of state.db overwritten; the backup is put back as the fix says", "state",
      evidence=("message:state",), cause="state-damaged")
def state_damaged(lab):
    scene = lab.own_scene()
    state = scene.profile.state
    backups = os.path.join(state, "backups")
    lab.turn(2 * 3600)
    harness.wait_for(lambda: os.path.isdir(backups) and any(name.endswith(".db") for name in os.listdir(backups)), "a backup")

    def spoil():
        with open(os.path.join(state, "state.db"), "r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * 16384)

    def mend():
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(state, "state.db-wal"))
        newest = sorted(name for name in os.listdir(backups) if name.endswith(".db"))[-1]
        shutil.copyfile(os.path.join(backups, newest), os.path.join(state, "state.db"))
    yield from not_started(lab, scene, spoil, mend)


@book("HOST_STATE_NEWER", "state.db with a later user_version", "state", evidence=("message:format",))
def state_newer(lab):
    scene = lab.own_scene()
    path = os.path.join(scene.profile.state, "state.db")

    def version_set(number):
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute(f"PRAGMA user_version={number}")
            db.commit()
    with contextlib.closing(sqlite3.connect(os.path.join(scene.profile.state, "state.db"))):
        pass
    scene.profile.engine_stop()
    with contextlib.closing(sqlite3.connect(path)) as db:
        was = db.execute("PRAGMA user_version").fetchone()[0]
    yield from not_started(lab, scene, lambda: version_set(was + 90), lambda: version_set(was))


@book("HOST_STATE_LOCKED", "a second engine on the same state", "state", evidence=("message:pid",))
def state_locked(lab):
    scene = lab.own_scene()
    done = subprocess.run([harness.program("aampe-syncd"), "--profile", scene.profile.name, "--foreground"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, env=scene.profile.environment, timeout=60)
    assert done.returncode == 5, done.returncode
    yield fault_lab.Met(json.loads(done.stdout.splitlines()[0])["error"], scene.profile)
    scene.heals()


def restarted(scene):
    scene.profile.engine_stop()
    scene.profile.engine_start()


@book("HOST_SECRET_EXPOSED", "vault key readable by others", "vault", evidence=("message:mode",), short=True,
      cause="key-exposed")
def key_exposed(lab):
    scene = lab.own_scene()
    key = os.path.join(scene.profile.environment["XDG_CONFIG_HOME"], "aampe", scene.profile.name + ".key")
    os.chmod(key, 0o644)
    restarted(scene)
    yield scene.fails()
    os.chmod(key, 0o600)
    restarted(scene)
    scene.heals()


@book("HOST_SECRET_UNREADABLE", "vault key of another host", "vault", evidence=("message:vault",), cause="key-lost")
def key_lost(lab):
    scene = lab.own_scene()
    key = os.path.join(scene.profile.environment["XDG_CONFIG_HOME"], "aampe", scene.profile.name + ".key")
    with open(key, "rb") as file:
        was = file.read()
    with open(key, "wb") as file:
        file.write(bytes(reversed(was.strip())) + b"\n")
    restarted(scene)
    yield scene.fails()
    with open(key, "wb") as file:
        file.write(was)
    restarted(scene)
    scene.heals()


@book("HOST_INTERRUPTED", "engine killed in the middle of a run (AAMPE_CRASH_AT=P5)", "engine", short=True)
def interrupted(lab):
    scene = lab.own_scene()
    scene.profile.engine_stop()
    scene.profile.engine_start(AAMPE_CRASH_AT="P5")
    scene.profile.console("sync", "run", scene.table)
    scene.profile.engine_wait()
    scene.profile.engine_start()

    def resolved():
        return scene.profile.ok("runs", "list", "--limit", "1")["runs"][0]["state"] in ("CLEANED", "RECORDED")
    with fault_lab.Turner(lab, scene.profile, at_once=True):
        harness.wait_for(resolved, "the run to be taken up again")
    lines = "\n".join(scene.profile.ok("runs", "log", str(scene.last()))["lines"])
    assert "HOST_INTERRUPTED" in lines, lines
    yield fault_lab.Met(None, scene.profile, healed=True)
    scene.heals()


# --- the destination and what is in it ---


@book("DEST_NOT_EMPTY", "files of somebody else in the table's folder", "access", evidence=("message:files",),
      cause="destination-foreign-files")
def not_empty(lab):
    scene = lab.own_scene(begin=False)
    profile = scene.profile
    profile.engine_start()
    profile.connect(scene.sandbox)
    profile.ok("share", "add", scene.table, "--yes")
    folder = os.path.join(profile.destination, scene.table)
    os.makedirs(folder)
    with open(os.path.join(folder, "old.parquet"), "wb") as file:
        file.write(b"PAR1")
    yield scene.fails()
    shutil.rmtree(folder)
    scene.heals()


@book("DST_FOREIGN_WRITER", "two profiles, one destination", "access", evidence=("message:sync",), cause="two-writers")
def foreign_writer(lab):
    first = lab.own_scene()
    second = lab.own_scene(begin=False)
    second.profile.destination = first.profile.destination
    second.profile.engine_start()
    second.profile.connect(second.sandbox)
    second.profile.ok("share", "add", second.table, "--yes")
    yield second.fails()
    second.profile.destination = os.path.join(second.profile.folder, "own")
    second.profile.ok("config", "set", "destination.url", "file://" + second.profile.destination)
    second.heals()


@book("DST_FILE_CORRUPT", "a byte of a published file changed", "data", evidence=("message:parquet",), cause="file-damaged")
def file_damaged(lab):
    scene = lab.own_scene()
    path = scene.profile.table_files(scene.table)[0]
    os.chmod(path, 0o644)
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 3)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0xff]))
    code, document, _ = scene.profile.console("sync", "verify")
    assert code not in (0, 3), document
    error = document["data"]["tables"][0]["verify_error"]
    yield fault_lab.Met(error, scene.profile)
    scene.heals()
    scene.profile.ok("sync", "verify")


@book("DST_AHEAD_OF_STATE", "state restored from an older copy", "data")
def state_restored(lab):
    scene = lab.own_scene()
    profile = scene.profile
    profile.engine_stop()
    kept = os.path.join(profile.folder, "kept")
    shutil.copytree(profile.state, kept, ignore=shutil.ignore_patterns("sock"))
    profile.engine_start()
    scene.heals()
    scene.heals()
    profile.engine_stop()
    shutil.rmtree(profile.state)
    shutil.copytree(kept, profile.state)
    profile.engine_start()
    yield scene.goes_through("renumbered")
    scene.heals()


# --- engine, settings, commands ---


@book("ENGINE_UNREACHABLE", "engine that was killed", "engine", evidence=("message:no engine",), short=True, cause="engine-down")
def no_engine(lab):
    scene = lab.own_scene()
    scene.profile.engine_kill()
    met = scene.refused("engine", "status")
    # Named by its socket it is not the console's to start, as one of a unit is not.
    met.words, met.fix = ("--socket", os.path.join(scene.profile.state, "sock")), f"--profile {scene.profile.name} engine start"
    yield met
    scene.profile.engine_start()
    scene.heals()


@book("ENGINE_BUSY", "the same table a second time while it runs", "engine", evidence=("message:already",))
def busy(lab):
    scene = lab.own_scene()
    scene.sandbox.command("fault", "slow", "endpoint=poll", "delay_ms=3000", "times=1")
    scene.sandbox.command("fault", "slow", "endpoint=statements", "delay_ms=3000", "times=2")
    scene.profile.ok("sync", "run", scene.table)
    met = scene.refused("sync", "run", scene.table)
    scene.sandbox.command("fault", "clear", "slow")
    harness.wait_for(lambda: scene.profile.ok("runs", "list", "--limit", "1")["runs"][0]["state"] == "CLEANED", "its end")
    yield met
    scene.heals()


@book("CANCELLED_BY_USER", "runs cancel", "engine", evidence=("message:cancelled",))
def cancelled(lab):
    scene = lab.own_scene()
    scene.sandbox.command("fault", "slow", "endpoint=statements", "delay_ms=4000", "times=2")
    before = scene.published()
    scene.profile.ok("sync", "run", scene.table)
    run = scene.last()
    scene.profile.ok("runs", "cancel", str(run))
    harness.wait_for(lambda: scene.profile.ok("runs", "show", str(run))["run"]["state"] == "CANCELLED", "its end")
    scene.sandbox.command("fault", "clear", "slow")
    assert scene.published() == before
    yield fault_lab.Met(scene.profile.ok("runs", "show", str(run))["run"]["error"], scene.profile)
    scene.heals()


@book("CONFIG_INVALID", "profile file that is no JSON", "engine", evidence=("message:.",), cause="profile-broken")
def profile_broken(lab):
    scene = lab.own_scene()
    path = os.path.join(scene.profile.environment["XDG_CONFIG_HOME"], "aampe", scene.profile.name + ".json")
    with open(path, encoding="utf-8") as file:
        was = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(was[:len(was) // 2])
    restarted(scene)
    yield scene.fails()
    with open(path, "w", encoding="utf-8") as file:
        file.write(was)
    restarted(scene)
    scene.heals()


@book("CONFIG_MISSING", "no secret entered", "vault", evidence=("message:secret",))
def config_missing(lab):
    scene = lab.own_scene(begin=False)
    profile = scene.profile
    profile.engine_start()
    for key, value in (("workspace.host", scene.sandbox.address), ("principal.client_id", scene.sandbox.info["client_id"])):
        profile.ok("config", "set", key, value)
    yield scene.refused("tree", "--refresh")
    profile.connect(scene.sandbox)
    profile.ok("share", "add", scene.table, "--yes")
    scene.heals()


class OtherEngine(FakeEngine):
    """An engine of another version, which says so at once."""

    def answer(self, client, call):
        reply = {"jsonrpc": "2.0", "id": call["id"],
                 "result": {"protocol": 99, "program": "aampe-syncd", "version": "9.9", "role": "admin"}}
        client.sendall(json.dumps(reply).encode() + b"\n")


@book("ENGINE_PROTOCOL", "an engine of another version", "engine", evidence=("message:protocol 99",), cause="engine-other-version")
def other_version(lab):
    scene = lab.scene()
    engine = OtherEngine({})
    done = subprocess.run([harness.program("aampe-console"), "--socket", engine.path, "--json", "status"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, env=scene.profile.environment, timeout=60)
    met = fault_lab.Met(json.loads(done.stdout)["error"], scene.profile)
    met.words = ("--socket", engine.path)
    yield met
    engine.close()
    scene.profile.ok("status")


class Line:
    """One connection to the engine, spoken by hand."""

    def __init__(self, profile):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.path.join(profile.state, "sock"))
        self.lines, self.number = self.socket.makefile("rb"), 0
        self.call("hello", {"protocol": 1, "program": "suite", "version": "suite"})

    def call(self, method, params):
        self.number += 1
        self.socket.sendall(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}).encode() + b"\n")
        while True:
            answer = json.loads(self.lines.readline())
            if answer.get("id") == self.number:
                return answer


@book("SHARE_MOVED", "a plan that a later tick has left behind", "engine", evidence=("message:revision",))
def plan_left_behind(lab):
    scene = lab.own_scene()
    scene.profile.ok("tree", "--refresh")
    line = Line(scene.profile)
    line.call("draft.tick", {"keys": ["t:shop.aampe.products"], "on": True})
    plan = line.call("share.plan", {})["result"]
    line.call("draft.tick", {"keys": ["t:shop.aampe.events"], "on": True})
    yield fault_lab.Met(line.call("share.apply", {"revision": plan["revision"]})["error"]["data"], scene.profile)
    plan = line.call("share.plan", {})["result"]
    assert "result" in line.call("share.apply", {"revision": plan["revision"]})


@book("HOST_MEMORY", "address space of the engine (RLIMIT_AS)", "host", evidence=("message:memory",))
def memory_limit(lab):
    scene = lab.own_scene(table=LARGE)
    pid = scene.profile.engine.pid
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (size + (1 << 20), before[1]))
    yield scene.fails()
    resource.prlimit(pid, resource.RLIMIT_AS, before)
    scene.heals()


def refusal(code, fault, layer, *words, **more):
    """A command whose mistake is the fault; the right one comes after it."""
    def run(lab):
        scene = lab.scene()
        yield scene.refused(*[word.format(run=scene.last()) for word in words])
        scene.profile.ok("runs", "list")
    book.cases.append(fault_lab.Case(code, fault, layer, run, **more))


refusal("USAGE", "an option that does not exist", "engine", "status", "--no-such-option", evidence=("message:no-such",))
refusal("RUN_NOT_FOUND", "runs show of a number never given", "engine", "runs", "show", "999999", evidence=("message:999999",))
refusal("RUN_NOT_CANCELLABLE", "runs cancel of a run that is over", "engine", "runs", "cancel", "{run}", evidence=("message:over",))
refusal("SHARE_UNKNOWN_TABLE", "sync run of a table nobody ticked", "engine", "sync", "run", "shop.aampe.products",
        evidence=("message:shop.aampe.products",))
refusal("NOT_PERMITTED", "a change with --read-only", "engine", "--read-only", "sync", "run", evidence=("message:read-only",))
