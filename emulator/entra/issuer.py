"""The emulator's own OpenID issuer, in place of GitHub's, a cluster's or any other: tokens for any subject.

Nothing here asks another machine. So Entra ID in this world takes a token of any issuer if this issuer's key signed
it.
"""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from collections.abc import Mapping

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulator.messages import Json, Refused, Reply, Request
from emulator.tokens import key_of, new_key
from emulator.world import World

PATH = "/_emulator/oidc"
AUDIENCE = "api://AzureADTokenExchange"
"""What Entra ID expects of a federated token unless the credential says otherwise."""
_LIFETIME = 300
"""Seconds that a token is valid: as long as one of GitHub Actions."""


def answer(world: World, request: Request) -> Reply:
    """Answer below `PATH`: the issuer's discovery document, its keys, and tokens.

    `GET token?subject=S[&audience=A][&issuer=I][&lifetime=SECONDS]` answers `{"value": TOKEN}`, as the URL does that
    GitHub Actions gives to a job. A negative lifetime gives a token that has expired.
    """
    try:
        return _answer(world, request)
    except Refused as refused:
        return Reply(refused.status, {"error": {"code": refused.code, "message": refused.message}})


def _answer(world: World, request: Request) -> Reply:
    origin, rest = f"{world.arm_endpoint}{PATH}", request.path.removeprefix(f"{PATH}/")
    if (request.method, rest) == ("GET", ".well-known/openid-configuration"):
        body = {
            "issuer": origin,
            "jwks_uri": f"{origin}/keys",
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "claims_supported": ["sub", "aud", "exp", "iat", "iss", "jti", "nbf"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        }
        return Reply(200, body)
    if (request.method, rest) == ("GET", "keys"):
        return Reply(200, {"keys": [_public(_key(world))]})
    if (request.method, rest) == ("GET", "token"):
        return Reply(200, {"value": token(world, request.query)})
    raise Refused(404, "NotFound", f"There is no {request.method} {request.path}.")


def signed_by_issuer(world: World, assertion: str) -> bool:
    """Whether the issuer's key signed the assertion, whatever its claims."""
    options = dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_sub", "verify_jti"), False)
    try:
        jwt.decode(assertion, _key(world).public_key(), algorithms=["RS256"], options=options)  # type: ignore[arg-type]
    except jwt.InvalidTokenError:
        return False
    return True


def token(world: World, query: Mapping[str, str]) -> str:
    """Return a token as the query of `answer` asks for it; refuse (400) one without a subject."""
    subject = query.get("subject", "")
    try:
        lifetime = int(query.get("lifetime", str(_LIFETIME)))
    except ValueError:
        raise Refused(400, "InvalidSetting", "The lifetime is a whole number of seconds.") from None
    if not subject:
        raise Refused(400, "InvalidSetting", "Say for whom: ?subject=…")
    now = int(time.time())
    claims = {
        "iss": query.get("issuer") or f"{world.arm_endpoint}{PATH}",
        "sub": subject,
        "aud": query.get("audience") or AUDIENCE,
        "iat": min(now, now + lifetime),
        "nbf": min(now, now + lifetime) - _LIFETIME,
        "exp": now + lifetime,
        "jti": str(uuid.uuid4()),
    }
    key = _key(world)
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": _key_id(key)})


def _key(world: World) -> rsa.RSAPrivateKey:
    kept = world.store.get("world", "issuerKey")
    if kept is None:
        kept = {"pem": new_key()}
        world.store.put("world", "issuerKey", kept)
    return key_of(kept["pem"])


def _key_id(key: rsa.RSAPrivateKey) -> str:
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()[:20]).decode().rstrip("=")


def _public(key: rsa.RSAPrivateKey) -> Json:
    found = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": _key_id(key), "n": found["n"], "e": found["e"]}
