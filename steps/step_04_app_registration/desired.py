"""The desired app registration, made of the inputs. Pure.

None: not mentioned, left as it is in Entra ID. Empty: none is desired, and what this tool created is removed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cloud.identifiers import Principal
from cloud.runner import EXCHANGE, EXCHANGES
from engine.context import Target
from engine.input import FROM_STATE, Given, Lookup, flag_of, items_of, list_of, text_of, told
from engine.refusal import BadInput
from steps.shared.applications import DEFAULT_REPLY_URL, is_left_out, public_reply_urls
from steps.shared.names import Names
from steps.step_04_app_registration.observed import FederatedCredential, UrlKind

DEFAULT_DAYS = "180"
PRINTED = "-"
"""In place of a file: the secret is only shown."""
GITHUB = "https://token.actions.githubusercontent.com"
_ENTITIES = {
    "branch": "ref:refs/heads/",
    "tag": "ref:refs/tags/",
    "environment": "environment:",
    "pull_request": "pull_request",
}
"""How the rest of a subject of GitHub's begins, by the field; a job of an environment presents nothing but that."""
GITHUB_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+|[\w.-]+@\d+/[\w.-]+@\d+", re.ASCII)
IDS_OF_REPOSITORY = "gh api repos/OWNER/REPOSITORY --jq '.owner.id,.id'"
SINGLE, MULTIPLE, PERSONAL = "AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount"
AUDIENCES = {"single": SINGLE, "multiple": MULTIPLE, "personal": PERSONAL}
"""`signInAudience`, by the value of the input."""


@dataclass(frozen=True)
class Secret:
    """A client secret."""

    name: str
    days: int
    """Its lifetime in days."""
    file: str
    """The file that it is written to, or PRINTED."""
    rotate: bool = False
    """Another one is created even where one works."""
    retire: bool = False
    """All others that this tool created are removed, though they work."""


@dataclass(frozen=True)
class DesiredApplication:
    """The app registration as desired."""

    target: Target
    name: str
    reply_urls: tuple[str, ...] = (DEFAULT_REPLY_URL,)
    """Of public (mobile and desktop) clients."""
    web_reply_urls: tuple[str, ...] | None = None
    spa_reply_urls: tuple[str, ...] | None = None
    public_client: bool | None = None
    """`isFallbackPublicClient`: whether flows without a redirect, such as device code, are allowed."""
    implicit_access_tokens: bool | None = None
    implicit_id_tokens: bool | None = None
    audience: str | None = None
    owners: tuple[Principal, ...] | None = None
    notes: str | None = None
    service: str | None = None
    """`serviceManagementReference`."""
    tags: tuple[str, ...] | None = None
    secret: Secret | None = None
    federated: tuple[FederatedCredential, ...] | None = None
    app_id: str = ""
    """The client id of an existing application to adopt."""
    signed_in: str = ""
    """The object id of the signed-in identity: Graph makes it an owner of the application that it creates."""
    left_out: bool = False
    """The app registration is not desired. Owners and federated credentials then say only whether any are named."""

    @property
    def all_reply_urls(self) -> Mapping[UrlKind, tuple[str, ...] | None]:
        """The desired reply URLs by the kind of client."""
        return {"public": self.reply_urls, "web": self.web_reply_urls, "spa": self.spa_reply_urls}


def lookups(given: Mapping[str, Given]) -> tuple[Lookup, ...]:
    """Return the owners. BadInput for inputs of which one excludes the other."""
    refuse_two_ways(given)
    if is_left_out(given):
        return ()
    remembered = "owner" in given and given["owner"].source == FROM_STATE
    return tuple(
        Lookup("principal", owner, remembered=remembered, source=told(given, "owner"))
        for owner in list_of(given, "owner") or ()
    )


def desired_application(given: Mapping[str, Given], target: Target, names: Names) -> DesiredApplication:
    """Return the desired app registration. BadInput for inputs that contradict each other, unless it is left out."""
    left_out = is_left_out(given)
    owners = list_of(given, "owner")
    items = items_of(given, "federated_credential")
    if not left_out:
        _refuse_secret_without_name(given)
    exchange = EXCHANGES.get(target.cloud, EXCHANGE)
    audience, notes = text_of(given, "audience"), text_of(given, "notes")
    service = text_of(given, "service_management_reference")
    if audience == "personal" and target.cloud in EXCHANGES and not left_out:
        # Source: "Validation differences by supported account types" in the Microsoft identity platform documentation.
        raise BadInput(
            "National clouds have no personal Microsoft accounts.", "Choose --audience single or --audience multiple."
        )
    return DesiredApplication(
        target=target,
        name=text_of(given, "app_name") or default_app_name(target.instance),
        reply_urls=public_reply_urls(given),
        web_reply_urls=list_of(given, "web_reply_url"),
        spa_reply_urls=list_of(given, "spa_reply_url"),
        public_client=flag_of(given, "public_client"),
        implicit_access_tokens=flag_of(given, "implicit_access_tokens"),
        implicit_id_tokens=flag_of(given, "implicit_id_tokens"),
        audience=AUDIENCES[audience] if audience else None,
        owners=None if owners is None else tuple(names.principal(owner) for owner in owners if not left_out),
        notes="" if notes == "none" else notes,
        service="" if service == "none" else service,
        tags=list_of(given, "app_tag"),
        secret=_secret(given, target),
        federated=None if items is None else tuple(_federated(item, exchange) for item in items if not left_out),
        app_id=text_of(given, "app_id") or "",
        signed_in=names.signed_in.object_id,
        left_out=left_out,
    )


