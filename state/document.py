"""The state file's document, its version, and how a file that isn't one of ours is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.input import encoding_of
from engine.record import PriorRuns

if TYPE_CHECKING:
    from state.blob_address import BlobAddress

VERSION = 2
FORMAT = "azure-digital-twins-deployment"

StepState = Literal[
    "pending", "doing", "done", "needs you", "skipped", "failed", "blocked", "removed", "nothing to do", "kept"
]  # fmt: skip


class StateRefused(Exception):
    """The state file can't be used as it is. The message says why and what to do; the file is untouched."""


class Part(BaseModel):
    """A part of the document. Keys of other tools or later versions are kept."""

    model_config = ConfigDict(extra="allow", validate_assignment=True, serialize_by_alias=True)


class Belonging(Part):
    """The cloud, tenant and subscription that a state file speaks of."""

    cloud: str
    """The Resource Manager endpoint: `https://management.azure.com`."""
    tenant: str
    subscription: str
    endpoints: dict[str, str] | None = None
    """What the cloud's metadata said: its login, Graph and portal, and the scopes of its tokens."""


class KnownPrincipal(Part):
    """What the name of an assignee or an owner stood for when it was looked up."""

    given: str
    object_id: str
    kind: Literal["User", "ServicePrincipal", "Group"]
    label: str


class KnownRole(Part):
    """What a role's name stood for."""

    given: str
    name: str
    id: str


class StepError(Part):
    """Why a step failed, in the words shown to the user."""

    what: str
    why: str = ""
    code: str = ""
    next: str = ""
    request_id: str = ""


class LeftFile(Part):
    """A file that a run over a shared state left on a machine."""

    host: str
    path: str
    """Its full path."""
    what: str
    """In words: `log`, `hand-off`, `client secret`."""


class StepRecord(Part):
    """What is known of one step. Times are UTC, ISO 8601."""

    state: StepState = "pending"
    started: str | None = None
    finished: str | None = None
    in_progress: str | None = Field(default=None, alias="doing")
    """The key of the write that was about to be made; still there after a crash or a failure in the middle of it."""
    pending: list[str] = Field(default_factory=list, alias="making")
    """What that write makes ours."""
    releasing: list[str] = Field(default_factory=list, alias="unmaking")
    """What that write removes or gives up."""
    owned: list[str] = Field(default_factory=list, alias="made")
    """What this tool created and has not removed: `instance`, `endpoint:NAME`. Nothing else is ever deleted."""
    removed: bool = False
    """`destroy` removed it, and no run has created it again."""
    values: dict[str, str] = Field(default_factory=dict, alias="produced")
    reason: str = ""
    error: StepError | None = None

    @property
    def interrupted(self) -> str:
        """The key of the write in the middle of which a run ended, or is now; "" for none. What failed has ended."""
        return self.in_progress or "" if self.state == "doing" else ""


class StateDocument(Part):
    """The whole file."""

    format: Literal["azure-digital-twins-deployment"] = "azure-digital-twins-deployment"
    version: Literal[2] = 2
    belongs_to: Belonging
    inputs: dict[str, Any] = Field(default_factory=dict)
    """What was chosen, by the names of the inputs, as plain JSON. Names of later versions are kept."""
    principals: list[KnownPrincipal] = Field(default_factory=list)
    roles: list[KnownRole] = Field(default_factory=list)
    steps: dict[str, StepRecord] = Field(default_factory=dict)
    files: list[LeftFile] = Field(default_factory=list)
    """What runs left where, if the state is a blob: a file's own are beside it."""

    def step(self, key: str) -> StepRecord:
        """Return the record of a step, making it when there is none."""
        return self.steps.setdefault(key, StepRecord.model_validate({}))

    def remembered(self) -> dict[str, Any]:
        """Return the inputs of earlier runs, by name; what the file belongs to is known in any case.

        The region is that of the instance, whatever was proposed when an instance was found elsewhere.
        """
        belongs = {"subscription": self.belongs_to.subscription, "tenant": self.belongs_to.tenant}
        inputs = {name: value for name, value in self.inputs.items() if value is not None}
        deployed = self.produced().get("location")
        return {**belongs, **inputs, **({"location": deployed} if deployed else {})}

    def outputs(self) -> dict[str, str]:
        """Return the values that a client application or a person needs, collected from the steps."""
        belongs = self.belongs_to
        return {"tenant_id": belongs.tenant, "subscription_id": belongs.subscription, **self.produced()}

    def produced(self) -> dict[str, str]:
        """Return all that the steps produced, by the names that `outputs` prints."""
        return {name: value for record in self.steps.values() for name, value in record.values.items()}

    def finished_within(self, step: str, minutes: int) -> bool:
        """Return whether the step was last finished so recently, by this machine's clock."""
        record = self.steps.get(step)
        if record is None or record.finished is None:
            return False
        try:
            return datetime.now(UTC) - datetime.fromisoformat(record.finished) < timedelta(minutes=minutes)
        except ValueError:
            return False

    @property
    def removed_at(self) -> str:
        """When `destroy` removed everything, in UTC, ISO 8601; "" while there is something, or never was.

        What a step that was removed still owns is remembered alone: where its application is in the recycle bin.
        """
        records = self.steps.values()
        kept = (bool(record.owned) and not record.removed for record in records)
        if any(kept) or any(record.in_progress or record.values or record.error for record in records):
            return ""
        return max((record.finished or "" for record in records if record.removed), default="")

    def prior_runs(self) -> PriorRuns:
        """Return what the file says of earlier runs, as a walk takes it."""
        owned = {key: frozenset(record.owned) for key, record in self.steps.items()}
        in_progress = {key: record.in_progress for key, record in self.steps.items() if record.in_progress}
        pending = {key: frozenset(self.steps[key].pending) for key in in_progress}
        removed = frozenset(key for key, record in self.steps.items() if record.removed)
        return PriorRuns(self.produced(), owned, in_progress, pending, removed)


