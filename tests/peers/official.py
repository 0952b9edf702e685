"""What every official client is asked, and what of our own `--json` must equal its answers.

A client is an object with `ask(who, what, *arguments)`, which gives the API's own JSON (objects with the wire's field
names) or raises Refused; who is client (the principal), observer or admin. `what` is one of the names in `reads`
and `writes` below. The clients are Databricks' own, unmodified; the other side is aampe-console on the same sandbox.
"""

import datetime
import json
import os
import socket

import harness

READY = ("ENABLE_COMPLETED", "MANAGED")  # a system schema that can be read


class Refused(Exception):
    """The client says that the workspace refused, with what it made of it."""

    def __init__(self, message, kind=None):
        super().__init__(message)
        self.kind = kind


class Cannot(Exception):
    """The client itself cannot do this, whatever the workspace."""


class Place:
    """A sandbox, a profile with its engine and an observer, and the client that judges them."""

    def __init__(self, cell, folder, official):
        self.cell, self.official = cell, official
        self.sandbox = harness.Sandbox(folder, "--world", "shop", "--rows", str(cell.rows),
                                       "--set", "audit_lag_seconds=0", "--set", "cold_start_seconds=1")
        self.info = self.sandbox.info
        self.profile = harness.Profile(folder)
        self.calls = 0

    def start(self):
        self.profile.engine_start()
        self.profile.connect(self.sandbox, **{"observer.client_id": self.info["observer_client_id"]})
        code, document, _ = self.profile.secret_set("observer", self.info["observer_client_secret"])
        assert code == 0, document

    def stop(self):
        self.profile.engine_stop()
        self.sandbox.stop()

    def ours(self, *words):
        return self.profile.ok(*words)

    def verb(self, method, **params):
        """One call of the engine's socket, for what no command shows."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(os.path.join(self.profile.state, "sock"))
            stream = line.makefile("rwb")
            for number, (name, args) in enumerate((("hello", {"protocol": 1}), (method, params))):
                self.calls += 1
                stream.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": name, "params": args}).encode() + b"\n")
                stream.flush()
                answer = json.loads(stream.readline())
                while answer.get("id") != number:
                    answer = json.loads(stream.readline())
            return answer["result"]

    def client(self, what, *arguments, who="client"):
        return self.official.ask(who, what, *arguments)

    def admin(self, what, *arguments):
        return self.official.ask("admin", what, *arguments)


def moment(value):
    """Epoch milliseconds or RFC 3339 as one form, to the second."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return datetime.datetime.fromtimestamp(value / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value[:19] + "Z"


def tree(place):
    """Our tree, by kind; without what SHOW CATALOGS alone knows of (hive_metastore)."""
    rows = [row for row in place.ours("tree", "--refresh")["rows"] if row["access"] != "not_uc"]
    return {kind: [row for row in rows if row["kind"] == kind] for kind in ("catalog", "schema", "table")}


def fields(item, **names):
    """Our words for the fields of an API object; what is absent is None."""
    return {ours: item.get(theirs) for ours, theirs in names.items()}


def listing(place, what, *arguments):
    """What the principal and the observer are told, by name: (both, those that the principal sees)."""
    def told(who):
        try:
            return {one["name"]: one for one in place.client(what + "_browse", *arguments, who=who)
                    if who == "observer" or not one.get("browse_only")}
        except Refused:
            return {}
    seen = told("client")
    both = {**told("observer"), **seen}
    return [both[name] for name in sorted(both)], seen


def same_listing(place, what, about, rows, form, *arguments):
    """A listing of the client against rows of our tree: content, order, and which of them the principal does not see."""
    both, seen = listing(place, what, *arguments)
    place.cell.equal(what, about, [form(one) | {"hidden": one["name"] not in seen} for one in both],
                     [mine(row) | {"hidden": row.get("why", "").startswith("the principal does not see it")}
                      for row in rows])
    return both, seen


def mine(row):
    """A row of our tree by the words of `named`."""
    return fields(row, **{name: name for name in ("name", "full_name", "owner", "comment", "type", "format")}) | {
        "updated": moment(row.get("updated"))}


def named(type_field=None, format_field=None):
    """An object of the API by the same words."""
    def form(one):
        return fields(one, name="name", full_name="full_name", owner="owner", comment="comment", type=type_field,
                      format=format_field) | {"updated": moment(one.get("updated_at"))}
    return form


def below(rows, parent):
    return [row for row in rows if row["full_name"].startswith(parent + ".")]


