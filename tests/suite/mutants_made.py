"""How an answer is bent for `make mutants`: the document of a JSON answer piece by piece, its bytes, its status line and headers."""

import gzip
import json

# Written into the text as they are: what json.dumps would not say.
RAW = ["1e300", "-1e300", "1e999", "-0", "0.5", "1E400", "NaN", "Infinity", "01", "+1", "0x10", "9223372036854775807",
       "9223372036854775808", "-9223372036854775808", "18446744073709551616", "4611686018427387904", "1" + "0" * 70,
       '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00x"', '"\x01"', '"\\x"', "{", "[", "]", "tru", "", "{}{}"]
ODD = [-1, 0, 1, 2, 255, 65536, 2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1, 2**62, 2**63 - 1, 2**63, -2**31, -2**63, 1.5, 1e300,
       -1e300, "", " ", "x", "0", "-1", "12", "1e3", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "null",
       "SUCCEEDED", "FAILED", "CLOSED", "RUNNING", "PENDING", "CANCELED", "DELETED", "STOPPED", "decimal(38,39)", "decimal(-1,-1)",
       "array<map<string,struct<a:int,", "9999-12-31T23:59:59.999Z", "0000-00-00T00:00:00Z", "1969-12-31T23:59:59Z", "-292277-01-01",
       "../../../../etc/passwd", "a/b?c=d#e", "%2e%2e%2f", "\u001b[31m\u009b1m", "\u202e\u200b\u2028", "\r\nX-A: b", "''; DROP TABLE x",
       "`a`.`b`", "https://127.0.0.1/x?y=z", "\U0010ffff", True, False, None, [], {}, [[]], [None], [{}],
       {"": None}]
STATUSES = [200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 407, 408, 409, 410, 412, 413,
            416, 418, 422, 423, 429, 451, 499, 500, 501, 502, 503, 504, 511, 520, 599, 999]
DATES = ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Sun, 06 Nov 2147483647 08:49:37 GMT",
         "Sun, 06 Nov 300000 08:49:37 GMT", "Mon, 01 Jan 1583 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "0", "-1",
         "99999999999999999999", "yesterday", "", "Sun, 99 Nov 1994 99:99:99 GMT", "x" * 4000]
WAITS = ["0", "-1", "-9223372036854775808", "1000000000", "99999999999999999999999", "1.5", "1e9", "NaN", "", "soon", *DATES]
ERRORS = ["PERMISSION_DENIED", "RESOURCE_DOES_NOT_EXIST", "REQUEST_LIMIT_EXCEEDED", "TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR",
          "INVALID_PARAMETER_VALUE", "CUSTOMER_UNAUTHORIZED", "UNAUTHENTICATED", "BAD_REQUEST", "", "X" * 3000, "0", 403, -1, 1e300, None]


def places(document, path=()):
    """Every place in a document, the whole of it first."""
    yield path
    if isinstance(document, dict):
        for key in document:
            yield from places(document[key], path + (key,))
    elif isinstance(document, list):
        for index in list(range(min(len(document), 3))) + ([len(document) - 1] if len(document) > 3 else []):
            yield from places(document[index], path + (index,))


def at(document, path):
    for step in path:
        document = document[step]
    return document


def put(document, path, value):
    if not path:
        return value
    at(document, path[:-1])[path[-1]] = value
    return document


def deep(depth, inner=None, kind="list"):
    for _ in range(depth):
        inner = [inner] if kind == "list" else {"a": inner}
    return inner


