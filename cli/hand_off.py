"""What an administrator is asked to do: shown with the plan, and left as a script after a refusal."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.console import plain
from cli.display import shown
from state.file_store import StateFile, replace_file

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.permissions import MissingPermission
    from engine.change import AnyChange
    from engine.context import Target
    from engine.outcome import Result, StepLook
    from engine.step import AnyStep
    from engine.walk import Walk

MissingRights = Mapping[str, tuple["MissingPermission", ...]]
"""By step, what its changes need and the signed-in identity lacks."""

ACTIVATE = "#view/Microsoft_Azure_PIMCommon/ActivationMenuBlade/~/azurerbac"
_STEP = re.compile(r"^# --- (\w+): ", re.MULTILINE)


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
        waits = [f"{other.number} {other.title}" for other in walk.steps if other.key in walk.needs(step)
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
    """The hand-off file of a deployment: beside its state file, `deploy.handoff.sh` for `deploy.state.json`."""

    def __init__(self, state: StateFile) -> None:
        name = state.path.name.removesuffix(".json").removesuffix(".state")
        self.path: Path = state.path.with_name(f"{name}.handoff.sh")

    def done(self, steps: Sequence[AnyStep], looks: Mapping[str, StepLook]) -> list[str]:
        """Return the titles of the steps that were handed off and have nothing to do any more."""
        try:
            keys = _STEP.findall(self.path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return []
        plans = {key: look.plan for key, look in looks.items()}
        over = {key for key in keys if (plan := plans.get(key)) and not plan.changes}
        return [f"{step.number} {step.title.lower()}" for step in steps if step.key in over]

    def update(  # noqa: PLR0917 - what a script says
        self,
        steps: Sequence[AnyStep],
        results: Mapping[str, Result],
        missing: MissingRights,
        target: Target,
        who: str,
        purpose: str,
    ) -> bool:
        """Write the script for what was refused, or remove that of an earlier run; return whether there is one.

        `who` has been doing what `purpose` says: "setting up" or "removing" the instance.
        """
        parts = [(step, _commands(step, results[step.key], missing)) for step in steps]
        open_parts = [(step, commands) for step, commands in parts if commands]
        if not open_parts:
            self.path.unlink(missing_ok=True)
            return False
        replace_file(self.path, _script(open_parts, missing, target, _line(who), purpose, self.path).encode())
        return True


def _commands(step: AnyStep, result: Result, missing: MissingRights) -> list[tuple[AnyChange, str]]:
    """Return the commands for what a refused step has left to do, or one that was blocked and lacks rights itself."""
    refused = result.error is not None and result.error.exit_code == 3
    if not refused and not (result.error is None and result.remaining and certain(missing, step.key)):
        return []
    return [(change, command) for change in result.remaining if (command := change.az())]


def _script(  # noqa: PLR0917 - what a script says
    parts: list[tuple[AnyStep, list[tuple[AnyChange, str]]]],
    missing: MissingRights,
    target: Target,
    who: str,
    purpose: str,
    path: Path,
) -> str:
    head = [
        "#!/usr/bin/env bash",
        "# To: an administrator",
        f"# Subject: Please finish {purpose} Azure Digital Twins instance {_line(target.instance)}",
        "#",
        f"# {who} is {purpose} the Azure Digital Twins instance {_line(target.instance)},",
        f"# in resource group {_line(target.resource_group)} of subscription {target.subscription},",
        "# and may not do all of it. What is left, and the permission that it needs:",
        "#",
    ]
    for step, commands in parts:
        head += [f"#   - {_line(change.title)}" for change, _command in commands]
        head += [f"#       needs {_line(right.action)} on {_line(right.scope)}" for right in missing.get(step.key, ())]
    head += [
        "#",
        f"# Sign in with az, read the commands below, and run them: bash {shlex.quote(_line(path.name))}",
        "# Then tell the sender, who runs the same command again: it finds what was done and goes on from there.",
        "",
        "set -euo pipefail",
    ]
    for step, commands in parts:
        head += ["", f"# --- {step.key}: {step.title}"]
        for change, command in commands:
            head += [f"# {_line(change.title)}", command]
    return "\n".join(head) + "\n"


def _line(text: str) -> str:
    """Return the text as part of a comment: nothing in it can begin a line of its own."""
    return plain(text).replace("\n", " ")


def handed_off_note(hand_off: HandOff) -> str:
    """Return what is said of the file at the end of a run."""
    return (
        f"What someone else has to do is in {shown(hand_off.path)}: a text to send and the commands. Once it is done, "
        "run the same command again."
    )
