"""How anything is printed for a person, in terminals of some widths and in a pipe."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from cli.console import say, show_needs_you, show_pairs, show_parts, show_refusal
from engine.refusal import BadInput, Refusal
from engine.step import NeedsYou
from tests.plans.engine.small import SmallStep, always

GROUP = "/subscriptions/1c0ffee0-0000-4000-8000-000000000001/resourceGroups/shared-services"


class _Stream(StringIO):
    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.fixture
def terminal() -> Console:
    return Console(file=_Stream(is_terminal=True), width=30, color_system=None, soft_wrap=True)


def shown(console: Console) -> list[str]:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_a_value_that_does_not_fit_begins_a_line(terminal: Console) -> None:
    show_pairs(terminal, {"open": "x" * 40, "name": "short"})
    assert shown(terminal) == ["  open", f"    {'x' * 40}", "  name  short"]
    pipe = Console(file=_Stream(is_terminal=False), width=30, soft_wrap=True)
    show_pairs(pipe, {"open": "x" * 40})
    assert shown(pipe) == [f"  open  {'x' * 40}"]


def test_a_conclusion_is_folded_between_its_parts(terminal: Console) -> None:
    show_parts(terminal, ["5 to create", "about 1 minute", "1 needs you"])
    assert shown(terminal) == ["5 to create · about 1 minute", "1 needs you"]


def test_items_of_a_list_are_folded_beside_their_hyphen(terminal: Console) -> None:
    say(terminal, "2 inputs:\n- one that takes some more words\n- two", first="✗ ")
    assert shown(terminal) == ["✗ 2 inputs:", "  - one that takes some more", "    words", "  - two"]


def test_an_error_names_resources_shortly_and_keeps_commands_whole() -> None:
    refusal = Refusal(f"It is missing on {GROUP}.", why=f"Not on {GROUP}", next=f"Run:\n  az x --scope {GROUP}")
    for verbose, count in ((False, 1), (True, 3)):
        pipe = Console(file=_Stream(is_terminal=False), width=200, soft_wrap=True)
        show_refusal(pipe, refusal, verbose=verbose)
        assert "\n".join(shown(pipe)).count(GROUP) == count
    pipe = Console(file=_Stream(is_terminal=False), width=200, soft_wrap=True)
    show_refusal(pipe, BadInput(f"{GROUP} is no instance."))
    assert GROUP in shown(pipe)[0]  # as it was typed


def test_in_a_trial_no_link_and_no_command_is_printed_and_the_sentence_ends(terminal: Console) -> None:
    needs = NeedsYou("An administrator can:", (("open", "https://login.example"),))
    show_needs_you(terminal, SmallStep("a", always()), needs, local=True)
    text = " ".join(" ".join(shown(terminal)).split())
    assert "https" not in text
    assert text.endswith(".")
    assert "can: " not in text
