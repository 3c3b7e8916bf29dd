"""What is shown when a write or a look fails."""

from __future__ import annotations

import logging

import pytest

from engine.change import AnyChange
from engine.outcome import Outcome, Result
from engine.refusal import Refusal
from engine.step import AnyStep, Plan
from engine.walk import exit_code
from tests.plans.engine.small import SmallStep, Trip, Write, always, fail, refuse

COMMAND = "az group create"


def result_of(error: Exception, command: str = COMMAND) -> Result:
    write = Write(name="one", words="create the box", effect=fail(error), command=command)
    return Trip(SmallStep("a", always(write, values={"id": "1"}))).run()["a"]


def test_a_failed_write_is_explained_by_what_was_being_done() -> None:
    result = result_of(OSError("no"))
    assert result.outcome is Outcome.FAILED
    assert result.error
    assert (result.error.what, result.error.next) == ("Can't create the box.", "")
    assert result.values == {"id": "1"}
    assert result.plan
    assert result.plan.changes == result.remaining


@pytest.mark.parametrize("exit_code", [1, 2, 3, 4, 70])
def test_a_refusal_stays_as_it_is(exit_code: int) -> None:
    error = result_of(Refusal("No.", next="Ask an owner.", exit_code=exit_code)).error
    assert error
    assert error.next == "Ask an owner."


def test_what_cannot_be_explained_is_a_bug(caplog: pytest.LogCaptureFixture) -> None:
    mistake = KeyError("name")
    with caplog.at_level(logging.ERROR, "deploy"):
        result = result_of(mistake)
    assert result.error
    assert (result.exit_code, result.error.why) == (70, "KeyError: 'name'")
    assert "bug" in result.error.what
    assert "report" in result.error.next
    (logged,) = caplog.records
    assert logged.name == "deploy"
    assert logged.exc_info
    assert logged.exc_info[1] is mistake


def test_a_bug_in_a_look_is_a_bug_too() -> None:
    results = Trip(SmallStep("a", refuse(ValueError("odd"))), SmallStep("b", always())).run()
    assert {key: result.exit_code for key, result in results.items()} == {"a": 70, "b": 0}
    assert results["a"].error
    assert results["a"].error.why == "ValueError: odd"


def test_the_order_of_severity() -> None:
    """The worst step sets the exit code, however many went well or less badly."""

    def failing(*codes: int) -> int:
        steps = [SmallStep(str(code), refuse(Refusal("No.", exit_code=code))) for code in codes]
        return exit_code(Trip(*steps, SmallStep("ok", always())).run())

    assert failing() == 0
    assert failing(3) == 3
    assert failing(3, 1) == failing(1, 3) == 1
    assert failing(3, 4) == failing(4, 3) == 4
    assert failing(70, 1, 3) == failing(3, 1, 70) == 70
    assert failing(5, 3) == failing(3, 5) == 3


class Broken(Exception):
    """The state file can't be written."""


@pytest.mark.parametrize("method", ["planned", "about_to", "done", "ended"])
def test_a_recorder_that_fails_ends_the_whole_walk(method: str) -> None:
    trip = Trip(
        SmallStep("a", always(Write(name="one"), Write(name="two"))), SmallStep("b", always(Write(name="three")), "a")
    )

    def broken(step: AnyStep, *arguments: AnyChange) -> None:
        raise Broken(method)

    setattr(trip.recorded, method, broken)
    with pytest.raises(Broken) as caught:
        trip.run()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    written = {"planned": [], "about_to": [], "done": ["one"], "ended": ["one", "two"]}
    assert trip.place.written == written[method]


def test_the_first_failure_of_a_recorder_is_raised() -> None:
    for steps in (("a",), ("a", "b"), ("b", "a")):
        trip = Trip(*(SmallStep(key, always(Write(name="one"))) for key in steps))

        def broken(step: AnyStep, plan: Plan) -> None:
            raise Broken(step.key)

        setattr(trip.recorded, "planned", broken)  # noqa: B010 - mypy takes no assignment to a method
        with pytest.raises(Broken, match=steps[0]):
            trip.run()
