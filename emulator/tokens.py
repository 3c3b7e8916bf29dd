"""Tokens as Entra ID signs them, and the check every service makes of them.

Claims follow the published reference of version 1.0 access tokens; the refusals are the ones that Resource Manager
and Microsoft Graph are known to answer.
"""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulator import seed
from emulator.messages import Caller, Json, Request
from emulator.store import Store
from emulator.token_refusals import Refusals, refusals_of

ARM_AUDIENCES = frozenset({"https://management.azure.com/", "https://management.core.windows.net/"})
ARM_AUDIENCES |= {"https://management.usgovcloudapi.net/", "https://management.chinacloudapi.cn/"}
ARM_AUDIENCES |= {"https://management.core.usgovcloudapi.net/", "https://management.core.chinacloudapi.cn/"}
GRAPH_AUDIENCES = frozenset({"https://graph.microsoft.com/", seed.GRAPH_APP})
GRAPH_AUDIENCES |= {"https://graph.microsoft.us/", "https://microsoftgraph.chinacloudapi.cn/"}
DATA_PLANE_AUDIENCES = frozenset({"https://digitaltwins.azure.net/", seed.DIGITAL_TWINS_APP})
STORAGE_AUDIENCES = frozenset({"https://storage.azure.com/"})
"""Of every storage account, in every cloud. The emulator has no storage: what plays it checks these tokens."""
PORTAL_AUDIENCES = frozenset({"74658136-14ec-4630-ad9b-26e160ff0fc6"})
"""The portal's service; its application id is in the Azure CLI's source."""

LIFETIME = 3900
"""Seconds that a token is valid. Five minutes of them are over when it is issued, as with Entra ID."""
BACKDATED = 300

_ADMINISTRATOR_ROLE = "62e90394-69f5-4237-9190-012177145e10"
_MEMBER_ROLE = "b79fbf4d-3ef9-4689-8143-76b194e85509"
_SCOPES = (
    (ARM_AUDIENCES, "user_impersonation"),
    (DATA_PLANE_AUDIENCES, "Read.Write"),
    (STORAGE_AUDIENCES, "user_impersonation"),
    (PORTAL_AUDIENCES, "user_impersonation"),
    (GRAPH_AUDIENCES, "Application.ReadWrite.All Directory.AccessAsUser.All Directory.Read.All User.Read.All"),
)


@dataclass(frozen=True)
class Token:
    """A signed token and its times, in seconds since the epoch."""

    text: str
    not_before: int
    expires: int

    def lasts(self) -> int:
        """Return the seconds that it is still valid: one less than a full hour when new, as with Entra ID."""
        return self.expires - int(time.time()) - 1

    def local_answer(self, resource: str) -> Json:
        """Return the answer of Cloud Shell's and a machine's token endpoint: numbers as text, `resource` as sent."""
        return {
            "access_token": self.text,
            "refresh_token": "",
            "expires_in": str(self.lasts()),
            "expires_on": str(self.expires),
            "not_before": str(self.not_before),
            "resource": resource,
            "token_type": "Bearer",
        }


def same_audience(audience: str, audiences: Iterable[str]) -> bool:
    """Whether `one` is among `audiences`: a trailing slash and case make no difference."""
    return _bare(audience) in {_bare(audience) for audience in audiences}


def _bare(audience: str) -> str:
    return audience.rstrip("/").lower()


