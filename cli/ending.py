"""How a command that came to nothing ends: told to people on stderr, as JSON on stdout, and to GitHub Actions."""

from __future__ import annotations

from pathlib import Path

from cli.display import shown
from engine.refusal import Refusal, redact


def end(refusal: Refusal, *, as_json: bool, words: str = "", log: Path | None = None) -> int:
    """Tell why a command came to nothing, and return its exit code.

    `words` stand in place of the refusal's on stderr, where there are better ones for people. `log` is named if it has
    anything in it.
    """
    from cli import github_actions, json_output
    from cli.console import make_console, plain, show_refusal, text

    document = json_output.refusal_document(refusal)
    github_actions.report(document)
    if as_json:
        json_output.emit(document)
    console = make_console(stderr=True)
    if words:
        console.print(plain(redact(words.rstrip("\n"))), soft_wrap=True)
    else:
        show_refusal(console, refusal)
    if log is not None and log.exists() and log.stat().st_size:
        console.print(text(f"  The log is {shown(log)}", "dim"))
    return refusal.exit_code


class Declined(Exception):
    """The person declined: nothing was written. The text says why, where it isn't plain from the answer."""

    def __init__(self, why: str = "", next_step: str = "") -> None:
        super().__init__(why)
        self.next = next_step