def read_catalogs(place):
    """Catalogs, their schemas, their tables, and each table."""
    ours = tree(place)
    catalogs, _ = same_listing(place, "catalogs", "workspace", ours["catalog"], named("catalog_type"))
    for catalog in catalogs:
        name = catalog["name"]
        schemas, _ = same_listing(place, "schemas", name, below(ours["schema"], name), named(), name)
        for schema in schemas:
            about = schema["full_name"]
            tables, seen = same_listing(place, "tables", about, below(ours["table"], about),
                                        named("table_type", "data_source_format"), *about.split("."))
            for table in tables:
                place.cell.attempt("columns", table["full_name"], lambda table=table, seen=seen: read_table(
                    place, table, table["name"] in seen))


def columns_of(table):
    return [{"name": one["name"], "type": spelled(one["type_text"]), "nullable": one.get("nullable", True),
             "comment": one.get("comment")} for one in table.get("columns", [])]


def privileges_of(effective):
    """Effective grants as our `show` lists them."""
    out = []
    for assignment in effective.get("privilege_assignments", []):
        for one in assignment["privileges"]:
            out.append((assignment["principal"], one["privilege"], one.get("inherited_from_type"),
                        one.get("inherited_from_name")))
    return sorted(out, key=repr)


def direct_of(grants):
    return sorted((one["principal"], privilege) for one in grants.get("privilege_assignments", [])
                  for privilege in one["privileges"])


def shown_privileges(show):
    return sorted(((one["principal"], one["privilege"], one.get("inherited_type"), one.get("inherited_name"))
                   for one in show.get("privileges", [])), key=repr)


def spelled(kind):
    """Nested types are written with spaces by us and without by the catalog."""
    return kind.upper().replace(", ", ",").replace(": ", ":")


def read_table(place, table, seen):
    name = table["full_name"]
    show = place.ours("show", name)
    ours = shown_privileges(show)
    try:
        effective, direct = (place.client(what, "table", name) for what in ("effective", "grants"))
        place.cell.equal("effective grants", name, privileges_of(effective), ours)
        place.cell.equal("grants", name, direct_of(direct), sorted((one[0], one[1]) for one in ours if one[2] is None))
    except Refused as refused:
        place.cell.equal("effective grants", f"{name}: {refused}", [], ours)
    if not seen:
        place.cell.equal("verdict", f"{name}, which the principal does not see", "not_readable", show["access"]["verdict"])
        return
    got = {"id": table.get("table_id"), "owner": table.get("owner"), "created": moment(table.get("created_at")),
           "type": table.get("table_type"), "columns": columns_of(table)}
    want = {"id": show.get("table_id"), "owner": show.get("owner"), "created": moment(show.get("created")),
            "type": show.get("type"),
            "columns": [{"name": one["name"], "type": spelled(one["type"]), "nullable": one["nullable"],
                         "comment": one.get("comment")} for one in show["columns"]]}
    place.cell.equal("columns", name, got, want, len(got["columns"]))


def warehouse_fields(one):
    return {"id": one["id"], "name": one["name"], "state": one["state"], "size": one.get("cluster_size"),
            "serverless": one.get("enable_serverless_compute", False), "auto_stop_minutes": one.get("auto_stop_mins")}


def read_warehouses(place):
    ours = place.verb("warehouses.list")["warehouses"]
    place.cell.equal("warehouses", "list", [warehouse_fields(one) for one in place.client("warehouses")], ours)
    shown = place.ours("show", "shop.aampe.events")["warehouse"]
    place.cell.equal("warehouses", "the profile's own", warehouse_fields(place.client("warehouse", shown["id"])), shown)


def secret_fields(one):
    return {"id": one["id"], "created": moment(one.get("create_time", one.get("created"))),
            "ends": moment(one.get("expire_time", one.get("expires"))), "status": one.get("status", one.get("state", "").upper())}


def our_secrets(place):
    data = place.ours("secrets", "list", "--refresh")
    assert "not_readable" not in data, data["not_readable"]
    return data


def read_secrets(place):
    ours = our_secrets(place)
    theirs = place.client("secrets", place.info["principal_id"], who="observer")
    place.cell.equal("secrets", "of the principal", sorted(map(secret_fields, theirs), key=lambda one: one["id"]),
                     sorted(map(secret_fields, ours["workspace"]), key=lambda one: one["id"]))


def read_principals(place):
    me = place.client("me")
    ours = our_secrets(place)["principal"]
    listed = [one for one in place.admin("service_principals") if one["applicationId"] == ours["application_id"]]
    place.cell.equal("service principals", "both ids", [fields(one, application_id="applicationId", id="id") for one in listed],
                     [ours])
    place.cell.equal("current user", "ids", {"application_id": me["userName"], "id": me["id"]}, ours)


