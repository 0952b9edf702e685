"""Stands between a client and a server and breaks what passes, byte by byte. Standard library only; certificates are
made at run time by the `openssl` program.

  Forwarder     TCP to one target
  TlsFront      TLS towards the client, plain TCP to the target; certificates and handshakes of every bad kind
  ConnectProxy  an HTTP proxy that tunnels every CONNECT to one target, or answers as proxies do

Faults are rules: `Fault("cut", match=b"GET /results/", after=5000)` closes the connection 5 000 bytes into what the server
sends after such a request was seen. Everything waits for conditions; ports are the kernel's choice; `counts()` says
what passed. As a program: `wire_proxy.py forward|tls|connect --to HOST:PORT [--fault KIND k=v ...]`, one JSON line when it is
ready, then it serves until its standard input ends.
"""

import argparse
import base64
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings

PIECE = 16384
KINDS = ("cut", "reset", "stall", "slow", "corrupt", "half_open")
TLS_VARIANTS = ("good", "unknown_ca", "self_signed", "wrong_name", "expired", "not_yet_valid", "ended_lately",
                "begins_soon", "tls11", "client_cert", "broken", "plain")
CONNECT_MODES = ("tunnel", "login", "negotiate", "forbidden", "bad_gateway", "html", "portal", "slow")


class Fault:
    """What happens to a connection.

    kind       cut (closed in order), reset (RST), stall (nothing more passes), slow (`rate` bytes a second), corrupt (one
               byte flipped), half_open (taken in, answered by nobody)
    direction  "down" (to the client) or "up"
    after      so many bytes of that direction later, counted from the match, else from the beginning
    match      armed when these bytes were seen going up; None: from the beginning
    nth, times the first connection that gets so far (or match) that is hit, from 1, and how many are
    """

    def __init__(self, kind, direction="down", after=0, match=None, nth=1, times=1, rate=1):
        if kind not in KINDS or direction not in ("up", "down"):
            raise ValueError(f"no such fault: {kind} {direction}")
        self.kind, self.direction, self.after = kind, direction, int(after)
        self.match = match.encode() if isinstance(match, str) else match
        self.nth, self.times, self.rate = int(nth), int(times), float(rate)
        self.seen = self.fired = 0

    def hits(self):
        """Counts one chance and says whether this one is taken."""
        self.seen += 1
        if self.seen < self.nth or (self.times and self.fired >= self.times):
            return False
        self.fired += 1
        return True


class _Pair:
    """One connection: two sockets, two pumps."""

    def __init__(self, owner, client, server):
        self.owner, self.client, self.server = owner, client, server
        self.armed = {"up": None, "down": None}
        self.left = {"up": 0, "down": 0}
        self.tail = b""
        self.reset = False
        for fault in owner.faults:
            if fault.match is None and fault.kind != "half_open":
                self.arm(fault)

    def arm(self, fault):
        self.left[fault.direction] = fault.after
        self.armed[fault.direction] = fault

    def look(self, data):
        """Requests seen going up arm the faults that wait for them."""
        window = self.tail + data
        for fault in self.owner.faults:
            if fault.match is None:
                continue
            at = window.find(fault.match)
            if at >= 0 and at + len(fault.match) > len(self.tail) and fault.hits():
                self.arm(fault)
        self.tail = window[-64:]

    def stop(self, reset):
        """Ends both pumps; run() closes when they are out, for a socket that somebody reads from is not closed."""
        self.reset = reset
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        for end in (self.client, self.server):
            try:
                if self.reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.close()
            except OSError:
                pass

    def damaged(self, data, direction, target):
        """Passes data on, or does to it what the armed fault says; False when the connection is over."""
        fault = self.armed[direction]
        if fault is None:
            target.sendall(data)
            self.owner.note(direction, len(data))
            return True
        clean, rest = data[:self.left[direction]], data[self.left[direction]:]
        self.left[direction] -= len(clean)
        if clean:
            target.sendall(clean)
            self.owner.note(direction, len(clean))
        if not rest:
            return True
        if fault.match is None and not fault.hits():
            self.armed[direction] = None
            return self.damaged(rest, direction, target)
        self.owner.note_fault(fault)
        if fault.kind in ("cut", "reset"):
            self.stop(fault.kind == "reset")
            return False
        if fault.kind == "stall":
            self.owner.ending.wait()
            return False
        if fault.kind == "corrupt":
            rest = bytes([rest[0] ^ 0x55]) + rest[1:]
            self.armed[direction] = None
            target.sendall(rest)
            self.owner.note(direction, len(rest))
            return True
        return self.trickle(rest, fault.rate, direction, target)

    def trickle(self, data, rate, direction, target):
        size = max(1, int(rate / 20))
        for at in range(0, len(data), size):
            if self.owner.ending.wait(size / rate):
                return False
            target.sendall(data[at:at + size])
            self.owner.note(direction, len(data[at:at + size]))
        return True

    def pump(self, source, target, direction):
        try:
            while True:
                data = source.recv(PIECE)
                if not data:
                    break
                if direction == "up":
                    self.look(data)
                if not self.damaged(data, direction, target):
                    return
            if self.reset:
                return
            if not isinstance(target, ssl.SSLSocket):
                target.shutdown(socket.SHUT_WR)
            elif direction == "down":
                self.stop(False)
        except (OSError, ValueError):
            self.stop(self.reset)

    def run(self):
        up = threading.Thread(target=self.pump, args=(self.client, self.server, "up"), daemon=True)
        up.start()
        self.pump(self.server, self.client, "down")
        up.join()
        self.close()


