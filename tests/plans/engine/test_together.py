"""Several refusals as one."""

from __future__ import annotations

from engine.refusal import Refusal, together

FIRST = Refusal("First.", "Its reason.", "Its next step.", "FirstCode", "first-id", 3)
SECOND = Refusal("Second.", "Another reason.", "Another step.", "SecondCode", "second-id", 4)
SILENT = Refusal("Third.")


def test_several_refusals_are_told_under_their_number_with_the_exit_code_and_ids_of_the_first() -> None:
    both = together([FIRST, SECOND], "things failed")
    heading, *told = both.what.splitlines()
    assert "2" in heading
    assert [line.endswith(refusal.what) for line, refusal in zip(told, (FIRST, SECOND), strict=True)] == [True, True]
    assert (both.code, both.request_id, both.exit_code) == (FIRST.code, FIRST.request_id, FIRST.exit_code)


def test_reasons_and_next_steps_are_told_once_and_leave_no_empty_lines() -> None:
    all_of_them = together([SILENT, FIRST, SECOND, FIRST], "things failed")
    assert all_of_them.why.splitlines() == [FIRST.why, SECOND.why]
    assert all_of_them.next.splitlines() == [FIRST.next, SECOND.next]
    assert len(all_of_them.what.splitlines()) == 4


def test_what_is_told_once_needs_no_heading() -> None:
    assert together([FIRST], "things failed") == FIRST
    assert together([FIRST, Refusal(FIRST.what)], "things failed").what == FIRST.what


def test_lines_stand_for_what_the_refusals_tell() -> None:
    assert together([FIRST, SECOND], "things failed", ["Both."]).what == "Both."
    told = together([FIRST], "things failed", ["One.", "Two."]).what.splitlines()[1:]
    assert [line[-4:] for line in told] == ["One.", "Two."]
