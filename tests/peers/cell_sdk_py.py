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
from databricks.sdk import AccountClient, WorkspaceClient  # noqa: E402
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
          ["aampe", "crm", "marketing", "sales", "types", "web", "information_schema"])
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
    check("503", len(list(client.schemas.list("shop"))), 7)
    sandbox.fault("clear")
    check("stop", admin.warehouses.stop(warehouse).result().state.value, "STOPPED")
    starting = client.warehouses.start(warehouse)
    sandbox.clock(60)
    check("start", starting.result().state.value, "RUNNING")


def sdk_errors(sandbox, client, admin):
    """Each refusal as the SDK's own exception for it."""
    ready = sandbox.ready
    number, unknown = ready["warehouse_id"], "01f00000-0000-0000-0000-000000000000"
    api = client.statement_execution
    stranger = PermissionsChange(principal="nobody@shop.example", add=[Privilege.SELECT])
    refused("unknown warehouse", errors.ResourceDoesNotExist, lambda: client.warehouses.get("0000000000000000"))
    refused("unknown statement", errors.NotFound, lambda: api.get_statement(unknown))
    refused("statement, malformed warehouse", errors.InvalidParameterValue, lambda: api.execute_statement("SELECT 1", "x"))
    refused("statement, wait of 70 s", errors.InvalidParameterValue,
            lambda: api.execute_statement("SELECT 1", number, wait_timeout="70s"))
    refused("unknown kind of securable", errors.InvalidParameterValue, lambda: client.grants.get("nonsense", "x"))
    refused("grant to nobody", errors.NotFound, lambda: admin.grants.update("table", "shop.aampe.events", changes=[stranger]))
    refused("unknown service principal", errors.NotFound, lambda: admin.service_principals.get("1"))
    refused("secrets without the role", errors.PermissionDenied,
            lambda: list(client.service_principal_secrets_proxy.list(ready["principal_id"])))
    refused("system schemas without the role", errors.PermissionDenied,
            lambda: list(client.system_schemas.list(ready["metastore_id"])))
    refused("wrong token", errors.PermissionDenied,
            lambda: WorkspaceClient(host=ready["address"], token="dapi00", auth_type="pat").current_user.me())
    refused("wrong secret", ValueError, lambda: WorkspaceClient(
        host=ready["address"], client_id=ready["client_id"], client_secret="dose00", auth_type="oauth-m2m").current_user.me())


def sdk_pages(sandbox, client, admin):
    """Listings in pages hold the same as in one, in the same order; each was asked for in more than one call."""
    lists = (("schemas", lambda: [one.name for one in client.schemas.list("shop")], 7),
             ("tables", lambda: [one.name for one in client.tables.list("shop", "aampe")], 4),
             ("summaries", lambda: [one.full_name for one in admin.tables.list_summaries("shop")], 30),
             ("principals", lambda: [one.id for one in admin.service_principals.list(count=1)], 2))
    whole = [call() for _, call, _ in lists]
    sandbox.command("set", "page_size=1")
    for (name, call, count), wanted in zip(lists, whole):
        before = sandbox.requests()["last"]
        got = call()
        check("pages of " + name, (got, len(got)), (wanted, count))
        check("pages of " + name, sandbox.requests()["last"] - before >= count, True)
    sandbox.command("set", "page_size=50")


def sdk_account():
    """The account's client: its own tokens, principals, secrets, assignment and IP lists."""
    with Sandbox("--rows", "1000") as sandbox:
        ready = sandbox.ready
        workspace = WorkspaceClient(host=ready["address"], token=ready["admin_token"], auth_type="pat")
        principals = sorted((one.id, one.application_id) for one in workspace.service_principals.list())
        sandbox.fault("account_host")
        observer = {"client_id": ready["observer_client_id"], "client_secret": ready["observer_client_secret"]}
        account = AccountClient(host=ready["address"], account_id=ready["account_id"], auth_type="oauth-m2m", **observer)
        refused("account, not its admin", errors.PermissionDenied, lambda: list(account.service_principals.list()))
        sandbox.command("grant", ready["observer_client_id"], "ACCOUNT_ADMIN", "account")
        check("account principals", sorted((one.id, one.application_id) for one in account.service_principals.list()),
              principals)
        number = ready["principal_id"]
        made = account.service_principal_secrets.create(number, lifetime="31536000s")
        secrets = [one.as_dict() for one in account.service_principal_secrets.list(number)]
        assigned = account.workspace_assignment.list(int(ready["workspace_id"]))
        check("assignment", int(number) in [one.principal.principal_id for one in assigned], True)
        check("account IP lists", list(account.ip_access_lists.list()), [])
        sandbox.fault("clear", "account_host")
        check("account secrets", secrets,
              [one.as_dict() for one in workspace.service_principal_secrets_proxy.list(number)])
        secret = {"client_id": ready["client_id"], "client_secret": made.secret}
        check("token by a new secret", WorkspaceClient(host=ready["address"], auth_type="oauth-m2m", **secret)
              .current_user.me().id, number)
        sandbox.fault("account_host")
        account.service_principal_secrets.delete(number, made.id)
        sandbox.fault("clear", "account_host")
        refused("token by a deleted secret", ValueError,
                lambda: WorkspaceClient(host=ready["address"], auth_type="oauth-m2m", **secret).current_user.me())


def main():
    with Sandbox("--rows", str(ROWS), "--set", f"chunk_rows={ROWS // 3}") as sandbox:
        ready = sandbox.ready
        client = WorkspaceClient(host=ready["address"], client_id=ready["client_id"],
                                 client_secret=ready["client_secret"])
        admin = WorkspaceClient(host=ready["address"], token=ready["admin_token"])
        for part in (sdk_metadata, sdk_errors, sdk_pages, sdk_grants):
            CELL.attempt(part.__name__, "sandbox", lambda part=part: part(sandbox, client, admin))
        CELL.attempt("sdk_statements", "sandbox", lambda: sdk_statements(sandbox, client))
        CELL.attempt("sdk_troubles", "sandbox", lambda: sdk_troubles(sandbox, client, admin))
    CELL.attempt("sdk_account", "sandbox", sdk_account)
    official.judge(CELL, client_sdk_py.Sdk())
    return CELL.finish()


if __name__ == "__main__":
    sys.exit(main())
