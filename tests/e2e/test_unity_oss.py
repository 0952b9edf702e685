"""Our engine against the dialect of the open-source Unity Catalog server, in its two generations (unity_server.py says which
facts, and where that server's source has them). The server itself is a cell of check-peers, where it can be had."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import Home  # noqa: E402
from unity_server import COLUMNS, COMMENTS, READER, serve  # noqa: E402

US = "11111111-2222-4333-8444-555555555555"
OURS = {"LONG": "BIGINT"}


class OssHome(Home):
    """A home whose workspace is such a server."""

    def __init__(self, newer):
        super().__init__(sandbox=False)
        self.newer = newer
        self.http = serve(newer)
        self.json("engine", "start")
        self.json("config", "set", "workspace.host", f"http://127.0.0.1:{self.http.server_port}")
        self.json("config", "set", "principal.client_id", US)
        self.json("secrets", "set", "principal", "--from-fd", "0", stdin="dose-of-the-front-0123456789\n")

    def shut(self):
        self.close()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture(scope="module", params=["older", "newer"])
def home(request):
    home = OssHome(request.param == "newer")
    yield home
    home.shut()


def test_everything_of_the_sample_catalog_is_listed(home):
    rows = home.json("tree", "--refresh")["data"]["rows"]
    assert [(row["kind"], row["full_name"]) for row in rows] == [
        ("catalog", "unity"), ("schema", "unity.default"), *[("table", "unity.default." + name) for name in sorted(COLUMNS)]]
    kinds = {row["name"]: (row["type"], row["format"]) for row in rows if row["kind"] == "table"}
    assert kinds["marksheet"] == ("MANAGED", "DELTA") and kinds["numbers"] == ("EXTERNAL", "DELTA")
    assert all("owner" not in row or row["owner"] is None for row in rows)


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_a_table_is_read_with_its_columns(home, name):
    shown = home.json("show", "unity.default." + name)["data"]
    assert [(one["name"], one["type"], one["nullable"], one["comment"]) for one in shown["columns"]] == \
        [(column, OURS.get(kind, kind), null, comment) for column, kind, null, comment in COLUMNS[name]]
    assert (shown["comment"], shown["created"], shown["updated"]) == (COMMENTS[name], *["2024-07-17T16:40:05.334Z"] * 2)
    assert shown["access"]["verdict"] == "readable"


def test_direct_grants_stand_in_for_effective_ones_and_say_so(home):
    """There are no inherited grants to be had: those on the table itself are shown as what they are, and prove nothing missing."""
    shown = home.json("show", "unity.default.numbers")["data"]
    assert "privileges_error" not in shown and shown["privileges_scope"] == "direct"
    assert [(one["principal"], one["privilege"]) for one in shown["privileges"]] == \
        ([(READER, "SELECT"), (READER, "MODIFY")] if home.newer else [])
    assert {level["has"] for level in shown["access"]["levels"]} == {"yes"} and shown["access"]["missing"] == 0
    text = home.console("show", "unity.default.numbers").stdout
    assert "direct" in text and "inherited" in text, text


@pytest.mark.parametrize("name", ["unity.default.nothing", "unity.nowhere.numbers", "nowhere.default.numbers"])
def test_what_is_not_there_is_not_there(home, name):
    error = home.json("show", name, code=None)["error"]
    assert error["code"] == "SRC_TABLE_NOT_FOUND", error


def test_a_token_it_did_not_make_is_refused_as_a_token():
    """The reason of its 401 only repeats the code: no policy, and a new token is worth one try."""
    home = OssHome(newer=True)
    try:
        unity = home.http.unity
        unity.answer = lambda path, query, bearer: unity.refusal(401, "UNAUTHENTICATED", "Invalid access token.")
        error = home.json("tree", "--refresh", code=None)["error"]
        assert error["code"] == "SRC_TOKEN_EXPIRED" and "Invalid access token" in error["message"], error
    finally:
        home.shut()


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", __file__]))
