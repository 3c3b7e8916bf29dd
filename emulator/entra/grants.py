"""The token endpoint, versions 1.0 and 2.0: client credentials, password, device code, refresh token."""

from __future__ import annotations

import base64
import hmac
import json
import time
from urllib.parse import parse_qsl

from emulator import seed
from emulator.entra import device_codes
from emulator.entra.clients import signed_in
from emulator.entra.discovery import tenant_of
from emulator.entra.refusals import missing, refusal, unknown_resource
from emulator.messages import Json, Refused, Reply, Request
from emulator.router import Router
from emulator.tokens import Token, user_claims
from emulator.world import World

router = Router()

_OPENID = frozenset({"openid", "profile", "offline_access", "email"})
_REFRESH_AUDIENCE = "refresh"
_REFRESH_LIFETIME = 90 * 24 * 3600


@router.add("POST", "/{tenant}/oauth2/v2.0/token", latency="token")
@router.add("POST", "/{tenant}/oauth2/token", latency="token")
def token(world: World, request: Request, tenant: str) -> Reply:
    """Answer a token request, or refuse it with Entra ID's numbered errors."""
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    found = tenant_of(tenant)
    grant = _need(form, "grant_type")
    client = _need(form, "client_id")
    v2 = request.path.lower().endswith("/v2.0/token")
    if grant == "client_credentials":
        if found is None:
            text = (
                "No tenant-identifying information found in either the request or implied by any provided credentials."
            )
            raise refusal(400, "invalid_request", 50059, text)
        return _for_app(world, form, client, f"{request.origin}{request.path}", v2=v2)
    if grant == "password":
        return _for_user(world, form, _by_password(world, form), client, v2=v2)
    if grant == device_codes.GRANT:
        who, scope = device_codes.redeem(world, form, client)
        return _for_user(world, {"scope": scope, **form}, _user(who), client, v2=v2)
    if grant == "refresh_token":
        return _for_user(world, form, _by_refresh_token(world, form, client), client, v2=v2)
    raise refusal(400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")


def _for_app(world: World, form: Json, client: str, url: str, *, v2: bool) -> Reply:
    application, principal = signed_in(world, client, form, url)
    audience = _audience(world, form, v2=v2, app=True)
    automation = next((known for known in seed.AUTOMATIONS.values() if known.app_id == client.lower()), None)
    issued = world.tokens.for_app(
        str(application["appId"]),
        str(principal["id"]),
        audience,
        roles=automation.graph_roles if automation else (),
        capabilities=_asked(form, "xms_cc"),
    )
    return Reply(200, _answer(issued, audience, v2=v2))


def _for_user(world: World, form: Json, user: seed.User, client: str, *, v2: bool) -> Reply:
    audience = _audience(world, form, v2=v2, app=False)
    # Whoever is asked for an authentication context satisfies it: nobody is there to show a second factor.
    issued = world.tokens.for_user(
        user, audience, client=client, capabilities=_asked(form, "xms_cc"), contexts=_asked(form, "acrs")
    )
    now = int(time.time())
    shared = {"iat": now, "nbf": now, "tid": seed.TENANT}
    body = _answer(issued, audience, v2=v2) | {
        "scope": form.get("scope") or "user_impersonation",
        "refresh_token": world.tokens.sign(
            shared | {"aud": _REFRESH_AUDIENCE, "exp": now + _REFRESH_LIFETIME, "oid": user.object_id, "appid": client}
        ),
        "id_token": world.tokens.sign(
            user_claims(user, client)
            | shared
            | {
                "aud": client,
                "exp": issued.expires,
                "iss": f"https://login.microsoftonline.com/{seed.TENANT}/v2.0",
                "preferred_username": user.principal_name,
                "ver": "2.0",
            }
        ),
    }
    if form.get("client_info"):
        info = json.dumps({"uid": user.object_id, "utid": seed.TENANT}).encode()
        body["client_info"] = base64.urlsafe_b64encode(info).decode().rstrip("=")
    return Reply(200, body)


def _answer(issued: Token, audience: str, *, v2: bool) -> Json:
    if v2:
        lasts = issued.lasts()
        return {"token_type": "Bearer", "expires_in": lasts, "ext_expires_in": lasts, "access_token": issued.text}
    return {
        "token_type": "Bearer",
        "expires_in": str(issued.lasts()),
        "ext_expires_in": str(issued.lasts()),
        "expires_on": str(issued.expires),
        "not_before": str(issued.not_before),
        "resource": audience,
        "access_token": issued.text,
    }


def _by_password(world: World, form: Json) -> seed.User:
    name, password = _need(form, "username"), _need(form, "password")
    kept = world.store.get("password", name)
    if kept is None:
        text = f"The user account {name} does not exist in the {seed.TENANT} directory."
        raise refusal(400, "invalid_grant", 50034, text)
    if not hmac.compare_digest(str(kept["password"]).encode(), password.encode()):
        text = "Error validating credentials due to invalid username or password."
        raise refusal(400, "invalid_grant", 50126, text)
    return _user(str(kept["objectId"]))


def _by_refresh_token(world: World, form: Json, client: str) -> seed.User:
    claims = world.tokens.read(_need(form, "refresh_token"), _REFRESH_AUDIENCE)
    if claims is None or claims["appid"] != client:
        text = "Provided grant is invalid or malformed."
        raise refusal(400, "invalid_grant", 9002313, text)
    return _user(str(claims["oid"]))


def _user(object_id: str) -> seed.User:
    return next(user for user in seed.USERS.values() if user.object_id == object_id)


def _audience(world: World, form: Json, *, v2: bool, app: bool) -> str:
    asked = _asked_by_scope(form, app=app) if v2 else _need(form, "resource")
    audience = world.tokens.resource(asked)
    if audience is None:
        raise unknown_resource(asked)
    return audience


def _asked_by_scope(form: Json, *, app: bool) -> str:
    scopes = [scope for scope in _need(form, "scope").split() if scope not in _OPENID]
    resources = {scope.rpartition("/")[0] for scope in scopes}
    if not scopes:
        return "https://graph.microsoft.com"
    if app and not all(scope.endswith("/.default") for scope in scopes):
        raise _bad_scope(
            1002012,
            f"The provided value for scope {' '.join(scopes)} is not valid. Client credential flows must have a scope "
            "value with /.default suffixed to the resource identifier (application ID URI).",
        )
    if len(resources) > 1 or not all(resources):
        listed = " ".join(scopes)
        text = f"The provided value for the input parameter 'scope' is not valid. The scope {listed} is not valid."
        raise _bad_scope(70011, text)
    return resources.pop()


def _bad_scope(number: int, text: str) -> Refused:
    return refusal(400, "invalid_scope", number, text)


def _asked(form: Json, claim: str) -> list[str]:
    """Return the values that the form's `claims` ask for in the access token."""
    try:
        asked = json.loads(form.get("claims") or "{}")
        return [str(value) for value in asked["access_token"][claim]["values"]]
    except (ValueError, KeyError, TypeError):
        return []


def _need(form: Json, name: str) -> str:
    value = form.get(name)
    if not value:
        raise missing(name)
    return str(value)
