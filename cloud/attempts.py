"""What each credential of the chain said when none gave a token, out of the one long text that the SDK makes of it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil

from cloud.sign_in_advice import CERTIFICATE, CLI, FEDERATION, MANAGED, SECRET, in_cloud_shell

_ATTEMPT = re.compile(r"^\t(\w+Credential): (.*?)(?=^\t\w+Credential\b|^To mitigate|\Z)", re.MULTILINE | re.DOTALL)
_MITIGATE = re.compile(r"\n?To mitigate this issue, please refer to the troubleshooting guidelines here at \S+")
_UNUSED = re.compile(
    r"(?i)environment variables are not fully configured|authentication unavailable|no managed identity endpoint"
    r"|unavailable, no response|not found on path|powershell is not installed|az\.account.*not installed"
    r"|not fully configured|shared token cache unavailable|no accounts? (was|were)? ?found|requires the .* package"
    r"|could not be found|not available"
)
"""What credentials say that nothing was set up for."""


def failed_attempt(text: str, used: str) -> tuple[str, str]:
    """Return the class's name of the credential that was meant, and what it said.

    `used` is the one that has given a token before; it fails alone. The name is "" where nothing is set up for any.
    """
    attempts = [(name, _MITIGATE.sub("", said).strip()) for name, said in _ATTEMPT.findall(text)]
    if not attempts:
        return used, _MITIGATE.sub("", text).strip()
    tried = [(name, said) for name, said in attempts if not _UNUSED.search(said)]
    with_code = [attempt for attempt in tried if "AADSTS" in attempt[1]]
    az = [attempt for attempt in tried if attempt[0] == CLI[0]]
    chosen = (with_code or az or tried[-1:])[:1]
    if chosen:
        return _kind(chosen[0][0]), chosen[0][1]
    if len(attempts) == 1:  # the only one that may be used: AZURE_TOKEN_CREDENTIALS
        return "" if attempts[0][0] == "EnvironmentCredential" else _kind(attempts[0][0]), attempts[0][1]
    return "", "\n".join(f"{name}: {said.splitlines()[0] if said else ''}" for name, said in attempts)


def _kind(name: str) -> str:
    """Return what a credential that chooses by the environment has chosen."""
    found = os.environ
    if name == "EnvironmentCredential":
        return SECRET if found.get("AZURE_CLIENT_SECRET") else CERTIFICATE
    if name == MANAGED and in_cloud_shell():
        return "CloudShellCredential"
    return FEDERATION if name == "WorkloadIdentityCredential" else name


async def az_words(reason: str, scope: str, tenant: str, seconds: int) -> str:
    """Return why az gave no token, in its own words: azure-identity replaces some of them by "Please run 'az login'".

    Then az is asked once more, and nothing but its errors is read.
    """
    az = shutil.which("az.cmd") or shutil.which("az") if os.name == "nt" else shutil.which("az")
    if "Please run 'az login' to set up an account" not in reason or az is None:
        return reason
    which = ["--resource", scope.removesuffix("/.default"), *(["--tenant", tenant] if tenant else [])]
    process = await asyncio.create_subprocess_exec(
        az, "account", "get-access-token", "--output", "none", *which,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "AZURE_CORE_NO_COLOR": "true"},
    )  # fmt: skip
    try:
        _nothing, errors = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        process.kill()
        return reason
    return errors.decode(errors="replace").strip() or reason
