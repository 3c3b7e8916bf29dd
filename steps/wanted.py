"""The settled inputs of a run: nothing in them is asked for, defaulted or looked up any more.

Where a wish is None, nothing was said: what is there is kept, whoever made it. A wish that is empty is one to have none
of it: what this tool made of it is removed, what others made is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cloud.lookups import Principal

EndpointType = Literal["EventHub", "ServiceBus", "EventGrid"]


@dataclass(frozen=True)
class Role:
    """A role, by its display name and the GUID of its definition."""

    name: str
    id: str


@dataclass(frozen=True)
class Endpoint:
    """An endpoint of the instance. Destinations are resource ids."""

    name: str
    type: EndpointType
    destination: str
    """An event hub's, a Service Bus topic's or an Event Grid topic's id."""
    identity: str | None
    """"SystemAssigned", the id of a user-assigned identity, or None: based on a key."""
    dead_letter: str = ""
    """A storage container's id; "" for none."""
    role: Role | None = None
    """The role of the identity on the destination; None to assign none."""


@dataclass(frozen=True)
class Route:
    """An event route of the instance."""

    name: str
    endpoint: str
    filter: str = "true"


@dataclass(frozen=True)
class Secret:
    """A client secret: its display name, its lifetime in days, and the file it is written to ("-" only prints it)."""

    name: str
    days: int
    file: str
    rotate: bool = False


@dataclass(frozen=True)
class FederatedCredential:
    """Who may sign in as the application without a secret: tokens of this issuer with this subject and audience."""

    name: str
    issuer: str
    subject: str
    audience: str


Audience = Literal["AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount"]


@dataclass(frozen=True)
class Application:
    """The app registration."""

    name: str
    reply_urls: tuple[str, ...]
    """Of public (mobile and desktop) clients."""
    web_reply_urls: tuple[str, ...] | None = None
    spa_reply_urls: tuple[str, ...] | None = None
    public_client: bool | None = None
    """`isFallbackPublicClient`: whether flows without a redirect, such as device code, are allowed."""
    implicit_access_tokens: bool | None = None
    implicit_id_tokens: bool | None = None
    audience: Audience | None = None
    owners: tuple[Principal, ...] | None = None
    notes: str | None = None
    tags: tuple[str, ...] | None = None
    secret: Secret | None = None
    federated: tuple[FederatedCredential, ...] | None = None
    role: Role | None = None
    """The data-plane role of its service principal on the instance."""
    grant_consent: bool = False
    app_id: str = ""
    """The client id of an existing registration to adopt."""


@dataclass(frozen=True)
class Wanted:
    """All of a run's settled inputs."""

    tenant: str
    subscription: str
    resource_group: str
    location: str
    """A region's code name: `westus2`."""
    instance: str
    assignee: Principal
    role: Role
    """The assignee's role on the instance."""
    app: Application | None
    """None: the app registration is left out."""
    tags: Mapping[str, str] | None = None
    """Tags of the group and the instance."""
    public_network_access: Literal["Enabled", "Disabled"] | None = None
    system_identity: bool | None = None
    user_identities: tuple[str, ...] | None = None
    """Resource ids of the user-assigned identities."""
    create_identities: bool = False
    """Whether those of them that don't exist are created, in the instance's region."""
    endpoints: tuple[Endpoint, ...] | None = None
    routes: tuple[Route, ...] | None = None
    renew_keys: bool = False
    """Whether endpoints with a key are given it anew: Azure doesn't show whether it is the present one."""
    answers: Mapping[str, bool] = field(default_factory=dict)
    """Answers to what plans ask, by the name of the input that answers it: `yes_break`, `adopt_app`."""
    instance_goes: bool = False
    """In `destroy`: the instance itself is deleted, and with it all that it holds."""

    @property
    def group_id(self) -> str:
        """The resource group's id."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"

    @property
    def instance_id(self) -> str:
        """The instance's resource id, in the case it is asked for; compare it case-insensitively."""
        return f"{self.group_id}/providers/Microsoft.DigitalTwins/digitalTwinsInstances/{self.instance}"
