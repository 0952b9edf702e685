"""Grants of aampe-sandbox: by SQL and by the permissions API, which act on the same ones."""
import json
import pathlib
import sys
import urllib.request

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from console import Home  # noqa: E402
from sandbox_client import UC, Sandbox  # noqa: E402

HR = "shop.hr.employees"


@pytest.fixture
def sandbox():
    with Sandbox("--rows", "100") as own:
        yield own


def run(sandbox, sql, who="admin"):
    """None, or (SQLSTATE, message)."""
    answer = sandbox.statement(sql, who).json
    if answer["status"]["state"] == "SUCCEEDED":
        return None
    assert answer["status"]["error"]["error_code"] == "BAD_REQUEST"
    return answer["status"]["sql_state"], answer["status"]["error"]["message"]


def shown(sandbox, sql, who="admin"):
    answer = sandbox.statement(sql, who).json
    assert answer["status"]["state"] == "SUCCEEDED", answer
    names = [column["name"] for column in answer["manifest"]["schema"]["columns"]]
    assert names == ["Principal", "ActionType", "ObjectType", "ObjectKey"]
    return {tuple(row) for row in answer["result"].get("data_array", [])}


def direct(sandbox, kind, name, **query):
    answer = sandbox.get(f"{UC}/permissions/{kind}/{name}", "admin", **query)
    assert answer.status == 200, answer.body
    return {item["principal"]: set(item["privileges"])
            for item in answer.json.get("privilege_assignments", [])}


def patch(sandbox, kind, name, *changes, who="admin", **fields):
    return sandbox.request("PATCH", f"{UC}/permissions/{kind}/{name}", {"changes": list(changes), **fields},
                           token=sandbox.token(who))


def test_the_way_to_a_table(sandbox):
    me = sandbox.ready["application_id"]
    read = "SELECT count(*) FROM " + HR
    assert run(sandbox, read, "client")[0] == "42501"
    for sql in (f"GRANT USE CATALOG ON CATALOG `shop` TO `{me}`;", f"GRANT USE SCHEMA ON SCHEMA `shop`.`hr` TO `{me}`",
                f"grant select on table shop.hr.`employees` to `{me.upper()}`"):
        assert run(sandbox, sql) is None
    assert run(sandbox, read, "client") is None
    assert direct(sandbox, "table", HR)[me] == {"SELECT"}
    assert (me, "USE SCHEMA", "SCHEMA", "shop.hr") in shown(sandbox, f"SHOW GRANTS `{me}` ON TABLE {HR}")
    assert run(sandbox, f"REVOKE SELECT ON {HR} FROM `{me}`") is None
    assert run(sandbox, f"REVOKE SELECT ON {HR} FROM `{me}`") is None  # not there any more: no error
    assert "does not have SELECT on Table 'shop.hr.employees'" in run(sandbox, read, "client")[1]


def test_a_grant_has_no_columns(sandbox):
    answer = sandbox.statement("GRANT SELECT ON SCHEMA shop.hr TO `finance-team`", "admin").json
    assert answer["manifest"]["schema"]["column_count"] == 0 and answer["result"] == {}


def test_several_privileges_or_none(sandbox):
    assert run(sandbox, "GRANT SELECT, USE SCHEMA, MODIFY ON SCHEMA shop.hr TO `finance-team`") is None
    assert direct(sandbox, "schema", "shop.hr")["finance-team"] == {"SELECT", "USE_SCHEMA", "MODIFY"}
    sqlstate, message = run(sandbox, "GRANT APPLY TAG, USE CATALOG ON SCHEMA shop.hr TO `finance-team`")
    assert "ErrorClass=INVALID_PARAMETER_VALUE.PRIVILEGE_NOT_APPLICABLE_TO_ENTITY]" in message
    assert "Privilege USE CATALOG is not applicable to this entity [shop.hr:SCHEMA/SCHEMA_STANDARD]" in message
    assert "APPLY_TAG" not in direct(sandbox, "schema", "shop.hr")["finance-team"]


