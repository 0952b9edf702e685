"""Databricks' own SQL connector over REST, unmodified: it accepts the sandbox, and what it sees is what we see.

Metadata against `tree --json` and `show --json`; the rows of every table against the files of our sync, as multisets,
shop.aampe.events with all its ROWS through CloudFetch links; nested columns against `preview --reveal`."""
import json
import logging
import os
import resource
import sys
import time
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import cells  # noqa: E402
import world  # noqa: E402
from databricks import sql  # noqa: E402

BATCH = 100000
LARGE = "shop.aampe.events"


def connect(lab, **more):
    ready = lab.ready
    return sql.connect(server_hostname=ready["host"], http_path="/sql/1.0/warehouses/" + ready["warehouse_id"],
                       access_token=lab.token(), use_sea=True, _port=ready["port"],
                       _tls_trusted_ca_file=ready["ca_file"], enable_telemetry=False, **more)


def refused(cell, name, kind, call):
    """The call must be refused with the client's own exception for it."""
    try:
        got = call()
    except Exception as error:  # its kind is what is judged
        cell.equal(name, "sandbox", type(error).__name__, kind.__name__)
        return
    cell.say(name, "sandbox", "differs", 0, f"was not refused: {got!r}")


def manners(cell, lab, cloud_fetch):
    """Parameters, empty results, types of Python and refusals, with results as links or inline."""
    about = "links" if cloud_fetch else "inline"
    with connect(lab, use_cloud_fetch=cloud_fetch) as connection, connection.cursor() as cursor:
        def rows(statement, *parameters):
            cursor.execute(statement, *parameters)
            return [tuple(row) for row in cursor.fetchall()]

        cell.equal("statements", about + ", one", rows("SELECT 1, 'x'"), [(1, "x")])
        cell.equal("statements", about + ", named", rows("SELECT :a + 1", {"a": 2}), [(3,)])
        cell.equal("statements", about + ", positional", rows("SELECT ?, ?", ["x", 2]), [("x", 2)])
        cell.equal("statements", about + ", no rows", rows("SELECT * FROM shop.web.empty_events"), [])
        cell.equal("statements", about + ", binary", rows("SELECT c_binary FROM shop.types.flat_types WHERE id = 1"),
                   [(b"\x00\xff\x00",)])
        refused(cell, "refused", sql.exc.ServerOperationError, lambda: rows("SELEC"))
        refused(cell, "refused", sql.exc.ServerOperationError, lambda: rows("SELECT * FROM shop.web.nothing_here"))


def metadata(cell, lab):
    """Catalogs, schemas, tables and columns as the connector lists them and as our commands do."""
    ours = lab.profile.ok("tree", "--refresh")["rows"]
    with connect(lab) as connection, connection.cursor() as cursor:
        def listed(call, **names):
            call(**names)
            return [row.asDict() for row in cursor.fetchall()]

        # Our tree hears of hive_metastore, which is not in Unity Catalog, a little later.
        catalogs = [one["catalog"] for one in listed(cursor.catalogs) if one["catalog"] != "hive_metastore"]
        cell.equal("catalogs", "tree", sorted(catalogs),
                   sorted(r["name"] for r in ours if r["kind"] == "catalog" and r["name"] != "hive_metastore"))
        for catalog in catalogs:
            schemas = [one["databaseName"] for one in listed(cursor.schemas, catalog_name=catalog)]
            cell.equal("schemas", f"tree, {catalog}", sorted(schemas),
                       sorted(r["name"] for r in ours if r["kind"] == "schema" and
                              r["full_name"].startswith(catalog + ".")))
            for schema in schemas:
                names = {"catalog_name": catalog, "schema_name": schema}
                mine = {r["name"]: (r["type"] == "VIEW", r.get("comment") or "") for r in ours
                        if r["kind"] == "table" and r["full_name"] == f"{catalog}.{schema}.{r['name']}"}
                tables = {one["tableName"]: (one["tableType"] == "VIEW", one["remarks"] or "")
                          for one in listed(cursor.tables, **names)}
                cell.equal("tables", f"tree, {catalog}.{schema}", tables, mine)
                for table in tables:
                    theirs = [(one["col_name"], one["columnType"].upper().replace(" ", ""))
                              for one in listed(cursor.columns, table_name=table, **names)]
                    shown = lab.profile.ok("show", f"{catalog}.{schema}.{table}")["columns"]
                    cell.equal("columns", f"show, {catalog}.{schema}.{table}", theirs,
                               [(one["name"], one["type"].upper().replace(" ", "")) for one in shown])


