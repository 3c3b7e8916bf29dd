"""What a store promises, whatever it keeps the state in."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.stores.bench import Bench

LOST = ("StateLost", "StateRefused")
MOST_POINTS = 60


def value_of(content: bytes | None) -> object:
    return None if content is None else json.loads(content)["inputs"]["value"]


def a_new_state(bench: Bench) -> None:
    """Nothing is there; what is written is there at once, and read by the next."""
    with bench.user() as one, bench.user() as other:
        assert one.ask("read") is None
        one.ask("lock")
        assert other.ask("read") is None
        one.ask("write", "a")
        assert value_of(bench.content()) == "a"
        assert other.ask("read") == "a"
        one.ask("release")
        other.ask("lock")
        assert other.ask("read") == "a"
        other.ask("write", "b")
        assert value_of(bench.content()) == "b"


def a_run_that_writes_nothing_leaves_nothing(bench: Bench) -> None:
    """A lock that was held for nothing leaves no state."""
    with bench.user() as one:
        one.ask("lock")
        assert one.ask("read") is None
        one.ask("release")
        assert not bench.content()
        assert one.ask("read") is None


def two_runs_at_once(bench: Bench) -> None:
    """The second is refused at once and told who has the lock; both can read; then it is the second's turn."""
    with bench.user() as one, bench.user() as other:
        assert other.ask("holder") is None
        one.ask("lock")
        refused = other.refused("lock")
        assert refused["error"] == "StateLocked"
        assert str(one.pid) in refused["says"]
        assert str(one.pid) in other.ask("holder")
        one.ask("write", "a")
        assert other.ask("read") == "a"
        one.ask("release")
        assert other.ask("holder") is None
        other.ask("lock")
        assert one.refused("lock")["error"] == "StateLocked"


def a_kill_at_every_write(bench: Bench) -> None:
    """What is kept is the old state or the new one, whole; the next run reads it, and goes on."""
    with bench.user() as one:
        one.ask("lock")
        one.ask("read")
        one.ask("write", 0)
        one.ask("release")
    reached, before = 0, 0
    for point in range(1, MOST_POINTS):
        if not bench.killed_at(point, ("lock",), ("read",), ("write", point), ("release",)):
            break
        reached, kept = point, value_of(bench.content())
        assert kept in (before, point), (point, kept)
        bench.let_in()
        with bench.user() as following:
            following.ask("lock")
            assert following.ask("read") == kept
            following.ask("write", f"after {point}")
            following.ask("release")
            before = f"after {point}"  # type: ignore[assignment]
    assert reached >= 4, reached


def a_kill_before_the_first_write(bench: Bench) -> None:
    """A new state whose first run was killed is there or not; the next run goes on."""
    assert bench.killed_at(2, ("lock",), ("read",), ("write", "a"))
    bench.let_in()
    with bench.user() as following:
        following.ask("lock")
        assert following.ask("read") in (None, "a")
        following.ask("write", "b")
    assert value_of(bench.content()) == "b"


def a_lock_that_runs_out_in_the_middle(bench: Bench) -> None:
    """Who slept for too long writes nothing more, and is told; who took over goes on."""
    with bench.user() as one, bench.user() as other:
        one.ask("lock")
        one.ask("write", "a")
        bench.outlive_the_lock(one)
        other.ask("lock")
        assert other.ask("read") == "a"
        other.ask("write", "b")
        one.go_on()
        assert one.refused("write", "c")["error"] in LOST
        assert one.refused("write", "d")["error"] in LOST
        assert value_of(bench.content()) == "b"
        other.ask("write", "e")
        assert value_of(bench.content()) == "e"


def changed_meanwhile(bench: Bench) -> None:
    """What another program wrote meanwhile is left as it is."""
    with bench.user() as one:
        one.ask("lock")
        one.ask("write", "a")
        content = bench.content()
        assert content
        changed = content.replace(b'"a"', b'"changed"')
        bench.change(changed)
        assert one.refused("write", "b")["error"] in LOST
        assert bench.content() == changed


def gone_offline_in_the_middle(bench: Bench) -> None:
    """What can't be written is told, and nothing is half-written; once the way is there again, a run goes on."""
    with bench.user() as one:
        one.ask("lock")
        one.ask("write", "a")
        bench.offline(cut=True)
        refused = one.refused("write", "b")
        assert refused["error"] != "StateLocked"
        bench.offline(cut=False)
        assert value_of(bench.content()) == "a"
        one.kill()
    bench.let_in()
    with bench.user() as following:
        following.ask("lock")
        assert following.ask("read") == "a"
        following.ask("write", "c")
    assert value_of(bench.content()) == "c"


def a_clock_that_is_off(bench: Bench) -> None:
    """Clocks decide nothing: who has the lock keeps it, and states follow each other as they were written."""
    for ahead in ("-7200", "7200"):
        with bench.user(CLOCK_AHEAD=ahead) as one, bench.user() as other:
            one.ask("lock")
            one.ask("read")
            one.ask("write", ahead)
            assert other.refused("lock")["error"] == "StateLocked"
            one.ask("release")
            other.ask("lock")
            assert other.ask("read") == ahead
            other.ask("write", "now")
            other.ask("release")


def deleted(bench: Bench) -> None:
    """The holder of the lock deletes the state."""
    with bench.user() as one:
        one.ask("lock")
        one.ask("write", "a")
        one.ask("delete")
        one.ask("release")
        assert not bench.content()
        assert one.ask("read") is None


CASES: tuple[Callable[[Bench], None], ...] = (
    a_new_state,
    a_run_that_writes_nothing_leaves_nothing,
    two_runs_at_once,
    a_kill_at_every_write,
    a_kill_before_the_first_write,
    a_lock_that_runs_out_in_the_middle,
    changed_meanwhile,
    gone_offline_in_the_middle,
    a_clock_that_is_off,
    deleted,
)
