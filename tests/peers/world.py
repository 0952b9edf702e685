"""A sandbox, our engine and what it wrote, as the cells that judge data need them; and row multisets by DuckDB.

A multiset is kept as sums of 64-bit hashes, of whole rows and of each column: equal sums over equal counts mean that no
row was lost, doubled or changed. Both sides are hashed by the same DuckDB over the same types, batch by batch."""

import base64
import json
import os
import ssl
import urllib.parse
import urllib.request

import cells  # noqa: F401  (puts tests/suite on the path)
import harness

UNITY = "/api/2.1/unity-catalog/"
PRIVILEGES = ("USE_CATALOG", "USE_SCHEMA", "SELECT")
NESTED = ("ARRAY<", "MAP<", "STRUCT<")


def quote(name):
    return "`" + name.replace("`", "``") + "`"


def quoted(parts):
    return ".".join(map(quote, parts))


class World:
    """With-block: a sandbox whose principal may read every catalog, and an engine connected to it. A first use of TLS
    makes this process trust the sandbox's own authority."""

    def __init__(self, *options, grant=True):
        self.options = options
        self.grant = grant

    def __enter__(self):
        self.temporary = harness.Folder("aampe-peers.")
        self.folder = self.temporary.__enter__()
        self.sandbox = harness.Sandbox(self.folder, *self.options)
        self.ready = self.sandbox.info
        if "ca_file" in self.ready:
            os.environ["SSL_CERT_FILE"] = os.environ["REQUESTS_CA_BUNDLE"] = self.ready["ca_file"]
        self.profile = harness.Profile(self.folder)
        try:
            self.profile.engine_start()
            self.profile.connect(self.sandbox)
            for catalog in self.catalogs() if self.grant else ():
                for privilege in PRIVILEGES:
                    self.sandbox.command("grant", self.ready["application_id"], privilege, catalog)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.profile.engine_stop()
        self.sandbox.stop()
        self.temporary.__exit__(kind, value, trace)

    def listed(self, what, key=None, **query):
        """All items of a listing, over its pages, as the metastore admin."""
        items, token = [], None
        while True:
            words = {**query, **({"page_token": token} if token else {})}
            page = self.sandbox.call("GET", UNITY + what + "?" + urllib.parse.urlencode(words))
            items += page.get(key or what) or []
            token = page.get("next_page_token")
            if not token:
                return items

    def catalogs(self):
        return [one["name"] for one in self.listed("catalogs") if one["catalog_type"] != "SYSTEM_CATALOG"]

    def tables(self, catalog):
        """Every table of a catalog that can be shared, as Unity Catalog describes it, its columns with it."""
        return [table for schema in self.listed("schemas", catalog_name=catalog) if schema["name"] != "information_schema"
                for table in self.listed("tables", catalog_name=catalog, schema_name=schema["name"])]

    def token(self):
        """An access token of the principal."""
        who = f"{self.ready['client_id']}:{self.ready['client_secret']}".encode()
        request = urllib.request.Request(self.ready["address"] + "/oidc/v1/token",
                                         data=b"grant_type=client_credentials&scope=all-apis",
                                         headers={"Authorization": "Basic " + base64.b64encode(who).decode()})
        with urllib.request.urlopen(request, timeout=60, context=ssl.create_default_context()) as answer:
            return json.load(answer)["access_token"]

    def sync(self, *tables):
        """Syncs tables [(full name, columns or None for all)]; the report's entries by name."""
        for name, columns in tables:
            words = [word for column in columns or () for word in ("--column", column)]
            self.profile.ok("share", "add", name, *words, "--yes")
        report = self.profile.ok("sync", "run", "--wait", *[name for name, _ in tables], timeout=3600)
        assert report["verified"], report
        return {entry["name"]: entry for entry in report["tables"]}

    def statements(self):
        """The SQL of every statement that was submitted to the sandbox, in order."""
        asked = json.loads(self.sandbox.command("requests", "--json"))["requests"]
        return [one["statement"] for one in asked if one.get("statement")]


def flat_columns(table):
    """Names of the columns that we sync today: no nested ones, and no VOID, which has no Parquet type."""
    kinds = {column["name"]: column["type_text"].upper() for column in table["columns"]}
    return [name for name, kind in kinds.items() if not kind.startswith(NESTED) and kind != "VOID"]


def as_stored(table):
    """An Arrow table or batch with intervals as the whole numbers that a file holds: months and microseconds. pyarrow has
    no class for months, so the batch is read again under a schema that says what its bytes are."""
    import pyarrow as pa
    stored = []
    for field in table.schema:
        kind = pa.int32() if str(field.type) == "month_interval" else field.type
        stored.append(pa.field(field.name, kind, metadata=field.metadata))
    batches = table.to_batches() if isinstance(table, pa.Table) else [table]
    table = pa.Table.from_batches([pa.ipc.read_record_batch(batch.serialize(), pa.schema(stored)) for batch in batches],
                                  pa.schema(stored))
    for index, field in enumerate(table.schema):
        if pa.types.is_duration(field.type):
            column = table.column(index).cast(pa.duration("us")).cast(pa.int64())
            table = table.set_column(index, pa.field(field.name, pa.int64()), column)
    return table


class Multiset:
    """Counts and sums of hashes of rows and columns; `add` takes one batch at a time."""

    def __init__(self, columns):
        import duckdb
        self.columns = list(columns)
        self.rows = 0
        self.sums = [0] * (2 * len(self.columns) + 1)
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'; SET threads = 1")
        words = ['"' + name.replace('"', '""') + '"' for name in self.columns]
        self.figures = ", ".join(
            ["count(*)", f"coalesce(sum(hash({', '.join(words)})::HUGEINT), 0)"] +
            [figure for word in words for figure in (f"count({word})", f"coalesce(sum(hash({word})::HUGEINT), 0)")])

    def _take(self, relation):
        rows, *sums = self.connection.execute(f"SELECT {self.figures} FROM {relation}").fetchall()[0]
        self.rows += rows
        self.sums = [one + int(other) for one, other in zip(self.sums, sums)]

    def add(self, table):
        """An Arrow table or batch; intervals as the whole numbers that a file holds."""
        self.connection.register("batch", as_stored(table.rename_columns(self.columns)))
        self._take("batch")
        self.connection.unregister("batch")
        return self

    def add_files(self, paths):
        for path in paths:
            self._take("read_parquet('" + path.replace("'", "''") + "')")
        return self

    def said(self):
        """What is compared: rows, hash of the rows, and of each column its values and their hash."""
        columns = {name: (self.sums[1 + 2 * index], f"{self.sums[2 + 2 * index]:x}")
                   for index, name in enumerate(self.columns)}
        return {"rows": self.rows, "hash": f"{self.sums[0]:x}", **columns}
