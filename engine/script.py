"""What a person runs to make a change: `az` commands, written for a POSIX shell or for PowerShell. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """A value that an `az` command prints, kept under a name until another command needs it."""

    name: str
    source: Command
    host_only: bool = False
    """It is an address, of which only the host name is kept."""


Word = str | Variable | tuple[str | Variable, ...]
"""An argument; one that is put together of texts and values."""


@dataclass(frozen=True)
class Command:
    """An `az` command, its words without `az` itself."""

    words: tuple[Word, ...]
    body: Command | None = None
    """It prints, as JSON, what this one takes for `@-`: shown to nobody, as it may hold keys."""
    each: Variable | None = None
    """This is run for each of its values."""
    unless: Variable | None = None
    """Where it has a value, this is not run: `refusal` is said, and the value."""
    refusal: str = ""
    is_patient: bool = False
    """It may be refused for up to a minute, while the directory replicates what was just created."""


Known = dict[str, Variable]
"""The variables that are set, by name."""


def posix(commands: Sequence[Command], known: Known | None = None, *, is_script: bool = False) -> list[str]:
    """Return lines for a POSIX shell, each of which is to succeed before the next; note what is `known` after them.

    In a script, what repeats and takes out carriage returns (az ends lines with them in Git Bash) is there too.
    """
    lines: list[str] = []
    known = {} if known is None else known

    def run(words: Sequence[Word], *, is_patient: bool = False) -> str:
        again = ["patiently"] if is_patient and is_script else []
        return " ".join((*again, "az", *(_posix_word(word) for word in words)))

    def printed(source: Command) -> str:
        command = run((*source.words, "--output", "tsv"), is_patient=source.is_patient)
        return f"$({command} | tr -d '\\r')" if is_script else f"$({command})"

    for command in commands:
        for variable in _needed(command, known):
            lines.append(f"{variable.name}={printed(variable.source)}")
            if variable.host_only:
                name = variable.name
                lines += [f"{name}=${{{name}#*://}}", f"{name}=${{{name}%%[:/]*}}"]
        text = run(command.words, is_patient=command.is_patient)
        if command.body:
            text = f"{run((*command.body.words, '--output', 'json'))} | {text}"
        if command.each:
            text = f"for {command.each.name} in {printed(command.each.source)}; do {text}; done"
        if command.unless:
            name = command.unless.name
            condition = f'{name}={printed(command.unless.source)} && test -z "${name}"'
            otherwise = f'echo {shlex.quote(command.refusal)} "${name}" >&2; false'
            text = f"if {condition}; then {text}; else {otherwise}; fi"
        lines.append(text)
    return lines


def powershell(commands: Sequence[Command], known: Known | None = None) -> list[str]:
    """Return the same for PowerShell, where `Invoke-Az` runs az, and `Wait-Az` does so until it succeeds."""
    lines: list[str] = []
    known = {} if known is None else known

    def run(words: Sequence[Word], *, is_patient: bool = False) -> str:
        return " ".join(("Wait-Az" if is_patient else "Invoke-Az", *(_powershell_word(word) for word in words)))

    def printed(source: Command) -> str:
        return run((*source.words, "--output", "tsv"), is_patient=source.is_patient)

    for command in commands:
        for variable in _needed(command, known):
            cut = " -replace '^.*://', '' -replace '[:/].*$', ''" if variable.host_only else ""
            lines.append(f"${variable.name} = ({printed(variable.source)}){cut}")
        words = command.words
        if command.body:
            lines.append(f'$body = ({run((*command.body.words, "--output", "json"))}) -join "`n"')
            words = tuple(Variable("body", command.body) if word == "@-" else word for word in words)
        text = run(words, is_patient=command.is_patient)
        if command.each:
            text = f"foreach (${command.each.name} in @({printed(command.each.source)})) {{ {text} }}"
        if command.unless:
            name = command.unless.name
            lines.append(f"${name} = {printed(command.unless.source)}")
            lines.append(f"if (${name}) {{ throw {in_single_quotes(command.refusal)} + ' ' + ${name} }}")
        lines.append(text)
    return lines


def _needed(command: Command, known: Known) -> Iterator[Variable]:
    """Yield the variables that have to be set before a command, those that they need themselves first."""
    sources = [other for other in (command.body, command.each and command.each.source) if other]
    for word in (word for each in (command, *sources) for word in each.words):
        for part in word if isinstance(word, tuple) else (word,):
            if isinstance(part, Variable) and part != command.each and known.get(part.name) != part:
                yield from _needed(part.source, known)
                known[part.name] = part
                yield part


def _posix_word(word: Word) -> str:
    if isinstance(word, str):
        return shlex.quote(word)
    parts = (word,) if isinstance(word, Variable) else word
    texts = [part if isinstance(part, str) else "" for part in (*parts, "")]
    written = ""
    for part, following in zip(parts, texts[1:], strict=True):
        if isinstance(part, str):
            written += re.sub(r'(["$`\\])', r"\\\1", part)
        else:
            written += f"${{{part.name}}}" if re.match(r"\w", following) else f"${part.name}"
    return f'"{written}"'


def _powershell_word(word: Word) -> str:
    if isinstance(word, str):
        return in_single_quotes(word)
    if isinstance(word, Variable):
        return f"${word.name}"
    return f"({' + '.join(in_single_quotes(part) if isinstance(part, str) else f'${part.name}' for part in word)})"


def in_single_quotes(text: str) -> str:
    """Return the text in single quotes, of which PowerShell takes typographic ones for its own too."""
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", text) + "'"
