"""Query history, system schemas and the audit of what changes: what an admin of the workspace reads afterwards."""
import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sandbox_client import SQL, UC, Sandbox  # noqa: E402

TABLE = "system.query.history"
HISTORY = SQL + "/history/queries"
AUDIT = "system.access.audit"


@pytest.fixture
def sandbox():
    with Sandbox("--rows", "1000", "--set", "audit_lag_seconds=0", "--set", "history_lag_seconds=0") as own:
        yield own


def rows(sandbox, sql, who="admin", **fields):
    answer = sandbox.statement(sql, who, **fields).json
    assert answer["status"]["state"] == "SUCCEEDED", answer["status"]
    return answer["result"].get("data_array", [])


def history(sandbox, who="admin", **query):
    answer = sandbox.get(HISTORY, who, **query)
    assert answer.status == 200, answer.body
    return answer.json


def schemas(sandbox):
    return f"{UC}/metastores/{sandbox.ready['metastore_id']}/systemschemas"


def call(sandbox, method, path, who="admin"):
    return sandbox.request(method, path, {} if method == "PUT" else None, token=sandbox.token(who))


def test_every_statement_is_kept(sandbox):
    me = sandbox.ready["application_id"]
    good = sandbox.statement("SELECT count(*) FROM shop.aampe.users", query_tags=[{"key": "team", "value": "crm"}]).json
    bad = sandbox.statement("SELECT * FROM shop.hr.employees").json
    sandbox.fault("statement_canceled", "times=1")
    stopped = sandbox.external("-- all of it\nSELECT * FROM shop.aampe.events")
    found = {item["query_id"]: item for item in history(sandbox)["res"]}
    one = found[good["statement_id"]]
    assert (one["status"], one["statement_type"], one["user_name"], one["rows_produced"]) == ("FINISHED", "SELECT", me, 1)
    assert one["is_final"] is True and one["warehouse_id"] == sandbox.ready["warehouse_id"]
    assert one["query_end_time_ms"] >= one["query_start_time_ms"] and "metrics" not in one
    assert one["user_id"] == int(sandbox.ready["principal_id"])
    failed = found[bad["statement_id"]]
    assert failed["status"] == "FAILED" and failed["error_message"] == bad["status"]["error"]["message"]
    assert found[stopped["statement_id"]]["status"] == "CANCELED"
    assert history(sandbox, include_metrics="true")["res"][-1]["metrics"]["rows_produced_count"] == 1


def test_filters_and_pages(sandbox):
    ids = [sandbox.statement(f"SELECT {i}").json["statement_id"] for i in range(7)]
    sandbox.statement("SELECT nothing")
    sandbox.statement("SHOW CATALOGS", "admin")
    pages, token = [], None
    while True:
        query = {"max_results": 3, **({"page_token": token} if token else {})}
        answer = history(sandbox, **query)
        pages.append([item["query_id"] for item in answer["res"]])
        token = answer.get("next_page_token")
        assert answer["has_next_page"] == bool(token)
        if not token:
            break
    assert [len(page) for page in pages] == [3, 3, 3]
    assert [one for page in pages for one in page][2:] == ids[::-1]
    assert [item["query_text"] for item in history(sandbox, **{"filter_by.statuses": "FAILED"})["res"]] == ["SELECT nothing"]
    path = HISTORY + f"?filter_by.statement_ids={ids[0]}&filter_by.statement_ids={ids[3]}"
    found = sandbox.get(path, "admin").json["res"]
    assert [item["query_id"] for item in found] == [ids[3], ids[0]]
    assert "res" not in history(sandbox, **{"filter_by.warehouse_ids": "0000000000000000"})
    assert "res" not in history(sandbox, **{"filter_by.query_start_time_range.end_time_ms": "1000"})
    for bad in ({"max_results": 1001}, {"max_results": "x"}, {"page_token": "moon"}):
        assert sandbox.get(HISTORY, "admin", **bad).status == 400
    # others see their own
    assert len(history(sandbox)["res"]) == 9 and len(history(sandbox, "client")["res"]) == 8


