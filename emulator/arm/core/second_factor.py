"""The mandatory second factor: a user's writes are refused while the token doesn't tell of one; reads pass.

Source: learn.microsoft.com/entra/identity/authentication/concept-mandatory-multifactor-authentication (phase 2; service
principals and managed identities are exempt); the answer in Azure/azure-cli#31009 and
OfficeDev/microsoft-365-agents-toolkit#14626.
"""

from __future__ import annotations

import base64

from emulator import seed
from emulator.arm.core.guards import caller_of
from emulator.messages import Refused, Request
from emulator.world import World

CONTEXT = "p1"
"""The authentication context that the challenge asks for."""
CLAIMS = base64.b64encode(b'{"access_token":{"acrs":{"essential":true,"values":["p1"]}}}').decode()


def require(world: World, request: Request) -> None:
    """Refuse (401, with a claims challenge) a user's write without a second factor, where the tenant demands one.

    It does while there is a document of kind `conditionalAccess` and key `resourceManager`.
    """
    if request.method in ("GET", "HEAD") or world.store.get("conditionalAccess", "resourceManager") is None:
        return
    caller = caller_of(request)
    if caller.kind == "app" or CONTEXT in caller.contexts:
        return
    header = (
        f'Bearer realm="", authorization_uri="https://login.microsoftonline.com/{seed.TENANT}", '
        f'error="insufficient_claims", claims="{CLAIMS}"'
    )
    target = request.path.rpartition("/")[2]
    text = (
        f"Resource '{target}' was disallowed by policy. Reasons: 'Users must authenticate with multi-factor "
        "authentication to create or update resources. See https://aka.ms/MFAforAzure.'."
    )
    raise Refused(401, "RequestDisallowedByPolicy", text, target=target, headers={"WWW-Authenticate": header})
