"""What the runners of GitHub Actions and Azure Pipelines give to a job: a token that says which job it is.

    GET https://run-actions.actions.githubusercontent.com/idtoken?subject=S[&audience=A][&lifetime=SECONDS]
    POST https://dev.azure.com/ORGANIZATION/PROJECT/.../oidctoken?serviceConnectionId=ID

The first answers `{"value": TOKEN}`, and is told the subject, which GitHub knows by the job. The second answers
`{"oidcToken": TOKEN}` of the issuer `https://vstoken.dev.azure.com/ORGANIZATION`, whose subject is
`sc://ORGANIZATION/PROJECT/ID`. Any bearer token will do, but there has to be one: what a refusal says is not published.

Sources: "OpenID Connect reference" in the GitHub documentation; "Oidctoken - Create" in the REST reference of Azure
DevOps; for issuer and subject "Workload identity federation" in the documentation of Azure Pipelines.
"""

from __future__ import annotations

import re

from emulator.entra import issuer
from emulator.messages import Refused, Reply, Request
from emulator.world import World

GITHUB = re.compile(r"[a-z0-9-]+\.actions\.githubusercontent\.com")
PIPELINES = "dev.azure.com"
_ISSUER = "https://token.actions.githubusercontent.com"
_CONNECTION = re.compile(r"/([^/]+)/([^/]+)/.*\boidctoken")


def known_host(host: str) -> bool:
    """Whether a runner's tokens are asked for at `host`, given in lower case and without a port."""
    return host == PIPELINES or bool(GITHUB.fullmatch(host))


def handle(world: World, request: Request) -> Reply:
    """Answer a job's request for a token; 401 without a bearer token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(401, "Unauthorized", "The request has no token of a job.")
    connection = _CONNECTION.fullmatch(request.path)
    if request.method == "POST" and connection:
        organization, project = connection.groups()
        if not (which := request.query.get("serviceConnectionId")):
            raise Refused(400, "InvalidArgument", "Value cannot be null. Parameter name: serviceConnectionId")
        own = {"subject": f"sc://{organization}/{project}/{which}"}
        own["issuer"] = f"https://vstoken.dev.azure.com/{organization}"
        return Reply(200, {"oidcToken": issuer.token(world, own)}, latency="token")
    if request.method == "GET" and request.path == "/idtoken":
        return Reply(200, {"value": issuer.token(world, {"issuer": _ISSUER, **request.query})}, latency="token")
    raise Refused(404, "NotFound", f"There is no {request.method} {request.path}.")


def render_refusal(refused: Refused, request: Request) -> Reply:  # noqa: ARG001 - one shape for all
    """Render what both services call an error: a message."""
    return Reply(refused.status, {"message": refused.message, "typeKey": refused.code}, latency="token")
