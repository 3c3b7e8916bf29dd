"""Errors in plain words: what happened, why (Azure's code and words), and the one thing to do next."""

from __future__ import annotations

import asyncio
import re

from cloud import clock
from cloud.answers import Answer, NoToken, answer_of, without_objects
from cloud.error_codes import KNOWN, LASTING, PASSING, PASSING_CODES, sign_in_again
from cloud.sign_in_advice import HOW_TO_SIGN_IN, challenged, no_token
from engine.refusal import RERUN, Refusal

__all__ = ["HOW_TO_SIGN_IN", "Answer", "answer_of", "ended_badly", "explain"]


def explain(error: BaseException, doing: str) -> Refusal | None:
    """Return the refusal that `error` is, met while `doing` something; None for what can only be our own mistake."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, NoToken):
        return no_token(error, doing)
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return Refusal(f"Could not {doing}.", why=str(error) or "Azure did not finish in time.", next=RERUN)
    answer = answer_of(error)
    if answer is not None:
        return _refused(answer, doing)
    return _unreached(error, doing) or _unreadable(error, doing)


def ended_badly(error: BaseException, what: str, again: str) -> Refusal | None:
    """Return the refusal of an operation that Azure accepted and that ended badly; None for one that it refused.

    `what` is its first sentence, `again` what another run would do. A code with a lasting reason says what helps first.
    """
    answer = answer_of(error)
    if answer is None or answer.status >= 300:
        return None
    why = f"{answer.code}: {answer.message}" if answer.code else "The operation ended without success or reason."
    refusal = Refusal(what, why=why, next=again, code=answer.code, request_id=answer.request_id)
    if (known := KNOWN.get(answer.code)) is not None:
        known(refusal, answer)
    elif answer.code and answer.code not in PASSING_CODES:
        refusal.next = f"If the reason above names what is wrong, correct that first. {again}"
    return refusal


def _refused(answer: Answer, doing: str) -> Refusal:
    why = f"{answer.code}: {answer.message}" if answer.code else answer.message or f"HTTP status {answer.status}"
    refusal = Refusal(
        f"Azure refused to {doing}.", why=why, next=RERUN, code=answer.code or str(answer.status),
        request_id=answer.request_id,
    )  # fmt: skip
    known = KNOWN.get(answer.code)
    if answer.claims or _wants_second_factor(answer):
        challenged(refusal, answer)
    elif known is not None:
        known(refusal, answer)
    elif answer.status == 429:
        refusal.what = f"Azure is throttling: could not {doing}."
        refusal.next = "Wait a minute, then run the same command again: it resumes where it stopped."
    elif answer.status >= 500:
        refusal.what = f"Azure could not {doing} just now."
    elif answer.status == 401:
        sign_in_again(refusal, answer)
    elif answer.status not in PASSING and answer.code not in PASSING_CODES:
        refusal.next = LASTING
    if answer.status == 401 and (wrong := clock.difference()):
        refusal.why, refusal.next = f"{refusal.why}\n{wrong}", f"{wrong}\n{refusal.next}"
    return refusal


def _wants_second_factor(answer: Answer) -> bool:
    """Whether it is the mandatory second factor of Resource Manager's writes, which may pose as a policy's refusal.

    Its text is the only sign where the challenge was lost on the way. Source: learn.microsoft.com/entra/identity/
    authentication/concept-mandatory-multifactor-authentication; Azure/azure-cli#31009, Azure/azure-powershell#28124.
    And Graph's continuous access evaluation: microsoftgraph/msgraph-sdk-java#2355.
    """
    text = answer.message.lower()
    if answer.code == "RequestDisallowedByPolicy":
        return bool(re.search(r"multi-?\s?factor|\bmfa\b", text + str(answer.details).lower()))
    return answer.status == 401 and "interactionrequired" in text.replace(" ", "")


def _unreached(error: BaseException, doing: str) -> Refusal | None:
    import socket
    import ssl

    from azure.core.exceptions import AzureError, ClientAuthenticationError

    causes = [error]
    while causes[-1].__cause__ or causes[-1].__context__:
        causes.append(causes[-1].__cause__ or causes[-1].__context__ or causes[-1])
        if len(causes) > 20:
            break
    text = next((str(cause) for cause in causes if str(cause)), type(error).__name__)
    text = without_objects(text)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes) or "CERTIFICATE_VERIFY_FAILED" in text:
        return Refusal(
            f"Could not {doing}: the certificate of the server is not trusted.",
            why=f"{text}\n{clock.difference()}".strip(),
            next="Check that this machine's clock is right: certificates are valid for a time (date -u)."
            if re.search("(?i)not yet valid|has expired", text)
            else "Behind a proxy that inspects TLS, name its CA bundle in SSL_CERT_FILE and REQUESTS_CA_BUNDLE.",
        )
    unresolved = next((cause for cause in causes if type(cause).__name__ == "ClientConnectorDNSError"), None)
    unresolved = unresolved or next((cause for cause in causes if isinstance(cause, socket.gaierror)), None)
    if unresolved is not None:
        return _not_resolved(str(getattr(unresolved, "host", "")), text, doing)
    if isinstance(error, ClientAuthenticationError):
        return no_token(NoToken("", _first_lines(text)), doing)
    if isinstance(error, AzureError) or type(error).__module__.partition(".")[0] in ("httpx", "httpcore", "aiohttp"):
        kinds = {kind.__name__ for cause in causes for kind in type(cause).__mro__}
        if kinds & _SILENCE:
            text = "There was no answer within half a minute, several times."
        elif kinds & _CUT:
            text = f"The answer was cut off or can't be Azure's, several times. {text}"
        elif kinds & {"ClientHttpProxyError", "ProxyError"} and (status := re.search(r"\b4\d\d\b", text)):
            return _refused_by_proxy(status[0], text, doing)
        return Refusal(
            f"Could not {doing}: Azure can't be reached.",
            why=_first_lines(text),
            next="Check the network, and HTTPS_PROXY if there is a proxy; then run the same command again.",
        )
    return None


def _refused_by_proxy(status: str, text: str, doing: str) -> Refusal:
    """Explain a status with which a proxy refuses to connect: 407 is about who asks, others are about where to."""
    if status == "407":
        return Refusal(
            f"Could not {doing}: the proxy wants credentials that it knows.",
            why=_first_lines(text),
            next="Write them into HTTPS_PROXY: http://<user>:<password>@HOST:PORT. A proxy that takes none but "
            "Windows' own sign-in (NTLM, Kerberos) needs a local one in between, such as px or cntlm.",
        )
    return Refusal(
        f"Could not {doing}: the proxy refuses to connect to Azure.",
        why=_first_lines(text),
        next="Have its administrator allow Azure's hosts (of the public cloud management.azure.com, "
        "login.microsoftonline.com, graph.microsoft.com and *.digitaltwins.azure.net), or name another proxy in "
        "HTTPS_PROXY; where Azure is reached without one, take the variable out.",
    )


def _not_resolved(host: str, text: str, doing: str) -> Refusal:
    """Explain a name that isn't resolved. That of an instance may be known only in a private DNS zone.

    Source: "Enable private access with Private Link" in the Digital Twins documentation.
    """
    next_step = "Check the network's DNS, and HTTPS_PROXY if there is a proxy; then run the same command again."
    if ".api." in host or "digitaltwins" in host:
        next_step = (
            "If the instance has a private endpoint, run this where its private DNS zone (privatelink.digitaltwins) is "
            "known: in its network, or over a VPN to it. Otherwise check the network's DNS."
        )
    return Refusal(
        f"Could not {doing}: the name {host or 'of its host'} can't be resolved (DNS) from here.",
        why=_first_lines(text), next=next_step,
    )  # fmt: skip


_SILENCE = frozenset(("TimeoutException", "ServiceRequestTimeoutError", "ServiceResponseTimeoutError", "TimeoutError"))
_CUT = frozenset(("IncompleteReadError", "ClientPayloadError", "ContentLengthError"))
"""Names of the exceptions, of three libraries, that mean the same."""


def _first_lines(text: str, most: int = 4) -> str:
    return "\n".join(text.splitlines()[:most])


def _unreadable(error: BaseException, doing: str) -> Refusal | None:
    """Return the refusal for an answer of a shape that the SDK can't read; None for a mistake of our own.

    SDKs fail on such an answer as on a bug of theirs, deep in their own modules.
    """
    frame, inside = error.__traceback__, ""
    while frame is not None:
        inside = str(frame.tb_frame.f_globals.get("__name__", ""))
        frame = frame.tb_next
    if not isinstance(error, Exception) or inside.partition(".")[0] not in _SDKS:
        return None
    return Refusal(
        f"Could not {doing}: Azure's answer has an unexpected shape.",
        why=f"{type(error).__name__}: {error} (in {inside})",
        next="Something between here and Azure may answer in its place: check HTTPS_PROXY and --arm-endpoint. The log "
        "has the requests.",
    )


_SDKS = frozenset(("azure", "msrest", "kiota_abstractions", "kiota_http", "kiota_serialization_json", "msgraph"))
