"""A service principal in the environment that lacks a part: azure-identity would pass it over for another sign-in."""

from __future__ import annotations

from collections.abc import Mapping

from engine.refusal import BadInput

IDS = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID")
PROOFS = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE")
"""Each of them, with both ids, makes a service principal. Source: EnvironmentCredential and WorkloadIdentityCredential
in the documentation of azure-identity."""
_OTHERS = ("dev", "azureclicredential", "azurepowershellcredential", "azuredeveloperclicredential")
"""Values of AZURE_TOKEN_CREDENTIALS with which the variables of a service principal aren't looked at."""


def refuse_half(environment: Mapping[str, str]) -> None:
    """Raise BadInput where only a part of a service principal is there, with all that is missing.

    The ids alone may be meant for another credential; a proof without them can't be, nor one that is there and empty,
    as pipelines leave a secret that they don't know.
    """
    chosen = environment.get("AZURE_TOKEN_CREDENTIALS", "").strip().lower()
    if chosen in _OTHERS:
        return
    there = [name for name in (*IDS, *PROOFS) if environment.get(name, "").strip()]
    proofs = [name for name in PROOFS if name in there]
    empty = [name for name in PROOFS if name in environment and name not in there]
    missing = [name for name in IDS if name not in there] if proofs else []
    # AZURE_CLIENT_ID also names a managed identity among several.
    if not proofs and empty and "AZURE_CLIENT_ID" in there and chosen != "managedidentitycredential":
        missing = [*(name for name in IDS if name not in there), *empty]
    if not missing:
        return
    state = [f"{name} is {'empty' if name in environment else 'not set'}" for name in missing]
    whole = " and ".join((*IDS, (proofs or empty)[0]))
    raise BadInput(
        "The environment has half a service principal.",
        f"Set {whole}, or none of them: then the sign-in of az, Cloud Shell or a managed identity is used.",
        why=f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} set; {', '.join(state)}.",
    )
