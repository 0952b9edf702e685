"""Databricks' own Python SDK and SQL connector, unmodified, against aampe-sandbox.

Needs databricks-sdk and databricks-sql-connector from PyPI and the program aampe-sandbox of the build folder. Exit code 0:
every call gave what it should."""
import logging
import os
import pathlib
import sys
import urllib.request
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import databricks.sdk.errors as errors  # noqa: E402
import pyarrow as pa  # noqa: E402
from databricks import sql  # noqa: E402
from databricks.sdk import WorkspaceClient  # noqa: E402
from databricks.sdk.service.catalog import PermissionsChange, Privilege  # noqa: E402
from databricks.sdk.service.sql import Disposition, Format, StatementParameterListItem, StatementState  # noqa: E402
from sandbox_client import Sandbox  # noqa: E402

ROWS = 60000
CHECKS = []


def check(name, got, wanted):
    CHECKS.append(name)
    if got != wanted:
        sys.exit(f"sandbox_clients: {name}: {got!r}, not {wanted!r}")


def refused(name, kind, call):
    CHECKS.append(name)
    try:
        call()
    except kind:
        return
    sys.exit(f"sandbox_clients: {name}: was not refused")


def sdk_metadata(sandbox, client, admin):
    ready = sandbox.ready
    check("me", client.current_user.me().user_name, ready["client_id"])
    check("workspace id", client.get_workspace_id(), int(ready["workspace_id"]))
    check("metastore", client.metastores.summary().metastore_id, ready["metastore_id"])
    check("catalogs", [one.name for one in client.catalogs.list()], ["shop"])
    sandbox.fault("empty_page")
    check("schemas, an empty page first", [one.name for one in client.schemas.list("shop", max_results=2)],
          ["aampe", "crm", "marketing", "sales", "types", "web"])
    sandbox.fault("clear")
    check("tables", [one.name for one in client.tables.list("shop", "aampe")],
          ["users", "events", "products", "v_active_users"])
    check("summaries", "shop.hr.employees" in [one.full_name for one in admin.tables.list_summaries("shop")], True)
    table = admin.tables.get("shop.types.all_types")
    check("column types", all(column.type_name and column.type_json for column in table.columns), True)
    refused("table without a grant", errors.PermissionDenied, lambda: client.tables.get("shop.hr.employees"))
    refused("unknown table", errors.NotFound, lambda: admin.tables.get("shop.hr.nobody"))
    refused("hive_metastore", errors.NotFound, lambda: admin.catalogs.get("hive_metastore"))


def sdk_grants(sandbox, client, admin):
    me = sandbox.ready["client_id"]
    change = PermissionsChange(principal=me, add=[Privilege.SELECT])
    refused("grant by a reader", errors.PermissionDenied,
            lambda: client.grants.update("table", "shop.hr.employees", changes=[change]))
    admin.grants.update("table", "shop.hr.employees", changes=[change])
    listed = admin.grants.get("table", "shop.hr.employees").privilege_assignments
    check("grants", [(one.principal, one.privileges) for one in listed], [(me, [Privilege.SELECT])])
    effective = admin.grants.get_effective("table", "shop.hr.employees").privilege_assignments
    check("effective", [one.inherited_from_name for item in effective if item.principal == "aampe_reader"
                        for one in item.privileges], ["shop"])


def sdk_statements(sandbox, client):
    api, warehouse = client.statement_execution, sandbox.ready["warehouse_id"]
    count = api.execute_statement("SELECT count(*) FROM shop.aampe.events WHERE event_name <> :e", warehouse,
                                  parameters=[StatementParameterListItem(name="e", value="none")])
    check("count", count.result.data_array, [[str(ROWS)]])
    big = api.execute_statement("SELECT * FROM shop.aampe.events", warehouse, format=Format.ARROW_STREAM,
                                disposition=Disposition.EXTERNAL_LINKS, wait_timeout="50s")
    rows, result = 0, big.result
    while True:
        for link in result.external_links:
            with urllib.request.urlopen(link.external_link) as body:
                rows += pa.ipc.open_stream(body.read()).read_all().num_rows
        if link.next_chunk_index is None:
            break
        result = api.get_statement_result_chunk_n(big.statement_id, link.next_chunk_index)
    check("rows of links", (rows, big.manifest.total_chunk_count > 1), (ROWS, True))
    failed = api.execute_statement("SELEC 1", warehouse)
    check("syntax error", (failed.status.state, failed.status.error.error_code.value), (StatementState.FAILED, "BAD_REQUEST"))
    check("pending first", api.execute_statement("SELECT 1", warehouse, wait_timeout="0s").status.state,
          StatementState.PENDING)


def sdk_troubles(sandbox, client, admin):
    warehouse = sandbox.ready["warehouse_id"]
    sandbox.fault("rate_limit", "endpoint=catalogs", "retry_after=1", "times=1")
    sandbox.fault("unavailable", "endpoint=schemas", "retry_after=1", "times=1")
    check("429", [one.name for one in client.catalogs.list()], ["shop"])
    check("503", len(list(client.schemas.list("shop"))), 6)
    sandbox.fault("clear")
    check("stop", admin.warehouses.stop(warehouse).result().state.value, "STOPPED")
    starting = client.warehouses.start(warehouse)
    sandbox.clock(60)
    check("start", starting.result().state.value, "RUNNING")


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
            refused("syntax", sql.exc.ServerOperationError, lambda: rows("SELEC"))
            cursor.catalogs()
            check("catalogs", [row[0] for row in cursor.fetchall()], ["shop", "hive_metastore"])
            cursor.tables(catalog_name="shop", schema_name="aampe")
            check("tables", len(cursor.fetchall()), 4)
            cursor.columns(catalog_name="shop", schema_name="aampe", table_name="events")
            check("columns", len(cursor.fetchall()), 6)


def main():
    with Sandbox("--rows", str(ROWS), "--set", "chunk_rows=20000") as sandbox:
        ready = sandbox.ready
        client = WorkspaceClient(host=ready["address"], client_id=ready["client_id"],
                                 client_secret=ready["client_secret"])
        admin = WorkspaceClient(host=ready["address"], token=ready["admin_token"])
        sdk_metadata(sandbox, client, admin)
        sdk_grants(sandbox, client, admin)
        sdk_statements(sandbox, client)
        sdk_troubles(sandbox, client, admin)
    with Sandbox("--rows", str(ROWS), "--tls") as sandbox:
        os.environ["REQUESTS_CA_BUNDLE"] = sandbox.ready["ca_file"]
        connector(sandbox)
    print(f"sandbox_clients: {len(CHECKS)} checks by databricks-sdk and databricks-sql-connector")


if __name__ == "__main__":
    main()
