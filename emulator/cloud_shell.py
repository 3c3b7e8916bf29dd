"""The token endpoint of Cloud Shell: plain http on loopback, tokens for the signed-in user."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from emulator import seed
from emulator.messages import Refused, Reply, Request
from emulator.tokens import PORTAL_AUDIENCES, same_audience
from emulator.world import World

PATH = "/oauth2/token"


@dataclass(frozen=True)
class CloudShell:
    """Issues tokens of `user`."""

    user: seed.User

    def handle(self, world: World, request: Request) -> Reply:
        """Answer a form POST of `resource` with header `Metadata: true`; `resource` is echoed as it was sent."""
        if request.path != PATH:
            raise Refused(404, "NotFound", "The Cloud Shell token endpoint is at /oauth2/token.")
        if request.method != "POST":
            raise Refused(405, "MethodNotAllowed", f"The method {request.method} is not allowed here.")
        if request.headers.get("Metadata", "").lower() != "true":
            raise Refused(400, "invalid_request", "Required metadata header not specified")
        resource = parse_qs(request.body.decode("utf-8", "replace")).get("resource", [""])[0]
        if not resource:
            raise Refused(400, "invalid_request", "The parameter resource is required.")
        audience = world.tokens.resource(resource)
        # The portal's own service is none of its audiences: Azure/azure-cli#8912 and #25257.
        if audience is None or same_audience(audience, PORTAL_AUDIENCES):
            raise Refused(400, "AudienceNotSupported", f"Audience {resource} is not a supported MSI token audience.")
        token = world.tokens.for_user(self.user, audience)
        return Reply(200, token.local_answer(resource) | {"client_id": seed.AZURE_CLI_APP}, latency="token")

    def render_refusal(self, refused: Refused, request: Request) -> Reply:  # noqa: ARG002 - one shape for all
        """Render Cloud Shell's error shape."""
        body = {"error": {"code": refused.code, "message": refused.message}}
        return Reply(refused.status, body, dict(refused.headers), latency="token")
