"""The built-in roles that allow what this tool does, by the names that administrators know them by. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

DIRECTORY = "the directory"
"""The scope of actions in the directory."""
CONSENT = "microsoft.directory/oAuth2PermissionGrants/allProperties/allTasks"
"""Consenting for everybody."""
CREATE_APPLICATION = "microsoft.directory/applications/createAsOwner"
"""Registering an application. Members may, unless the tenant says otherwise; guests may not."""
UPDATE_APPLICATION = "microsoft.directory/applications/allProperties/update"
"""Changing one, its service principal, owners and credentials. Its owners may too."""
CREATE_PRINCIPAL = "microsoft.directory/servicePrincipals/create"
"""Creating the service principal of a multi-tenant application."""

_GLOBAL = "62e90394-69f5-4237-9190-012177145e10"
_APPLICATION = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
_CLOUD_APPLICATION = "158c047a-c907-4556-b7ef-446551a6b5f7"
_DEVELOPER = "cf1c38e5-3621-4004-a7cb-879624dced7c"
_PRIVILEGED = "e8611ab8-c189-46e8-94e1-60213ab1f814"
_NAMES = {
    _APPLICATION: "Application Administrator",
    _CLOUD_APPLICATION: "Cloud Application Administrator",
    _DEVELOPER: "Application Developer",
    _PRIVILEGED: "Privileged Role Administrator",
}
_ADMINISTRATORS = (_APPLICATION, _CLOUD_APPLICATION, _GLOBAL)
ALLOWING = {
    CONSENT: (*_ADMINISTRATORS, _PRIVILEGED),
    CREATE_APPLICATION: (_DEVELOPER, *_ADMINISTRATORS),
    UPDATE_APPLICATION: _ADMINISTRATORS,
    CREATE_PRINCIPAL: _ADMINISTRATORS,
}
"""The directory roles that have an action. Source: "Microsoft Entra built-in roles"."""

_ASSIGNING = ("Owner", "Role Based Access Control Administrator", "User Access Administrator")
_MANAGING = ("Owner", "Contributor")
_DATA = ("Azure Digital Twins Data Owner",)
"""What reads and writes inside an instance needs: roles of Resource Manager alone don't do."""


def role_names(action: str) -> str:
    """Return which roles allow an action: `Owner, or Contributor`. Other roles may have it too."""
    return _words(_roles(action))


def enough(actions: Iterable[str]) -> list[str]:
    """Return the choices of roles that are enough for all of the actions, in words.

    Who has a role of a narrower choice may do what a wider one with all of the same roles is for.
    """
    choices = list(dict.fromkeys(_roles(action) for action in actions))
    return [_words(choice) for choice in choices if not any({*other} < {*choice} for other in choices)]


def _roles(action: str) -> tuple[str, ...]:
    """Return the roles that allow an action. Source: "Azure built-in roles"."""
    if action in ALLOWING:
        names = tuple(_NAMES[role] for role in ALLOWING[action] if role in _NAMES)
        return (*names, "an owner of the application") if action == UPDATE_APPLICATION else names
    if action.lower().startswith("microsoft.authorization/roleassignments/"):
        return _ASSIGNING
    return _DATA if action.lower().startswith("microsoft.digitaltwins/eventroutes/") else _MANAGING


def _words(names: Sequence[str]) -> str:
    return ", or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
