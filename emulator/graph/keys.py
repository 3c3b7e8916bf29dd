"""Certificates with which an application signs in: `keyCredentials`, set as a whole by POST and PATCH.

Rules: learn.microsoft.com/graph/api/resources/keycredential; Azure/azure-rest-api-specs#11985 and
microsoft/b2c-to-meeid-migration-tool#18 for the end; microsoftgraph/msgraph-sdk-java#1823 for `usage`.
"""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from emulator.graph.refusals import bad, invalid_value
from emulator.messages import Json, Refused

_TYPES, _USAGES = ("AsymmetricX509Cert", "X509CertAndPassword", "Symmetric"), ("Sign", "Verify")


def credentials(found: Json | None, requested: list[Json]) -> list[Json]:
    """Return the key credentials to store of an object that had those of `found`; refuse (400) wrong ones.

    A present one is named by its `keyId`, and needs no key.
    """
    present = {part["keyId"].lower(): part for part in (found or {}).get("keyCredentials", [])}
    return [_credential(present.get(str(part.get("keyId")).lower()), part) for part in requested]


def certificate_of(credential: Json) -> x509.Certificate | None:
    """Return the certificate of a key credential, DER or PEM in Base64, or None if it has none."""
    try:
        content = base64.b64decode(str(credential.get("key") or ""), validate=True)
        if content.startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except ValueError:
        return None


def _credential(present: Json | None, requested: Json) -> Json:
    if present is not None and requested.get("key") in (None, present.get("key")):
        return present
    if requested.get("type") not in _TYPES:
        raise invalid_value("type", "KeyCredential")
    if requested.get("usage") not in _USAGES:
        text = 'The value for the property "usage" in one of your credentials is invalid. Acceptable values are Sign,'
        raise bad(f"{text} Verify.")
    certificate = certificate_of(requested)
    if certificate is None:
        raise invalid_value("key", "KeyCredential")
    start = _moment(requested.get("startDateTime"), certificate.not_valid_before_utc)
    end = _moment(requested.get("endDateTime"), certificate.not_valid_after_utc)
    if end <= start or end > certificate.not_valid_after_utc:
        raise Refused(400, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid.")
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - what Graph identifies it by
    return {
        "customKeyIdentifier": requested.get("customKeyIdentifier") or thumbprint,
        "displayName": requested.get("displayName") or certificate.subject.rfc4514_string(),
        "endDateTime": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "key": requested["key"],
        "keyId": requested.get("keyId") or str(uuid.uuid4()),
        "startDateTime": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "type": requested["type"],
        "usage": requested["usage"],
    }


def _moment(text: str | None, default: datetime) -> datetime:
    found = datetime.fromisoformat(text) if text else default
    return found if found.tzinfo else found.replace(tzinfo=UTC)
