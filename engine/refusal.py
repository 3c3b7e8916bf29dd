"""Errors that are ready to be shown, and the exit codes with their severity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SEVERITY = (0, 5, 3, 2, 4, 1, 70, 129, 130, 143)
"""Exit codes from best to worst: the worst outcome of a run sets its exit code."""

DIFFERS = 5
"""The exit code of a look that found Azure other than it was chosen."""

SHORTEST_SECRET = 5
"""Characters of a text that can be taken out everywhere without spoiling words."""

RERUN = "Run the same command again: it resumes where it stopped."


_SECRETS = (
    re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*"),
    re.compile(r"(?i)(?<=bearer )\S+|(?<=basic )[A-Za-z0-9+/=]{6,}"),
    re.compile(r"(?i)(?<=client_secret=)[^&\s]+|(?<=password=)[^&\s]+|(?<=refresh_token=)[^&\s]+"),
    re.compile(r"(?i)(?<=[?&]sig=)[^&\s]+|(?<=accountkey=)[^;\s]+|(?<=sharedaccesskey=)[^;\s]+"),
    re.compile(r"(?<=://)[^\s/@'\"<>]+(?:@[^\s/@'\"<>]+)*(?=@)"),
    re.compile(r"(?<=:/)[^\s:/@'\"<>]*:[^\s/'\"<>]+(?=@)"),
    re.compile(r"(?i)(?<![\w@:/.-])(?!mailto:|urn:|repo:)[^\s:@/'\"=<>{}(),]+:[^\s/'\"]+(?=@[\w\[])"),
)
"""Tokens; values of headers, forms and connection strings; the credentials in a URL, also as a path, which has
one slash where a URL has two, and without one. `repo:` begins the subject of a GitHub repository."""

_known_secrets: set[str] = set()


def keep_secret(secret: str) -> None:
    """Have `redact` take this text out of everything, however a library quotes it, unless it is very short."""
    if len(secret) >= SHORTEST_SECRET:
        _known_secrets.add(secret)


def redact(content: str) -> str:
    """Return the text without anything that looks like a token or a secret, and without what is kept secret."""
    for known in sorted(_known_secrets, key=len, reverse=True):
        content = content.replace(known, "REDACTED")
    for secret in _SECRETS:
        content = secret.sub("REDACTED", content)
    return content


@dataclass
class Refusal(Exception):
    """Something that can't go on, in four slots: what happened, why, what to do next, and Azure's code.

    Exit codes: 1 failed, 2 bad input, 3 more rights are needed, 4 the state file is locked, 70 a bug of this tool.
    Tokens and secrets in its texts are redacted, however these are set: they are shown, logged and kept in the state
    file.
    """

    what: str
    why: str = ""
    next: str = ""
    code: str = ""
    request_id: str = ""
    exit_code: int = 1

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, redact(value) if isinstance(value, str) else value)

    def __str__(self) -> str:
        return self.what


class BadInput(Refusal):
    """Input that can't be used: exit code 2. `next` says how to correct it."""

    def __init__(self, what: str, next_step: str = "", *, why: str = "") -> None:
        super().__init__(what, why=why, next=next_step, exit_code=2)


def together(refusals: Sequence[Refusal], heading: str, lines: Sequence[str] = ()) -> Refusal:
    """Return several refusals as one, under `2 HEADING:`, each told once; with the exit code and ids of the first.

    `lines` say what happened in the refusals' place.
    """
    told = list(dict.fromkeys(lines or [refusal.what for refusal in refusals]))
    first = refusals[0]
    return Refusal(
        told[0] if len(told) == 1 else "\n- ".join((f"{len(told)} {heading}:", *told)),
        why="\n".join(dict.fromkeys(refusal.why for refusal in refusals if refusal.why)),
        next="\n".join(dict.fromkeys(refusal.next for refusal in refusals if refusal.next)),
        code=first.code,
        request_id=first.request_id,
        exit_code=first.exit_code,
    )


WRONG = "inputs can't be right"
"""The heading of several inputs that can't be used."""


class Unknown(BadInput):
    """A name in an input that stands for nobody: exit code 2."""


class Unchangeable(BadInput):
    """What Azure has can't be made what is desired: exit code 2. To `verify` it is a difference, as any other."""


def worst(codes: Iterable[int]) -> int:
    """Return the most severe of the exit codes; 0 when there are none."""
    return max(codes, key=SEVERITY.index, default=0)


def worst_of_look(codes: Iterable[int]) -> int:
    """Return the most severe of the exit codes of a look: 2 rather than 1, as a repeat is of no use to bad input."""
    found = {*codes}
    return worst(found - {1} if 2 in found else found)
