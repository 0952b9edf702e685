"""The Python SDK as a client that `official` asks."""

import official
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import DatabricksError
from databricks.sdk.service import catalog, iam


class Sdk:
    """One WorkspaceClient for each of who; answers as the wire's JSON (`as_dict`)."""

    def connect(self, info):
        self.of = {who: WorkspaceClient(host=info["address"], client_id=info[key + "_id"],
                                        client_secret=info[key + "_secret"], auth_type="oauth-m2m")
                   for who, key in (("client", "client"), ("observer", "observer_client"))}
        self.of["admin"] = WorkspaceClient(host=info["address"], token=info["admin_token"], auth_type="pat")

    def ask(self, who, what, *arguments):
        try:
            return plain(OPERATIONS[what](self.of[who], *arguments))
        except DatabricksError as error:
            raise official.Refused(str(error), type(error).__name__) from error


def plain(answer):
    if answer is None:
        return {}
    if hasattr(answer, "as_dict"):
        return answer.as_dict()
    return [one.as_dict() for one in answer]


def statement(client, text, warehouse):
    api = client.statement_execution
    answer = api.execute_statement(text, warehouse, wait_timeout="50s")
    chunk = answer.result
    while chunk and chunk.next_chunk_index is not None:
        chunk = api.get_statement_result_chunk_n(answer.statement_id, chunk.next_chunk_index)
        answer.result.data_array += chunk.data_array
    return answer


def grants_update(client, kind, name, body):
    return client.grants.update(kind, name, changes=[catalog.PermissionsChange.from_dict(one) for one in body["changes"]])


def bindings_update(client, name, body):
    add, remove = ([catalog.WorkspaceBinding.from_dict(one) for one in body[word]] for word in ("add", "remove"))
    return client.workspace_bindings.update_bindings("catalog", name, add=add, remove=remove)


def acl(body):
    return [iam.AccessControlRequest.from_dict(one) for one in body["access_control_list"]]


def principal_patch(client, number, body):
    return client.service_principals.patch(number, schemas=[iam.PatchSchema(one) for one in body["schemas"]],
                                           operations=[iam.Patch.from_dict(one) for one in body["Operations"]])


def principal_create(client, body):
    return client.service_principals.create(display_name=body["displayName"], active=body["active"])


OPERATIONS = {
    "catalogs": lambda client: client.catalogs.list(),
    "catalogs_browse": lambda client: client.catalogs.list(include_browse=True),
    "schemas": lambda client, name: client.schemas.list(name),
    "schemas_browse": lambda client, name: client.schemas.list(name, include_browse=True),
    "tables": lambda client, name, schema: client.tables.list(name, schema),
    "tables_browse": lambda client, name, schema: client.tables.list(name, schema, include_browse=True),
    "grants": lambda client, kind, name: client.grants.get(kind, name),
    "effective": lambda client, kind, name: client.grants.get_effective(kind, name),
    "grants_update": grants_update,
    "warehouses": lambda client: client.warehouses.list(),
    "warehouse": lambda client, number: client.warehouses.get(number),
    "warehouse_stop": lambda client, number: client.warehouses.stop(number).result(),
    "warehouse_start": lambda client, number: client.warehouses.start(number).result(),
    "permissions": lambda client, number: client.permissions.get("warehouses", number),
    "permissions_update": lambda client, number, body: client.permissions.update(
        "warehouses", number, access_control_list=acl(body)),
    "permissions_set": lambda client, number, body: client.permissions.set(
        "warehouses", number, access_control_list=acl(body)),
    "me": lambda client: client.current_user.me(),
    "metastore": lambda client: client.metastores.summary(),
    "history": lambda client: client.query_history.list(max_results=100).res,
    "service_principals": lambda client: client.service_principals.list(),
    "service_principal": lambda client, number: client.service_principals.get(number),
    "service_principal_create": principal_create,
    "service_principal_patch": principal_patch,
    "service_principal_delete": lambda client, number: client.service_principals.delete(number),
    "secrets": lambda client, number: client.service_principal_secrets_proxy.list(number),
    "secret_create": lambda client, number, body: client.service_principal_secrets_proxy.create(
        number, lifetime=body["lifetime"]),
    "secret_delete": lambda client, number, secret: client.service_principal_secrets_proxy.delete(number, secret),
    "system_schemas": lambda client, metastore: client.system_schemas.list(metastore),
    "system_schema_enable": lambda client, metastore, name: client.system_schemas.enable(metastore, name),
    "system_schema_disable": lambda client, metastore, name: client.system_schemas.disable(metastore, name),
    "catalog_isolate": lambda client, name: client.catalogs.update(
        name, isolation_mode=catalog.CatalogIsolationMode.ISOLATED),
    "bindings_update": bindings_update,
    "statement": statement,
}