def read(connection, statement, multiset):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        while True:
            batch = cursor.fetchmany_arrow(BATCH)
            if batch.num_rows == 0:
                return multiset
            multiset.add(batch)


def judge(cell, lab, connection, table, columns, entry):
    """The rows of one table: the connector's at the version we synced, and those in our files."""
    name = table["full_name"]
    pinned = f" VERSION AS OF {entry['version']}" if (entry["version"] or -1) >= 0 else ""
    source = world.quoted((table["catalog_name"], table["schema_name"], table["name"]))
    statement = f"SELECT {', '.join(map(world.quote, columns))} FROM {source}{pinned}"
    began = time.monotonic()
    theirs = read(connection, statement, world.Multiset(columns)).said()
    took = time.monotonic() - began
    ours = world.Multiset(columns).add_files(lab.profile.table_files(name)).said()
    if not cell.equal("rows", name, theirs, ours, ours["rows"]) or name != LARGE:
        return
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    cell.say("rows, all of them", name, "equal", ours["rows"],
             f"{theirs['rows']} rows by the connector in {took:.0f} s (peak {peak} MiB, hash {theirs['hash']}), "
             f"{ours['rows']} rows in {entry['files']} files by us in {entry['seconds']:.1f} s (hash {ours['hash']})")


def rows(cell, lab):
    """Every table that we can sync, with its flat columns."""
    tables = [(table, world.flat_columns(table)) for table in lab.tables("shop")]
    entries = lab.sync(*[(table["full_name"], columns if len(columns) < len(table["columns"]) else None)
                         for table, columns in tables])
    with connect(lab) as connection:
        for table, columns in tables:
            cell.attempt("rows", table["full_name"], lambda table=table, columns=columns:
                         judge(cell, lab, connection, table, columns, entries[table["full_name"]]))
    asked = json.loads(lab.sandbox.command("requests", "--json"))["requests"]
    links = sum(one["endpoint"] == "link" for one in asked)
    cell.say("fetched by links", "sandbox", "equal" if links else "differs", links, None if links else "no link was asked for")


def nested(cell, lab):
    """Nested columns, which we show but do not sync: their text against the connector's."""
    for table in lab.tables("shop"):
        columns = {one["name"]: one["type_text"].upper() for one in table["columns"]
                   if one["type_text"].upper().startswith(world.NESTED)}
        if not columns:
            continue
        name = table["full_name"]
        shown = lab.profile.ok("preview", name, "--reveal", "--limit", "20")
        names = [one["name"] for one in shown["columns"]]
        with connect(lab) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(map(world.quote, columns))} FROM {name} LIMIT 20")
            theirs = cursor.fetchall_arrow()
        for column, kind in columns.items():
            at = names.index(column)
            cell.equal("nested columns", f"{name}.{column}", [plain(value, kind) for value in theirs[column].to_pylist()],
                       [plain(row[at], kind) for row in shown["rows"]])


def plain(value, kind):
    """The value of a nested text. Arrow has a MAP as a list of keys and values, JSON as an object."""
    value = json.loads(value) if isinstance(value, str) else value
    if kind.startswith("MAP<") and isinstance(value, list):
        return {one["key"]: one["value"] for one in value}
    return value


def main():
    cell = cells.Cell()
    with world.World("--rows", str(cell.rows), "--tls") as lab:
        for cloud_fetch in (True, False):
            cell.attempt("statements", "sandbox", lambda fetch=cloud_fetch: manners(cell, lab, fetch))
        cell.attempt("metadata", "shop", lambda: metadata(cell, lab))
        cell.attempt("nested columns", "shop", lambda: nested(cell, lab))
        cell.attempt("rows", "shop", lambda: rows(cell, lab))
    return cell.finish()


if __name__ == "__main__":
    sys.exit(main())
