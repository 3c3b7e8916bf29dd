"""The control interface for tests, `/_emulator/...` on the custom cloud's origin. Never faulted, counted, recorded."""

from __future__ import annotations

import json
from typing import Any

from emulator import certificates, dispatch, seed
from emulator.entra import device_codes, issuer
from emulator.faults import BadRules, Faults
from emulator.graph import policies
from emulator.inventory import render
from emulator.journal import Journal
from emulator.messages import Refused, Reply, Request
from emulator.world import World

PREFIX = "/_emulator"


def answer(world: World, faults: Faults, journal: Journal, request: Request) -> Reply:
    """Answer one control request.

    `GET /_emulator/inventory[?volatile=omit]`; `GET` and `PUT /_emulator/faults`; `GET /_emulator/requests`, and
    `DELETE` to count anew; `GET /_emulator/users`: who can sign in with a password, and with which; `PUT
    /_emulator/app-management-policy`: what client secrets the tenant allows, see `emulator.graph.policies`; `PUT
    /_emulator/conditional-access` with `{"graph": true, "resourceManager": true}`: who demands a new sign-in; `PUT
    /_emulator/arm-replicas` with `{"lag": N}`, see `emulator.arm.core.replicas`; `PUT
    /_emulator/network` with `{"inside": true}`: callers are in the network of the private endpoints; `PUT
    /_emulator/device-codes/{code}` with `{"signIn": NAME}`: that user enters a code that a program shows;
    `GET /_emulator/oidc/...`: an OpenID issuer, see `emulator.entra.issuer`; `PUT /_emulator/fronts/{host}` with
    `{"port": N}`: another program plays this host from now on, at that port of loopback, and is answered its `pem`: a
    key and a certificate, which clients of the emulator trust.
    """
    what = (request.method, request.path.removeprefix(f"{PREFIX}/"))
    if what == ("GET", "inventory"):
        with world.store.transaction():
            items = dispatch.inventory(world)
        return Reply(200, render(items, volatile=request.query.get("volatile") != "omit"))
    if what == ("GET", "users"):
        return Reply(200, {user.name: _sign_in(world, user) for user in seed.USERS.values()})
    if what == ("GET", "requests"):
        return Reply(200, journal.json())
    if what == ("DELETE", "requests"):
        journal.clear()
        return Reply(200, journal.json())
    if what == ("PUT", "faults"):
        try:
            faults.replace(_json(request.body))
        except BadRules as error:
            return refusal(Refused(400, "InvalidFaults", str(error)))
    if what in (("GET", "faults"), ("PUT", "faults")):
        return Reply(200, faults.json())
    if what == ("PUT", "app-management-policy"):
        try:
            policy = request.json()
        except Refused as refused:
            return refusal(refused)
        world.store.put(policies.KIND, policies.KEY, policy)
        return Reply(200, policy)
    if request.method == "PUT" and what[1] in _DEMANDS:
        return _demand(world, *_DEMANDS[what[1]], request)
    if what[1].startswith("oidc/"):
        return issuer.answer(world, request)
    kind, _, name = what[1].partition("/")
    if request.method == "PUT" and kind in _NAMED:
        return _NAMED[kind](world, name, request)
    return refusal(Refused(404, "NotFound", f"There is no {request.method} {request.path}."))


_DEMANDS = {
    "conditional-access": (("graph", "resourceManager"), "conditionalAccess"),
    "arm-replicas": (("lag",), "armReplicas"),
    "network": (("inside",), "network"),
}


def _demand(world: World, keys: tuple[str, ...], kind: str, request: Request) -> Reply:
    """Put a document for each of the keys that the body sets, and remove those of the others."""
    try:
        asked = request.json()
    except Refused as refused:
        return refusal(refused)
    if unknown := sorted(set(asked) - set(keys)):
        return refusal(Refused(400, "InvalidSetting", f"Unknown: {', '.join(unknown)}; known: {', '.join(keys)}."))
    for key in keys:
        if asked.get(key):
            world.store.put(kind, key, {"value": asked[key]})
        else:
            world.store.delete(kind, key)
    return Reply(200, asked)


def _hand_over(world: World, name: str, request: Request) -> Reply:
    host = name.lower()
    try:
        port = request.json().get("port")
    except Refused as refused:
        return refusal(refused)
    if dispatch.known_host(host) or not isinstance(port, int):
        return refusal(Refused(400, "InvalidFront", f"{host} is the emulator's own, or there is no port."))
    world.fronts[host] = port
    return Reply(200, {"pem": certificates.issue(world.data, host).decode()})


def _enter(world: World, code: str, request: Request) -> Reply:
    try:
        name = str(request.json().get("signIn"))
    except Refused as refused:
        return refusal(refused)
    if not device_codes.enter(world, code, name):
        return refusal(Refused(404, "NotFound", f"There is no code {code}, or no user {name}."))
    return Reply(200, {"signIn": name})


def _sign_in(world: World, user: seed.User) -> dict[str, str]:
    record = world.store.get("password", user.principal_name) or {}
    return {"username": user.principal_name, "password": str(record.get("password", ""))}


_NAMED = {"device-codes": _enter, "fronts": _hand_over}


def refusal(refused: Refused) -> Reply:
    """Render an error in the shape that Azure's services share."""
    return Reply(refused.status, {"error": {"code": refused.code, "message": refused.message}})


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise BadRules(f"The rules are not JSON: {error}.") from None
