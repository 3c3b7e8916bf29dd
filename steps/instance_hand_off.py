"""The `az` commands by which somebody with more rights makes the changes of step 2."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from cloud.instances import SYSTEM
from cloud.regions import PROVIDER
from steps.model import MARK, Change
from steps.tags import MARK_TAG
from steps.wanted import Wanted


def hand_off(change: Change, wanted: Wanted) -> str:
    """Return the command that makes the change (creating and deleting an instance need az's azure-iot extension)."""
    verb, where = change.key.partition(":")[0], f"--subscription {wanted.subscription}"
    named = f"{where} --resource-group {wanted.resource_group} --dt-name {wanted.instance}"
    if verb == "register-provider":
        return f"az provider register {where} --namespace {PROVIDER}"
    if verb == "create-identity":
        parts, mark = change.body["id"].split("/"), f"--tags {MARK_TAG}={MARK}"
        at = f"--subscription {parts[2]} --resource-group {parts[4]} --name {parts[-1]}"
        return f"az identity create {at} --location {change.body['location']} {mark}"
    if verb == "delete-identity":
        return f"az identity delete --ids {change.body['id']}"
    if verb == "delete-instance":
        return f"az dt delete {named} --yes"
    if verb == "change-instance":
        body = shlex.quote(json.dumps(change.body["patch"]))
        return f"az rest --method patch --url {wanted.instance_id}?api-version=2023-01-31 --body {body}"
    if verb == "await-instance":
        return ""
    return f"az dt create {named} {_options(change.body['put'])}"


def _options(put: Mapping[str, Any]) -> str:
    """Return the settings of a new instance as `az dt create` takes them."""
    identity = put.get("identity", {})
    users = " ".join(identity.get("userAssignedIdentities", ()))
    access = put.get("properties", {}).get("publicNetworkAccess")
    tags = " ".join(shlex.quote(f"{name}={value}") for name, value in put["tags"].items())
    parts = (
        f"--location {put['location']} --tags {tags}",
        "--mi-system-assigned" if SYSTEM in identity.get("type", "") else "",
        f"--mi-user-assigned {users}" if users else "",
        f"--public-network-access {access}" if access else "",
    )
    return " ".join(part for part in parts if part)
