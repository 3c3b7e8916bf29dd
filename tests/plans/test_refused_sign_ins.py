"""What is told of a refusal, by what Azure said and the credential that was used. Pure."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from aiohttp import ClientHttpProxyError, RequestInfo
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from cloud import clock
from cloud.answers import Answer, ClaimsChallenge, NoToken, Presented, claims_of, decoded
from cloud.arm_replicas import BOUND, Written
from cloud.attempts import failed_attempt
from cloud.error_codes import KNOWN, PASSING_CODES
from cloud.errors import ended_badly, explain
from cloud.permissions import limiting
from cloud.runner import GITHUB, PIPELINES
from cloud.sign_in_advice import APPS, CERTIFICATE, FEDERATION, MANAGED, SECRET, az_login
from engine.refusal import Refusal

AGAIN = re.compile(r"\b(same command|run (it|this|deploy\.py)?\s*again|resumes?)\b", re.IGNORECASE)
GROUP = "/subscriptions/s/resourceGroups/g"
INSTANCE = f"{GROUP}/providers/Microsoft.DigitalTwins/digitalTwinsInstances/i"
TENANT = "7a1f0c52-3b7e-4d09-9d0f-5e6b2a9c1d10"


@pytest.fixture(autouse=True)
def laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MSI_ENDPOINT", "IDENTITY_ENDPOINT", "AZURE_TOKEN_CREDENTIALS", "AZURE_CLIENT_SECRET",
                 "GITHUB_ACTIONS", "TF_BUILD"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


def told(status: int, code: str, message: str, *, claims: str = "", app: bool = False) -> Refusal:
    token = Presented("https://management.core.windows.net/", TENANT, app)
    refusal = explain(ClaimsChallenge(Answer(status, code, message, claims=claims, presented=token)), "do it")
    assert refusal is not None
    return refusal


def no_token(credential: str, words: str) -> Refusal:
    refusal = explain(NoToken(credential, words), "sign in")
    assert refusal is not None
    return refusal


@pytest.mark.parametrize("status", [403, 404, 407, 451, 502])
def test_what_a_proxy_refuses_for_good_is_not_answered_with_another_run(status: int) -> None:
    url = URL("http://proxy")
    asked = RequestInfo(url, "CONNECT", CIMultiDictProxy(CIMultiDict()), url)
    for error in (ClientHttpProxyError(asked, (), status=status), httpx.ProxyError(f"{status} No")):
        refusal = explain(error, "find the cloud")
        assert refusal is not None
        assert ("HTTPS_PROXY" in refusal.next, bool(AGAIN.search(refusal.next))) == (True, status >= 500)


def test_objects_of_a_library_are_not_shown() -> None:
    cut = "Not enough data"
    quoted = f"Response payload is not completed: <ContentLengthError: 400, message={cut!r}>"
    for error in (ServiceRequestError(quoted), NoToken("", quoted)):
        refusal = explain(error, "find the cloud")
        assert refusal is not None
        assert (cut in refusal.why, "<" in refusal.why) == (True, False)


@pytest.mark.parametrize("code", sorted({*KNOWN, "SomethingNobodyKnows"} - PASSING_CODES))
def test_a_lasting_refusal_is_never_answered_with_another_run(code: str) -> None:
    assert not AGAIN.search(told(400, code, "No.").next)
    assert told(400, code, "No.").next


@pytest.mark.parametrize("code", ["RequestDisallowedByPolicy", "QuotaExceeded"])
def test_nor_is_an_operation_that_ended_for_a_lasting_reason(code: str) -> None:
    failed = ended_badly(ClaimsChallenge(Answer(200, code, "No.")), "Not created.", "Run the same command again.")
    assert failed
    assert (failed.code, failed.what) == (code, "Not created.")
    assert not AGAIN.search(failed.next)


def test_an_operation_that_ended_for_an_unknown_reason_is() -> None:
    for code in ("", "InternalServerError"):
        failed = ended_badly(ClaimsChallenge(Answer(200, code, "No.")), "Not created.", "Run the same command again.")
        assert failed
        assert AGAIN.search(failed.next)
    assert ended_badly(ClaimsChallenge(Answer(403, "AuthorizationFailed", "No.")), "", "") is None


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is(status: int) -> None:
    assert AGAIN.search(told(status, "", "").next)


@pytest.mark.parametrize("challenge", ["e30=", "eyJhIjp7ImIiOlsicDEiXX19"])
def test_a_claims_challenge(challenge: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scope = "https://management.core.windows.net//.default"
    wanted = f"az logout; az login --tenant {TENANT} --scope {scope} --claims-challenge {challenge}"
    assert wanted in told(401, "RequestDisallowedByPolicy", "No.", claims=challenge).next
    monkeypatch.setenv("MSI_ENDPOINT", "http://localhost:50342/oauth2/token")
    in_cloud_shell = told(401, "InsufficientClaims", "No.", claims=challenge).next
    assert wanted in in_cloud_shell
    assert "AZURE_TOKEN_CREDENTIALS=AzureCliCredential" in in_cloud_shell
    of_app = told(401, "InsufficientClaims", "No.", claims=challenge, app=True).next
    assert "az login" not in of_app


def test_a_second_factor_in_the_words_of_a_policy() -> None:
    text = "Users must authenticate with multi-factor authentication to create or update resources."
    refusal = told(403, "RequestDisallowedByPolicy", text)
    assert "az login" in refusal.next
    assert "exemption" not in refusal.next
    assert "exemption" in told(403, "RequestDisallowedByPolicy", "Regions.").next


def test_several_challenges_in_a_header() -> None:
    header = 'PoP realm="", nonce="n", Bearer realm="", claims="eyJh", error="insufficient_claims"'
    assert claims_of(header) == "eyJh"
    assert not claims_of('Bearer realm="", error="invalid_token"')
    assert decoded("eyJhIjoxfQ") == '{"a":1}'


def test_what_a_shell_would_take_for_its_own_is_quoted() -> None:
    words = shlex.split(az_login("t", "s", "a;b $(c)"))
    assert words[-1] == "a;b $(c)"


@pytest.mark.parametrize("credential", APPS)
@pytest.mark.parametrize(
    "number", ["50076", "53003", "700016", "90002", "500011", "65001", "700024", "70021", "7000215"]
)
def test_a_service_principal_is_never_told_to_sign_in_with_az(credential: str, number: str) -> None:
    refusal = no_token(credential, f"AADSTS{number}: No. Trace ID: 1")
    assert refusal.code == f"AADSTS{number}"
    assert "az logout" not in refusal.next
    assert ("AZURE_CLIENT_SECRET" in refusal.next) <= (credential == SECRET)


@pytest.mark.parametrize(
    ("credential", "number", "named"),
    [
        (SECRET, "7000222", "AZURE_CLIENT_SECRET"),
        (CERTIFICATE, "700027", "AZURE_CLIENT_CERTIFICATE_PATH"),
        (FEDERATION, "700213", "subject"),
        (FEDERATION, "700211", "issuer"),
        (FEDERATION, "700024", "AZURE_FEDERATED_TOKEN_FILE"),
        (GITHUB, "700213", "subject"),
        (PIPELINES, "700024", "clock"),
        (PIPELINES, "90002", "AZURE_TENANT_ID"),
        ("AzureCliCredential", "700024", "right before"),
        (MANAGED, "53003", "administrator"),
        ("AzureCliCredential", "50158", "az login"),
        ("AzureCliCredential", "53000", "administrator"),
        ("AzureCliCredential", "50057", "administrator"),
        ("AzureCliCredential", "70043", "az login"),
        ("AzureCliCredential", "530084", "administrator"),
    ],
)
def test_each_code_has_its_next_step(credential: str, number: str, named: str) -> None:
    assert named in no_token(credential, f"AADSTS{number}: No.").next


@pytest.mark.parametrize(
    "says",
    [
        "Traceback (most recent call last):\n  File \"az\", line 1\nModuleNotFoundError: No module named 'azure'",
        "Unexpected output from Azure CLI: 'ModuleNotFoundError'.",
        "Failed to invoke Azure CLI: ModuleNotFoundError",
        "Azure CLI not found on path (ModuleNotFoundError)",
    ],
)
def test_an_az_that_does_not_work_is_no_reason_to_sign_in(says: str) -> None:
    refusal = no_token("AzureCliCredential", says)
    assert "ModuleNotFoundError" in refusal.why
    assert "Traceback" not in refusal.why
    assert "az login" not in refusal.next
    assert "https://aka.ms/azure-cli" in refusal.next


def test_the_credential_that_was_meant_is_told() -> None:
    text = (
        "DefaultAzureCredential failed to retrieve a token from the included credentials.\nAttempted credentials:\n"
        "\tEnvironmentCredential: EnvironmentCredential authentication unavailable. Environment variables are not "
        "fully configured.\nVisit https://aka.ms/x to troubleshoot this issue.\n"
        "\tManagedIdentityCredential: ManagedIdentityCredential authentication unavailable, no response from the IMDS\n"
        "\tAzureCliCredential: ERROR: The cache is broken.\nClear it.\n"
        "\tAzurePowerShellCredential: PowerShell is not installed\n"
        "To mitigate this issue, please refer to the troubleshooting guidelines here at https://aka.ms/y."
    )
    assert failed_attempt(text, "") == ("AzureCliCredential", "ERROR: The cache is broken.\nClear it.")
    assert failed_attempt("ERROR: alone", "AzureCliCredential") == ("AzureCliCredential", "ERROR: alone")


def test_conditions_keep_azures_words() -> None:
    who = "The client 'c' with object id 'o'"
    action = "perform action 'Microsoft.Authorization/roleAssignments/write' over scope '/s'"
    limited = (
        f"{who} has an authorization with ABAC condition that is not fulfilled to {action} or the scope is invalid."
    )
    assert limited in told(403, "AuthorizationFailed", limited).why
    assert told(403, "AuthorizationFailed", limited).exit_code == 3
    plain = f"{who} does not have authorization to {action}."
    plain += " If access was recently granted, please refresh your credentials."
    refusal = told(403, "AuthorizationFailed", plain)
    assert "Microsoft.Authorization/roleAssignments/write is missing" in refusal.why
    assert "refresh the sign-in" in refusal.next


def test_a_condition_counts_only_where_nothing_else_allows_it() -> None:
    write = "Microsoft.Authorization/roleAssignments/write"
    limited = {"actions": ["*"], "condition": f"((!(ActionMatches{{'{write}'}})) OR (x))"}
    assert limiting([limited], write)
    assert not limiting([limited, {"actions": [write]}], write)
    assert not limiting([limited], "Microsoft.DigitalTwins/digitalTwinsInstances/write")


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "explained"),
    [
        ("PUT", INSTANCE, 404, "ResourceGroupNotFound", True),
        ("PUT", f"{INSTANCE}/providers/Microsoft.Authorization/roleAssignments/a", 404, "ResourceNotFound", True),
        ("GET", INSTANCE, 404, "ResourceNotFound", False),
        ("GET", GROUP, 404, "ResourceGroupNotFound", True),
        ("GET", "/subscriptions/s/providers/p/locations/l/operationsStatuses/1", 404, "", True),
        ("GET", "/subscriptions/s/providers/p/locations/l/operationsStatuses/2", 404, "", False),
        ("DELETE", INSTANCE, 404, "ResourceNotFound", False),
        ("PUT", "/subscriptions/s/resourceGroups/other/providers/p/t/n", 404, "ResourceGroupNotFound", False),
        ("PUT", INSTANCE, 404, "SubscriptionNotFound", False),
        ("PUT", INSTANCE, 409, "MissingSubscriptionRegistration", True),
        ("PUT", f"{GROUP}/providers/Microsoft.Other/t/n", 409, "MissingSubscriptionRegistration", False),
        ("PUT", INSTANCE, 409, "Conflict", False),
    ],
)
def test_only_what_this_run_wrote_explains_an_absence(
    method: str, path: str, status: int, code: str, explained: bool
) -> None:
    written = Written()
    written.note("PUT", GROUP, ("/subscriptions/s/providers/p/locations/l/operationsStatuses/1",), now=0.0)
    written.note("POST", "/subscriptions/s/providers/Microsoft.DigitalTwins/register", now=0.0)
    assert written.explain(method, path, status, code, now=BOUND - 1.0) is explained
    assert not written.explain(method, path, status, code, now=BOUND + 1.0)
    written.note("DELETE", GROUP, now=1.0)
    assert not written.explain("PUT", INSTANCE, 404, "ResourceGroupNotFound", now=2.0)


@pytest.mark.parametrize(("minutes", "word"), [(7, "ahead"), (-9, "behind")])
def test_a_clock_that_is_off_is_told(minutes: int, word: str) -> None:
    now = datetime.now(UTC)
    try:
        clock.note({"Date": format_datetime(now - timedelta(minutes=minutes), usegmt=True)}, now)
        assert f"{abs(minutes)} minutes {word}" in clock.difference()
        assert abs(clock.azure_now() - (now - timedelta(minutes=minutes))) < timedelta(seconds=30)
        assert f"{abs(minutes)} minutes {word}" in no_token(FEDERATION, "AADSTS700024: Not now.").next
        assert f"{abs(minutes)} minutes {word}" in told(401, "InvalidAuthenticationToken", "No.").why
    finally:
        clock.note({"Date": format_datetime(now, usegmt=True)}, now)
    assert not clock.difference()


def test_whatever_is_set_later_is_redacted_too() -> None:
    refusal = Refusal("x")
    refusal.next += " client_secret=abc"
    refusal.why = "bearer eyJh.eyJi.c"
    assert "abc" not in refusal.next
    assert "eyJi" not in refusal.why


def test_an_error_of_the_chain_without_credential() -> None:
    refusal = explain(ClientAuthenticationError(message="nothing"), "sign in")
    assert refusal is not None
    assert "az login" in refusal.next
