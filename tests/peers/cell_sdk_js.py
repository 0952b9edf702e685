"""The JavaScript SDK, unmodified, against aampe-sandbox, and aampe-console beside it: both must say the same."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cells
import official


# What 0.17.0 cannot do: its ApiClient.request gives POST and PUT a body, but not PATCH.
BY_PATCH = ("grants_update", "permissions_update", "service_principal_patch", "catalog_isolate")


class Sdk:
    """The SDK in a node of its own that answers line by line (client_sdk_js.mjs)."""

    def __init__(self, cell):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DATABRICKS_")}
        self.node = subprocess.Popen(["node", os.path.join(cells.HERE, "client_sdk_js.mjs"), cell.folder],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def request(self, **request):
        self.node.stdin.write(json.dumps(request) + "\n")
        self.node.stdin.flush()
        line = self.node.stdout.readline()
        assert line, "node has ended"
        answer = json.loads(line)
        if "refused" in answer:
            raise official.Refused(answer["refused"], answer["kind"])
        return answer.get("answer") or {}

    def connect(self, info):
        self.request(info=info)

    def ask(self, who, what, *arguments):
        if what in BY_PATCH:
            raise official.Cannot("this version of the SDK sends no body with PATCH")
        return self.request(who=who, what=what, arguments=arguments)

    def close(self):
        self.node.stdin.close()
        self.node.stdout.close()
        self.node.wait(30)


def main():
    cell = cells.Cell()
    sdk = Sdk(cell)
    try:
        official.judge(cell, sdk)
    finally:
        sdk.close()
    return cell.finish()


if __name__ == "__main__":
    sys.exit(main())
