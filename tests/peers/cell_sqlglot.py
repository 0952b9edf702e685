"""sqlglot parses every statement the product emits, in the dialect of Databricks, and reads out of it the names we meant.

The statements are those of real runs on the worlds shop, types and hostile (backticks, quotes, newlines, escapes, bidi marks,
emoji, 260 characters), sent or printed (emitted.py). A parse error, an exp.Command, a second statement or a table or column
that is not the world's is a difference. UNKNOWN lists what sqlglot does not know of the dialect, with the reason; of such a
statement the nearest relative that sqlglot knows is judged, and the statement itself is counted as skipped."""
import logging
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cells
import emitted
import sqlglot
import world
from sqlglot import exp

DIALECT = "databricks"
AUDIT = ("system", "access", "audit")
# (kind, statement, the relative that sqlglot knows, why we do not write the relative)
UNKNOWN = (
    ("GRANT ... ON CATALOG", re.compile(r"^(GRANT USE CATALOG ON )CATALOG( .* TO `[^`]+`)$", re.DOTALL), r"\1SCHEMA\2",
     "sqlglot's GRANT knows schemas, tables and functions as securables, no catalogs; Databricks has no other form"),
    ("DESCRIBE HISTORY ... LIMIT", re.compile(r"^(DESCRIBE HISTORY .*) LIMIT \d+$", re.DOTALL), r"\1",
     "sqlglot's DESCRIBE ends with the name; without LIMIT, or as SELECT ... FROM (DESCRIBE HISTORY ...), Delta reads "
     "the table's whole log where we need its last entries"),
    ("SHOW CATALOGS", re.compile(r"^SHOW CATALOGS$"), None,
     "sqlglot knows the SHOW of other dialects only; hive_metastore is in no table that could be selected from"),
)


class Names:
    """What there is to be named: tables with their columns, schemas, catalogs."""

    def __init__(self, lab, catalogs):
        self.columns = {(t["catalog_name"], t["schema_name"], t["name"]): {c["name"] for c in t["columns"]}
                        for catalog in catalogs for t in lab.tables(catalog)}
        self.known = set(self.columns) | {AUDIT} | {(None, *AUDIT[:2]), (None, None, AUDIT[0])}
        for catalog, schema, _ in self.columns:
            self.known |= {(None, catalog, schema), (None, None, catalog)}
        self.seen = set()


def parts(table):
    return tuple(table.args.get(key).this if table.args.get(key) is not None else None for key in ("catalog", "db", "this"))


def fault(text, names):
    """None, or what is wrong with a statement."""
    try:
        trees = [tree for tree in sqlglot.parse(text, dialect=DIALECT) if tree is not None]
    except sqlglot.errors.SqlglotError as error:
        return f"does not parse: {str(error).splitlines()[0]}"
    if len(trees) != 1:
        return f"is {len(trees)} statements"
    tree = trees[0]
    if any(isinstance(node, exp.Command) for node in tree.walk()):
        return "is only a Command"
    if sqlglot.parse_one(tree.sql(DIALECT), dialect=DIALECT) != tree:
        return "is another one when it is printed and parsed again"
    tables = {parts(table) for table in tree.find_all(exp.Table)}
    if tables - names.known:
        return f"names {sorted(tables - names.known)}, which is no table of the world"
    columns = set().union(*(names.columns.get(table, set()) for table in tables))
    strange = {one.name for one in tree.find_all(exp.Column) if one.this.args.get("quoted")} - columns
    if strange:
        return f"names the columns {sorted(strange)}, which {sorted(tables)} has not"
    names.seen |= tables
    return None


def judge(cell, about, what, statements, names):
    """One line for all statements of a run, and one for each that is at fault; those of UNKNOWN are counted in `unknown`."""
    wrong, judged = [], 0
    for text in statements:
        kind, pattern, relative, _ = next((one for one in UNKNOWN if one[1].match(text)), (None, None, None, None))
        if kind:
            cell.unknown[kind] = cell.unknown.get(kind, 0) + 1
            if not fault(text, names):
                wrong.append(f"{text!r} is known to sqlglot by now: take {kind} out of UNKNOWN")
        if kind and relative is None:
            continue
        judged += 1
        found = fault(pattern.sub(relative, text) if kind else text, names)
        if found:
            wrong.append(f"{text!r} {found}")
    for one in wrong[:20]:
        cell.say(what, about, "differs", 1, one)
    if not wrong:
        cell.say(what, about, "equal", judged)


def run(cell, name, rows):
    with world.World("--world", name, "--rows", str(rows)) as lab:
        names = Names(lab, lab.catalogs())
        sent, printed = emitted.everything(lab, name)
    judge(cell, name, "statements sent", sent, names)
    judge(cell, name, "statements printed", printed, names)
    missing = set(names.columns) - names.seen
    cell.equal("every table is named", name, sorted(missing), [], len(names.columns))
    return sent + printed


def refused(cell, name, rows):
    """The same world, where the principal has no grant."""
    prints = []
    with world.World("--world", name, "--rows", str(rows), grant=False) as lab:
        names = Names(lab, lab.catalogs())
        emitted.refused(lab, prints)
    judge(cell, name + ", no grants", "statements printed", list(dict.fromkeys(prints)), names)
    return prints


def main():
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    cell = cells.Cell()
    cell.unknown = {}
    seen = []
    for name in ("shop", "types", "hostile"):
        seen += cell.attempt("statements sent", name, lambda name=name: run(cell, name, cell.rows)) or []
    seen += cell.attempt("statements printed", "shop", lambda: refused(cell, "shop", cell.rows)) or []
    for start, where in emitted.literals(cell.srcdir).items():
        cell.say("every statement in the source", start, "equal" if any(start in text for text in seen) else "differs", 1,
                 None if any(start in text for text in seen) else f"{where}: no run sent or printed it")
    for kind, _, relative, why in UNKNOWN:
        if cell.unknown.get(kind):
            cell.skip("kinds sqlglot does not know", kind, f"{cell.unknown[kind]} statements" +
                      (", their relatives judged" if relative else "") + f": {why}")
    return cell.finish()


if __name__ == "__main__":
    sys.exit(main())
