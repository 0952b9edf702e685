// The JavaScript SDK as a client that `official` asks: one JSON request per line in, one JSON answer per line out.
// node client_sdk_js.mjs FOLDER, where FOLDER/node_modules holds the SDK; the first line is what the sandbox printed.
import {createRequire} from "node:module";
import {createInterface} from "node:readline";

const require = createRequire(process.argv[2] + "/package.json");
const {Config, WorkspaceClient} = require("@databricks/sdk-experimental");
const clients = {};

function connect(info) {
    const oauth = (id, secret) => ({host: info.address, clientId: id, clientSecret: secret, authType: "oauth-m2m"});
    const options = {
        client: oauth(info.client_id, info.client_secret),
        observer: oauth(info.observer_client_id, info.observer_client_secret),
        admin: {host: info.address, token: info.admin_token, authType: "pat"},
    };
    for (const [who, one] of Object.entries(options))
        clients[who] = new WorkspaceClient(new Config(one));
}

async function all(pages) {
    const items = [];
    for await (const item of pages)
        items.push(item);
    return items;
}

// 0.17.0 asks for the first page of service principals for ever: its end is where an id comes again.
async function once(pages) {
    const items = new Map();
    for await (const item of pages) {
        if (items.has(item.id))
            break;
        items.set(item.id, item);
    }
    return [...items.values()];
}

async function statement(client, text, warehouse) {
    const api = client.statementExecution;
    const answer = await api.executeStatement({statement: text, warehouse_id: warehouse, wait_timeout: "50s"});
    for (let chunk = answer.result; chunk && chunk.next_chunk_index !== undefined;) {
        chunk = await api.getStatementResultChunkN(
            {statement_id: answer.statement_id, chunk_index: chunk.next_chunk_index});
        answer.result.data_array.push(...chunk.data_array);
    }
    return answer;
}

const warehouse = (id) => ({request_object_type: "warehouses", request_object_id: id});
const operations = {
    catalogs: (client) => all(client.catalogs.list({})),
    catalogs_browse: (client) => all(client.catalogs.list({include_browse: true})),
    schemas: (client, name) => all(client.schemas.list({catalog_name: name})),
    schemas_browse: (client, name) => all(client.schemas.list({catalog_name: name, include_browse: true})),
    tables: (client, name, schema) => all(client.tables.list({catalog_name: name, schema_name: schema})),
    tables_browse: (client, name, schema) =>
        all(client.tables.list({catalog_name: name, schema_name: schema, include_browse: true})),
    grants: (client, kind, name) => client.grants.get({securable_type: kind, full_name: name}),
    effective: (client, kind, name) => client.grants.getEffective({securable_type: kind, full_name: name}),
    grants_update: (client, kind, name, body) =>
        client.grants.update({securable_type: kind, full_name: name, ...body}),
    warehouses: (client) => all(client.warehouses.list({})),
    warehouse: (client, id) => client.warehouses.get({id}),
    warehouse_stop: async (client, id) => (await client.warehouses.stop({id})).wait(),
    warehouse_start: async (client, id) => (await client.warehouses.start({id})).wait(),
    permissions: (client, id) => client.permissions.get(warehouse(id)),
    permissions_update: (client, id, body) => client.permissions.update({...warehouse(id), ...body}),
    permissions_set: (client, id, body) => client.permissions.set({...warehouse(id), ...body}),
    me: (client) => client.currentUser.me(),
    metastore: (client) => client.metastores.summary(),
    history: async (client) => (await client.queryHistory.list({max_results: 100})).res,
    service_principals: (client) => once(client.servicePrincipalsV2.list({})),
    service_principal: (client, id) => client.servicePrincipalsV2.get({id}),
    service_principal_create: (client, body) => client.servicePrincipalsV2.create(body),
    service_principal_patch: (client, id, body) => client.servicePrincipalsV2.patch({id, ...body}),
    service_principal_delete: (client, id) => client.servicePrincipalsV2.delete({id}),
    secrets: (client, id) => all(client.servicePrincipalSecretsProxy.list({service_principal_id: id})),
    secret_create: (client, id, body) =>
        client.servicePrincipalSecretsProxy.create({service_principal_id: id, ...body}),
    secret_delete: (client, id, secret) =>
        client.servicePrincipalSecretsProxy.delete({service_principal_id: id, secret_id: secret}),
    system_schemas: (client, metastore) => all(client.systemSchemas.list({metastore_id: metastore})),
    system_schema_enable: (client, metastore, name) =>
        client.systemSchemas.enable({metastore_id: metastore, schema_name: name}),
    system_schema_disable: (client, metastore, name) =>
        client.systemSchemas.disable({metastore_id: metastore, schema_name: name}),
    statement,
};

for await (const line of createInterface({input: process.stdin})) {
    const request = JSON.parse(line);
    let answer;
    try {
        answer = {answer: request.info ? connect(request.info) :
            await operations[request.what](clients[request.who], ...request.arguments)};
    } catch (error) {
        answer = {refused: `${error.constructor.name}: ${error.message}`, kind: error.errorCode ?? error.constructor.name};
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
}
