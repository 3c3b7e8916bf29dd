"""`--import config.json`: what the PowerShell script deploy.ps1 left, as inputs."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.input import NOT_TEXT, decoded
from engine.refusal import BadInput

_KEYS = {
    "subscription": "subscription",
    "tenant_id": "tenant",
    "location": "location",
    "resource_group": "resource_group",
    "name": "instance",
    "display_name": "app_name",
    "reply_url": "reply_url",
}
"""The script's keys, and the inputs that they become."""
_OF_INSTANCE = {"name": "instance", "location": "location", "resourceGroup": "resource_group"}
"""What its `hostname` also tells, which is the whole instance as az describes it."""
_LEFT_OUT = {
    "iot_hub": "the IoT hub",
    "topic_name": "the Event Grid topic",
    "endpoint_name": "the endpoint (--endpoint takes one over by its name)",
    "route_name": "the event route (--route takes one over by its name)",
    "storage_account": "the storage account",
    "function_app": "the function app",
    "function_code": "the function app's code",
    "ingress_function": "the ingress function",
    "processing_function": "the processing function",
}
"""What it made for its end-to-end sample, which goes on as it is."""


@dataclass(frozen=True)
class Imported:
    """The inputs that a config.json gives, and what is said of the rest of it."""

    inputs: Mapping[str, Any]
    notes: tuple[str, ...]


def read(file: Path) -> Imported:
    """Read a config.json, which may be half-filled. BadInput for one that can't be used."""
    content = _content(file)
    inputs: dict[str, Any] = {}
    instance = content.get("hostname")
    if isinstance(instance, Mapping):
        inputs |= {mine: instance[key] for key, mine in _OF_INSTANCE.items() if instance.get(key)}
    elif instance not in (None, "") and not isinstance(instance, str):
        raise BadInput(f"{file}: hostname is neither an instance nor its host name.")
    inputs |= {mine: content[key] for key, mine in _KEYS.items() if content.get(key)}
    for name, value in inputs.items():
        if not isinstance(value, str):
            key = next(key for key, mine in _KEYS.items() if mine == name)
            raise BadInput(f"{file}: {key} is not a text.", "Is it the config.json that deploy.ps1 wrote?")
    if "app_name" in inputs:
        inputs["adopt_app"] = True
    else:
        inputs.pop("reply_url", None)  # of an application that was never registered
    left = [what for key, what in _LEFT_OUT.items() if content.get(key)]
    notes = [f"Not taken over from {file}, and left as it is: {', '.join(left)}."] if left else []
    known = {*_KEYS, *_LEFT_OUT, "hostname"}
    strange = [str(key) for key in content if key not in known]
    return Imported(inputs, (*notes, *([f"Unknown in {file}: {', '.join(strange)}."] if strange else [])))


def missing(taken: Mapping[str, Any], changes: Collection[str]) -> list[str]:
    """Say which of the names that were taken over stand for nothing (any more), by what would be created."""
    kinds = {
        "resource_group": ("create-resource-group", "resource group"),
        "instance": ("create-instance", "instance"),
        "app_name": ("create-application", "application"),
    }
    return [
        f"names the {kind} {taken[name]}, which isn't there to take over: a new one is made under this name."
        for name, (key, kind) in kinds.items()
        if name in taken and key in changes
    ]


def _content(file: Path) -> Mapping[str, Any]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file} can't be read: {error.strerror}.") from None
    try:
        content = json.loads(decoded(data) or "{}")
    except UnicodeError:
        raise BadInput(f"{file} is {NOT_TEXT}.", "Save it as UTF-8.") from None
    except ValueError:
        raise BadInput(f"{file} is not JSON.", "It is the config.json that deploy.ps1 wrote.") from None
    if not isinstance(content, dict):
        raise BadInput(f"{file} is not a config.json of deploy.ps1: it holds no object.")
    return content
