"""What only a blob has: a lease that is renewed, lost and broken; roles, containers, and a busy service."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.azurite.stage import BlobBench, Stage
from tests.support.waiting import until

LONGER_THAN_A_LEASE = 70
SOON = 30
"""Seconds in which a run notices that it lost the lease."""


def renewed_whatever_the_run_does(stage: Stage) -> None:
    """A run that does nothing for longer than a lease lasts still has it."""
    bench = BlobBench(stage)
    with bench.user() as one, bench.user() as other:
        one.ask("lock")
        assert one.ask("await loss", LONGER_THAN_A_LEASE) is False
        assert other.refused("lock")["error"] == "StateLocked"
        one.ask("write", "a")
        assert other.ask("read") == "a"


def who_lost_it_is_told_at_once(stage: Stage) -> None:
    """A lease that was broken and taken: the first run is told without writing, and writes nothing more."""
    bench = BlobBench(stage)
    with bench.user() as one, bench.user() as other:
        one.ask("lock")
        one.ask("write", "a")
        assert str(one.pid) in other.ask("holder")
        other.ask("unlock")
        other.ask("lock")
        assert one.ask("await loss", SOON) is True
        lost = one.refused("write", "b")
        assert lost["error"] == "StateLost"
        assert str(other.pid) in lost["says"]
        assert json.loads(bench.content() or b"{}")["inputs"]["value"] == "a"


def a_blob_that_was_unlocked_can_be_written_by_nobody_who_had_it(stage: Stage) -> None:
    """Also before the run has noticed."""
    bench = BlobBench(stage)
    with bench.user() as one:
        one.ask("lock")
        bench.let_in()
        assert one.refused("write", "b")["error"] == "StateLost"
        assert bench.content() is None


def offline_for_longer_than_a_lease_lasts(stage: Stage) -> None:
    """The run is told that another may have the lock, as soon as that may be so."""
    bench = BlobBench(stage)
    with bench.user() as one:
        one.ask("lock")
        one.ask("write", "a")
        bench.offline(cut=True)
        assert one.ask("await loss", 2 * LONGER_THAN_A_LEASE) is True
        bench.offline(cut=False)
        assert one.refused("write", "b")["error"] == "StateLost"


def who_slept_and_lost_nothing_goes_on(stage: Stage) -> None:
    """A lease that ran out and that nobody took is renewed."""
    bench = BlobBench(stage)
    with bench.user() as one:
        one.ask("lock")
        one.ask("write", "a")
        bench.outlive_the_lock(one)
        one.go_on()
        one.ask("write", "b")
        until(lambda: bench.lease() == "leased", "the lease", seconds=SOON)
        assert json.loads(bench.content() or b"{}")["inputs"]["value"] == "b"


def answers_that_are_lost(stage: Stage) -> None:
    """A write that was carried out, and whose answer was lost, is not taken for somebody else's."""
    bench = BlobBench(stage)
    with bench.user() as one:
        for spoiled in range(1, 7):
            bench.front.writes = 0
            bench.front.spoil = lambda number, phase, at=spoiled: number == at and phase == "after"  # type: ignore[misc]
            one.ask("lock")
            one.ask("read")
            one.ask("write", spoiled)
            assert json.loads(bench.content() or b"{}")["inputs"]["value"] == spoiled
            one.ask("release")


def a_busy_service(stage: Stage) -> None:
    """What passes is ridden out."""
    bench = BlobBench(stage)
    with bench.user() as one:
        for command in (("lock",), ("read",), ("write", "a"), ("release",)):
            stage.front.busy = 2
            one.ask(*command)


def a_token_that_is_refused(stage: Stage) -> None:
    """The service's challenge is met with a fresh one, of the tenant that it names."""
    bench = BlobBench(stage)
    with bench.user() as one:
        for command in (("lock",), ("read",), ("write", "a"), ("release",)):
            stage.front.expired = 1
            one.ask(*command)
        stage.front.expired = 9
        refused = one.refused("read")
        assert refused["error"] == "Refusal"
        stage.front.expired = 0


CASES: tuple[Callable[[Stage], None], ...] = (
    who_lost_it_is_told_at_once,
    a_blob_that_was_unlocked_can_be_written_by_nobody_who_had_it,
    answers_that_are_lost,
    a_busy_service,
    a_token_that_is_refused,
    renewed_whatever_the_run_does,
    offline_for_longer_than_a_lease_lasts,
    who_slept_and_lost_nothing_goes_on,
)