_OWNED_IN_1 = {
    "create-resource-group": ["resource-group"],
    "create-instance": ["instance"],
    "assign-role": ["role-assignment"],
    "create-application": ["application"],
    "create-service-principal": ["service-principal"],
}


def _migrate_from_1(value: dict[str, Any]) -> None:
    """Bring a version 1 document to version 2: made things in place of changes, and lists of what was looked up.

    What has an unexpected type is left for the validation to refuse.
    """
    value["version"] = 2
    for single, many in (("assignee", "principals"), ("role", "roles")):
        if known := value.pop(single, None):
            value[many] = [known]
    inputs, steps = value.get("inputs"), value.get("steps")
    if isinstance(inputs, dict) and isinstance(inputs.get("reply_url"), str):
        inputs["reply_url"] = [inputs["reply_url"]]
    for record in steps.values() if isinstance(steps, dict) else ():
        if isinstance(record, dict) and isinstance(record.get("made"), list):
            owned = [item for key in record["made"] if isinstance(key, str) for item in _OWNED_IN_1.get(key, [])]
            record["made"] = owned
            record["making"] = _OWNED_IN_1.get(str(record.get("doing")), [])


_ASSIGNMENTS = {"role": ("role-assignment", "role_assignment_id"), "app_role": ("app-role", "app_role_assignment_id")}
"""By step, what a role assignment is recorded under, before a colon and its id, and the produced value that is it."""


def _name_assignments(steps: Any) -> None:
    """Bring records of assignments, which did not name them at first, to their present form."""
    for key, (name, produced) in _ASSIGNMENTS.items():
        record = steps.get(key) if isinstance(steps, dict) else None
        if not isinstance(record, dict) or not isinstance(record.get("made"), list):
            continue
        owned, pending = [str(item) for item in record["made"]], record.get("making")
        if isinstance(pending, list):
            record["making"] = [item for item in pending if not _is_nameless(item)]
        values = record.get("produced")
        known = str(values.get(produced) or "") if isinstance(values, dict) else ""
        rest = [item for item in owned if not _is_nameless(item)]
        if len(rest) < len(owned):
            record["made"] = [*rest, *([f"{name}:{known.lower()}"] if known else [])]


def _is_nameless(item: Any) -> bool:
    return str(item).partition(":")[0] == "role-assignment" and "/" not in str(item)


def serialized(document: StateDocument) -> bytes:
    """Return the document as it is kept."""
    return (json.dumps(document.model_dump(exclude_none=True), indent=2) + "\n").encode()


def parse_bytes(data: bytes, file: Path | BlobAddress) -> StateDocument:
    """Read what is kept, as an editor may have saved it; raises as `parse` does, and for another encoding."""
    try:
        text = data.decode().lstrip("\ufeff")  # an editor may have added a byte order mark
    except UnicodeDecodeError:
        if (encoding := encoding_of(data)) != "UTF-8":
            raise _other_encoding(file, encoding) from None
        raise StateRefused(
            f"The state file {file} is torn or not text. It was left as it is. Move it away and run again: "
            "everything in Azure is found and adopted."
        ) from None
    if text.startswith(("{\0", "\0{")):
        raise _other_encoding(file, "UTF-16")
    return parse(text, file)


def _other_encoding(file: Path | BlobAddress, encoding: str) -> StateRefused:
    return StateRefused(
        f"The state file {file} is {encoding}, and was left as it is. Save it as UTF-8, or name another one with "
        "--state FILE."
    )


def parse(text: str, file: Path | BlobAddress) -> StateDocument:
    """Read a document; StateRefused when it is torn, of another kind, newer, or has wrong types."""
    try:
        value: Any = json.loads(text)
    except ValueError as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "its bytes"
        raise StateRefused(
            f"The state file {file} is torn or not JSON ({where}). It was left as it is. Move it away and run again: "
            "everything in Azure is found and adopted."
        ) from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise StateRefused(
            f"{file} is not a state file of this tool, and was left as it is. Name another one with --state FILE."
        )
    version = value.get("version")
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise StateRefused(
            f"The state file {file} was written by a newer deploy.py (its version is {version}, this one knows "
            f"{VERSION}), and was left as it is. Update this tool, or name another file with --state FILE."
        )
    if version == 1:
        _migrate_from_1(value)
    _name_assignments(value.get("steps"))
    try:
        return StateDocument.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise StateRefused(
            f"The state file {file} has a wrong value at {where}: {first['msg']}. It was left as it is. Correct it, or "
            "move it away and run again: everything in Azure is found and adopted."
        ) from None
