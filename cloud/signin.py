"""The signed-in identity: one credential, asked once per audience, and what its token says."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

from cloud.answers import NoToken
from cloud.attempts import az_words, failed_attempt
from cloud.identifiers import pasted
from cloud.once import Once
from cloud.runner import EXCHANGE, EXCHANGES, find_runner
from cloud.service_principal import refuse_half
from cloud.sign_in_advice import HOW_TO_SIGN_IN, LABELS, in_cloud_shell
from engine.refusal import Refusal, redact

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

    from cloud.azure_clouds import Cloud
    from cloud.retry import Notice

EARLY = 300
"""Seconds before its end that a token is asked for anew."""

AZ_SECONDS = 60
"""Seconds that az has for a token if not said otherwise. azure-identity gives it 10; slow machines need more."""

_IDS = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_AUTHORITY_HOST", "AZURE_FEDERATED_TOKEN_FILE")

log = logging.getLogger("cloud")


def _may_pass(error: BaseException) -> bool:
    """Whether a token may be had by asking again: a cut or garbled answer looks like any other failure of the chain.

    An answer with one of Entra's codes is final, unless it is AADSTS90033, "a transient error"; so is a process that
    took too long, and a claims challenge that the credential can't meet.
    """
    from azure.core.exceptions import ClientAuthenticationError, DecodeError

    final = re.search(r"AADSTS(?!90033)\d+|AudienceNotSupported|(?i:timed out waiting|claims challenge)", str(error))
    return isinstance(error, ClientAuthenticationError | DecodeError) and not final


def _complete_service_principal() -> dict[str, bool]:
    """A service principal in the environment beats Cloud Shell, also where Cloud Shell is named as the one to use."""
    complete = all(os.environ.get(f"AZURE_{name}") for name in ("CLIENT_ID", "TENANT_ID", "CLIENT_SECRET"))
    chosen = os.environ.get("AZURE_TOKEN_CREDENTIALS", "").lower()
    return {"exclude_environment_credential": False} if complete and chosen == "managedidentitycredential" else {}


def _clean_ids() -> None:
    """Take off what was pasted around the ids that azure-identity reads from the environment; never of a secret."""
    for name in _IDS:
        if value := os.environ.get(name):
            os.environ[name] = pasted(value)


def authority(cloud: Cloud) -> dict[str, Any]:
    """Return where a credential signs in. Instance discovery asks the public cloud, which knows no cloud of its own."""
    own = {} if cloud.name.startswith("Azure") else {"disable_instance_discovery": True}
    return {"authority": cloud.login, **own}


@dataclass(frozen=True)
class SignedIn:
    """The identity of a token. `object_id` is the `oid` claim: no Graph permission is needed to know it."""

    object_id: str
    tenant: str
    kind: Literal["User", "ServicePrincipal"]
    name: str
    by: str
    """The credential, in words."""


class SharedCredential:
    """A CI runner's own sign-in, else DefaultAzureCredential, with a memory.

    Each audience's token is asked for once, and shared while it lasts.
    """

    def __init__(self, cloud: Cloud, tenant: str | None, notice: Notice, *, az_seconds: int = AZ_SECONDS) -> None:
        self._cloud, self._tenant, self._notice, self._az_seconds = cloud, tenant, notice, az_seconds
        self._tokens: dict[tuple[str, ...], AccessToken] = {}
        self._asking = Once()
        self._renewed: set[str] = set()
        self._early: dict[tuple[str, ...], asyncio.Task[AccessToken]] = {}
        self._inner: Any = None

    def ask_early(self, *scopes: str) -> None:
        """Begin to ask for tokens that will be needed, at once; what goes wrong is told to the first who needs one."""
        for scope in scopes:
            task = self._early[(scope,)] = asyncio.create_task(self._get_token(scope, enable_cae=True))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())  # it may never be needed

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        **options: Any,
    ) -> AccessToken:
        """Return a token for `scopes`; a claims challenge asks for a fresh one.

        Raises NoToken where there is none.
        """
        early = self._early.pop(scopes, None)
        if early is not None and not claims:
            return await early
        return await self._get_token(*scopes, claims=claims, tenant_id=tenant_id, **options)

    async def _get_token(
        self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, **options: Any
    ) -> AccessToken:
        known = self._tokens.get(scopes)
        # A challenge names a tenant, and wants another token than the one that it refused.
        if known is not None and known.expires_on - EARLY > time.time() and not claims and not tenant_id:
            return known
        # What comes of asking is shared, a refusal too: many runs may wait for a sign-in.
        return await self._asking(
            (scopes, claims, tenant_id),
            lambda: self._ask(scopes, {"claims": claims, **options}, tenant_id or self._tenant or ""),
            keep=lambda _token: False,
        )

    async def _ask(self, scopes: tuple[str, ...], options: dict[str, Any], tenant: str) -> AccessToken:
        from azure.core.exceptions import ClientAuthenticationError

        asking = AsyncRetrying(
            stop=stop_after_attempt(2),
            retry=retry_if_exception(_may_pass),
            before_sleep=lambda _state: self._notice("there was no token; trying again"),
            reraise=True,
        )
        chosen = {"tenant_id": tenant} if tenant else {}
        try:
            fresh: AccessToken = await asking(self._credential().get_token, *scopes, **chosen, **options)
        except ClientAuthenticationError as error:
            raise await self._without_token(error, scopes[0], tenant) from error
        self._tokens[scopes] = fresh
        return fresh

    def forget(self, scope: str, refused: str) -> bool:
        """Forget a token that was refused; say whether asking again can give another (False once it just has)."""
        known = self._tokens.get((scope,))
        if known is not None and known.token == refused:
            del self._tokens[(scope,)]
            if scope in self._renewed:
                return False
            self._renewed.add(scope)
            self._notice("the token was refused; trying again with a fresh one")
        return True

    def _credential(self) -> Any:
        if self._inner is None:
            from azure.identity.aio import DefaultAzureCredential

            from cloud.retry import ArmRetryPolicy
            from cloud.transport import Transport

            _clean_ids()
            common = {
                **authority(self._cloud),
                "additionally_allowed_tenants": ["*"],
                "transport": Transport(),
                "retry_policy_class": lambda **_: ArmRetryPolicy(self._notice, "the sign-in"),
            }
            try:
                if runner := find_runner(os.environ, EXCHANGES.get(self._cloud.name, EXCHANGE)):
                    from cloud.runner_credential import RunnerCredential

                    self._inner = RunnerCredential(runner, self._notice, **common)
                else:
                    refuse_half(os.environ)
                    self._inner = DefaultAzureCredential(
                        **common, process_timeout=self._az_seconds, **_complete_service_principal()
                    )
            except ValueError as error:  # a variable that is there, but empty or malformed
                raise Refusal(
                    "The credential in the environment can't be used.", why=str(error), next=HOW_TO_SIGN_IN
                ) from error
        return self._inner

    async def who(self, scope: str = "") -> SignedIn:
        """Return who the Resource Manager token, or the one for `scope`, speaks for."""
        return signed_in((await self.get_token(scope or self._cloud.arm_scope)).token, self._by())

    def last(self, scope: str) -> SignedIn | None:
        """Return who the last token for `scope` speaks for; None where there was none."""
        known = self._tokens.get((scope,))
        return signed_in(known.token, self._by()) if known else None

    async def _without_token(self, error: Exception, scope: str, tenant: str) -> NoToken:
        """Return which credential gave no token, and its own words; they go into the log too."""
        credential, reason = failed_attempt(str(error), self._used())
        if credential == "AzureCliCredential":
            reason = await az_words(reason, scope, tenant, self._az_seconds)
        log.info("no token from %s: %s", credential or "any credential", redact(reason))
        return NoToken(credential, reason)

    def _used(self) -> str:
        """Return the class's name of the credential that has given a token; "" before the first."""
        if runner := getattr(self._inner, "runner", None):
            return str(runner.kind)
        used = getattr(self._inner, "_successful_credential", None)
        return _inner_kind(used) if used is not None else ""

    def _by(self) -> str:
        kind = self._used()
        return LABELS.get(kind, kind.removesuffix("Credential"))

    async def __aenter__(self) -> SharedCredential:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close what the credential holds open."""
        for task in self._early.values():
            task.cancel()
        if self._inner is not None:
            await self._inner.close()


def signed_in(token: str, by: str) -> SignedIn:
    """Return who a token, which is not verified, speaks for."""
    import jwt

    claims = jwt.decode(token, options={"verify_signature": False})
    app = claims.get("idtyp") == "app" or not (claims.get("upn") or claims.get("unique_name"))
    name = claims.get("appid") if app else claims.get("upn") or claims.get("unique_name")
    return SignedIn(
        object_id=str(claims["oid"]),
        tenant=str(claims["tid"]),
        kind="ServicePrincipal" if app else "User",
        name=str(name or claims["oid"]),
        by=by,
    )


def _inner_kind(credential: object) -> str:
    """Return the name of a credential's class, and for those that choose one of several what they chose."""
    kind = type(credential).__name__
    if kind == "ManagedIdentityCredential" and in_cloud_shell():
        return "CloudShellCredential"
    inner = getattr(credential, "_credential", None)
    return type(inner).__name__ if kind == "EnvironmentCredential" and inner is not None else kind
