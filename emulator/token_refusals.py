"""How each service refuses a token: always 401, with different codes and headers.

The data plane of Digital Twins says neither code nor why (`emulator/dataplane/__init__.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from emulator import seed
from emulator.messages import Refused

_AUTHORITY = f"https://login.windows.net/{seed.TENANT}"


class Refusals:
    """Resource Manager's refusals; codes and texts as users reported them."""

    def __init__(self, audiences: Collection[str]) -> None:
        self._audiences = sorted(audiences)

    def missing(self) -> Refused:
        """Return the refusal of a request without an Authorization header."""
        return self._say("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")

    def malformed(self) -> Refused:
        """Return the refusal of an Authorization header that is no bearer token."""
        text = "Authentication failed. The 'Authorization' header is provided in an invalid format."
        return self._say("AuthenticationFailedInvalidHeader", text)

    def invalid(self) -> Refused:
        """Return the refusal of an invalid token: wrongly signed, not valid yet, or without a required claim."""
        return self._say("InvalidAuthenticationToken", "The access token is invalid.")

    def expired(self, at: float) -> Refused:
        """Return the refusal of a token past its `exp`."""
        text = (
            f"The access token expiry UTC time '{_clock(at)}' is earlier than current UTC time "
            f"'{_clock(datetime.now(UTC).timestamp())}'."
        )
        return self._say("ExpiredAuthenticationToken", text)

    def audience(self, got: str) -> Refused:
        """Return the refusal of a token for another resource."""
        allowed = ",".join(f"'{audience}'" for audience in self._audiences)
        text = (
            f"The access token has been obtained for wrong audience or resource '{got}'. It should exactly match with "
            f"one of the allowed audiences {allowed}."
        )
        return self._say("InvalidAuthenticationTokenAudience", text)

    def tenant(self, issuer: str) -> Refused:
        """Return the refusal of a token of another tenant than the subscription's."""
        text = (
            f"The access token is from the wrong issuer '{issuer}'. It must match the tenant "
            f"'https://sts.windows.net/{seed.TENANT}/' associated with this subscription. Please use the authority "
            f"(URL) '{_AUTHORITY}' to get the token."
        )
        return self._say("InvalidAuthenticationTokenTenant", text)

    def _say(self, code: str, text: str) -> Refused:
        header = f'Bearer authorization_uri="{_AUTHORITY}", error="invalid_token", error_description="{text}"'
        return Refused(401, code, text, headers={"WWW-Authenticate": header})


class _GraphRefusals(Refusals):
    """Microsoft Graph has one code for all of them."""

    def missing(self) -> Refused:
        return self._graph("Access token is empty.")

    def malformed(self) -> Refused:
        return self._graph("Access token is empty.")

    def invalid(self) -> Refused:
        return self._graph("Access token validation failure. Signature is invalid.")

    def expired(self, at: float) -> Refused:  # noqa: ARG002 - Graph does not say when
        return self._graph("Lifetime validation failed, the token is expired.")

    def audience(self, got: str) -> Refused:  # noqa: ARG002 - Graph does not say which
        return self._graph("Access token validation failure. Invalid audience.")

    def tenant(self, issuer: str) -> Refused:  # noqa: ARG002 - Graph does not say which
        return self._graph("Access token validation failure. Invalid issuer.")

    def _graph(self, text: str) -> Refused:
        header = (
            'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
            f'client_id="{seed.GRAPH_APP}"'
        )
        return Refused(401, "InvalidAuthenticationToken", text, headers={"WWW-Authenticate": header})


def refusals_of(audiences: Collection[str]) -> Refusals:
    """Return the refusals of the service that accepts `audiences`."""
    if seed.GRAPH_APP in audiences:
        return _GraphRefusals(audiences)
    return Refusals(audiences)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%m/%d/%Y %I:%M:%S %p")
