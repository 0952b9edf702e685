"""make check-peers: DuckDB and pyarrow read every file of the shop and of the all-types table.

For each table: row multiset, column types, null counts and min/max as the readers see them in footer and data equal
those of the source, whose Arrow stream pyarrow reads from the sandbox."""

import os
import sys

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import rows


def comparable(kind):
    """Types in which pyarrow has a min and a max, and Parquet statistics must agree with them."""
    return not (pa.types.is_null(kind) or pa.types.is_boolean(kind) or pa.types.is_floating(kind)
                or pa.types.is_nested(kind) or pa.types.is_interval(kind))


def same_type(source, file):
    """What a Parquet reader must give for a column of the source."""
    if pa.types.is_timestamp(source):
        return pa.types.is_timestamp(file) and (source.tz is None) == (file.tz is None) and file.unit == "us"
    if pa.types.is_duration(source):
        return pa.types.is_int64(file)
    if str(source) == "month_interval":
        return pa.types.is_int32(file)
    return source == file


def check_statistics(source, paths, name):
    """null_count, min and max over the footers equal those of the source column."""
    nulls, low, high = 0, None, None
    exact = True
    for path in paths:
        metadata = pq.ParquetFile(path).metadata
        index = next(i for i in range(metadata.num_columns) if metadata.schema.column(i).name == name)
        for group in range(metadata.num_row_groups):
            column = metadata.row_group(group).column(index)
            statistics = column.statistics
            assert statistics is not None and statistics.has_null_count, f"{name}: no null count"
            nulls += statistics.null_count
            if column.num_values == statistics.null_count:
                continue
            if not statistics.has_min_max:
                exact = False
                continue
            low = statistics.min if low is None else min(low, statistics.min)
            high = statistics.max if high is None else max(high, statistics.max)
    column = source.column(name)
    assert nulls == column.null_count, f"{name}: {nulls} nulls in the footers, {column.null_count} at the source"
    if not comparable(column.type) or not exact or low is None:
        return 0
    if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        values = [v.encode() if isinstance(v, str) else v for v in column.to_pylist() if v is not None]
        truth = (min(values), max(values))
        ours = tuple(v.encode() if isinstance(v, str) else v for v in (low, high))
        assert ours[0] <= truth[0] and ours[1] >= truth[1], f"{name}: bounds {ours} do not hold {truth}"
        assert truth[0].startswith(ours[0]) , f"{name}: min {ours[0]} is not a prefix of {truth[0]}"
        return 1
    bounds = pc.min_max(column)
    truth = (bounds["min"].as_py(), bounds["max"].as_py())
    assert (low, high) == truth, f"{name}: {(low, high)} in the footers, {truth} at the source"
    return 1


def check_table(sandbox, profile, table, version):
    quoted = ".".join("`" + part.replace("`", "``") + "`" for part in table.split("."))
    pinned = f" VERSION AS OF {version}" if version is not None and version >= 0 else ""
    paths = profile.table_files(table)
    assert paths, f"{table}: no file at the destination"
    footer = pq.read_schema(paths[0])
    columns = ", ".join("`" + name.replace("`", "``") + "`" for name in footer.names)
    chunks, total = sandbox.arrow(f"SELECT {columns} FROM {quoted}{pinned}")
    source = rows.source_table(chunks)
    if source is None:
        source = footer.empty_table()
    assert source.num_rows == total, (source.num_rows, total)
    files = pa.concat_tables([pq.read_table(path) for path in paths])
    for field in source.schema:
        assert same_type(field.type, files.schema.field(field.name).type), \
            f"{table}.{field.name}: {field.type} at the source, {files.schema.field(field.name).type} in the file"
    statistics = sum(check_statistics(source, paths, name) for name in source.column_names)
    plain = [f.name for f in source.schema if source.schema.field(f.name).type == files.schema.field(f.name).type
             or pa.types.is_timestamp(f.type)]
    wanted = rows.source_multiset(source.select(plain))
    by_duckdb = rows.files_multiset(paths, plain)
    by_pyarrow = rows.source_multiset(files.select(plain))
    assert wanted == by_duckdb, f"{table}: DuckDB reads {by_duckdb}, the source has {wanted}"
    assert wanted == by_pyarrow, f"{table}: pyarrow reads {by_pyarrow}, the source has {wanted}"
    for name in source.column_names:
        if name not in plain:
            ours = files.column(name).to_pylist()
            storage = pa.int32() if str(source.schema.field(name).type) == "month_interval" else pa.int64()
            assert sorted(v for v in ours if v is not None) == \
                sorted(v for v in source.column(name).cast(storage).to_pylist() if v is not None), name
    return source.num_rows, len(paths), len(source.column_names), statistics


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


def all_types_view_columns(sandbox, table):
    """The flat columns of the all-types table; its nested ones come with a later version."""
    columns = sandbox.call("GET", f"/api/2.1/unity-catalog/tables/{table}")["columns"]
    return [c["name"] for c in columns if not c["type_text"].startswith(NESTED) and c["type_text"] != "void"]


def main():
    counted = [0, 0, 0, 0]
    print(f"check-peers: pyarrow {pa.__version__}, DuckDB {duckdb.__version__}")
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
                profile.ok("share", "add", types, "--columns", ",".join(all_types_view_columns(sandbox, types)), "--yes")
            report = profile.ok("sync", "run", "--wait")
            assert report["verified"], report
            for entry in report["tables"]:
                figures = check_table(sandbox, profile, entry["name"], entry["version"])
                counted = [a + b for a, b in zip(counted, figures)]
                print(f"  {entry['name']:34} {figures[0]:>9} rows {figures[1]:>3} files {figures[2]:>3} columns "
                      f"{figures[3]:>3} min/max", flush=True)
            assert len(report["tables"]) == len(chosen) + (1 if types else 0), report["tables"]
            print(f"  left out, nested columns: {', '.join(left)}")
        finally:
            profile.engine_stop()
            sandbox.stop()
    print(f"check-peers: {counted[0]} rows, {counted[1]} files, {counted[2]} columns equal in multiset, types, nulls "
          f"and statistics")


if __name__ == "__main__":
    main()
