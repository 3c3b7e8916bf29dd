"""`az` commands that several steps have in their scripts."""

from __future__ import annotations

from engine.context import Target
from engine.script import Command, Variable, Word, posix
from steps.shared.applications import unique_name

VERSION = "2023-01-31"
"""The api-version of instances and endpoints. `az dt` isn't used: current versions of az can't load its extension."""


def az(*words: Word, is_patient: bool = False) -> Command:
    """Return the command."""
    return Command(words, is_patient=is_patient)


def line(*commands: Command) -> str:
    """Return the commands as one line for a POSIX shell."""
    return " && ".join(posix(commands))


def value(name: str, resource: str, query: str, version: str = VERSION, *, host_only: bool = False) -> Variable:
    """Return a property of a resource, kept under a name."""
    shown = az("resource", "show", "--ids", resource, "--api-version", version, "--query", query)
    return Variable(name, shown, host_only)


def delete(resource: str) -> Command:
    """Return the command that deletes an instance or endpoint, and waits for that."""
    return az("resource", "delete", "--ids", resource, "--api-version", VERSION)


def settled(resource: str, what: str) -> Command:
    """Return the command that waits until an instance or endpoint is `created` or `updated`; it ends with 1 if not."""
    return az("resource", "wait", "--ids", resource, "--api-version", VERSION, f"--{what}", "--interval", "5")


def in_query(text: str) -> str:
    """Return the text as it stands in single quotes of a JMESPath query."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def application(target: Target) -> Variable:
    """Return the client id of this instance's own application, once it exists."""
    url = f"{target.graph}/v1.0/applications(uniqueName='{unique_name(target.instance_id)}')"
    return Variable("app", az("rest", "--url", url, "--query", "appId", is_patient=True))


def upsert(url: Word, body: str, *, is_patient: bool = False) -> Command:
    """Return the command that changes an object of Microsoft Graph, or creates it if it is missing."""
    headers = ("--headers", "Content-Type=application/json", "Prefer=create-if-missing")
    return az("rest", "--method", "PATCH", "--url", url, *headers, "--body", body, is_patient=is_patient)
