"""Every statement the product can emit, taken from real runs: what the engine sent to a sandbox (its `requests --json`) and
what our commands print for people to run (GRANTs)."""

import json
import os
import re
import socket

import harness
import world

# Rooms whose SQL goes to a workspace or to a person who runs it there. The store's SQL is SQLite's.
ROOMS = ("access", "catalog", "databricks", "engine", "model", "sync", "watch")
LITERAL = re.compile(r'"((?:SELECT|WITH|SHOW|DESCRIBE|DESC|GRANT|REVOKE|CREATE|ALTER|DROP|SET|USE|EXPLAIN|INSERT|MERGE) '
                     r'(?:[^"\\]|\\.)*)"')
# Not statements: words for people, and privileges that stand in a GRANT.
WORDS = {"SELECT 1 came back": "a line of set-up", "USE CATALOG": "a privilege", "USE SCHEMA": "a privilege"}
SQL_LINE = re.compile(r"^(GRANT|REVOKE|SHOW|SELECT|ALTER|CREATE|DESCRIBE) .*\bON\b", re.DOTALL)


class Link:
    """The engine's socket, for verbs that only screens call."""

    def __init__(self, lab):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(120)
        self.socket.connect(os.path.join(lab.profile.state, "sock"))
        self.file = self.socket.makefile("rb")
        self.number = 0
        self.call("hello", protocol=1, program="test", version="test")

    def call(self, method, **params):
        self.number += 1
        self.socket.sendall(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method,
                                        "params": params}).encode() + b"\n")
        while True:
            answer = json.loads(self.file.readline())
            if answer.get("id") == self.number:
                return answer.get("result") or answer

    def close(self):
        self.file.close()
        self.socket.close()


def printed(document, into):
    """Statements among the texts of a command's answer, wherever they stand."""
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        for item in document:
            printed(item, into)
    elif isinstance(document, str):
        for line in re.split(r";\s*(?:\n|$)", document):
            if SQL_LINE.match(line.strip()):
                into.append(line.strip())


def our_tables(lab):
    """The tables as `tree` tells them, without those of the information schemas, which are not shared."""
    return [row for row in lab.profile.ok("tree", "--refresh")["rows"] if row["kind"] == "table" and row["access"] != "built_in"]


def look(lab, prints, tables, names):
    """What browsing and the screen of one table ask. Columns are counted once for each type, or for each name."""
    link, counted = Link(lab), set()
    for row in tables:
        name = row["full_name"]
        shown = lab.profile.console("show", name, "--try", "--stats")[1]
        printed(shown, prints)
        lab.profile.console("preview", name, "--limit", "3")
        link.call("show.history", table=name, limit=5)
        for column in (shown["data"] or {}).get("columns") or ():
            if column["name" if names else "type"] in counted:
                continue
            counted.add(column["name" if names else "type"])
            link.call("show.count", table=name, column=column["name"], type=column["type"])
    link.close()


def sync(lab, prints, tables):
    """Plans and runs: whole tables, single columns, a filter."""
    for row in tables:
        printed(lab.profile.console("share", "add", row["full_name"], "--yes")[1], prints)
    lab.profile.console("sync", "plan")
    printed(lab.profile.console("sync", "run", "--wait", timeout=1800)[1], prints)


def filtered(lab, table, columns, condition):
    """One table again with few columns and a filter, as the profile file has it."""
    lab.profile.ok("share", "add", table, *[word for name in columns for word in ("--column", name)], "--yes")
    path = os.path.join(lab.profile.folder, "config", "aampe", lab.profile.name + ".json")
    with open(path, encoding="utf-8") as file:
        profile = json.load(file)
    next(one for one in profile["share"] if one["name"] == table)["filter"] = condition
    with open(path, "w", encoding="utf-8") as file:
        json.dump(profile, file)
    lab.profile.ok("engine", "reload")
    lab.profile.ok("sync", "run", "--wait", table)


def audit(lab, prints):
    """The audit log: without an observer, with one that may not read it, with one that may."""
    printed(lab.profile.console("audit", "list", "--read")[1], prints)
    lab.profile.ok("config", "set", "observer.client_id", lab.ready["observer_client_id"])
    lab.profile.secret_set("observer", lab.ready["observer_client_secret"])
    lab.sandbox.command("revoke", lab.ready["observer_client_id"], "SELECT", "system.access")
    printed(lab.profile.console("audit", "list", "--read")[1], prints)
    lab.sandbox.command("grant", lab.ready["observer_client_id"], "SELECT", "system.access")
    printed(lab.profile.console("audit", "list", "--read")[1], prints)


def setup(lab):
    """The checks of the set-up, which end in SELECT 1, and the doctor's."""
    lab.profile.console("doctor")
    link = Link(lab)
    link.call("setup.check", step="warehouse")
    harness.wait_for(lambda: "SELECT 1" in lab.statements(), "the warehouse's SELECT 1")
    link.close()


def refused(lab, prints):
    """Grants that are missing: at all levels, and one that goes between two syncs."""
    for row in our_tables(lab):
        printed(lab.profile.console("show", row["full_name"])[1], prints)
        printed(lab.profile.console("share", "add", row["full_name"], "--yes")[1], prints)
    printed(lab.profile.console("share", "plan", "--sql")[1], prints)
    printed(lab.profile.console("share", "plan")[1], prints)
    lab.profile.console("sync", "run", "--wait")
    for run in lab.profile.ok("runs", "list").get("runs", []):
        printed(lab.profile.console("runs", "show", str(run["id"]))[1], prints)
    printed(lab.profile.console("status")[1], prints)


def everything(lab, about):
    """Runs all of the above that fits the world; (statements sent, statements printed), each once, in order."""
    prints = []
    tables = our_tables(lab)
    look(lab, prints, tables, about == "hostile")
    sync(lab, prints, tables)
    if about == "shop":
        filtered(lab, "shop.aampe.users", ["contact_id", "country"],
                 "country <> 'XX' AND `contact_id` IS NOT NULL")
    audit(lab, prints)
    setup(lab)
    return list(dict.fromkeys(lab.statements())), list(dict.fromkeys(prints))


def literals(source):
    """Beginnings of the statements that stand in the source of the emitting rooms."""
    found = {}
    for room in ROOMS:
        folder = os.path.join(source, "src", room)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            if not name.endswith(".c"):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                for literal in LITERAL.findall(file.read()):
                    start = literal.split("%")[0].replace('\\"', '"').rstrip(" ")
                    if literal not in WORDS and " ON " not in start:
                        found.setdefault(start, f"src/{room}/{name}")
    return found
