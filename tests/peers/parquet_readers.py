"""Independent readers of the Parquet files we write: pyarrow and DuckDB.

Both must see the rows, null counts, types and bounds of the source.

    parquet_readers.py --source a.arrows [--source b.arrows ...] --parquet f1 [f2 ...]

Sources are Arrow IPC streams (LZ4 frames of them when the name ends in .lz4), all of one schema.
Exit code 0: equal. Needs pyarrow and duckdb from PyPI.
"""
import argparse
import hashlib
import math
import sys

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


class Mismatch(Exception):
    """What a reader saw is not what the source has."""


def read_source(paths):
    """All rows of Arrow stream files, as one table."""
    tables = []
    for path in paths:
        raw = pa.OSFile(path, "rb")
        stream = pa.CompressedInputStream(raw, "lz4") if path.endswith(".lz4") else raw
        with pa.ipc.open_stream(stream) as reader:
            tables.append(reader.read_all())
    return _months_as_numbers(pa.concat_tables(tables))


def _months_as_numbers(table):
    """Year-month intervals as int32 months, by way of DuckDB: pyarrow has no class for them."""
    for index, field in enumerate(table.schema):
        if str(field.type) != "month_interval":
            continue
        connection = duckdb.connect()
        connection.register("source", table.select([index]).rename_columns(["span"]))
        months = connection.sql(
            "SELECT (date_part('year', span) * 12 + date_part('month', span))::INT AS months "
            "FROM source").to_arrow_table()
        table = table.set_column(index, pa.field(field.name, pa.int32()), months.column(0))
    return table


def read_pyarrow(paths):
    return pa.concat_tables([pq.ParquetFile(path).read() for path in paths])


def read_duckdb(paths):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection.sql("SELECT * FROM read_parquet(?)", params=[list(paths)]).to_arrow_table()


def _float_bytes(value):
    if value is None:
        return None
    return b"nan" if math.isnan(value) else float(value).hex().encode()


def _cells(column):
    """Values as bytes that are equal exactly when the values are, whatever reader made them."""
    kind = column.type
    if pa.types.is_null(kind):
        return [None] * len(column)
    if pa.types.is_floating(kind):
        return [_float_bytes(value) for value in column.to_pylist()]
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz)).cast(pa.int64())
    elif pa.types.is_duration(kind):
        column = column.cast(pa.duration("us")).cast(pa.int64())
    elif pa.types.is_date(kind):
        column = column.cast(pa.date32()).cast(pa.int32())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or \
            pa.types.is_fixed_size_binary(kind):
        return column.to_pylist()
    return [None if value is None else str(value).encode() for value in column.to_pylist()]


def row_multiset_hash(table):
    """(rows, hash): independent of row order; doubled and lost rows change it."""
    total = 0
    rows = 0
    for batch in table.to_batches(max_chunksize=65536):
        columns = [_cells(column) for column in batch.columns]
        for row in zip(*columns):
            parts = [b"\x00" if cell is None else b"\x01%d:%s" % (len(cell), cell) for cell in row]
            total += int.from_bytes(hashlib.blake2b(b"".join(parts), digest_size=16).digest(),
                                    "little")
            rows += 1
    return rows, total % (1 << 128)


def expected_leaf(kind):
    """(physical type, logical type as pyarrow prints its start, converted type) of an Arrow type."""
    if pa.types.is_boolean(kind):
        return "BOOLEAN", "None", "NONE"
    if pa.types.is_int8(kind) or pa.types.is_int16(kind):
        bits = 8 if pa.types.is_int8(kind) else 16
        return "INT32", "Int(bitWidth=%d, isSigned=true)" % bits, "INT_%d" % bits
    if pa.types.is_int32(kind):  # year-month intervals too
        return "INT32", "None", "NONE"
    if pa.types.is_int64(kind) or pa.types.is_duration(kind):
        return "INT64", "None", "NONE"
    if pa.types.is_float32(kind):
        return "FLOAT", "None", "NONE"
    if pa.types.is_float64(kind):
        return "DOUBLE", "None", "NONE"
    if pa.types.is_decimal(kind):
        physical = "INT32" if kind.precision <= 9 else \
            "INT64" if kind.precision <= 18 else "FIXED_LEN_BYTE_ARRAY"
        return physical, "Decimal(precision=%d, scale=%d)" % (kind.precision, kind.scale), "DECIMAL"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "BYTE_ARRAY", "String", "UTF8"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or \
            pa.types.is_fixed_size_binary(kind):
        return "BYTE_ARRAY", "None", "NONE"
    if pa.types.is_date(kind):
        return "INT32", "Date", "DATE"
    if pa.types.is_timestamp(kind):
        if kind.tz:
            return "INT64", "Timestamp(isAdjustedToUTC=true, timeUnit=microseconds", \
                "TIMESTAMP_MICROS"
        return "INT64", "Timestamp(isAdjustedToUTC=false, timeUnit=microseconds", "NONE"
    raise Mismatch("no Parquet type is known for %s" % kind)


def _require(condition, message, *values):
    if not condition:
        raise Mismatch(message % values)


