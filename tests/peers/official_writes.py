"""What one side writes, the other sees: official clients change the workspace, aampe-console says what it is now; and the
GRANTs that aampe-console prints are run unchanged by the clients."""

import subprocess

import harness
import official

WRITE_SCHEMAS = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]


def console_text(place, *words):
    """A command's own text, for what it prints to be run by others."""
    done = subprocess.run([harness.program("aampe-console"), "--profile", place.profile.name, "--socket",
                           place.profile.state + "/sock", *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120, env=place.profile.environment)
    return done.stdout


def verdict(place, table):
    return place.ours("show", table)["access"]["verdict"]


def levels(place, table):
    return {one["level"]: one["has"] for one in place.ours("show", table)["access"]["levels"]}


def state_of(place, sql, who="client"):
    """How a statement of the client ends; a refusal to take it is FAILED too."""
    try:
        return place.client("statement", sql, place.info["warehouse_id"], who=who)["status"]["state"]
    except official.Refused:
        return "FAILED"


def write_grants(place):
    """The client grants and takes back; our verdict turns with it."""
    table, principal, equal = "shop.hr.employees", place.info["application_id"], place.cell.equal
    read = "SELECT count(*) FROM shop.hr.employees"

    def change(kind, name, word, privilege):
        place.admin("grants_update", kind, name, {"changes": [{"principal": principal, word: [privilege]}]})
    equal("grants update", "before", (verdict(place, table), state_of(place, read)), ("not_readable", "FAILED"))
    change("schema", "shop.hr", "add", "USE_SCHEMA")
    equal("grants update", "USE_SCHEMA added", levels(place, table), {"CATALOG": "yes", "SCHEMA": "yes", "TABLE": "no"})
    change("table", table, "add", "SELECT")
    equal("grants update", "SELECT added", (verdict(place, table), state_of(place, read)), ("readable", "SUCCEEDED"))
    equal("grants update", "listed alike", official.privileges_of(place.client("effective", "table", table)),
          official.shown_privileges(place.ours("show", table)))
    change("table", table, "remove", "SELECT")
    equal("grants update", "SELECT removed", (verdict(place, table), state_of(place, read)), ("not_readable", "FAILED"))


def write_grant_sql(place):
    """What `share plan --sql` prints, run unchanged by the client as an administrator, is all that is missing."""
    table, equal = "shop.finance.orders", place.cell.equal
    place.ours("share", "add", table, "--yes")
    for _ in range(3):
        statements = [line for line in console_text(place, "share", "plan", "--sql").splitlines()
                      if line and not line.startswith("--")]
        if not statements:
            break
        for statement in statements:
            answer = place.client("statement", statement, place.info["warehouse_id"], who="admin")
            equal("GRANT of share plan --sql", statement, answer["status"]["state"], "SUCCEEDED")
    equal("GRANT of share plan --sql", "nothing is left", console_text(place, "share", "plan", "--sql").strip(), "")
    equal("GRANT of share plan --sql", "verdict, and a read that was tried",
          (verdict(place, table), place.ours("show", table, "--try")["access"]["tried"]["ok"]), ("readable", True))
    direct = official.direct_of(place.client("grants", "table", table))
    equal("GRANT of share plan --sql", "grants get shows it", (place.info["application_id"], "SELECT") in direct, True)
    shown = [tuple(row) for statement in ("SHOW GRANTS ON TABLE shop.finance.orders",)
             for row in place.client("statement", statement, place.info["warehouse_id"], who="admin")["result"]["data_array"]]
    equal("GRANT of share plan --sql", "SHOW GRANTS shows it",
          any(row[:2] == (place.info["application_id"], "SELECT") for row in shown), True)
    place.ours("share", "remove", table, "--yes")


def write_secrets(place):
    """Secrets the client makes and deletes come and go in our list."""
    number = place.info["principal_id"]

    def ours():
        return {one["id"]: one for one in official.our_secrets(place)["workspace"]}
    before = set(ours())
    made = place.admin("secret_create", number, {"lifetime": "31536000s"})
    now = ours()
    place.cell.equal("secret create", "seen by secrets list", sorted(set(now) - before), [made["id"]])
    place.cell.equal("secret create", "when it ends", official.secret_fields(made) | {"status": "ACTIVE"},
                     official.secret_fields(now[made["id"]]) if made["id"] in now else None)
    place.cell.equal("secret create", "our engine gets a token with it", (enter(place, made["secret"]), official.doctor(place)[0]),
                     (0, None))
    enter(place, place.info["client_secret"])
    place.admin("secret_delete", number, made["id"])
    place.cell.equal("secret delete", "gone from secrets list", set(ours()), before)


def enter(place, secret):
    return place.profile.secret_set("principal", secret)[0]


def write_permissions(place):
    """Who may use the warehouse."""
    number, principal = place.info["warehouse_id"], place.info["application_id"]
    acl = place.admin("permissions", number)["access_control_list"]

    def entry(one):
        key = next(key for key in ("service_principal_name", "group_name", "user_name") if key in one)
        return {key: one[key], "permission_level": one["all_permissions"][0]["permission_level"]}
    others = [entry(one) for one in acl if one.get("service_principal_name") != principal and
              not one["all_permissions"][0].get("inherited")]

    def ours():
        code, document, _ = place.profile.console("preview", "shop.aampe.users")
        return "ok" if code == 0 else document["error"]["code"]
    place.cell.equal("warehouse permission", "before", ours(), "ok")
    place.admin("permissions_set", number, {"access_control_list": others})
    place.cell.equal("warehouse permission", "taken: the client's statement and our preview",
                     (state_of(place, "SELECT 1"), ours() != "ok"), ("FAILED", True))
    given = {"service_principal_name": principal, "permission_level": "CAN_USE"}
    place.admin("permissions_set", number, {"access_control_list": [*others, given]})
    place.cell.equal("warehouse permission", "given again", (state_of(place, "SELECT 1"), ours()), ("SUCCEEDED", "ok"))
    place.admin("permissions_update", number, {"access_control_list": [given | {"permission_level": "CAN_MONITOR"}]})
    place.cell.equal("warehouse permission", "another level",
                     [entry(one)["permission_level"] for one in place.admin("permissions", number)["access_control_list"]
                      if one.get("service_principal_name") == principal], ["CAN_MONITOR"])


def write_principals(place):
    """A service principal is made and deleted."""
    equal = place.cell.equal
    made = place.admin("service_principal_create", {"displayName": "judge", "active": True})
    number = made["id"]
    equal("service principal create", "listed", [one["displayName"] for one in place.admin("service_principals")
                                                 if one["id"] == number], ["judge"])
    place.admin("service_principal_delete", number)
    equal("service principal delete", "gone", [one["id"] for one in place.admin("service_principals")
                                               if one["id"] == number], [])


def write_principal_state(place):
    """Changed by the client; and ours is switched off and on."""
    equal = place.cell.equal
    number = place.admin("service_principal_create", {"displayName": "judge", "active": True})["id"]
    patch(place, number, {"op": "replace", "path": "displayName", "value": "judge 2"})
    equal("service principal patch", "displayName", place.admin("service_principal", number)["displayName"], "judge 2")
    place.admin("service_principal_delete", number)

    mine = place.info["principal_id"]
    equal("service principal patch", "our principal before", official.doctor(place)[0], None)
    patch(place, mine, {"op": "replace", "value": {"active": False}})
    equal("service principal patch", "switched off: the doctor's first failing layer", official.doctor(place)[0], "token")
    patch(place, mine, {"op": "replace", "value": {"active": True}})
    equal("service principal patch", "switched on again", official.doctor(place)[0], None)
    patch(place, mine, {"op": "remove", "path": 'entitlements[value eq "databricks-sql-access"]'})
    equal("entitlement", "taken: the doctor's first failing layer", official.doctor(place)[0], "entitlement")
    patch(place, mine, {"op": "add", "value": {"entitlements": [{"value": "databricks-sql-access"}]}})
    equal("entitlement", "given again", official.doctor(place)[0], None)


def patch(place, number, operation):
    place.admin("service_principal_patch", number, {"schemas": WRITE_SCHEMAS, "Operations": [operation]})


def write_system_schemas(place):
    metastore = place.info["metastore_id"]
    for word, on in (("system_schema_disable", False), ("system_schema_enable", True)):
        place.admin(word, metastore, "access")
        place.cell.equal(word.replace("_", " "), "access, as both see it", official.schema_on(place), (on, on))


def write_warehouse_state(place):
    """Stopped and started by the client, as our `show` says."""
    number = place.info["warehouse_id"]
    for word, state in (("warehouse_stop", "STOPPED"), ("warehouse_start", "RUNNING")):
        place.admin(word, number)
        shown = place.ours("show", "shop.aampe.events")["warehouse"]
        place.cell.equal(word.replace("_", " "), "seen by show", official.warehouse_fields(place.client("warehouse", number)),
                         shown)
        place.cell.equal(word.replace("_", " "), "state", shown["state"], state)


def write_history(place):
    """Each sees in its own list what the other did: our statement in the query history, theirs in our audit log."""
    preview = place.ours("preview", "shop.aampe.users")
    mine = [one for one in place.client("history") if one["query_id"] == preview["statement_id"]]
    place.cell.equal("query history", "our preview", [(one["status"], one["rows_produced"], one["user_name"]) for one in mine],
                     [("FINISHED", len(preview["rows"]), place.info["application_id"])])
    text = "SELECT 'the judge was here'"
    place.client("statement", text, place.info["warehouse_id"])
    rows = [one for one in place.ours("audit", "list", "--read")["rows"] if one.get("statement") == text]
    place.cell.equal("audit list", "the client's statement", [(one["by"], one["verdict"]) for one in rows], [("other", "ok")])


def write_bindings(place):
    """A catalog bound to another workspace is gone for the client and for us alike; bound again, it is back."""
    here = int(place.info["workspace_id"])

    def seen():
        return ([one["name"] for one in place.client("catalogs")],
                [row["name"] for row in official.tree(place)["catalog"] if row["access"] != "hidden"])
    before = seen()
    place.cell.equal("workspace bindings", "before", before[0], before[1])
    place.admin("catalog_isolate", "shop")
    place.admin("bindings_update", "shop", {"add": [{"workspace_id": 77, "binding_type": "BINDING_TYPE_READ_WRITE"}],
                                            "remove": [{"workspace_id": here}]})
    now = seen()
    place.cell.equal("workspace bindings", "bound elsewhere", *now)
    place.cell.equal("workspace bindings", "bound elsewhere: gone", "shop" in now[0] + now[1], False)
    place.admin("bindings_update", "shop", {"add": [{"workspace_id": here, "binding_type": "BINDING_TYPE_READ_WRITE"}],
                                            "remove": [{"workspace_id": 77}]})
    place.cell.equal("workspace bindings", "bound again", seen(), before)


WRITES = (write_grants, write_grant_sql, write_secrets, write_permissions, write_principals, write_principal_state, write_system_schemas,
          write_warehouse_state, write_history, write_bindings)


def writes(place):
    for part in WRITES:
        name = part.__name__.removeprefix("write_").replace("_", " ")
        try:
            part(place)
        except official.Cannot as why:
            place.cell.skip(name, None, why)
        except Exception as error:  # whatever a foreign client raises
            place.cell.say(name, None, "differs", 0, f"{type(error).__name__}: {error}")
