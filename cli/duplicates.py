"""Deployments that would get in each other's way: the same instance, application or secret file. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

from engine.input import flag_of
from engine.refusal import BadInput
from steps.shared.applications import unique_name

if TYPE_CHECKING:
    from cli.resolve import Resolved
    from steps.step_04_app_registration.desired import DesiredApplication


def duplicates(deployments: Mapping[str, Resolved]) -> dict[str, BadInput]:
    """Return the errors of those deployments that share what is one deployment's own, by their names."""
    return _refused((name, kind, what) for name, resolved in deployments.items() for kind, what in _own(resolved))


def same_applications(client_ids: Mapping[str, str]) -> dict[str, BadInput]:
    """Return the errors of those deployments that found the same application, however they named it.

    `client_ids` are those of what each found, by its name; "" for none.
    """
    return _refused((name, "application", client_id) for name, client_id in client_ids.items() if client_id)


def _refused(own: Iterable[tuple[str, str, str]]) -> dict[str, BadInput]:
    """Return the errors for deployments' names, and what of which kind has to be theirs alone."""
    owners: dict[tuple[str, str], list[str]] = {}
    for name, kind, what in own:
        owners.setdefault((kind, what.lower()), []).append(name)
    refused: dict[str, BadInput] = {}
    for (kind, what), names in owners.items():
        for name in names if len(names) > 1 else ():
            others = ", ".join(other for other in names if other != name)
            refused.setdefault(
                name,
                BadInput(
                    f"The {kind} of deployment {name} is that of {others} too: {what}.",
                    f"Give each {_ENDING[kind]} of its own in its table of the settings file.",
                ),
            )
    return refused


_ENDING = {
    "instance": "an instance",
    "application": "an application (app_id or app_name)",
    "secret file": "a secret_file",
}


def _own(resolved: Resolved) -> Iterator[tuple[str, str]]:
    """Yield what has to be this deployment's alone: what it is, and how it is told from others."""
    target = resolved.target
    yield "instance", target.instance_id
    app = cast("DesiredApplication", resolved.desired["app_registration"])
    if app.left_out:
        return
    if app.app_id:
        yield "application", app.app_id
    elif flag_of(resolved.given, "adopt_app"):
        yield "application", app.name
    else:
        yield "application", unique_name(target.instance_id)
    if app.secret and app.secret.file != "-":
        yield "secret file", app.secret.file
