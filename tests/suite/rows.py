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
