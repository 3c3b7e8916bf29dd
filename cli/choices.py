"""A question with a list to choose from, narrowed down by typing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.filters import Condition, is_done
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import ConditionalContainer, HSplit, Layout, Window
from prompt_toolkit.layout.controls import FormattedTextControl
from prompt_toolkit.styles import BaseStyle

NO_MATCH = "nothing matches; Esc shows all"


class Choices:
    """Which of some values is chosen, while a filter narrows them down. Pure.

    `options` are titles by value. The choice stays while it matches; otherwise it is the first match, until the filter
    lets what was chosen last match again.
    """

    def __init__(self, options: Mapping[str, str], default: str | None) -> None:
        self._options = options
        self._chosen = default if default in options else next(iter(options))
        self.filter = ""
        self.is_taken = False
        """Enter took the choice."""

    @property
    def matches(self) -> list[str]:
        """The values whose titles contain the filter, whatever the case."""
        return [value for value, title in self._options.items() if self.filter.lower() in title.lower()]

    @property
    def chosen(self) -> str | None:
        """The value that Enter takes; None when nothing matches."""
        matches = self.matches
        return self._chosen if self._chosen in matches else next(iter(matches), None)

    def narrow(self, text: str) -> None:
        """Replace the filter."""
        self.filter = text

    def move(self, by: int) -> None:
        """Choose another match, around the ends."""
        matches, chosen = self.matches, self.chosen
        if chosen is not None:
            self._chosen = matches[(matches.index(chosen) + by) % len(matches)]


def choose(
    title: str, options: Mapping[str, str], default: str | None, *, pointer: str, style: BaseStyle, erase: bool = False
) -> Application[str]:
    """Return the question with these values and titles; its result is a value. With `erase` nothing is left of it."""
    choices = Choices(options, default)

    def heading() -> StyleAndTextTuples:
        after = ("", choices.filter) if choices.filter else ("class:instruction", "(arrow keys move, typing filters)")
        if app.is_done:
            after = ("class:answer", options[choices.chosen] if choices.is_taken and choices.chosen else "")
        return [("class:qmark", "?"), ("class:question", f" {title} "), after]

    def rows() -> StyleAndTextTuples:
        lines: StyleAndTextTuples = []
        for value in choices.matches:
            pointed = value == choices.chosen
            lines += [("[SetCursorPosition]", "")] if pointed else []
            lines += (
                [("class:highlighted", f" {pointer} {options[value]}")] if pointed else [("", f"   {options[value]}")]
            )
            lines.append(("", "\n"))
        return lines[:-1] or [("class:nothing", f"   {NO_MATCH}")]

    def window(content: Callable[[], StyleAndTextTuples]) -> Window:
        return Window(FormattedTextControl(content, show_cursor=False), dont_extend_height=True)

    app: Application[str] = Application(
        layout=Layout(HSplit([window(heading), ConditionalContainer(window(rows), ~is_done)])),
        key_bindings=_keys(choices),
        style=style,
        erase_when_done=erase,
    )
    return app


def _keys(choices: Choices) -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _take(event: KeyPressEvent) -> None:
        if choices.chosen is not None:
            choices.is_taken = True
            event.app.exit(result=choices.chosen)

    @keys.add("up")
    @keys.add("c-p")
    def _up(_event: KeyPressEvent) -> None:
        choices.move(-1)

    @keys.add("down")
    @keys.add("c-n")
    def _down(_event: KeyPressEvent) -> None:
        choices.move(1)

    @keys.add("backspace")
    def _erase(_event: KeyPressEvent) -> None:
        choices.narrow(choices.filter[:-1])

    @keys.add("escape", eager=True)
    @keys.add("c-u")
    def _show_all(_event: KeyPressEvent) -> None:
        choices.narrow("")

    @keys.add("<any>")
    @keys.add("<bracketed-paste>")
    def _type(event: KeyPressEvent) -> None:
        choices.narrow(choices.filter + "".join(filter(str.isprintable, event.data)))

    return keys


def cancel_keys(application: Application[Any]) -> KeyBindings:
    """Return the keys that every question has: Ctrl-C, and Ctrl-D in an empty line, end it with KeyboardInterrupt.

    Esc does nothing, at once: otherwise it would be taken for the beginning of Alt and the next key.
    """
    keys = KeyBindings()
    is_empty = Condition(lambda: not application.current_buffer.text)

    @keys.add("c-c", eager=True)
    @keys.add("c-d", eager=True, filter=is_empty)
    def _cancel(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt, style="class:aborting")

    @keys.add("escape", eager=True)
    def _nothing(_event: KeyPressEvent) -> None:
        pass

    return keys
