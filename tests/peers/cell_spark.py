"""Apache Spark runs every SELECT we emit, on the same rows, and finds what the sandbox answered: names, types and rows.

The statements are those of real runs (emitted.py). A table of the sandbox becomes a temporary view: its rows as the sandbox
sends them in Arrow, written to Parquet by pyarrow, cast to the types that Unity Catalog names. In a statement only the
reference to the table is replaced, with its VERSION AS OF. ANSI mode, UTC, as on a SQL warehouse."""
import collections
import datetime
import decimal
import io
import json
import math
import os
import re
import shutil
import sys
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cells
import emitted
import pyarrow as pa
import pyarrow.parquet as pq
import world
from pyspark.sql import SparkSession

EPOCH = datetime.datetime(1970, 1, 1)
SCALARS = re.compile(r"(?<![\w`])(boolean|tinyint|smallint|int|bigint|float|double|decimal\([^)]*\)|date|timestamp_ntz|timestamp|"
                     r"varchar\(\d+\)|char\(\d+\)|binary)(?![\w`(:])", re.IGNORECASE)
SOURCE = re.compile(r"(`(?:[^`]|``)+`\.`(?:[^`]|``)+`\.`(?:[^`]|``)+`|system\.access\.audit)(?: VERSION AS OF (\d+))?")
AUDIT = "system.access.audit"
WITHOUT_ORDER = re.compile(r" LIMIT [1-9]\d*$")


def spark_session(folder):
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {"spark.master": "local[1]", "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1",
                "spark.driver.bindAddress": "127.0.0.1", "spark.sql.session.timeZone": "UTC",
                "spark.sql.ansi.enabled": "true", "spark.sql.shuffle.partitions": "1",
                "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED", "spark.local.dir": folder,
                "spark.sql.warehouse.dir": os.path.join(folder, "warehouse"), "spark.driver.memory": "1g",
                "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={folder} -Dderby.system.home={folder}"}
    builder = SparkSession.builder
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def arrow(lab, statement):
    """What the sandbox answers, as one table with intervals as numbers; and the types its manifest names."""
    answer = lab.sandbox.statement(statement, disposition="EXTERNAL_LINKS", format="ARROW_STREAM")
    kinds = [(one["name"], one["type_text"]) for one in answer["manifest"]["schema"]["columns"]]
    tables = []
    for index in range(answer["manifest"]["total_chunk_count"]):
        data = lab.sandbox.call("GET", f"/api/2.0/sql/statements/{answer['statement_id']}/result/chunks/{index}")
        with urllib.request.urlopen(data["external_links"][0]["external_link"], timeout=300) as body:
            tables.append(world.as_stored(pa.ipc.open_stream(io.BytesIO(body.read())).read_all()))
    names = [f"c{index}" for index in range(len(kinds))]
    return (pa.concat_tables(tables).rename_columns(names) if tables else None), kinds


def column_of(index, kind):
    """The expression that makes the column of its stored form. Nested values and VARIANTs came as JSON text, their
    leaves as text too, a MAP as a list of keys and values."""
    stored, written, kind = f"c{index}", kind, kind.upper()
    if kind == "VARIANT":
        return f"parse_json({stored})"
    if kind == "VOID":
        return "NULL"
    if kind.startswith("INTERVAL YEAR"):
        return f"make_ym_interval(0, {stored})"
    if kind.startswith("INTERVAL DAY"):
        # Through days, so that no intermediate value leaves the range.
        day = 86400000000
        return (f"make_dt_interval(CAST({stored} DIV {day} AS INT), 0, 0, "
                f"CAST(({stored} % {day}) / 1000000BD AS DECIMAL(18, 6)))")
    if kind.startswith("MAP<"):
        key, value = written[4:-1].split(",", 1)
        entries = f"array<struct<key:{SCALARS.sub('string', key)},value:{SCALARS.sub('string', value)}>>"
        return f"CAST(map_from_entries(from_json({stored}, '{entries}')) AS {written})"
    if kind.startswith(world.NESTED):
        return f"CAST(from_json({stored}, '{SCALARS.sub('string', written)}') AS {written})"
    return stored


