"""What an administrator is asked to do: shown with the plan, and left as a script after a refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli.display import shown
from cli.hand_off_files import Asked, Item, message, posix_script, powershell_script
from state.file_store import replace_file
from state.store import StateStore

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.permissions import MissingPermission
    from engine.outcome import Result, StepLook
    from engine.step import AnyStep
    from engine.walk import Walk

MissingRights = Mapping[str, tuple["MissingPermission", ...]]
"""By step, what its changes need and the signed-in identity lacks."""

ACTIVATE = "#view/Microsoft_Azure_PIMCommon/ActivationMenuBlade/~/azurerbac"
_ITEM = re.compile(r"^# --- (\w+)(?: (\S+))?: (.*)$", re.MULTILINE)
"""A step, the key of a change, and its title. Earlier versions wrote the step's own title, and no key."""


async def missing_rights(azure: Azure, looks: Mapping[str, StepLook]) -> MissingRights:
    """Compare what the planned changes need with what the signed-in identity may do. Without changes: no request."""
    from cloud.permissions import missing

    needed = {
        key: tuple((right.action, right.scope) for change in look.plan.changes for right in change.rights)
        for key, look in looks.items()
        if look.plan
    }
    every = [right for rights in needed.values() for right in rights]
    found = {(right.action, right.scope): right for right in await missing(azure, every)} if every else {}
    return {
        key: tuple(dict.fromkeys(found[right] for right in rights if right in found))
        for key, rights in needed.items()
        if any(right in found for right in rights)
    }


def missing_right_lines(
    walk: Walk[Azure], looks: Mapping[str, StepLook], missing: MissingRights
) -> dict[str, list[str]]:
    """Return what to say, by step, of missing rights: its own, or that it waits for a step that has some missing.

    How to activate a role is said once.
    """
    portal = walk.target.portal
    lines: dict[str, list[str]] = {}
    uncertain: dict[str, list[str]] = {}
    activations: set[str] = set()
    for step in walk.steps:
        plan = looks[step.key].plan
        waits = [other.label for other in walk.steps if other.key in walk.needs(step)
                 and other.key in lines]  # fmt: skip
        if certain(missing, step.key):
            lines[step.key] = []
        elif waits and plan and plan.changes:
            lines[step.key] = [f"waits for someone else, as it needs: {', '.join(waits)}"]
        for right in missing.get(step.key, ()):
            if right.condition:
                may = f"you may do {right.action} on {right.scope} only under a condition: Azure tells when it is done"
                uncertain.setdefault(step.key, []).append(may)
                continue
            lines[step.key].append(f"you lack permission {right.action} on {right.scope}; someone else has to do this")
            if right.eligible:
                roles = " or ".join(right.eligible)
                where = f"at {portal}/{ACTIVATE}" if portal else "in Privileged Identity Management"
                activation = f"or you: activate your eligible role {roles} first, {where}"
                lines[step.key] += [activation] if activation not in activations else []
                activations.add(activation)
    return {key: lines.get(key, []) + uncertain.get(key, []) for key in (*lines, *uncertain)}


def certain(missing: MissingRights, step: str) -> bool:
    """Whether a step lacks a right for certain, and not only where a condition isn't met."""
    return any(not right.condition for right in missing.get(step, ()))


class HandOff:
    """The hand-off of a deployment, beside its state file: for `deploy.state.json`, `deploy.handoff.md`, `.sh`, `.ps1`.

    The first is to be sent, with the others; they do the same, for either kind of shell.
    """

    def __init__(self, state: StateStore) -> None:
        name = state.beside.name.removesuffix(".json").removesuffix(".state")
        self.path: Path = state.beside.with_name(f"{name}.handoff.md")
        self.posix, self.powershell = (self.path.with_suffix(suffix) for suffix in (".sh", ".ps1"))

    def news(self, steps: Sequence[AnyStep], looks: Mapping[str, StepLook]) -> tuple[list[str], list[str]]:
        """Return what was handed off and is done, and what is still open, by titles."""
        try:
            items = _ITEM.findall(self.posix.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return [], []
        known = {step.key: step for step in steps}
        done: list[str] = []
        still_open: list[str] = []
        for step, key, title in items:
            plan = looks[step].plan if step in looks else None
            if plan is None:
                continue
            is_open = any(key in {"", change.key} for change in plan.changes)
            what = title if key else f"{known[step].number} {known[step].title.lower()}"
            (still_open if is_open else done).append(what)
        return list(dict.fromkeys(done)), list(dict.fromkeys(still_open))

    def write(self, asked: Asked) -> None:
        """Write the files."""
        request = replace(asked, posix=self.posix.name, powershell=self.powershell.name)
        replace_file(self.posix, posix_script(request).encode())
        replace_file(self.powershell, powershell_script(request).encode("utf-8-sig"))  # older ones take others for ANSI
        replace_file(self.path, message(request).encode())

    def remove(self) -> None:
        """Remove what an earlier run wrote."""
        for file in (self.path, self.posix, self.powershell):
            file.unlink(missing_ok=True)


def handed_off(steps: Sequence[AnyStep], results: Mapping[str, Result], missing: MissingRights) -> tuple[Item, ...]:
    """Return what somebody else has to do."""
    return tuple(item for step in steps for item in _items(step, results[step.key], missing))


def _items(step: AnyStep, result: Result, missing: MissingRights) -> list[Item]:
    """Return what a refused step has left to do, or one that was blocked and lacks rights itself."""
    refused = result.error is not None and result.error.exit_code == 3
    if not refused and not (result.error is None and result.remaining and certain(missing, step.key)):
        return []
    return [Item(step, change, commands) for change in result.remaining if (commands := change.commands())]


def handed_off_note(hand_off: HandOff, trial: str = "") -> str:
    """Return what is said of the file at the end of a run; of a `trial`, by which command an owner goes on."""
    scripts = f"{hand_off.posix.name}, and {hand_off.powershell.name} for PowerShell"
    what = f"What someone else has to do is in {shown(hand_off.path)}: a text to send, with a script that does it"
    if trial:
        return f"{what} ({scripts}). In this trial you can be the administrator yourself:\n  {trial}"
    return f"{what} ({scripts}). Once it is done, run the same command again."
