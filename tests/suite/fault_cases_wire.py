"""Faults between the engine and the workspace: TLS, proxies, single bytes."""

import contextlib
import os
import socket
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
import fault_lab
from hostile_workspace import Workspace
from wire_proxy import Certificates, ConnectProxy, Fault, Forwarder, TlsFront

book = fault_lab.Book()


def target_of(sandbox):
    parts = urllib.parse.urlsplit(sandbox.address)
    return parts.hostname, parts.port


@contextlib.contextmanager
def renamed(scene, address):
    """The sandbox as if it lived at another address: what it says of itself is rewritten."""
    workspace = Workspace(scene.sandbox.address)

    def change(path, status, headers, body):
        for slashes in ("//", "\\/\\/"):
            here, there = (text.replace("//", slashes).encode() for text in (workspace.address, address()))
            body = body.replace(here, there)
        return status, headers, body
    workspace.change = change
    try:
        yield "127.0.0.1", workspace.server.server_port
    finally:
        workspace.close()


@contextlib.contextmanager
def through(scene, proxy, scheme="http", **settings):
    """The workspace's address is that of a proxy before it; afterwards it is its own again."""
    was = {"workspace.host": scene.sandbox.address, "workspace.ca_file": scene.sandbox.info.get("ca_file")}
    with proxy:
        for key, value in {"workspace.host": f"{scheme}://127.0.0.1:{proxy.port}", **settings}.items():
            scene.profile.ok("config", "set", key, value)
        yield proxy
        for key in ("workspace.host", *settings):
            scene.profile.ok("config", "set", key, was.get(key) or "")


def tls(code, variant, fault, evidence=("host",), **more):
    def run(lab):
        scene = lab.own_scene()
        with Certificates() as certificates, \
                through(scene, TlsFront(target_of(scene.sandbox), certificates, variant), "https",
                        **{"workspace.ca_file": certificates.ca_file}) as front:
            yield scene.fails()
            front.variant = "good"
        scene.heals()
    book.cases.append(fault_lab.Case(code, fault, "tls", run, evidence=evidence, **more))


tls("TLS_UNKNOWN_CA", "unknown_ca", "certificate of an authority that inspects TLS")
tls("TLS_UNKNOWN_CA", "self_signed", "certificate signed by itself")
tls("TLS_HOST_MISMATCH", "wrong_name", "certificate of a captive portal", short=True, cause="captive-portal")
tls("TLS_EXPIRED", "expired", "certificate that has ended", cause="certificate-ended")
tls("TLS_EXPIRED", "not_yet_valid", "certificate that has not begun")
tls("TLS_VERSION", "tls11", "a server of TLS 1.1", cause="tls-too-old")
tls("TLS_VERSION", "plain", "no TLS at the port")
tls("TLS_CLIENT_CERT", "client_cert", "a server that wants a client certificate")
tls("NET_RESET", "broken", "a handshake that makes no sense")


def clock_by_date(variant, fault, seconds):
    """A certificate that is good by the workspace's clock, as its answers have told it, but not by ours."""
    def run(lab):
        scene = lab.own_scene()
        with contextlib.ExitStack() as stack:
            front = None
            certificates = stack.enter_context(Certificates())
            target = stack.enter_context(renamed(scene, lambda: f"https://127.0.0.1:{front.port}"))
            front = stack.enter_context(through(scene, TlsFront(target, certificates), "https",
                                                **{"workspace.ca_file": certificates.ca_file}))
            # The TLS library knows nothing of the turned clock, which the workspace shares with the engine.
            scene.sandbox.command("fault", "clock_skew", f"seconds={seconds(lab.turned)}", "times=1000000")
            scene.heals()  # a clock alone stops nobody
            front.variant = variant
            front.drop()
            yield scene.fails()
            scene.sandbox.command("fault", "clear", "clock_skew")
            front.variant = "good"
        scene.heals()
    book.cases.append(fault_lab.Case("HOST_CLOCK", fault, "tls", run,
                                     evidence=("host", "tls_reason", "clock_here", "clock_offset_seconds", "valid_to")))


clock_by_date("begins_soon", "this host is two hours behind a certificate that began an hour ago", lambda turned: 7200)
clock_by_date("ended_lately", "this host is two hours ahead, past the end of the certificate", lambda turned: -7200 - int(turned))