def bend_document(random, document):
    """(name, text): one piece of the document is another."""
    path = random.choice(list(places(document)))
    here = at(document, path)
    where = "/".join(map(str, path)) or "all"
    what = random.choice(["odd"] * 6 + ["raw"] * 4 + ["gone", "gone", "twice", "many", "swap", "long", "deep", "quoted", "unquoted",
                                                  "renamed", "bytes", "negative", "bigger", "cut"])
    token = "@@RAW@@"
    raw = None
    if what == "odd":
        document = put(document, path, random.choice(ODD))
    elif what == "raw":
        document, raw = put(document, path, token), random.choice(RAW)
    elif what == "gone" and path:
        del at(document, path[:-1])[path[-1]]
    elif what == "twice" and path and isinstance(path[-1], str):
        holder = at(document, path[:-1])
        holder[path[-1]] = token
        raw = "%s,%s:%s" % (json.dumps(here), json.dumps(path[-1]), random.choice([json.dumps(here), "null", "1"]))
    elif what == "many" and isinstance(here, list) and here:
        document = put(document, path, here * random.choice([2, 100, 2000]))
    elif what == "swap":
        document = put(document, path, at(document, random.choice(list(places(document)))) if path else here)
        document = json.loads(json.dumps(document, default=str)) if _finite(document) else None
    elif what == "long":
        document = put(document, path, random.choice(["n", "\u00e9", "\\", "\x1b", "a."]) * random.choice([300, 70000, 1200000]))
    elif what == "deep":
        document = put(document, path, deep(random.choice([30, 62, 64, 65, 2000, 100000][:4]), here, random.choice(["list", "dict"])))
    elif what == "quoted" and isinstance(here, (int, float)):
        document = put(document, path, str(here))
    elif what == "unquoted" and isinstance(here, str):
        document, raw = put(document, path, token), here[:40] or "x"
    elif what == "renamed" and path and isinstance(path[-1], str):
        holder = at(document, path[:-1])
        holder[random.choice([path[-1].upper(), path[-1] + "s", "", path[-1][:-1]])] = holder.pop(path[-1])
    elif what == "bytes":
        document, raw = put(document, path, token), '"\udcff\udcfe\udc80"'
    elif what == "negative" and isinstance(here, (int, float)):
        document = put(document, path, -here - 1)
    elif what == "bigger" and isinstance(here, (int, float)):
        document = put(document, path, here + random.choice([1, 2**20, 2**40]))
    elif what == "cut" and isinstance(here, str):
        document = put(document, path, here[:random.randrange(len(here) + 1)])
    else:
        what, document = "odd", put(document, path, random.choice(ODD))
    text = json.dumps(document, ensure_ascii=random.choice([True, False]))
    if raw is not None:
        text = text.replace('"%s"' % token, raw)
    return "%s %s" % (what, where), text.encode("utf-8", "surrogateescape")


def _finite(document):
    try:
        json.dumps(document)
        return True
    except (ValueError, RecursionError):
        return False


def bend_bytes(random, data):
    what = random.choice(["cut", "flip", "tail", "empty", "null", "list", "number", "text", "page", "blanks", "zero", "login"])
    if what == "cut":
        data = data[:random.randrange(len(data) + 1)]
    elif what == "flip" and data:
        spot = random.randrange(len(data))
        data = data[:spot] + bytes([data[spot] ^ (1 << random.randrange(8))]) + data[spot + 1:]
    elif what == "tail":
        data += random.choice([b"x", b"{}", b"\0", b"\n\n", b"]"])
    elif what == "zero" and data:
        spot = random.randrange(len(data))
        data = data[:spot] + b"\0" + data[spot:]
    else:
        data = {"empty": b"", "null": b"null", "list": b"[]", "number": b"1e999", "text": b'"x"', "blanks": b" " * 5000,
                "page": b"<!doctype html><title>\x1b[31mhello</title><pre>" + b"p" * 3000,
                "login": b"<html>private-link-validation-error</html>"}.get(what, b"\xff\xfe")
    return "bytes " + what, data


