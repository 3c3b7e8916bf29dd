"""The writes of the app registration, each as the one change that was planned, and the commands that do the same."""

from __future__ import annotations

import json
import shlex
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC
from typing import Any

from cloud import application_links, applications, client_secrets, recycle_bin
from cloud.application_links import Federated
from cloud.applications import Settings
from steps.application import merged, unique_name
from steps.model import MARK, Change, Context, Values
from steps.wanted import Wanted


async def apply(change: Change, context: Context) -> Values:
    """Make one change, and wait until it can be read back."""
    return await _WRITES[change.key.partition(":")[0]](change, context)


async def _write(change: Change, context: Context) -> Values:
    target, rules = change.body["target"], change.body["rules"]

    def settled(now: Settings) -> bool:
        return merged(now, rules) == now if rules else now == target

    made = await applications.write(
        context.azure.graph,
        target,
        unique_name(context.wanted.instance_id),
        change.body["object_id"],
        settled,
        context.progress,
    )
    return {"app_name": made.settings.name, "client_id": made.client_id, "application_object_id": made.object_id}


async def _release(change: Change, context: Context) -> Values:
    await _write(change, context)
    return _NOTHING_LEFT


async def _restore(change: Change, context: Context) -> Values:
    await recycle_bin.restore_application(context.azure.graph, change.body["id"])
    return {"application_object_id": change.body["id"]}


async def _delete(change: Change, context: Context) -> Values:
    await recycle_bin.delete_application(context.azure.graph, change.body["id"], context.progress)
    return _NOTHING_LEFT


async def _purge(change: Change, context: Context) -> Values:
    await recycle_bin.purge_application(context.azure.graph, change.body["id"], context.progress)
    return _NOTHING_LEFT


async def _create_principal(change: Change, context: Context) -> Values:
    client_id, graph = context.values["client_id"], context.azure.graph
    bound = applications.REPLICATION_BOUND if change.body["fresh"] else applications.SEEN_BOUND
    made = await applications.create_principal(graph, client_id, (MARK,), context.progress, bound=bound)
    return {"service_principal_id": made}


async def _delete_principal(change: Change, context: Context) -> Values:
    item = context.azure.graph.service_principals.by_service_principal_id(change.body["id"])
    await applications.unless_gone(item.delete)
    return {"service_principal_id": ""}


async def _create_secret(change: Change, context: Context) -> Values:
    body = change.body
    made = await client_secrets.create(
        context.azure.graph,
        context.values["application_object_id"],
        body["name"],
        body["days"],
        body["file"],
        lambda secret: context.reveal(f"Client secret {body['name']}", secret),
        context.progress,
        orphans=body["orphans"],
    )
    ends = made.ends.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if made.ends else ""
    file = "" if body["file"] == client_secrets.PRINTED else body["file"]
    return {"secret_key_id": made.key_id, "secret_expires": ends, "secret_file": file}


async def _remove_secret(change: Change, context: Context) -> Values:
    await client_secrets.remove(context.azure.graph, context.values["application_object_id"], change.body["key_id"])
    return {"secret_key_id": "", "secret_expires": "", "secret_file": ""} if change.body["current"] else {}


async def _remove_file(change: Change, _context: Context) -> Values:
    client_secrets.remove_file(change.body["file"])
    return {}


async def _add_owner(change: Change, context: Context) -> Values:
    graph, base = context.azure.graph, context.azure.cloud.graph
    object_id = context.values["application_object_id"]
    await application_links.add_owner(graph, base, object_id, change.body["id"], context.progress)
    return {}


async def _remove_owner(change: Change, context: Context) -> Values:
    object_id = context.values["application_object_id"]
    await application_links.remove_owner(context.azure.graph, object_id, change.body["id"], context.progress)
    return {}


async def _write_federated(change: Change, context: Context) -> Values:
    object_id = context.values["application_object_id"]
    await application_links.write_federated(context.azure.graph, object_id, change.body["target"], context.progress)
    return {}


async def _remove_federated(change: Change, context: Context) -> Values:
    object_id = context.values["application_object_id"]
    await application_links.remove_federated(context.azure.graph, object_id, change.body["name"], context.progress)
    return {}


