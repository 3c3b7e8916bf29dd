"""Probes: whether an instance answers, asked as a client application would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.core.exceptions import HttpResponseError

from cloud.azure_clouds import DATA_PLANE
from cloud.waiting import poll

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cloud.clients import Azure

MODELS = "/models?api-version=2023-10-31"
"""The cheapest request that needs a role: the first page of the models, which may be empty."""
AS_THE_APP = "&includeModelDefinition=false"
"""The default, spelled out, so that the application's question is told apart from the user's in a log."""
ROLE_BOUND = 5 * 60
"""Until a new role works on the data plane. Source: the Digital Twins documentation's "up to five minutes"."""


async def read_models(
    azure: Azure, host_name: str, token: str, new_role: Callable[[], Awaitable[bool]], *, query: str = ""
) -> None:
    """Read the instance's models. Raises HttpResponseError.

    A role that is too new to work is waited for: `new_role`, asked after a refusal, says whether there is such a one.
    """
    refused: list[HttpResponseError] = []

    async def once() -> bool:
        try:
            await azure.read(f"https://{host_name}{MODELS}{query}", token)
        except HttpResponseError as error:
            if error.status_code != 403:
                raise
            refused[:] = [error]
            return False
        return True

    if await once():
        return
    answer = refused[0].response
    if answer is None or answer.text() or not await new_role():  # with words it isn't about a role
        raise refused[0]
    try:
        await poll(once, until=bool, bound=ROLE_BOUND, what="The role")
    except TimeoutError:
        raise refused[0] from None


async def user_token(azure: Azure) -> str:
    """Return a token of the signed-in user, for data planes."""
    return (await azure.credential.get_token(f"{DATA_PLANE}/.default")).token


async def app_token(azure: Azure, tenant: str, client_id: str, secret: str) -> str:
    """Sign in as an application with its secret, and return a token for data planes."""
    from azure.identity.aio import ClientSecretCredential

    from cloud.signin import authority
    from cloud.transport import Transport

    async with ClientSecretCredential(
        tenant, client_id, secret, transport=Transport(), **authority(azure.cloud)
    ) as credential:
        return (await credential.get_token(f"{DATA_PLANE}/.default")).token
