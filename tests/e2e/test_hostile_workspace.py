"""The engine against a workspace that lies: absurd manifests, answers that are too large, escapes in every string, credentials
quoted back, links to elsewhere, and a destination that is tampered with. Each ends in a code of its own; nothing is
published, nothing leaks, the engine lives on."""
import base64
import gzip
import json
import os
import re
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from console import Home, program, wait_for  # noqa: E402
from hostile_workspace import Workspace, in_json  # noqa: E402

TABLE = "shop.aampe.users"
HIDDEN = "\x1b]52;c;cHduZWQ=\x07\x1b[31m\x9b31m\r\n\u202e\u200b\u2028\x7f\U000e0041\x08"
PAYLOAD = HIDDEN + "PAYLOAD"


@pytest.fixture(scope="module")
def lab():
    home = Home(rows=1000)
    workspace = Workspace(home.ready["address"])
    home.ready["address"] = workspace.address
    home.workspace = workspace
    home.tokens, home.links = set(), set()
    workspace.change = in_json(lambda path, document: remember(home, document))
    home.log = home.folder / "engine.err"
    home.engine = subprocess.Popen([program("aampe-syncd"), "--foreground", "--verbose"], env=home.env,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(home.log, "w"))
    home.socket = str(home.folder / "state/aampe/default/sock")
    wait_for(lambda: home.engine.poll() is not None or os.path.exists(home.socket))
    home.configure()
    home.json("share", "add", TABLE, "--yes")
    yield home
    workspace.change = None
    home.engine.send_signal(signal.SIGTERM)
    assert home.engine.wait(60) == 0, home.log.read_text()[-4000:]
    home.close()
    workspace.close()


def remember(home, document):
    if "access_token" in document:
        home.tokens.add(document["access_token"])
    for link in (document.get("result") or document).get("external_links") or []:
        home.links.add(link["external_link"])
    return document


@pytest.fixture(autouse=True)
def honest_again(lab):
    yield
    lab.workspace.change = in_json(lambda path, document: remember(lab, document))
    lab.workspace.ask = lambda path: path
    assert lab.engine.poll() is None, lab.log.read_text()[-6000:]


def published(lab):
    return [path for path in (lab.folder / "files").rglob("*.parquet") if ".aampe-staging" not in str(path)]


def failed(lab):
    """A sync that has to fail: its code. Nothing more is published than before."""
    before = published(lab)
    done = lab.console("--socket", lab.socket, "--json", "sync", "run", "--wait", TABLE)
    report = json.loads(done.stdout)
    assert done.returncode not in (0, 3), report
    assert published(lab) == before
    error = report["error"] or report["data"]["tables"][0]["error"]
    assert error["message"] and error["hint"]
    return error["code"]


def manifest(edit):
    """Changes the manifest of results that come as links, and leaves the small queries alone."""
    def change(path, document):
        found = document.get("manifest")
        if found and found.get("format") == "ARROW_STREAM":
            edit(found)
        return document
    return in_json(change)


def put(*path_and_value):
    *path, last, value = path_and_value

    def edit(found):
        for step in path:
            found = found[step]
        found[last] = value
    return edit


def chunks(count, rows):
    def edit(found):
        found["chunks"] = [{"chunk_index": i, "row_offset": i * rows, "row_count": rows, "byte_count": 1} for i in range(count)]
        found["total_chunk_count"] = count
        found["total_row_count"] = count * rows
    return edit


def columns(make):
    def edit(found):
        found["schema"]["columns"] = make(found["schema"]["columns"])
        found["schema"]["column_count"] = len(found["schema"]["columns"])
    return edit


