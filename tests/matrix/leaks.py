"""Looks for the tokens and secrets that an embedded Azure issued."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TOKEN = re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*")
SECRET_KINDS = ("password", "automationSecret", "clientSecret", "accessKey")
LEAST = 8
"""Characters below which a value is too short to be a secret."""

Secrets = Mapping[str, str]


def secrets_of(data: Path) -> Secrets:
    """Return the secrets in an embedded Azure's data folder: what they are by what they say."""
    with contextlib.closing(sqlite3.connect(data / "azure.sqlite3")) as store:
        rows = store.execute("SELECT kind, key, body FROM documents").fetchall()
    found: dict[str, str] = {}
    for kind, key, body in rows:
        if kind in SECRET_KINDS:
            found |= dict.fromkeys(re.findall(r'"(?:password|secret)": "([^"]+)"', body), f"{kind} {key}")
        if key == "signingkey":
            found |= dict.fromkeys(_lines(body), "the signing key")
    assert len(found) > 3, "a seeded world has secrets"
    return {secret: what for secret, what in found.items() if len(secret) >= LEAST}


def within(text: str, secrets: Secrets) -> list[str]:
    """Return what a text shows of them, tokens included."""
    found = [what for secret, what in secrets.items() if secret in text]
    return found + [f"a token, {token[:12]}..." for token in sorted(set(TOKEN.findall(text)))]


def in_process(pid: int, secrets: Secrets) -> list[str]:
    """Return what the command lines of a process and of its children show, where /proc tells."""
    found: list[str] = []
    for number in [pid, *_children(pid)]:
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{number}/cmdline").read_text(encoding="utf-8", errors="replace")
            found += within(text, secrets)
    return found


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _lines(body: Any) -> list[str]:
    return [line for line in re.split(r'\\n|"', body) if len(line) > 40 and "-----" not in line]
