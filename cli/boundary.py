"""A command that meets Azure as a process: the lock, the log, Ctrl-C, and how each ending is told."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from cli import json_output
from cli.carry_out import show_without_questions
from cli.commands.deploy import deploy
from cli.commands.destroy import destroy, nothing_to_destroy
from cli.commands.plan import plan
from cli.commands.verify import verify
from cli.console import make_console, say, text
from cli.display import command_for, shown, state_command
from cli.ending import Declined, end
from cli.interruption import Interrupted
from cli.logs import start_logging
from cli.options import Options
from cli.run import Run
from cli.stores import Place, opened
from cli.terminal import run_until_interrupted, unseen_keys
from engine.refusal import Refusal
from state.blob_address import BlobAddress
from state.document import StateRefused
from state.store import StateLocked, StateLost, StateStore
from steps import INPUTS

COMMANDS: Mapping[str, Callable[[Run], Coroutine[Any, Any, int]]] = {
    "plan": plan,
    "deploy": deploy,
    "verify": verify,
    "destroy": destroy,
}
WRITERS = ("deploy", "destroy")


def run_command(command: str, options: dict[str, Any], place: Place) -> int:
    """Run a command that meets Azure and return its exit code; errors are shown, where wanted as JSON on stdout."""
    writes = command in WRITERS
    as_json = options["output"] == "json"
    log: Path | None = None
    resume = command_for(command, options, again=True)
    try:
        # What comes before the lock goes into no file; of a blob, that is requests.
        start_logging(None, verbose=options["verbose"] and isinstance(place, BlobAddress))
        if command == "destroy" and isinstance(place, Path) and not os.path.lexists(place):
            raise nothing_to_destroy(place, options)
        with opened(place, options, options["config"], *options["deployment"]) as state:
            if writes:
                state.check_writable()
            with state.locked() if writes else nullcontext():
                log = state.log_path if writes else None
                start_logging(log, verbose=options["verbose"])
                return _locked_run(command, options_of(command, options, state), resume)
    except StateLocked as error:
        return end(locked(error, place), as_json=as_json, log=None)
    except StateLost as error:
        return end(lost(error, resume), as_json=as_json, log=log)
    except StateRefused as error:
        return end(Refusal(str(error), exit_code=2), as_json=as_json, log=log)
    except Refusal as refusal:
        logging.getLogger("deploy").error("%s %s", refusal.what, refusal.why)
        return end(refusal, as_json=as_json, log=log)
    except Exception:
        logging.getLogger("deploy").exception("a bug")
        if log is not None:
            make_console(stderr=True).print(text(f"The log is {shown(log)}"))
        raise


def locked(error: StateLocked, place: Place) -> Refusal:
    """Return the refusal (exit code 4) of a state that another run is using."""
    unlock = f"If that run is dead, and you can't wait: {state_command('unlock', place)}"
    return Refusal(str(error), next=unlock if isinstance(place, BlobAddress) else "", exit_code=4)


def lost(error: StateLost, resume: str) -> Refusal:
    """Return the refusal (exit code 4) of a run that no longer has the lock."""
    return Refusal(str(error), next=f"Run again: {resume}", exit_code=4)


def options_of(command: str, options: dict[str, Any], state: StateStore) -> Options:
    """Return how a command was called, by its options as click gives them."""
    may_ask = not options["non_interactive"] and sys.stdin.isatty() and sys.stderr.isatty()
    return Options(
        flags={row.name: options.get(row.name) for row in INPUTS},
        config=options.get("config"),
        state=state,
        yes=options["yes"],
        may_ask=may_ask,
        talks_on_stderr=command in WRITERS and may_ask and not options["yes"] and not sys.stdout.isatty(),
        json=options["output"] == "json",
        keeps_answers=command == "deploy" and not options["yes"],
        suggested_subscription=options["suggest_subscription"],
        import_file=options.get("import"),
        remembered_only=command == "destroy",
        traffic=options.get("traffic"),
        purge=options.get("purge", False),
        config_found=options.get("config_found", False),
        detailed_exitcode=options.get("detailed_exitcode", False),
        verbose=options["verbose"],
        called=options,
    )


async def while_held(state: StateStore, work: Coroutine[Any, Any, int]) -> int:
    """Return what the work comes to; StateLost, and it is cancelled, as soon as the state's lock is lost."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)

    def end() -> None:
        with suppress(RuntimeError):  # the loop has just ended by itself
            loop.call_soon_threadsafe(task.cancel)

    state.on_loss(end)
    try:
        return await task
    except asyncio.CancelledError:
        state.check_lost()
        raise


def _locked_run(command: str, options: Options, resume: str) -> int:
    run = Run(options)
    try:
        try:
            with unseen_keys():
                return run_until_interrupted(while_held(options.state, COMMANDS[command](run)))
        finally:
            run.screen.show_secrets()
    except Declined as declined:
        if options.json:
            following = declined.next or run.unattended()
            json_output.emit({"command": command, "exit_code": 1, "declined": True, "next": following})
        console = make_console(stderr=options.json or not sys.stdout.isatty())
        say(console, f"{declined} Nothing was changed.".strip())
        if declined.next:
            say(console, declined.next, first="  Next: ")
        show_without_questions(run, console)
        return 1
    except Interrupted as interrupted:
        logging.getLogger("deploy").warning("interrupted, exit code %s", interrupted.exit_code)
        unfinished = run.screen.unfinished()
        why = ["This may still be going on in Azure:", *(f"  {write}" for write in unfinished)] if unfinished else []
        what = "Interrupted." if run.screen.has_written else "Interrupted. Nothing was changed."
        told = "\n".join(("", " ".join((what, *why[:1])), *why[1:], f"Run this to continue: {resume}"))
        refusal = Refusal(what, why="\n".join(why), next=resume, exit_code=interrupted.exit_code)
        return end(refusal, as_json=options.json, words=told)
