"""Errors in plain words: what happened, why (Azure's code and words), and the one thing to do next."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.refusal import RERUN, Refusal

HOW_TO_SIGN_IN = (
    "Sign in first. On a laptop: az login. In Cloud Shell you are signed in already; if not, az login there too. In CI "
    "set AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET, or use workload identity. To try the tool without "
    "Azure: python3 deploy.py --local"
)


@dataclass(frozen=True)
class Answer:
    """What Azure said, whichever SDK carried it."""

    status: int
    code: str
    message: str
    request_id: str = ""
    details: tuple[Mapping[str, Any], ...] = ()


def explain(error: BaseException, doing: str) -> Refusal | None:
    """Return the refusal that `error` is, met while `doing` something; None for what can only be our own mistake."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return Refusal(f"Could not {doing}.", why=str(error) or "Azure did not finish in time.", next=RERUN)
    answer = answer_of(error)
    if answer is not None:
        return _refused(answer, doing)
    return _unreached(error, doing)


def answer_of(error: BaseException) -> Answer | None:
    """Return Azure's answer when `error` carries one: azure-core's and kiota's exceptions do."""
    from azure.core.exceptions import DecodeError, HttpResponseError
    from kiota_abstractions.api_error import APIError

    if isinstance(error, HttpResponseError) and error.status_code is not None and not isinstance(error, DecodeError):
        headers = getattr(error.response, "headers", {})
        inner = error.error
        return Answer(
            int(error.status_code),
            str((inner and inner.code) or "") or _code_in_body(error),
            str((inner and inner.message) or error.reason or error.message),
            str(headers.get("x-ms-request-id") or headers.get("x-ms-correlation-request-id") or ""),
            _details(error),
        )
    if isinstance(error, APIError) and error.response_status_code:
        graph = getattr(error, "error", None)
        request_id = (error.response_headers or {}).get("request-id", "")
        code, message = getattr(graph, "code", None) or "", getattr(graph, "message", None) or str(error)
        details = tuple({"code": detail.code} for detail in getattr(graph, "details", None) or ())
        return Answer(error.response_status_code, code, message, request_id, details)
    return None


def _code_in_body(error: Any) -> str:
    try:
        found = error.response.json()["error"]
        return str(found["code"] if isinstance(found, dict) else found)
    except Exception:  # noqa: BLE001 - whatever the body is, it has no code
        return ""


def _details(error: Any) -> tuple[Mapping[str, Any], ...]:
    try:
        found = error.response.json()["error"]
        return (*found.get("details", ()), *found.get("additionalInfo", ()))
    except Exception:  # noqa: BLE001 - whatever the body is, it has no details
        return ()


def _refused(answer: Answer, doing: str) -> Refusal:
    why = f"{answer.code}: {answer.message}" if answer.code else answer.message or f"HTTP status {answer.status}"
    refusal = Refusal(
        f"Azure refused to {doing}.", why=why, next=RERUN, code=answer.code or str(answer.status),
        request_id=answer.request_id,
    )  # fmt: skip
    known = _KNOWN.get(answer.code)
    if known is not None:
        known(refusal, answer)
    elif answer.status == 429:
        refusal.what = f"Azure is throttling: could not {doing}."
        refusal.next = "Wait a minute, then run the same command again: it resumes where it stopped."
    elif answer.status >= 500:
        refusal.what = f"Azure could not {doing} just now."
    elif answer.status == 401:
        _sign_in_again(refusal, answer)
    return refusal


def _needs_rights(refusal: Refusal, answer: Answer) -> None:
    refusal.exit_code = 3
    refusal.next = "Ask an owner to do this, or to give you a role that may; then run the same command again."
    found = re.search(r"object id '([^']+)'.*perform action '([^']+)'.*over scope '([^']+)'", answer.message)
    if found:
        who, action, scope = found.groups()
        refusal.why = f"AuthorizationFailed: the permission {action} is missing on {scope} for object id {who}."


def _needs_directory_rights(refusal: Refusal, _answer: Answer) -> None:
    refusal.exit_code = 3
    refusal.next = (
        "An administrator who may register applications (Application Developer or Application Administrator in Entra "
        "ID) can run the same command; or skip the app registration with --no-app."
    )


def _policy(refusal: Refusal, answer: Answer) -> None:
    names = [str(name) for detail in answer.details for name in _policy_names(detail)]
    if names:
        refusal.why = f"The policy {', '.join(dict.fromkeys(names))} forbids it. {refusal.why}"
    refusal.next = "Choose values that the policy allows, or ask its owner for an exemption; then run again."


def _policy_names(detail: Mapping[str, Any]) -> list[str]:
    info = detail.get("info") or {}
    found = [info.get("policyDefinitionDisplayName") or info.get("policyAssignmentName")] if info else []
    nested = [name for inner in detail.get("additionalInfo", ()) for name in _policy_names(inner)]
    return [name for name in [*found, *nested] if name]


def _lock(refusal: Refusal, _answer: Answer) -> None:
    refusal.next = "Have the lock removed (az lock list shows it), or choose another resource group; then run again."


def _disabled(refusal: Refusal, _answer: Answer) -> None:
    refusal.next = "Enable the subscription in the portal (Subscriptions), or choose another with --subscription."


def _tenant(refusal: Refusal, _answer: Answer) -> None:
    refusal.what = "The sign-in is for another tenant than the subscription's."
    refusal.next = "Sign in to the subscription's tenant: az login --tenant TENANT_ID, then run again."


