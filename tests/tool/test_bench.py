"""What the bench computes from recorded traffic: the longest chain of Azure's latencies, and the depth."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bench import chain, traffic
from bench.critical_path import timeline

ARM, GRAPH = "https://management.azure.com", "https://graph.microsoft.com"
SCOPE = "/subscriptions/1c0ffee0-0000-4000-8000-000000000001/resourceGroups/G"
INSTANCE = f"{SCOPE}/providers/Microsoft.DigitalTwins/digitalTwinsInstances/twins"
STATUS = "/operationsStatuses/5b0c6b9e-0000-4000-8000-00000000aaaa"
CLIENT = "6a2bca6f-d8b5-46cc-82ec-e24237ff94f1"


def entry(started: float, latency: float, method: str, url: str, **more: Any) -> str:
    """A line of recorded traffic: an answer that took `latency` and a hundredth of the emulator's own."""
    asked: dict[str, Any] = {"method": method, "url": url}
    if "form" in more:
        asked["postData"] = {"mimeType": "application/x-www-form-urlencoded", "text": more["form"]}
    headers = [{"name": name, "value": value} for name, value in more.get("headers", {}).items()]
    return json.dumps(
        {
            "startedDateTime": datetime.fromtimestamp(1000 + started, UTC).isoformat(timespec="milliseconds"),
            "time": (latency + 0.01) * 1000,
            "request": asked,
            "response": {
                "status": more.get("status", 200),
                "headers": headers,
                "content": {"text": more.get("text", "")},
            },
            "_latency": {"row": "read", "seconds": latency},
            "_begun": more.get("begun", []),
        }
    )


def token(started: float, audience: str) -> str:
    return entry(started, 0.15, "POST", "http://127.0.0.1:5/oauth2/token", form=f"resource={audience}/")


def creation(operation: float) -> list[str]:
    """A group, an instance polled every two seconds, its role; beside it an application, with what it doesn't need."""
    working = {"Azure-AsyncOperation": f"{ARM}{STATUS}?api-version=1", "Retry-After": "2"}
    begun = [{"row": "instance", "seconds": operation}, {"row": "replication", "seconds": 15.0}]
    return [
        token(0.0, ARM),
        entry(0.3, 0.1, "GET", f"{ARM}{SCOPE}", status=404),  # looked at before, without need: no part of the chain
        token(0.3, GRAPH),
        entry(0.5, 0.8, "PATCH", f"{GRAPH}/v1.0//applications(uniqueName='u')", text=f'{{"appId": "{CLIENT}"}}'),
        entry(0.5, 1.0, "PUT", f"{ARM}{SCOPE}"),
        entry(1.6, 0.8, "PATCH", f"{GRAPH}/v1.0/servicePrincipals(appId='{CLIENT}')"),
        entry(1.6, 0.4, "PUT", f"{ARM}{INSTANCE}", status=201, headers=working, begun=begun),
        *(entry(2.02 + 2.12 * n, 0.1, "GET", f"{ARM}{STATUS}", headers={"Retry-After": "2"}) for n in range(3)),
        entry(8.4, 0.1, "GET", f"{ARM}{STATUS}"),
        entry(8.6, 1.5, "PUT", f"{ARM}{INSTANCE}/providers/Microsoft.Authorization/roleAssignments/r", status=201),
    ]


def test_the_chain_has_what_azure_demands_and_nothing_else() -> None:
    run = traffic.read("\n".join(creation(6.5)), since=1000.0)
    found = chain.longest(run)
    assert [part.request.label.partition(" ")[0] for part in found.parts] == [
        "token",
        "PUT",
        "PUT",
        *["GET"] * 4,
        "PUT",
    ]
    assert found.seconds == pytest.approx(0.15 + 1.0 + 0.4 + 0.1 + 3 * (2 + 0.1) + 1.5)
    assert [part.why for part in found.parts[-4:]] == ["Retry-After"] * 3 + ["operation"]

    # Without the polls' pauses it is the operation itself, from its write on: the answer to the write is part of it.
    at_will = chain.longest(run, waits=False)
    assert at_will.seconds == pytest.approx(0.15 + 1.0 + 6.5 + 0.1 + 1.5)

    # A poll that came earlier than Azure said has waited for nothing.
    assert not [part for part in chain.longest(run[:8]).parts if part.why == "Retry-After"]

    lines = timeline(found, wall=10.5)
    assert sum(line["azure"] for line in lines) == pytest.approx(found.seconds)
    assert sum(line["azure"] + line["other"] for line in lines) == pytest.approx(10.5)


AGAIN = "asked again"


def test_the_chain_follows_what_was_told_and_what_was_refused() -> None:
    beside = [line for line in creation(6.5) if "graph" in line]
    found = chain.longest(traffic.read("\n".join(beside)))
    assert [part.why for part in found.parts] == ["", "token", "told"]
    assert found.seconds == pytest.approx(0.15 + 0.8 + 0.8)
    again = entry(2.6, 0.8, "PATCH", f"{GRAPH}/v1.0/servicePrincipals(appId='{CLIENT}')")
    refused = beside[-1].replace('"status": 200', '"status": 404')
    retried = chain.longest(traffic.read("\n".join([*beside[:-1], refused, again])))
    assert [part.why for part in retried.parts][-2:] == ["told", AGAIN]
    assert retried.seconds == pytest.approx(0.15 + 3 * 0.8)


def test_the_depth_is_the_round_trips_one_after_another() -> None:
    reads = [(0.0, 1.0), (1.1, 1.0), (1.2, 1.0), (1.3, 2.5), (2.4, 1.0)]
    run = traffic.read("\n".join(entry(start, took - 0.01, "GET", f"{ARM}/{start}") for start, took in reads))
    assert chain.depth(run) == 3
    assert chain.depth(run[1:4]) == 1
    assert chain.depth([]) == 0
