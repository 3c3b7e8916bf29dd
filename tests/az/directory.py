"""What `az ad` does in Microsoft Graph, and what comes of it at the token endpoint."""

from __future__ import annotations

from typing import Any

from emulator import seed
from tests.az.client import Az

APP, TAKEN_BACK = "az app", "az-pipeline"
TWINS = seed.DIGITAL_TWINS_APP


def _app(az: Az) -> str:
    (found,) = az("ad", "app", "list", "--display-name", APP)
    return str(found["appId"])


def applications(az: Az) -> None:
    """Ad app create, show, list, update."""
    made = az("ad", "app", "create", "--display-name", APP, "--public-client-redirect-uris", "http://localhost")
    again = az("ad", "app", "create", "--display-name", APP, "--web-redirect-uris", "https://twins.example/one")
    assert again["appId"] == made["appId"]
    app = made["appId"]
    az("ad", "app", "update", "--id", app, "--web-redirect-uris", "https://twins.example/two")
    found = az("ad", "app", "show", "--id", app)
    assert found["web"]["redirectUris"] == ["https://twins.example/two"]
    assert found["publicClient"]["redirectUris"] == ["http://localhost"]
    az("ad", "app", "update", "--id", app, "--identifier-uris", f"api://{app}")
    assert az("ad", "app", "show", "--id", f"api://{app}")["id"] == made["id"]
    assert [one["appId"] for one in az("ad", "app", "list", "--show-mine")] == [app]
    assert len(az("ad", "app", "list", "--all")) > 1


def principals(az: Az) -> None:
    """Ad sp create, show, list, update."""
    app = _app(az)
    made = az("ad", "sp", "create", "--id", app)
    az("ad", "sp", "update", "--id", app, "--set", "appRoleAssignmentRequired=true")
    assert az("ad", "sp", "show", "--id", made["id"])["appRoleAssignmentRequired"] is True
    assert [one["id"] for one in az("ad", "sp", "list", "--display-name", APP)] == [made["id"]]


def permissions(az: Az) -> None:
    """Ad app permission add, list, admin-consent, list-grants, grant, delete."""
    app = _app(az)
    az("ad", "app", "permission", "add", "--id", app, "--api", TWINS,
       "--api-permissions", f"{seed.DIGITAL_TWINS_SCOPE}=Scope")  # fmt: skip
    assert [one["resourceAppId"] for one in az("ad", "app", "permission", "list", "--id", app)] == [TWINS]
    az("ad", "app", "permission", "admin-consent", "--id", app)
    (grant,) = az("ad", "app", "permission", "list-grants", "--id", app, "--show-resource-name")
    assert (grant["scope"], grant["consentType"]) == ("Read.Write", "AllPrincipals")
    assert grant["resourceDisplayName"] == "Azure Digital Twins"
    az("ad", "app", "permission", "grant", "--id", app, "--api", TWINS, "--scope", "Read.Write")
    az("ad", "app", "permission", "delete", "--id", app, "--api", TWINS)
    assert az("ad", "app", "permission", "list", "--id", app) == []


def credentials(az: Az) -> None:
    """Ad app credential reset, list, delete; ad sp credential reset, list."""
    app = _app(az)
    one = az("ad", "app", "credential", "reset", "--id", app, "--display-name", "one", "--append")
    az("ad", "app", "credential", "reset", "--id", app, "--display-name", "two", "--append", "--years", "2")
    held: Any = az("ad", "app", "credential", "list", "--id", app)
    assert [part["displayName"] for part in held] == ["one", "two"]
    assert one["password"].startswith(held[0]["hint"])
    az("ad", "app", "credential", "delete", "--id", app, "--key-id", held[0]["keyId"])
    assert len(az("ad", "app", "credential", "list", "--id", app)) == 1
    assert az("ad", "sp", "credential", "reset", "--id", app)["password"]
    assert len(az("ad", "sp", "credential", "list", "--id", app)) == 1


def federation(az: Az) -> None:
    """Ad app federated-credential create, list, delete; ad app owner list, add, remove."""
    app = _app(az)
    body = (
        '{"name": "main", "issuer": "https://token.actions.githubusercontent.com", '
        '"subject": "repo:contoso/twins:ref:refs/heads/main", "audiences": ["api://AzureADTokenExchange"]}'
    )
    federated = ("ad", "app", "federated-credential")
    az(*federated, "create", "--id", app, "--parameters", body)
    assert [one["name"] for one in az(*federated, "list", "--id", app)] == ["main"]
    az(*federated, "delete", "--id", app, "--federated-credential-id", "main")
    rita = ("--owner-object-id", seed.USERS["reader"].object_id)
    az("ad", "app", "owner", "add", "--id", app, *rita)
    names = {one["displayName"] for one in az("ad", "app", "owner", "list", "--id", app)}
    assert names == {"Olivia Owner", "Rita Reader"}
    az("ad", "app", "owner", "remove", "--id", app, *rita)


def people(az: Az) -> None:
    """Ad user list, show; ad group list, show."""
    assert len(az("ad", "user", "list")) == len(seed.USERS)
    assert az("ad", "user", "show", "--id", seed.USERS["reader"].principal_name)["displayName"] == "Rita Reader"
    assert az("ad", "group", "show", "--group", seed.TWINS_GROUP_NAME)["id"] == seed.TWINS_GROUP


def pipeline(az: Az) -> None:
    """Ad sp create-for-rbac, with which somebody signs in."""
    scope = f"/subscriptions/{seed.REGISTERED_SUBSCRIPTION}"
    made = az("ad", "sp", "create-for-rbac", "--name", TAKEN_BACK, "--role", "Reader", "--scopes", scope)
    found = az("role", "assignment", "list", "--assignee", made["appId"])
    assert [one["roleDefinitionName"] for one in found] == ["Reader"]
    az("ad", "sp", "delete", "--id", made["appId"])


def deletion(az: Az) -> None:
    """Ad sp delete, ad app delete."""
    app = _app(az)
    az("ad", "sp", "delete", "--id", app)
    az("ad", "app", "delete", "--id", app)
    assert "does not exist" in az("ad", "app", "show", "--id", app, code=3)


CHECKS = (applications, principals, permissions, credentials, federation, people, pipeline, deletion)
