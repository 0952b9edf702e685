"""Polars reads every file that a sync wrote: names, types, null counts and values, against the sandbox's own answer in
Arrow, which Polars reads too; and what its lazy reader makes of the footers (statistics) against the same rows in memory."""
import io
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cells
import polars as pl
import pyarrow as pa
import world


def source(lab, table, columns, version):
    """The rows as the sandbox sends them, at the version that was synced, intervals as the numbers a file holds."""
    pinned = f" VERSION AS OF {version}" if version is not None and version >= 0 else ""
    quoted = world.quoted((table["catalog_name"], table["schema_name"], table["name"]))
    chunks, _ = lab.sandbox.arrow(f"SELECT {', '.join(map(world.quote, columns))} FROM {quoted}{pinned}")
    tables = [world.as_stored(pa.ipc.open_stream(io.BytesIO(chunk)).read_all()) for chunk in chunks]
    return pl.from_arrow(pa.concat_tables(tables)) if tables else None


def sorted_rows(frame):
    """The rows in an order of their own: by their hash."""
    return frame.with_columns(frame.hash_rows(seed=1).alias("\0hash")).sort("\0hash").drop("\0hash")


def fault(files, wanted):
    """None, or where Polars' reading of the files parts from the rows of the source."""
    frame = pl.read_parquet(files)
    if wanted is None:
        return None if frame.height == 0 else f"{frame.height} rows, the source has none"
    same = [(name, str(kind).replace("Etc/UTC", "UTC")) for name, kind in frame.schema.items()]
    other = [(name, str(kind).replace("Etc/UTC", "UTC")) for name, kind in wanted.schema.items()]
    if same != other:
        return cells.parting(same, other)
    wanted = wanted.cast(frame.schema)
    if frame.null_count().row(0) != wanted.null_count().row(0):
        return cells.parting(list(frame.null_count().row(0)), list(wanted.null_count().row(0)))
    if not sorted_rows(frame).equals(sorted_rows(wanted)):
        return f"other rows: {frame.height} in the files, {wanted.height} at the source"
    return pushed_down(files, frame)


def pushed_down(files, frame):
    """A comparison that Polars decides by the statistics in the footers gives what it gives on the rows in memory."""
    for name, kind in frame.schema.items():
        if not (kind.is_integer() or kind.is_temporal() or kind == pl.String) or frame[name].null_count() == frame.height:
            continue
        middle = frame[name].drop_nulls().sort()[frame[name].count() // 2]
        wanted = frame.filter(pl.col(name) >= middle).height
        got = pl.scan_parquet(files).filter(pl.col(name) >= middle).select(pl.len()).collect().item()
        none = pl.scan_parquet(files).filter(pl.col(name) > frame[name].max()).select(pl.len()).collect().item()
        if (got, none) != (wanted, 0):
            return f"{name!r}: {got} rows from the middle on and {none} beyond the last, by the footers; {wanted} and 0 in memory"
    return None


def main():
    cell = cells.Cell()
    with world.World("--rows", str(cell.rows)) as lab:
        tables = [(table, world.flat_columns(table)) for table in lab.tables("shop")]
        entries = lab.sync(*[(table["full_name"], columns if len(columns) < len(table["columns"]) else None)
                             for table, columns in tables])
        for table, columns in tables:
            name = table["full_name"]

            def judge(table=table, columns=columns, name=name):
                rows = source(lab, table, columns, entries[name]["version"])
                found = fault(lab.profile.table_files(name), rows)
                cell.say("synced tables", name, "differs" if found else "equal", 0 if rows is None else rows.height, found)
            cell.attempt("synced tables", name, judge)
    return cell.finish()


if __name__ == "__main__":
    sys.exit(main())
