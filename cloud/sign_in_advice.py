"""Refused sign-ins in plain words: which credential it was, what it said, and what helps with that credential."""

from __future__ import annotations

import os
import re
import shlex

from cloud import clock
from cloud.answers import Answer, NoToken, Presented
from cloud.runner import GITHUB, MAPPED, PERMISSION, PIPELINES, lacking, ran_out
from engine.refusal import Refusal

HOW_TO_SIGN_IN = (
    "Sign in first. On a laptop: az login. In Cloud Shell you are signed in already; if not, az login there too. In CI "
    "set AZURE_CLIENT_ID and AZURE_TENANT_ID: GitHub Actions and Azure Pipelines need no secret: docs/ci.md; else "
    "AZURE_CLIENT_SECRET too, or use workload identity. To try the tool without Azure: python3 deploy.py --local"
)
ARM_SCOPE = "https://management.core.windows.net//.default"

CLI = ("AzureCliCredential", "AzurePowerShellCredential", "AzureDeveloperCliCredential")
SECRET, CERTIFICATE, FEDERATION = "ClientSecretCredential", "CertificateCredential", "WorkloadIdentityCredential"
MANAGED = "ManagedIdentityCredential"
RUNNERS = (GITHUB, PIPELINES)
APPS = (SECRET, CERTIFICATE, FEDERATION, MANAGED, *RUNNERS)
"""The credentials of service principals and managed identities, to which no second factor applies."""

LABELS = {
    SECRET: "the service principal of AZURE_CLIENT_ID, with its secret",
    CERTIFICATE: "the service principal of AZURE_CLIENT_ID, with its certificate",
    FEDERATION: "workload identity",
    MANAGED: "a managed identity",
    GITHUB: "GitHub Actions, without a secret",
    PIPELINES: "Azure Pipelines, without a secret",
    "CloudShellCredential": "Cloud Shell",
    "SharedTokenCacheCredential": "the shared token cache",
    "VisualStudioCodeCredential": "Visual Studio Code",
    "AzureCliCredential": "the Azure CLI",
    "AzurePowerShellCredential": "Azure PowerShell",
    "AzureDeveloperCliCredential": "the Azure Developer CLI",
}
"""What the credentials are called, by their classes' names."""


def in_cloud_shell() -> bool:
    """Whether the credential chain takes Cloud Shell's sign-in before that of `az login`."""
    found = os.environ
    az_first = found.get("AZURE_TOKEN_CREDENTIALS", "").strip().lower() in ("azureclicredential", "dev")
    return bool(found.get("MSI_ENDPOINT")) and not found.get("IDENTITY_ENDPOINT") and not az_first


def az_login(tenant: str = "", scope: str = "", claims: str = "", *, afresh: bool = False) -> str:
    """Return the command that signs in, quoted for a shell, and in Cloud Shell what makes this tool use that sign-in.

    `claims` are base64 as in a challenge; `afresh` signs out first.
    """
    words = ["az", "login"]
    words += ["--tenant", tenant] if tenant else []
    words += ["--scope", scope] if scope else []
    words += ["--claims-challenge", claims] if claims else []
    command = ("az logout; " if afresh or claims else "") + shlex.join(words)
    if in_cloud_shell():
        command += (
            "\nthen the same command with AZURE_TOKEN_CREDENTIALS=AzureCliCredential in front: Cloud Shell's own "
        )
        command += "sign-in stays as it is"
    return command


def challenged(refusal: Refusal, answer: Answer) -> None:
    """Say how to meet a claims challenge, or the mandatory second factor, with the sign-in that was refused."""
    token = answer.presented
    if token.is_app:
        refusal.what += " The service wants a new sign-in."
        refusal.next = (
            "A second factor doesn't apply to service principals and managed identities: access was revoked, or a "
            "Conditional Access policy for workload identities blocks it. An administrator sees which in the sign-in "
            "logs of Entra ID."
        )
        return
    refusal.what += " It wants a sign-in with more: usually a second factor (MFA)."
    refusal.next = f"Sign in so: {az_login(token.tenant, scope_of(token), answer.claims, afresh=True)}"
    if answer.claims:
        refusal.next += "\n(az 2.76 or later knows --claims-challenge)"


def scope_of(token: Presented) -> str:
    """Return the scope to ask az for. Resource Manager's audience ends in a slash that stays: `…net//.default`."""
    return f"{token.audience or ARM_SCOPE.removesuffix('/.default')}/.default"