LIES = {
    "rows 2^63-1": put("total_row_count", 2**63 - 1),
    "rows 2^63": put("total_row_count", 2**63),
    "rows -1": put("total_row_count", -1),
    "chunk rows -1": put("chunks", 0, "row_count", -1),
    "chunk rows 2^62": put("chunks", 0, "row_count", 2**62),
    "chunk offset -2^63": put("chunks", 0, "row_offset", -2**63),
    "chunk index 2^63-1": put("chunks", 0, "chunk_index", 2**63 - 1),
    "chunk count 2^31": put("total_chunk_count", 2**31),
    "a million chunks": chunks(1000000 // 8, 2**40),
    "chunks that add up to 2^64": chunks(4, 2**62),
    "no chunks": put("chunks", []),
    "chunks are a string": put("chunks", "x" * 1000),
    "20000 columns": columns(lambda have: [dict(have[0], name="c%d" % i, position=i) for i in range(20000)]),
    "a name of 1 MB": columns(lambda have: [dict(have[0], name="n" * 1000000)] + have[1:]),
    "a type of 1 MB": columns(lambda have: [dict(have[0], type_text="struct<" * 140000)] + have[1:]),
    "format of a stranger": put("format", PAYLOAD),
    "compression of a stranger": put("result_compression", PAYLOAD),
}


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.replace(" ", "-"))
def test_manifests(lab, lie):
    lab.workspace.change = manifest(LIES[lie])
    assert failed(lab) in {"SRC_CHUNK_GAP", "SRC_ROWCOUNT_MISMATCH", "SRC_TABLE_CHANGED", "SRC_UNCLASSIFIED", "LIMIT_EXCEEDED",
                           "TYPE_UNSUPPORTED"}


@pytest.mark.parametrize("size", [2**63 - 1, 2**62, 2**31, -1, 0, "9" * 30, None])
def test_byte_counts(lab, size):
    """What a manifest says of bytes is a hint: whatever it is, the rows count."""
    def edit(found):
        for chunk in found["chunks"]:
            chunk["byte_count"] = size
        found["total_byte_count"] = size
    lab.workspace.change = manifest(edit)
    assert lab.json("sync", "run", "--wait", TABLE)["data"]["verified"]


@pytest.mark.parametrize("target", [
    "http://169.254.169.254/latest", "https://127.0.0.1/x", "https://127.0.0.1:%d/x", "https://2130706433/", "https://0x7f.1/",
    "https://[::ffff:127.0.0.1]/", "https://[fd00::1]/x", "file:///etc/passwd", "https://localhost/", "https://user:pass@127.0.0.1/",
    "http://127.0.0.1:%d@evil.example/", "//evil.example/x", "gopher://x/", "", "https://", "https://a b/", "https://\u202e/"])
def test_links_elsewhere(lab, target):
    port = lab.workspace.server.server_port
    target = target % port if "%d" in target else target

    def edit(path, document):
        for link in (document.get("result") or document).get("external_links") or []:
            link["external_link"] = target + "?X-Amz-Signature=canarycanary" if target else target
        return document
    lab.workspace.change = in_json(edit)
    assert failed(lab) in {"SEC_HOST_REFUSED", "SRC_LINK_HOST_UNREACHABLE"}


@pytest.mark.parametrize("header", ["Authorization", "Cookie", "authorization", "X-Two\r\nAuthorization", "Authorization ", "Host",
                                    "Transfer-Encoding", "content-length", "Connection", "Proxy-Authorization"])
def test_link_headers(lab, header):
    def edit(path, document):
        for link in (document.get("result") or document).get("external_links") or []:
            link["http_headers"] = {header: "x"}
        return document
    lab.workspace.change = in_json(edit)
    assert failed(lab) == "SEC_HOST_REFUSED"


def resident(lab):
    status = open("/proc/%d/status" % lab.engine.pid).read()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024


@pytest.mark.parametrize("packed", [True, False])
def test_answers_too_large(lab, packed):
    """10 KB that unpack to 512 MB, and 64 MB as they are: refused, and not kept."""
    body = gzip.compress(b" " * (512 << 20), 1) if packed else b" " * (64 << 20)
    before = resident(lab)

    def change(path, status, headers, data):
        if "unity-catalog/tables/" not in path:
            return status, headers, data
        return 200, {"Content-Type": "application/json", **({"Content-Encoding": "gzip"} if packed else {})}, body
    lab.workspace.change = change
    done = lab.console("--socket", lab.socket, "--json", "show", TABLE)
    assert json.loads(done.stdout)["error"]["code"] == "LIMIT_EXCEEDED", done.stdout
    assert resident(lab) < before + (64 << 20)


