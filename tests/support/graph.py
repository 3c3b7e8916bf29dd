"""Calls Microsoft Graph of an embedded Azure, for tests of what it accepts, refuses and shows late."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from emulator import seed
from tests.support.waiting import until
from tests.support.world import GRAPH, Emulator

ACCESS = [
    {"resourceAppId": seed.DIGITAL_TWINS_APP, "resourceAccess": [{"id": seed.DIGITAL_TWINS_SCOPE, "type": "Scope"}]}
]
CLIENT: dict[str, Any] = {
    "displayName": "Twins client",
    "publicClient": {"redirectUris": ["http://localhost"]},
    "requiredResourceAccess": ACCESS,
}
NAMED = "/applications(uniqueName='twins-client')"


BAD = (400, "Request_BadRequest")
DENIED = (403, "Authorization_RequestDenied")
MISSING = (404, "Request_ResourceNotFound")


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


def registered(graph: Graph, **settings: Any) -> dict[str, Any]:
    """Register an application, and wait until Graph shows it."""
    status, made = graph("POST", "/applications", {"displayName": "Twins client", **settings})
    assert status == 201, made
    until(lambda: graph("GET", f"/applications/{made['id']}")[0] != 404, "the application")
    found: dict[str, Any] = made
    return found


def principal_of(graph: Graph, application: dict[str, Any]) -> str:
    """Make the service principal of an application, and wait until Graph shows it."""
    status, made = graph("POST", "/servicePrincipals", {"appId": application["appId"]})
    assert status == 201, made
    until(lambda: graph("GET", f"/servicePrincipals/{made['id']}")[0] != 404, "the service principal")
    return str(made["id"])


def secret_of(graph: Graph, application: dict[str, Any], **settings: Any) -> dict[str, Any]:
    status, made = graph("POST", f"/applications/{application['id']}/addPassword", {"passwordCredential": settings})
    assert status == 200, made
    found: dict[str, Any] = made
    return found


def sign_in(azure: Emulator, app_id: str, secret: str, audience: str = GRAPH, *, v1: bool = False) -> Any:
    """Ask for a token as an application; answer Entra ID's JSON."""
    form = {"grant_type": "client_credentials", "client_id": app_id, "client_secret": secret}
    form |= {"resource": audience} if v1 else {"scope": f"{audience}/.default"}
    url = f"https://login.microsoftonline.com/{seed.TENANT}/oauth2/{'' if v1 else 'v2.0/'}token"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return azure.https("POST", url, body=urlencode(form).encode(), headers=headers).json()