def no_token(error: NoToken, doing: str) -> Refusal:
    """Explain why there is no token, by the credential that was used."""
    text = re.split(r"(?i) ?\(?Trace ID:", error.words)[0].strip()
    if "Traceback (most recent call last)" in text:  # of az, which is a program in Python too
        text = text.splitlines()[-1]
    code = re.search(r"AADSTS(\d+)", text)
    who = LABELS.get(error.credential, error.credential.removesuffix("Credential"))
    refusal = Refusal(f"Could not {doing}: {who} gave no token.", why=text, next=HOW_TO_SIGN_IN)
    if code:
        refusal.code = code[0]
        refusal.what = f"Could not {doing}: Entra ID refused the sign-in by {who}."
        refusal.next = advice(code[1], error.credential, error.words)
    elif "AudienceNotSupported" in text:
        refusal.code = "AudienceNotSupported"
        refusal.what += " This Cloud Shell issues no token for it."
        refusal.next = f"Run {az_login()}."
    elif re.search(r"(?i)timed out", text) and error.credential in CLI:
        refusal.what = f"Could not {doing}: {who} is slow here, and gave no token in time."
        refusal.next = (
            "Give it longer with --az-timeout SECONDS (ADT_AZ_TIMEOUT). To see how long it takes: time az account "
            "get-access-token --output none"
        )
    elif error.credential not in (SECRET, CERTIFICATE, FEDERATION, *RUNNERS) and (lack := lacking(os.environ)):
        refusal.what = f"Could not {doing}: this job has no sign-in."
        refusal.next, refusal.exit_code = lack, 2
    elif error.credential in CLI and (broken := _broken(error)):
        refusal.next = f"{who[0].upper()}{who[1:]} {broken}"
    elif error.credential in CLI:
        refusal.next = f"{who[0].upper()}{who[1:]} has to be signed in: {_sign_in_of(error.credential)}"
    elif not error.credential:
        refusal.what = f"Could not {doing}: there is no sign-in."
    elif error.credential == MANAGED:
        refusal.next = (
            "Check that the managed identity is assigned to this machine; AZURE_CLIENT_ID chooses among several."
        )
    elif error.credential in RUNNERS:
        refusal.next = _RUNNERS[error.credential]
    elif error.credential in APPS:
        refusal.next = f"Check {_variables(error.credential)}."
    if wrong := clock.difference():
        refusal.why, refusal.next = f"{refusal.why}\n{wrong}", f"{wrong}\n{refusal.next}"
    return refusal


_RUNNERS = {
    GITHUB: f"The token of the job may have ended with it: run the job again. {PERMISSION}",
    PIPELINES: (
        "Check that AZURESUBSCRIPTION_SERVICE_CONNECTION_ID is the service connection's id, that this pipeline may use "
        f"the connection, that it works by workload identity federation, and that the step has\n{MAPPED}"
    ),
}
"""What to do where a runner gives no assertion."""


_PROGRAMS = {
    "AzureCliCredential": ("az account get-access-token --output none", "https://aka.ms/azure-cli"),
    "AzurePowerShellCredential": (
        "pwsh -c Get-AzAccessToken",
        "https://learn.microsoft.com/powershell/azure/install-azure-powershell",
    ),
    "AzureDeveloperCliCredential": ("azd auth token --output json", "https://aka.ms/azure-dev"),
}
"""How to ask each program for a token, and where it comes from."""


def _broken(error: NoToken) -> str:
    """Say what is wrong with a program where signing in doesn't help, by azure-identity's phrases; "" where it does."""
    attempt, source = _PROGRAMS[error.credential]
    if re.search(r"not found on path|is not installed|could not be found", error.words):
        return f"isn't installed here, or isn't on the PATH. To install it: {source}"
    fails = re.search(r"Traceback \(most|Unexpected output|Failed to invoke", error.words)
    return f"itself fails here: {attempt} shows more. To install it anew: {source}" if fails else ""


def _sign_in_of(credential: str) -> str:
    other = {"AzurePowerShellCredential": "Connect-AzAccount", "AzureDeveloperCliCredential": "azd auth login"}
    return other.get(credential) or az_login()


def _variables(credential: str) -> str:
    """Return the variables that a service principal's credential is made of."""
    proof = {CERTIFICATE: "AZURE_CLIENT_CERTIFICATE_PATH", FEDERATION: "AZURE_FEDERATED_TOKEN_FILE"}
    return f"AZURE_CLIENT_ID, AZURE_TENANT_ID and {proof.get(credential, 'AZURE_CLIENT_SECRET')}"


# Source of the numbers: "Microsoft Entra authentication and authorization error codes"
# (learn.microsoft.com/entra/identity-platform/reference-error-codes); of those of federated credentials "Important
# considerations and restrictions for federated identity credentials" (learn.microsoft.com/entra/workload-id/
# workload-identity-federation-considerations) and "Troubleshoot" in its neighbourhood.
_SECOND_FACTOR = frozenset(("50072", "50074", "50076", "50078", "50079", "50158"))
_POLICY = frozenset(
    (
        *("50097", "50105", "53000", "53001", "53002", "53003", "53004", "53009", "53010", "53011"),
        *("530021", "530031", "530032", "530034", "530035", "530036", "530084"),
    )
)
"""Conditional Access, risk and assignment: only what the policy wants, or whoever manages it, helps."""
_EXPIRED = frozenset(("50089", "50132", "50133", "50173", "70008", "70043", "70044", "700081", "700082", "700084"))
"""The sign-in, which az keeps, is over or was revoked."""
_ACCOUNT = {
    "50034": "The account is not in this tenant: sign in with one that is, or to its own tenant",
    "50020": "The account is not in this tenant: sign in with one that is, or have it invited as a guest",
    "90072": "The account is not in this tenant: sign in with one that is, or have it invited as a guest",
    "16000": "The account that is signed in can't be used here: choose another account",
    "50126": "User name or password is wrong",
    "50055": "The password has expired: change it at https://aka.ms/sspr first",
}
_FEDERATED = {
    "70021": "subject, issuer or audience",
    "700211": "issuer",
    "700212": "audience",
    "700213": "subject",
}
"""What of the presented token no federated credential of the application has."""
_TIMES = frozenset(("50013", "500133", "700024"))
"""An assertion that is not valid now."""


