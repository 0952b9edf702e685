"""Tables of aampe-sandbox that change under a client: columns come and go, tables are dropped and brought back."""
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sandbox_client import PROGRAM, UC, Sandbox, arrow_rows  # noqa: E402

PRODUCTS = "shop.aampe.products"


@pytest.fixture
def sandbox():
    with Sandbox("--rows", "500") as own:
        yield own


def run(sandbox, sql, who="admin"):
    """Rows, or (SQLSTATE, message) of the failure."""
    answer = sandbox.statement(sql, who).json
    if answer["status"]["state"] == "SUCCEEDED":
        return answer["result"].get("data_array", [])
    return answer["status"]["sql_state"], answer["status"]["error"]["message"]


def columns(sandbox, table=PRODUCTS):
    told = [(c["name"], c["type_text"]) for c in sandbox.get(f"{UC}/tables/{table}", "admin").json["columns"]]
    assert [tuple(row[:2]) for row in run(sandbox, f"DESCRIBE TABLE {table}")] == told
    return dict(told)


def version(sandbox, table=PRODUCTS):
    return run(sandbox, f"DESCRIBE HISTORY {table} LIMIT 1")[0]


def test_columns_come_and_go(sandbox):
    before = columns(sandbox)
    names = list(before)
    keep, gone = names[0], names[-1]
    kept = run(sandbox, f"SELECT {keep} FROM {PRODUCTS} ORDER BY 1")
    assert run(sandbox, f"ALTER TABLE {PRODUCTS} ADD COLUMNS (shelf STRING COMMENT 'where', depth DECIMAL(5,1))") == []
    assert run(sandbox, f"SELECT count(*), count(shelf), count(depth) FROM {PRODUCTS}") == [[str(len(kept)), "0", "0"]]
    assert version(sandbox)[4] == "ADD COLUMNS"
    assert run(sandbox, f"ALTER TABLE {PRODUCTS} DROP COLUMN {gone}") == []
    assert run(sandbox, f"ALTER TABLE {PRODUCTS} RENAME COLUMN {keep} TO article") == []
    assert list(columns(sandbox)) == ["article"] + names[1:-1] + ["shelf", "depth"]
    assert run(sandbox, f"SELECT article FROM {PRODUCTS} ORDER BY 1") == kept
    assert run(sandbox, f"SELECT {gone} FROM {PRODUCTS}")[0] == "42703"
    # older versions keep the columns they had
    assert run(sandbox, f"SELECT {keep} FROM {PRODUCTS} VERSION AS OF 0 ORDER BY 1") == kept
    assert len(run(sandbox, f"SELECT {gone} FROM {PRODUCTS} VERSION AS OF 0")) == len(kept)
    sandbox.command("change", PRODUCTS, "insert", "10")
    assert run(sandbox, f"SELECT count(*) FROM {PRODUCTS}") == [[str(len(kept) + 10)]]
    done = sandbox.external(f"SELECT * FROM {PRODUCTS}")
    data = sandbox.request("GET", sandbox.link(done["statement_id"], 0)["external_link"]).body
    assert arrow_rows(data) == len(kept) + 10
    assert [c["name"] for c in done["manifest"]["schema"]["columns"]] == list(columns(sandbox))


def test_types_change(sandbox):
    table = "shop.types.all_types"
    ints = [name for name, kind in columns(sandbox, table).items() if kind == "int"]
    old = run(sandbox, f"SELECT {ints[0]} FROM {table} ORDER BY 1")
    assert run(sandbox, f"ALTER TABLE {table} ALTER COLUMN {ints[0]} TYPE BIGINT") == []
    assert columns(sandbox, table)[ints[0]] == "bigint" and run(sandbox, f"SELECT {ints[0]} FROM {table} ORDER BY 1") == old
    state, message = run(sandbox, f"ALTER TABLE {table} ALTER COLUMN {ints[0]} TYPE INT")
    assert state == "0AKDC" and message.startswith("[DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP] ")
    sandbox.command("change", table, "retype", f"{ints[0]}=string")
    assert columns(sandbox, table)[ints[0]] == "string"
    assert sorted(run(sandbox, f"SELECT {ints[0]} FROM {table}"), key=str) == sorted(old, key=str)
    sandbox.command("change", table, "retype", f"{ints[0]}=moon", code=2)


