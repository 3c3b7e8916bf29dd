"""Resource Manager's limits on requests, and more subscriptions, on request."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.limits import BUCKETS, GLOBAL, Limits
from emulator.messages import Caller, Refused, Request
from tests.support.world import ARM, Emulator

S = "/subscriptions/1c0ffee0-0000-4000-8000-000000000001"


class Clock:
    """A clock that stands still."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def caller(name: str = "a") -> Caller:
    return Caller(name, "t", "user", "app", name)


def take(limits: Limits, method: str = "GET", path: str = S, who: str = "a") -> dict[str, str]:
    return limits.take(Request(method, path, {}, {}, b"", "https://management.azure.com"), caller(who))


@pytest.mark.parametrize(("method", "kind"), [("GET", "reads"), ("PATCH", "writes"), ("DELETE", "deletes")])
def test_a_bucket_is_emptied_and_refilled(method: str, kind: str) -> None:
    clock = Clock()
    limits, (size, rate) = Limits(0.1, clock), BUCKETS[kind]
    left = [int(take(limits, method)[f"x-ms-ratelimit-remaining-subscription-{kind}"]) for _ in range(size)]
    assert left == list(range(size - 1, -1, -1))
    with pytest.raises(Refused) as refused:
        take(limits, method)
    assert (refused.value.status, refused.value.code) == (429, "SubscriptionRequestsThrottled")
    assert refused.value.headers["Retry-After"] == "1"
    clock.now += 1.01 / (rate * 10)
    take(limits, method)
    with pytest.raises(Refused):
        take(limits, method)
    clock.now += 3600
    assert take(limits, method)[f"x-ms-ratelimit-remaining-subscription-{kind}"] == str(size - 1)


def test_principals_and_subscriptions_have_their_own_and_all_together_more() -> None:
    limits = Limits(1.0, Clock())
    for _ in range(250):
        take(limits)
    with pytest.raises(Refused):
        take(limits)
    assert take(limits, path="/subscriptions/other")["x-ms-ratelimit-remaining-subscription-reads"] == "249"
    assert take(limits, path="/tenants")["x-ms-ratelimit-remaining-tenant-reads"] == "249"
    assert take(limits, who="b")["x-ms-ratelimit-remaining-subscription-global-reads"] == str(250 * GLOBAL - 251)
    for number in range(250 * GLOBAL - 251):
        take(limits, who=f"c{number}")
    with pytest.raises(Refused):
        take(limits, who="d")


def test_a_server_with_limits_and_more_subscriptions(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--limits", "azure", "--subscriptions", "2") as azure:
        extra = list(azure.ready["subscriptions"])[-1]
        assert len(azure.ready["subscriptions"]) == 4
        token = azure.token(ARM)
        path = f"{ARM}/subscriptions/{extra}/resourceGroups?api-version=2025-04-01"
        answers = [azure.https("GET", path, token=token) for _ in range(2)]
        left = [answer.headers["x-ms-ratelimit-remaining-subscription-reads"] for answer in answers]
        assert [answer.status for answer in answers] == [200, 200]
        assert left[0] == "249"
        provider = f"{ARM}/subscriptions/{extra}/providers/Microsoft.DigitalTwins?api-version=2025-04-01"
        assert azure.https("GET", provider, token=token).json()["registrationState"] == "Registered"


def test_a_share_of_the_limits_is_smaller_and_refilled_more_slowly() -> None:
    clock = Clock()
    limits = Limits(1.0, clock, share=0.1)
    for left in range(24, -1, -1):
        assert take(limits)["x-ms-ratelimit-remaining-subscription-reads"] == str(left)
    clock.now += 0.9 / 2.5
    with pytest.raises(Refused):
        take(limits)
    clock.now += 0.2 / 2.5
    take(limits)