def test_the_table_and_its_schema(sandbox):
    done = sandbox.statement("SELECT :x AS x", parameters=[{"name": "x", "value": "7"}],
                             query_tags=[{"key": "team", "value": "crm"}]).json["statement_id"]
    count = sandbox.statement(f"SELECT count(*) FROM {TABLE}", "admin").json
    assert count["status"]["sql_state"] == "42P01"
    one = schemas(sandbox) + "/query"
    assert call(sandbox, "PUT", one, "observer").status == 403
    assert call(sandbox, "DELETE", one).json["error_code"] == "SCHEMA_DOES_NOT_EXIST"
    assert call(sandbox, "PUT", one).json == {}
    again = call(sandbox, "PUT", one)
    assert again.status == 409 and again.json["message"] == "schema query already exists"
    assert call(sandbox, "PUT", schemas(sandbox) + "/moon").status == 404
    billing = call(sandbox, "PUT", schemas(sandbox) + "/billing")
    assert billing.json["message"] == "billing system schema can only be enabled by Databricks."
    states = {item["schema"]: item["state"] for item in sandbox.get(schemas(sandbox), "admin").json["schemas"]}
    assert states == {"access": "ENABLE_COMPLETED", "billing": "AVAILABLE", "query": "ENABLE_COMPLETED",
                      "information_schema": "ENABLE_COMPLETED"}
    assert call(sandbox, "DELETE", schemas(sandbox) + "/information_schema").status == 400
    got, = rows(sandbox, f"SELECT execution_status, compute.type, compute.warehouse_id, executed_by, executed_as, "
                         f"statement_text, statement_type, error_message, produced_rows, total_duration_ms >= 0, "
                         f"end_time >= start_time, workspace_id, account_id, query_tags['team'], "
                         f"to_json(query_parameters), client_application FROM {TABLE} WHERE statement_id = '{done}'")
    me = sandbox.ready["application_id"]
    assert got[:14] == ["FINISHED", "WAREHOUSE", sandbox.ready["warehouse_id"], me, me, "SELECT :x AS x", "SELECT", None,
                        "1", "true", "true", sandbox.ready["workspace_id"], sandbox.ready["account_id"], "crm"]
    assert json.loads(got[14])["named_parameters"] == {"x": "7"}
    assert call(sandbox, "DELETE", one).status == 200
    assert {item["schema"]: item["state"] for item in sandbox.get(schemas(sandbox), "admin").json["schemas"]}[
        "query"] == "AVAILABLE"


def test_history_comes_late(sandbox):
    sandbox.command("set", "history_lag_seconds=3600")
    call(sandbox, "PUT", schemas(sandbox) + "/query")
    sandbox.statement("SELECT 'late'")
    count = f"SELECT count(*) FROM {TABLE} WHERE statement_text = 'SELECT ''late'''"
    assert rows(sandbox, count) == [["0"]]
    assert [item["query_text"] for item in history(sandbox)["res"]].count("SELECT 'late'") == 1  # the API at once
    sandbox.clock(3601)
    assert rows(sandbox, count) == [["1"]]


def events(sandbox, where):
    return rows(sandbox, "SELECT service_name, action_name, user_identity.email, response.status_code, "
                         f"to_json(request_params) FROM {AUDIT} WHERE event_date >= date_sub(current_date(), 2) AND "
                         f"{where} ORDER BY event_time", "observer")


def test_changes_of_permissions_are_audited(sandbox):
    changes = [{"principal": "finance-team", "add": ["SELECT"]}]
    sandbox.request("PATCH", f"{UC}/permissions/table/shop.hr.employees", {"changes": changes},
                    token=sandbox.token("admin"))
    rows(sandbox, "REVOKE SELECT, MODIFY ON TABLE shop.hr.employees FROM `finance-team`")
    sandbox.statement("GRANT SELECT ON TABLE shop.hr.employees TO nobody", "admin")
    api, sql = events(sandbox, "action_name = 'updatePermissions'")
    for event in (api, sql):
        assert event[:4] == ["unityCatalog", "updatePermissions", "admin@sandbox.example", "200"]
    assert json.loads(json.loads(api[4])["changes"]) == changes
    told = json.loads(sql[4])
    assert (told["securable_type"], told["securable_full_name"]) == ("table", "shop.hr.employees")
    assert told["metastore_id"] == sandbox.ready["metastore_id"]
    assert json.loads(told["changes"]) == [{"principal": "finance-team", "remove": ["SELECT", "MODIFY"]}]
    assert len(rows(sandbox, f"SELECT 1 FROM {AUDIT} WHERE action_name = 'enableSystemSchema'", "observer")) == 0
    call(sandbox, "PUT", schemas(sandbox) + "/query")
    assert [event[1] for event in events(sandbox, "action_name = 'enableSystemSchema'")] == ["enableSystemSchema"]


def test_refused_addresses_are_audited(sandbox):
    me = sandbox.ready["application_id"]
    sandbox.get(UC + "/catalogs")
    sandbox.fault("ip_blocked", "principal=" + me)
    assert sandbox.get(UC + "/catalogs").status == 403
    sandbox.fault("clear")
    event, = events(sandbox, "action_name = 'IpAccessDenied'")
    assert event[0] == "accounts" and event[3] == "403"
    assert json.loads(event[4])["path"] == UC + "/catalogs"


def test_idle_warehouses_stop(sandbox):
    one = SQL + "/warehouses/" + sandbox.ready["warehouse_id"]

    def state():
        return sandbox.get(one).json["state"]

    minutes = sandbox.get(one).json["auto_stop_mins"]
    assert (state(), minutes) == ("RUNNING", 10)
    sandbox.clock(540)
    sandbox.statement("SELECT 1")
    sandbox.clock(540)
    assert state() == "RUNNING"  # counted from the last statement
    sandbox.clock(60)
    assert state() == "STOPPED"
    assert rows(sandbox, "SELECT 1", "client") == [["1"]]
    assert state() == "RUNNING"


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", __file__]))
