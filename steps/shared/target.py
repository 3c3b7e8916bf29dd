"""The inputs that say where a deployment is, and the default names. Pure."""

from __future__ import annotations

import hashlib

from engine.input import Input, OneOf

CLOUDS = ("public", "usgovernment", "china")
DEFAULT_LOCATION = "westus2"


def seconds_problem(value: str) -> str | None:
    """Say why a number of seconds can't be waited for, or None."""
    return None if value.isdecimal() and 1 <= int(value) <= 600 else "it is a whole number of seconds from 1 to 600."


INPUTS = (
    Input(
        "subscription",
        "Subscription, by id or name.",
        "ID|NAME",
        also=("AZURE_SUBSCRIPTION_ID",),
        group="Where",
        identifies=True,
    ),
    Input("tenant", "Tenant to sign in to.", "ID", also=("AZURE_TENANT_ID",), group="Where", identifies=True),
    Input(
        "cloud", "Which Azure. Default: public.", "public|usgovernment|china", OneOf(*CLOUDS), group="Where",
        identifies=True,
    ),
    Input(
        "arm_endpoint", "Resource Manager endpoint of another Azure than these.", "URL", group="Where", identifies=True
    ),
    Input(
        "az_timeout", "Seconds that az, Azure PowerShell or azd have for a token. Default: 60.", "SECONDS",
        seconds_problem, group="Where", kept=False,
    ),
)  # fmt: skip


def default_suffix(tenant: str, subscription: str) -> str:
    """Return eight hexadecimal digits that depend on the tenant and the subscription alone."""
    return hashlib.sha256(f"{tenant}/{subscription}".lower().encode()).hexdigest()[:8]


def default_group(tenant: str, subscription: str, deployment: str = "") -> str:
    """Return the resource group proposed for a subscription, or for a deployment of several in it."""
    return f"digital-twins-{_prefix(deployment)}{default_suffix(tenant, subscription)}"


def default_instance(tenant: str, subscription: str, deployment: str = "") -> str:
    """Return the instance name proposed for a subscription, or for a deployment of several in it."""
    return f"adt-{_prefix(deployment)}{default_suffix(tenant, subscription)}"


def _prefix(deployment: str) -> str:
    return f"{deployment.lower()}-" if deployment else ""
