"""What breaks between the engine and the workspace: every failure ends in its code with what was seen of it, nothing is
half published, and what passes by itself is passed. All of it through tests/suite/wire_proxy.py."""
import json
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "suite")]
from console import Home  # noqa: E402
from wire_proxy import Certificates, ConnectProxy, Fault, Forwarder, TlsFront  # noqa: E402

NAME = "dbc-0a1b2c3d-4e5f.cloud.databricks.com"
EVENTS = "shop.aampe.events"


class Wired(Home):
    """A home whose workspace is known by another address than its own."""

    def __init__(self, public, rows=4000):
        self.public = public
        super().__init__(rows=rows)

    def start_sandbox(self, world, rows):
        self.start_sandbox_with(world, rows, "--public", self.public)
        host, port = self.ready["address"].split("://")[1].rsplit(":", 1)
        self.target = (host, int(port))
        self.ready["address"] = self.public

    def sync(self):
        """(exit code, answer) of a sync of everything that is shared."""
        done = self.console("--json", "sync", "run", "--wait")
        return done.returncode, json.loads(done.stdout)

    def fails(self, code):
        """The error of a sync that ends in this code."""
        status, document = self.sync()
        error = document["error"] or {}
        assert status != 0 and error.get("code") == code, (status, error)
        assert error["hint"] and error["message"]
        assert [table["state"] for table in document["data"]["tables"]] == ["failed"]
        return error

    def good(self):
        status, document = self.sync()
        assert status == 0, document["error"]
        table = document["data"]["tables"][0]
        assert table["source_rows"] == table["file_rows"] == table["decoded_rows"] > 0
        return document["data"]

    def published(self):
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.glob("files/**/*.parquet"))


@pytest.fixture(scope="module")
def certificates():
    with Certificates("127.0.0.1", NAME) as made:
        yield made


@pytest.fixture(scope="module")
def tls(certificates):
    with TlsFront(None, certificates) as front:
        home = Wired("https://127.0.0.1:%d" % front.port)
        try:
            front.target = home.target
            home.json("config", "set", "workspace.ca_file", certificates.ca_file)
            home.configure()
            home.json("share", "add", EVENTS, "--yes")
            home.good()
            yield home, front
        finally:
            home.close()


@pytest.mark.parametrize("variant, code, seen", (
    ("unknown_ca", "TLS_UNKNOWN_CA", {"issuer": "CN=Corporate Inspection CA", "depth": 0}),
    ("self_signed", "TLS_UNKNOWN_CA", {"issuer": "CN=127.0.0.1", "tls_reason": "self-signed certificate"}),
    ("wrong_name", "TLS_HOST_MISMATCH", {"names": "portal.example, *.captive.example"}),
    ("expired", "TLS_EXPIRED", {"valid_to": "2020-01-01T00:00:00Z"}),
    ("not_yet_valid", "TLS_EXPIRED", {"valid_from": "2048-01-01T00:00:00Z"}),
    ("tls11", "TLS_VERSION", {"tls_reason": "tlsv1 alert protocol version"}),
    ("client_cert", "TLS_CLIENT_CERT", {"tls_reason": "tlsv13 alert certificate required"}),
    ("plain", "TLS_VERSION", {"tls_reason": "wrong version number"}),
))
def test_tls(tls, certificates, variant, code, seen):
    home, front = tls
    before = home.published()
    certificates.of(variant)
    front.variant = variant
    front.drop()
    try:
        error = home.fails(code)
        evidence = error["evidence"]
        assert {key: evidence.get(key) for key in seen} == seen, evidence
        assert evidence["host"] == "127.0.0.1" and evidence["address"] == "127.0.0.1:%d" % front.port
        assert home.published() == before
        if variant in ("expired", "not_yet_valid"):
            assert "clock_here" in evidence and "clock_offset_seconds" in evidence, "both clocks are told"
    finally:
        front.variant = "good"
        front.drop()
    home.good()


@pytest.fixture(scope="module")
def proxied(certificates):
    with TlsFront(None, certificates) as front, ConnectProxy(("127.0.0.1", front.port)) as proxy:
        home = Wired("https://" + NAME)
        try:
            front.target = home.target
            home.json("config", "set", "workspace.ca_file", certificates.ca_file)
            home.json("config", "set", "workspace.proxy", "http://127.0.0.1:%d" % proxy.port)
            home.configure()
            home.json("share", "add", EVENTS, "--yes")
            home.good()
            assert set(proxy.asked) == {NAME + ":443"}
            yield home, proxy
        finally:
            home.close()


@pytest.mark.parametrize("mode, code, seen", (
    ("login", "PROXY_AUTH", {"http_status": 407, "proxy_scheme": "Basic"}),
    ("negotiate", "PROXY_AUTH", {"http_status": 407, "proxy_scheme": "Negotiate, NTLM"}),
    ("forbidden", "PROXY_REFUSED", {"http_status": 403, "target": NAME + ":443"}),
    ("bad_gateway", "PROXY_REFUSED", {"http_status": 502, "target": NAME + ":443"}),
    ("html", "PROXY_REFUSED", {"http_status": 403, "target": NAME + ":443"}),
    ("portal", "PROXY_HTML", {"tls_reason": "wrong version number"}),
))
def test_connect(proxied, mode, code, seen):
    home, proxy = proxied
    before = home.published()
    proxy.mode = mode
    proxy.drop()
    try:
        evidence = home.fails(code)["evidence"]
        assert {key: evidence.get(key) for key in seen} == seen, evidence
        assert evidence["host"] == NAME and evidence["proxy"] == "127.0.0.1:%d" % proxy.port
        assert home.published() == before
    finally:
        proxy.mode = "tunnel"
        proxy.drop()
    home.good()


