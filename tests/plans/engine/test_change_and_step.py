"""What changes and steps are unless they say otherwise."""

from __future__ import annotations

import pytest

from engine.change import Change, Difference, Drift
from engine.context import Context
from engine.record import Values
from engine.step import Ask, NeedsYou, Plan, Step
from tests.plans.engine.small import Facts, Place, SmallStep
from tests.plans.facts import TARGET


class Plain(Change[Place]):
    """Says what it has to, and nothing else."""

    key, title, drift = "plain", "do it", Drift.DIFFERS

    async def apply(self, context: Context[Place]) -> Values:
        del context
        return {}


def test_a_change_is_modest() -> None:
    change = Plain()
    assert (change.detail, change.owns, change.releases, change.rights, change.az()) == ("", (), (), (), "")
    assert (change.names, change.differences, change.seconds) == ((), (), 2.0)
    assert (change.last, change.requires) == (False, ())


def test_a_difference_has_what_azure_has_before_what_is_desired() -> None:
    difference = Difference("name", "old", "new")
    assert (difference.name, difference.before, difference.after) == ("name", "old", "new")


def test_a_change_and_a_step_say_what_they_have_to() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Change()  # type: ignore[abstract]
    with pytest.raises(TypeError, match="abstract"):
        Step()  # type: ignore[abstract]


def test_a_step_is_modest() -> None:
    def planner(facts: Facts) -> Plan:
        return Plan()

    step = SmallStep("a", planner)
    assert (step.lookups({}, TARGET), step.settled(None)) == ((), {})
    assert step.label.split() == [str(step.number), *step.title.split()]
    assert (Step.needs, Step.after, Step.inputs, Step.kinds, Step.optional, Step.last) == ((), (), (), (), False, False)


def test_a_plan_is_empty() -> None:
    plan = Plan()
    assert (plan.changes, plan.reason, plan.notes, plan.values) == ((), "", (), {})
    assert (plan.vanished, plan.confirmed, plan.adoptable) == ((), (), ())
    assert (plan.needs_you, plan.skipped, plan.ask) == (None, False, None)
    assert (plan.retained, plan.blocks) == ((), False)
    assert Ask("purge", "Really?") == Ask("purge", "Really?", (), required=False)
    assert NeedsYou("sign").how == ()


def test_drift_in_words() -> None:
    assert [drift.value for drift in Drift] == ["missing", "differs", "left over", "under way", "none"]
    assert [drift.differs for drift in Drift] == [True, True, True, False, False]
