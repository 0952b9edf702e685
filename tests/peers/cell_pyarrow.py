"""pyarrow reads what the sandbox sends: every chunk of every table of every world, plain and as LZ4 frames.

Each stream must validate fully, hold what the JSON form of the same chunk says, value by value, and have every validity
buffer. Needs the program tests/unit/sandbox_query of the build folder."""
import datetime
import decimal
import io
import json
import os
import struct
import subprocess
import sys

import pyarrow as pa

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cells

PROGRAM = os.path.join(os.environ.get("AAMPE_BUILDDIR", "."), "tests", "unit", "sandbox_query")
WORLDS = {"shop": 4000, "bench": 3000, "types": 0, "hostile": 0}
EPOCH = datetime.datetime(1970, 1, 1)


def ask(world, form, statement):
    done = subprocess.run([PROGRAM, world, str(WORLDS[world]), form, statement], capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{world}: {statement}: {done.stderr.decode()}")
    return done.stdout


def rows(world, statement):
    return [row for line in ask(world, "json", statement).splitlines() for row in json.loads(line)]


def quote(name):
    return "`" + name.replace("`", "``") + "`"


def tables(world):
    for (catalog,) in rows(world, "SHOW CATALOGS"):
        for (schema,) in rows(world, f"SHOW SCHEMAS IN {quote(catalog)}"):
            for _, table, _ in rows(world, f"SHOW TABLES IN {quote(catalog)}.{quote(schema)}"):
                yield ".".join(map(quote, (catalog, schema, table)))


def readable(kind):
    """pyarrow has no array class for months."""
    return str(kind) != "month_interval"


def streams(world, form, statement):
    data = ask(world, form, statement)
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        chunk, data = data[8:8 + length], data[8 + length:]
        source = io.BytesIO(chunk)
        if form == "lz4":  # concatenated frames are one stream to pyarrow's codec reader
            source = pa.CompressedInputStream(pa.BufferReader(chunk), "lz4")
        with pa.ipc.open_stream(source) as reader:
            batches = list(reader)
        for batch in batches:
            batch.validate(full=True)
            for index, field in enumerate(batch.schema):
                if readable(field.type) and not pa.types.is_null(field.type):
                    column = batch.column(index)
                    assert column.null_count == 0 or column.buffers()[0] is not None
        yield pa.Table.from_batches(batches)


def texts(column):
    """Values as JSON_ARRAY spells them; None where that is left to others (intervals, floats)."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        out = []
        for value in column.cast(pa.timestamp("us")).cast(pa.int64()).to_pylist():
            if value is None:
                out.append(None)
                continue
            moment = EPOCH + datetime.timedelta(microseconds=value)
            fraction = f"{moment.microsecond:06d}"
            fraction = fraction[:3] + fraction[3:].rstrip("0")
            out.append(f"{moment.year:04d}{moment:-%m-%dT%H:%M:%S}.{fraction}" + ("Z" if kind.tz else ""))
        return out
    if pa.types.is_binary(kind):
        return [None if v is None else v.hex().upper() for v in column.to_pylist()]
    if pa.types.is_boolean(kind):
        return [None if v is None else str(v).lower() for v in column.to_pylist()]
    if pa.types.is_floating(kind) or pa.types.is_duration(kind):
        return None
    if pa.types.is_decimal(kind):
        return [None if v is None else format(v, "f") for v in column.to_pylist()]
    return [None if v is None else str(v) for v in column.to_pylist()]


def maps(values, field):
    """Arrow holds a map as a list of keys and values, JSON_ARRAY as an object; both as text."""
    if not (field.metadata or {}).get(b"Spark:DataType:SqlName", b"").startswith(b"MAP<"):
        return values
    pairs = [None if v is None else json.loads(v) for v in values]
    return [None if v is None else json.dumps({one["key"]: one["value"] for one in v}, ensure_ascii=False,
                                              separators=(",", ":")) for v in pairs]


def check_table(world, name):
    statement = f"SELECT * FROM {name}"
    wanted = rows(world, statement)
    counted = int(rows(world, f"SELECT count(*) FROM {name}")[0][0])
    for form in ("arrow", "lz4"):
        got = list(streams(world, form, statement))
        assert all(chunk.schema.equals(got[0].schema, check_metadata=True) for chunk in got), "schemas differ"
        table = pa.concat_tables(got) if got else None
        assert len(wanted) == counted == (table.num_rows if got else 0), (len(wanted), counted)
        for index in range(table.num_columns if got else 0):
            field = table.schema.field(index)
            column = texts(table.column(index)) if readable(field.type) else None
            if column is not None:
                assert maps(column, field) == [row[index] for row in wanted], f"column {field.name!r}"
    return counted


def main():
    cell = cells.Cell()
    WORLDS["shop"] = min(cell.rows, WORLDS["shop"])
    decimal.getcontext().prec = 60
    for world in WORLDS:
        for name in tables(world):
            try:
                cell.say("arrow of the sandbox", f"{world}: {name}", "equal", check_table(world, name))
            except (AssertionError, pa.ArrowException) as error:
                cell.say("arrow of the sandbox", f"{world}: {name}", "differs", 0, repr(error))
    return cell.finish()


if __name__ == "__main__":
    sys.exit(main())