def bend_headers(random, status, headers, data, elsewhere):
    """(name, status, headers as pairs, data, cut: bytes after which the connection ends, or None)."""
    what = random.choice(["status", "status", "error", "error", "redirect", "redirect", "date", "date", "wait", "wait", "kind", "length",
                          "coding", "ids", "chunked", "cut", "bomb", "many"])
    pairs, cut = list(headers.items()), None
    if what == "status":
        status = random.choice(STATUSES)
    elif what == "error":
        status = random.choice([s for s in STATUSES if s >= 400])
        message = random.choice(["", "x" * 5000, "User does not have SELECT on Table 'a.b.c'", "Invalid access token.", "\x1b]0;x\x07",
                                 "Source IP address: 999.1.1.1 is blocked by Databricks IP ACL for workspace: 42", None, 5, [], {"a": 1},
                                 "PERMISSION_DENIED: see https://h.example/x?sig=canarycanary&X-Amz-Signature=canarycanary"])
        data = json.dumps({"error_code": random.choice(ERRORS), "message": message, "details": random.choice([None, {}, [
            {"@type": "a.RetryInfo", "retry_delay": random.choice(["-1s", "1e300s", "nan", "inf", "", 5])}, {"@type": 5}, None,
            {"@type": "x.ErrorInfo", "reason": [], "metadata": {"resourceType": "y" * 900}}], "x"])}).encode()
    elif what == "redirect":
        status = random.choice([300, 301, 302, 303, 307, 308])
        target = random.choice([elsewhere + "/taken?token=canarycanary", "//" + elsewhere.split("//")[1] + "/taken", "/login.html",
                                "http://u:canarycanary@127.0.0.1:1/x", "\x1b[31m", "", "x" * 60000, "file:///etc/passwd",
                                "/x?error=private-link-validation-error"])
        pairs.append(("Location", target))
    elif what == "date":
        pairs.append(("Date", random.choice(DATES)))
    elif what == "wait":
        status = random.choice([429, 429, 503, 500, 200])
        pairs.append(("Retry-After", random.choice(WAITS)))
        if random.random() < 0.5:
            pairs.append(("Date", random.choice(DATES)))
    elif what == "kind":
        pairs = [("Content-Type", random.choice(["text/html", "", "application/json; charset=utf-16", "x" * 3000, "text/plain", ";"]))]
    elif what == "length":
        pairs.append(("Content-Length", random.choice([str(len(data) + 10), str(max(0, len(data) - 1)), "-1", "0", "99999999999999999999",
                                                       "9223372036854775807", "+5", "x", "", "1e3", "34359738368"])))
        cut = len(data)
    elif what == "coding":
        pairs.append(("Content-Encoding", random.choice(["gzip", "deflate", "br", "identity", "gzip, gzip", "x"])))
    elif what == "bomb":
        data = gzip.compress(b" " * (48 << 20), 1)
        pairs.append(("Content-Encoding", "gzip"))
    elif what == "ids":
        pairs += [("X-Request-Id", random.choice(["x" * 9000, "\x1b[31m", "", "a, b"])), ("X-Databricks-Org-Id", "9" * 5000)]
    elif what == "chunked":
        pairs.append(("Transfer-Encoding", "chunked"))
        data = random.choice([b"ffffffffffffffff\r\n" + data, b"-1\r\n" + data, b"zz\r\n", b"5\r\nab", b"0\r\n\r\n",
                              b"7fffffff\r\n" + data[:100]])
        cut = len(data)
    elif what == "cut":
        cut = random.randrange(len(data) + 1)
    elif what == "many":
        pairs += [("X-%d" % i, "y" * 90) for i in range(random.choice([50, 900]))]
    return "%s %s" % (what, [v[:60] for k, v in pairs[1:2]] or status), status, pairs, data, cut


def bend(random, status, headers, data, elsewhere):
    """One mutation of an answer: (name, status, pairs, data, cut)."""
    is_json = "json" in headers.get("Content-Type", "") and data
    choice = random.random()
    if is_json and choice < 0.62:
        name, data = bend_document(random, json.loads(data))
        return name, status, list(headers.items()), data, None
    if choice < 0.72:
        name, data = bend_bytes(random, data)
        return name, status, list(headers.items()), data, None
    return bend_headers(random, status, headers, data, elsewhere)
