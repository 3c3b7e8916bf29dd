"""The options of `emulate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cli.command_line import File

_PATH = File(path_type=Path)
_OPTIONS = (
    click.option(
        "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port; 0 picks a free one."
    ),
    click.option("--data", type=_PATH, metavar="FOLDER", help="Data folder. Default: --local's, .local-azure/azure."),
    click.option("--sign-in", default="owner", show_default=True, metavar="NAME", help="The signed-in user."),
    click.option(
        "--latency", default="none", show_default=True, metavar="none|azure|FILE",
        help="How long things take: not at all, as long as in Azure (azure:0.1 is a tenth), or a table in a file.",
    ),
    click.option(
        "--limits", default="none", show_default=True, metavar="none|azure[:SHARE]",
        help="How many requests Resource Manager takes: any number, or as many as Azure's (azure:0.1: a tenth).",
    ),
    click.option(
        "--subscriptions", type=click.IntRange(0, 5000), default=0, metavar="N",
        help="So many subscriptions more than the two.",
    ),
    click.option("--faults", type=_PATH, metavar="FILE", help="Faults to make (JSON)."),
    click.option("--traffic", type=_PATH, metavar="FILE", help="Append every request and answer, as HAR entries."),
    click.option(
        "--network", type=click.Choice(["inside", "outside"]),
        help="Where callers are, seen from private endpoints. Default: as before, at first outside.",
    ),
    click.option("--until-stdin-closes", is_flag=True, hidden=True),
)  # fmt: skip


def emulate_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `emulate`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
