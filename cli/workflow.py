"""What a workflow of GitHub Actions needs to sign in as the app, for the federated credentials of a repository. Pure.

Sources: "Configuring OpenID Connect in Azure" in the GitHub documentation, and the README of azure/login.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

VARIABLES = {"AZURE_CLIENT_ID": "client_id", "AZURE_TENANT_ID": "tenant_id", "AZURE_SUBSCRIPTION_ID": "subscription_id"}
"""The variables of the repository, each with the output that is its value. None of them is a secret."""
_SUBJECT = re.compile(r"repo:([^@:/]+)(?:@\d+)?/([^@:]+)(?:@\d+)?:(.+)")
_KINDS = {"ref:refs/heads/": "branch", "ref:refs/tags/": "tag", "environment:": "environment", "pull_request": "pull"}


def commands(subjects: Iterable[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the commands that set the variables, for each repository that the subjects of the credentials name."""
    repositories = dict.fromkeys(f"{found[1]}/{found[2]}" for found in map(_SUBJECT.fullmatch, subjects) if found)
    return tuple(
        f"gh variable set {name} --repo {repository} --body {values[output]}"
        for repository in repositories
        for name, output in VARIABLES.items()
    )


def lines(subjects: Sequence[str]) -> tuple[str, ...]:
    """Return the lines of a workflow whose jobs present these subjects; none where none is a repository's."""
    found = [_entity(match[3]) for match in map(_SUBJECT.fullmatch, subjects) if match]
    if not found:
        return ()
    named = {kind: list(dict.fromkeys(name for which, name in found if which == kind)) for kind in _KINDS.values()}
    pushes = [
        f"    {plural}: [{', '.join(map(_quoted, named[kind]))}]"
        for kind, plural in (("branch", "branches"), ("tag", "tags"))
        if named[kind]
    ]
    environments = [f"    environment: {_quoted(name)}" for name in named["environment"][:1]]
    return (
        "on:",
        *(("  push:", *pushes) if pushes else ()),
        *(("  pull_request:",) if named["pull"] else ()),
        *(() if pushes or named["pull"] else ("  workflow_dispatch:",)),
        "jobs:",
        "  twins:",
        "    runs-on: ubuntu-latest",
        *environments,
        "    permissions:",
        "      id-token: write",
        "      contents: read",
        "    env:",
        *(f"      {name}: ${{{{ vars.{name} }}}}" for name in VARIABLES),
        "    steps:",
        "      - uses: azure/login@v2",
        "        with:",
        "          client-id: ${{ vars.AZURE_CLIENT_ID }}",
        "          tenant-id: ${{ vars.AZURE_TENANT_ID }}",
        "          allow-no-subscriptions: true",
    )


def _entity(text: str) -> tuple[str, str]:
    """Return what a subject says of the job: its kind, and the name of the branch, tag or environment."""
    return next(((kind, text[len(start) :]) for start, kind in _KINDS.items() if text.startswith(start)), ("", text))


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z][\w./-]*", name, re.ASCII) else json.dumps(name)
