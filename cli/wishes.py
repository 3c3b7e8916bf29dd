"""Turns what is given about the application, the identities and the routing into settled wishes; no question here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.gather import FROM_STATE, Given
from cli.inputs import BY_NAME, BadInput
from cloud.destinations import form, resource_id
from steps.wanted import Application, Audience, Endpoint, EndpointType, FederatedCredential, Role, Route, Secret

if TYPE_CHECKING:
    from cloud.lookups import Principal

DEFAULT_REPLY_URL = "http://localhost"
DEFAULT_DAYS = "180"
GITHUB = "https://token.actions.githubusercontent.com"
EXCHANGES = {
    # Source: "Workload identity federation" in the Microsoft Entra documentation, by the clouds' names for themselves.
    "AzureUSGovernment": "api://AzureADTokenExchangeUSGov",
    "AzureChinaCloud": "api://AzureADTokenExchangeChina",
}
"""What a federated token is issued for, where it isn't EXCHANGE."""
EXCHANGE = "api://AzureADTokenExchange"
AUDIENCES: Mapping[str, Audience] = {
    "single": "AzureADMyOrg",
    "multiple": "AzureADMultipleOrgs",
    "personal": "AzureADandPersonalMicrosoftAccount",
}
TYPES: Mapping[str, EndpointType] = {"eventhub": "EventHub", "servicebus": "ServiceBus", "eventgrid": "EventGrid"}
SENDERS = {"EventHub": "Azure Event Hubs Data Sender", "ServiceBus": "Azure Service Bus Data Sender"}
APP_ROLES = {"owner": "Azure Digital Twins Data Owner", "reader": "Azure Digital Twins Data Reader"}

LookUpRole = Callable[..., Awaitable[Role]]
"""Given a role's name or id and, if it isn't the subscription, the scope at which it is found."""
LookUpPrincipal = Callable[[str], Awaitable["Principal"]]


def value(given: Mapping[str, Given], name: str) -> Any:
    """Return the value of an input; None where nothing was said."""
    return given[name].value if name in given else None


def _many(given: Mapping[str, Given], name: str) -> tuple[str, ...] | None:
    found = value(given, name)
    return None if found is None else tuple(dict.fromkeys(found))


def refuse_two_ways(given: Mapping[str, Given], quiet: Collection[str]) -> None:
    """Raise BadInput where it is said to leave the app registration out and to adopt one, or which one in two ways.

    What comes from the `quiet` sources (the state file, an import) says less than what is said now.
    """
    said = {
        name for name in ("no_app", "app_id", "adopt_app") if value(given, name) and given[name].source not in quiet
    }
    adopts = " and ".join(BY_NAME[name].flag for name in ("app_id", "adopt_app") if name in said)
    if adopts and value(given, "no_app"):
        earlier = "" if "no_app" in said else ", as an earlier run was told"
        raise BadInput(
            f"--no-app leaves the app registration out{earlier}: {adopts} can't be said with it.",
            "Leave out one of them." if "no_app" in said else "To take the registration in again: --app",
        )
    if {"app_id", "adopt_app"} <= said:
        raise BadInput(
            "--app-id names the registration to adopt, --adopt-app takes the one that has the name: say one of them.",
            "Leave out --adopt-app to adopt the one with this client id.",
        )


async def application(
    given: Mapping[str, Given], name: str, state_file: Path, role: LookUpRole, principal: LookUpPrincipal, *, cloud: str
) -> Application:
    """Return what is wanted of the app registration; BadInput for what contradicts itself."""
    owners = _many(given, "owner")
    app_role = APP_ROLES.get(value(given, "app_role") or "")
    asked = value(given, "audience")
    reply_urls = _many(given, "reply_url")
    return Application(
        name=name,
        reply_urls=(DEFAULT_REPLY_URL,) if reply_urls is None else reply_urls,
        web_reply_urls=_many(given, "web_reply_url"),
        spa_reply_urls=_many(given, "spa_reply_url"),
        public_client=value(given, "public_client"),
        implicit_access_tokens=value(given, "implicit_access_tokens"),
        implicit_id_tokens=value(given, "implicit_id_tokens"),
        audience=AUDIENCES[asked] if asked else None,
        owners=None if owners is None else tuple([await principal(one) for one in owners]),
        notes=notes if (notes := value(given, "notes")) != "none" else "",
        tags=_many(given, "app_tag"),
        secret=_secret(given, state_file),
        federated=_federated(given, EXCHANGES.get(cloud, EXCHANGE)),
        role=await role(app_role) if app_role else None,
        grant_consent=bool(value(given, "grant_consent")),
        app_id=value(given, "app_id") or "",
    )


def _secret(given: Mapping[str, Given], state_file: Path) -> Secret | None:
    name = value(given, "secret")
    if name in (None, "none"):
        if value(given, "rotate_secret"):
            raise BadInput("--rotate-secret needs the secret's name.", "Name it with --secret NAME.")
        said = [one for one in ("secret_days", "secret_file") if one in given and given[one].source != FROM_STATE]
        if said and ("secret" not in given or given["secret"].source == FROM_STATE):
            where = f"{said[0]} (from {given[said[0]].source})"
            raise BadInput(f"{where} needs the secret's name.", "Name it with --secret NAME.")
        return None
    file = value(given, "secret_file") or str(state_file.parent.resolve() / f"{name}.secret")
    days = int(value(given, "secret_days") or DEFAULT_DAYS)
    return Secret(name, days, file, rotate=bool(value(given, "rotate_secret")))