class Forwarder:
    """TCP from a port of its own to `target` (host, port)."""

    def __init__(self, target, *faults):
        self.target = target
        self.faults = list(faults)
        self.ending = threading.Event()
        self.changed = threading.Condition()
        self.numbers = {"connections": 0, "up": 0, "down": 0, "faults": 0}
        self.listener = None
        self.pairs = []
        self.port = 0
        self.open()

    # -- life

    def open(self):
        """Listens (again, on the same port when it had one)."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self.listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def refuse(self):
        """From now on connections are refused by the kernel; the port stays ours to open again."""
        listener, self.listener = self.listener, None
        if listener is not None:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()

    def drop(self):
        """Ends every connection that stands, so that what comes next begins anew."""
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            pair.stop(False)

    def close(self):
        self.ending.set()
        self.refuse()
        self.drop()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    # -- what passed

    def note(self, key, count=1):
        with self.changed:
            self.numbers[key] += count
            self.changed.notify_all()

    def note_fault(self, fault):
        if not getattr(fault, "noted", False):
            fault.noted = True
            self.note("faults")

    def counts(self):
        with self.changed:
            return dict(self.numbers)

    def wait(self, condition, seconds=60):
        """Until condition(counts) holds; AssertionError when it does not in time."""
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self.numbers), seconds):
                raise AssertionError(f"the proxy waited {seconds} s in vain: {self.numbers}")

    def set(self, *faults):
        """Other faults for connections and requests from now on."""
        self.faults = list(faults)

    # -- the work

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _swallow(self, client):
        """Takes everything and answers nothing, as a connection does whose other end is gone without a word."""
        while not self.ending.is_set():
            try:
                if not client.recv(PIECE):
                    break
            except OSError:
                break
        client.close()

    def _serve(self, client):
        self.note("connections")
        for fault in self.faults:
            if fault.kind == "half_open" and fault.hits():
                self.note_fault(fault)
                self._swallow(client)
                return
        try:
            client = self.greet(client)
            if client is None:
                return
            server = socket.create_connection(self.target, timeout=30)
            server.settimeout(None)
        except (OSError, ssl.SSLError):
            client and client.close()
            return
        pair = _Pair(self, client, server)
        self.pairs.append(pair)
        pair.run()

    def greet(self, client):
        """What comes before the first byte is passed on; the socket to go on with, or None."""
        return client


class Certificates:
    """Throw-away authorities and certificates in a folder of their own; each is made when it is first asked for."""

    NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    CONFIG = """[ca]
