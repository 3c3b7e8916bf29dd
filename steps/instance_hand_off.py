"""The `az` commands by which somebody with more rights makes the changes of step 2."""

from __future__ import annotations

import json

from cloud.regions import PROVIDER
from steps.az import VERSION, az, delete, settled
from steps.model import MARK, Change
from steps.tags import MARK_TAG
from steps.wanted import Wanted


def hand_off(change: Change, wanted: Wanted) -> str:
    """Return the command that makes the change."""
    verb, instance = change.key.partition(":")[0], wanted.instance_id
    if verb == "register-provider":
        return az("provider", "register", "--subscription", wanted.subscription, "--namespace", PROVIDER, "--wait")
    if verb == "create-identity":
        parts, location = change.body["id"].split("/"), change.body["location"]
        at = ("--subscription", parts[2], "--resource-group", parts[4], "--name", parts[-1], "--location", location)
        return az("identity", "create", *at, "--tags", f"{MARK_TAG}={MARK}")
    if verb == "delete-identity":
        return az("identity", "delete", "--ids", change.body["id"])
    if verb == "delete-instance":
        return delete(instance)
    if verb == "change-instance":
        body = json.dumps(change.body["patch"])
        patch = az("rest", "--method", "patch", "--url", f"{instance}?api-version={VERSION}", "--body", body)
        return f"{patch} && {settled(instance, 'updated')}"
    if verb == "await-instance":
        return ""
    whole = ("--is-full-object", "--properties", json.dumps(change.body["put"]))
    return az("resource", "create", "--id", instance, "--api-version", VERSION, *whole)
