"""Starts the real aampe-sandbox and speaks to it with the standard library only."""
import base64
import http.client
import json
import os
import pathlib
import ssl
import struct
import subprocess
import tempfile
import urllib.parse

BUILD = pathlib.Path(os.environ.get("AAMPE_BUILDDIR", "."))
PROGRAM = str(BUILD / "aampe-sandbox")
UC = "/api/2.1/unity-catalog"
SQL = "/api/2.0/sql"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Sandbox:
    def __init__(self, *options, state=None):
        self.folder = None if state else tempfile.TemporaryDirectory()
        self.state = state or self.folder.name
        self.process = subprocess.Popen(
            [PROGRAM, "--state", self.state, "--die-with-parent", *options],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line, "the sandbox said nothing"
        self.ready = json.loads(line)
        self.tokens = {}

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        assert self.stop() == 0

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        if self.folder:
            self.folder.cleanup()
        return code

    def connection(self):
        if "ca_file" in self.ready:
            context = ssl.create_default_context(cafile=self.ready["ca_file"])
            return http.client.HTTPSConnection(self.ready["host"], self.ready["port"], context=context,
                                               timeout=60)
        return http.client.HTTPConnection(self.ready["host"], self.ready["port"], timeout=60)

    def request(self, method, path, body=None, headers=None, token=None):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = "Bearer " + token
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        if path.startswith(self.ready["address"]):
            path = path[len(self.ready["address"]):]
        connection = self.connection()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()},
                          response.read())
        finally:
            connection.close()

    def token_request(self, fields, basic=None):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if basic:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
        return self.request("POST", "/oidc/v1/token", urllib.parse.urlencode(fields), headers)

    def token(self, who="client"):
        if who == "admin":
            return self.ready["admin_token"]
        if who not in self.tokens:
            key = {"observer": "observer_client"}.get(who, who)
            answer = self.token_request({"grant_type": "client_credentials", "scope": "all-apis"},
                                        (self.ready[key + "_id"], self.ready[key + "_secret"]))
            assert answer.status == 200, answer.body
            self.tokens[who] = answer.json["access_token"]
        return self.tokens[who]

    def get(self, path, who="client", **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.request("GET", path, token=self.token(who))

    def pages(self, path, key, who="client", **query):
        """All pages of a listing, as lists."""
        pages = []
        while True:
            answer = self.get(path, who, **query)
            assert answer.status == 200, answer.body
            pages.append(answer.json.get(key, []))
            if not answer.json.get("next_page_token"):
                return pages
            query["page_token"] = answer.json["next_page_token"]

    def statement(self, sql, who="client", **fields):
        body = {"statement": sql, "warehouse_id": self.ready["warehouse_id"], "wait_timeout": "30s"}
        body.update(fields)
        return self.request("POST", SQL + "/statements/", body, token=self.token(who))

    def external(self, sql, **fields):
        answer = self.statement(sql, disposition="EXTERNAL_LINKS", format="ARROW_STREAM", **fields)
        assert answer.status == 200, answer.body
        return answer.json

    def link(self, statement_id, chunk):
        return self.get(f"{SQL}/statements/{statement_id}/result/chunks/{chunk}").json["external_links"][0]

    def command(self, *words, code=0):
        result = subprocess.run([PROGRAM, *words, "--state", self.state], capture_output=True, text=True,
                                check=False)
        assert result.returncode == code, result.stderr
        return json.loads(result.stdout) if result.stdout.startswith("{") else result.stdout

    def fault(self, *words):
        return self.command("fault", *words)

    def clock(self, seconds):
        self.command("clock", f"+{seconds}")

    def requests(self, since=0):
        return self.command("requests", "--json", "--since", str(since))


def arrow_rows(data):
    """Rows of an uncompressed Arrow IPC stream, by its record batch headers alone."""
    at = rows = 0
    while True:
        mark, size = struct.unpack_from("<Ii", data, at)
        assert mark == 0xFFFFFFFF
        if size == 0:
            assert at + 8 == len(data)
            return rows
        start = at + 8

        def field(table, slot):
            vtable = table - struct.unpack_from("<i", data, table)[0]
            if struct.unpack_from("<H", data, vtable)[0] < 6 + 2 * slot:
                return None
            offset = struct.unpack_from("<H", data, vtable + 4 + 2 * slot)[0]
            return table + offset if offset else None

        message = start + struct.unpack_from("<I", data, start)[0]
        kind = data[field(message, 1)]
        if kind == 3:
            batch = field(message, 2)
            batch += struct.unpack_from("<I", data, batch)[0]
            length = field(batch, 0)
            rows += struct.unpack_from("<q", data, length)[0] if length else 0
        body = field(message, 3)
        at = start + size + (struct.unpack_from("<q", data, body)[0] if body else 0)
