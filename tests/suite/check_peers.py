"""make check-peers: DuckDB and pyarrow read every file of the shop and of the all-types table.

For each table: row multiset, column types, null counts and min/max as the readers see them in footer and data equal
those of the source, whose Arrow stream pyarrow reads from the sandbox (tests/peers/parquet_readers.py)."""

import os
import sys

import pyarrow.parquet as pq

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, os.pardir, "peers")]
import harness
import parquet_readers


def check_table(sandbox, profile, table, version, folder):
    """What the readers say of one table, against the source at the version that was synced."""
    quoted = ".".join("`" + part.replace("`", "``") + "`" for part in table.split("."))
    pinned = f" VERSION AS OF {version}" if version is not None and version >= 0 else ""
    paths = profile.table_files(table)
    assert paths, f"{table}: no file at the destination"
    columns = ", ".join("`" + name.replace("`", "``") + "`" for name in pq.read_schema(paths[0]).names)
    chunks, _ = sandbox.arrow(f"SELECT {columns} FROM {quoted}{pinned}")
    sources = []
    for index, chunk in enumerate(chunks):
        sources.append(os.path.join(folder, f"source-{index}.arrows"))
        with open(sources[-1], "wb") as file:
            file.write(chunk)
    if not sources:
        assert all(pq.ParquetFile(path).metadata.num_rows == 0 for path in paths), table
        return "0 rows"
    said = parquet_readers.compare(sources, paths)
    for path in sources:
        os.remove(path)
    return said.split(":")[0]


NESTED = ("array<", "map<", "struct<")


def tables_of(sandbox, catalog):
    """(full name, columns) of every table of a catalog with rows and only flat columns; and the names left out."""
    base = "/api/2.1/unity-catalog"
    chosen, left = [], []
    for schema in sandbox.call("GET", f"{base}/schemas?catalog_name={catalog}").get("schemas", []):
        listed = sandbox.call("GET", f"{base}/tables?catalog_name={catalog}&schema_name={schema['name']}")
        for table in listed.get("tables", []):
            nested = any(c["type_text"].startswith(NESTED) for c in table.get("columns", []))
            (left if nested else chosen).append(table["full_name"])
    return chosen, left


def flat_columns(sandbox, table):
    """The flat columns of the all-types table; its nested ones come with a later version."""
    columns = sandbox.call("GET", f"/api/2.1/unity-catalog/tables/{table}")["columns"]
    return [c["name"] for c in columns if not c["type_text"].startswith(NESTED) and c["type_text"] != "void"]


def main():
    checked = 0
    with harness.Folder("aampe-peers.") as folder:
        sandbox = harness.Sandbox(folder, "--world", "shop", "--rows", os.environ.get("ROWS", "200000"))
        profile = harness.Profile(folder)
        try:
            profile.engine_start()
            profile.connect(sandbox)
            principal = sandbox.info["application_id"]
            chosen, left = tables_of(sandbox, "shop")
            for privilege in ("USE_CATALOG", "USE_SCHEMA", "SELECT"):
                sandbox.command("grant", principal, privilege, "shop")
            for table in chosen:
                profile.ok("share", "add", table, "--yes")
            types = next((name for name in left if name.endswith("all_types")), None)
            if types:
                left.remove(types)
                wanted = [word for name in flat_columns(sandbox, types) for word in ("--column", name)]
                profile.ok("share", "add", types, *wanted, "--yes")
            report = profile.ok("sync", "run", "--wait")
            assert report["verified"], report
            for entry in report["tables"]:
                figures = check_table(sandbox, profile, entry["name"], entry["version"], folder)
                checked += 1
                print(f"  {entry['name']:34} {figures}", flush=True)
            assert len(report["tables"]) == len(chosen) + (1 if types else 0), report["tables"]
            print(f"  left out, nested columns: {', '.join(left)}")
        finally:
            profile.engine_stop()
            sandbox.stop()
    print(f"check-peers: {checked} tables equal in row multiset, types, null counts and min/max, read by pyarrow and DuckDB")


if __name__ == "__main__":
    main()
