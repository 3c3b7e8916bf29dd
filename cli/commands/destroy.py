"""`destroy`: the steps backwards, each planning its removal. Deletes only what is both recorded and tagged as ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import left_files
from cli.carry_out import Ended, carry_out, show_errors, show_notes, show_what_is_planned, show_what_was_done
from cli.console import say
from cli.display import absolute, command_for
from cli.hand_off import missing_rights
from cli.run import Run
from cli.stores import Place
from engine.context import Reads, Removal
from engine.refusal import Refusal
from steps.shared.instance import INSTANCE

if TYPE_CHECKING:
    from cli.resolve import Resolved
    from cloud.clients import Azure
    from engine.outcome import StepLook
    from engine.walk import Walk


async def destroy(run: Run) -> int:
    """Remove what the state file says this tool created, recording every write, and return the exit code.

    The state file stays, with the inputs, so that a deploy sets the same up again. Refusal (exit 2) without one.
    """
    state = run.options.state
    if run.document is None:
        raise nothing_to_destroy(state.place, run.options.called)
    async with await run.connect() as azure:
        resolved = await run.resolve(azure)
        walk, looks = await _look(run, azure, resolved)
        missing = await missing_rights(azure, looks)
        if any(look.plan and look.plan.changes for look in looks.values()):
            show_what_is_planned(run, walk, looks, missing)
            await run.confirm(removes=resolved.target.instance)
        ended = await carry_out(run, azure, resolved, walk, "destroy", missing)
    if show_errors(run, walk, ended, "Not everything is removed."):
        show_what_was_done(run, ended, removing=True)
    else:
        _show_success(run, walk, ended)
    for left in left_files.elsewhere(ended.document, state.beside.parent):
        say(run.console, f"Still on {left.host}: {left.path}, a {left.what} of this deployment.", first="! ")
    return ended.code


def nothing_to_destroy(state: Place, called: Mapping[str, Any]) -> Refusal:
    """Return the refusal (exit code 2) of a destroy without a state file; `called` are the options."""
    named = command_for("destroy", {**called, "state": Path("FILE")})
    return Refusal(
        f"There is nothing to destroy: no {'state file' if isinstance(state, Path) else 'state'} at {absolute(state)}.",
        why="Only what a state file records as created by this tool is ever deleted.",
        next=f"Name the deployment's state file: {named}\nIf it is lost, deploy once more with the same inputs, which "
        f"records again what has this tool's tag; then destroy: {command_for('deploy', called)}",
        exit_code=2,
    )


async def _look(run: Run, azure: Azure, resolved: Resolved) -> tuple[Walk[Azure], Mapping[str, StepLook]]:
    """Look at everything as if the instance went, with everything in it; again as if it didn't, if it is kept."""
    prior, item, reads = run.prior, INSTANCE.item(), Reads()
    recorded = any(item in owned for known in (prior.owned, prior.pending) for owned in known.values())
    walk = run.walk(azure, resolved, Removal(instance_goes=recorded, purge=run.options.purge), reads)
    looks = await run.look(walk)
    plan = looks["instance"].plan
    released = (plan.vanished, *(change.releases for change in plan.changes)) if plan else ()
    if recorded and plan and not any(item in items for items in released):
        walk = run.walk(azure, resolved, Removal(purge=run.options.purge), reads)
        looks = await run.look(walk)
    return walk, looks


def _show_success(run: Run, walk: Walk[Azure], ended: Ended) -> None:
    console = run.console
    plans = [plan for step in walk.steps if (plan := ended.results[step.key].plan)]
    kept = any(plan.adoptable for plan in plans)
    if not kept:
        say(console, "Everything that is recorded as created by this tool is removed", style="bold green")
    else:
        say(console, "Everything that is recorded as created by this tool is removed, and some is kept", style="bold")
    show_what_was_done(run, ended, removing=True)
    if not any(plan.changes for plan in plans):  # otherwise the plan has noted it
        show_notes(run, [note for plan in plans for note in plan.notes])
    if kept:
        again = run.options.command_for("deploy")
        say(console, f"{again} records again what has this tool's tag; destroy then removes it.", first="  Next: ")
