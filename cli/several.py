"""A command for several deployments in one process: a run of each, side by side. One that fails stops no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import github_actions, json_output
from cli.boundary import COMMANDS, WRITERS, lost, options_of, while_held
from cli.chosen import Chosen
from cli.confirmation import confirmed
from cli.console import make_console, say, text
from cli.display import command_for
from cli.duplicates import duplicates, same_applications
from cli.ending import Declined, end
from cli.interruption import Interrupted
from cli.logs import current_run, start_logging
from cli.options import Options
from cli.several_end import Ending, place_of, refused, show_end, show_part
from cli.several_locks import allow_many_files, take_locks
from cli.several_run import Part, Turns, keep_little_garbage, part_of
from cli.several_screen import Captured, Overview
from cli.sharing import recorded_sharers, share
from cli.stores import store_of
from cli.terminal import run_until_interrupted, unseen_keys
from engine.refusal import BadInput, Refusal, worst
from engine.walk import describe_bug
from state.document import StateRefused
from state.file_store import StateFile
from state.store import StateLost

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.signin import SignedIn

PARALLEL = 50
"""How many deployments are at work at a time, if not said otherwise."""


def run_several(command: str, chosen: Chosen) -> int:
    """Run a command for each of the chosen deployments and return the worst exit code; errors are shown.

    With `--output json` one document is printed, with that of each deployment by its name.
    """
    try:
        several = Several(command, chosen)
    except BadInput as refusal:
        return end(refusal, as_json=chosen.options["output"] == "json")
    return several.run()


class _Meeting:
    """Where runs wait until all that go on are there."""

    def __init__(self, decide: Callable[[list[Part]], Awaitable[Mapping[str, Exception]]]) -> None:
        self.decide = decide
        self.waiting: dict[str, tuple[Part, asyncio.Future[None]]] = {}


class Several:
    """The runs of several deployments and what they share: sign-ins, turns, screen and confirmation."""

    def __init__(self, command: str, chosen: Chosen) -> None:
        self.command, self.chosen = command, chosen
        config = chosen.options["config"]
        each = {name: (one.options, store_of(one.place, one.options, config, name)) for name, one in chosen.each()}
        self.options = options_of(command, chosen.options, StateFile(Path()))
        """How all of them were called; the state file in it is of no use."""
        self.each: dict[str, Options] = {
            name: replace(
                options_of(command, options, state),
                yes=True,
                may_ask=False,
                talks_on_stderr=False,
                keeps_answers=False,
                config_found=False,
            )
            for name, (options, state) in each.items()
        }
        stderr = self.options.json or self.options.talks_on_stderr
        self.console = make_console(stderr=stderr)
        self.overview = Overview(self.console, self.each, verbose=self.options.verbose)
        self.endings: dict[str, Ending] = {}
        self.parts: dict[str, Part] = {}
        self._removes = ""
        self._after: dict[str, set[str]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._known: set[SignedIn] = set()
        self._meetings = {"settle": _Meeting(self._settle), "agree": _Meeting(self._confirm)}
        self._clients: dict[object, asyncio.Future[Azure]] = {}

    def run(self) -> int:
        """Run them, tell how they ended, and return the worst exit code."""
        writes = self.command in WRITERS
        allow_many_files()
        if self.options.config_found:
            say(self.console, f"Settings: {self.options.config}, as it is in this folder.")
        with ExitStack() as locks:
            stores = {name: options.state for name, options in self.each.items()}
            if any(store.is_shared for store in stores.values()):  # their requests come before the logs
                start_logging(None, verbose=self.options.verbose)
            held = take_locks(stores, locks, self._resume, writes=writes)
            self.endings = {name: refused(refusal) for name, refusal in held.items()}
            logs = {name: options.state.log_path for name, options in self.each.items() if name not in self.endings}
            start_logging(None, verbose=self.options.verbose, of_runs=logs if writes else {})
            try:
                with unseen_keys():
                    run_until_interrupted(self._run_all())
            except Interrupted as interrupted:
                return self._interrupted(interrupted.exit_code)
            finally:
                self.overview.end()
                self._show_secrets()
        return self._ended()

    def _resume(self, name: str) -> str:
        return command_for(self.command, self.each[name].called, again=True)

    async def _run_all(self) -> int:
        self._turns = Turns(self.chosen.options.get("parallel") or PARALLEL)
        names = [name for name in self.each if name not in self.endings]
        self._going_on = len(names)
        async with AsyncExitStack() as self._open, asyncio.TaskGroup() as self._group:
            for name in names:
                self._tasks[name] = self._group.create_task(self._run_one(name))
        return 0

    async def _run_one(self, name: str) -> None:
        current_run.set(name)
        await self._turns.take(name)
        try:
            part = self.parts[name] = await part_of(self.each[name], name, self)
            if self.command == "destroy" and part.document is None:
                ending = Ending(note="never deployed")
            else:
                code = await while_held(part.options.state, COMMANDS[self.command](part))
                ending = Ending(code, document=part.document_of_run)
        except Declined as declined:
            ending = Ending(1, declined=True, text=str(declined))
        except Refusal as refusal:
            logging.getLogger("deploy").error("%s %s", refusal.what, refusal.why)
            ending = refused(refusal)
        except StateLost as error:
            ending = refused(lost(error, self._resume(name)))
        except StateRefused as error:
            ending = refused(Refusal(str(error), exit_code=2))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other deployments go on, and it is shown
            ending = refused(describe_bug(error))
        finally:
            self._turns.give(name)
        self._end(name, ending)

    def _end(self, name: str, ending: Ending) -> None:
        """Note how a run ended; those that wait for all may go on."""
        if part := self.parts.pop(name, None):
            ending.text = ending.text or (part.text() if part.resolved else "")
            ending.place = place_of(part.resolved)
            ending.secrets = getattr(part.screen, "secrets", [])
        self.endings[name] = ending
        needs_you = any("needs_you" in step for step in ending.document.get("steps", ()))
        state = "failed" if ending.code else "needs you" if needs_you else "done"
        self.overview.show(name, state, ending.refusal.what if ending.refusal else "")
        self._going_on -= 1
        self._look_who_waits()

    def captured(self) -> Captured:
        """Return the console of a run."""
        return Captured(self.console)

    async def clients(self, part: Part) -> Azure:
        """Return the clients of the run's cloud and tenant; the first run signs in for all."""
        key = part.signs_in_to()
        if key not in self._clients:
            self._clients[key] = asyncio.ensure_future(self._connect(part))
        return await asyncio.shield(self._clients[key])

    async def _connect(self, part: Part) -> Azure:
        return await self._open.enter_async_context(await part.connect_for_all())

    def greet(self, who: SignedIn) -> None:
        """Say whose sign-in it is, once."""
        if who not in self._known:
            self._known.add(who)
            self.console.print(text(f"Signed in as {who.name}, by {who.by}; tenant {who.tenant}\n"))

    async def settle(self, part: Part) -> None:
        """Wait until all runs are settled. BadInput where two would get in each other's way."""
        await self._meet("settle", part)

    async def agree(self, part: Part, removes: str) -> None:
        """Wait until all runs are to be confirmed, and are. Declined when they aren't."""
        self._removes = removes
        await self._meet("agree", part)
        before = [self._tasks[name] for name in self._after.get(part.name, ())]
        if before:  # the group that they share goes with this one
            await self._without_turn(part, asyncio.wait(before))

    async def _meet(self, which: str, part: Part) -> None:
        future = asyncio.get_running_loop().create_future()
        self._meetings[which].waiting[part.name] = (part, future)
        self._look_who_waits()
        await self._without_turn(part, future)

    async def _without_turn(self, part: Part, waiting: Awaitable[object]) -> None:
        self._turns.give(part.name)
        try:
            await waiting
        finally:
            await self._turns.take(part.name)

    def _look_who_waits(self) -> None:
        """Decide at a meeting at which all runs that go on are."""
        for meeting in self._meetings.values():
            if meeting.waiting and len(meeting.waiting) == self._going_on:
                waiting, meeting.waiting = meeting.waiting, {}
                self._group.create_task(self._decide(meeting, waiting))

    async def _decide(self, meeting: _Meeting, waiting: dict[str, tuple[Part, asyncio.Future[None]]]) -> None:
        in_order = [waiting[name][0] for name in self.each if name in waiting]
        errors: Mapping[str, Exception] = {}
        try:
            errors = await meeting.decide(in_order)
        except (Declined, Refusal) as error:
            errors = {part.name: error for part in in_order}
        for name, (_part, future) in waiting.items():
            if future.done():
                continue
            if name in errors:
                future.set_exception(errors[name])
            else:
                future.set_result(None)

    async def _settle(self, parts: list[Part]) -> Mapping[str, Exception]:
        keep_little_garbage()
        settled = {part.name: (part.resolved, part.prior) for part in parts if part.resolved}
        errors = duplicates({name: resolved for name, (resolved, _) in settled.items()})
        here = {name: known for name, known in settled.items() if name not in errors}
        config, local = self.options.config, self.options.local
        outside = await asyncio.to_thread(recorded_sharers, config, list(here), local=local)
        shared, self._after = share(here, outside, removing=self.command == "destroy")
        for part in parts:
            part.resolved = shared.get(part.name, part.resolved)
        return errors

    async def _confirm(self, parts: list[Part]) -> Mapping[str, Exception]:
        """Show what is planned, and have all of it confirmed at once: a removal by typing the settings file's name."""
        errors = {} if self._removes else same_applications({part.name: part.client_id for part in parts})
        agreed = [part for part in parts if part.name not in errors]
        for part in agreed:
            show_part(self.console, part.name, part.text(), place_of(part.resolved))
        config = self.options.config
        removes = (config.name if config else "") if self._removes else ""
        if agreed:
            await confirmed(self.options, self.console, removes, what="the settings file's name")
        self._turns.look_no_more(part.name for part in agreed)
        if not self.options.json:
            self.console = self.overview.console = make_console(stderr=False)
        return errors

    def _interrupted(self, code: int) -> int:
        console = make_console(stderr=True)
        unfinished = [f"{name}: {write}" for name, part in self.parts.items() for write in part.screen.unfinished()]
        console.print()
        console.print("Interrupted. This may still be going on in Azure:" if unfinished else "Interrupted.")
        for write in unfinished:
            console.print(text(f"  {write}"))
        resume = self.options.command_for(self.command, again=True, state=None)
        console.print(text(f"Run this to continue: {resume}"))
        if self.options.json:
            why = "\n".join(["This may still be going on in Azure:", *unfinished] if unfinished else [])
            refusal = Refusal("Interrupted.", why=why, next=resume, exit_code=code)
            json_output.emit({**json_output.refusal_document(refusal), **self._described()})
        return code

    def _described(self) -> dict[str, Any]:
        ended = {name: self.endings[name].described() for name in self.each if name in self.endings}
        return {"command": self.command, "deployments": ended}

    def _ended(self) -> int:
        code = worst(ending.code for ending in self.endings.values())
        for name in self.each:
            github_actions.report({**self.endings[name].described(), "deployment": name})
        if self.options.json:
            json_output.emit({**self._described(), "exit_code": code})
        show_end(self.console, self.command, self.options, {name: self.endings[name] for name in self.each})
        return code

    def _show_secrets(self) -> None:
        """Show what is told only once, a line each, that can be copied from."""
        shown = [(name, secret) for name, ending in self.endings.items() for secret in ending.secrets]
        shown += [(name, secret) for name, part in self.parts.items() for secret in getattr(part.screen, "secrets", ())]
        for name, (what, secret) in shown:
            self.console.print()
            self.console.print(text(f"{name}: {what}, shown only now: {secret}"), soft_wrap=True)
