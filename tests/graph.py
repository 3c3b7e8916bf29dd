"""Calls Microsoft Graph of an embedded Azure, for tests of what it accepts, refuses and shows late."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from emulator import seed
from tests.world import GRAPH, Emulator

ACCESS = [
    {"resourceAppId": seed.DIGITAL_TWINS_APP, "resourceAccess": [{"id": seed.DIGITAL_TWINS_SCOPE, "type": "Scope"}]}
]
CLIENT: dict[str, Any] = {
    "displayName": "Twins client",
    "publicClient": {"redirectUris": ["http://localhost"]},
    "requiredResourceAccess": ACCESS,
}
NAMED = "/applications(uniqueName='twins-client')"


class Graph:
    """Calls Graph as a seeded identity; answers (status, JSON body or None), of a refusal (status, code)."""

    def __init__(self, azure: Emulator, name: str = "owner") -> None:
        self._azure, self._token = azure, azure.token(GRAPH, name)

    def __call__(
        self, method: str, path: str, body: Any = None, *, upsert: bool = False, query: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        url = f"{GRAPH}/v1.0{quote(path)}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Prefer": "create-if-missing"} if upsert else {}
        answer = self._azure.https(method, url, token=self._token, json=body, headers=headers)
        if answer.status >= 400:
            error = answer.json()["error"]
            assert error["message"]
            assert error["innerError"]["request-id"] == answer.headers["request-id"]
            return answer.status, error["code"]
        return answer.status, answer.json() if answer.content else None

    def upsert(self, path: str = NAMED, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        return self("PATCH", path, CLIENT if body is None else body, upsert=True)

    def list(self, path: str, filter_: str) -> list[dict[str, Any]]:
        status, page = self("GET", path, query={"$filter": filter_})
        assert status == 200, page
        found: list[dict[str, Any]] = page["value"]
        return found
