"""Errors that are ready to be shown, and the exit codes with their severity."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

SEVERITY = (0, 5, 3, 2, 4, 1, 70, 129, 130, 143)
"""Exit codes from best to worst: the worst outcome of a run sets its exit code."""

RERUN = "Run the same command again: it resumes where it stopped."


_SECRETS = (
    re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*"),
    re.compile(r"(?i)(?<=bearer )\S+"),
    re.compile(r"(?i)(?<=client_secret=)[^&\s]+|(?<=password=)[^&\s]+|(?<=refresh_token=)[^&\s]+"),
)


def redact(content: str) -> str:
    """Return the text without anything that looks like a token or a secret."""
    for secret in _SECRETS:
        content = secret.sub("REDACTED", content)
    return content


@dataclass
class Refusal(Exception):
    """Something that can't go on, in four slots: what happened, why, what to do next, and Azure's code.

    Exit codes: 1 failed, 2 bad input, 3 more rights are needed, 4 the state file is locked, 70 a bug of this tool.
    Tokens and secrets in its texts are redacted: they are shown, logged and kept in the state file.
    """

    what: str
    why: str = ""
    next: str = ""
    code: str = ""
    request_id: str = ""
    exit_code: int = 1

    def __post_init__(self) -> None:
        self.what, self.why, self.next = redact(self.what), redact(self.why), redact(self.next)

    def __str__(self) -> str:
        return self.what


class BadInput(Refusal):
    """Input that can't be used: exit code 2. `next` says how to correct it."""

    def __init__(self, what: str, next_step: str = "", *, why: str = "") -> None:
        super().__init__(what, why=why, next=next_step, exit_code=2)


def worst(codes: Iterable[int]) -> int:
    """Return the most severe of the exit codes; 0 when there are none."""
    return max(codes, key=SEVERITY.index, default=0)
