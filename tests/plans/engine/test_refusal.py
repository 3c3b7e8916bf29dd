"""Refusals and their exit codes."""

from __future__ import annotations

import itertools

import pytest

from engine.outcome import Outcome, Result
from engine.refusal import SEVERITY, BadInput, Refusal, worst
from engine.walk import exit_code


def test_the_order_of_severity() -> None:
    assert SEVERITY == (0, 5, 3, 2, 4, 1, 70, 129, 130, 143)


@pytest.mark.parametrize(("better", "worse"), list(itertools.pairwise((0, 5, 3, 2, 4, 1, 70, 129, 130, 143))))
def test_the_worst_outcome_sets_the_exit_code(better: int, worse: int) -> None:
    assert worst([better, worse, better]) == worse
    assert worst(code for code in (worse, better)) == worse
    results = {
        str(code): Result(Outcome.FAILED, error=Refusal("It failed.", exit_code=code)) for code in (better, worse)
    }
    assert exit_code(results) == worse


def test_without_outcomes_all_is_well() -> None:
    assert worst([]) == 0
    assert exit_code({}) == 0
    assert exit_code({"a": Result(Outcome.DONE), "b": Result(Outcome.BLOCKED)}) == 0


def test_a_refusal_reads_as_what_happened() -> None:
    refusal = Refusal("It failed.", "The reason.", "The next step.", "AzureCode", "id")
    assert str(refusal) == "It failed."
    assert (refusal.why, refusal.next, refusal.code, refusal.request_id) == (
        "The reason.", "The next step.", "AzureCode", "id",
    )  # fmt: skip
    assert refusal.exit_code == 1
    plain = Refusal("It failed.")
    assert (plain.why, plain.next, plain.code, plain.request_id) == ("", "", "", "")


def test_bad_input_is_exit_code_2() -> None:
    refusal = BadInput("Wrong.", "Correct it.", why="It is.")
    assert (refusal.what, refusal.next, refusal.why, refusal.exit_code) == ("Wrong.", "Correct it.", "It is.", 2)
    assert BadInput("Wrong.").next == BadInput("Wrong.").why == ""
