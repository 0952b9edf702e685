"""What aampe-sandbox says of itself in SQL: information schemas, SHOW, DESCRIBE, IDENTIFIER, session functions."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sandbox_client import UC, Sandbox  # noqa: E402


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox("--rows", "100") as own:
        yield own


def table(sandbox, sql, who="client", **fields):
    """Column names and rows."""
    answer = sandbox.statement(sql, who, **fields).json
    assert answer["status"]["state"] == "SUCCEEDED", answer["status"]
    names = [column["name"] for column in answer["manifest"]["schema"].get("columns", [])]
    return names, answer["result"].get("data_array", [])


def rows(sandbox, sql, who="client", **fields):
    return table(sandbox, sql, who, **fields)[1]


def failure(sandbox, sql, who="client", **fields):
    status = sandbox.statement(sql, who, **fields).json["status"]
    assert status["state"] == "FAILED", status
    return status["sql_state"], status["error"]["message"]


def test_tables_are_those_of_the_api(sandbox):
    listed = set()
    for schema in sandbox.get(UC + "/schemas", catalog_name="shop").json["schemas"]:
        answer = sandbox.get(UC + "/tables", catalog_name="shop", schema_name=schema["name"]).json
        listed |= {item["full_name"] for item in answer.get("tables", [])}
    assert len(listed) > 5
    sql = "SELECT concat(table_catalog, '.', table_schema, '.', table_name) FROM {} WHERE table_catalog = 'shop'"
    assert {row[0] for row in rows(sandbox, sql.format("shop.information_schema.tables"))} == listed
    assert {row[0] for row in rows(sandbox, sql.format("system.information_schema.tables"))} == listed
    assert {row[0] for row in rows(sandbox, sql.format("information_schema.tables"), catalog="shop")} == listed
    everything = {row[0] for row in rows(sandbox, sql.format("shop.information_schema.tables"), "admin")}
    assert listed < everything and "shop.hr.employees" in everything


def test_every_catalog_lists_one(sandbox):
    """As the service lists it (catalogs of Unity Catalog, not hive_metastore): owned by System user, with its views, for
    whoever may use the catalog; no administrator has more of it."""
    for catalog, who in (("shop", "client"), ("shop", "admin"), ("system", "admin")):
        own = {one["name"]: one for one in sandbox.get(UC + "/schemas", who, catalog_name=catalog).json["schemas"]}[
            "information_schema"]
        assert (own["owner"], own["created_by"], own["securable_kind"]) == ("System user", "System user", "SCHEMA_SYSTEM")
        assert own["browse_only"] is False
        assert own["comment"] == "Information schema (auto-created)" and own["full_name"] == catalog + ".information_schema"
        assert sandbox.get(UC + "/schemas/" + own["full_name"], who).json == own
    listing = {"catalog_name": "shop", "schema_name": "information_schema"}
    views = {one["name"]: one for one in sandbox.get(UC + "/tables", **listing).json["tables"]}
    assert len(views) == 8 and {(one["table_type"], one["owner"]) for one in views.values()} == {("VIEW", "System user")}
    assert views["schemata"]["view_definition"] == (
        "SELECT * FROM system.information_schema.schemata WHERE catalog_name = 'shop'")
    for name, view in views.items():
        assert sandbox.get(UC + "/tables/" + view["full_name"]).json == view
        assert table(sandbox, f"SELECT * FROM {view['full_name']} LIMIT 0")[0] == [one["name"] for one in view["columns"]]
        assert [row[:2] for row in rows(sandbox, f"DESCRIBE TABLE {view['full_name']}")] == [
            [one["name"], one["type_text"]] for one in view["columns"]]
    summaries = sandbox.get(UC + "/table-summaries", catalog_name="shop", schema_name_pattern="information%").json["tables"]
    assert {one["full_name"] for one in summaries} == {one["full_name"] for one in views.values()}
    assert ["information_schema"] in rows(sandbox, "SHOW SCHEMAS IN shop")
    assert rows(sandbox, "SELECT schema_owner FROM shop.information_schema.schemata "
                         "WHERE schema_name = 'information_schema'") == [["System user"]]
    for sql in ("DROP VIEW shop.information_schema.tables", "CREATE VIEW shop.information_schema.own AS SELECT 1",
                "GRANT SELECT ON SCHEMA shop.information_schema TO `account users`"):
        assert failure(sandbox, sql, "admin")[0] == "42501"
    sandbox.fault("missing_grant", "level=schema")
    assert [one["name"] for one in sandbox.get(UC + "/schemas", catalog_name="shop").json["schemas"]] == [
        "information_schema"]
    sandbox.fault("clear")


def test_columns(sandbox):
    told = sandbox.get(UC + "/tables/shop.aampe.users").json["columns"]
    found = rows(sandbox, "SELECT column_name, ordinal_position, is_nullable, full_data_type, data_type, comment FROM "
                          "shop.information_schema.columns WHERE table_schema = 'aampe' AND table_name = 'users' "
                          "ORDER BY ordinal_position")
    assert found == [[c["name"], str(c.get("position", 0) + 1), "YES" if c["nullable"] else "NO", c["type_text"],
                      c["type_name"], c.get("comment")] for c in told]
    # precision, radix and scale: of whole numbers, decimals, doubles; of dates and moments
    kinds = dict((row[0], row[1:]) for row in rows(
        sandbox, "SELECT data_type, max(numeric_precision), max(numeric_precision_radix), max(numeric_scale), "
                 "max(datetime_precision) FROM system.information_schema.columns GROUP BY ALL"))
    assert kinds["LONG"] == ["64", "2", "0", None] and kinds["DOUBLE"] == ["53", "2", None, None]
    assert kinds["DECIMAL"][1] == "10" and kinds["DATE"][3] == "0" and kinds["TIMESTAMP"][3] == "3"
    assert kinds["STRING"] == [None] * 4


@pytest.mark.parametrize("view, names", [
    ("catalogs", "catalog_name catalog_owner comment created created_by last_altered last_altered_by"),
    ("schemata", "catalog_name schema_name schema_owner comment created created_by last_altered last_altered_by"),
    ("views", "table_catalog table_schema table_name view_definition check_option is_updatable is_insertable_into "
              "sql_path is_materialized"),
    ("catalog_privileges", "grantor grantee catalog_name privilege_type is_grantable inherited_from"),
    ("schema_privileges", "grantor grantee catalog_name schema_name privilege_type is_grantable inherited_from"),
    ("table_privileges", "grantor grantee table_catalog table_schema table_name privilege_type is_grantable "
                         "inherited_from"),
])
def test_shapes(sandbox, view, names):
    found, data = table(sandbox, f"SELECT * FROM system.information_schema.{view}", "admin")
    assert found == names.split() and data


def test_privileges_are_those_of_the_api(sandbox):
    told = {(item["principal"], one["privilege"], one.get("inherited_from_type", "NONE"))
            for item in sandbox.get(UC + "/effective-permissions/table/shop.sales.orders", "admin").json[
                "privilege_assignments"] for one in item["privileges"]}
    sql = ("SELECT grantee, privilege_type, inherited_from FROM shop.information_schema.table_privileges "
           "WHERE table_schema = 'sales' AND table_name = 'orders'")
    found = {tuple(row) for row in rows(sandbox, sql, "admin")}
    # what means nothing on a table is not listed here
    assert found == {one for one in told if not one[1].startswith("USE_")} and found
    mine = {tuple(row) for row in rows(sandbox, sql)}
    assert mine and mine == {one for one in found if one[0] == sandbox.ready["application_id"]}


def test_manage_shows_only_own_grants_here(sandbox):
    me = sandbox.ready["application_id"]
    sql = ("SELECT count(DISTINCT grantee) FROM shop.information_schema.schema_privileges WHERE schema_name = 'sales' "
           "AND inherited_from = 'NONE'")
    assert rows(sandbox, sql) == [["1"]] and rows(sandbox, sql, "admin") == [["2"]]
    rows(sandbox, f"GRANT MANAGE ON SCHEMA shop.sales TO `{me}`", "admin")
    try:
        assert rows(sandbox, sql) == [["1"]]
        assert {row[0] for row in rows(sandbox, "SHOW GRANTS ON SCHEMA shop.sales")} >= {me, "platform-admin"}
        grantor = ("SELECT DISTINCT grantor FROM shop.information_schema.schema_privileges WHERE schema_name = 'sales' "
                   "AND privilege_type = 'MANAGE' AND grantee = ")
        assert rows(sandbox, grantor + f"'{me}'") == [["admin@sandbox.example"]]
    finally:
        rows(sandbox, f"REVOKE MANAGE ON SCHEMA shop.sales FROM `{me}`", "admin")


def test_joined_and_counted(sandbox):
    assert rows(sandbox, "SELECT count(*) > 0 FROM shop.information_schema.tables t JOIN "
                         "shop.information_schema.columns c ON t.table_name = c.table_name AND t.table_schema = "
                         "c.table_schema WHERE t.table_type = 'VIEW'") == [["true"]]


def test_information_schema_refusals(sandbox):
    state, message = failure(sandbox, "SELECT * FROM shop.information_schema.moons")
    assert state == "42P01" and "`shop`.`information_schema`.`moons`" in message
    assert failure(sandbox, "SELECT * FROM moon.information_schema.tables")[0] == "42704"
    sandbox.fault("missing_grant", "level=catalog")
    assert failure(sandbox, "SELECT * FROM shop.information_schema.tables")[0] == "42501"
    assert rows(sandbox, "SELECT count(*) FROM system.information_schema.tables WHERE table_catalog = 'shop'") == [["0"]]
    sandbox.fault("clear")


def test_show(sandbox):
    assert table(sandbox, "SHOW VIEWS IN shop.aampe") == (
        ["namespace", "viewName", "isTemporary", "isMaterialized"], [["aampe", "v_active_users", "false", "false"]])
    assert table(sandbox, "SHOW VIEWS FROM shop.aampe LIKE 'x*'")[1] == []
    assert table(sandbox, "SHOW VOLUMES IN shop.aampe") == (["database", "volume_name"], [])
    names, data = table(sandbox, "SHOW TBLPROPERTIES shop.aampe.users")
    assert names == ["key", "value"]
    missing = rows(sandbox, "SHOW TBLPROPERTIES shop.aampe.users ('no.such')")
    assert missing == [["no.such", "Table shop.aampe.users does not have property: no.such"]]
    assert rows(sandbox, "SHOW COLUMNS IN users IN shop.aampe") == rows(sandbox, "SHOW COLUMNS IN shop.aampe.users")
    (made,), = rows(sandbox, "SHOW CREATE TABLE shop.aampe.users")
    assert made.startswith("CREATE TABLE `shop`.`aampe`.`users` (\n") and made.endswith(")\nUSING delta\n")
    (view,), = rows(sandbox, "SHOW CREATE TABLE shop.aampe.v_active_users")
    assert view.startswith("CREATE VIEW `shop`.`aampe`.`v_active_users` (\n") and "AS SELECT contact_id" in view


def test_describe(sandbox):
    names, data = table(sandbox, "DESCRIBE CATALOG EXTENDED shop")
    assert names == ["info_name", "info_value"]
    assert dict(map(tuple, data))["Owner"] == "data-owners"
    names, data = table(sandbox, "DESCRIBE SCHEMA shop.crm")
    assert names == ["database_description_item", "database_description_value"]
    assert ["Namespace Name", "crm"] in data and ["Owner", "crm-team"] in data
    assert failure(sandbox, "DESCRIBE SCHEMA shop.hr")[0] == "42501"
    plain = rows(sandbox, "DESCRIBE TABLE shop.aampe.users")
    assert [row[:2] for row in rows(sandbox, "DESCRIBE QUERY SELECT * FROM shop.aampe.users")] == [
        row[:2] for row in plain]
    assert rows(sandbox, "DESC SELECT 1 AS one, 'x' AS two") == [["one", "int", None], ["two", "string", None]]


def test_identifier(sandbox):
    given = [{"name": "t", "value": "shop.aampe.`users`"}, {"name": "c", "value": "contact_id"}]
    count = rows(sandbox, "SELECT count(*) FROM shop.aampe.users")
    assert rows(sandbox, "SELECT count(*) FROM IDENTIFIER(:t)", parameters=given[:1]) == count
    assert rows(sandbox, "SELECT count(IDENTIFIER(:c)) FROM IDENTIFIER('shop.' || 'aampe.users')",
                parameters=given[1:]) == count
    assert table(sandbox, "SELECT IDENTIFIER(:c) FROM IDENTIFIER(:t) LIMIT 1", parameters=given)[0] == ["contact_id"]
    assert rows(sandbox, "DESCRIBE TABLE IDENTIFIER(:t)", parameters=given[:1])
    state, message = failure(sandbox, "SELECT 1 FROM IDENTIFIER(:t)", parameters=[{"name": "t"}])
    assert state == "42601" and message.startswith("[NOT_A_CONSTANT_STRING.NULL]")
    bad = [{"name": "t", "value": "shop.aampe.users; SELECT 1"}]
    assert failure(sandbox, "SELECT 1 FROM IDENTIFIER(:t)", parameters=bad)[0] == "42601"
    assert failure(sandbox, "SELECT 1 FROM IDENTIFIER(:x)")[0] == "42P02"
    for many, state in (("||".join(["'a'"] * 200), "42P01"), ("concat(" + ",".join(["'a'"] * 200) + ")", "54001")):
        assert failure(sandbox, f"SELECT 1 FROM IDENTIFIER({many})")[0] == state


def test_session_functions(sandbox):
    summary = sandbox.get(UC + "/metastore_summary").json
    me = sandbox.ready["application_id"]
    assert rows(sandbox, "SELECT current_user(), current_user, user(), session_user(), current_metastore(), "
                         "current_catalog(), current_schema(), is_account_group_member('aampe_reader'), "
                         "is_member('crm-team')", catalog="shop", schema="aampe") == [
        [me, me, me, me, summary["global_metastore_id"], "shop", "aampe", "true", "false"]]
    assert "." in rows(sandbox, "SELECT version()")[0][0]


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", __file__]))
