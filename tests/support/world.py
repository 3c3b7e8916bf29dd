"""A running embedded Azure for tests: the real server in a process of its own, over real HTTPS."""

from __future__ import annotations

import contextlib
import http.client
import json as jsonlib
import os
import socket
import sqlite3
import ssl
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from emulator import seed
from emulator.store import Store
from emulator.tokens import TokenAuthority
from tests.support.contracts import BY_HAND, Contracts
from tests.support.forks import Fork

Kept = list[tuple[str, str, str]]

ROOT = Path(__file__).resolve().parent.parent.parent
START_TIMEOUT = 60.0

ARM = "https://management.azure.com"
GRAPH = "https://graph.microsoft.com"
DIGITAL_TWINS = "https://digitaltwins.azure.net"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    def json(self) -> Any:
        return jsonlib.loads(self.content)


class Emulator:
    """Starts `python -m emulator` in `data`, with `arguments` after the defaults, and ends it as a context manager.

    `ready` is its ready line. It ends by itself when the test process dies. A traceback on its stderr fails `stop`.
    """

    contracts: ClassVar[Contracts | None] = None
    """What all recorded traffic is held against; the test run sets it."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.data = data
        self.traffic = data.with_suffix(".traffic.jsonl")
        self._arguments = arguments
        self._errors = data.with_suffix(".stderr")
        self.ready: dict[str, Any] = {}
        self.process: Fork | None = None

    def start(self) -> Self:
        command = [sys.executable, "-m", "emulator", "--port", "0", "--data", str(self.data), "--latency", "none"]
        command += ["--traffic", str(self.traffic), "--until-stdin-closes", *self._arguments]
        self._errors.touch()
        self.process = Fork(command, ROOT, os.environ, self._errors)
        timer = threading.Timer(START_TIMEOUT, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            self._wait()
            raise AssertionError(f"the emulator did not start:\n{self.errors()}")
        self.ready = jsonlib.loads(line)
        return self

    @property
    def env(self) -> dict[str, str]:
        """The whole environment for a program that is to meet this Azure: ours, overlaid with the ready line's."""
        return {**os.environ, **self.ready["env"]}

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        assert self.process
        self.process.terminate()
        code = self._wait()
        assert "Traceback" not in self.errors(), self.errors()
        return code

    def kill(self) -> None:
        """End it as `kill -9` does."""
        assert self.process
        self.process.kill()
        self._wait()

    def restart(self) -> None:
        """Kill it and start it again in the same folder."""
        self.kill()
        self.start()

    def keep(self) -> Kept:
        """Everything that it remembers."""
        with contextlib.closing(sqlite3.connect(self.data / "azure.sqlite3")) as store:
            return store.execute("SELECT kind, key, body FROM documents").fetchall()

    def put_back(self, kept: Kept) -> None:
        """Let it remember this, and nothing else."""
        with contextlib.closing(sqlite3.connect(self.data / "azure.sqlite3", isolation_level=None)) as store:
            store.execute("BEGIN IMMEDIATE")
            store.execute("DELETE FROM documents")
            store.executemany("INSERT INTO documents VALUES (?, ?, ?)", kept)
            store.execute("COMMIT")

    def renew(self, kept: Kept) -> None:
        """Make it what it was when it was new, running, and without a past."""
        assert self.process
        if self.process.poll() is not None:
            self._wait()
            self.start()
        self.faults()
        self.put_back(kept)
        self.control("DELETE", "/requests")
        for file in (self.traffic, self._errors):
            with file.open("w"):
                pass

    def conforms(self) -> None:
        """Assert that the traffic recorded so far is as published."""
        if self.contracts is not None:
            violations = self.contracts.violations(self.traffic)
            assert not violations, "\n".join(violations[:20])

    def errors(self) -> str:
        """What it wrote to stderr."""
        return self._errors.read_text(encoding="utf-8")

    def control(self, method: str, path: str, json: Any = None) -> Any:
        """Call `/_emulator{path}` and return its JSON; a refusal is an AssertionError."""
        answer = self.https(method, f"{self.ready['armEndpoint']}/_emulator{path}", json=json)
        assert answer.status == 200, answer.content
        return answer.json()

    def inventory(self, *, volatile: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Everything that exists; without what differs from world to world unless `volatile`."""
        found: dict[str, list[dict[str, Any]]] = self.control(
            "GET", "/inventory" + ("" if volatile else "?volatile=omit")
        )
        return found

    def requests(self) -> dict[str, Any]:
        """The counts of requests so far, and the `log` of them."""
        counts: dict[str, Any] = self.control("GET", "/requests")
        return counts

    def faults(self, *rules: dict[str, Any]) -> None:
        """Put these fault rules in force, and no others."""
        self.control("PUT", "/faults", list(rules))

    def document(self, kind: str, key: str, body: dict[str, Any] | None) -> None:
        """Put a document into its store from outside, or take it out: what somebody else does to the cloud."""
        store = Store(self.data / "azure.sqlite3")
        try:
            if body is None:
                store.delete(kind, key)
            else:
                store.put(kind, key, body)
        finally:
            store.close()

    def recorded(self) -> list[dict[str, Any]]:
        """The recorded traffic: HAR entries."""
        return [jsonlib.loads(line) for line in self.traffic.read_text(encoding="utf-8").splitlines()]

    def tokens(self) -> TokenAuthority:
        """This world's signer, for tokens of any kind."""
        store = Store(self.data / "azure.sqlite3")
        try:
            return TokenAuthority(store, self.ready["armEndpoint"])
        finally:
            store.close()

    def token(self, audience: str = ARM, name: str = "owner") -> str:
        """A token of a seeded user or service principal."""
        if name in seed.USERS:
            return self.tokens().for_user(seed.USERS[name], audience).text
        app = seed.AUTOMATIONS[name]
        return self.tokens().for_app(app.app_id, app.object_id, audience, roles=app.graph_roles).text

    def https(
        self,
        method: str,
        url: str,
        *,
        token: str | None = None,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one request under any host name, over TLS verified strictly against the emulator's CA."""
        parts = urlsplit(url)
        sent = {"Connection": "close", "User-Agent": BY_HAND, **(headers or {})}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if json is not None:
            body, sent["Content-Type"] = jsonlib.dumps(json).encode(), "application/json"
        with self.connect(parts.hostname or "") as tls:
            connection = http.client.HTTPConnection(parts.netloc)
            connection.sock = tls
            connection.request(method, url.removeprefix(f"https://{parts.netloc}"), body, sent)
            with connection.getresponse() as response:
                return Answer(response.status, response.headers, response.read())

    def connect(self, host: str) -> ssl.SSLSocket:
        """Open a TLS connection to the server under the name `host`."""
        context = ssl.create_default_context(cafile=self.ready["caBundle"])
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        port = urlsplit(self.ready["armEndpoint"]).port
        plain = socket.create_connection(("127.0.0.1", port or 0), timeout=START_TIMEOUT)
        try:
            return context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self.process and self.process.poll() is None:
            self.stop()
        else:
            self.kill()
        if error is None:
            self.conforms()

    def _wait(self) -> int:
        assert self.process
        try:
            return self.process.wait(30)
        finally:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.stderr.close()