def test_all_privileges(sandbox):
    assert run(sandbox, "GRANT ALL PRIVILEGES ON TABLE shop.hr.employees TO `finance-team`") is None
    assert run(sandbox, "GRANT SELECT ON TABLE shop.hr.employees TO `finance-team`") is None
    assert direct(sandbox, "table", HR)["finance-team"] == {"ALL_PRIVILEGES", "SELECT"}
    assert run(sandbox, "REVOKE ALL PRIVILEGES ON TABLE shop.hr.employees FROM `finance-team`") is None
    assert "finance-team" not in direct(sandbox, "table", HR)


@pytest.mark.parametrize("sql, sqlstate, part", [
    ("GRANT SELECT ON TABLE shop.hr.employees TO nobody", "42704",
     "ErrorClass=PRINCIPAL_DOES_NOT_EXIST.PRINCIPAL_DOES_NOT_EXIST] Could not find principal with name nobody"),
    ("SHOW GRANTS nobody ON TABLE shop.hr.employees", "42704", "PRINCIPAL_DOES_NOT_EXIST"),
    ("GRANT SELECT ON TABLE shop.hr.nothing TO `finance-team`", "42704",
     "ErrorClass=TABLE_DOES_NOT_EXIST] Table 'shop.hr.nothing' does not exist."),
    ("GRANT READ FILES ON EXTERNAL LOCATION lake TO `finance-team`", "42704",
     "ErrorClass=EXTERNAL_LOCATION_DOES_NOT_EXIST] External Location 'lake' does not exist."),
    ("GRANT FLY ON SCHEMA shop.hr TO `finance-team`", "42601", "[DELTA_UNKNOWN_PRIVILEGE] Unknown privilege: FLY"),
    ("GRANT ALL PRIVILEGES ON METASTORE TO `finance-team`", "22023", "is not applicable to this entity"),
    ("GRANT CREATE VIEW ON SCHEMA shop.hr TO `finance-team`", "22023", "Privilege CREATE VIEW is not applicable"),
    ("GRANT SELECT ON TABLE shop.hr.employees TO finance-team", "42601", "[PARSE_SYNTAX_ERROR]"),
    ("GRANT ON TABLE shop.hr.employees TO x", "42601", "[PARSE_SYNTAX_ERROR] Syntax error at or near 'ON'"),
    ("REVOKE SELECT ON TABLE shop.hr.employees TO x", "42601", "[PARSE_SYNTAX_ERROR] Syntax error at or near 'TO'"),
    ("CREATE GROUP readers WITH USER `a@b.c`", "0AKUC",
     "[UC_COMMAND_NOT_SUPPORTED.WITHOUT_RECOMMENDATION] The command(s): CREATE GROUP are not supported in Unity"),
    ("DENY SELECT ON TABLE shop.hr.employees TO `finance-team`", "0AKUC", "DENY are not supported in Unity Catalog"),
])
def test_refusals(sandbox, sql, sqlstate, part):
    state, message = run(sandbox, sql)
    assert (state, part in message) == (sqlstate, True), message


def test_who_may_grant(sandbox):
    me = sandbox.ready["application_id"]
    wish = f"GRANT SELECT ON TABLE {HR} TO `{me}`"
    state, message = run(sandbox, wish, "client")
    assert state == "42501"
    assert message.startswith("PERMISSION_DENIED: User does not have MANAGE on Table 'shop.hr.employees'.")
    assert run(sandbox, f"GRANT MANAGE ON SCHEMA shop.hr TO `{me}`") is None
    assert run(sandbox, wish, "client") is None
    # the catalog's owner decides on what lets data out, not even those who manage it
    out = "GRANT EXTERNAL USE SCHEMA ON SCHEMA shop.hr TO `finance-team`"
    assert "User is not an owner of Catalog 'shop'." in run(sandbox, out)[1]
    assert run(sandbox, "ALTER CATALOG shop OWNER TO `platform-admin`") is None
    assert run(sandbox, out) is None
    assert sandbox.get(f"{UC}/catalogs/shop", "admin").json["owner"] == "platform-admin"