def _invisible(refusal: Refusal, _answer: Answer) -> None:
    refusal.exit_code = 2
    refusal.next = (
        "az account list --output table shows the subscriptions of this sign-in. Is it signed in to the right tenant?"
    )


def _sign_in_again(refusal: Refusal, _answer: Answer) -> None:
    refusal.what = f"{refusal.what} The sign-in was not accepted."
    refusal.next = "Sign in again (az logout, then az login), then run the same command again."


def _interaction(refusal: Refusal, _answer: Answer) -> None:
    refusal.what = f"{refusal.what} Your organisation demands a fresh sign-in."
    graph = "$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)"
    refusal.next = f'Run az login --scope "{graph}/.default", then run the same command again.'


def _bad_input(refusal: Refusal, _answer: Answer) -> None:
    refusal.exit_code = 2
    refusal.next = "Correct it and run again."


def _audience(refusal: Refusal, _answer: Answer) -> None:
    refusal.what = f"{refusal.what} This Cloud Shell issues no token for it."
    refusal.next = "Run az login, then the same command with AZURE_TOKEN_CREDENTIALS=AzureCliCredential in front."


def _closed(refusal: Refusal, _answer: Answer) -> None:
    refusal.next = (
        "Run it where the instance's private endpoint is reached, or open the instance with "
        "--public-network-access enabled."
    )


def _secret_lifetime(refusal: Refusal, _answer: Answer) -> None:
    refusal.exit_code = 2
    refusal.next = "The tenant's policy bounds the lifetime of client secrets: choose a shorter one with --secret-days."


def _no_secrets(refusal: Refusal, _answer: Answer) -> None:
    refusal.exit_code = 2
    refusal.next = (
        "The tenant's policy forbids client secrets. Use --federated-credential with --secret none, or ask an "
        "administrator for an exemption; then run again."
    )


_KNOWN: dict[str, Callable[[Refusal, Answer], None]] = {
    "AuthorizationFailed": _needs_rights,
    "LinkedAuthorizationFailed": _needs_rights,
    "Authorization_RequestDenied": _needs_directory_rights,
    "RequestDisallowedByPolicy": _policy,
    "ScopeLocked": _lock,
    "ReadOnlyDisabledSubscription": _disabled,
    "InvalidAuthenticationTokenTenant": _tenant,
    "SubscriptionNotFound": _invisible,
    "InvalidSubscriptionId": _invisible,
    "InteractionRequired": _interaction,
    "AudienceNotSupported": _audience,
    "CredentialInvalidLifetimeAsPerAppPolicy": _secret_lifetime,
    "CredentialTypeNotAllowedAsPerAppPolicy": _no_secrets,
    "LocationNotAvailableForResourceType": _bad_input,
    "LocationNotAvailableForResourceGroup": _bad_input,
    "RoleAssignmentScopeNotAssignableToRoleDefinition": _bad_input,
    "EventRouteFilterInvalid": _bad_input,
    "PublicNetworkAccessDisabled": _closed,
}
"""What to add to Azure's own words, by its error code."""


def _unreached(error: BaseException, doing: str) -> Refusal | None:
    import ssl

    from azure.core.exceptions import AzureError, ClientAuthenticationError

    causes = [error]
    while causes[-1].__cause__ or causes[-1].__context__:
        causes.append(causes[-1].__cause__ or causes[-1].__context__ or causes[-1])
        if len(causes) > 20:
            break
    text = next((str(cause) for cause in causes if str(cause)), type(error).__name__)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes) or "CERTIFICATE_VERIFY_FAILED" in text:
        return Refusal(
            f"Could not {doing}: the certificate of the server is not trusted.",
            why=text,
            next="Behind a proxy that inspects TLS, name its CA bundle in SSL_CERT_FILE and REQUESTS_CA_BUNDLE.",
        )
    if isinstance(error, ClientAuthenticationError):
        return _no_token(text, doing)
    if isinstance(error, AzureError) or type(error).__module__.partition(".")[0] in ("httpx", "httpcore", "aiohttp"):
        kinds = {kind.__name__ for cause in causes for kind in type(cause).__mro__}
        if kinds & _SILENCE:
            text = "There was no answer within half a minute, several times."
        elif kinds & _CUT:
            text = "The answer was cut off, several times."
        return Refusal(
            f"Could not {doing}: Azure can't be reached.",
            why=_first_lines(text),
            next="Check the network, and HTTPS_PROXY if there is a proxy; then run the same command again.",
        )
    return None


_SILENCE = frozenset(("TimeoutException", "ServiceRequestTimeoutError", "ServiceResponseTimeoutError", "TimeoutError"))
_CUT = frozenset(("IncompleteReadError", "ClientPayloadError", "ContentLengthError"))
"""Names of the exceptions, of three libraries, that mean the same."""


def _no_token(text: str, doing: str) -> Refusal:
    """Explain a failure of the credential chain, which wraps the codes of Entra and Cloud Shell in one long text."""
    code = re.search(r"AADSTS\d+:[^\n\\]*?(?= Trace ID|\\n|\n|$)", text)
    if code:
        return Refusal(
            f"Could not {doing}: Entra ID refused the credential.",
            why=code[0].strip(),
            next="Correct AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET, or sign in again with az login.",
            code=code[0].partition(":")[0],
        )
    refusal = Refusal(f"Could not {doing}: no credential works.", why=_first_lines(text), next=HOW_TO_SIGN_IN)
    if "AudienceNotSupported" in text:
        _audience(refusal, Answer(400, "AudienceNotSupported", text))
    return refusal


def _first_lines(text: str, most: int = 4) -> str:
    return "\n".join(text.splitlines()[:most])
