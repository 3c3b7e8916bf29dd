"""Discovery before a token request: OpenID configuration, instances, keys, the realm of a user."""

from __future__ import annotations

from emulator import seed
from emulator.entra.refusals import refusal, unknown_tenant
from emulator.messages import Reply, Request
from emulator.router import Router
from emulator.world import World

ANY_TENANT = ("common", "organizations", "consumers")
_PUBLIC_LOGIN = "login.microsoftonline.com"

router = Router()


def tenant_of(name: str) -> str | None:
    """Return the tenant's id for its id or domain, None for `common` and the like; refuse (400) unknown ones."""
    if name.lower() in (seed.TENANT, seed.TENANT_DOMAIN):
        return seed.TENANT
    if name.lower() in ANY_TENANT:
        return None
    raise unknown_tenant(name)


@router.add("GET", "/{tenant}/v2.0/.well-known/openid-configuration", latency="token")
def configuration(world: World, request: Request, tenant: str) -> Reply:  # noqa: ARG001 - the same in every world
    """Return the OpenID configuration, version 2.0."""
    found = tenant_of(tenant) or tenant.lower()
    login = f"{request.origin}/{found}"
    issuer = f"{request.origin}/{'{tenantid}' if found in ANY_TENANT else found}/v2.0"
    return Reply(200, _configuration(login, "/v2.0", issuer) | {"jwks_uri": f"{login}/discovery/v2.0/keys"})


@router.add("GET", "/{tenant}/.well-known/openid-configuration", latency="token")
def configuration_v1(world: World, request: Request, tenant: str) -> Reply:  # noqa: ARG001 - the same in every world
    """Return the OpenID configuration, version 1.0."""
    found = tenant_of(tenant) or tenant.lower()
    login = f"{request.origin}/{found}"
    issuer = f"https://sts.windows.net/{'{tenantid}' if found in ANY_TENANT else found}/"
    return Reply(200, _configuration(login, "", issuer) | {"jwks_uri": f"{request.origin}/common/discovery/keys"})


def _configuration(login: str, version: str, issuer: str) -> dict[str, object]:
    return {
        "token_endpoint": f"{login}/oauth2{version}/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer,
        "authorization_endpoint": f"{login}/oauth2{version}/authorize",
        "device_authorization_endpoint": f"{login}/oauth2{version}/devicecode",
        "end_session_endpoint": f"{login}/oauth2{version}/logout",
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "name", "oid", "tid", "upn", "ver"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    }


@router.add("GET", "/{tenant}/discovery/v2.0/keys", latency="token")
@router.add("GET", "/{tenant}/discovery/keys", latency="token")
def keys(world: World, request: Request, tenant: str) -> Reply:  # noqa: ARG001 - one key for every caller
    """Return the keys that verify tokens."""
    tenant_of(tenant)
    return Reply(200, world.tokens.key_set())


@router.add("GET", "/{tenant}/discovery/instance", latency="token")
def instance(world: World, request: Request, tenant: str) -> Reply:
    """Return the authorities of this cloud; refuse (400) another cloud's authority."""
    tenant_of(tenant)
    asked = request.query.get("authorization_endpoint", f"https://{_PUBLIC_LOGIN}/common/oauth2/authorize")
    host, _, path = asked.removeprefix("https://").lower().partition("/")
    own = world.arm_endpoint.removeprefix("https://")
    aliases = [_PUBLIC_LOGIN, "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    if host.partition(":")[0] in ("127.0.0.1", "localhost"):  # MSAL leaves out the port
        host = own
    elif host not in aliases:
        raise refusal(400, "invalid_instance", 50049, "Unknown or invalid instance.")
    found = path.partition("/")[0] or "common"
    metadata = [
        {"preferred_network": _PUBLIC_LOGIN, "preferred_cache": "login.windows.net", "aliases": aliases},
        {"preferred_network": own, "preferred_cache": own, "aliases": [own]},
    ]
    endpoint = f"https://{host}/{found}/v2.0/.well-known/openid-configuration"
    return Reply(200, {"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": metadata})


@router.add("GET", "/common/userrealm/{upn}", latency="token")
def user_realm(world: World, request: Request, upn: str) -> Reply:  # noqa: ARG001 - the same in every world
    """Return where a user signs in: users of the tenant's domain with a password."""
    body = {"ver": "1.0", "domain_name": upn.rpartition("@")[2], "account_type": "Unknown"}
    if upn.lower().endswith(f"@{seed.TENANT_DOMAIN}"):
        body |= {
            "account_type": "Managed",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        }
    return Reply(200, body)
