"""Device codes: a program shows a code, and a user enters it on another device.

`PUT /_emulator/device-codes/{code}` on the control interface stands for the browser. Shape, times and the answer
while waiting: learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code.
"""

from __future__ import annotations

import secrets
import time
from urllib.parse import parse_qsl

from emulator import seed
from emulator.entra.discovery import tenant_of
from emulator.entra.refusals import missing, refusal
from emulator.messages import Json, Reply, Request
from emulator.router import Router
from emulator.world import World

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_KIND = "deviceCode"
_PAGE = "https://microsoft.com/devicelogin"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LASTS, _INTERVAL = 900, 5

router = Router()


@router.add("POST", "/{tenant}/oauth2/v2.0/devicecode", latency="token")
def start(world: World, request: Request, tenant: str) -> Reply:
    """Return a code to show and one to poll with. Both are valid for 15 minutes."""
    tenant_of(tenant)
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    for name in ("client_id", "scope"):
        if not form.get(name):
            raise missing(name)
    user_code = "".join(secrets.choice(_LETTERS) for _ in range(9))
    device_code = secrets.token_urlsafe(120)
    kept = {"userCode": user_code, "client": form["client_id"], "scope": form["scope"], "ends": time.time() + _LASTS}
    world.store.put(_KIND, device_code, kept)
    text = f"To sign in, use a web browser to open the page {_PAGE} and enter the code {user_code} to authenticate."
    return Reply(
        200,
        {
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": _PAGE,
            "expires_in": _LASTS,
            "interval": _INTERVAL,
            "message": text,
        },
    )


def enter(world: World, user_code: str, name: str) -> bool:
    """Enter a code as the seeded user `name`; return False if there is no such code or user."""
    for key, kept in world.store.list(_KIND):
        if kept["userCode"] == user_code.upper() and name in seed.USERS:
            world.store.put(_KIND, key, {**kept, "objectId": seed.USERS[name].object_id})
            return True
    return False


def redeem(world: World, form: Json, client: str) -> tuple[str, str]:
    """Return the object id of the user who entered the code, and its requested scopes. Works once.

    Refuses (400) a code that was not entered yet, or that no longer exists.
    """
    code = form.get("device_code")
    if not code:
        raise missing("device_code")
    kept = world.store.get(_KIND, str(code))
    if kept is None or kept["client"] != client:
        text = "Invalid verification code due to User typing in wrong user code for device code flow."
        raise refusal(400, "bad_verification_code", 70018, text)
    if kept["ends"] < time.time():
        text = "The request has expired. Restart the flow to get a new code."
        raise refusal(400, "expired_token", 70019, text)
    if "objectId" not in kept:
        # learn.microsoft.com/answers/questions/981553 shows it.
        text = "The provided request has not yet been authorized by the user. The user must input their code."
        raise refusal(400, "authorization_pending", 70016, text)
    world.store.delete(_KIND, str(code))
    return str(kept["objectId"]), str(kept["scope"])
