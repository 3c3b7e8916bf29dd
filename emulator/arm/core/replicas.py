"""Resource Manager's own replicas, which lag where that is asked for (`PUT /_emulator/arm-replicas`).

What was just created is then unknown to as many requests as were set: for itself and for what is in it (404), its
operation's status (404), and a provider that was just registered (409). Sources: hashicorp/terraform-provider-azurerm
#18268, #25758, #4682; Azure/azure-sdk-for-go#21608.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from emulator.arm.core.errors import group_not_found, resource_not_found
from emulator.messages import Refused, Reply, Request
from emulator.world import World

_GROUP = re.compile(r"/subscriptions/[^/]+/resourcegroups/(?P<group>[^/]+)")
_RESOURCE = re.compile(r"/subscriptions/[^/]+/resourcegroups/(?P<group>[^/]+)/providers/(?P<kind>.+)/(?P<name>[^/]+)")
_REGISTER = re.compile(r"/subscriptions/(?P<subscription>[^/]+)/providers/(?P<namespace>[^/]+)/register")
KIND = "armReplica"


def refuse_unknown(world: World, request: Request) -> None:
    """Refuse a request that meets a replica which doesn't know a part of its path yet."""
    path = request.path.lower()
    for key, kept in world.store.list(KIND):
        if not _concerns(key, path) or kept["left"] <= 0:
            continue
        world.store.put(KIND, key, {"left": kept["left"] - 1})
        raise _refusal(key)


def note(world: World, request: Request, reply: Reply) -> None:
    """Remember what the request has created, if replicas are to lag; and forget what it has deleted."""
    setting = world.store.get("armReplicas", "lag")
    path = request.path.lower()
    if request.method == "DELETE":
        world.store.delete(KIND, path)
    if setting is None or reply.status >= 300:
        return
    created = [path] if request.method == "PUT" and reply.status == 201 else []
    created += [path] if _REGISTER.fullmatch(path) else []
    status = reply.headers.get("Azure-AsyncOperation")
    created += [urlsplit(status).path.lower()] if status and request.method == "PUT" else []
    for key in created:
        world.store.put(KIND, key, {"left": int(setting["value"])})


def _concerns(key: str, path: str) -> bool:
    if registered := _REGISTER.fullmatch(key):
        start = f"/subscriptions/{registered['subscription']}/resourcegroups/"
        return path.startswith(start) and f"/providers/{registered['namespace']}/" in path
    return f"{path}/".startswith(f"{key}/")


def _refusal(key: str) -> Refused:
    if registered := _REGISTER.fullmatch(key):
        text = f"The subscription is not registered to use namespace '{registered['namespace']}'. See "
        text += "https://aka.ms/rps-not-found for how to register subscriptions."
        return Refused(409, "MissingSubscriptionRegistration", text)
    if group := _GROUP.fullmatch(key):
        return group_not_found(group["group"])
    if resource := _RESOURCE.fullmatch(key):
        return resource_not_found(resource["kind"], resource["name"], resource["group"])
    return Refused(404, "OperationNotFound", f"The operation '{key.rpartition('/')[2]}' could not be found.")
