"""The questions, with what the cloud really has as choices. Every answer is checked as it is typed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import questionary
from prompt_toolkit.application import get_app_session
from prompt_toolkit.document import Document
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.validation import ValidationError, Validator

from cli.console import plain
from cli.streams import encodable
from cloud import validation

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
            raise ValidationError(message=_shown(problem), cursor_position=len(document.text))

    async def validate_async(self, document: Document) -> None:
        """The same, and ask Azure; prompt_toolkit calls this again when more was typed meanwhile."""
        self.validate(document)
        if self._taken:
            await asyncio.sleep(PAUSE)
            await self.ask_azure(document.text)
            self.validate(document)


class Terminal:
    """Asks in a terminal, on stderr: stdout may be for a document. Ctrl-C at a question raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self.asked = False
        """Whether questions and answers are left on the screen."""
        with redirect_stdout(sys.stderr):
            _ = get_app_session().output  # made of what stdout is when it is first asked for, and kept

    async def subscription(self, choices: list[Subscription], default: str | None) -> str:
        """Return the id of one of the subscriptions. The question disappears with the answer, which is shown anyway."""
        options = {subscription.id: f"{subscription.name}  ({subscription.id})" for subscription in choices}
        return str(await _select("Subscription", options, default, erase_when_done=True).unsafe_ask_async())

    async def resource_group(self, existing: Mapping[str, str], default: str) -> str:
        """Return the name of an existing group, or a new one."""
        if existing:
            options = {NEW: "a new one", **{name: f"{name}  (in {region})" for name, region in existing.items()}}
            chosen = str(await self._ask(_select("Resource group", options, default)))
            if chosen != NEW:
                return chosen
        return await self._text("Name of the new resource group", default, validation.group_name_problem)

    async def location(self, regions: Mapping[str, str], default: str) -> str:
        """Return a region's code name."""
        options = {code: f"{display}  ({code})" for code, display in regions.items()}
        return str(await self._ask(_select("Region", options, default)))

    async def instance(self, name_problem: Callable[[str], Awaitable[str | None]], default: str) -> str:
        """Return an instance name; `name_problem` asks Azure why a name can't be had."""
        return await self._text(
            "Name of the Digital Twins instance", default, validation.instance_name_problem, name_problem
        )

    async def app_name(self, default: str) -> str:
        """Return an application's display name."""
        return await self._text("Name of the app registration", default, validation.app_name_problem)

    async def proceed(self) -> bool:
        """Return whether to go on."""
        _forget_typed_keys()
        return bool(await self._ask(questionary.confirm("Proceed?", default=True)))

    async def type_name(self, name: str) -> bool:
        """Return whether the person typed the instance's name, which is how a deletion is confirmed."""
        _forget_typed_keys()
        question = questionary.text(f"To remove all this, type the instance's name ({_shown(name)}):")
        return str(await self._ask(question)).strip() == name

    async def agree(self, question: str) -> bool:
        """Return a yes or no; no is the default."""
        _forget_typed_keys()
        return bool(await self._ask(questionary.confirm(_shown(question), default=False)))

    async def _text(
        self, title: str, default: str, problem: Problem, taken: Callable[[str], Awaitable[str | None]] | None = None
    ) -> str:
        checked = _Checked(problem, taken)
        while True:
            answer = str(await self._ask(questionary.text(title, default=default, validate=checked)))
            refused = await checked.ask_azure(answer)  # confirmed before Azure had been asked
            if refused is None:
                return answer
            questionary.print(_shown(refused), style="fg:ansired")
            default = answer

    async def _ask(self, question: questionary.Question) -> Any:
        self.asked = True
        with patch_stdout(raw=True):  # what is printed meanwhile appears above the question
            return await question.unsafe_ask_async()


def _forget_typed_keys() -> None:
    """Drop the keys that were pressed before a confirmation was on the screen: they answered something else."""
    clear_typeahead(get_app_session().input)
    if sys.platform == "win32":
        import msvcrt

        while msvcrt.kbhit():
            msvcrt.getwch()
    else:
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _shown(text: str) -> str:
    """Return the text as the terminal can show it: prompt_toolkit would write `?` for what it can't."""
    return encodable(plain(text), sys.stderr.encoding)


def _select(title: str, options: Mapping[str, str], default: str | None, **how: Any) -> questionary.Question:
    """Return a question with these values and titles, narrowed down by typing."""
    choices = [questionary.Choice(_shown(label).replace("\n", " "), value) for value, label in options.items()]
    return questionary.select(
        title,
        choices=choices,
        pointer=encodable("»", sys.stderr.encoding),
        default=next((choice for choice in choices if choice.value == default), None),
        use_search_filter=True,
        use_jk_keys=False,
        **how,
    )
