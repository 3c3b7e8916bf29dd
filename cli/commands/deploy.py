"""`deploy`: does what the plan says, recording every write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.text import Text

from cli.carry_out import (
    NOTHING_TO_DO,
    Ended,
    carry_out,
    show_errors,
    show_notes,
    show_what_is_planned,
    show_what_was_done,
    show_without_questions,
)
from cli.console import say, show_needs_you, show_pairs, text
from cli.hand_off import HandOff, missing_rights
from cli.run import Run
from cli.signs import by_number, write_words
from cli.state_files import when
from cloud.azure_clouds import DATA_PLANE, EXPLORERS
from steps import STEPS
from steps.shared.az_commands import az, line
from steps.shared.event_routes import DATA_VERSION

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
        done, still_open = HandOff(run.options.state).news(walk.steps, looks)
        for title in done:
            say(run.console, f"Done since it was handed off: {title}", first="✓ ", first_style="green")
        for title in still_open:
            say(run.console, f"Handed off, and still open: {title}", first="! ", first_style="yellow")
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
    show_without_questions(run, console)
    console.print()
    for step in walk.steps:
        plan = ended.results[step.key].plan
        if plan and plan.needs_you:
            show_needs_you(console, step, plan.needs_you, local=run.options.local)
            console.print()
    if run.options.local or ended.document.inputs.get("public_network_access") == "disabled":
        return
    explorer, host = EXPLORERS.get(walk.target.cloud), outputs["host_name"]
    role = ended.results["role"].plan
    if explorer:
        link = f"{explorer}/?tid={outputs['tenant_id']}&eid={host}"
        show_pairs(console, {"Next": f"see the instance at {link}"}, indent=0)
        if role and role.changes:
            console.print(text("      (a new role can take up to five minutes to work there)"))
    console.print(Text.assemble(("Query ", "cyan"), query_command(host)), soft_wrap=True)


def query_command(host: str) -> str:
    """Return the command that asks an instance for its twins; `az rest` itself says that it sends JSON."""
    url, body = f"https://{host}/query?api-version={DATA_VERSION}", json.dumps({"query": "SELECT * FROM DIGITALTWINS"})
    return line(az("rest", "--method", "post", "--resource", DATA_PLANE, "--url", url, "--body", body))


def _show_values(run: Run, ended: Ended) -> dict[str, str]:
    """Print the values that there are, and return all of them."""
    outputs = ended.document.outputs()
    values = {name: value for name, value in outputs.items() if name not in NOT_AT_THE_END}
    if "instance_id" in values:
        values["instance_id"] = values.pop("instance_id")  # the longest one last
    if ended.document.produced():
        show_pairs(run.console, values)
        run.console.print(text(f"  All of them, at any time: {run.options.command_for('outputs')}", "dim"))
    return outputs
