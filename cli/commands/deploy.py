"""`deploy`: does what the plan says, recording every write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli import workflow
from cli.carry_out import (
    Ended,
    carry_out,
    nothing_to_do,
    show_errors,
    show_notes,
    show_what_is_planned,
    show_what_was_done,
    show_without_questions,
)
from cli.console import say, show_needs_you, show_pairs, show_parts, text
from cli.hand_off import HandOff, missing_rights
from cli.run import Run
from cli.signs import by_number, write_words
from cli.state_files import when
from cloud.azure_clouds import DATA_PLANE, EXPLORERS
from steps import STEPS
from steps.shared.az_commands import az, line
from steps.shared.event_routes import DATA_VERSION
from steps.step_04_app_registration.desired import GITHUB

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
    "instance_id",
)
"""Values that few need: with -v, and in `outputs`."""


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
            show_parts(run.console, nothing_to_do(looks))
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
        if record and record.interrupted:
            what = f"{step.label}, {write_words(record.interrupted)}"
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
        show_pairs(console, {"See the instance": link}, indent=0)
    show_pairs(console, {"Query its twins": query_command(host)}, indent=0)
    if role and role.changes:
        say(console, "A new role can take up to five minutes to work.", style="dim")


def query_command(host: str) -> str:
    """Return the command that asks an instance for its twins; `az rest` itself says that it sends JSON."""
    url, body = f"https://{host}/query?api-version={DATA_VERSION}", json.dumps({"query": "SELECT * FROM DIGITALTWINS"})
    return line(az("rest", "--method", "post", "--resource", DATA_PLANE, "--url", url, "--body", body))


def _show_workflow(run: Run, ended: Ended, outputs: Mapping[str, str]) -> None:
    """Print what a workflow of GitHub Actions needs to sign in by the federated credentials that were written."""
    from steps.step_04_app_registration.federation import WriteFederated

    result = ended.results["app_registration"]
    changes = result.plan.changes if result.plan else ()
    written = [change for change in changes if isinstance(change, WriteFederated) and change not in result.remaining]
    subjects = [change.credential.subject for change in written if change.credential.issuer == GITHUB]
    if not (found := workflow.lines(subjects)):
        return
    for title, block in (
        ("The variables of the repository; none is a secret:", workflow.commands(subjects, outputs)),
        ("The lines of its workflow:", found),
    ):
        run.console.print(text(f"\n{title}", "cyan"))
        for printed in block:
            run.console.print(text(f"  {printed}"), soft_wrap=True)


def _show_values(run: Run, ended: Ended) -> dict[str, str]:
    """Print the values that there are, and return all of them."""
    outputs = ended.document.outputs()
    hidden = () if run.options.verbose else NOT_AT_THE_END
    values = {name: value for name, value in outputs.items() if name not in hidden}
    if ended.document.produced():
        show_pairs(run.console, values)
        run.console.print(text(f"  All of them, at any time: {run.options.command_for('outputs')}", "dim"))
        if not run.options.local:  # its ids are of no use to a repository
            _show_workflow(run, ended, outputs)
    return outputs
