"""How a command for several deployments ended, as a person reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.text import Text

from cli import json_output
from cli.console import plain, say, show_pairs, show_refusal, text
from cli.plan_view import show_rows
from engine.refusal import DIFFERS, Refusal

if TYPE_CHECKING:
    from rich.console import Console

    from cli.options import Options
    from cli.resolve import Resolved

ONLY_READ = ("plan", "verify")
"""Commands of which everything that they found is shown."""


@dataclass
class Ending:
    """How the run of a deployment ended, or why it never began."""

    code: int = 0
    refusal: Refusal | None = None
    declined: bool = False
    document: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    """What the run has printed and nobody has seen."""
    place: str = ""
    """Where the deployment is, in words; "" while that wasn't settled."""
    note: str = ""
    """Why there was nothing to do."""
    secrets: list[tuple[str, str]] = field(default_factory=list)

    def described(self) -> Mapping[str, Any]:
        """Return its JSON document."""
        if self.document:
            return self.document
        if self.declined:
            return {"exit_code": self.code, "declined": True}
        return json_output.refusal_document(self.refusal) if self.refusal else {"exit_code": self.code}

    @property
    def word(self) -> str:
        """How it ended, in a word of the screens."""
        steps = self.document.get("steps", ())
        if self.document.get("command") in ONLY_READ and self.code in (0, DIFFERS):
            return "drift" if self.code else "ok"
        if self.code:
            return "failed"
        if self.note:
            return "nothing to do"
        if any("needs_you" in step for step in steps):
            return "needs you"
        outcomes = {step.get("outcome") for step in steps}
        idle = "nothing to do" if self.document.get("command") == "destroy" else "already done"
        return next((word for word in ("removed", "done") if word in outcomes), idle)


def refused(refusal: Refusal) -> Ending:
    """Return how a run ended that went no further."""
    return Ending(refusal.exit_code, refusal)


def place_of(resolved: Resolved | None) -> str:
    """Return where a deployment is, in words."""
    if resolved is None:
        return ""
    target = resolved.target
    return f"{target.instance} in {target.resource_group}, {target.location}"


def show_part(console: Console, name: str, content: str, place: str) -> None:
    """Print what a run has printed, under the name of its deployment."""
    console.print(Text.assemble((name, "bold"), (f"  {plain(place)}" if place else "", "dim")))
    if content.strip("\n"):
        console.file.write(content.strip("\n") + "\n")
    console.print()


def show_end(console: Console, command: str, options: Options, endings: Mapping[str, Ending]) -> None:
    """Print how each deployment ended, in full what failed, and what to run next."""
    told: list[Refusal] = []
    for name, ending in endings.items():
        shows = command in ONLY_READ and not (options.json and not ending.code)
        is_new = ending.refusal is not None and ending.refusal not in told
        if shows or (ending.code and (ending.text or is_new)) or (options.verbose and ending.text):
            show_part(console, name, ending.text, ending.place)
        if ending.refusal and is_new:  # what holds for all is told once
            told.append(ending.refusal)
            show_refusal(console, ending.refusal)
            console.print()
        for step in ending.document.get("steps", ()):
            if "needs_you" in step and not ending.code:
                needs = step["needs_you"]
                say(console, f"{name}: {needs['what']}", first="! ", first_style="yellow")
                if not options.local:
                    show_pairs(console, {how["label"]: how["value"] for how in needs["how"]})
                console.print()
    show_rows(console, [(name, ending.word, _detail(ending)) for name, ending in endings.items()])
    counts = Counter(ending.word for ending in endings.values())
    words = ", ".join(f"{count} {word}" for word, count in counts.items())
    console.print()
    console.print(text(f"{len(endings)} deployment{'' if len(endings) == 1 else 's'}: {words}", "bold"))
    planned = tuple(name for name, ending in endings.items() if _would_change(ending))
    if planned and command in ONLY_READ:
        again = options.command_for("deploy", state=None, **_only(planned, len(endings)))
        console.print(text(f"To {'do' if command == 'plan' else 'fix'} this: {again}", "dim"), soft_wrap=True)
    failed = tuple(name for name, ending in endings.items() if ending.code)
    if failed and command not in ONLY_READ:
        again = options.command_for(command, again=True, state=None, **_only(failed, len(endings)))
        say(console, again, first="  Next: ")


def _would_change(ending: Ending) -> bool:
    """Whether `deploy` has something to do after a plan, or a check, that went well."""
    changes = any(step.get("changes") for step in ending.document.get("steps", ()))
    return ending.code == DIFFERS or (changes and not ending.code)


def _only(names: tuple[str, ...], count: int) -> dict[str, Any]:
    """Return the options that choose only these; none where they are all."""
    return {} if len(names) == count else {"all": False, "deployment": names}


def _detail(ending: Ending) -> str:
    if ending.refusal:
        return ending.refusal.what.splitlines()[0]
    if ending.note:
        return ending.note
    if ending.declined:
        return "declined; nothing was changed"
    document = ending.document
    failed = [step["title"].lower() for step in document.get("steps", ()) if "error" in step]
    if failed:
        return f"{', '.join(failed)}; {ending.place}"
    changes = [change for step in document.get("steps", ()) for change in step.get("changes", ())]
    if document.get("command") == "verify":
        drift = sum(check["result"] == "drift" for check in document["checks"])
        return f"{drift} difference{'' if drift == 1 else 's'}; {ending.place}" if drift else ending.place
    counted = f"{len(changes)} change{'' if len(changes) == 1 else 's'}; " if changes else ""
    host = document.get("values", {}).get("host_name", "")
    return f"{counted}{host or ending.place}"
