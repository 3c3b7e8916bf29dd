"""The inputs of the data-plane roles, and the assignments that they ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloud.data_actions import READ_MODELS, may_give
from cloud.identifiers import DATA_OWNER, SHORT_ROLES, Principal, Role
from cloud.resource_identities import resource_id_problem
from engine.context import Target
from engine.input import FROM_STATE, Given, Input, Lookup, OneOf, items_of, text_of, told
from engine.input import Field as ItemField
from engine.refusal import Unknown
from steps.shared.names import Names
from steps.shared.role_assignments import is_of_its_own


def _who_problem(text: str) -> str | None:
    return resource_id_problem(text) if text.startswith("/") else None


_KINDS = OneOf("User", "ServicePrincipal", "Group")
INPUTS = (
    Input(
        "assignee",
        "Who gets the role: UPN, e-mail, exact name, object id or client id, or the resource id of what has an "
        "identity. Default: the signed-in user.",
        "WHO",
        _who_problem,
        group="Instance",
    ),
    Input(
        "assignee_type",
        "What the assignee is. With an object id, the directory isn't asked.",
        "User|ServicePrincipal|Group",
        _KINDS,
        group="Instance",
    ),
    Input(
        "role",
        "Role on the instance: owner, reader, or a role's name or id. Default: Azure Digital Twins Data Owner.",
        "ROLE",
        group="Instance",
    ),
    Input(
        "access",
        "Another role on the instance, of the same or of another holder; none for none.",
        "who=WHO,role=ROLE",
        kind="items",
        fields=(
            ItemField(
                "who",
                "as --assignee: UPN, e-mail, exact name, object id or client id; or the resource id of a function app, "
                "web app, IoT hub or another resource with an identity, or of a user-assigned identity",
                _who_problem,
                required=True,
            ),
            ItemField("role", "owner, reader, or a role's name or id", required=True),
            ItemField("type", "User, ServicePrincipal or Group: with an object id, the directory isn't asked", _KINDS),
        ),
        distinct=("who", "role"),
        group="Instance",
    ),
    Input(
        "role_scope",
        "Whether roles that are inherited, or a group's, count, or only those assigned at the instance. Default: any.",
        "any|instance",
        OneOf("any", "instance"),
        group="Instance",
    ),
)


@dataclass(frozen=True)
class Access:
    """A role on the instance, and who is to hold it."""

    holder: Principal
    role: Role
    lost: Unknown | None = field(default=None, compare=False)
    """Why the holder, who was somebody in an earlier run, is nobody any more."""

    @property
    def words(self) -> str:
        """Who and which role."""
        return f"{self.holder.label} has the role {self.role.name}"


@dataclass(frozen=True)
class DesiredRoles:
    """Who is to have which roles on the instance."""

    target: Target
    rows: tuple[Access, ...]
    """Each once; the first is that of `--assignee` and `--role`."""
    of_its_own: bool = False
    """Only an assignment at the instance itself counts."""

    def has(self, object_id: str, action: str = READ_MODELS) -> bool:
        """Whether a principal is to hold a role that allows a data action, or may be in a group that is to."""
        return any(
            may_give(row.role, action) and (row.holder.kind == "Group" or row.holder.object_id == object_id)
            for row in self.rows
        )


def lookups(given: Mapping[str, Given], target: Target) -> tuple[Lookup, ...]:
    """Return the holders, where they are given, and the roles."""
    found = []
    if "assignee" in given:
        remembered = _is_remembered(given, "assignee")
        # A remembered kind is that of the remembered assignee.
        kind = text_of(given, "assignee_type") if remembered or not _is_remembered(given, "assignee_type") else None
        found.append(_holder(str(given["assignee"].value), kind or "", told(given, "assignee"), remembered=remembered))
    role, remembered = text_of(given, "role") or DATA_OWNER, _is_remembered(given, "role")
    found.append(_role(role, target, told(given, "role"), remembered=remembered))
    source, remembered = told(given, "access"), _is_remembered(given, "access")
    for item in items_of(given, "access") or ():
        found += [
            _holder(item["who"], item.get("type", ""), source, remembered=remembered),
            _role(item["role"], target, source, remembered=remembered),
        ]
    return tuple(found)


def _holder(name: str, kind: str, source: str, *, remembered: bool) -> Lookup:
    return Lookup("principal", name, type=kind, remembered=remembered, followed=True, source=source)


def _role(name: str, target: Target, source: str, *, remembered: bool) -> Lookup:
    short = SHORT_ROLES.get(name, name)
    return Lookup("role", short, target.subscription_id, remembered=remembered, source=source)


def _is_remembered(given: Mapping[str, Given], name: str) -> bool:
    return name in given and given[name].source == FROM_STATE


def desired_roles(given: Mapping[str, Given], target: Target, names: Names) -> DesiredRoles:
    """Return the assignments; by default Data Owner for the signed-in user."""
    asked = [(text_of(given, "assignee") or "", text_of(given, "role") or DATA_OWNER)]
    asked += [(item["who"], item["role"]) for item in items_of(given, "access") or ()]
    rows: dict[tuple[str, str], Access] = {}
    for who, name in asked:
        holder, role = names.principal(who), names.role(SHORT_ROLES.get(name, name), target.subscription_id)
        rows.setdefault((holder.object_id, role.id), Access(holder, role, names.lost.get(who)))
    return DesiredRoles(target, tuple(rows.values()), is_of_its_own(given))
