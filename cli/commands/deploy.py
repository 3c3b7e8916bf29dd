"""`deploy`: does what the plan says, recording every write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli.carry_out import (
    NOTHING_TO_DO,
    Ended,
    carry_out,
    show_errors,
    show_notes,
    show_what_is_planned,
    show_what_was_done,
)
from cli.console import say, show_needs_you, show_pairs, text
from cli.display import command
from cli.hand_off import HandOff, missing_rights
from cli.run import Run
from cli.signs import by_number, write_words
from cli.state_files import naming, when
from cloud.azure_clouds import EXPLORERS
from steps import STEPS

if TYPE_CHECKING:
    from cloud.clients import Azure
    from engine.outcome import StepLook
    from engine.walk import Walk

NOT_AT_THE_END = (
    "role_assignment_id",
    "application_object_id",
    "service_principal_id",
    "app_role_assignment_id",
    "secret_key_id",
)
"""Values that few need: `outputs` has them."""


async def deploy(run: Run) -> int:
    """Do what the plan says and return the exit code. Declined when the person says no."""
    async with await run.connect() as azure:
        resolved = await run.resolve(azure)
        walk = run.walk(azure, resolved)
        looks = await run.look(walk)
        missing = await missing_rights(azure, looks)
        _show_what_it_resumes(run)
        for title in HandOff(run.options.state).done(walk.steps, looks):
            say(run.console, f"Done since it was handed off: {title}", first="✓ ", first_style="green")
        if any(look.plan and look.plan.changes for look in looks.values()):
            show_what_is_planned(run, walk, looks, missing)
            await run.confirm()
        else:
            _show_notes(run, looks)
            run.console.print(text(NOTHING_TO_DO[False], "bold"))
            run.console.print()
        ended = await carry_out(run, azure, resolved, walk, "deploy", missing)
    if show_errors(run, walk, ended, "Deployment not complete."):
        show_what_was_done(run, ended)
        _show_values(run, ended)
    else:
        _show_success(run, walk, ended)
    return ended.code


def _show_what_it_resumes(run: Run) -> None:
    """Say what an interrupted run was doing, and when."""
    for step in by_number(STEPS):
        record = run.document.steps.get(step.key) if run.document else None
        if record and record.in_progress:
            what = f"{step.number} {step.title}, {write_words(record.in_progress)}"
            say(run.console, f"Going on from the run interrupted at {when(record.started)}: {what}", first="· ")


def _show_notes(run: Run, looks: Mapping[str, StepLook]) -> None:
    """Print what a plan without changes would have noted beside them."""
    notes = [note for look in looks.values() if look.plan for note in look.plan.notes]
    show_notes(run, notes)
    if notes:
        run.console.print()


def _show_success(run: Run, walk: Walk[Azure], ended: Ended) -> None:
    console = run.console
    console.print(text("Deployment completed successfully", "bold green"))
    show_what_was_done(run, ended)
    outputs = _show_values(run, ended)
    console.print()
    for step in walk.steps:
        plan = ended.results[step.key].plan
        if plan and plan.needs_you:
            show_needs_you(console, step, plan.needs_you)
            console.print()
    explorer = EXPLORERS.get(walk.target.cloud)
    if not explorer or ended.document.inputs.get("public_network_access") == "disabled":
        return
    link = f"{explorer}/?tid={outputs['tenant_id']}&eid={outputs['host_name']}"
    show_pairs(console, {"Next": f"see the instance at {link}"}, indent=0)
    role = ended.results["role"].plan
    if role and role.changes:
        console.print(text("      (a new role can take up to five minutes to work there)"))


def _show_values(run: Run, ended: Ended) -> dict[str, str]:
    """Print the values that there are, and return all of them."""
    outputs = ended.document.outputs()
    values = {name: value for name, value in outputs.items() if name not in NOT_AT_THE_END}
    if "instance_id" in values:
        values["instance_id"] = values.pop("instance_id")  # the longest one last
    if ended.document.produced():
        show_pairs(run.console, values)
        again = ["outputs", *naming(run.options.state.path)]
        run.console.print(text(f"  All of them, at any time: {command(again)}", "dim"))
    return outputs