def default_app_name(instance: str) -> str:
    """Return the display name that is proposed for the application of an instance."""
    return f"{instance}-app"


def refuse_two_ways(given: Mapping[str, Given]) -> None:
    """Raise BadInput where the app registration is both left out and adopted, or where two ways of adopting are given.

    What comes from the state file or an import counts less than what is given for this run.
    """
    names = ("no_app", "app_id", "adopt_app")
    set_now = {name for name in names if name in given and given[name].value and not given[name].quiet}
    flags = {"app_id": "--app-id", "adopt_app": "--adopt-app"}
    adopts = " and ".join(flag for name, flag in flags.items() if name in set_now)
    if adopts and is_left_out(given):
        earlier = "" if "no_app" in set_now else " (remembered from an earlier run)"
        raise BadInput(
            f"--no-app{earlier} skips the app registration: {adopts} can't be combined with it.",
            "Leave out one of them." if "no_app" in set_now else "To take the registration in again: --app",
        )
    if {"app_id", "adopt_app"} <= set_now:
        raise BadInput(
            "--app-id names the registration to adopt, --adopt-app takes the one with the given name: use one of them.",
            "Leave out --adopt-app to adopt the one with this client id.",
        )


def _secret_name(given: Mapping[str, Given]) -> str:
    name = text_of(given, "secret") or ""
    return "" if name == "none" else name


def _refuse_secret_without_name(given: Mapping[str, Given]) -> None:
    if _secret_name(given):
        return
    if flag_of(given, "rotate_secret"):
        raise BadInput("--rotate-secret needs the secret's name.", "Name it with --secret NAME.")
    if flag_of(given, "retire_secrets"):
        raise BadInput(
            "--retire-secrets needs the name of the secret that stays.",
            "Name it with --secret NAME; --secret none removes all of them.",
        )
    details = [name for name in ("secret_days", "secret_file") if name in given and given[name].source != FROM_STATE]
    if details and ("secret" not in given or given["secret"].source == FROM_STATE):
        what = f"{details[0]} (from {given[details[0]].source})"
        raise BadInput(f"{what} needs the secret's name.", "Name it with --secret NAME.")


def _secret(given: Mapping[str, Given], target: Target) -> Secret | None:
    name = _secret_name(given)
    if not name:
        return None
    own = f"{target.deployment}.{name}" if target.deployment else name  # several deployments share a folder
    file = text_of(given, "secret_file") or str(Path(target.folder) / f"{own}.secret")
    days = int(text_of(given, "secret_days") or DEFAULT_DAYS)
    rotate, retire = (bool(flag_of(given, name)) for name in ("rotate_secret", "retire_secrets"))
    return Secret(name, days, file, rotate=rotate, retire=retire)


def _federated(item: Mapping[str, str], exchange: str) -> FederatedCredential:
    what = f"Federated credential {item['name']}"
    audiences = (item.get("audience", exchange),)
    if "github" not in item:
        if "issuer" not in item or "subject" not in item:
            raise BadInput(f"{what} needs github=OWNER/REPOSITORY, or issuer=URL and subject=TEXT.")
        return FederatedCredential(item["name"], item["issuer"], item["subject"], audiences)
    if not GITHUB_REPOSITORY.fullmatch(item["github"]):
        raise BadInput(
            f"{what}: github is OWNER/REPOSITORY, or OWNER@ID/REPOSITORY@ID with both ids.",
            f"The ids: {IDS_OF_REPOSITORY}",
        )
    entities = [name for name in _ENTITIES if name in item]
    if len(entities) != 1 or {"issuer", "subject"} & set(item):
        raise BadInput(
            f"{what}: github=OWNER/REPOSITORY goes with one of branch, tag, environment and pull_request=true.",
            "One credential for each: name it several times.",
        )
    kind = entities[0]
    # Source: "Configure an app to trust an external identity provider" in the Microsoft Entra documentation. With ids:
    # github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens.
    entity = _ENTITIES[kind] + ("" if kind == "pull_request" else item[kind])
    return FederatedCredential(item["name"], GITHUB, f"repo:{item['github']}:{entity}", audiences)
