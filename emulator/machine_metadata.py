"""The token endpoint of a virtual machine's metadata service (IMDS): plain http, tokens for its managed identities.

Sources: "How to use managed identities for Azure resources on an Azure VM to acquire an access token"
(learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token): parameters, answer, error
shape and codes. "Azure Instance Metadata Service" (learn.microsoft.com/azure/virtual-machines/
instance-metadata-service): versions, methods, `X-Forwarded-For`, repeated parameters, 20 requests a second. The FAQ of
managed identities: which identity is taken unasked. Answers as people saw them: an unknown identity
(Azure/azure-sdk-for-net#37278), several and none asked for (Hexadite/acs-keyvault-agent#43), no `resource`
(Azure/aad-pod-identity#450), other paths (MicrosoftDocs/azure-docs#15282). While it is updated it answers 404 or 410:
a fault to be injected.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field

from emulator import seed
from emulator.messages import Json, Refused, Reply, Request
from emulator.seed_machines import Machine, ManagedIdentity
from emulator.tokens import PORTAL_AUDIENCES, same_audience
from emulator.world import World

PATH = "/metadata/identity/oauth2/token"
_SELECTORS = {"client_id": "client_id", "object_id": "object_id", "msi_res_id": "id"}
"""The parameters that name an identity, with what of it they name."""
_NEWEST = ("2025-04-07", "2024-07-17", "2024-03-15")
_VERSIONS = frozenset((
    *("2018-02-01", "2018-04-02", "2018-10-01", "2019-02-01", "2019-03-11", "2019-04-30", "2019-06-01", "2019-06-04"),
    *("2019-08-01", "2019-08-15", "2019-11-01", "2020-06-01", "2020-07-15", "2020-09-01", "2020-10-01", "2020-12-01"),
    *("2021-01-01", "2021-02-01", "2021-03-01", "2021-05-01", "2021-08-01", "2021-10-01", "2021-11-01", "2021-11-15"),
    *("2021-12-13", "2023-07-01", "2023-11-15", *_NEWEST),
))  # fmt: skip
_A_SECOND = 20


@dataclass
class MachineMetadata:
    """The service of `machine`. With `world.limits` it takes 20 requests in a second."""

    machine: Machine
    _taken: deque[float] = field(default_factory=deque)

    def handle(self, world: World, request: Request) -> Reply:
        """Answer a GET with header `Metadata: true`; `resource` is echoed as it was sent."""
        self._count(world)
        if request.headers.get("Metadata") != "true":
            raise Refused(400, "bad_request_102", "Required metadata header not specified")
        if "X-Forwarded-For" in request.headers:  # that it is refused is documented, with what isn't
            raise Refused(400, "invalid_request", "A request with the header X-Forwarded-For is refused.")
        if request.path != PATH:
            raise Refused(404, "Not found", "")
        if request.method != "GET":
            raise Refused(405, "Method Not Allowed", "The HTTP method isn't supported on the endpoint.")
        _check_parameters(request)
        resource = request.query["resource"]
        audience = world.tokens.resource(resource)
        if audience is None or same_audience(audience, PORTAL_AUDIENCES):
            text = f"AADSTS50001: The application named {resource} was not found in the tenant named {seed.TENANT}."
            raise Refused(400, "invalid_resource", text)
        identity = self._asked(world, request)
        token = world.tokens.for_app(
            identity.client_id, identity.object_id, audience, roles=identity.graph_roles, identity=identity.id
        )
        return Reply(200, token.local_answer(resource), latency="token")

    def render_refusal(self, refused: Refused, request: Request) -> Reply:  # noqa: ARG002 - one shape for all
        """Render the error shape of token endpoints."""
        body: Json = {"error": refused.code}
        if refused.message:
            body["error_description"] = refused.message
        elif refused.status == 400:
            body["newest-versions"] = _NEWEST
        return Reply(refused.status, body, dict(refused.headers), latency="token")

    def _asked(self, world: World, request: Request) -> ManagedIdentity:
        """Return the identity that the request names, or the one that is taken unasked; refuse others (400)."""
        named = {name: request.query[name] for name in _SELECTORS if name in request.query}
        assigned = [one for one in self.machine.identities if world.store.get("servicePrincipal", one.object_id)]
        found = [
            one
            for one in assigned
            if all(str(getattr(one, _SELECTORS[name])).lower() == value.lower() for name, value in named.items())
        ]
        if not named:
            found = [one for one in assigned if one is self.machine.system] or found
        if len(found) > 1:
            text = "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity "
            raise Refused(400, "invalid_request", f"{text}in the token request")
        if not found:
            raise Refused(400, "invalid_request", "Identity not found")
        return found[0]

    def _count(self, world: World) -> None:
        if world.limits is None:
            return
        now = time.monotonic()
        while self._taken and now - self._taken[0] >= 1:
            self._taken.popleft()
        if len(self._taken) >= _A_SECOND:
            raise Refused(429, "Too Many Requests", "API rate limits have been exceeded.")
        self._taken.append(now)


def _check_parameters(request: Request) -> None:
    if request.query.get("api-version") not in _VERSIONS:
        text = "Bad request. api-version is invalid or was not specified in the request. For more information refer to "
        raise Refused(400, f"{text}aka.ms/azureimds", "")
    if repeated := [name for name, times in Counter(name for name, _ in request.asked).items() if times > 1]:
        raise Refused(400, "invalid_request", f"The request includes a parameter more than once: {repeated[0]}.")
    if not request.query.get("resource"):
        raise Refused(400, "invalid_request", "Required query variable 'resource' is missing")
