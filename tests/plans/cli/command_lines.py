"""What command lines are about."""

from __future__ import annotations

from cli.chosen import Chosen, with_choice
from cli.main import cli


def chosen(command: str, *words: str) -> Chosen | int:
    """What a command line is about, or its exit code."""
    found: list[Chosen] = []

    def act(choice: Chosen) -> int:
        found.append(choice)
        return 0

    context = cli.commands[command].make_context(command, list(words))
    with context:
        code = with_choice(context.params, act, as_json=True, goes_by_state=command in {"destroy", "status", "outputs"})
    return found[0] if found else code
