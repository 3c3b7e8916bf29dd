"""The tenant's app management policy: which client secrets may be created.

It is Graph's `policies/defaultAppManagementPolicy` (learn.microsoft.com/graph/api/resources/tenantappmanagementpolicy),
stored as a document of kind `policy`. `PUT /_emulator/app-management-policy` sets it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from emulator.messages import Json, Refused
from emulator.world import World

KIND, KEY = "policy", "defaultAppManagementPolicy"
_ID = "00000000-0000-0000-0000-000000000000"
_RESTRICTIONS = {"application": "applicationRestrictions", "servicePrincipal": "servicePrincipalRestrictions"}
_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_UNITS = (365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1)


def check_password(world: World, kind: str, holder: Json, lifetime: timedelta) -> None:
    """Refuse (400) a client secret of this lifetime if the policy does not allow it for the object."""
    policy = world.store.get(KIND, KEY) or {}
    if not policy.get("isEnabled"):
        return
    identifier = policy.get("id") or _ID
    for rule in (policy.get(_RESTRICTIONS[kind]) or {}).get("passwordCredentials") or []:
        if rule.get("state", "enabled") != "enabled" or not _covers(rule, holder):
            continue
        if rule.get("restrictionType") == "passwordAddition":
            # Code: OfficeDev/microsoft-365-agents-toolkit. Text: Azure/azure-cli#31215.
            text = f"Credential type not allowed as per assigned policy '{identifier}'."
            raise Refused(400, "CredentialTypeNotAllowedAsPerAppPolicy", text)
        if rule.get("restrictionType") == "passwordLifetime" and lifetime > _duration(str(rule.get("maxLifetime"))):
            # Details: OfficeDev/microsoft-365-agents-toolkit#10998. Status: microsoft/PubSec-Info-Assistant#681.
            text = f"Credential lifetime exceeds the max value allowed as per assigned policy '{identifier}'."
            details = [{"code": "InvalidKeyEndDate", "message": text, "target": "EndDate"}]
            raise Refused(400, "CredentialInvalidLifetimeAsPerAppPolicy", text, details=details)


def _covers(rule: Json, holder: Json) -> bool:
    after, created = rule.get("restrictForAppsCreatedAfterDateTime"), holder.get("createdDateTime")
    if not after or not created:
        return True
    return _moment(created) >= _moment(after)


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        return timedelta.max
    return timedelta(seconds=sum(int(part or 0) * unit for part, unit in zip(match.groups(), _UNITS, strict=True)))
