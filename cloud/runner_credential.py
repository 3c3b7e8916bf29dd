"""The sign-in by a CI's runner: an assertion of its own for each token, as they last for minutes."""

from __future__ import annotations

import json
from time import monotonic
from typing import Any

from azure.core import AsyncPipelineClient
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.identity.aio import ClientAssertionCredential

from cloud.request_log import log_request, loggable
from cloud.retry import ArmRetryPolicy, Notice
from cloud.runner import PIPELINES, Runner
from cloud.transport import Transport
from engine.refusal import keep_secret


class RunnerCredential:
    """ClientAssertionCredential with assertions of the runner.

    Azure Pipelines too: azure-identity's own AzurePipelinesCredential asks with a request that stops everything else
    of the process, and can't be told of a proxy, a certificate or a pause.
    """

    def __init__(self, runner: Runner, notice: Notice, **options: Any) -> None:
        keep_secret(runner.token)
        self.runner = runner
        self._assertion = ""
        self._client = AsyncPipelineClient[HttpRequest, AsyncHttpResponse](
            base_url=runner.url, policies=[ArmRetryPolicy(notice, "the runner")], transport=Transport()
        )
        self._inner = ClientAssertionCredential(runner.tenant, runner.client, lambda: self._assertion, **options)

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token for an assertion that was asked for right before.

        Raises ClientAuthenticationError when the runner gives none, or Entra ID doesn't take it.
        """
        self._assertion = await self._ask()
        return await self._inner.get_token(*scopes, **options)

    async def _ask(self) -> str:
        runner = self.runner
        headers = {"Authorization": f"Bearer {runner.token}", "Accept": "application/json"}
        if runner.kind == PIPELINES:  # else a refusal leads to a page where people sign in
            headers |= {"X-TFS-FedAuthRedirect": "Suppress", "Content-Type": "application/json"}
        begun = monotonic()
        response = await self._client.send_request(HttpRequest(runner.method, runner.url, headers=headers))
        log_request(f"{runner.method} {loggable(runner.url)}", response.status_code, begun, "")
        try:
            return str(response.json()[runner.answer])
        except (ValueError, KeyError, TypeError):
            words = " ".join(response.text().split())[:300]
            raise ClientAuthenticationError(
                f"The runner gave no assertion: HTTP status {response.status_code}. {_message(words)}".strip()
            ) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        await self._inner.close()


def _message(words: str) -> str:
    try:
        return str(json.loads(words)["message"])
    except (ValueError, KeyError, TypeError):
        return words
