"""Entra ID's errors. Numbers, codes and texts are those of its published list of error codes."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

from emulator.messages import Refused, Reply, Request


def refusal(status: int, error: str, number: int, text: str) -> Refused:
    """Return the refusal AADSTS`number`; `error` is the OAuth code."""
    return Refused(status, error, f"AADSTS{number}: {text}")


def render_refusal(refused: Refused, request: Request) -> Reply:
    """Render Entra ID's error body. A refusal without a number becomes a transient fault (AADSTS90033)."""
    numbered = re.match(r"AADSTS(\d+): ", refused.message)
    message = refused.message if numbered else "AADSTS90033: A transient error has occurred. Please try again."
    number = int(numbered[1]) if numbered else 90033
    trace, correlation = str(uuid.uuid4()), request.headers.get("client-request-id") or str(uuid.uuid4())
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    body = {
        "error": refused.code if numbered else "temporarily_unavailable",
        "error_description": f"{message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
        "error_codes": [number],
        "timestamp": now,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={number}",
    }
    return Reply(refused.status, body, dict(refused.headers), latency="token")


def missing(parameter: str) -> Refused:
    """Return the refusal of a missing form field."""
    return refusal(
        400, "invalid_request", 900144, f"The request body must contain the following parameter: '{parameter}'."
    )


def unknown_tenant(tenant: str) -> Refused:
    """Return the refusal of an unknown tenant."""
    return refusal(
        400,
        "invalid_request",
        90002,
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
    )


def unknown_resource(resource: str) -> Refused:
    """Return the refusal of a resource without a service principal in the tenant."""
    return refusal(
        400,
        "invalid_resource",
        500011,
        f"The resource principal named {resource} was not found in the tenant named Contoso. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You might have sent your authentication request to the wrong tenant.",
    )
