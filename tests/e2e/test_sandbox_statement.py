"""Faults of aampe-sandbox that end statements, as a client sees them."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sandbox_client import SQL, Sandbox  # noqa: E402

USERS = "SELECT * FROM shop.aampe.users"
EVENTS = "SELECT * FROM shop.aampe.events"
VIEW = "SELECT * FROM shop.aampe.v_active_users"


@pytest.fixture(scope="module")
def shared():
    with Sandbox("--rows", "5000", "--set", "chunk_rows=1000") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared):
    shared.fault("clear")
    yield shared
    shared.fault("clear")


def failed(answer):
    status = answer["status"]
    assert status["state"] == "FAILED" and "manifest" not in answer
    assert status["error"]["error_code"] == "BAD_REQUEST"
    return status["sql_state"], status["error"]["message"]


@pytest.mark.parametrize("words, sqlstate, begins", [
    (["statement_timeout"], "57KD0", "[QUERY_EXECUTION_TIMEOUT_EXCEEDED] "),
    (["statement_timeout", "sqlstate=HYT00"], "HYT00", "[QUERY_EXECUTION_TIMEOUT_EXCEEDED] "),
    (["files_gone"], "KD001", "[FAILED_READ_FILE.DBR_FILE_NOT_EXIST] "),
    (["files_gone", "class=DELTA_TRUNCATED_TRANSACTION_LOG"], "42K03",
     "[DELTA_TRUNCATED_TRANSACTION_LOG] "),
    (["table_changed"], "KD007", "[DELTA_SCHEMA_CHANGE_SINCE_ANALYSIS] "),
    (["sql_error", "class=DIVIDE_BY_ZERO", "sqlstate=22012", "message=Division by zero."], "22012",
     "[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012"),
])
def test_statement_fails(sandbox, words, sqlstate, begins):
    sandbox.fault(*words, "times=1")
    assert sandbox.statement(USERS + " LIMIT 1").json["status"]["state"] == "SUCCEEDED"
    state, message = failed(sandbox.external(USERS))
    assert state == sqlstate
    assert message.startswith(begins)
    assert "SQLSTATE: " + sqlstate in message
    assert sandbox.external(USERS)["status"]["state"] == "SUCCEEDED"


def test_which_statements_are_hit(sandbox):
    sandbox.fault("sql_error", "class=X", "sqlstate=22012", "disposition=INLINE", "statement=events", "nth=2")
    assert sandbox.statement(USERS).json["status"]["state"] == "SUCCEEDED"
    assert sandbox.external(EVENTS)["status"]["state"] == "SUCCEEDED"
    assert sandbox.statement(EVENTS + " LIMIT 1").json["status"]["state"] == "SUCCEEDED"
    assert failed(sandbox.statement(EVENTS + " LIMIT 1").json)[0] == "22012"
    sandbox.fault("clear")
    sandbox.fault("sql_error", "class=X", "sqlstate=22012", "disposition=any", "principal=nobody")
    assert sandbox.external(USERS)["status"]["state"] == "SUCCEEDED"


def test_canceled_by_an_admin(sandbox):
    sandbox.fault("statement_canceled", "times=1")
    answer = sandbox.external(EVENTS)
    assert answer["status"] == {"state": "CANCELED"} and "result" not in answer


def test_closed(sandbox):
    sandbox.fault("statement_closed", "times=1")
    answer = sandbox.external(EVENTS)
    assert answer["status"] == {"state": "CLOSED"}
    path = f"{SQL}/statements/{answer['statement_id']}"
    assert sandbox.get(path).json["status"] == {"state": "CLOSED"}
    chunk = sandbox.get(path + "/result/chunks/0")
    assert (chunk.status, chunk.json["error_code"]) == (404, "NOT_FOUND")
    assert chunk.json["message"] == f"The result of the statement {answer['statement_id']} was not found."


def test_closed_under_the_reader(sandbox):
    sandbox.fault("statement_closed", "chunk=2", "times=1")
    answer = sandbox.external(EVENTS)
    assert answer["manifest"]["total_chunk_count"] == 5
    path = f"{SQL}/statements/{answer['statement_id']}"
    assert sandbox.get(path + "/result/chunks/1").status == 200
    assert sandbox.get(path + "/result/chunks/2").status == 404
    assert sandbox.get(path + "/result/chunks/1").status == 404
    assert sandbox.get(path).json["status"] == {"state": "CLOSED"}


def test_external_links_off(sandbox):
    sandbox.fault("external_links_off")
    answer = sandbox.statement(EVENTS, disposition="EXTERNAL_LINKS", format="ARROW_STREAM")
    assert answer.status == 400 and "EXTERNAL_LINKS disposition" in answer.json["message"]
    assert sandbox.statement(USERS + " LIMIT 1").json["status"]["state"] == "SUCCEEDED"


def test_view_chain(sandbox):
    assert sandbox.external(VIEW)["status"]["state"] == "SUCCEEDED"
    sandbox.fault("view_chain", "view=shop.aampe.v_active_users")
    for answer in (sandbox.external(VIEW), sandbox.statement(VIEW).json):
        sqlstate, message = failed(answer)
        assert sqlstate == "42501"
        assert "does not have SELECT on Table 'shop.aampe.users'" in message
    assert sandbox.external(USERS)["status"]["state"] == "SUCCEEDED"
    sandbox.fault("clear", "view_chain")
    assert sandbox.external(VIEW)["status"]["state"] == "SUCCEEDED"
    sandbox.command("fault", "view_chain", "view=shop.aampe.nothing", code=2)


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", __file__]))