class TokenAuthority:
    """Signs and verifies with the RSA key of this world, which is in the store."""

    def __init__(self, store: Store, arm_endpoint: str) -> None:
        kept = store.get("world", "signingKey")
        if kept is None:
            kept = {"pem": new_key()}
            store.put("world", "signingKey", kept)
        self._private = key_of(kept["pem"])
        self._public = self._private.public_key()
        der = self._public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.key_id = base64.urlsafe_b64encode(hashlib.sha256(der).digest()[:20]).decode().rstrip("=")
        self._arm_endpoint = arm_endpoint
        self._signed = lru_cache(maxsize=100)(self._read_signed)  # a client sends its token with every request

    def resource(self, asked: str) -> str | None:
        """Return the `aud` of a token for the resource `asked`, or None for an unknown resource."""
        known = ARM_AUDIENCES | DATA_PLANE_AUDIENCES | STORAGE_AUDIENCES | PORTAL_AUDIENCES | self._graph_audiences()
        return asked if same_audience(asked, known) else None

    def key_set(self) -> Json:
        """Return the JSON Web Key Set that verifies this authority's tokens."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._public, as_dict=True)
        return {
            "keys": [{"kty": "RSA", "use": "sig", "kid": self.key_id, "x5t": self.key_id, "n": key["n"], "e": key["e"]}]
        }

    def for_user(
        self,
        user: seed.User,
        audience: str,
        *,
        client: str = seed.AZURE_CLI_APP,
        capabilities: Collection[str] = (),
        contexts: Collection[str] = (),
        tenant: str = seed.TENANT,
        lifetime: int = LIFETIME,
    ) -> Token:
        """Issue a delegated access token for the emulated tenant, whatever the user's home tenant is."""
        claims = user_claims(user, client) | {"scp": self._scopes(audience)}
        if contexts:
            claims |= {"acrs": sorted(contexts), "amr": ["pwd", "mfa"]}
        return self._access(claims, audience, capabilities, tenant, lifetime)

    def for_app(
        self,
        app_id: str,
        object_id: str,
        audience: str,
        *,
        roles: Collection[str] = (),
        capabilities: Collection[str] = (),
        tenant: str = seed.TENANT,
        lifetime: int = LIFETIME,
        identity: str = "",
    ) -> Token:
        """Issue an access token of a service principal; `roles` only show in a token for Microsoft Graph.

        `identity` is the resource id of a managed identity. Those sign in with certificates (the FAQ of managed
        identities), which is "2" in the published reference of claims.
        """
        claims: Json = {
            "appid": app_id,
            "appidacr": "1",
            "idp": f"https://sts.windows.net/{tenant}/",
            "idtyp": "app",
            "oid": object_id,
            "sub": object_id,
        }
        if roles and same_audience(audience, self._graph_audiences()):
            claims["roles"] = sorted(roles)
        if identity:
            claims |= {"appidacr": "2", "xms_mirid": identity}
        return self._access(claims, audience, capabilities, tenant, lifetime)

    def verify(self, request: Request, audiences: Collection[str]) -> Caller:
        """Return who the request's bearer token speaks for.

        Checks signature, times, issuer and audience; raises Refused (401) in the words of the service that accepts
        `audiences`. Like Azure, it does not check whether the identity still exists.
        """
        accepted = set(audiences)
        if same_audience(seed.GRAPH_APP, accepted) or same_audience("https://graph.microsoft.com", accepted):
            accepted |= self._graph_audiences()
        refusals = refusals_of(accepted)
        claims = self._claims(_bearer(request, refusals), refusals)
        if claims["iss"] != f"https://sts.windows.net/{seed.TENANT}/" or claims["tid"] != seed.TENANT:
            raise refusals.tenant(str(claims["iss"]))
        if not same_audience(str(claims["aud"]), accepted):
            raise refusals.audience(str(claims["aud"]))
        app = claims.get("idtyp") == "app"
        return Caller(
            object_id=claims["oid"],
            tenant_id=claims["tid"],
            kind="app" if app else "user",
            app_id=claims["appid"],
            name=claims["appid"] if app else claims.get("upn") or claims["unique_name"],
            permissions=frozenset(claims.get("roles", ())),
            contexts=frozenset(claims.get("acrs", ())),
        )

    def sign(self, claims: Json) -> str:
        """Sign `claims` as they are."""
        return jwt.encode(claims, self._private, algorithm="RS256", headers={"kid": self.key_id, "x5t": self.key_id})

    def read(self, text: str, audience: str) -> Json | None:
        """Return the claims of a token that this authority signed for `audience` and that is still valid, or None."""
        try:
            return dict(jwt.decode(text, self._public, algorithms=["RS256"], audience=audience))
        except jwt.InvalidTokenError:
            return None

    def _claims(self, text: str, refusals: Refusals) -> Json:
        try:
            claims = self._signed(text)
        except jwt.InvalidTokenError:
            raise refusals.invalid() from None
        now = time.time()
        if claims["exp"] <= now:
            raise refusals.expired(float(claims["exp"]))
        if claims["nbf"] > now:
            raise refusals.invalid()
        return claims

    def _read_signed(self, text: str) -> Json:
        """Return the claims of a token that this authority signed, whatever the time: `jwt.InvalidTokenError` else."""
        times = dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat"), False)
        options: Any = {"require": ["exp", "nbf", "iss", "aud", "oid", "tid", "appid"], "verify_aud": False, **times}
        return dict(jwt.decode(text, self._public, algorithms=["RS256"], options=options))

    def _access(self, claims: Json, audience: str, capabilities: Collection[str], tenant: str, lifetime: int) -> Token:
        now = int(time.time()) - BACKDATED
        token: Json = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{tenant}/",
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "aio": uuid.uuid4().hex,
            "tid": tenant,
            "uti": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="),
            "ver": "1.0",
            **claims,
        }
        if capabilities:
            token["xms_cc"] = sorted(capabilities)
        return Token(self.sign(token), now, now + lifetime)

    def _scopes(self, audience: str) -> str:
        return next((scopes for known, scopes in _SCOPES if same_audience(audience, known)), _SCOPES[-1][1])

    def _graph_audiences(self) -> frozenset[str]:
        # In the custom cloud, Graph's resource is the one origin.
        return GRAPH_AUDIENCES | {self._arm_endpoint, self._arm_endpoint.replace("127.0.0.1", "localhost")}


