#!/usr/bin/env python3
"""Asks a real engine, on a sandbox of its own with a share that has been synced, and prints its answers as a scene for
tests/screens/scenes. Usage: AAMPE_BUILDDIR=build record.py VERB [JSON] [VERB [JSON]...]
With --scene NAME its answers to what that scene asks are written into scenes/NAME.json; commands of the sandbox in
"sandbox" ([["revoke", "PRINCIPAL", "SELECT", "shop.sales.returns"]]) are run before."""
import getpass
import json
import os
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "e2e"))
import console  # noqa: E402


WORKSPACE = "https://dbc-1a2b3c4d-5e6f.cloud.databricks.com"


class Wire:
    """The engine's socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self.rest, self.number = b"", 0
        self.call("hello", {"protocol": 1, "client": "record", "version": "1.0"})

    def line(self):
        while b"\n" not in self.rest:
            piece = self.socket.recv(1 << 20)
            assert piece, "the engine has hung up"
            self.rest += piece
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def call(self, verb, params=None):
        """The answer: {"result":...} or {"error":...}."""
        self.number += 1
        message = {"jsonrpc": "2.0", "id": self.number, "method": verb, "params": params or {}}
        self.socket.sendall(json.dumps(message).encode() + b"\n")
        while True:
            answer = self.line()
            if answer.get("id") == self.number:
                return answer

    def close(self):
        self.socket.close()


def synced(tables=("shop.aampe.users", "shop.sales.orders")):
    """A home with a sandbox and an engine whose share has been synced once."""
    home = console.Home(rows=500)
    home.configure()
    home.json("tree", "--refresh")
    home.console("share", "add", *tables, "--yes")
    home.console("sync", "run", "--wait")
    return home


def engine_socket(home):
    return pathlib.Path(home.folder) / "state/aampe/default/sock"


def anonymous(text, home):
    """Nothing of this machine stays in a scene."""
    for mine, everybody in ((str(home.folder), "/srv/aampe"), (home.ready["address"], WORKSPACE),
                            ('"author":\t"%s"' % getpass.getuser(), '"author":\t"oncall"')):
        text = text.replace(mine, everybody)
    return text


def main():
    if sys.argv[1:2] == ["--scene"]:
        home = synced()
        try:
            file = pathlib.Path(os.environ.get("AAMPE_SRCDIR", ".")) / "tests/screens/scenes" / (sys.argv[2] + ".json")
            for words in json.loads(file.read_text()).get("sandbox", []):
                home.control(*(home.ready["client_id"] if word == "PRINCIPAL" else word for word in words))
            driver = [console.program("tests/screens/driver"), "--record", sys.argv[2], str(engine_socket(home))]
            code = subprocess.run(driver, check=False).returncode
            file.write_text(anonymous(file.read_text(), home))
            return code
        finally:
            home.close()
    wanted, asked = sys.argv[1:], []
    while wanted:
        verb = wanted.pop(0)
        asked.append((verb, json.loads(wanted.pop(0)) if wanted and wanted[0].startswith("{") else {}))
    home = synced()
    try:
        wire = Wire(engine_socket(home))
        answers = []
        for verb, params in asked:
            answer = wire.call(verb, params)
            kind = "result" if "result" in answer else "error"
            data = answer[kind] if kind == "result" else answer["error"].get("data", answer["error"])
            answers.append({"verb": verb, **({"params": params} if params else {}), kind: data})
        wire.close()
        json.dump({"answers": answers}, sys.stdout, indent=1)
        print()
    finally:
        home.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