def test_wide_tables(lab):
    """A table of 20000 columns with a name of 1 MB among them is shown or refused, never fatal."""
    def edit(path, document):
        if "unity-catalog/tables/" in path and "columns" in document:
            first = document["columns"][0]
            document["columns"] = [dict(first, name="c%d" % i, position=i) for i in range(20000)] + [dict(first, name="n" * 1000000)]
        return document
    lab.workspace.change = in_json(edit)
    done = lab.console("--socket", lab.socket, "--json", "show", TABLE)
    assert json.loads(done.stdout)["error"]["code"] in {"LIMIT_EXCEEDED", "SRC_UNCLASSIFIED"}, done.stdout[:500]
    failed(lab)


def layer(report, name):
    return next(one for chain in report["chains"] for one in chain["layers"] if one["layer"] == name)


LONG = {"a name": ("/Me", lambda found: found.update(displayName="n" * 5000000)),
        "entitlements": ("/Me", lambda found: found.update(entitlements=[{"value": "e%d" % i} for i in range(60000)])),
        "warehouses": ("/warehouses", lambda found: found.update(warehouses=found["warehouses"][:1] + [
            dict(found["warehouses"][0], id="w%d" % i, name="w" * 20000) for i in range(150)])),
        "a metastore": ("/metastore_summary", lambda found: found.update(name="m" * 3000000)),
        "system schemas": ("/systemschemas", lambda found: found.update(schemas=[{"schema": "s%d" % i, "state": "x" * 20}
                                                                                   for i in range(20000)]))}


@pytest.mark.parametrize("what", LONG, ids=lambda what: what.replace(" ", "-"))
def test_doctor_of_long_answers(lab, what):
    """However long the workspace is about itself, the report fits into a message and says what holds."""
    end, edit = LONG[what]
    edited = []

    def change(path, document):
        if path.split("?")[0].endswith(end):
            edit(document)
            edited.append(path)
        return document
    lab.workspace.change = in_json(change)
    done = lab.console("--socket", lab.socket, "--json", "doctor")
    report = json.loads(done.stdout)["data"]
    assert edited and report and layer(report, "unity_catalog")["state"] == "ok", done.stdout[:1000]
    assert len(done.stdout) < 200000


def test_doctor_takes_its_statement_back(lab):
    """A statement that does not end is cancelled before the layer is over, and so is one whose state cannot be read."""
    def hangs(path, document):
        return {"statement_id": document["statement_id"], "status": {"state": "PENDING"}} if "status" in document else document

    def garbage(path, document):
        if "status" in document and not path.endswith("/statements"):
            return {"statement_id": 5, "status": []}
        return hangs(path, document)
    for change, code in ((hangs, "NET_STALL"), (garbage, "SRC_UNCLASSIFIED")):
        lab.workspace.seen.clear()
        lab.workspace.change = in_json(change)
        done = lab.console("--socket", lab.socket, "--json", "doctor")
        found = layer(json.loads(done.stdout)["data"], "result_hosts")
        assert found["error"]["code"] == code and found["ms"] <= 10000, found
        assert [path for method, path, _ in lab.workspace.seen if method == "POST" and path.endswith("/cancel")]


def test_queries_take_their_statement_back(lab):
    """A query whose state cannot be read any more is cancelled; one whose chunks go round in circles ends."""
    def garbage(path, document):
        if "status" not in document:
            return document
        running = {"statement_id": document["statement_id"], "status": {"state": "RUNNING"}}
        return running if path.endswith("/statements") else {"statement_id": None}

    def circle(path, document):
        result = document.get("result") or (document if "data_array" in document else None)
        if result and "data_array" in result:
            result["next_chunk_index"] = 1 if "chunks" not in path else 0
            document.get("manifest", {}).pop("total_row_count", None)
        return document
    lab.workspace.seen.clear()
    lab.workspace.change = in_json(garbage)
    done = lab.console("--socket", lab.socket, "--json", "preview", TABLE)
    assert json.loads(done.stdout)["error"]["code"] == "SRC_UNCLASSIFIED", done.stdout
    wait_for(lambda: [path for method, path, _ in lab.workspace.seen if method == "POST" and path.endswith("/cancel")])
    lab.workspace.change = in_json(circle)
    lab.workspace.ask = lambda path: re.sub("/chunks/[0-9]+", "/chunks/0", path)
    lab.workspace.seen.clear()
    done = lab.console("--socket", lab.socket, "--json", "preview", TABLE, "--limit", "7")
    assert json.loads(done.stdout)["error"]["code"] in {"SRC_CHUNK_GAP", "LIMIT_EXCEEDED"}, done.stdout[:500]
    assert len(lab.workspace.seen) < 20