def test_connect_with_login(proxied):
    home, proxy = proxied
    proxy.login = "aampe:gateway pass"
    proxy.drop()
    try:
        assert "secrets set proxy" in home.fails("PROXY_AUTH")["hint"]
        home.json("secrets", "set", "proxy", "--from-fd", "0", stdin=proxy.login + "\n")
        home.good()
        assert not any("gateway pass" in text for text in home.texts)
    finally:
        proxy.login = None


def test_storage_behind_the_proxy(proxied):
    """The proxy lets the workspace through, not the storage its links name."""
    home, proxy = proxied
    before = home.published()
    proxy.refused = ("bucket.s3.example",)
    home.control("fault", "link_host", "host=bucket.s3.example")
    try:
        error = home.fails("PROXY_REFUSED")
        assert error["evidence"]["target"] == "bucket.s3.example:443" and error["evidence"]["statement_id"]
        assert "bucket.s3.example:443" in error["hint"]
        assert home.published() == before
    finally:
        proxy.refused = ()
        home.control("fault", "clear", "link_host")
    home.good()


@pytest.fixture
def plain():
    with Forwarder(None) as proxy:
        home = Wired("http://127.0.0.1:%d" % proxy.port)
        try:
            proxy.target = home.target
            home.configure()
            home.json("share", "add", EVENTS, "--yes")
            yield home, proxy
        finally:
            home.close()


@pytest.mark.parametrize("kind", ("cut", "reset", "stall"))
def test_heals_in_the_middle_of_a_chunk(plain, kind):
    home, proxy = plain
    proxy.set(Fault(kind, match="GET /results/", after=20000))
    home.good()
    assert proxy.counts()["faults"] == 1, "the fault did hit"
    assert len(home.published()) == 1


def test_a_corrupt_byte_on_the_way_heals(certificates):
    """TLS finds what is changed on the way; the chunk is fetched again."""
    with TlsFront(None, certificates) as front, Forwarder(("127.0.0.1", front.port)) as wire:
        home = Wired("https://127.0.0.1:%d" % wire.port)
        try:
            front.target = home.target
            home.json("config", "set", "workspace.ca_file", certificates.ca_file)
            home.configure()
            home.json("share", "add", EVENTS, "--yes")
            wire.set(Fault("corrupt", after=60000))
            home.good()
            assert wire.counts()["faults"] == 1, "the fault did hit"
        finally:
            home.close()


def test_links_lead_elsewhere(plain):
    home, _ = plain
    home.control("fault", "link_host", "host=storage.sandbox.invalid")
    error = home.fails("SRC_LINK_HOST_UNREACHABLE")
    assert error["evidence"]["name"] == "storage.sandbox.invalid" and "storage.sandbox.invalid" in error["hint"]
    home.control("fault", "clear")
    home.control("fault", "link_host", "host=10.0.0.9", "port=443")
    evidence = home.fails("SEC_HOST_REFUSED")["evidence"]
    assert evidence["host"] == "10.0.0.9"
    home.control("fault", "clear")
    assert home.published() == []
    home.good()


def test_answers_of_the_workspace(plain):
    """Unknown and empty answers, redirects, the private link: code, status, and where it led without its query."""
    home, proxy = plain
    for words, code, seen in (
            (("unknown_error", "endpoint=table"), "SRC_UNCLASSIFIED",
             {"http_status": 409, "remote_code": "MOON_PHASE_UNSUITABLE"}),
            (("numeric_error", "endpoint=table", "status=400", "message=Strange"), "SRC_UNCLASSIFIED",
             {"http_status": 400, "remote_code": "400"}),
            (("empty_body", "endpoint=table"), "SRC_UNCLASSIFIED", {"http_status": 400}),
            (("redirect", "endpoint=table", "to=https://login.example/signin?token=abc"), "SEC_REDIRECT_REFUSED",
             {"http_status": 302, "to": "https://login.example/signin", "from": "http://127.0.0.1:%d" % proxy.port}),
            (("html_login", "endpoint=table", "redirect=1"), "SRC_PRIVATE_LINK_ONLY",
             {"http_status": 302, "to": "/login.html"}),
            (("link_forbidden",), "SRC_LINK_FORBIDDEN", {"http_status": 403, "remote_code": "AccessDenied"}),
            (("numeric_error", "endpoint=table", "message=User is inactive."), "SRC_SP_DISABLED", {"http_status": 403}),
    ):
        home.control("fault", *words)
        evidence = home.fails(code)["evidence"]
        assert {key: evidence.get(key) for key in seen} == seen, (words, evidence)
        assert "abc" not in json.dumps(evidence)
        home.control("fault", "clear")
    assert home.published() == []
    home.good()


def test_nobody_there(plain):
    """Refused at once, and taken in by somebody who never answers: the doctor names it within its ten seconds."""
    home, proxy = plain

    def first_failure(codes):
        document = home.json("doctor", code=1)["data"]
        failure = document["first_failure"]
        assert failure["code"] in codes, failure
        layers = {layer["layer"]: layer for chain in document["chains"] for layer in chain["layers"]}
        return layers[failure["layer"]]["error"]

    proxy.refuse()
    error = first_failure(("NET_CONNECT",))
    assert error["evidence"]["address"] == "127.0.0.1:%d" % proxy.port and error["evidence"]["sys_errno"]
    proxy.open()
    proxy.set(Fault("half_open", times=0))
    first_failure(("NET_STALL", "NET_CONNECT"))
    proxy.set()
    home.good()


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", __file__]))
