"""`destroy`: the steps backwards, each planning to nothing. Only what is recorded and marked as ours is deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cli import documents
from cli.called import command, shown
from cli.console import say, show_plan, show_refusal, text
from cli.hand_off import HandOff, ending, lacks, said
from cli.inputs import BadInput
from cli.run import Declined, Run
from cloud.errors import Refusal
from state.recorder import StateRecorder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloud.clients import Azure
    from steps.model import Step
    from steps.walk import Look, Result, Walk
    from steps.wanted import Wanted


async def destroy(run: Run) -> int:
    """Remove what the state file says this tool made, recording every write, and return the exit code.

    The state file stays, with the inputs, so that a deploy sets the same up again. Refusal (exit 2) without one.
    """
    from steps import STEPS
    from steps.walk import backwards, exit_code

    state = run.options.state
    if not run.remembers:
        raise Refusal(
            f"There is nothing to destroy: no state file at {shown(state.path)}.",
            why="Only what a state file records as made by this tool is ever deleted.",
            next="Name the deployment's state file with --state FILE. If it is lost: deploy once more with the same "
            "inputs, which records what carries this tool's mark; then destroy.",
            exit_code=2,
        )
    steps = backwards(STEPS)
    async with await run.connect() as azure:
        wanted, subscription = await run.settle(azure)
        walk, looks = await _look(run, azure, wanted)
        lacking = await lacks(azure, looks)
        if any(look.plan and look.plan.changes for look in looks.values()):
            show_plan(run.console, steps, looks, said(steps, looks, lacking, azure.cloud.portal))
            run.console.print()
            await _confirm(run, wanted)
        document = run.new_document(azure, wanted, subscription)
        state.write(document)
        with run.screen:
            results = await walk.apply(StateRecorder(state, document, removing=True))
        who = await azure.credential.who()
    hand_off, code = HandOff(state), exit_code(results)
    handed = hand_off.update(steps, results, lacking, wanted, who.name, doing="removing")
    if run.options.json:
        described = documents.run_document(steps, results, document.outputs(), code, "destroy")
        documents.emit({**described, "hand_off": str(hand_off.path) if handed else None})
    _report(run, steps, results, code, ending(hand_off) if handed else "")
    return code


async def _look(run: Run, azure: Azure, wanted: Wanted) -> tuple[Walk, Mapping[str, Look]]:
    """Look at everything as it would go. What is in the instance goes with it, unless it is kept."""
    from steps import STEPS
    from steps.walk import backwards

    steps = backwards(STEPS)
    wanted = replace(wanted, answers={**wanted.answers, "purge": run.options.purge})
    memory = run.memory()
    goes = "instance" in {*memory.made.get("instance", ()), *memory.begun.get("instance", ())}
    walk, looks = await run.look(azure, replace(wanted, instance_goes=goes), steps, removing=True)
    plan = looks["instance"].plan
    kept = plan and not any("instance" in things for things in (plan.gone, *(one.unmakes for one in plan.changes)))
    if goes and kept:
        walk, looks = await run.look(azure, wanted, steps, removing=True)
    return walk, looks


async def _confirm(run: Run, wanted: Wanted) -> None:
    """Have the instance's name typed; Declined when it is another. Unattended, --yes is needed."""
    if run.options.yes:
        return
    if not run.options.may_ask:
        raise BadInput("Nothing may be asked here, and nothing is deleted unasked.", "Confirm with --yes.")
    from cli.prompts import Terminal

    if not await Terminal().type_name(wanted.instance):
        raise Declined
    run.console.print()


def _report(run: Run, steps: tuple[Step, ...], results: Mapping[str, Result], code: int, handed: str) -> None:
    console, state = run.console, run.options.state
    console.print()
    for step in steps:
        error = results[step.key].error
        if error:
            show_refusal(console, error, f"Step {step.number}, {step.title.lower()}: ")
            console.print()
    if handed:
        say(console, handed, first="! ", first_style="yellow")
        console.print()
    if code:
        say(console, f"The log is {shown(state.log_path)}", first="Not everything is removed. ", first_style="bold")
        return
    plans = [plan for step in steps if (plan := results[step.key].plan)]
    kept = any(plan.unrecorded for plan in plans)
    if not kept:
        console.print(text("Everything that this tool made is removed", "bold green"))
    else:
        console.print(text("Everything that is recorded as made by this tool is removed, and some is kept:", "bold"))
    for plan in plans:
        for note in plan.notes:
            say(console, note, first="! ", first_style="yellow")
    if kept:
        again = command(["deploy", "--state", shown(state.path)])
        say(console, f"{again} records what carries its mark, and destroy then takes it away.", first="  Next: ")