_NOTHING_LEFT: Values = dict.fromkeys(
    (
        "app_name",
        "client_id",
        "application_object_id",
        "service_principal_id",
        "secret_key_id",
        "secret_expires",
        "secret_file",
    ),
    "",
)
_WRITES: Mapping[str, Callable[[Change, Context], Awaitable[Values]]] = {
    "create-application": _write,
    "update-application": _write,
    "adopt-application": _write,
    "release-application": _release,
    "restore-application": _restore,
    "delete-application": _delete,
    "purge-application": _purge,
    "create-service-principal": _create_principal,
    "delete-service-principal": _delete_principal,
    "create-secret": _create_secret,
    "remove-secret": _remove_secret,
    "drop-secret": _remove_secret,
    "remove-secret-file": _remove_file,
    "add-owner": _add_owner,
    "remove-owner": _remove_owner,
    "write-federated": _write_federated,
    "remove-federated": _remove_federated,
}


def hand_off(change: Change, wanted: Wanted) -> str:
    """Return the command by which somebody who may do it makes the change; "" where a client id is not known yet."""
    body = change.body
    if "target" in body and "graph" in body:
        key = body["object_id"]
        path = f"applications/{key}" if key else f"applications(uniqueName='{unique_name(wanted.instance_id)}')"
        return _rest("PATCH", f"{body['graph']}/v1.0/{path}", graph_json(body["target"]), upsert=not key)
    if change.key in ("restore-application", "purge-application"):
        verb = "restore" if change.key == "restore-application" else "purge"
        path = f"{body['graph']}/v1.0/directory/deletedItems/{body['id']}"
        return _rest("POST", f"{path}/restore") if verb == "restore" else _rest("DELETE", path)
    if change.key == "delete-application":
        return f"az ad app delete --id {body['id']}"
    return _of_app(change) if "app" in body else ""


def _of_app(change: Change) -> str:
    kind, body = change.key.partition(":")[0], change.body
    app = ["--id", body["app"]]
    commands: dict[str, Callable[[], list[str]]] = {
        "create-service-principal": lambda: ["sp", "create", *app],
        "create-secret": lambda: [
            "app", "credential", "reset", *app, "--append", "--display-name", body["name"], "--end-date", body["ends"],
        ],
        "remove-secret": lambda: ["app", "credential", "delete", *app, "--key-id", body["key_id"]],
        "drop-secret": lambda: ["app", "credential", "delete", *app, "--key-id", body["key_id"]],
        "add-owner": lambda: ["app", "owner", "add", *app, "--owner-object-id", body["id"]],
        "remove-owner": lambda: ["app", "owner", "remove", *app, "--owner-object-id", body["id"]],
        "write-federated": lambda: [
            "app", "federated-credential", *_create_or_update(body), *app, "--parameters", _parameters(body["target"]),
        ],
        "remove-federated": lambda: [
            "app", "federated-credential", "delete", *app, "--federated-credential-id", body["name"],
        ],
    }  # fmt: skip
    return shlex.join(["az", "ad", *commands[kind]()]) if kind in commands else ""


def _create_or_update(body: Mapping[str, Any]) -> list[str]:
    return ["update", "--federated-credential-id", body["target"].name] if body["change"] else ["create"]


def _parameters(one: Federated) -> str:
    wanted = {"name": one.name, "issuer": one.issuer, "subject": one.subject, "audiences": list(one.audiences)}
    return json.dumps(wanted)


def _rest(method: str, url: str, body: Any = None, *, upsert: bool = False) -> str:
    words = ["az", "rest", "--method", method, "--url", url]
    if body is not None:
        prefer = ["Prefer=create-if-missing"] if upsert else []
        words += ["--headers", "Content-Type=application/json", *prefer, "--body", json.dumps(body)]
    return shlex.join(words)


def graph_json(target: Settings) -> dict[str, Any]:
    """Return the settings as Graph's JSON."""
    body: dict[str, Any] = {
        "displayName": target.name,
        "signInAudience": target.audience,
        "publicClient": {"redirectUris": list(target.public)},
        "web": {
            "redirectUris": list(target.web),
            "implicitGrantSettings": {
                "enableAccessTokenIssuance": target.access_tokens,
                "enableIdTokenIssuance": target.id_tokens,
            },
        },
        "spa": {"redirectUris": list(target.spa)},
        "requiredResourceAccess": [
            {"resourceAppId": api, "resourceAccess": [{"id": one, "type": kind} for one, kind in access]}
            for api, access in target.permissions
        ],
        "tags": list(target.tags),
        "notes": target.notes,
    }
    if target.fallback is not None:
        body["isFallbackPublicClient"] = target.fallback
    if target.token_version is not None:
        body["api"] = {"requestedAccessTokenVersion": target.token_version}
    return body
