"""An engine that answers what a test wants: for the console's end of the socket, and for text no real workspace would
send so soon."""
import json
import os
import pathlib
import socket
import tempfile
import threading


class FakeEngine:
    """answers: verb -> result, or a function of the params. A verb that is missing is refused."""

    def __init__(self, answers, role="admin"):
        self.answers, self.role = answers, role
        self.asked, self.clients = [], []
        self.folder = tempfile.TemporaryDirectory(prefix="aampe-fake-")
        os.chmod(self.folder.name, 0o700)
        self.path = str(pathlib.Path(self.folder.name) / "sock")
        self.lock = threading.Lock()
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        os.chmod(self.path, 0o600)
        self.server.listen(8)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            with self.lock:
                self.clients.append(client)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, client.makefile("rb") as lines:
            try:
                for line in lines:
                    self.answer(client, json.loads(line))
            except OSError:
                pass

    def answer(self, client, call):
        verb, params = call["method"], call.get("params") or {}
        with self.lock:
            self.asked.append((verb, params))
        reply = {"jsonrpc": "2.0", "id": call["id"]}
        if verb == "hello":
            reply["result"] = {"protocol": 1, "program": "aampe-syncd", "version": "0", "role": self.role}
        elif verb == "subscribe":
            reply["result"] = {}
        elif verb in self.answers:
            answer = self.answers[verb]
            reply["result"] = answer(params) if callable(answer) else answer
        else:
            text = "this engine has no verb \"%s\"" % verb
            reply["error"] = {"code": -32000, "message": text,
                              "data": {"code": "ENGINE_PROTOCOL", "message": text, "hint": "", "evidence": {}}}
        client.sendall((json.dumps(reply) + "\n").encode())

    def event(self, name, payload):
        line = json.dumps({"jsonrpc": "2.0", "method": "event", "params": {"name": name, "payload": payload}}) + "\n"
        with self.lock:
            clients = list(self.clients)
        for client in clients:
            try:
                client.sendall(line.encode())
            except OSError:
                pass

    def close(self):
        self.server.close()
        for client in self.clients:
            client.close()
        self.folder.cleanup()


class Client:
    """Asks a real engine, so that what is faked has its shape."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")
        self.number = 0
        self.ask("hello", {"protocol": 1, "program": "test", "version": "0"})

    def ask(self, verb, params=None):
        """The result, or None where the engine refuses."""
        self.number += 1
        call = {"jsonrpc": "2.0", "id": self.number, "method": verb, "params": params or {}}
        self.socket.sendall((json.dumps(call) + "\n").encode())
        while True:
            reply = json.loads(self.lines.readline())
            if reply.get("id") == self.number:
                return reply.get("result")

    def close(self):
        self.lines.close()
        self.socket.close()
