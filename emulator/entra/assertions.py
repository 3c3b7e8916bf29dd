"""The sign-in of an application by a signed assertion: with a certificate of its own, or another issuer's token.

Numbers and texts: MicrosoftDocs/SupportArticles-docs, the table of errors of client assertions; for certificates
AzureAD/microsoft-authentication-library-for-js#8339 and pnp/cli-microsoft365#1621; for federated credentials
Azure/login#482, Azure/login#517, Azure/azure-workload-identity#340 and #1200.
"""

from __future__ import annotations

import base64
import binascii
import time
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from emulator import seed
from emulator.entra import issuer
from emulator.entra.refusals import missing, refusal
from emulator.graph import federated
from emulator.graph.keys import certificate_of
from emulator.messages import Json, Refused
from emulator.world import World

_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CERTIFICATES = "https://learn.microsoft.com/entra/identity-platform/certificate-credentials"
_FEDERATION = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
_LEEWAY = 300
"""Seconds that clocks may differ."""


def check(world: World, form: Json, application: Json, principal: Json | None, token_url: str) -> None:
    """Refuse (400, 401) an assertion that doesn't sign in as the application.

    `application` and `principal` are as the answering replica shows them; `token_url` is where it was sent.
    """
    if form.get("client_assertion_type") != _TYPE:
        raise missing("client_assertion_type")
    text = str(form["client_assertion"])
    try:
        header: Json = jwt.get_unverified_header(text)
        claims: Json = jwt.decode(text, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise _invalid(50027, "JWT token is invalid or malformed.") from None
    client = str(application["appId"])
    who = [str(claims.get(name, "")).lower() for name in ("iss", "sub")]
    thumbprint = header.get("x5t#S256") or header.get("x5t")
    if thumbprint or client.lower() in who:
        _check_certificate(text, header, [application, principal or {}], client)
        if who != [client.lower(), client.lower()]:
            raise _invalid(
                700021,
                "Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation "
                f"at {_CERTIFICATES} .",
            )
        if claims.get("aud") not in _own_audiences(token_url):
            advice = f"Review the documentation at {_CERTIFICATES} ."
            raise _invalid(700023, f"Client assertion audience claim does not match Realm issuer. {advice}")
    else:
        _check_federated(world, application, claims)
        if not issuer.signed_by_issuer(world, text):
            reason = "[Reason - The key was not found.]"
            raise _invalid(50013, f"Assertion failed signature validation. {reason}")
    _check_times(claims)


def _check_certificate(text: str, header: Json, holders: list[Json], client: str) -> None:
    thumbprint = header.get("x5t#S256") or header.get("x5t")
    if not thumbprint:
        raise _invalid(50027, "JWT token is invalid or malformed. No certificate thumbprint specified in token header.")
    algorithm = hashes.SHA256() if header.get("x5t#S256") else hashes.SHA1()  # noqa: S303 - what `x5t` is
    visit = (
        "Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id "
        f"'{client}'."
    )
    shown = _hexadecimal(str(thumbprint))
    for credential in [part for holder in holders for part in holder.get("keyCredentials", [])]:
        certificate = certificate_of(credential)
        if certificate is None or certificate.fingerprint(algorithm).hex().upper() != shown:
            continue
        key, now = certificate.public_key(), datetime.now(UTC)
        start, end = _moment(credential["startDateTime"]), _moment(credential["endDateTime"])
        found = f"Found key 'Start={start:%m/%d/%Y %H:%M:%S}, End={end:%m/%d/%Y %H:%M:%S}'"
        if not start <= now <= end:
            reason = (
                f"[Reason - The key used is expired., Thumbprint of key used by client: '{shown}', {found}, {visit}]"
            )
            raise _invalid(700027, f"Client assertion contains an invalid signature. {reason}")
        options = dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_sub"), False)
        try:
            assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101 - another key fails as a wrong signature does
            jwt.decode(text, key, algorithms=["RS256", "PS256"], options=options)  # type: ignore[arg-type]
        except (jwt.InvalidTokenError, AssertionError):
            reason = (
                "[Reason - Key was found, but use of the key to verify the signature failed., Thumbprint of key used "
                f"by client: '{shown}', {found}, {visit}]"
            )
            raise _invalid(700027, f"Client assertion contains an invalid signature. {reason}") from None
        return
    raise _invalid(
        700027,
        "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - "
        f"The key was not found., Thumbprint of key used by client: '{shown}', {visit}]",
    )


def _check_federated(world: World, application: Json, claims: Json) -> None:
    presented = {name: claims.get(name) for name in ("iss", "sub", "aud")}
    if _matches(application, presented):
        return
    if _matches(world.store.get("application", str(application["id"])) or {}, presented):
        # Not replicated yet: .../workload-identity-federation-considerations, "Allow time for propagation".
        text = (
            f"No matching federated identity record found for presented assertion. Assertion Issuer: "
            f"'{presented['iss']}'. Assertion Subject: '{presented['sub']}'. Assertion Audience: '{presented['aud']}'. "
            f"{_FEDERATION}"
        )
        raise _invalid(70021, text)
    credentials: list[Json] = application.get(federated.FIELD, [])
    if not credentials:
        name = f"'{application['appId']}'({application['displayName']})"
        raise _invalid(70025, f"The client {name} has no configured federated identity credentials.")
    advice = (
        "Check your federated identity credential Subject, Audience and Issuer against the presented assertion. "
        f"{_FEDERATION}"
    )
    record = "No matching federated identity record found for presented assertion"
    credentials = [part for part in credentials if part["issuer"] == presented["iss"]]
    if not credentials:
        raise _invalid(700211, f"{record} issuer '{presented['iss']}'. {advice}")
    subjects = [part for part in credentials if part["subject"] == presented["sub"]]
    if not subjects:
        alike = [part for part in credentials if part["subject"].lower() == str(presented["sub"]).lower()]
        if alike:
            text = "The subject matches with case-insensitive comparison, but not with case-sensitive comparison."
            raise _invalid(7002138, f"{record} subject '{presented['sub']}'. {text} {advice}")
        raise _invalid(700213, f"{record} subject '{presented['sub']}'. {advice}")
    raise _invalid(700212, f"{record} audience '{presented['aud']}'. {advice}")


def _matches(application: Json, presented: dict[str, Any]) -> bool:
    return any(
        (part["issuer"], part["subject"]) == (presented["iss"], presented["sub"])
        and presented["aud"] in part["audiences"]
        for part in application.get(federated.FIELD, [])
    )


def _check_times(claims: Json) -> None:
    now, start, end = time.time(), claims.get("nbf", 0), claims.get("exp", 0)
    if not start - _LEEWAY <= now < end + _LEEWAY or not end:
        raise _invalid(
            700024,
            f"Client assertion is not within its valid time range. Current time: {_time(now)}, assertion valid from "
            f"{_time(start)}, expiry time of assertion {_time(end)}. Review the documentation at {_CERTIFICATES} .",
        )


def _own_audiences(token_url: str) -> set[str]:
    base = token_url.partition("/oauth2/")[0]
    bases = {base, f"{base.rpartition('/')[0]}/{seed.TENANT}"}
    return {f"{part}{rest}" for part in bases for rest in ("/oauth2/v2.0/token", "/oauth2/token", "/v2.0", "/", "")}


def _hexadecimal(thumbprint: str) -> str:
    try:
        return base64.urlsafe_b64decode(thumbprint + "=" * (-len(thumbprint) % 4)).hex().upper()
    except (binascii.Error, ValueError):
        return thumbprint


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def _invalid(number: int, text: str) -> Refused:
    return refusal(401, "invalid_client", number, text)