def advice(number: str, credential: str, text: str) -> str:  # noqa: PLR0912 - a table with conditions
    """Return what to do about AADSTS`number` of a sign-in by this credential; `text` is all that Entra ID said."""
    app, scope = credential in APPS, _asked_scope(text)
    tenant = _asked_tenant(text)
    administrator = "The sign-in logs of Entra ID show an administrator which policy it is"
    if number in _SECOND_FACTOR and not app:
        return f"A second factor is needed: {az_login(tenant, scope, _asked_claims(text), afresh=True)}"
    if number in _POLICY or number in _SECOND_FACTOR:
        return (
            "A policy (Conditional Access) blocks this sign-in, and signing in anew the same way won't help. "
            f"{administrator}, and what it demands: a managed device, another place or application, or an exception."
        )
    if number in _EXPIRED and not app:
        return f"The sign-in is over or was revoked: {az_login(tenant, scope, afresh=True)}"
    if number in _ACCOUNT and not app:
        return f"{_ACCOUNT[number]}: {az_login(tenant, afresh=True)}"
    if number in ("50057", "50053"):
        return "The account is disabled or locked: ask an administrator of the tenant, or sign in with another account."
    if number in ("65001", "65004", "90094"):
        return (
            "The application that signs in has no consent for this service: ask an administrator of the tenant to "
            "consent to it, or sign in with another: az login"
        )
    if number == "500011":
        return "The tenant doesn't know this service: check --tenant, --cloud, --arm-endpoint and the sign-in's tenant."
    if number in ("90002", "900023", "900021", "50059", "50128"):
        where = "AZURE_TENANT_ID" if app else "--tenant"
        return (
            f"Correct the tenant in {where}, and check --cloud: az account tenant list shows the tenants of a sign-in."
        )
    if number == "700024" and not app:
        return ran_out(os.environ)
    if not app:
        login = az_login(tenant, scope, afresh=True)
        return f"{login}\nIf Entra ID answers the same, its sign-in logs show an administrator why."
    if number in _FEDERATED:
        return (
            f"No federated credential of the application has the {_FEDERATED[number]} that was presented: compare it, "
            "to the letter, with: az ad app federated-credential list --id $AZURE_CLIENT_ID\n"
            "A new one works after some minutes. "
            "GitHub repositories made, renamed or moved since July 2026 present their ids too: repo:OWNER@ID/REPO@ID:…"
        )
    if number in _TIMES:
        return (
            "The assertion is too old or not valid yet: have a fresh token written to AZURE_FEDERATED_TOKEN_FILE (a "
            "pipeline's lasts minutes), and check that this machine's clock is right."
            if credential == FEDERATION
            else "The assertion is not valid now: check that this machine's clock is right."
        )
    if number == "700016":
        return "The tenant has no such application: correct AZURE_CLIENT_ID or AZURE_TENANT_ID."
    if number == "7000229":
        return "The application has no service principal in this tenant: az ad sp create --id $AZURE_CLIENT_ID"
    if number == "7000112":
        return "The application is disabled: ask its owner, or an administrator of the tenant."
    if credential == SECRET and number == "7000222":
        return "The secret has expired: put a new one (az ad app credential reset --append) in AZURE_CLIENT_SECRET."
    if credential == SECRET and number == "7000215":
        return (
            "Correct AZURE_CLIENT_SECRET: it is the secret's value, not its id, and of the application "
            "AZURE_CLIENT_ID. One that was just created works after a minute."
        )
    if credential == CERTIFICATE:
        return (
            "Entra ID does not accept the certificate of AZURE_CLIENT_CERTIFICATE_PATH: it has to be among those of "
            "the application AZURE_CLIENT_ID, and valid now: az ad app credential list --cert --id $AZURE_CLIENT_ID"
        )
    if credential in (FEDERATION, *RUNNERS):
        return "Check AZURE_CLIENT_ID, AZURE_TENANT_ID, and the federated credentials of the application."
    if credential == MANAGED:
        return "Check that the managed identity still exists and is assigned to this machine."
    return f"Correct {_variables(credential)}, by what Entra ID says."


def _asked_scope(text: str) -> str:
    """Return the scope that az itself says to sign in for; "" where it says none."""
    found = re.search(r'--scope "?([^\s"]+)', text)
    return found[1] if found else ""


def _asked_tenant(text: str) -> str:
    found = re.search(r'--tenant "?([\w.-]+)', text)
    return found[1] if found else ""


def _asked_claims(text: str) -> str:
    found = re.search(r'--claims-challenge "?([\w+/=-]+)', text)
    return found[1] if found else ""
