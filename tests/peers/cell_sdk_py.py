"""Databricks' own Python SDK, unmodified, against aampe-sandbox."""
import logging
import os
import sys
import urllib.request
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import cells  # noqa: E402
import client_sdk_py  # noqa: E402
import databricks.sdk.errors as errors  # noqa: E402
import official  # noqa: E402
from databricks.sdk import WorkspaceClient  # noqa: E402
from databricks.sdk.service.catalog import PermissionsChange, Privilege  # noqa: E402
from databricks.sdk.service.sql import Disposition, Format, StatementParameterListItem, StatementState  # noqa: E402
from sandbox_client import Sandbox, arrow_rows  # noqa: E402

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
                rows += arrow_rows(body.read())
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


def main():
    with Sandbox("--rows", str(ROWS), "--set", f"chunk_rows={ROWS // 3}") as sandbox:
        ready = sandbox.ready
        client = WorkspaceClient(host=ready["address"], client_id=ready["client_id"],
                                 client_secret=ready["client_secret"])
        admin = WorkspaceClient(host=ready["address"], token=ready["admin_token"])
        for part in (lambda: sdk_metadata(sandbox, client, admin), lambda: sdk_grants(sandbox, client, admin),
                     lambda: sdk_statements(sandbox, client), lambda: sdk_troubles(sandbox, client, admin)):
            CELL.attempt("sdk", "sandbox", part)
    official.judge(CELL, client_sdk_py.Sdk())
    return CELL.finish()


if __name__ == "__main__":
    sys.exit(main())
