"""The rights of callers in the directory.

Users by their directory role (`seed.User.directory`): an administrator may do everything; a member reads everything,
registers applications and manages their own; a guest reads applications and themselves
(learn.microsoft.com/entra/fundamentals/users-default-permissions). Applications by the Graph permissions
in their token. Tokens of users carry wide enough scopes: the role alone decides.
"""

from __future__ import annotations

from emulator import seed
from emulator.graph.refusals import denied
from emulator.messages import Caller, Json

_APPLICATIONS = frozenset(
    {
        "Application.Read.All",
        "Application.ReadWrite.All",
        "Application.ReadWrite.OwnedBy",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    }
)
_READERS = {
    "application": _APPLICATIONS,
    "servicePrincipal": _APPLICATIONS,
    "grant": frozenset(
        {
            "DelegatedPermissionGrant.Read.All",
            "DelegatedPermissionGrant.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        }
    ),
    "user": frozenset({"User.ReadBasic.All", "User.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}),
    "group": frozenset({"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}),
    "organization": frozenset({"Organization.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}),
}
"""Any of these application permissions is enough to read."""

_BIN = _APPLICATIONS - {"Application.ReadWrite.OwnedBy"}
_GUEST_READS = frozenset({"application", "servicePrincipal", "grant", "organization"})
_WRITE_ALL = frozenset({"Application.ReadWrite.All", "Directory.ReadWrite.All"})
_WRITE_OWNED = "Application.ReadWrite.OwnedBy"
_WRITE_GRANTS = frozenset({"DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All"})


def may_read(caller: Caller, kind: str, key: str = "") -> bool:
    """Whether the caller may read objects of the kind, or the one named by its object id `key`."""
    if caller.kind == "app":
        return bool(caller.permissions & _READERS[kind])
    if _role(caller) == "guest":
        return kind in _GUEST_READS or (kind == "user" and key.lower() == caller.object_id.lower())
    return True


def require_read(caller: Caller, kind: str, key: str = "") -> None:
    """Refuse (403) a read that `may_read` denies."""
    if not may_read(caller, kind, key):
        raise denied()


def require_recycle_bin(caller: Caller) -> None:
    """Refuse (403) a caller who may not look into the recycle bin. Owners of what is in it may not either.

    A user needs to be an Application Administrator, Cloud Application Administrator or Hybrid Identity Administrator
    (learn.microsoft.com/graph/api/directory-deleteditems-list). The seeded administrators are Global Administrators.
    """
    allowed = caller.permissions & _BIN if caller.kind == "app" else _role(caller) == "administrator"
    if not allowed:
        raise denied()


def require_owned_deleted(caller: Caller, owner: str) -> None:
    """Refuse (403) a caller who may not ask for the deleted objects of an owner.

    Users may ask for their own; applications need a permission to read groups
    (learn.microsoft.com/graph/api/directory-deleteditems-getuserownedobjects).
    """
    if caller.kind == "app":
        allowed = bool(caller.permissions & _READERS["group"])
    else:
        allowed = _role(caller) == "administrator" or (
            _role(caller) == "member" and owner.lower() == caller.object_id.lower()
        )
    if not allowed:
        raise denied()


def manages_all(caller: Caller) -> bool:
    """Whether the caller may change every application and service principal."""
    if caller.kind == "app":
        return bool(caller.permissions & _WRITE_ALL)
    return _role(caller) == "administrator"


def may_read_policies(caller: Caller) -> bool:
    """Whether the caller may read the tenant's authorization policy.

    Members may read policies, guests may not (learn.microsoft.com/entra/fundamentals/users-default-permissions);
    applications need a permission (learn.microsoft.com/graph/api/authorizationpolicy-get).
    """
    if caller.kind == "app":
        return bool(caller.permissions & {"Policy.Read.All", "Policy.ReadWrite.Authorization"})
    return _role(caller) != "guest"


def may_write_policies(caller: Caller) -> bool:
    """Whether the caller may change it (learn.microsoft.com/graph/api/authorizationpolicy-update)."""
    if caller.kind == "app":
        return "Policy.ReadWrite.Authorization" in caller.permissions
    return _role(caller) == "administrator"


def require_register(caller: Caller, policy: Json) -> None:
    """Refuse (403) a caller who may not register applications: members may where the tenant's policy lets them.

    Source: `allowedToCreateApps` of defaultUserRolePermissions in the Microsoft Graph reference.
    """
    require_create(caller)
    members_may = policy["defaultUserRolePermissions"]["allowedToCreateApps"]
    if caller.kind != "app" and not manages_all(caller) and not members_may:
        raise denied()


def require_create(caller: Caller) -> None:
    """Refuse (403) a caller who may not create directory objects."""
    if manages_all(caller):
        return
    allowed = _WRITE_OWNED in caller.permissions if caller.kind == "app" else _role(caller) == "member"
    if not allowed:
        raise denied()


def owns(caller: Caller, body: Json) -> bool:
    """Whether the caller owns an application or service principal."""
    return caller.object_id.lower() in (str(owner).lower() for owner in body.get("_owners", []))


def require_change(caller: Caller, body: Json) -> None:
    """Refuse (403) a caller who may not change this object, neither as its owner nor as an administrator."""
    if manages_all(caller):
        return
    if caller.kind == "app" and _WRITE_OWNED not in caller.permissions:
        raise denied()
    if not owns(caller, body):
        raise denied()


def require_grant(caller: Caller) -> None:
    """Refuse (403) a caller who may not consent for others."""
    allowed = bool(caller.permissions & _WRITE_GRANTS) if caller.kind == "app" else _role(caller) == "administrator"
    if not allowed:
        raise denied()


def _role(caller: Caller) -> str:
    known = {user.object_id: user.directory for user in seed.USERS.values()}
    return known.get(caller.object_id.lower(), "member")
