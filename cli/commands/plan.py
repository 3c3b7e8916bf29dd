"""`plan`: what deploy would do, and which rights are missing for it. Writes nothing, in Azure or on disk."""

from __future__ import annotations

from cli import json_output
from cli.carry_out import show_what_is_planned
from cli.console import show_error
from cli.hand_off import missing_rights
from cli.run import Run
from engine.refusal import DIFFERS, worst, worst_of_look


async def plan(run: Run) -> int:
    """Show what `deploy` would do and return the exit code: with `--detailed-exitcode` 5 when Azure differs."""
    async with await run.connect() as azure:
        resolved = await run.resolve(azure)
        walk = run.walk(azure, resolved)
        looks = await run.look(walk, writes=False)
        missing = await missing_rights(azure, looks)
    code = worst_of_look(look.error.exit_code for look in looks.values() if look.error)
    changes = [change for look in looks.values() if look.plan for change in look.plan.changes]
    if run.options.detailed_exitcode and any(change.drift.differs for change in changes):
        code = worst((code, DIFFERS))
    document = {**json_output.plan_document(walk, looks, missing, code), "warnings": run.warnings}
    run.report(document)
    if run.options.json:
        return code
    show_what_is_planned(run, walk, looks, missing)
    for look in looks.values():
        if look.error:
            show_error(look.error, verbose=run.options.verbose)
    if changes:
        run.suggest_deploy()
    return code
