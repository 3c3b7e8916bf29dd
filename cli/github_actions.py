"""What a run leaves in GitHub Actions: a summary of the step, and annotations of what failed. Nothing of it elsewhere.

Source: "Workflow commands for GitHub Actions" in the GitHub documentation.
"""

from __future__ import annotations

import html
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def report(document: Mapping[str, Any]) -> None:
    """Report how a command ended, by its JSON document, where this is a step of GitHub Actions."""
    if not _is_here():
        return
    for line in error_lines(document):
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    try:
        with Path(file).open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as written:
            written.write(summary(document))
    except OSError as error:
        sys.stderr.write(f"The summary of the step can't be written to {file}: {error.strerror}.\n")


def mask(secret: str) -> list[str]:
    """Return the line that has GitHub Actions mask a secret in all that is logged after it; none elsewhere."""
    return [f"::add-mask::{_escaped(secret)}"] if _is_here() else []


def _is_here() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def error_lines(document: Mapping[str, Any]) -> list[str]:
    """Return an `::error` for everything that failed; for drift that `verify` found, one for all of it."""
    found = [_annotation(title, _words(error)) for title, error in _errors(document)]
    drift = [check for check in document.get("checks", ()) if check["result"] == "drift" and not check.get("error")]
    if drift:
        words = "\n".join(f"{check['check']}: {check['detail']}" for check in drift)
        found.append(_annotation("deploy.py verify: Azure differs from your settings", words))
    return found


def summary(document: Mapping[str, Any]) -> str:
    """Return the summary in Markdown."""
    command, code = document.get("command", ""), document["exit_code"]
    which = " ".join(("", *filter(None, (command, document.get("deployment")))))
    lines = [f"### {'✅' if not code else '❌'} deploy.py{which.rstrip()}", ""]
    if code:
        lines += [f"Exit code {code}.", ""]
    lines += _table(("Check", "Result", "Detail"), (
        (check["check"], check["result"], check["detail"]) for check in document.get("checks", ())
    ))  # fmt: skip
    lines += _table(("Step", "Outcome", "Changes"), map(_step_row, document.get("steps", ())))
    lines += _table(("Value", ""), document.get("values", {}).items())
    for title, error in _errors(document):
        lines += [f"> **{_plain(title)}**<br>{_plain(_words(error))}", ""]
    lines += [f"- {_plain(warning)}" for warning in document.get("warnings", ())]
    if document.get("hand_off"):
        lines += [f"What someone else has to do is in {_plain(document['hand_off'])}."]
        lines += _commands(document)  # the file goes with the runner
    return "\n".join(lines).rstrip() + "\n\n"


def _step_row(step: Mapping[str, Any]) -> tuple[str, str, str]:
    changes = step.get("writes", step.get("changes", ()))  # of a run, and of a plan
    planned = "\n".join(f"{change['kind']}: {change['title']}" for change in changes)
    outcome = step.get("outcome") or ("failed" if step.get("error") else "planned" if changes else "unchanged")
    return f"{step['number']} {step['title']}", outcome, planned or step.get("reason", "")


def _commands(document: Mapping[str, Any]) -> list[str]:
    """Return what was not done as commands for a shell, indented: a block that no command can end."""
    writes = [write for step in document["steps"] for write in step.get("writes", ())]
    found = [f"    {line}" for write in writes for line in write.get("command", "").splitlines()]
    return ["", *found] if found else []


def _errors(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, str]]]:
    """Return what failed: a title and the error's document."""
    parts = [(f"deploy.py: step {step['number']}, {step['title']}", step) for step in document.get("steps", ())]
    parts += [(f"deploy.py: {check['check']}", check) for check in document.get("checks", ())]
    return [(title, part["error"]) for title, part in [("deploy.py", document), *parts] if part.get("error")]


def _words(error: Mapping[str, str]) -> str:
    labels = {"what": "", "why": "Why: ", "next": "Next: ", "request_id": "Azure's request id: "}
    return "\n".join(f"{label}{error[name]}" for name, label in labels.items() if error.get(name))


def _annotation(title: str, words: str) -> str:
    return f"::error title={_escaped(title, ':,')}::{_escaped(words)}"


def _escaped(text: str, more: str = "") -> str:
    """Return the text as the data of a workflow command; `more` are the characters that end a property."""
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return a table, with an empty line after it; nothing without rows."""
    written = [f"| {' | '.join(map(_plain, row))} |" for row in rows]
    return [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *written, ""] if written else []


def _plain(text: str) -> str:
    """Return text that Markdown and HTML show as it is, on one line."""
    escaped = re.sub(r"([\\`*_{}\[\]|~#])", r"\\\1", html.escape(text, quote=False))
    return re.sub(r"\r?\n|\r", "<br>", escaped)