def schema_on(place):
    """Whether the audit log's system schema is on, as we and as they see it."""
    states = {one["schema"]: one["state"] for one in place.admin("system_schemas", place.info["metastore_id"])}
    code, document, _ = place.profile.console("audit", "list", "--read")
    assert code in (0, 3), document
    return states["access"] in READY, document["data"]["state"] not in ("schema_off", "no_observer")


def read_system_schemas(place):
    """Their states; the schemas of catalog system in our tree are those that are on."""
    theirs, ours = schema_on(place)
    place.cell.equal("system schemas", "access", theirs, ours)
    listed = place.admin("system_schemas", place.info["metastore_id"])
    place.cell.equal("system schemas", "those that are on", sorted(one["schema"] for one in listed if one["state"] in READY),
                     [row["name"] for row in below(tree(place)["schema"], "system")], len(listed))


def doctor(place):
    """(first failing layer or None, {layer: what it saw})."""
    code, document, _ = place.profile.console("doctor")
    assert code in (0, 1, 3, 4), document
    first = document["data"]["first_failure"]
    return first and first["layer"], {layer["layer"]: layer["evidence"]
                                      for chain in document["data"]["chains"] for layer in chain["layers"]}


def read_doctor(place):
    """What the doctor names as seen of the workspace, as the client sees it."""
    first, seen = doctor(place)
    me, metastore = place.client("me"), place.client("metastore")
    place.cell.equal("doctor", "nothing fails", None, first)
    place.cell.equal("doctor", "assignment", {"application_id": me["userName"], "id": me["id"],
                                              "display_name": me["displayName"]},
                     {name: seen["assignment"].get(name) for name in ("application_id", "id", "display_name")})
    place.cell.equal("doctor", "entitlement", sorted(one["value"] for one in me.get("entitlements", [])),
                     sorted(seen["entitlement"]["entitlements"]))
    place.cell.equal("doctor", "warehouse", [{name: warehouse_fields(one)[name] for name in ("id", "name", "state", "size")}
                                             for one in place.client("warehouses")], seen["warehouse"]["warehouses"])
    place.cell.equal("doctor", "unity catalog", fields(metastore, id="metastore_id", name="name", cloud="cloud",
                                                       region="region"), seen["unity_catalog"]["metastore"])


def read_rows(place):
    """SELECT by the client, against our preview of the same rows."""
    for row in tree(place)["table"]:
        name = row["full_name"]
        code, document, _ = place.profile.console("preview", name, "--reveal", "--limit", "200")
        if code != 0:
            place.cell.attempt("select", name, lambda name=name, document=document: refused_alike(place, name, document))
            continue
        quoted = ".".join("`" + part + "`" for part in name.split("."))
        columns = ", ".join("`" + one["name"] + "`" for one in document["data"]["columns"])
        answer = place.client("statement", f"SELECT {columns} FROM {quoted} LIMIT 200", place.info["warehouse_id"])
        place.cell.attempt("select", name, lambda name=name, answer=answer, document=document: same_rows(
            place, name, answer, document["data"]))


def refused_alike(place, name, document):
    """What we may not preview, the client may not select."""
    quoted = ".".join("`" + part + "`" for part in name.split("."))
    answer = place.client("statement", f"SELECT * FROM {quoted} LIMIT 1", place.info["warehouse_id"])
    place.cell.equal("select refused", f"{name}: {document['error']['code']}", answer["status"]["state"], "FAILED")


def same_rows(place, name, answer, ours):
    assert answer["status"]["state"] == "SUCCEEDED", answer["status"]
    theirs = answer["result"].get("data_array", [])
    cut = {tuple(one) for one in ours["cut_cells"]}
    mine = ours["rows"]
    for index, row in enumerate(theirs):
        for at, text in enumerate(row):
            if (index, at) in cut and index < len(mine):
                theirs[index][at] = mine[index][at] if text.startswith(mine[index][at][:40]) else text
    place.cell.equal("select", name, theirs, mine)


READS = (read_catalogs, read_warehouses, read_secrets, read_principals, read_system_schemas, read_doctor, read_rows)


def reads(place):
    for part in READS:
        place.cell.attempt(part.__name__.removeprefix("read_").replace("_", " "), None, lambda part=part: part(place))


def judge(cell, client):
    """A client judges a sandbox and, beside it, our own product, in a folder of their own."""
    import official_writes  # it asks this module
    with harness.Folder("aampe-judge.") as folder:
        place = Place(cell, folder, client)
        try:
            client.connect(place.info)
            place.start()
            reads(place)
            official_writes.writes(place)
        finally:
            place.stop()
