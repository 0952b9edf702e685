"""The official Python client of Unity Catalog, unmodified. It reads aampe-sandbox as the principal, and what it understood of the
answers must equal our `--json`; and it reads the server of our test of the open-source dialect (tests/e2e/unity_server.py), whose
answers its models must take."""
import asyncio
import logging
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
logging.disable(logging.CRITICAL)

import cells  # noqa: E402
import harness  # noqa: E402
import official  # noqa: E402
import unity_server  # noqa: E402
from pydantic import ValidationError  # noqa: E402
from unitycatalog.client import (ApiClient, CatalogsApi, Configuration, GrantsApi, MetastoresApi, SchemasApi,  # noqa: E402
                                 TablesApi)
from unitycatalog.client.exceptions import ApiException  # noqa: E402
from unitycatalog.client.models import Privilege, SecurableType  # noqa: E402
from world import World  # noqa: E402

BASE = "/api/2.1/unity-catalog"
CLIENT = "11111111-2222-4333-8444-555555555555"
PAGE = 2


class Unity:
    """The client of one server; every listing over its pages, two items each."""

    def __init__(self, address, token):
        headers = {"Authorization": "Bearer " + token} if token else {}
        self.api = ApiClient(Configuration(host=address + BASE))
        self.api.default_headers.update(headers)
        self.catalogs, self.schemas, self.tables = CatalogsApi(self.api), SchemasApi(self.api), TablesApi(self.api)
        self.grants, self.metastores = GrantsApi(self.api), MetastoresApi(self.api)
        self.pages, self.without_grants = 0, []

    async def all(self, call, field, **query):
        items, token = [], None
        while True:
            page = await call(max_results=PAGE, page_token=token, **query)
            self.pages += 1
            items += getattr(page, field) or []
            token = page.next_page_token
            if not token:
                return items

    async def refusal(self, call, *arguments):
        """The name of the client's exception."""
        try:
            await call(*arguments)
        except ApiException as error:
            return type(error).__name__
        return "no refusal"


def same(cell, what, about, items, rows, **fields):
    """A listing of the client against rows of our tree, by name."""
    theirs = [{ours: getattr(one, theirs) for ours, theirs in fields.items()} for one in items]
    cell.equal(what, about, sorted(theirs, key=lambda one: one["name"]),
               [{ours: row.get(ours) for ours in fields} for row in sorted(rows, key=lambda row: row["name"])], len(items))


def value(of):
    return of.value if of is not None else None


def same_table(cell, one, show):
    theirs = {"id": one.table_id, "owner": one.owner, "comment": one.comment, "created": official.moment(one.created_at),
              "type": value(one.table_type), "format": value(one.data_source_format),
              "columns": [(c.name, official.spelled(c.type_text), c.nullable is not False, c.comment)
                          for c in sorted(one.columns, key=lambda c: c.position)]}
    ours = {"id": show.get("table_id"), "owner": show.get("owner"), "comment": show.get("comment"),
            "created": official.moment(show.get("created")), "type": show["type"], "format": show.get("format"),
            "columns": [(c["name"], official.spelled(c["type"]), c["nullable"], c.get("comment")) for c in show["columns"]]}
    cell.equal("columns", ".".join((one.catalog_name, one.schema_name, one.name)), theirs, ours, len(one.columns))


async def same_grants(cell, unity, name, show):
    """It knows privileges with spaces only, where Databricks writes underscores, and wants a list where Databricks leaves an
    empty one out."""
    ours = sorted((one["principal"], one["privilege"]) for one in show["privileges"] if not one.get("inherited_type"))
    if any(privilege not in [one.value for one in Privilege] for _, privilege in ours):
        cell.skip("grants", name, "its Privilege knows only the open-source spelling, with spaces")
        return
    try:
        got = await unity.grants.get(SecurableType.TABLE, name)
    except ValidationError as error:
        if ours:
            raise error
        unity.without_grants.append(name)
        return
    cell.equal("grants", name, sorted((one.principal, privilege.value) for one in got.privilege_assignments
                                      for privilege in one.privileges), ours)


