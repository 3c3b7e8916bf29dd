"""What somebody with more rights is asked to do: shown with the plan, and left as a script after a refusal."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cli.called import shown
from cli.console import plain
from state.file_store import StateFile, replace_file

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.rights import Lack
    from steps.model import Change, Step
    from steps.walk import Look, Result
    from steps.wanted import Wanted

Lacks = Mapping[str, tuple["Lack", ...]]
"""By step, what its changes need and the signed-in identity lacks."""

ACTIVATE = "#view/Microsoft_Azure_PIMCommon/ActivationMenuBlade/~/azurerbac"
_STEP = re.compile(r"^# --- (\w+): ", re.MULTILINE)


async def lacks(azure: Azure, looks: Mapping[str, Look]) -> Lacks:
    """Compare what the planned changes need with what the signed-in identity may do. Without changes: no request."""
    from cloud.rights import missing

    needed = {
        key: tuple((right.action, right.scope) for change in look.plan.changes for right in change.rights)
        for key, look in looks.items()
        if look.plan
    }
    every = [one for rights in needed.values() for one in rights]
    found = {(lack.action, lack.scope): lack for lack in await missing(azure, every)} if every else {}
    return {
        key: tuple(dict.fromkeys(found[one] for one in rights if one in found))
        for key, rights in needed.items()
        if any(one in found for one in rights)
    }


def said(steps: tuple[Step, ...], looks: Mapping[str, Look], lacking: Lacks, portal: str) -> dict[str, list[str]]:
    """Return what is said, by step, of missing rights: its own, or that it waits for a step that has some missing.

    How to activate a role is said once.
    """
    lines: dict[str, list[str]] = {}
    activations: set[str] = set()
    for step in steps:
        plan = looks[step.key].plan
        waits = [f"{one.number} {one.title}" for one in steps if one.key in step.needs and one.key in lines]
        if step.key in lacking:
            lines[step.key] = []
        elif waits and plan and plan.changes:
            lines[step.key] = [f"waits for somebody else, as it needs: {', '.join(waits)}"]
        for lack in lacking.get(step.key, ()):
            lines[step.key].append(f"needs somebody else: the permission {lack.action} is missing on {lack.scope}")
            if lack.eligible:
                roles = " or ".join(lack.eligible)
                where = f"at {portal}/{ACTIVATE}" if portal else "in Privileged Identity Management"
                activation = f"or you: activate your eligible role {roles} first, {where}"
                lines[step.key] += [activation] if activation not in activations else []
                activations.add(activation)
    return lines


class HandOff:
    """The hand-off file of a deployment: beside its state file, `deploy.handoff.sh` for `deploy.state.json`."""

    def __init__(self, state: StateFile) -> None:
        name = state.path.name.removesuffix(".json").removesuffix(".state")
        self.path: Path = state.path.with_name(f"{name}.handoff.sh")

    def done(self, steps: tuple[Step, ...], looks: Mapping[str, Look]) -> list[str]:
        """Return the titles of the steps that were handed off and have nothing to do any more."""
        try:
            keys = _STEP.findall(self.path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return []
        plans = {key: look.plan for key, look in looks.items()}
        over = {key for key in keys if (plan := plans.get(key)) and not plan.changes}
        return [f"{step.number} {step.title.lower()}" for step in steps if step.key in over]

    def update(
        self,
        steps: tuple[Step, ...],
        results: Mapping[str, Result],
        lacking: Lacks,
        wanted: Wanted,
        who: str,
        *,
        doing: str = "setting up",
    ) -> bool:
        """Write the script for what was refused, or remove that of an earlier run; return whether there is one."""
        parts = [(step, _commands(step, results[step.key], wanted, lacking)) for step in steps]
        open_parts = [(step, commands) for step, commands in parts if commands]
        if not open_parts:
            self.path.unlink(missing_ok=True)
            return False
        replace_file(self.path, _script(open_parts, lacking, wanted, f"{_line(who)} is {doing}", self.path).encode())
        return True


def _commands(step: Step, result: Result, wanted: Wanted, lacking: Lacks) -> list[tuple[Change, str]]:
    """Return the commands for what a refused step has left to do, or one that was blocked and lacks rights itself."""
    refused = result.error is not None and result.error.exit_code == 3
    if not refused and not (result.error is None and result.undone and step.key in lacking):
        return []
    return [(change, command) for change in result.undone if (command := step.hand_off(change, wanted))]


def _script(
    parts: list[tuple[Step, list[tuple[Change, str]]]], lacking: Lacks, wanted: Wanted, doing: str, path: Path
) -> str:
    head = [
        "#!/usr/bin/env bash",
        "# To: somebody who may do what follows",
        f"# Subject: Please finish {doing.partition(' is ')[2]} Azure Digital Twins instance {_line(wanted.instance)}",
        "#",
        f"# {doing} the Azure Digital Twins instance {_line(wanted.instance)},",
        f"# in resource group {_line(wanted.resource_group)} of subscription {wanted.subscription},",
        "# and may not do all of it. What is left, and the permission that it needs:",
        "#",
    ]
    for step, commands in parts:
        head += [f"#   - {_line(change.title)}" for change, _command in commands]
        head += [f"#       needs {_line(lack.action)} on {_line(lack.scope)}" for lack in lacking.get(step.key, ())]
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


def ending(hand_off: HandOff) -> str:
    """Return what is said of the file at the end of a run."""
    return (
        f"What somebody else has to do is in {shown(hand_off.path)}: a text to send and the commands. Once it is done, "
        "run the same command again."
    )
