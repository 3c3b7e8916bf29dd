"""Carrying out a plan, for deploy and destroy alike: writes recorded, refusals handed off, the JSON printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli import json_output, left_files
from cli.console import make_console, say, show_error, show_parts, text
from cli.display import shown
from cli.hand_off import HandOff, MissingRights, certain, handed_off, handed_off_note, missing_right_lines
from cli.hand_off_files import Asked
from cli.plan_view import show_plan
from cli.signs import about, clock, done_counts, estimate, planned_counts, short_ids
from engine.walk import exit_code
from state.proposals import Proposals
from state.recorder import StateRecorder

if TYPE_CHECKING:
    from rich.console import Console

    from cli.resolve import Resolved
    from cli.run import Run
    from cloud.clients import Azure
    from engine.outcome import Result, StepLook
    from engine.walk import Walk
    from state.document import StateDocument


NOTHING_TO_DO = {False: "Nothing to do: Azure matches your settings", True: "Nothing to delete"}


@dataclass(frozen=True)
class Ended:
    """How a walk ended."""

    results: Mapping[str, Result]
    document: StateDocument
    code: int
    handed_off: str
    """What is said of the hand-off file; "" when there is none."""
    seconds: float
    """How long the walk took."""


def show_what_is_planned(run: Run, walk: Walk[Azure], looks: Mapping[str, StepLook], missing: MissingRights) -> None:
    """Print the plan, with the rights that are missing for it."""
    lines = missing_right_lines(walk, looks, missing)
    show_plan(run.console, walk.steps, looks, lines, removing=walk.removes, verbose=run.options.verbose)
    run.console.print()
    show_parts(run.console, _summary(walk, looks, missing, is_timed=not run.options.local))
    run.console.print()


def _summary(walk: Walk[Azure], looks: Mapping[str, StepLook], missing: MissingRights, *, is_timed: bool) -> list[str]:
    """Return the parts of the last line of a plan.

    What there is to do, how long that usually takes in Azure where that `is_timed`, for how many steps somebody else is
    needed, and how many leave something to a person.
    """
    changes = [change for look in looks.values() if look.plan for change in look.plan.changes]
    if not changes:
        return nothing_to_do(looks, removing=walk.removes)
    seconds = estimate(walk.steps, looks, {step.key: walk.needs(step) for step in walk.steps})
    others = sum(certain(missing, step.key) for step in walk.steps)
    needs = [f"{others} need{'s' if others == 1 else ''} someone else"] if others else []
    counts = planned_counts(changes, removing=walk.removes)
    return [counts, *([about(seconds)] if is_timed else []), *needs, *needs_you_words(looks)]


def nothing_to_do(looks: Mapping[str, StepLook], *, removing: bool = False) -> list[str]:
    """Return the parts of the last line of a plan without changes."""
    failed = any(look.error for look in looks.values())
    nothing = "Nothing to do, as far as it could be looked at" if failed else NOTHING_TO_DO[removing]
    return [nothing, *needs_you_words(looks)]


def needs_you_words(looks: Mapping[str, StepLook]) -> list[str]:
    """Return `1 needs you`, where a step leaves something to a person."""
    count = sum(bool(look.plan and look.plan.needs_you) for look in looks.values())
    return [f"{count} need{'s' if count == 1 else ''} you"] if count else []


def show_what_was_done(run: Run, ended: Ended, *, removing: bool = False) -> None:
    """Print what was done and how long it took."""
    done = [
        change
        for result in ended.results.values()
        if result.plan
        for change in result.plan.changes[: len(result.plan.changes) - len(result.remaining)]
    ]
    if done:
        run.console.print(text(f"{done_counts(done, removing=removing)} in {clock(ended.seconds)}", "bold"))


async def carry_out(  # noqa: PLR0917 - what is carried out, where, and what is missing for it
    run: Run, azure: Azure, resolved: Resolved, walk: Walk[Azure], command: str, missing: MissingRights
) -> Ended:
    """Apply what the walk planned, and write what someone else has to do into the hand-off file.

    With `--output json` the document is printed.
    """
    run.begin_writing()
    state = run.options.state
    document = run.new_document(azure, resolved, walk.answers)
    _record_files(run, document)
    state.write(document)
    Proposals(state.beside).forget()
    with run.screen:
        results = await walk.apply(StateRecorder(state, document, removing=walk.removes))
    seconds = run.screen.elapsed
    code, hand_off, trial = exit_code(results), HandOff(state), ""
    items = handed_off(walk.steps, results, missing)
    if items:
        from cloud.lookups import names_of

        who, purpose = await azure.credential.who(), "removing" if walk.removes else "setting up"
        tenant, subscription = await names_of(azure, resolved.target.tenant, resolved.target.subscription)
        if run.options.local:
            trial = run.options.command_for(command, again=True, sign_in="owner")
        hand_off.write(Asked(who.name, purpose, resolved.target, tenant, subscription, items, trial=trial))
    else:
        hand_off.remove()
    _record_files(run, document, ("hand-off", hand_off.path) if items else None)
    state.write(document)
    described = json_output.run_document(walk, results, document.outputs(), code, command)
    described |= {"hand_off": str(hand_off.path) if items else None, "warnings": run.warnings}
    if walk.removes and state.is_shared:
        described["left"] = [left.model_dump() for left in left_files.elsewhere(document, state.beside.parent)]
    run.report(described)
    return Ended(results, document, code, handed_off_note(hand_off, trial) if items else "", seconds)


def _record_files(run: Run, document: StateDocument, *more: tuple[str, Path] | None) -> None:
    """Record where this machine keeps its files, if other machines use the state too."""
    state = run.options.state
    if state.is_shared:
        left_files.record(document, [("log", state.log_path), *filter(None, more)])


def show_errors(run: Run, walk: Walk[Azure], ended: Ended, headline: str) -> bool:
    """Print the errors, the hand-off and where the log is; return whether the walk failed.

    Whom to ask is left out in a trial, where nobody can be asked.
    """
    console = make_console(stderr=True)
    run.console.print()
    for step in walk.steps:
        error = ended.results[step.key].error
        if error:
            told = replace(error, next="") if run.options.local and error.exit_code == 3 else error
            show_error(told, f"Step {step.number}, {step.title.lower()}: ", verbose=run.options.verbose)
    if ended.handed_off:
        say(console, ended.handed_off, first="! ", first_style="yellow")
        console.print()
    if ended.code:
        say(console, f"The log is {shown(run.options.state.log_path)}", first=f"{headline} ", first_style="bold")
    return bool(ended.code)


def show_without_questions(run: Run, console: Console) -> None:
    """Print the same run without questions, and what writes it as a settings file; nothing if nothing was asked."""
    line = run.unattended()
    if line:
        console.print(text(f"The same without questions: {line}", "dim"))
        console.print(text(f"As a settings file: {run.options.command_for('settings')}", "dim"))


def show_notes(run: Run, notes: list[str]) -> None:
    """Print notes, each as a paragraph."""
    for note in notes:
        say(run.console, note if run.options.verbose else short_ids(note), first="! ", first_style="yellow")
