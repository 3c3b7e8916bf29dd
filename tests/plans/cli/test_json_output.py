"""What `--output json` says of changes: the same in a plan, in a run and in a check."""

from __future__ import annotations

from cli.check import Check
from cli.json_output import change_document, run_document, verify_document
from steps.step_10_models.changes import DeleteModels, UploadModels
from steps.step_10_models.models import Model
from tests.plans.engine.small import SmallStep, Trip, Write, always, fail


def test_a_run_has_its_changes_as_a_plan_has_them_and_which_were_done() -> None:
    made, left = Write(name="one", command="az one"), Write(name="three")
    failed = Write(name="two", effect=fail(OSError("no")), command="az two")
    trip = Trip(SmallStep("a", always(made, failed, left)))
    results = trip.run()
    (step,) = run_document(trip.walk, results, {}, 1, "deploy")["steps"]
    assert step["changes"] == [made.title, failed.title, left.title]
    assert step["writes"] == [
        {**change_document(made), "done": True},
        {**change_document(failed), "done": False, "command": "az two"},
        {**change_document(left), "done": False},
    ]


def test_models_are_named_however_many_there_are() -> None:
    names = [f"dtmi:test:M{number};1" for number in range(250)]
    uploaded = UploadModels(models=tuple(Model(name, {}) for name in names))
    deleted = DeleteModels(models=tuple((name, "digest") for name in names))
    for change in (uploaded, deleted):
        assert change_document(change)["names"] == names
        (check,) = verify_document([Check("Models", "drift", "", None, "models", change)], 5)["checks"]
        assert change_document(change).items() <= check.items()
    assert "names" not in change_document(Write(name="one"))
