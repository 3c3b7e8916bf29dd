"""`az` commands that several steps have in their scripts."""

from __future__ import annotations

from engine.script import Command, posix
from steps.shared.az_commands import application, az, upsert
from tests.plans.facts import TARGET


def is_repeated(*commands: Command) -> list[bool]:
    """Whether a script repeats each of its lines until the directory has replicated."""
    return ["patiently" in line for line in posix(commands, is_script=True)]


def test_a_script_waits_until_an_application_that_it_created_is_found() -> None:
    assert is_repeated(az("show", application(TARGET))) == [True, False]


def test_a_script_repeats_a_write_only_where_it_may_come_too_early() -> None:
    assert is_repeated(az("list"), az("list", is_patient=True)) == [False, True]
    assert is_repeated(upsert("url", "{}"), upsert("url", "{}", is_patient=True)) == [False, True]