class Views:
    """The tables of a sandbox as temporary views of Spark, made when a statement names them."""

    def __init__(self, lab, spark, folder):
        self.lab, self.spark, self.folder = lab, spark, folder
        self.made, self.wholes = {}, {}

    def whole(self, text):
        """All rows of a statement without its LIMIT, by the sandbox."""
        if text not in self.wholes:
            self.wholes[text] = rows_of_sandbox(self.lab, text)[0]
        return self.wholes[text]

    def view(self, found):
        source = found.group(0)
        if source not in self.made:
            name = f"t{len(self.made)}"
            table, kinds = arrow(self.lab, f"SELECT * FROM {source}")
            if found.group(1) != AUDIT:
                kinds = [(name_, declared) for (name_, _), declared in zip(kinds, self.declared(found.group(1)))]
            self.make(name, table, kinds)
            self.made[source] = name
        return f"`{self.made[source]}`"

    def declared(self, quoted):
        """Types as Unity Catalog has them; a result of VARCHAR and CHAR is a STRING, in Spark too."""
        names = [part.replace("``", "`") for part in re.findall(r"`((?:[^`]|``)+)`", quoted)]
        listed = next(t for t in self.lab.tables(names[0]) if (t["schema_name"], t["name"]) == (names[1], names[2]))
        return [column["type_text"] for column in listed["columns"]]

    def make(self, name, table, kinds):
        path = os.path.join(self.folder, name + ".parquet")
        if table is None:
            columns = [f"CAST(NULL AS {kind if kind.upper() != 'VOID' else 'STRING'})" for _, kind in kinds]
            frame = self.spark.sql(f"SELECT {', '.join(columns)} WHERE false")
        else:
            keep = [index for index, field in enumerate(table.schema) if not pa.types.is_null(field.type)]
            pq.write_table(table.select(keep), path)
            frame = self.spark.read.parquet(path).selectExpr(*[column_of(i, kind) for i, (_, kind) in enumerate(kinds)])
        frame.toDF(*[column for column, _ in kinds]).createOrReplaceTempView(name)

    def statement(self, text):
        return SOURCE.sub(self.view, text)


