"""The questions, with what the cloud really has as choices. Every answer is checked as it is typed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import questionary
from prompt_toolkit.document import Document
from prompt_toolkit.validation import ValidationError, Validator

from cli.console import plain
from cloud import names

if TYPE_CHECKING:
    from cloud.lookups import Subscription

NEW = "\0new"


Problem = Callable[[str], str | None]
PAUSE = 0.4
"""Seconds without a key before Azure is asked about what has been typed."""


class _Checked(Validator):
    """Checks a text as it is typed: by rules at once, and with Azure when the typing pauses."""

    def __init__(self, problem: Problem, taken: Callable[[str], Awaitable[str | None]] | None) -> None:
        self._problem, self._taken = problem, taken
        self._known: dict[str, str | None] = {}

    async def ask_azure(self, name: str) -> str | None:
        """Return why Azure would refuse the name, asking once for each."""
        if self._taken and name not in self._known:
            self._known[name] = await self._taken(name)
        return self._known.get(name)

    def validate(self, document: Document) -> None:
        """Refuse what the rules or Azure's earlier answer refuse."""
        problem = self._problem(document.text) or self._known.get(document.text)
        if problem:
            raise ValidationError(message=plain(problem), cursor_position=len(document.text))

    async def validate_async(self, document: Document) -> None:
        """The same, and ask Azure; prompt_toolkit calls this again when more was typed meanwhile."""
        self.validate(document)
        if self._taken:
            await asyncio.sleep(PAUSE)
            await self.ask_azure(document.text)
            self.validate(document)


class Terminal:
    """Asks in a terminal. Ctrl-C at a question raises KeyboardInterrupt."""

    async def subscription(self, choices: list[Subscription], default: str | None) -> str:
        """Return the id of one of the subscriptions."""
        options = [questionary.Choice(f"{plain(one.name)}  ({one.id})", one.id) for one in choices]
        preset = next((option for option in options if option.value == default), None)
        return str(await _ask(questionary.select("Subscription", choices=options, default=preset)))

    async def resource_group(self, existing: Mapping[str, str], default: str) -> str:
        """Return the name of an existing group, or a new one."""
        options = [
            questionary.Choice(f"{plain(name)}  (in {plain(region)})", name) for name, region in existing.items()
        ]
        if existing:
            options.insert(0, questionary.Choice("a new one", NEW))
            preset = next((option for option in options if option.value == default), options[0])
            chosen = str(await _ask(questionary.select("Resource group", choices=options, default=preset)))
            if chosen != NEW:
                return chosen
        return await _text("Name of the new resource group", default, names.group_name_problem)

    async def location(self, regions: Mapping[str, str], default: str) -> str:
        """Return a region's code name."""
        options = [questionary.Choice(f"{plain(display)}  ({code})", code) for code, display in regions.items()]
        preset = next((option for option in options if option.value == default), None)
        return str(await _ask(questionary.select("Region", choices=options, default=preset)))

    async def instance(self, taken: Callable[[str], Awaitable[str | None]], default: str) -> str:
        """Return an instance name; `taken` asks Azure why one can't be had."""
        return await _text("Name of the Digital Twins instance", default, names.instance_name_problem, taken)

    async def app_name(self, default: str) -> str:
        """Return an application's display name."""
        return await _text("Name of the app registration", default, names.app_name_problem)

    async def proceed(self) -> bool:
        """Return whether to go on."""
        return bool(await _ask(questionary.confirm("Proceed?", default=True)))


async def _text(
    title: str, default: str, problem: Problem, taken: Callable[[str], Awaitable[str | None]] | None = None
) -> str:
    checked = _Checked(problem, taken)
    while True:
        answer = str(await _ask(questionary.text(title, default=default, validate=checked)))
        refused = await checked.ask_azure(answer)  # confirmed before Azure had been asked
        if refused is None:
            return answer
        questionary.print(plain(refused), style="fg:ansired")
        default = answer


async def _ask(question: questionary.Question) -> Any:
    return await question.unsafe_ask_async()