@pytest.mark.parametrize("sql, sqlstate, part", [
    ("ALTER TABLE shop.aampe.products ADD COLUMN title STRING", "42710", "[FIELD_ALREADY_EXISTS]"),
    ("ALTER TABLE shop.aampe.products DROP COLUMN moon", "42704", "[FIELD_NOT_FOUND] No such struct field `moon`"),
    ("ALTER TABLE shop.aampe.products ADD COLUMN moon CHEESE", "0A000", '[UNSUPPORTED_DATATYPE] Unsupported data type "CHEESE".'),
    ("ALTER TABLE shop.aampe.v_active_users DROP COLUMN country", "42809", "[EXPECT_TABLE_NOT_VIEW"),
    ("DROP TABLE shop.aampe.moon", "42P01", "[TABLE_OR_VIEW_NOT_FOUND]"),
    ("UNDROP TABLE shop.aampe.products", "42P01", "[UNDROP_TABLE_NOT_FOUND]"),
])
def test_refusals(sandbox, sql, sqlstate, part):
    sandbox_columns = columns(sandbox)
    sql = sql.replace("title", list(sandbox_columns)[1])
    state, message = run(sandbox, sql)
    assert (state, part in message) == (sqlstate, True), message
    assert columns(sandbox) == sandbox_columns


def test_who_may(sandbox):
    assert "does not have MODIFY on Table" in run(sandbox, f"ALTER TABLE {PRODUCTS} ADD COLUMN x INT", "client")[1]
    assert "does not have MANAGE on Table" in run(sandbox, f"DROP TABLE {PRODUCTS}", "client")[1]
    run(sandbox, f"GRANT MODIFY ON TABLE {PRODUCTS} TO `{sandbox.ready['application_id']}`")
    assert run(sandbox, f"ALTER TABLE {PRODUCTS} ADD COLUMN x INT", "client") == []


def test_dropped_and_brought_back(sandbox):
    count = run(sandbox, f"SELECT count(*) FROM {PRODUCTS}")
    assert run(sandbox, f"DROP TABLE {PRODUCTS}") == []
    assert run(sandbox, f"SELECT count(*) FROM {PRODUCTS}")[0] == "42P01"
    assert sandbox.get(f"{UC}/tables/{PRODUCTS}", "admin").status == 404
    assert run(sandbox, f"DROP TABLE IF EXISTS {PRODUCTS}") == []
    assert run(sandbox, f"UNDROP TABLE {PRODUCTS}") == []
    assert run(sandbox, f"SELECT count(*) FROM {PRODUCTS}") == count


def test_views_are_made(sandbox):
    query = "SELECT contact_id, country AS land FROM shop.aampe.users WHERE country IS NOT NULL"
    assert run(sandbox, f"CREATE VIEW shop.crm.v_land COMMENT 'where' AS {query};") == []
    assert columns(sandbox, "shop.crm.v_land") == {"contact_id": "string", "land": "string"}
    assert sandbox.get(f"{UC}/tables/shop.crm.v_land", "admin").json["view_definition"] == query
    assert run(sandbox, "SELECT count(*) FROM shop.crm.v_land") == run(sandbox, f"SELECT count(*) FROM ({query})")
    assert run(sandbox, f"CREATE VIEW shop.crm.v_land AS {query}")[0] == "42P07"
    assert run(sandbox, f"CREATE VIEW IF NOT EXISTS shop.crm.v_land AS {query}") == []
    assert run(sandbox, "CREATE OR REPLACE VIEW shop.crm.v_land (who, `where`) AS "
                        "SELECT contact_id, upper(country) FROM shop.aampe.users") == []
    assert list(columns(sandbox, "shop.crm.v_land")) == ["who", "where"]
    assert run(sandbox, "SELECT count(`where`) > 0 FROM shop.crm.v_land") == [["true"]]
    assert run(sandbox, "CREATE OR REPLACE VIEW shop.crm.v_land (one) AS SELECT 1, 2")[0] == "21S01"
    assert run(sandbox, f"CREATE OR REPLACE VIEW {PRODUCTS} AS SELECT 1")[0] == "42P07"
    assert run(sandbox, "CREATE VIEW shop.crm.bad AS SELECT moon FROM shop.aampe.users")[0] == "42703"
    assert "does not have CREATE TABLE on Schema 'shop.crm'" in run(sandbox, "CREATE VIEW shop.crm.x AS SELECT 1",
                                                                     "client")[1]
    # whoever made it reads what is below it; others need the view alone
    me = sandbox.ready["application_id"]
    assert "does not have SELECT on Table 'shop.crm.v_land'" in run(sandbox, "SELECT * FROM shop.crm.v_land", "client")[1]
    run(sandbox, f"GRANT SELECT ON TABLE shop.crm.v_land TO `{me}`")
    assert run(sandbox, "SELECT count(*) > 0 FROM shop.crm.v_land", "client") == [["true"]]
    assert run(sandbox, "DROP VIEW shop.crm.v_land") == []
    assert run(sandbox, f"CREATE VIEW shop.crm.v_land AS {query}") == []
    assert len(columns(sandbox, "shop.crm.v_land")) == 2


