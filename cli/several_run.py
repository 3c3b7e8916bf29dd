"""A run of one deployment among several in one process: what it shares with the others, and where it waits for them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from cli.console import say
from cli.options import Options
from cli.run import Run
from cli.several_screen import Captured, Overview, PartScreen
from engine.input import text_of

if TYPE_CHECKING:
    from rich.console import Console

    from cli.resolve import Resolved
    from cloud.clients import Azure
    from cloud.signin import SignedIn
    from engine.outcome import StepLook
    from engine.walk import Walk


LOOKS = 20
"""How many look at a time: each asks for everything at once, which takes a hundred kilobytes."""


class Turns:
    """How many runs look, or write, at a time. One that waits for the others does neither."""

    def __init__(self, count: int) -> None:
        self._look, self._write = asyncio.Semaphore(min(count, LOOKS)), asyncio.Semaphore(count)
        self._writes = set[str]()

    async def take(self, name: str) -> None:
        """Wait for a turn."""
        await self._of(name).acquire()

    def give(self, name: str) -> None:
        """Let the next one work."""
        self._of(name).release()

    def look_no_more(self, names: Iterable[str]) -> None:
        """From their next turns on these runs write. None of them has a turn now."""
        self._writes.update(names)

    def _of(self, name: str) -> asyncio.Semaphore:
        return self._write if name in self._writes else self._look


def keep_little_garbage() -> None:
    """Collect garbage as often as Python does by itself: a start leaves it alone, and hundreds of runs make much."""
    gc.freeze()  # what is imported
    gc.set_threshold(2000, 10, 10)


class Together(Protocol):
    """What the runs share."""

    overview: Overview

    def captured(self) -> Captured:
        """Return the console of a run, whose text is shown when its turn comes."""

    async def clients(self, part: Part) -> Azure:
        """Return the clients of the run's cloud and tenant, which sign in once for all."""

    def greet(self, who: SignedIn) -> None:
        """Say whose sign-in it is, once."""

    async def settle(self, part: Part) -> None:
        """Wait until all runs are settled. BadInput where two would get in each other's way."""

    async def agree(self, part: Part, removes: str) -> None:
        """Wait until all runs are to be confirmed, and are. Declined when they aren't."""


class Part(Run):
    """One of several runs. It asks nothing: what the settings leave out is the default, and is confirmed for all."""

    def __init__(self, options: Options, name: str, together: Together) -> None:
        self.name, self._together = name, together
        self._captured = together.captured()
        self.resolved: Resolved | None = None
        self.client_id = ""
        """That of the application that it found, and is to set up."""
        self.document_of_run: Mapping[str, Any] = {}
        """The JSON document of how it ended; empty before."""
        super().__init__(options)

    def text(self) -> str:
        """Return what it has printed since this was last asked for."""
        return self._captured.taken()

    def _make_console(self) -> Console:
        return self._captured

    def _make_screen(self, *, removing: bool) -> PartScreen:
        return PartScreen(
            self._together.overview, self.name, self.console, removing=removing, verbose=self.options.verbose
        )

    def _notice(self, what: str) -> None:
        self._together.overview.notice("", what)  # the clients are everybody's

    async def connect(self) -> Azure:
        """Return clients over the connections that all runs of this cloud and tenant share."""
        return (await self._together.clients(self)).beside()

    def signs_in_to(self) -> tuple[str, str]:
        """Return the cloud, by its Resource Manager, and the tenant: one sign-in for each."""
        return self._manager(), (text_of(self._given, "tenant") or "").lower()

    async def connect_for_all(self) -> Azure:
        """Return the clients whose connections all runs of this cloud and tenant share."""
        return await super().connect()

    async def resolve(self, azure: Azure) -> Resolved:
        """Settle all inputs, and wait until those of all runs are. BadInput where two get in each other's way."""
        self.resolved = await super().resolve(azure)
        self.text()  # the sign-in is told once
        self._together.greet(await azure.credential.who())
        for warning in self.warnings:
            say(self.console, warning, first="! ", first_style="yellow")
        await self._together.settle(self)
        return self.resolved

    async def look(self, walk: Walk[Azure], *, writes: bool = True) -> Mapping[str, StepLook]:
        """Look at everything, and remember which application that found."""
        looks = await super().look(walk, writes=writes)
        if (plan := looks["app_registration"].plan) and not plan.skipped:
            self.client_id = plan.values.get("client_id", "")
        return looks

    async def _with_sharers(self, resolved: Resolved) -> Resolved:
        return resolved  # told when all are settled

    async def confirm(self, removes: str = "") -> None:
        """Wait until all runs are to be confirmed, and are. Declined when they aren't."""
        await self._together.agree(self, removes)

    def suggest_deploy(self) -> None:
        """Say nothing: how to do all of it is said once."""

    def begin_writing(self) -> None:
        """What follows is told when the run has ended."""
        if not self.options.verbose:
            self.text()

    def report(self, document: Mapping[str, Any]) -> None:
        """Keep how the command ended, for the one document of all."""
        self.document_of_run = document


async def part_of(options: Options, name: str, together: Together) -> Part:
    """Return the run of a deployment, which begins with reading its state: blobs are read side by side."""
    if options.state.is_shared:
        return await asyncio.to_thread(Part, options, name, together)
    return Part(options, name, together)