@book("HOST_CLOCK", "this host begins in 2016, before this program was there", "tls", evidence=("host", "tls_reason", "clock_here"))
def clock_of_old(lab):
    scene = lab.own_scene()
    own = os.path.join(lab.room("clock"), "clock")

    def engine_at(seconds):
        scene.profile.engine_stop()
        with open(own, "w", encoding="ascii") as file:
            file.write(f"{lab.turned + seconds:.3f}\n")
        scene.profile.engine_start(AAMPE_CLOCK_FILE=own)
    with contextlib.ExitStack() as stack:
        front = None
        certificates = stack.enter_context(Certificates())
        target = stack.enter_context(renamed(scene, lambda: f"https://127.0.0.1:{front.port}"))
        front = stack.enter_context(through(scene, TlsFront(target, certificates, "not_yet_valid"), "https",
                                            **{"workspace.ca_file": certificates.ca_file}))
        engine_at(-10 * 365 * 86400)
        yield scene.fails()
        front.variant = "good"
        for seconds in (3600, -3600):  # links that are over by our clock when they are given are none by that of the storage
            engine_at(seconds)
            scene.heals()
        engine_at(0)
    scene.heals()


@book("NET_UNCLASSIFIED", "something that does not speak HTTP answers", "tcp", evidence=("host",))
def no_http(lab):
    scene = lab.own_scene()
    with socket.create_server(("127.0.0.1", 0)) as server:
        def talk():
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(4096)
                    client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        threading.Thread(target=talk, daemon=True).start()
        scene.profile.ok("config", "set", "workspace.host", "http://127.0.0.1:%d" % server.getsockname()[1])
        yield scene.fails()
    scene.profile.ok("config", "set", "workspace.host", scene.sandbox.address)
    scene.heals()


NAME = "dbc-1a2b3c4d-5e6f.cloud.databricks.com"


def proxied(code, mode, fault, evidence=("host",), heal=None, login=None, **more):
    """A workspace with a name of its own, which is reached through the proxy only."""
    def run(lab):
        scene = lab.own_scene()
        with renamed(scene, lambda: "https://" + NAME) as target, Certificates(NAME) as certificates, \
                TlsFront(target, certificates) as front, \
                ConnectProxy(("127.0.0.1", front.port), mode, login=login) as proxy:
            for key, value in {"workspace.ca_file": certificates.ca_file, "workspace.host": "https://" + NAME,
                               "workspace.proxy": f"http://127.0.0.1:{proxy.port}"}.items():
                scene.profile.ok("config", "set", key, value)
            yield scene.fails()
            if heal:
                heal(scene, proxy)
            else:
                proxy.mode = "tunnel"
            scene.heals()
            assert proxy.asked, "nothing went through the proxy"
    book.cases.append(fault_lab.Case(code, fault, "proxy", run, evidence=evidence, **more))


def login_enter(scene, proxy):
    proxy.mode = "tunnel"
    code, document, _ = scene.profile.secret_set("proxy", "admin:swordfish")
    assert code == 0, document


proxied("PROXY_AUTH", "tunnel", "a proxy that wants a login", evidence=("host", "http_status"), login="admin:swordfish",
        heal=login_enter, short=True, cause="proxy-login")
proxied("PROXY_REFUSED", "forbidden", "a proxy that refuses the workspace", evidence=("host", "http_status"), cause="proxy-refuses")
proxied("PROXY_REFUSED", "bad_gateway", "a proxy that does not reach the workspace", evidence=("host", "http_status"))


def wired(code, fault, layer, rule, seen=None, evidence=("host",), once=False, turn=True, **more):
    """A byte-level fault on the way of what is asked for after the match."""
    def run(lab):
        scene = lab.own_scene(link_compression="false")
        with contextlib.ExitStack() as stack:
            way = None
            target = stack.enter_context(renamed(scene, lambda: f"http://127.0.0.1:{way.port}"))
            way = stack.enter_context(through(scene, Forwarder(target)))
            scene.heals()
            way.set(rule())
            if once:
                yield scene.goes_through(seen or code, turn)
            else:
                yield scene.fails()
            way.set()
        scene.heals()
    book.cases.append(fault_lab.Case(code, fault, layer, run, evidence=evidence, **more))


wired("SRC_CHUNK_SHORT", "bytes of a result cut off on the way", "result hosts",
      lambda: Fault("cut", match=b"GET /results/", after=3000, times=0))
wired("NET_RESET", "connections reset in the middle of an answer", "tcp",
      lambda: Fault("reset", after=200, times=0))
wired("NET_RESET", "one connection reset (once)", "tcp", lambda: Fault("reset", match=b"GET /results/", after=100), once=True,
      seen="SRC_CHUNK_SHORT|NET_RESET")
wired("NET_STALL", "a result that stops coming (once; waits a minute)", "result hosts",
      lambda: Fault("stall", match=b"GET /results/", after=1000), once=True, turn=False)