def test_who_sees_grants(sandbox):
    me = sandbox.ready["application_id"]
    everybody = {row[0] for row in shown(sandbox, "SHOW GRANTS ON SCHEMA shop.sales")}
    assert {me, "platform-admin", "aampe_reader"} <= everybody
    assert {row[0] for row in shown(sandbox, "SHOW GRANTS ON SCHEMA shop.sales", "client")} == {me, "aampe_reader"}
    assert {row[0] for row in shown(sandbox, f"SHOW GRANTS `{me}` ON SCHEMA shop.sales")} == {me}


def test_an_owner_of_a_view_without_rights_below_it(sandbox):
    view = "SELECT count(*) FROM shop.aampe.v_active_users"
    assert run(sandbox, view, "client") is None
    assert run(sandbox, "ALTER VIEW shop.aampe.v_active_users SET OWNER TO `people-team`") is None
    assert "does not have USE CATALOG on Catalog 'shop'" in run(sandbox, view, "client")[1]
    for sql in ("GRANT USE CATALOG, USE SCHEMA ON CATALOG shop TO `people-team`",
                "GRANT SELECT ON TABLE shop.aampe.users TO `people-team`"):
        assert run(sandbox, sql) is None
    assert run(sandbox, view, "client") is None


# --- the permissions API -----------------------------------------------------------------------------------

def test_patch_is_atomic(sandbox):
    good = {"principal": "finance-team", "add": ["SELECT"]}
    before = direct(sandbox, "table", HR)
    for bad, status, code in (
            ({"principal": "nobody", "add": ["SELECT"]}, 404, "PRINCIPAL_DOES_NOT_EXIST"),
            ({"principal": "crm-team", "add": ["USE_CATALOG"]}, 400, "INVALID_PARAMETER_VALUE"),
            ({"principal": "crm-team", "add": ["USE CATALOG"]}, 400, "INVALID_PARAMETER_VALUE"),
            ({"principal": "crm-team", "add": ["SELECT"], "remove": ["SELECT"]}, 400, "INVALID_PARAMETER_VALUE"),
            ({"principal": "Finance-Team", "remove": ["SELECT"]}, 400, "INVALID_PARAMETER_VALUE")):
        answer = patch(sandbox, "table", HR, good, bad)
        assert (answer.status, answer.json["error_code"]) == (status, code)
        assert direct(sandbox, "table", HR) == before
    assert patch(sandbox, "table", HR, good).status == 200
    assert direct(sandbox, "table", HR)["finance-team"] == {"SELECT"}


def test_patch_answers(sandbox):
    change = {"principal": "finance-team", "add": ["SELECT", "MODIFY"]}
    assert patch(sandbox, "table", HR, change, omit_permissions_in_response=True).json == {}
    answer = patch(sandbox, "TABLE", HR, {"principal": "finance-team", "remove": ["MODIFY"]}).json
    assert answer["privilege_assignments"] == [{"principal": "finance-team", "privileges": ["SELECT"]}]
    assert patch(sandbox, "table", HR, {"principal": "finance-team", "remove": ["ALL_PRIVILEGES"]}).json == {}
    refused = patch(sandbox, "table", HR, change, who="client")
    assert (refused.status, refused.json["error_code"]) == (403, "PERMISSION_DENIED")
    assert refused.json["message"] == "User does not have MANAGE on Table 'shop.hr.employees'."
    assert patch(sandbox, "moon", HR, change).status == 400
    assert patch(sandbox, "table", "shop.hr.nothing", change).json["error_code"] == "TABLE_DOES_NOT_EXIST"


