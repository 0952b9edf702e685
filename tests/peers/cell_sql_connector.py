"""Databricks' own SQL connector over REST, unmodified, against aampe-sandbox."""
import logging
import os
import sys
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import cells  # noqa: E402
from databricks import sql  # noqa: E402
from sandbox_client import Sandbox  # noqa: E402

CELL = cells.Cell()
ROWS = CELL.rows


def check(name, got, wanted):
    CELL.equal(name, "sandbox", got, wanted)


def refused(name, kind, call):
    """The call must be refused with the client's own exception for it."""
    try:
        got = call()
    except Exception as error:  # its kind is what is judged
        CELL.equal(name, "sandbox", type(error).__name__, kind.__name__)
        return
    CELL.say(name, "sandbox", "differs", 0, f"was not refused: {got!r}")


def connector(sandbox):
    ready = sandbox.ready
    for cloud_fetch in (True, False):
        with sql.connect(server_hostname=ready["host"], http_path="/sql/1.0/warehouses/" + ready["warehouse_id"],
                         access_token=sandbox.token(), use_sea=True, _port=ready["port"],
                         _tls_trusted_ca_file=ready["ca_file"], use_cloud_fetch=cloud_fetch,
                         enable_telemetry=False) as connection, connection.cursor() as cursor:
            def rows(statement, *parameters, cursor=cursor):
                cursor.execute(statement, *parameters)
                return [tuple(row) for row in cursor.fetchall()]

            check("one", rows("SELECT 1, 'x'"), [(1, "x")])
            check("named", rows("SELECT :a + 1", {"a": 2}), [(3,)])
            check("positional", rows("SELECT ?, ?", ["x", 2]), [("x", 2)])
            check("no rows", rows("SELECT * FROM shop.web.empty_events"), [])
            check("binary", rows("SELECT c_binary FROM shop.types.flat_types WHERE id = 1"), [(b"\x00\xff\x00",)])
            check("users", len(rows("SELECT * FROM shop.aampe.users")), ROWS // 30)
            refused("syntax", sql.exc.ServerOperationError, lambda rows=rows: rows("SELEC"))
            cursor.catalogs()
            check("catalogs", [row[0] for row in cursor.fetchall()], ["shop", "hive_metastore"])
            cursor.tables(catalog_name="shop", schema_name="aampe")
            check("tables", len(cursor.fetchall()), 4)
            cursor.columns(catalog_name="shop", schema_name="aampe", table_name="events")
            check("columns", len(cursor.fetchall()), 6)


def main():
    with Sandbox("--rows", str(ROWS), "--tls") as sandbox:
        os.environ["REQUESTS_CA_BUNDLE"] = sandbox.ready["ca_file"]
        CELL.attempt("connector", "sandbox", lambda: connector(sandbox))
    return CELL.finish()


if __name__ == "__main__":
    sys.exit(main())
