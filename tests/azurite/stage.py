"""An embedded Azure with a storage account: Azurite behind the front, which both end with a `with` block."""

from __future__ import annotations

import base64
import http.client
import os
import socket
import ssl
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from emulator import seed
from emulator.seed_destinations import CONTAINER as SEEDED
from tests.azurite.front import Front
from tests.stores.bench import User
from tests.support.processes import kill
from tests.support.waiting import until
from tests.support.world import ARM, Answer, Emulator

CONTAINER = "states"
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
ACCOUNT = (
    f"/subscriptions/{seed.REGISTERED_SUBSCRIPTION}/resourceGroups/{seed.OTHER_GROUP[0]}"
    f"/providers/Microsoft.Storage/storageAccounts/{SEEDED[0]}"
)
KEY = base64.b64encode(b"only the front talks to Azurite, without it").decode()
STORAGE = "https://storage.azure.com"


class Stage:
    """A storage account with the container CONTAINER; the signed-in owner may write to it, nobody else."""

    def __init__(self, azurite: list[str], folder: Path, *arguments: str) -> None:
        self._command, self.folder = azurite, folder
        self.azure = Emulator(folder / "azure", *arguments)
        self._azurite: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.azure.start()
        try:
            self._begin()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._azurite is not None:
            self.front.close()
            kill(self._azurite)
        self.azure.kill()

    def _begin(self) -> None:
        trusted = ssl.create_default_context(cafile=self.azure.ready["caBundle"])
        sock, free = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        self.front, self._trusted = Front(self.azure, ACCOUNT, port, trusted), trusted
        self.host, self.port, self._front_pem = self.front.host, sock.getsockname()[1], self.folder / "front.pem"
        pem = self.hand_over()
        self._front_pem.touch(0o600)
        self._front_pem.write_text(pem)
        data = self.folder / "azurite"
        data.mkdir()
        options = ["--oauth", "basic", "--cert", str(self._front_pem), "--key", str(self._front_pem), "--silent"]
        options += ["--disableTelemetry", "--skipApiVersionCheck", "--location", str(data), "--blobPort", str(port)]
        self.front.start(sock, self._front_pem)
        with (self.folder / "azurite.log").open("w") as log:
            self._azurite = subprocess.Popen(
                [*self._command, *options], env={**os.environ, "AZURITE_ACCOUNTS": f"{SEEDED[0]}:{KEY}"},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True, process_group=0,
            )  # fmt: skip
        until(lambda: _answers(port), "Azurite", seconds=60)
        self.grant()
        made = self.ask("PUT", f"/{CONTAINER}?restype=container")
        assert made.status == 201, made.content

    def hand_over(self) -> str:
        """Have the emulator lead the account's host name to the front; return a key and certificate for it."""
        return str(self.azure.control("PUT", f"/fronts/{self.host}", {"port": self.port})["pem"])

    def grant(self, *, granted: bool = True) -> None:
        """Give the owner the role on the account, or take it away."""
        name = uuid.uuid5(uuid.NAMESPACE_URL, ACCOUNT)
        url = f"{ARM}{ACCOUNT}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01"
        role = f"/providers/Microsoft.Authorization/roleDefinitions/{CONTRIBUTOR}"
        body = {"properties": {"roleDefinitionId": role, "principalId": seed.USERS["owner"].object_id}}
        answer = self.azure.https(
            "PUT" if granted else "DELETE", url, token=self.azure.token(), json=body if granted else None
        )
        assert answer.status < 300, answer.content
        self.front.forget_roles()

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """Ask the blob service, as the owner, whatever is cut meanwhile for the program that is tested."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        sent = {"Authorization": f"Bearer {self.azure.token(STORAGE)}", "x-ms-version": "2021-12-02", **(headers or {})}
        with self._trusted.wrap_socket(plain, server_hostname=self.host) as tls:
            connection = http.client.HTTPConnection(self.host)
            connection.sock = tls
            connection.request(method, path, body, {**sent, "Connection": "close", "x-by-hand": "1"})
            with connection.getresponse() as response:
                return Answer(response.status, response.headers, response.read())


class BlobBench:
    """A blob of its own, as a place for the cases."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.front = stage, stage.front
        self.path = f"/{CONTAINER}/{uuid.uuid4()}.state.json"
        self.place = f"https://{stage.host}{self.path}"

    def user(self, **environment: str) -> User:
        return User(self.place, self.stage.folder, {**self.stage.azure.env, **environment})

    def content(self) -> bytes | None:
        answer = self.stage.ask("GET", self.path)
        assert answer.status in (200, 404), answer.content
        return answer.content if answer.status == 200 and answer.content else None

    def change(self, content: bytes) -> None:
        self.let_in()
        done = self.stage.ask("PUT", self.path, {"x-ms-blob-type": "BlockBlob"}, content)
        assert done.status == 201, done.content

    def killed_at(self, point: int, *commands: tuple[Any, ...]) -> bool:
        at = ((point + 1) // 2, "before" if point % 2 else "after")
        with self.user() as user:
            self.front.writes = 0

            def kill_there(number: int, phase: str) -> bool:
                if (number, phase) == at:
                    user.kill()
                return (number, phase) == at

            self.front.spoil = kill_there
            user.tell(*commands)
            try:
                return user.answers(len(commands)) < len(commands)
            finally:
                self.front.spoil = lambda _number, _phase: False

    def let_in(self) -> None:
        """End the lease, as somebody who knows that the run is dead."""
        headers = {"x-ms-lease-action": "break", "x-ms-lease-break-period": "0"}
        self.stage.ask("PUT", f"{self.path}?comp=lease", headers)

    def lease(self) -> str:
        """Return the state of the lease."""
        return str(self.stage.ask("HEAD", self.path).headers.get("x-ms-lease-state"))

    def outlive_the_lock(self, user: User) -> None:
        """Stop the user for longer than a lease lasts."""
        user.stop()
        until(lambda: self.lease() == "expired", "the end of the lease", seconds=90)

    def offline(self, *, cut: bool) -> None:
        """Cut every request for the blob."""
        (self.front.offline.add if cut else self.front.offline.discard)(self.path)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