def _federated(given: Mapping[str, Given], exchange: str) -> tuple[FederatedCredential, ...] | None:
    items = value(given, "federated_credential")
    return None if items is None else tuple(_federated_credential(item, exchange) for item in items)


def _federated_credential(item: Mapping[str, str], exchange: str) -> FederatedCredential:
    what = f"Federated credential {item['name']}"
    audience = item.get("audience", exchange)
    if "github" not in item:
        if "issuer" not in item or "subject" not in item:
            raise BadInput(f"{what} needs github=OWNER/REPOSITORY, or issuer=URL and subject=TEXT.")
        return FederatedCredential(item["name"], item["issuer"], item["subject"], audience)
    entities = [name for name in ("branch", "tag", "environment") if name in item]
    if len(entities) != 1 or {"issuer", "subject"} & set(item) or item["github"].count("/") != 1:
        raise BadInput(f"{what}: github=OWNER/REPOSITORY goes with one of branch, tag and environment.")
    kind = entities[0]
    # Source: "Configure an app to trust an external identity provider" in the Microsoft Entra documentation.
    entity = {"branch": "ref:refs/heads/", "tag": "ref:refs/tags/", "environment": "environment:"}[kind] + item[kind]
    return FederatedCredential(item["name"], GITHUB, f"repo:{item['github']}:{entity}", audience)


def user_identities(given: Mapping[str, Given], group_id: str) -> tuple[str, ...] | None:
    """Return the resource ids of the user-assigned identities; BadInput for what is neither a name nor an id."""
    wanted = _many(given, "user_identity")
    if wanted is None:
        return None
    return tuple(_id("UserIdentity", one, group_id, "User identity") for one in wanted)


def _id(kind: str, named: str, group_id: str, what: str) -> str:
    found = resource_id(kind, named, group_id)
    if found is None:
        raise BadInput(
            f"{what}: {named} is neither {form(kind)} in the instance's resource group nor the id of such a resource.",
            "One in another group is named by its id: az resource list --name NAME --query [].id --output tsv",
        )
    return found


def _named_once(given: Mapping[str, Given], name: str) -> Any:
    """Return items, of which no two may have the same name: names compare without regard to case."""
    items = value(given, name)
    seen = [item["name"].lower() for item in items or ()]
    if twice := [one for one in seen if seen.count(one) > 1]:
        raise BadInput(f"There are two of {name} {twice[0]}: each needs a name of its own.")
    return items


async def endpoints(given: Mapping[str, Given], group_id: str, role: LookUpRole) -> tuple[Endpoint, ...] | None:
    """Return the endpoints that are wanted; BadInput for what contradicts itself."""
    items = _named_once(given, "endpoint")
    return None if items is None else tuple([await _endpoint(item, group_id, role) for item in items])


async def _endpoint(item: Mapping[str, str], group_id: str, role: LookUpRole) -> Endpoint:
    what, kind = f"Endpoint {item['name']}", TYPES[item["type"]]
    keyed = item.get("auth", "key" if kind == "EventGrid" else "identity") == "key"
    if kind == "EventGrid" and not keyed:
        raise BadInput(
            f"{what}: endpoints to Event Grid can't use an identity.",
            "Leave auth away, or say auth=key: a key is used.",
        )
    if keyed and {"identity", "role"} & set(item):
        raise BadInput(f"{what} is based on a key: identity and role go with auth=identity.")
    identity = None if keyed else "SystemAssigned"
    if "identity" in item:
        identity = _id("UserIdentity", item["identity"], group_id, f"{what}: identity")
    named = item.get("role", SENDERS.get(kind, ""))
    destination = _id(kind, item["destination"], group_id, f"{what}: destination")
    there = destination[: destination.lower().index("/providers/")]
    return Endpoint(
        name=item["name"],
        type=kind,
        destination=destination,
        identity=identity,
        dead_letter=_id("DeadLetter", item["dead_letter"], group_id, f"{what}: dead_letter")
        if "dead_letter" in item
        else "",
        role=None if keyed or named == "none" else await role(named, there),
    )


def routes(given: Mapping[str, Given]) -> tuple[Route, ...] | None:
    """Return the event routes that are wanted."""
    items = _named_once(given, "route")
    if items is None:
        return None
    return tuple(Route(item["name"], item["endpoint"], item.get("filter", "true")) for item in items)


def refuse_contradictions(
    wanted_endpoints: tuple[Endpoint, ...] | None,
    *,
    system_identity: bool | None,
    identities: tuple[str, ...] | None,
) -> None:
    """Raise BadInput for an endpoint whose identity is said to be absent in the same breath."""
    given = {one.lower() for one in identities or ()}
    for endpoint in wanted_endpoints or ():
        if endpoint.identity == "SystemAssigned" and system_identity is False:
            raise BadInput(
                f"Endpoint {endpoint.name} uses the instance's system identity, which is not wanted.",
                "Give the instance one with --system-identity, name a user identity, or say auth=key.",
            )
        own = endpoint.identity not in (None, "SystemAssigned")
        if own and identities is not None and str(endpoint.identity).lower() not in given:
            raise BadInput(
                f"Endpoint {endpoint.name} uses {endpoint.identity}, which is not among the user identities.",
                f"Add it: --user-identity {endpoint.identity}",
            )
