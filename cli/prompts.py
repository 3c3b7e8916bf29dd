"""The questions, with what the cloud really has as choices. Every answer is checked when it is given."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Awaitable, Callable, Mapping
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import questionary
from prompt_toolkit.application import get_app, get_app_session
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent, merge_key_bindings
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.shortcuts import print_formatted_text
from prompt_toolkit.styles import Style

from cli.choices import cancel_keys, choose
from cli.console import plain
from cli.streams import encodable
from cloud import validation

if TYPE_CHECKING:
    from prompt_toolkit.application import Application

    from cloud.lookups import Subscription

NEW = "\0new"
STYLE = Style(
    [
        ("qmark", "fg:ansicyan bold"),
        ("question", "bold"),
        ("answer", "fg:ansicyan nobold"),
        ("highlighted", "fg:ansicyan bold"),
        ("instruction", "dim"),
        ("placeholder", "dim"),
        ("nothing", "fg:ansired"),
    ]
)
"""The terminal's own colours and its text colour, which its theme makes readable on light and on dark."""

Problem = Callable[[str], str | None]


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
        return await self._select("Subscription", options, default, erase=True)

    async def resource_group(self, existing: Mapping[str, str], default: str) -> str:
        """Return the name of an existing group, or a new one."""
        if existing:
            options = {NEW: "a new one", **{name: f"{name}  (in {region})" for name, region in existing.items()}}
            chosen = await self._select("Resource group", options, default)
            if chosen != NEW:
                return chosen
        return await self._text("Name of the new resource group", default, validation.group_name_problem)

    async def location(self, regions: Mapping[str, str], default: str) -> str:
        """Return a region's code name."""
        options = {code: f"{display}  ({code})" for code, display in regions.items()}
        return await self._select("Region", options, default)

    async def instance(self, name_problem: Callable[[str], Awaitable[str | None]], default: str) -> str:
        """Return an instance name; `name_problem` asks Azure why a name can't be had."""
        return await self._text(
            "Name of the Digital Twins instance", default, validation.instance_name_problem, name_problem
        )

    async def app_name(self, default: str) -> str:
        """Return an application's display name."""
        return await self._text("Name of the app registration", default, validation.app_name_problem)

    async def proceed(self, *, default: bool = True) -> bool:
        """Return whether to go on."""
        _forget_typed_keys()
        return bool(await self._ask(questionary.confirm("Proceed?", default=default, style=STYLE).application))

    async def type_name(self, name: str, what: str) -> bool:
        """Return whether the person typed the name, which is how a deletion is confirmed; `what` says whose it is."""
        _forget_typed_keys()
        question = questionary.text(f"To remove all this, type {what} ({_shown(name)}):", style=STYLE)
        return str(await self._ask(question.application)).strip() == name

    async def agree(self, question: str) -> bool:
        """Return a yes or no; no is the default."""
        _forget_typed_keys()
        return bool(await self._ask(questionary.confirm(_shown(question), default=False, style=STYLE).application))

    async def _text(
        self, title: str, default: str, problem: Problem, taken: Callable[[str], Awaitable[str | None]] | None = None
    ) -> str:
        """Return a text that the rules, and then Azure, don't refuse; what is refused is asked again."""
        while True:
            question = questionary.text(
                title, style=STYLE, placeholder=[("class:placeholder", default)], key_bindings=_default_keys(default)
            )
            typed = str(await self._ask(question.application))
            refused = problem(typed) or (await taken(typed) if taken else None)
            if refused is None:
                return typed
            columns = get_app_session().output.get_size().columns
            lines = textwrap.wrap(_shown(f"✗ {refused}"), columns, subsequent_indent="  ", break_long_words=False)
            sign, told = lines[0][:1], "\n".join([lines[0][1:], *lines[1:]])
            print_formatted_text(FormattedText([("fg:ansired", sign), ("bold", told)]))

    async def _select(self, title: str, options: Mapping[str, str], default: str | None, *, erase: bool = False) -> str:
        """Return one of the values. With `erase` the question disappears with the answer."""
        titles = {value: _shown(label).replace("\n", " ") for value, label in options.items()}
        pointer, asked = encodable("»", sys.stderr.encoding), self.asked
        chosen = str(await self._ask(choose(title, titles, default, pointer=pointer, style=STYLE, erase=erase)))
        self.asked = asked or not erase
        return chosen

    async def _ask(self, question: Application[Any]) -> Any:
        """Return the answer. KeyboardInterrupt at Ctrl-C, Ctrl-D, or when the terminal is closed."""
        self.asked = True
        own = [question.key_bindings] if question.key_bindings else []
        question.key_bindings = merge_key_bindings([cancel_keys(question), *own])
        with patch_stdout(raw=True):  # what is printed meanwhile appears above the question
            try:
                return await question.run_async()
            except EOFError:
                raise KeyboardInterrupt from None


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


def _default_keys(default: str) -> KeyBindings:
    """Return the keys of an empty line: Enter takes the default that is shown, Tab and Right put it in to be edited."""
    keys = KeyBindings()

    @keys.add("enter")
    def _take(event: KeyPressEvent) -> None:
        if not event.current_buffer.text:
            event.current_buffer.insert_text(default)
        event.current_buffer.validate_and_handle()

    @keys.add("tab", filter=Condition(lambda: not get_app().current_buffer.text))
    @keys.add("right", filter=Condition(lambda: not get_app().current_buffer.text))
    def _edit(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text(default)

    return keys