PAGED = {"warehouses": (["doctor", "--only", "entitlement"], "warehouses"),
         "grants": (["show", TABLE], "effective-permissions/table")}


@pytest.mark.parametrize("what", PAGED)
@pytest.mark.parametrize("same", [True, False])
def test_pages_without_end(lab, what, same):
    """The same page again and again, and another one again and again: neither is followed to the end of memory."""
    words, kind = PAGED[what]
    before, count = resident(lab), []

    def change(path, document):
        if kind not in path:
            return document
        count.append(path)
        document["next_page_token"] = "again" if same else "n%d" % len(count)
        return dict(document, padding="" if same else "p" * 4000000)
    lab.workspace.change = in_json(change)
    lab.workspace.ask = lambda path: re.sub("[?&]page_token=[^&]*", "", path) if kind in path else path
    lab.console("--socket", lab.socket, "--json", *words)
    assert 2 <= len(count) <= (4 if same else 40), len(count)
    assert resident(lab) < before + (96 << 20)


def test_names_too_long(lab):
    """A name that no table can have is not kept: the listing says so, and what was known stays."""
    def change(path, document):
        if "/tables?" in path and document.get("tables"):
            document["tables"].append(dict(document["tables"][0], name="n" * 2000000))
        return document
    lab.json("tree", "--refresh")
    lab.workspace.change = in_json(change)
    done = lab.console("--socket", lab.socket, "--json", "tree", "--refresh")
    answer = json.loads(done.stdout)
    assert "LIMIT_EXCEEDED" in done.stdout, (done.returncode, done.stdout[:800])
    assert answer["error"] or len(done.stdout) < 1 << 20
    lab.workspace.change = None
    assert TABLE in {row["full_name"] for row in lab.json("tree")["data"]["rows"]}


def steers(text):
    return sorted({hex(ord(c)) for c in text if (ord(c) < 32 and c not in "\n\t") or 0x7f <= ord(c) <= 0x9f
                   or c in "\u202e\u200b\u2028\U000e0041"})


KEPT = {"access_token", "token_type", "external_link", "statement_id", "state", "type_text", "type_name", "expiration", "format",
        "token_endpoint", "@type", "name", "full_name", "catalog_name", "schema_name"}


def poisoned(document, key=None):
    if isinstance(document, dict):
        return {name: poisoned(value, name) for name, value in document.items()}
    if isinstance(document, list):
        return [poisoned(value, key) for value in document]
    return document + PAYLOAD if isinstance(document, str) and key not in KEPT else document


def refusal(path, status, headers, body):
    if "/oidc/" in path:
        return status, headers, body
    return 403, {"Content-Type": "application/json", "X-Request-Id": "id\x1b[31m"}, json.dumps({
        "error_code": "PERMISSION_DENIED", "message": PAYLOAD,
        "details": [{"@type": "a.ErrorInfo", "reason": PAYLOAD, "metadata": {"resourceType": PAYLOAD}},
                    {"@type": "b.RequestInfo", "request_id": PAYLOAD}]}).encode()


@pytest.mark.parametrize("change", [in_json(lambda path, document: document if "/oidc/" in path else poisoned(document)), refusal],
                         ids=["data", "errors"])
