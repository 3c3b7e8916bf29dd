"""`deploy`: does what the plan says, recording every write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli.carry_out import Ended, carry_out, show_errors, show_notes, show_what_is_planned
from cli.console import say, show_needs_you, show_pairs, text
from cli.display import DEFAULT_STATE, command, shown
from cli.hand_off import HandOff, missing_rights
from cli.run import Run
from cloud.azure_clouds import EXPLORERS

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
        for title in HandOff(run.options.state).done(walk.steps, looks):
            say(run.console, f"Done since it was handed off: {title}", first="✓ ", first_style="green")
        if any(look.plan and look.plan.changes for look in looks.values()):
            show_what_is_planned(run, walk, looks, missing)
            await run.confirm()
        else:
            _show_notes(run, looks)
        ended = await carry_out(run, azure, resolved, walk, "deploy", missing)
    if not show_errors(run, walk, ended, "Deployment not complete."):
        _show_success(run, walk, ended)
    return ended.code


def _show_notes(run: Run, looks: Mapping[str, StepLook]) -> None:
    """Print what a plan without changes would have noted beside them."""
    notes = [note for look in looks.values() if look.plan for note in look.plan.notes]
    show_notes(run, notes)
    if notes:
        run.console.print()


def _show_success(run: Run, walk: Walk[Azure], ended: Ended) -> None:
    console, state = run.console, run.options.state
    console.print(text("Deployment completed successfully", "bold green"))
    outputs = ended.document.outputs()
    values = {name: value for name, value in outputs.items() if name not in NOT_AT_THE_END}
    values["instance_id"] = values.pop("instance_id")  # the longest one last
    show_pairs(console, values)
    again = ["outputs", *(["--state", shown(state.path)] if shown(state.path) != DEFAULT_STATE else [])]
    console.print(text(f"  All of them, at any time: {command(again)}", "dim"))
    console.print()
    for step in walk.steps:
        plan = ended.results[step.key].plan
        if plan and plan.needs_you:
            show_needs_you(console, step, plan.needs_you)
            console.print()
    explorer = EXPLORERS.get(walk.target.cloud)
    if not explorer:
        return
    link = f"{explorer}/?tid={outputs['tenant_id']}&eid={outputs['host_name']}"
    show_pairs(console, {"Next": f"see the instance at {link}"}, indent=0)
    role = ended.results["role"].plan
    if role and role.changes:
        console.print(text("      (a new role can take up to five minutes to work there)"))