async def read_all(cell, unity, profile, about):
    """Everything it lists against our tree, every table against our show."""
    rows = [row for row in profile.ok("tree", "--refresh")["rows"] if row["access"] != "not_uc"]
    catalogs = await unity.all(unity.catalogs.list_catalogs, "catalogs")
    same(cell, "catalogs", about, catalogs, [row for row in rows if row["kind"] == "catalog"], name="name", owner="owner",
         comment="comment")
    for catalog in (one.name for one in catalogs):
        schemas = await unity.all(unity.schemas.list_schemas, "schemas", catalog_name=catalog)
        same(cell, "schemas", catalog, schemas, official.below([row for row in rows if row["kind"] == "schema"], catalog),
             name="name", full_name="full_name", owner="owner", comment="comment")
        for schema in schemas:
            tables = await unity.all(unity.tables.list_tables, "tables", catalog_name=catalog, schema_name=schema.name)
            same(cell, "tables", schema.full_name, tables,
                 official.below([row for row in rows if row["kind"] == "table"], schema.full_name),
                 name="name", owner="owner", comment="comment")
            for table in tables:
                name = f"{schema.full_name}.{table.name}"
                show = profile.ok("show", name)
                same_table(cell, await unity.tables.get_table(name), show)
                await same_grants(cell, unity, name, show)
    if unity.without_grants:
        cell.skip("grants", about, f"{len(unity.without_grants)} tables without any: Databricks leaves an empty list out, the "
                                   "client's PermissionsList wants one")


async def judge_sandbox(cell, world):
    unity, nobody = Unity(world.ready["address"], world.token()), Unity(world.ready["address"], None)
    cell.equal("metastore", "sandbox", (await unity.metastores.summary()).metastore_id, world.ready["metastore_id"])
    await read_all(cell, unity, world.profile, "sandbox")
    for name, want, call in (("unknown table", "NotFoundException", unity.tables.get_table),
                             ("no token", "UnauthorizedException", nobody.tables.get_table)):
        cell.equal(name, "sandbox", await unity.refusal(call, "shop.aampe.nobody"), want)
    cell.equal("more than one page", "sandbox", unity.pages > 10, True)
    await unity.api.close()
    await nobody.api.close()


async def judge_dialect(cell, newer, folder):
    """Its models are generated out of that server's own description: what they refuse, that server does not say."""
    about = "newer" if newer else "older"
    server, profile = unity_server.serve(newer), harness.Profile(folder)
    address = f"http://127.0.0.1:{server.server_port}"
    unity = Unity(address, "token-of-the-front-0123456789")
    try:
        profile.engine_start()
        for key, text in (("workspace.host", address), ("principal.client_id", CLIENT), ("workspace.requests_per_second", "1000")):
            profile.ok("config", "set", key, text)
        profile.secret_set("principal", "dose-of-the-front-0123456789")
        await read_all(cell, unity, profile, "open-source dialect, " + about)
        cell.equal("metastore", about, bool((await unity.metastores.summary()).metastore_id), True)
        cell.equal("unknown table", about, await unity.refusal(unity.tables.get_table, "unity.default.nobody"), "NotFoundException")
    finally:
        await unity.api.close()
        profile.engine_stop()
        server.shutdown()
        server.server_close()


def main():
    cell = cells.Cell()
    with World("--world", "shop", "--rows", str(cell.rows)) as world:
        cell.attempt("sandbox", "shop", lambda: asyncio.run(judge_sandbox(cell, world)))
    for newer in (False, True):
        with harness.Folder("aampe-peers.") as folder:
            cell.attempt("open-source dialect", str(newer), lambda: asyncio.run(judge_dialect(cell, newer, folder)))
    return cell.finish()


if __name__ == "__main__":
    sys.exit(main())