def test_escapes(lab, change):
    lab.workspace.change = change
    shown = 0
    for words in (["tree", "--refresh"], ["show", TABLE, "--stats"], ["preview", TABLE, "--reveal"], ["share", "add", TABLE],
                  ["share", "list"], ["sync", "plan"], ["sync", "run", "--wait"], ["runs", "list"], ["runs", "show"],
                  ["runs", "log", "1"], ["status"], ["status", "--line"], ["engine", "log"], ["show", PAYLOAD.replace("\x00", "")]):
        for option in ([], ["--json"], ["--plain"], ["--ascii"], ["--color", "always"]):
            if words[0] == "sync" and option:
                continue
            done = lab.console("--socket", lab.socket, *option, *words)
            text = re.sub("\x1b\\[[0-9;]*m", "", done.stdout) if "always" in option else done.stdout
            assert not steers(text + done.stderr), (words, option)
            assert "]52;c" not in text or "\\x1b]52;c" in text or "\\u001b]52;c" in text
            shown += "PAYLOAD" in text + done.stderr
    assert shown >= 8
    assert not steers(lab.log.read_text())


def test_credentials_quoted_back(lab):
    """The bearer and the client's secret come back in error texts and headers, labelled and bare."""
    def change(path, status, headers, body):
        sent = lab.workspace.seen[-1][2].get("Authorization", "")
        text = "you sent %s, that is <%s> or %s" % (sent, sent.split(" ")[-1], lab.ready["client_secret"])
        answer = {"error": "invalid_scope", "error_description": text} if path.endswith("/token") else \
            {"error_code": "BAD", "message": text}
        return 400, {"Content-Type": "application/json", "X-Request-Id": sent.split(" ")[-1] or "x"}, json.dumps(answer).encode()
    lab.workspace.change = change
    lab.console("--socket", lab.socket, "show", TABLE)
    failed(lab)
    # new settings mean a new token
    lab.json("config", "set", "workspace.link_hosts", "example.com")
    shown = lab.console("--socket", lab.socket, "--json", "show", TABLE)
    assert "invalid_scope" in shown.stdout and "***" in shown.stdout
    lab.json("config", "set", "workspace.link_hosts", "")
    for words in (["runs", "list"], ["runs", "show"], ["engine", "log"], ["status"]):
        lab.console("--socket", lab.socket, "--json", *words)


def test_nothing_leaks(lab):
    """After all of that: no secret, token or link in a file, in an output, in the process's environment or arguments."""
    basic = base64.b64encode(("%s:%s" % (lab.ready["client_id"], lab.ready["client_secret"])).encode()).decode()
    done = lab.json("sync", "run", "--wait", TABLE)["data"]
    assert done["verified"]
    assert lab.tokens and lab.links
    needles = [lab.ready["client_secret"], basic, basic[:40], "canarycanary", *lab.tokens, *[link.split("?")[1] for link in lab.links]]
    needles = [needle.encode() for needle in needles]
    places = {"output": "".join(lab.texts).encode(errors="surrogateescape")}
    for name in ("cmdline", "environ"):
        places[name] = open("/proc/%d/%s" % (lab.engine.pid, name), "rb").read()
    for path in lab.folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and "sandbox" not in path.name and lab.sandbox_state not in path.parents:
            places[str(path)] = path.read_bytes()
    assert str(lab.log) in places and any("state.db" in name for name in places)
    for name, data in places.items():
        for needle in needles:
            assert needle not in data, name
    requests = [(path, headers) for _, path, headers in lab.workspace.seen]
    assert [path for path, headers in requests if path.startswith("/results/")]
    assert not [path for path, headers in requests
                if path.startswith("/results/") and {"authorization", "cookie"} & {name.lower() for name in headers}]


def test_planted_links(lab):
    """A symbolic link in place of staging or of the table's folder: the run fails closed, nothing lands behind the link."""
    files, behind = lab.folder / "files", lab.folder / "behind"
    behind.mkdir()
    for name in (".aampe-staging", "shop.aampe.products", TABLE):
        aside = lab.folder / "aside"
        if (files / name).exists():
            (files / name).rename(aside)
        (files / name).symlink_to(behind)
        done = lab.console("--socket", lab.socket, "--json", "sync", "run", "--wait", TABLE)
        if name != "shop.aampe.products":
            assert done.returncode not in (0, 3), done.stdout
        assert not list(behind.iterdir())
        (files / name).unlink()
        if aside.exists():
            aside.rename(files / name)
    assert lab.json("sync", "run", "--wait", TABLE)["data"]["verified"]


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "--tb=short", "-p", "no:cacheprovider", __file__]))
