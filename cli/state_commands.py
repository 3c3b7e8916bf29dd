"""The command line of `state move` and `state unlock`."""

from __future__ import annotations

from pathlib import Path

import click

from cli.chosen import place_for
from cli.command_line import Command, Context, State
from cli.ending import end
from cli.stores import Place, taken_by_itself
from engine.refusal import BadInput

_STATE = State(path_type=Path)
_output = click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    envvar="ADT_OUTPUT",
    help="What to print on stdout.",
)


class StateCommands(click.Group):
    """The commands of `state`."""

    command_class = Command
    context_class = Context


@click.group(cls=StateCommands, context_settings={"help_option_names": ["-h", "--help"]})
def state() -> None:
    """Move the state between files and blobs, or unlock it: state move FROM TO, state unlock."""


@state.command(examples=("deploy.py state move deploy.state.json https://ACCOUNT.blob.core…",), codes=(0, 1, 2, 3, 4))
@click.argument("source", metavar="FROM", type=_STATE)
@click.argument("target", metavar="TO", type=_STATE)
@_output
def move(source: Place, target: Place, output: str) -> int:
    """Move a state: a file's path or a blob's URL, each."""
    from cli.commands import state as commands

    return commands.move(source, target, as_json=output == "json")


@state.command(examples=("deploy.py state unlock --state URL",), codes=(0, 1, 2, 3))
@click.option(
    "--state", "place", type=_STATE, metavar="FILE|URL", envvar="ADT_STATE", help="Whose lock. Default: as deploy's."
)
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@_output
def unlock(place: Place | None, output: str, *, yes: bool) -> int:
    """Say who holds the lock, ask, and take it from a run that is dead."""
    from cli.commands import state as commands

    try:
        taken = place_for(place, taken_by_itself, local=False)
    except BadInput as refusal:
        return end(refusal, as_json=output == "json")
    return commands.unlock(taken, yes=yes, as_json=output == "json")
