"""One sign-in, which many runs and blobs wait for at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from cloud.answers import NoToken
from cloud.azure_clouds import Cloud
from cloud.blob_connection import BlobConnection
from cloud.signin import EARLY, SharedCredential

SCOPE = "https://storage.azure.com/.default"
CLOUD = Cloud("mine", "https://arm.example", "https://login", "https://graph", "", "arm/.default", "graph/.default", "")


class Source:
    """Gives tokens as a credential of azure-identity does; counts how often it is asked."""

    def __init__(self, lasts: float = 3600, refuses: str = "") -> None:
        self.asked: list[dict[str, Any]] = []
        self._lasts, self._refuses = lasts, refuses
        self.may = asyncio.Event()

    async def get_token(self, *_scopes: str, **options: Any) -> AccessToken:
        self.asked.append(options)
        await asyncio.wait_for(self.may.wait(), 10)
        if self._refuses:
            raise ClientAuthenticationError(self._refuses)
        return AccessToken(f"token {len(self.asked)}", int(time.time() + self._lasts))

    async def close(self) -> None:
        """Close nothing."""


def signs_in(source: Source) -> SharedCredential:
    credential = SharedCredential(CLOUD, None, lambda _notice: None)
    credential._inner = source
    return credential


@pytest.mark.parametrize(("lasts", "afterwards"), [(3600, "token 1"), (EARLY - 5, "token 2")])
def test_all_who_wait_share_a_token_while_it_lasts(lasts: float, afterwards: str) -> None:
    async def work() -> None:
        source = Source(lasts)
        credential = signs_in(source)
        waiting = [asyncio.create_task(credential.get_token(SCOPE)) for _ in range(5)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # a renewal that has taken too long ends nobody else's
        source.may.set()
        assert {token.token for token in await asyncio.gather(*waiting[1:])} == {"token 1"}
        assert (await credential.get_token(SCOPE)).token == afterwards
        assert (await credential.get_token(SCOPE, claims="e30=")).token == f"token {int(afterwards[-1]) + 1}"

    asyncio.run(work())


def test_all_who_wait_are_refused_at_once_and_the_next_asks_again() -> None:
    """Twenty deployments without a sign-in ask az once, not one after another."""

    async def work() -> None:
        source = Source(refuses="AzureCliCredential: AADSTS700082: the refresh token has expired")
        source.may.set()
        credential = signs_in(source)
        ended = await asyncio.gather(*(credential.get_token(SCOPE) for _ in range(20)), return_exceptions=True)
        assert {type(error) for error in ended} == {NoToken}
        assert len(source.asked) == 1
        with pytest.raises(NoToken):
            await credential.get_token(SCOPE)
        assert len(source.asked) == 2

    asyncio.run(work())


@pytest.fixture
def joined() -> Iterator[list[BlobConnection]]:
    found: list[BlobConnection] = []
    yield found
    for connection in found:
        connection.leave()


def test_blobs_share_a_connection_for_each_cloud_and_tenant(joined: list[BlobConnection]) -> None:
    here, there = ("https://arm.example", "a", 60), ("https://arm.example", "b", 60)
    joined += [BlobConnection.join(*sign_in) for sign_in in (here, here, there)]
    assert joined[0] is joined[1]
    assert joined[0].loop is not joined[2].loop
    joined.pop().leave()
    joined.pop().leave()
    assert not joined[0].loop.is_closed()
    assert BlobConnection.join(*here) is joined[0]
    joined.append(joined[0])
