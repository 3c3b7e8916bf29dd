"""Shared access signatures of storage, verified as the service verifies them: with the account's key.

Sources: https://learn.microsoft.com/rest/api/storageservices/create-service-sas and .../create-account-sas
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

Verdict = Literal["right", "wrong", "expired", "not permitted"]

_WITH_ENCRYPTION_SCOPE = "2020-12-06"


def verify(sas: Mapping[str, str], account: str, container: str, keys: tuple[str, ...], permission: str) -> Verdict:
    """Say whether a signature, as the parameters of a query, gives `permission` in the container now."""
    signed = _account_text(sas, account) if "ss" in sas else _service_text(sas, account, container)
    if not any(hmac.compare_digest(_sign(key, signed), sas.get("sig", "")) for key in keys):
        return "wrong"
    if not _started(sas.get("st", "")) or _over(sas.get("se", "")):
        return "expired"
    if "ss" in sas and not ("b" in sas["ss"] and "o" in sas.get("srt", "")):
        return "not permitted"
    if "ss" not in sas and sas.get("sr") != "c":
        return "not permitted"
    return "right" if permission in sas.get("sp", "") else "not permitted"


def _service_text(sas: Mapping[str, str], account: str, container: str) -> str:
    fields = [*_values(sas, "sp", "st", "se"), f"/blob/{account}/{container}", *_values(sas, "si", "sip", "spr", "sv")]
    fields += [sas.get("sr", ""), ""]
    if sas.get("sv", "") >= _WITH_ENCRYPTION_SCOPE:
        fields.append(sas.get("ses", ""))
    return "\n".join([*fields, *_values(sas, "rscc", "rscd", "rsce", "rscl", "rsct")])


def _account_text(sas: Mapping[str, str], account: str) -> str:
    fields = [account, *_values(sas, "sp", "ss", "srt", "st", "se", "sip", "spr", "sv")]
    if sas.get("sv", "") >= _WITH_ENCRYPTION_SCOPE:
        fields.append(sas.get("ses", ""))
    return "\n".join([*fields, ""])


def _values(sas: Mapping[str, str], *names: str) -> list[str]:
    return [sas.get(name, "") for name in names]


def _sign(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()


def _started(time: str) -> bool:
    return not time or not _later(time)


def _over(time: str) -> bool:
    return not time or not _later(time)


def _later(time: str) -> bool:
    """Whether a time is still to come; what is no time never comes."""
    try:
        at = datetime.fromisoformat(time)
    except (ValueError, binascii.Error):
        return False
    return at.replace(tzinfo=at.tzinfo or UTC) > datetime.now(UTC)