def check_types(source_schema, path):
    leaves = pq.ParquetFile(path).schema
    fields = [field for field in source_schema if not pa.types.is_null(field.type)]
    _require(len(leaves) == len(fields), "%s has %d columns, the source %d", path, len(leaves),
             len(fields))
    for index, field in enumerate(fields):
        leaf = leaves.column(index)
        physical, logical, converted = expected_leaf(field.type)
        _require(leaf.name == field.name, "%s: column %d is %r, not %r", path, index, leaf.name,
                 field.name)
        have = (leaf.physical_type, str(leaf.logical_type), leaf.converted_type)
        _require(have[0] == physical and have[1].startswith(logical) and have[2] == converted,
                 "%s: column %r is %r, expected %r", path, field.name, have,
                 (physical, logical, converted))


def _bounds(column):
    """Minimum and maximum by pyarrow's own kernels; NaN left out."""
    if pa.types.is_floating(column.type):
        column = column.filter(pc.invert(pc.fill_null(pc.is_nan(column), True)))
    if column.null_count == len(column):
        return None
    both = pc.min_max(column)
    return both["min"].as_py(), both["max"].as_py()


def _is_bytes(kind):
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or \
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _as_bytes(value):
    return value.encode() if isinstance(value, str) else value


def check_statistics(path):
    """Footer statistics against the data of each row group, as pyarrow decodes both."""
    parquet = pq.ParquetFile(path)
    checked = 0
    for group in range(parquet.metadata.num_row_groups):
        table = parquet.read_row_group(group)
        meta = parquet.metadata.row_group(group)
        _require(meta.num_rows == table.num_rows, "%s group %d: %d rows, footer says %d", path,
                 group, table.num_rows, meta.num_rows)
        for index, name in enumerate(table.column_names):
            column, stats = table.column(index), meta.column(index).statistics
            where = "%s group %d column %r" % (path, group, name)
            _require(stats is not None and stats.has_null_count, "%s: no null count", where)
            _require(stats.null_count == column.null_count, "%s: %d nulls, footer says %d", where,
                     column.null_count, stats.null_count)
            checked += 1
            bounds = _bounds(column)
            if bounds is None:
                _require(not stats.has_min_max, "%s: bounds without values", where)
                continue
            if not stats.has_min_max:
                # Only a text of nothing but the last character has no upper bound.
                _require(_is_bytes(column.type), "%s: no bounds", where)
                continue
            low, high = stats.min, stats.max
            if _is_bytes(column.type):
                low, high = _as_bytes(low), _as_bytes(high)
                bounds = tuple(_as_bytes(bound) for bound in bounds)
                _require(low <= bounds[0] and high >= bounds[1], "%s: bounds do not bound", where)
                if max(len(bounds[0]), len(bounds[1])) <= 64:
                    _require((low, high) == bounds, "%s: bounds are not exact", where)
                continue
            if pa.types.is_floating(column.type):
                _require(math.copysign(1, low) == -1 or low != 0, "%s: minimum +0.0", where)
                _require(math.copysign(1, high) == 1 or high != 0, "%s: maximum -0.0", where)
            _require((low, high) == bounds, "%s: footer says %r, data %r", where, (low, high),
                     bounds)
    return checked


def check_duckdb_metadata(paths):
    """Row and null counts as DuckDB reads them from the footers."""
    connection = duckdb.connect()
    for path in paths:
        rows = connection.execute(
            "SELECT path_in_schema, sum(num_values), sum(stats_null_count) "
            "FROM parquet_metadata(?) GROUP BY 1", [path]).fetchall()
        for name, values, nulls in rows:
            quoted = '"' + name.replace('"', '""') + '"'
            have = connection.execute(
                "SELECT count(*), count(*) - count(%s) FROM read_parquet(?)" % quoted,
                [path]).fetchone()
            _require((values, nulls) == have, "%s column %r: DuckDB's footer %r, data %r", path,
                     name, (values, nulls), have)
        for version, in connection.execute(
                "SELECT DISTINCT decode(value) FROM parquet_kv_metadata(?) "
                "WHERE decode(key) = 'org.apache.spark.version'", [path]).fetchall():
            _require(version >= "3.", "%s: Spark would rebase its dates", path)


def _comparable(table):
    """VOID columns are not stored."""
    fields = [index for index, field in enumerate(table.schema)
              if not pa.types.is_null(field.type)]
    return table.select(fields)


def compare(sources, parquet_paths):
    """Raises Mismatch; returns a line for people."""
    source = _comparable(read_source(sources))
    want = row_multiset_hash(source)
    statistics = 0
    for path in parquet_paths:
        check_types(source.schema, path)
        statistics += check_statistics(path)
    check_duckdb_metadata(parquet_paths)
    for name, read in (("pyarrow", read_pyarrow), ("duckdb", read_duckdb)):
        table = read(parquet_paths)
        _require(table.column_names == source.column_names, "%s sees columns %r", name,
                 table.column_names)
        for index, column in enumerate(table.columns):
            nulls = source.column(index).null_count
            _require(column.null_count == nulls, "%s: column %r has %d nulls, the source %d", name,
                     table.column_names[index], column.null_count, nulls)
        have = row_multiset_hash(table)
        _require(have == want, "%s reads (rows, hash) %r, the source has %r", name, have, want)
    return "%d rows, %d columns, %d files, %d column statistics: pyarrow %s and DuckDB %s agree " \
           "with the source" % (source.num_rows, source.num_columns, len(parquet_paths),
                                statistics, pa.__version__, duckdb.__version__)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", action="append", required=True)
    parser.add_argument("--parquet", nargs="+", required=True)
    options = parser.parse_args(argv)
    try:
        print(compare(options.source, options.parquet))
    except Mismatch as mismatch:
        print("parquet_readers: %s" % mismatch, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