def test_effective(sandbox):
    run(sandbox, "GRANT SELECT ON SCHEMA shop.hr TO `finance-team`")
    run(sandbox, "GRANT MODIFY ON TABLE shop.hr.employees TO `finance-team`")
    answer = sandbox.get(f"{UC}/effective-permissions/table/{HR}", "admin", principal="finance-team").json
    assert answer["privilege_assignments"] == [{"principal": "finance-team", "privileges": [
        {"privilege": "MODIFY"},
        {"privilege": "SELECT", "inherited_from_type": "SCHEMA", "inherited_from_name": "shop.hr"}]}]
    # what is granted on the metastore stays there
    metastore = sandbox.ready["metastore_id"]
    made = patch(sandbox, "metastore", metastore, {"principal": "finance-team", "add": ["CREATE_CATALOG"]})
    assert made.status == 200, made.body
    assert sandbox.get(f"{UC}/effective-permissions/table/{HR}", "admin", principal="finance-team").json == answer
    assert not [row for row in shown(sandbox, f"SHOW GRANTS ON TABLE {HR}") if row[2] == "METASTORE"]
    assert ("finance-team", "CREATE CATALOG", "METASTORE", metastore) in shown(sandbox, "SHOW GRANTS ON METASTORE")
    own = sandbox.get(f"{UC}/effective-permissions/metastore/{metastore}", "admin").json["privilege_assignments"]
    assert own == [{"principal": "finance-team", "privileges": [{"privilege": "CREATE_CATALOG"}]}]


@pytest.mark.parametrize("kind, status, code", [
    ("VOLUME", 404, "RESOURCE_DOES_NOT_EXIST"), ("external_location", 404, "EXTERNAL_LOCATION_DOES_NOT_EXIST"),
    ("storage_credential", 404, "STORAGE_CREDENTIAL_DOES_NOT_EXIST"), ("moon", 400, "INVALID_PARAMETER_VALUE")])
def test_kinds_there_are_none_of(sandbox, kind, status, code):
    for family in ("permissions", "effective-permissions"):
        answer = sandbox.get(f"{UC}/{family}/{kind}/shop.aampe.x", "admin")
        assert (answer.status, answer.json["error_code"]) == (status, code)


def test_pages_of_grants(sandbox):
    names = ["SELECT", "MODIFY", "APPLY_TAG", "REFRESH", "EXECUTE", "CREATE_TABLE", "CREATE_FUNCTION",
             "CREATE_MODEL", "CREATE_VOLUME", "READ_VOLUME", "WRITE_VOLUME", "USE_SCHEMA"]
    groups = ["data-owners", "crm-team", "platform-admin", "finance-team", "people-team", "aampe_reader",
              "account users", sandbox.ready["application_id"]]
    for group in groups:
        for kind, name in (("schema", "shop.web"), ("catalog", "shop")):
            assert patch(sandbox, kind, name, {"principal": group, "add": names},
                         omit_permissions_in_response=True).status == 200
    path = f"{UC}/effective-permissions/schema/shop.web"
    for bad in ("1", "149", "-1", "x"):
        assert sandbox.get(path, "admin", max_results=bad).status == 400
    whole = sandbox.get(path, "admin").json["privilege_assignments"]
    count = sum(len(item["privileges"]) for item in whole)
    pages = sandbox.pages(path, "privilege_assignments", "admin", max_results=150)
    assert [sum(len(item["privileges"]) for item in page) for page in pages] == [150, count - 150]
    assert count > 190
    assert sandbox.get(path, "admin", max_results=0, page_token="moon").status == 400


# --- what the product prints runs as it is -----------------------------------------------------------------

def submit(ready, sql):
    request = urllib.request.Request(
        ready["address"] + "/api/2.0/sql/statements",
        json.dumps({"statement": sql, "warehouse_id": ready["warehouse_id"], "wait_timeout": "30s"}).encode(),
        {"Authorization": "Bearer " + ready["admin_token"], "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["status"]


def test_printed_grants_run():
    tables = ["shop.marketing.campaign_sends", "shop.hr.employees"]
    home = Home(rows=500)
    try:
        home.configure()
        printed = home.console("share", "add", *tables, "--yes").stdout
        statements = [line.strip() for line in printed.splitlines() if line.strip().startswith("GRANT ")]
        assert len(statements) == 2, printed
        levels = home.json("show", tables[1])["data"]["access"]["levels"]
        statements += [level["sql"] for level in levels if level["has"] == "no"]
        assert len(statements) == 4
        assert [submit(home.ready, sql) for sql in statements] == [{"state": "SUCCEEDED"}] * 4
        home.json("tree", "--refresh")
        for table in tables:
            access = home.json("show", table, "--try")["data"]["access"]
            assert (access["verdict"], access["missing"]) == ("readable", 0)
    finally:
        home.close()


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", __file__]))