def cell_text(value):
    """One value as text that is equal exactly when the values are, wherever it came from."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value.hex()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        return str((value.replace(tzinfo=None) - EPOCH) // datetime.timedelta(microseconds=1))
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, dict):
        return {key: cell_text(one) for key, one in value.items()}
    if isinstance(value, list):
        return [cell_text(one) for one in value]
    return str(value)


def plain(value, kind):
    """The value of the JSON text of a nested column or VARIANT. Numbers of a VARIANT are equal as numbers: Spark drops
    the zeros at their end."""
    kind = kind.upper()
    if value is None or not isinstance(value, str) or not (kind.startswith(world.NESTED) or kind == "VARIANT"):
        return value
    number = (lambda text: decimal.Decimal(text).normalize()) if kind == "VARIANT" else decimal.Decimal
    value = json.loads(value, parse_float=number, parse_int=number)
    return {one["key"]: one["value"] for one in value} if kind.startswith("MAP<") and isinstance(value, list) else value


def multiset(table, kinds):
    columns = [[json.dumps(cell_text(plain(value, kind)), sort_keys=True) for value in table.column(index).to_pylist()]
               for index, (_, kind) in enumerate(kinds)]
    return collections.Counter(zip(*columns))


def rows_of_sandbox(lab, statement):
    table, kinds = arrow(lab, statement)
    return (collections.Counter() if table is None else multiset(table, kinds)), kinds


def comparable(frame):
    """The result with columns that pyarrow can carry: intervals as numbers, VARIANTs as JSON text."""
    expressions = []
    for index, field in enumerate(frame.schema.fields):
        kind, name = field.dataType.simpleString(), f"c{index}"
        if kind.startswith("interval year"):
            name = f"CAST(extract(YEAR FROM {name}) * 12 + extract(MONTH FROM {name}) AS INT)"
        elif kind.startswith("interval"):
            name = (f"(CAST(extract(DAY FROM {name}) AS BIGINT) * 86400 + extract(HOUR FROM {name}) * 3600 + "
                    f"extract(MINUTE FROM {name}) * 60) * 1000000 + CAST(extract(SECOND FROM {name}) * 1000000 AS BIGINT)")
        elif kind == "variant" or kind.startswith(("array", "map", "struct")):
            name = f"to_json({name}, map('ignoreNullFields', 'false'))" if kind != "variant" else f"to_json({name})"
        expressions.append(f"{name} AS c{index}")
    return frame.toDF(*[f"c{index}" for index in range(len(frame.columns))]).selectExpr(*expressions)


def rows_of_spark(spark, statement):
    frame = spark.sql(statement)
    kinds = [(field.name, field.dataType.simpleString()) for field in frame.schema.fields]
    return multiset(comparable(frame).toArrow(), kinds), kinds


def bare(kinds):
    return [(name, re.sub(r"[\s`]", "", kind).upper()) for name, kind in kinds]


def fault(lab, views, text):
    """None, or how Spark's answer differs from the sandbox's."""
    theirs, kinds = rows_of_spark(views.spark, views.statement(text))
    ours, named = rows_of_sandbox(lab, text)
    if [kind for _, kind in bare(kinds)] != [kind for _, kind in bare(named)]:
        return cells.parting(bare(kinds), bare(named))
    if WITHOUT_ORDER.search(text) and " ORDER BY " not in text:
        whole = views.whole(WITHOUT_ORDER.sub("", text))
        strange = (theirs - whole) + (ours - whole)
        return f"a row that is not the table's: {next(iter(strange))}" if strange or ours.total() != theirs.total() else None
    if theirs != ours:
        return (f"{theirs.total()} rows by Spark, {ours.total()} by the sandbox; only Spark has {list(theirs - ours)[:1]}, "
                f"only the sandbox {list(ours - theirs)[:1]}")
    return None


def kind_of(text):
    """What a statement is for, as the table of results names it."""
    for start, kind in (("SELECT count(*) AS n", "counts"), ("SELECT count(*)", "counts of columns"),
                        ("SELECT unix_micros", "audit log"), ("SELECT 1", "one"), ("SELECT * FROM", "previews and trials")):
        if text.startswith(start):
            return kind
    return "reads of a sync"


def run(cell, name):
    # Nothing new comes into the audit log for long enough.
    with world.World("--world", name, "--rows", str(cell.rows), "--set", "audit_lag_seconds=3000") as lab:
        spark = spark_session(lab.folder)
        sent, printed = emitted.everything(lab, name)
        views = Views(lab, spark, lab.folder)
        spark.sql("SELECT 1").collect()
        # The audit log first: after the clock was turned it has all that was asked so far.
        selects = sorted((text for text in dict.fromkeys(sent + printed) if text.startswith("SELECT")),
                         key=lambda text: AUDIT not in text)
        lab.sandbox.command("clock", "+3600")
        counts = collections.Counter()
        for text in selects:
            try:
                found = fault(lab, views, text)
            except Exception as error:  # whatever Spark raises
                found = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            counts[kind_of(text)] += found is None
            if found:
                cell.say(kind_of(text), name, "differs", 1, f"{text[:200]!r}: {found}")
        for kind, count in counts.items():
            if count:
                cell.say(kind, name, "equal", count)
        spark.stop()
        shutil.rmtree(os.path.join(lab.folder, "warehouse"), ignore_errors=True)


def main():
    decimal.getcontext().prec = 60
    cell = cells.Cell()
    for name in ("shop", "hostile"):
        cell.attempt("statements", name, lambda name=name: run(cell, name))
    return cell.finish()


if __name__ == "__main__":
    sys.exit(main())
