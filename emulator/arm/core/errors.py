"""Resource Manager's error shape, and the refusals that several operations share."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.messages import Json, Refused


class PolicyRefused(Refused):
    """A refusal by Azure Policy, which names the policy in the error's `additionalInfo` too."""

    def __init__(self, message: str, *, target: str, details: list[Json], additional_info: list[Json]) -> None:
        super().__init__(403, "RequestDisallowedByPolicy", message, target=target, details=details)
        self.additional_info = additional_info


def body_of(refused: Refused) -> Json:
    """Return the error body of a refusal."""
    error: Json = {"code": refused.code, "message": refused.message}
    if refused.target is not None:
        error["target"] = refused.target
    if refused.details is not None:
        error["details"] = refused.details
    if isinstance(refused, PolicyRefused):
        error["additionalInfo"] = refused.additional_info
    return {"error": error}


def invalid_content(message: str) -> Refused:
    """Return the refusal of a body that is not of the published shape."""
    return Refused(
        400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{message}.'."
    )


def location_required() -> Refused:
    """Return the refusal of a resource without a location."""
    return Refused(400, "LocationRequired", "The location property is required for this definition.")


def subscription_not_found(subscription: str) -> Refused:
    """Return the refusal of an unknown subscription."""
    return Refused(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")


def invalid_subscription(subscription: str) -> Refused:
    """Return the refusal of a malformed subscription id: hashicorp/terraform-provider-azurerm#25954, apiops#460."""
    text = f"The provided subscription identifier '{subscription}' is malformed or invalid."
    return Refused(400, "InvalidSubscriptionId", text)


def group_not_found(group: str) -> Refused:
    """Return the refusal of an unknown resource group."""
    return Refused(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def resource_not_found(kind: str, name: str, group: str) -> Refused:
    """Return the refusal of an unknown resource."""
    return Refused(
        404,
        "ResourceNotFound",
        f"The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
    )


def unknown_type(namespace: str, kind: str, api_version: str) -> Refused:
    """Return the refusal of a resource type that its provider does not have."""
    return Refused(
        404,
        "InvalidResourceType",
        f"The resource type '{kind}' could not be found in the namespace '{namespace}' for api version "
        f"'{api_version}'. "
        "The supported api-versions are ''.",
    )


def listing(values: Iterable[str]) -> str:
    """Return values as Azure lists them in messages."""
    return ",".join(values)