def test_changes_survive_a_restart(tmp_path):
    with Sandbox("--rows", "500", state=str(tmp_path)) as one:
        run(one, f"ALTER TABLE {PRODUCTS} ADD COLUMN shelf STRING")
        run(one, "DROP TABLE shop.crm.customers")
        after = columns(one)
    with Sandbox("--rows", "500", state=str(tmp_path)) as again:
        assert columns(again) == after and "shelf" in after
        assert run(again, "SELECT 1 FROM shop.crm.customers")[0] == "42P01"


def test_views_survive_a_restart(tmp_path):
    """With owner, comment, columns and id; one over another; replaced, dropped and made again as they were left."""
    kept, over, gone, again, mine = ("shop.crm.v_" + name for name in ("kept", "over", "gone", "again", "mine"))

    def told(sandbox):
        return [sandbox.get(f"{UC}/tables/{name}", "admin").json for name in (kept, over, again, mine)]
    with Sandbox("--rows", "500", state=str(tmp_path)) as one:
        run(one, f"CREATE VIEW {kept} (who, land) COMMENT 'where' AS SELECT contact_id, country FROM shop.aampe.users")
        run(one, f"CREATE VIEW {over} AS SELECT land, count(*) AS n FROM {kept} GROUP BY land")
        run(one, "CREATE OR REPLACE VIEW shop.aampe.v_active_users AS SELECT 1 AS one")
        for name in (gone, again):
            run(one, f"CREATE VIEW {name} COMMENT 'old' AS SELECT 1 AS one")
            run(one, f"GRANT SELECT ON TABLE {name} TO `account users`")
            run(one, f"DROP VIEW {name}")
        run(one, f"GRANT CREATE TABLE ON SCHEMA shop.crm TO `{one.ready['application_id']}`")
        assert run(one, f"CREATE VIEW {mine} AS SELECT count(*) AS n FROM shop.aampe.users", "client") == []
        # the same name again is another view: nothing of the old one is on it
        run(one, f"CREATE VIEW {again} AS SELECT CAST(2.5 AS DECIMAL(3, 1)) AS two")
        assert one.get(f"{UC}/permissions/table/{again}", "admin").json == {}
        before, counts = told(one), run(one, f"SELECT * FROM {over} ORDER BY 1")
    assert before[0]["comment"] == "where" and before[0]["owner"] == "admin@sandbox.example" and "comment" not in before[2]
    for _ in range(2):
        with Sandbox("--rows", "500", state=str(tmp_path)) as another:
            assert told(another) == before
            assert run(another, f"SELECT n > 0 FROM {mine}") == [["true"]]
            assert run(another, f"SELECT * FROM {over} ORDER BY 1") == counts and counts
            assert run(another, f"SELECT two FROM {again}") == [["2.5"]]
            assert run(another, "SELECT * FROM shop.aampe.v_active_users") == [["1"]]
            assert another.get(f"{UC}/tables/{gone}", "admin").status == 404


def test_ids_survive_a_restart(tmp_path):
    """Those of the workspace, its metastore, tables, warehouses and service principals; secrets and tokens do not."""
    same = ("client_id", "principal_id", "application_id", "observer_client_id", "observer_principal_id", "warehouse_id",
            "warehouse_stopped_id", "account_id", "workspace_id", "metastore_id")
    table = UC + "/tables/shop.aampe.users"
    with Sandbox("--rows", "500", state=str(tmp_path)) as one:
        first, told = one.ready, one.get(table).json
    with Sandbox("--rows", "500", state=str(tmp_path)) as again:
        assert [again.ready[name] for name in same] == [first[name] for name in same]
        assert again.get(table).json == told
        old = {"grant_type": "client_credentials"}
        assert again.token_request(old, (first["client_id"], first["client_secret"])).status == 401
        assert again.request("GET", table, token=first["admin_token"]).status == 403
    with Sandbox("--rows", "500") as other:
        assert not {other.ready[name] for name in same} & {first[name] for name in same}
        assert other.get(table).json["table_id"] != told["table_id"]
    (tmp_path / "ids.json").write_text("{")
    done = subprocess.run([PROGRAM, "--state", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "state of the sandbox" in done.stderr


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", __file__]))
