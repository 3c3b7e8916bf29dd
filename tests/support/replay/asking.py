"""Sends what was recorded, with names in place of the placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from emulator import seed
from tests.support.arm import Arm
from tests.support.recordings import Recording
from tests.support.waiting import until
from tests.support.world import ARM, DIGITAL_TWINS, GRAPH, Answer, Emulator

SUBSCRIPTION = seed.REGISTERED_SUBSCRIPTION
TENANT = seed.TENANT
OWNER = seed.USERS["owner"].object_id
VERSIONS = {
    "Microsoft.DigitalTwins": {"2020-10-31": "2022-05-31", "2020-12-01": "2022-05-31"},
    "Microsoft.ServiceBus": {"2021-01-01-preview": "2021-11-01"},
    "Microsoft.Authorization": {"2020-08-01-preview": "2022-04-01"},
    "": {"2020-06-01": "2021-04-01"},
}
"""The served api-version of the same shape, where that of a recording isn't."""
READER, CONTRIBUTOR = "acdd72a7-3385-48ef-bd42-f606fba81ae7", seed.CONTRIBUTOR
_HOLE = re.compile(r"\{([^{}]+)\}")

Names = dict[str, str]


class Replay:
    """Sends recorded requests, with names in place of the placeholders; keeps the answers by the recording's name."""

    def __init__(self, azure: Emulator, recordings: Mapping[str, Recording]) -> None:
        self.azure, self.recordings = azure, recordings
        self.arm = Arm(azure)
        self.answers: dict[str, Answer] = {}
        self.names: Names = {}
        self._group = ""

    def enter(self, group: str, **names: str) -> None:
        """Go on with a group of recordings; the names are those of its placeholders from now on."""
        self._group, self.names = group, {"sub": SUBSCRIPTION, "tenant": TENANT, **names}

    def __call__(
        self,
        number: int,
        body: Any = None,
        *,
        url: str = "",
        who: str = "owner",
        header: str = "",
        **names: str,
    ) -> Answer:
        """Send the request of a recording."""
        recording = self.recordings[f"{self._group}/{number}"]
        known = {**self.names, **names}
        sent = _filled(recording.body, known) if body is None else body
        target = url or self._address(recording, known)
        answer = self.azure.https(
            recording.method,
            target,
            token=self._token(target, who),
            json=sent,
            headers=dict([header.split(": ", 1)]) if header else None,
        )
        self.answers[recording.name] = answer
        return answer

    def shown(self, number: int, **names: str) -> Answer:
        """Send the request of a recording until a replica of Graph shows what it is about."""
        wanted = self.recordings[f"{self._group}/{number}"].status
        until(lambda: self(number, **names).status == wanted, f"{self._group}/{number}")
        return self.answers[f"{self._group}/{number}"]

    def blind(self, number: int) -> Answer:
        """Send a request that can't be played with any name: it has to be refused in some other way."""
        recording = self.recordings[f"{self._group}/{number}"]
        fallback = dict.fromkeys(_HOLE.findall(recording.url), "11111111-1111-4111-8111-111111111111")
        return self(number, body={} if isinstance(recording.body, str) else None, **{**fallback, **self.names})

    def over(self, answer: Answer) -> list[str]:
        """Wait for the end of an operation; answer its states."""
        assert answer.status < 300, answer.content
        return self.arm.states(answer.headers["Azure-AsyncOperation"])

    def ask(self, method: str, path: str, body: Any = None, *, host: str = "") -> Answer:
        """Send a request of our own: to Resource Manager, or to another host."""
        if not host:
            return self.arm(method, path, body)
        url = f"https://{host}{path}"
        return self.azure.https(method, url, token=self._token(url), json=body)

    def _address(self, recording: Recording, names: Names) -> str:
        url = recording.url
        if url.startswith("graph.microsoft.com"):
            url = f"https://{url}"
        elif url.startswith("/subscriptions") or url.startswith("/providers"):
            url = ARM + url
        elif url.startswith("/"):
            url = f"https://{names['host']}{url}"
        if url.startswith("https://{instance}.api"):
            url = f"https://{names['host']}/{url.split('/', 3)[3]}"
        path, _, query = _filled(url, names).partition("?")
        if url.startswith(ARM):
            provider = path.rpartition("/providers/")[2].split("/")[0] if "/providers/" in path else ""
            for old, new in VERSIONS.get(provider, {}).items():
                query = query.replace(f"api-version={old}", f"api-version={new}")
        return quote(path, safe="/:;$(),") + (f"?{quote(query, safe='=&$+()/:,;')}" if query else "")

    def _token(self, url: str, who: str = "owner") -> str:
        audience = GRAPH if url.startswith(GRAPH) else DIGITAL_TWINS if ".digitaltwins." in url else ARM
        return self.azure.token(audience, who)


def _filled(value: Any, names: Names) -> Any:
    if isinstance(value, dict):
        return {key: _filled(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, names) for part in value if not (isinstance(part, str) and part.startswith("... "))]
    if not isinstance(value, str):
        return value
    text = value
    for name, given in names.items():
        text = text.replace(f"{{{name}}}", given)
    return text
