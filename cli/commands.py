"""The commands that meet Azure: `plan` and `deploy`. Each is a use of the same walk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli import documents
from cli.called import command, shown
from cli.console import say, show_needs_you, show_pairs, show_plan, show_refusal, text
from cli.hand_off import HandOff, ending, lacks, said
from cli.main import DEFAULT_STATE
from cli.run import Run
from cloud.endpoints import EXPLORERS, audience
from cloud.errors import SEVERITY
from state.recorder import StateRecorder

if TYPE_CHECKING:
    from state.document import StateDocument
    from steps.walk import Look, Result

NOT_AT_THE_END = (
    "role_assignment_id",
    "application_object_id",
    "service_principal_id",
    "app_role_assignment_id",
    "secret_key_id",
)
"""Values that few need: `outputs` has them."""


async def plan(run: Run) -> int:
    """Show what `deploy` would do and return the exit code; writes nothing, in Azure or on disk."""
    from steps import STEPS

    async with await run.connect() as azure:
        wanted, _subscription = await run.settle(azure)
        _walk, looks = await run.look(azure, wanted, STEPS, asks=False)
        lacking = await lacks(azure, looks)
    code = max((look.error.exit_code for look in looks.values() if look.error), key=SEVERITY.index, default=0)
    if run.options.json:
        documents.emit(documents.plan_document(STEPS, looks, lacking, code))
        return code
    show_plan(run.console, STEPS, looks, said(STEPS, looks, lacking, azure.cloud.portal))
    for look in looks.values():
        if look.error:
            run.console.print()
            show_refusal(run.console, look.error)
    return code


async def deploy(run: Run) -> int:
    """Do what the plan says, recording every write, and return the exit code. Declined when the person says no."""
    from cloud import client_secrets
    from steps import STEPS
    from steps.walk import exit_code

    state = run.options.state
    async with await run.connect() as azure:
        wanted, subscription = await run.settle(azure)
        walk, looks = await run.look(azure, wanted, STEPS)
        lacking = await lacks(azure, looks)
        hand_off = HandOff(state)
        for title in hand_off.done(STEPS, looks):
            say(run.console, f"Handed off, and done meanwhile: {title}", first="✓ ", first_style="green")
        if any(look.plan and look.plan.changes for look in looks.values()):
            show_plan(run.console, STEPS, looks, said(STEPS, looks, lacking, azure.cloud.portal))
            run.console.print()
            await run.confirm()
        else:
            _note(run, looks)
        document = run.new_document(azure, walk.wanted, subscription)
        state.write(document)
        if wanted.app and wanted.app.secret:
            client_secrets.sweep(wanted.app.secret.file)
        with run.screen:
            results = await walk.apply(StateRecorder(state, document))
        who = await azure.credential.who()
    handed = hand_off.update(STEPS, results, lacking, walk.wanted, who.name)
    code = exit_code(results)
    if run.options.json:
        described = documents.run_document(STEPS, results, document.outputs(), code)
        documents.emit({**described, "hand_off": str(hand_off.path) if handed else None})
    _report(run, results, document, code, ending(hand_off) if handed else "")
    return code


def _note(run: Run, looks: Mapping[str, Look]) -> None:
    """Say what a plan without changes would have said beside them."""
    notes = [note for look in looks.values() if look.plan for note in look.plan.notes]
    for note in notes:
        say(run.console, note, first="! ", first_style="yellow")
    if notes:
        run.console.print()


def _report(run: Run, results: Mapping[str, Result], document: StateDocument, code: int, handed: str) -> None:
    from steps import STEPS

    console, state = run.console, run.options.state
    console.print()
    for step in STEPS:
        error = results[step.key].error
        if error:
            show_refusal(console, error, f"Step {step.number}, {step.title.lower()}: ")
            console.print()
    if handed:
        say(console, handed, first="! ", first_style="yellow")
        console.print()
    if code:
        say(console, f"The log is {shown(state.log_path)}", first="Deployment not complete. ", first_style="bold")
        return
    console.print(text("Deployment completed successfully", "bold green"))
    outputs = document.outputs()
    values = {name: value for name, value in outputs.items() if name not in NOT_AT_THE_END}
    values["instance_id"] = values.pop("instance_id")  # the longest one last
    show_pairs(console, values)
    again = ["outputs", *(["--state", shown(state.path)] if shown(state.path) != DEFAULT_STATE else [])]
    console.print(text(f"  All of them, at any time: {command(again)}", "dim"))
    console.print()
    for step in STEPS:
        plan = results[step.key].plan
        if plan and plan.needs_you:
            show_needs_you(console, step, plan.needs_you)
            console.print()
    explorer = EXPLORERS.get(audience(outputs["host_name"]))
    if not explorer:
        return
    link = f"{explorer}/?tid={outputs['tenant_id']}&eid={outputs['host_name']}"
    show_pairs(console, {"Next": f"see the instance at {link}"}, indent=0)
    if results["role"].plan and results["role"].plan.changes:
        console.print(text("      (a new role can take up to five minutes to work there)"))
