"""Faults of the tables themselves: columns, types, values, names."""

import contextlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
import fault_lab
from hostile_workspace import Workspace, in_json

book = fault_lab.Book()


@contextlib.contextmanager
def lying(scene, change):
    """A workspace between engine and sandbox that changes answers."""
    workspace = Workspace(scene.sandbox.address)
    workspace.change = change
    scene.profile.ok("config", "set", "workspace.host", workspace.address)
    try:
        yield workspace
    finally:
        scene.profile.ok("config", "set", "workspace.host", scene.sandbox.address)
        workspace.close()


def lie(code, fault, layer, change, evidence=(), settings=None, **more):
    def run(lab):
        scene = lab.own_scene(**(settings or {}))
        with lying(scene, change):
            yield scene.fails()
        scene.heals()
    book.cases.append(fault_lab.Case(code, fault, layer, run, evidence=evidence, **more))


def columns(edit):
    """Changes the columns of every table that is described."""
    def change(path, document):
        if "columns" in document and "full_name" in document:
            document["columns"] = edit(document["columns"])
        return document
    return in_json(change)


def twice(have):
    more = dict(have[-1], name=have[0]["name"].upper(), position=len(have))
    return have + [more]


lie("NAME_CLASH", "two columns that differ only in case", "schema", columns(twice), evidence=("message:'|\"",))
def too_long(path, status, headers, body):
    """A description of a table that does not end."""
    if "/unity-catalog/tables/" in path and status == 200:
        body = body[:-1] + b" " * (40 << 20) + b"}"
    return status, headers, body


lie("LIMIT_EXCEEDED", "an answer of 40 MiB", "workspace", too_long, evidence=("host", "message:larger"))


def typed(type_text):
    """Catalog and manifest say another type of the column `country` than its values, which are text, have."""
    def edit(path, document):
        manifest = document.get("manifest") or {}
        listed = document.get("columns") if "full_name" in document else \
            manifest["schema"]["columns"] if manifest.get("format") == "ARROW_STREAM" else []
        for column in listed or []:
            if column["name"] == "country":
                column.update(type_text=type_text, type_name=type_text.upper(), type_json=json.dumps(
                    {"name": "country", "type": type_text, "nullable": True, "metadata": {}}))
        return document
    return in_json(edit)


lie("SCHEMA_TYPE_CHANGED", "a column planned as boolean arrives as text", "schema", typed("boolean"), evidence=("message:column",))
lie("VALUE_OUT_OF_RANGE", "a text that is no date in a column of dates", "schema", typed("date"), evidence=("message:row 0",))


def bad_text(path, status, headers, body):
    """A result body with a byte in a text that no UTF-8 has."""
    if path.startswith("/results/") and status == 200:
        body = body.replace(b"Europe/", b"Eur\xffpe/")
    return status, headers, body


lie("TEXT_INVALID", "text that is not UTF-8", "schema", bad_text, evidence=("message:column",),
    settings={"link_compression": "false"})


@book("SCHEMA_COL_REMOVED", "a column of the share that the table does not have", "schema", evidence=("message:column",),
      short=True)
def column_gone(lab):
    scene = lab.own_scene()
    path = os.path.join(scene.profile.environment["XDG_CONFIG_HOME"], "aampe", scene.profile.name + ".json")
    with open(path, encoding="utf-8") as file:
        was = file.read()
    profile = json.loads(was)
    table = profile["share"]["tables"][0] if isinstance(profile["share"], dict) else profile["share"][0]
    table["columns"] = ["user_id", "no_such_column"]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(profile, file)
    scene.profile.ok("engine", "reload")
    yield scene.fails()
    with open(path, "w", encoding="utf-8") as file:
        file.write(was)
    scene.profile.ok("engine", "reload")
    scene.heals()


@book("TYPE_UNSUPPORTED", "a table with nested columns", "schema", evidence=("message:column",))
def nested(lab):
    scene = lab.own_scene("types", "types.t.flat_types")
    scene.profile.ok("share", "add", "types.t.all_types", "--yes")
    scene.table = "types.t.all_types"
    yield scene.fails()
    scene.table = "types.t.flat_types"
    scene.heals()


@book("EMPTY_UNEXPECTED", "every row of the table deleted", "data", evidence=("message:rows",), cause="table-emptied")
def emptied(lab):
    table = "shop.aampe.products"
    scene = lab.own_scene(table=table)
    rows = int(scene.sandbox.statement(f"SELECT count(*) FROM {table}")["result"]["data_array"][0][0])
    scene.sandbox.command("change", table, "delete", str(rows))
    yield scene.fails()
    code, document, _ = scene.sync("--allow-empty")
    assert code in (0, 3), document
    scene.sandbox.command("change", table, "insert", str(rows))
    scene.heals()


@book("SRC_ROWS_FILTERED", "a table with a row filter and a column mask", "data", evidence=("policy", "message:row filter"),
      hint="ask for an exemption")
def masked(lab):
    table = "shop.crm.customers_masked"
    scene = lab.own_scene()
    first = scene.last()
    plain = scene.profile.ok("sync", "plan", fault_lab.TABLE)["tables"][0]
    assert not plain.get("warnings"), plain
    principal = scene.sandbox.info["application_id"]
    scene.sandbox.command("grant", principal, "SELECT", table)
    scene.profile.ok("share", "add", table, "--yes")
    planned = scene.profile.ok("sync", "plan", table)["tables"][0]
    assert [("row filter" in one["message"], "column mask" in one["message"]) for one in planned["warnings"]] == \
        [(True, False), (False, True)], planned["warnings"]
    scene.table = table
    code, document, _ = scene.sync()  # a warning stops nobody
    assert code in (0, 3), document
    row = document["data"]["tables"][0]
    assert row["counts_equal"] and row["warnings"] == planned["warnings"], row
    show = scene.profile.ok("runs", "show", str(row["run"]))
    assert show["run"]["state"] == "CLEANED" and show["warnings"] == planned["warnings"], show
    yield fault_lab.Met(show["warnings"][0], scene.profile)
    text = fault_lab.flat(scene.profile.text("runs", "show", str(row["run"])))
    for warning in show["warnings"]:
        assert fault_lab.flat(f"{warning['code']}: {warning['message']}") in text, text
    assert fault_lab.flat(show["warnings"][0]["hint"]) in text, text
    assert "warnings" not in scene.profile.ok("runs", "show", str(first))
    scene.sandbox.command("revoke", principal, "SELECT", table)
