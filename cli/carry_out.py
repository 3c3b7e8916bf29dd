"""Carrying out a plan, for deploy and destroy alike: writes recorded, refusals handed off, the JSON printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli import json_output
from cli.console import say, show_plan, show_refusal
from cli.display import shown
from cli.hand_off import HandOff, MissingRights, handed_off_note, missing_right_lines
from engine.walk import exit_code
from state.recorder import StateRecorder

if TYPE_CHECKING:
    from cli.resolve import Resolved
    from cli.run import Run
    from cloud.clients import Azure
    from engine.outcome import Result, StepLook
    from engine.walk import Walk
    from state.document import StateDocument


@dataclass(frozen=True)
class Ended:
    """How a walk ended."""

    results: Mapping[str, Result]
    document: StateDocument
    code: int
    handed_off: str
    """What is said of the hand-off file; "" when there is none."""


def show_what_is_planned(run: Run, walk: Walk[Azure], looks: Mapping[str, StepLook], missing: MissingRights) -> None:
    """Print the plan, with the rights that are missing for it."""
    lines = missing_right_lines(walk, looks, missing)
    show_plan(run.console, walk.steps, looks, lines, removing=walk.removes)
    run.console.print()


async def carry_out(  # noqa: PLR0917 - what is carried out, where, and what is missing for it
    run: Run, azure: Azure, resolved: Resolved, walk: Walk[Azure], command: str, missing: MissingRights
) -> Ended:
    """Apply what the walk planned, and write what someone else has to do into the hand-off file.

    With `--output json` the document is printed.
    """
    state = run.options.state
    document = run.new_document(azure, resolved, walk.answers)
    state.write(document)
    with run.screen:
        results = await walk.apply(StateRecorder(state, document, removing=walk.removes))
    who = await azure.credential.who()
    hand_off = HandOff(state)
    purpose = "removing" if walk.removes else "setting up"
    handed = hand_off.update(walk.steps, results, missing, resolved.target, who.name, purpose)
    code = exit_code(results)
    if run.options.json:
        described = json_output.run_document(walk, results, document.outputs(), code, command)
        handed_off = str(hand_off.path) if handed else None
        json_output.emit({**described, "hand_off": handed_off, "warnings": run.warnings})
    return Ended(results, document, code, handed_off_note(hand_off) if handed else "")


def show_errors(run: Run, walk: Walk[Azure], ended: Ended, headline: str) -> bool:
    """Print the errors, the hand-off and where the log is; return whether the walk failed."""
    console = run.console
    console.print()
    for step in walk.steps:
        error = ended.results[step.key].error
        if error:
            show_refusal(console, error, f"Step {step.number}, {step.title.lower()}: ")
            console.print()
    if ended.handed_off:
        say(console, ended.handed_off, first="! ", first_style="yellow")
        console.print()
    if ended.code:
        say(console, f"The log is {shown(run.options.state.log_path)}", first=f"{headline} ", first_style="bold")
    return bool(ended.code)


def show_notes(run: Run, notes: list[str]) -> None:
    """Print notes, each as a paragraph."""
    for note in notes:
        say(run.console, note, first="! ", first_style="yellow")
