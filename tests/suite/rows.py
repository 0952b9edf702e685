"""Row multisets, by other people's software: pyarrow reads the streams of the source, DuckDB reads our files.

A multiset is (rows, sum of a 64-bit hash per row): equal sums over equal counts mean that no row was lost, doubled or
changed. Both sides are hashed by the same DuckDB over the same types, so a type that differs is a difference too.
"""

import io

import duckdb
import pyarrow as pa
import pyarrow.ipc


def source_table(chunks):
    """The streams of one result as one table."""
    batches = []
    schema = None
    for chunk in chunks:
        with pa.ipc.open_stream(io.BytesIO(chunk)) as stream:
            schema = stream.schema
            batches.extend(stream)
    return pa.Table.from_batches(batches, schema) if schema is not None else None


def _hash(connection, relation, columns):
    row = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    return connection.execute(
        f"SELECT count(*), coalesce(sum(hash({row})::HUGEINT), 0)::VARCHAR FROM {relation}").fetchone()


def source_multiset(table):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET threads = 1")
    connection.register("source", table)
    return _hash(connection, "source", table.column_names)


def files_multiset(paths, columns):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET threads = 1")
    connection.execute("CREATE VIEW files AS SELECT * FROM read_parquet(%s)" % list(paths))
    return _hash(connection, "files", columns)


def difference(source, paths):
    """What the source has and the files have not, and the other way round: for the message of a failure."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("source", source)
    columns = ", ".join('"' + name.replace('"', '""') + '"' for name in source.column_names)
    connection.execute("CREATE VIEW files AS SELECT * FROM read_parquet(%s)" % list(paths))
    text = []
    for title, left, right in (("only at the source", "source", "files"), ("only in the files", "files", "source")):
        found = connection.execute(
            f"SELECT {columns} FROM {left} EXCEPT ALL SELECT {columns} FROM {right} LIMIT 1000").fetchall()
        text.append(f"{title}: {len(found)} rows" + "".join(f"\n  {row}" for row in found[:3]))
    return "\n".join(text)
