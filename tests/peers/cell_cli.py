"""The Databricks CLI, unmodified, against aampe-sandbox, and aampe-console beside it: both must say the same.

Everything is asked by commands of the CLI with a profile file in a folder of its own; a statement is run by `api post`."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cells
import harness
import official

SQL = "/api/2.0/sql/statements"


class Cli:
    """The CLI with a profile for each of who."""

    def __init__(self, program, folder, **environment):
        self.program, self.environment = program, environment
        self.home = os.path.join(folder, "cli")
        os.makedirs(self.home)

    def connect(self, info):
        texts = [f"[{who}]\nhost = {info['address']}\nauth_type = oauth-m2m\nclient_id = {info[key + '_id']}\n"
                 f"client_secret = {info[key + '_secret']}\n" for who, key in (("client", "client"),
                                                                               ("observer", "observer_client"))]
        texts.append(f"[admin]\nhost = {info['address']}\nauth_type = pat\ntoken = {info['admin_token']}\n")
        path = os.path.join(self.home, ".databrickscfg")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write("\n".join(texts))

    def run(self, who, *words):
        done = subprocess.run([self.program, *words, "--profile", who, "--output", "json"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, cwd=self.home,
                              env={"HOME": self.home, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **self.environment})
        if done.returncode != 0:
            raise official.Refused(f"databricks {' '.join(words)}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def ask(self, who, what, *arguments):
        return getattr(self, what)(who, *arguments)

    def history(self, who):
        return self.run(who, "query-history", "list", "--max-results", "100")["res"]

    def statement(self, who, sql, warehouse):
        answer = self.run(who, "api", "post", SQL, "--json",
                          json.dumps({"statement": sql, "warehouse_id": warehouse, "wait_timeout": "50s"}))
        chunk = answer.get("result", {})
        while chunk.get("next_chunk_index") is not None:
            chunk = self.run(who, "api", "get", f"{SQL}/{answer['statement_id']}/result/chunks/{chunk['next_chunk_index']}")
            answer["result"]["data_array"] += chunk["data_array"]
        return answer


def command(*words):
    """An operation that is one command of the CLI; what is not a text is given as --json."""
    def operation(self, who, *arguments):
        texts = [one for one in arguments if isinstance(one, str)]
        bodies = [word for one in arguments if not isinstance(one, str) for word in ("--json", json.dumps(one))]
        return self.run(who, *words, *texts, *bodies)
    return operation


for name, words in {
        "catalogs": ("catalogs", "list"), "schemas": ("schemas", "list"), "tables": ("tables", "list"),
        "catalogs_browse": ("catalogs", "list", "--include-browse"), "schemas_browse": ("schemas", "list", "--include-browse"),
        "tables_browse": ("tables", "list", "--include-browse"),
        "grants": ("grants", "get"), "effective": ("grants", "get-effective"), "grants_update": ("grants", "update"),
        "warehouses": ("warehouses", "list"), "warehouse": ("warehouses", "get"),
        "warehouse_stop": ("warehouses", "stop"), "warehouse_start": ("warehouses", "start"),
        "permissions": ("permissions", "get", "warehouses"), "permissions_update": ("permissions", "update", "warehouses"),
        "permissions_set": ("permissions", "set", "warehouses"),
        "me": ("current-user", "me"), "metastore": ("metastores", "summary"), "service_principals": ("service-principals", "list"),
        "service_principal": ("service-principals", "get"), "service_principal_create": ("service-principals", "create"),
        "service_principal_patch": ("service-principals", "patch"),
        "service_principal_delete": ("service-principals", "delete"),
        "secrets": ("service-principal-secrets-proxy", "list"),
        "secret_create": ("service-principal-secrets-proxy", "create"),
        "secret_delete": ("service-principal-secrets-proxy", "delete"),
        "system_schemas": ("system-schemas", "list"), "system_schema_enable": ("system-schemas", "enable"),
        "system_schema_disable": ("system-schemas", "disable"),
        "catalog_isolate": ("catalogs", "update", "--isolation-mode", "ISOLATED"),
        "bindings_update": ("workspace-bindings", "update-bindings", "catalog")}.items():
    setattr(Cli, name, command(*words))


def over_tls(cell):
    """The same program over TLS, with the sandbox's own authority as the only one that it trusts."""
    with harness.Folder("aampe-cli.") as folder:
        sandbox = harness.Sandbox(folder, "--rows", "100", "--tls")
        try:
            cli = Cli(cell.program, folder, SSL_CERT_FILE=sandbox.info["ca_file"])
            cli.connect(sandbox.info)
            answer = cli.ask("client", "statement", "SELECT count(*) FROM shop.aampe.events", sandbox.info["warehouse_id"])
            cell.equal("tls", "count of events", answer["result"]["data_array"], [["100"]])
        finally:
            sandbox.stop()


def main():
    cell = cells.Cell()
    cell.attempt("tls", None, lambda: over_tls(cell))
    with harness.Folder("aampe-cli.") as folder:
        official.judge(cell, Cli(cell.program, folder))
    return cell.finish()


if __name__ == "__main__":
    sys.exit(main())