def user_claims(user: seed.User, client: str) -> Json:
    """Return a user's claims. A guest and a personal account have no `upn` but the `idp` of their home."""
    given, _, family = user.display_name.partition(" ")
    claims: Json = {
        "acr": "1",
        "amr": ["pwd"],
        "appid": client,
        "appidacr": "0",
        "family_name": family,
        "given_name": given,
        "idtyp": "user",
        "ipaddr": "203.0.113.7",
        "name": user.display_name,
        "oid": user.object_id,
        "puid": _puid(user),
        "sub": base64.urlsafe_b64encode(hashlib.sha256(f"{user.object_id}{client}".encode()).digest())
        .decode()
        .rstrip("="),
        "wids": [_ADMINISTRATOR_ROLE] if user.directory == "administrator" else [_MEMBER_ROLE],
    }
    if user.home_tenant == seed.TENANT:
        return claims | {"upn": user.principal_name, "unique_name": user.principal_name}
    if user.home_tenant == seed.HOME_TENANT:
        foreign = {"idp": "live.com", "altsecid": f"1:live.com:{_puid(user)}", "unique_name": f"live.com#{user.mail}"}
    else:
        foreign = {"idp": f"https://sts.windows.net/{user.home_tenant}/", "unique_name": user.mail}
    return claims | {"email": user.mail, **foreign}


def _puid(user: seed.User) -> str:
    return "1003" + hashlib.sha256(user.object_id.encode()).hexdigest()[:12].upper()


def _bearer(request: Request, refusals: Refusals) -> str:
    header = request.headers.get("Authorization", "")
    if not header:
        raise refusals.missing()
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise refusals.malformed()
    return text.strip()


def new_key() -> str:
    """Return a new RSA key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def key_of(pem: str) -> rsa.RSAPrivateKey:
    """Return a key that `new_key` made. It isn't checked, which takes a twentieth of a second each time."""
    key = serialization.load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - made by new_key
    return key
