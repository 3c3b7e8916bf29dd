"""`az` commands as a shell takes them: every argument is quoted, as names may hold parentheses."""

from __future__ import annotations

import re
import shlex

VERSION = "2023-01-31"
"""The api-version of instances and endpoints. `az dt` isn't used: current versions of az can't load its extension."""


def az(*arguments: str) -> str:
    """Return the command."""
    return shlex.join(("az", *arguments))


def value(resource: str, query: str, version: str = VERSION) -> str:
    """Return what stands, in a command, for a property of a resource."""
    shown = az("resource", "show", "--ids", resource, "--api-version", version, "--query", query, "--output", "tsv")
    return f"$({shown})"


def delete(resource: str) -> str:
    """Return the command that deletes an instance or endpoint, and waits for that."""
    return az("resource", "delete", "--ids", resource, "--api-version", VERSION)


def settled(resource: str, what: str) -> str:
    """Return the command that waits until an instance or endpoint is `created` or `updated`; it ends with 1 if not."""
    return az("resource", "wait", "--ids", resource, "--api-version", VERSION, f"--{what}", "--interval", "5")


def in_double_quotes(text: str) -> str:
    """Return the text as it stands inside the double quotes of a shell, or in single quotes of a query there."""
    return re.sub(r"""(["$`\\])""", r"\\\1", text.replace("\\", "\\\\").replace("'", "\\'"))