default_ca=d
[d]
dir=.
database=index
new_certs_dir=.
serial=serial
default_md=sha256
policy=p
copy_extensions=none
unique_subject=no
[p]
commonName=supplied
"""

    def __init__(self, *names):
        self.names = names or ("127.0.0.1", "localhost")
        self.folder = tempfile.mkdtemp(prefix="wire-certs-")
        self.lock = threading.Lock()

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def path(self, name):
        return os.path.join(self.folder, name)

    def _openssl(self, *words, cwd=None):
        done = subprocess.run(["openssl", *words], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"openssl {' '.join(words)}: {done.stderr}")

    def authority(self, name="Wire Test Authority"):
        """Folder of an authority; ca.pem in it is its certificate."""
        folder = self.path("ca-" + name.lower().replace(" ", "-"))
        with self.lock:
            if not os.path.exists(os.path.join(folder, "ca.pem")):
                os.makedirs(folder, exist_ok=True)
                for file, text in (("index", ""), ("serial", "1000\n"), ("ca.cnf", self.CONFIG)):
                    with open(os.path.join(folder, file), "w", encoding="ascii") as out:
                        out.write(text)
                self._openssl("req", "-x509", *self.NEW_KEY, "-nodes", "-keyout", os.path.join(folder, "ca.key"), "-out", os.path.join(folder, "ca.pem"),
                              "-days", "30", "-subj", "/CN=" + name, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        return folder

    @property
    def ca_file(self):
        return os.path.join(self.authority(), "ca.pem")

    def leaf(self, label, names=None, authority="Wire Test Authority", begins="20200101000000Z", ends="20491231000000Z"):
        """(certificate, key) for these names, signed by that authority, valid in that time."""
        certificate, key = self.path(label + ".pem"), self.path(label + ".key")
        folder = self.authority(authority)
        with self.lock:
            if os.path.exists(certificate):
                return certificate, key
            names = names or self.names
            kinds = ",".join(("IP:" if name.replace(".", "").isdigit() else "DNS:") + name for name in names)
            extensions, request = self.path(label + ".ext"), self.path(label + ".csr")
            with open(extensions, "w", encoding="ascii") as out:
                out.write(f"subjectAltName={kinds}\nbasicConstraints=CA:FALSE\n")
            self._openssl("req", "-new", *self.NEW_KEY, "-nodes", "-keyout", key, "-out", request,
                          "-subj", "/CN=" + names[0])
            self._openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", request,
                          "-out", certificate, "-startdate", begins, "-enddate", ends, "-extfile", extensions,
                          "-notext", cwd=folder)
        return certificate, key

    def self_signed(self):
        certificate, key = self.path("self.pem"), self.path("self.key")
        with self.lock:
            if not os.path.exists(certificate):
                self._openssl("req", "-x509", *self.NEW_KEY, "-nodes", "-keyout", key, "-out", certificate,
                              "-days", "30", "-subj", "/CN=" + self.names[0],
                              "-addext", f"subjectAltName=DNS:{self.names[0]}")
        return certificate, key

    def of(self, variant):
        if variant == "unknown_ca":
            return self.leaf("unknown", authority="Corporate Inspection CA")
        if variant == "self_signed":
            return self.self_signed()
        if variant == "wrong_name":
            return self.leaf("wrong", names=("portal.example", "*.captive.example"))
        if variant == "expired":
            return self.leaf("expired", begins="20190101000000Z", ends="20200101000000Z")
        if variant == "not_yet_valid":
            return self.leaf("future", begins="20480101000000Z", ends="20491231000000Z")
        if variant == "ended_lately":
            return self.leaf("lately", begins="20200101000000Z", ends=self.hours(-1))
        if variant == "begins_soon":
            return self.leaf("soon", begins=self.hours(1), ends="20491231000000Z")
        return self.leaf("good")

    @staticmethod
    def hours(count):
        """The time so many hours from now, as certificates say it."""
        return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + count * 3600))


class TlsFront(Forwarder):
    """Ends TLS and passes the plain bytes on, so that faults see requests. `variant` may be changed while it runs."""

    def __init__(self, target, certificates, variant="good", *faults):
        self.certificates = certificates
        self.variant = variant
        certificates.of(variant)  # made now, not in the middle of a handshake
        super().__init__(target, *faults)

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificates.of(self.variant))
        if self.variant == "tls11":
            context.set_ciphers("ALL:@SECLEVEL=0")
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        if self.variant == "client_cert":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.certificates.ca_file)
        return context

    def greet(self, client):
        if self.variant == "broken":
            client.recv(PIECE)
            client.sendall(b"\x16\x03\x03\x00\x04\x02\x00\x00\x00")  # a ServerHello without anything in it
            client.close()
            return None
        if self.variant == "plain":
            client.recv(PIECE)
            client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            client.close()
            return None
        try:
            client = self.context().wrap_socket(client, server_side=True)
            client.settimeout(3600)  # with a time limit reads do not block inside the library while the other pump writes
            return client
        except OSError:
            client.close()
            return None


class ConnectProxy(Forwarder):
    """Tunnels every CONNECT to `target`, whatever name was asked for (`asked` lists them).

    tunnel       as it should be; with `login` ("user:password") only with that login
    login        407, offers Basic          negotiate   407, offers Negotiate and NTLM
    forbidden    403                        bad_gateway 502
    html         403 with a page            portal      200, then a page where TLS should be
    slow         answers when `release` is set
    """

    PAGE = b"<!doctype html><html><head><title>Corporate Web Gateway</title></head><body>Access denied</body></html>"

    def __init__(self, target, mode="tunnel", *faults, login=None, refused=()):
        self.mode, self.login = mode, login
        self.refused = tuple(refused)  # names that get 403 though the mode is tunnel
        self.asked = []
        self.release = threading.Event()
        super().__init__(target, *faults)

    def _head(self, client):
        head = b""
        while b"\r\n\r\n" not in head and len(head) < 65536:
            data = client.recv(1)  # what follows belongs to the tunnel
            if not data:
                return None
            head += data
        return head.decode("latin-1")

    def _allowed(self, head):
        if not self.login:
            return True
        wanted = "Basic " + base64.b64encode(self.login.encode()).decode()
        return any(line.lower().startswith("proxy-authorization:") and line.split(":", 1)[1].strip() == wanted
                   for line in head.split("\r\n"))

    def answer(self, client, status, *headers, body=b""):
        lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]
        client.sendall("\r\n".join(lines).encode() + body)
        client.close()

    def greet(self, client):
        head = self._head(client)
        if head is None:
            client.close()
            return None
        target = head.split(" ")[1] if head.count(" ") else ""
        self.asked.append(target)
        mode = self.mode
        if mode == "slow":
            self.release.wait()
        if mode == "negotiate":
            self.answer(client, "407 Proxy Authentication Required", "Proxy-Authenticate: Negotiate",
                        "Proxy-Authenticate: NTLM")
        elif mode == "login" or not self._allowed(head):
            self.answer(client, "407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="gateway"')
        elif mode == "forbidden" or target.rsplit(":", 1)[0] in self.refused:
            self.answer(client, "403 Forbidden")
        elif mode == "bad_gateway":
            self.answer(client, "502 Bad Gateway")
        elif mode == "html":
            self.answer(client, "403 Forbidden", "Content-Type: text/html", body=self.PAGE)
        elif mode == "portal":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            client.recv(PIECE)
            self.answer(client, "200 OK", "Content-Type: text/html", body=self.PAGE)
        else:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return client
        return None


def _fault_of(words):
    options = dict(word.split("=", 1) for word in words[1:])
    return Fault(words[0], **options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("forward", "tls", "connect"))
    parser.add_argument("--to", required=True, metavar="HOST:PORT")
    parser.add_argument("--variant", default="good", choices=TLS_VARIANTS, help="tls: the certificate or handshake")
    parser.add_argument("--mode", default="tunnel", choices=CONNECT_MODES, help="connect: how it answers")
    parser.add_argument("--name", action="append", default=[], help="tls: a name of the certificate")
    parser.add_argument("--fault", nargs="+", action="append", default=[], metavar="KIND k=v")
    options = parser.parse_args()
    host, port = options.to.rsplit(":", 1)
    faults = [_fault_of(words) for words in options.fault]
    ready = {}
    certificates = None
    if options.what == "tls":
        certificates = Certificates(*options.name)
        proxy = TlsFront((host, int(port)), certificates, options.variant, *faults)
        ready["ca_file"] = certificates.ca_file
    elif options.what == "connect":
        proxy = ConnectProxy((host, int(port)), options.mode, *faults)
    else:
        proxy = Forwarder((host, int(port)), *faults)
    print(json.dumps({"host": "127.0.0.1", "port": proxy.port, **ready}), flush=True)
    try:
        sys.stdin.buffer.read()
    finally:
        print(json.dumps(proxy.counts()))
        proxy.close()
        if certificates:
            certificates.close()


if __name__ == "__main__":
    main()
