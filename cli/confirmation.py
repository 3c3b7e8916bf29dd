"""The one question before the first write."""

from __future__ import annotations

from rich.console import Console

from cli.ending import Declined
from cli.options import Options
from engine.refusal import BadInput

OF_INSTANCE = "the instance's name"


async def confirmed(options: Options, console: Console, removes: str = "", *, what: str = OF_INSTANCE) -> None:
    """Return when it is confirmed; at once where nothing may be asked, or with `--yes`. Declined when it isn't.

    A removal is confirmed by typing `removes`, which is `what`; BadInput where that can't be asked for.
    """
    if options.yes or not (options.may_ask or removes):
        return
    if not options.may_ask:
        raise BadInput(
            "Refusing to delete without confirmation: there is no terminal to ask in.", "Confirm with --yes."
        )
    from cli.prompts import Terminal

    if removes:
        if not await Terminal().type_name(removes, what):
            again = options.command_for("destroy", again=True, **({} if what == OF_INSTANCE else {"state": None}))
            raise Declined(f"That is not {what}, {removes}.", f"To try again: {again}")
    elif not await Terminal().proceed():
        raise Declined
    console.print()
