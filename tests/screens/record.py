#!/usr/bin/env python3
"""Asks a real engine, on a sandbox of its own with a share that has been synced, and prints its answers as a scene for
tests/screens/scenes. Usage: AAMPE_BUILDDIR=build record.py VERB [JSON] [VERB [JSON]...]"""
import json
import os
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "e2e"))
import console  # noqa: E402


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


def main():
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


if __name__ == "__main__":
    main()
