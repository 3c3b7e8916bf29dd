"""The inputs: one table, from which flags, environment variables and keys of the settings file all come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cloud import names

Value = str | bool | list[str] | dict[str, str] | list[dict[str, str]]
"""Of the kinds: a text or number; a flag; a list; pairs; items."""


class BadInput(Exception):
    """Input that can't be used: exit code 2. `next` is what to do about it."""

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(what)
        self.next = next_step


def _fine(_value: str) -> str | None:
    return None


@dataclass(frozen=True)
class Field:
    """A field of an item: `name=VALUE` in a flag, a key of the item's table in a settings file."""

    name: str
    help: str
    problem: Callable[[str], str | None] = _fine
    """Says why a value can't be right, without asking Azure."""
    required: bool = False


@dataclass(frozen=True)
class Input:
    """One input. Its flag is `--` and its name with hyphens; its key in the settings file is its name."""

    name: str
    help: str
    metavar: str
    problem: Callable[[str], str | None] = _fine
    """Says why a value (one of a list; the name of a pair) can't be right, without asking Azure."""
    also: tuple[str, ...] = ()
    """Environment variables of others that count too, after our own."""
    kind: Literal["text", "number", "flag", "list", "pairs", "items"] = "text"
    fields: tuple[Field, ...] = ()
    kept: bool = True
    """The state file remembers it."""

    @property
    def flag(self) -> str:
        """The flag, as typed."""
        return "--" + self.name.replace("_", "-")

    @property
    def is_flag(self) -> bool:
        """Whether it is on or off."""
        return self.kind == "flag"

    @property
    def is_many(self) -> bool:
        """Whether its flag can be repeated. An empty value means: none."""
        return self.kind in ("list", "pairs", "items")

    @property
    def opposite(self) -> str:
        """The flag that says the contrary."""
        return self.flag.replace("--no-", "--") if self.flag.startswith("--no-") else f"--no-{self.flag[2:]}"

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables, first one first."""
        return (f"ADT_{self.name.upper()}", *self.also)


class OneOf:
    """A `problem` of values that are one of a few."""

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    def __call__(self, value: str) -> str | None:
        """Say why the value is none of them, or None."""
        return None if value in self.choices else f"it is one of: {', '.join(self.choices)}."


_ENDPOINT = (
    Field("name", "its name", names.endpoint_name_problem, required=True),
    Field("type", "eventhub, servicebus or eventgrid", OneOf("eventhub", "servicebus", "eventgrid"), required=True),
    Field("destination", "NAMESPACE/HUB, NAMESPACE/TOPIC or TOPIC in the group, or a resource id", required=True),
    Field("auth", "identity (the default; not for eventgrid) or key", OneOf("identity", "key")),
    Field("identity", "a user-assigned identity, by name in the group or resource id, instead of the system one"),
    Field("dead_letter", "ACCOUNT/CONTAINER in the group, or a resource id, for what can't be delivered"),
    Field("role", "role of the identity on the destination, by name or id; none for none. Default: the data sender"),
)
_ROUTE = (
    Field("name", "its name", names.endpoint_name_problem, required=True),
    Field("endpoint", "where to", names.endpoint_name_problem, required=True),
    Field("filter", "which events; default true: all"),
)
_FEDERATED = (
    Field("name", "its name", names.credential_name_problem, required=True),
    Field("github", "OWNER/REPOSITORY of GitHub Actions, with branch, tag or environment; or issuer and subject"),
    Field("branch", "a branch of the repository"),
    Field("tag", "a tag of the repository"),
    Field("environment", "an environment of the repository"),
    Field("issuer", "the issuer of the tokens, a URL", names.issuer_problem),
    Field("subject", "their subject"),
    Field("audience", "their audience; default api://AzureADTokenExchange, or that of its cloud"),
)

BASICS = (
    Input("subscription", "Subscription, by id or name.", "ID|NAME", also=("AZURE_SUBSCRIPTION_ID",)),
    Input("tenant", "Tenant to sign in to.", "ID", also=("AZURE_TENANT_ID",)),
    Input("cloud", "Which Azure. Default: public.", "public|usgovernment|china", OneOf(*names.CLOUDS)),
    Input("arm_endpoint", "Resource Manager endpoint of another Azure than these.", "URL"),
    Input("resource_group", "Resource group, new or existing.", "NAME", names.group_name_problem),
    Input("location", "Region, by name or display name.", "REGION", names.region_problem),
    Input("tag", "Tag of the group and the instance.", "NAME=VALUE", names.tag_name_problem, kind="pairs"),
)
INSTANCE = (
    Input("instance", "Name of the Digital Twins instance.", "NAME", names.instance_name_problem),
    Input(
        "public_network_access", "Whether the instance can be reached from the internet.", "enabled|disabled",
        OneOf("enabled", "disabled"),
    ),
    Input("system_identity", "Give the instance an identity of its own.", "", kind="flag"),
    Input("user_identity", "User-assigned identity, by name in the group or resource id.", "NAME|ID", kind="list"),
    Input("create_identities", "Create the user identities that don't exist.", "", kind="flag"),
    Input("yes_break", "Break what depends on an identity that is taken away.", "", kind="flag", kept=False),
    Input("assignee", "Who gets the role: UPN, e-mail, object id or client id. Default: who is signed in.", "WHO"),
    Input("role", "Role on the instance, by name or id. Default: Azure Digital Twins Data Owner.", "ROLE"),
)  # fmt: skip
ROUTING = (
    Input("endpoint", "Endpoint for event routes.", "name=NAME,type=TYPE,destination=WHERE,…", kind="items",
          fields=_ENDPOINT),
    Input("route", "Event route.", "name=NAME,endpoint=NAME,…", kind="items", fields=_ROUTE),
    Input("renew_keys", "Give endpoints with a key the present one, once it was regenerated.", "", kind="flag",
          kept=False),
)  # fmt: skip
APP = (
    Input("no_app", "Leave the app registration out (--app takes it in again).", "", kind="flag"),
    Input("app_name", "Display name of the app registration.", "NAME", names.app_name_problem),
    Input("app_id", "Client id of an existing registration to adopt.", "ID", names.guid_problem),
    Input("adopt_app", "Adopt the one registration that already has the name.", "", kind="flag"),
    Input("reply_url", "Reply URL of public clients. Default: http://localhost.", "URL", names.reply_url_problem,
          kind="list"),
    Input("web_reply_url", "Reply URL of a web application.", "URL", names.web_reply_url_problem, kind="list"),
    Input("spa_reply_url", "Reply URL of a single-page application.", "URL", names.web_reply_url_problem, kind="list"),
    Input("public_client", "Allow public-client flows without a redirect.", "", kind="flag"),
    Input("implicit_access_tokens", "Implicit grant of access tokens.", "", kind="flag"),
    Input("implicit_id_tokens", "Implicit grant of id tokens.", "", kind="flag"),
    Input("audience", "Who may sign in: this tenant, any, any and personal accounts.", "single|multiple|personal",
          OneOf("single", "multiple", "personal")),
    Input("owner", "Owner of the registration: UPN, e-mail or object id.", "WHO", kind="list"),
    Input("notes", "Notes on the registration; none for none.", "TEXT", names.notes_problem),
    Input("app_tag", "Tag of the registration.", "TAG", names.app_tag_problem, kind="list"),
    Input("app_role", "Data-plane role of the app itself on the instance.", "owner|reader|none",
          OneOf("owner", "reader", "none")),
    Input("secret", "Make a client secret of this name; none for none.", "NAME", names.credential_name_problem),
    Input("secret_days", "Its lifetime. Default: 180.", "DAYS", names.days_problem, kind="number"),
    Input("secret_file", "File it is written to (mode 0600); - prints it once. Default: NAME.secret beside the state "
          "file.", "FILE"),
    Input("rotate_secret", "Make a new secret beside the old ones.", "", kind="flag", kept=False),
    Input("federated_credential", "Who may sign in as the app without a secret.", "name=NAME,github=OWNER/REPO,…",
          kind="items", fields=_FEDERATED),
    Input("grant_consent", "Consent for the tenant, where the signed-in person may.", "", kind="flag"),
)  # fmt: skip

GROUPS = {"Where": BASICS, "Instance": INSTANCE, "Routing events": ROUTING, "App registration": APP}
INPUTS = tuple(one for group in GROUPS.values() for one in group)
BY_NAME = {one.name: one for one in INPUTS}
NAMES = tuple(
    BY_NAME[name] for name in ("subscription", "tenant", "cloud", "arm_endpoint", "resource_group", "instance")
)
"""The inputs by which a deployment is told from others."""
