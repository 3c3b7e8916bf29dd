"""What `status` makes of a state file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.commands.status import show_status
from state.document import FORMAT, StepRecord

STEP = {"doing": "create-instance", "started": "2026-11-25T18:50:00Z"}


def shown(file: Path, **step: Any) -> None:
    belongs = {"cloud": "https://management.azure.com", "tenant": "t", "subscription": "s"}
    steps = {"instance": {**STEP, **step}}
    file.write_text(json.dumps({"format": FORMAT, "version": 2, "belongs_to": belongs, "steps": steps}))
    assert show_status(file, as_json=False) == 0


@pytest.mark.parametrize("state", ["failed", "blocked"])
def test_a_step_that_ended_is_not_interrupted(tmp_path: Path, capsys: pytest.CaptureFixture[str], state: str) -> None:
    """What it was about to make may exist all the same, and is remembered."""
    shown(tmp_path / "s.json", state=state, finished="2026-11-25T18:51:00Z")
    told = capsys.readouterr().out
    assert (state in told, "interrupted" in told) == (True, False)
    assert StepRecord.model_validate({**STEP, "state": state}).interrupted == ""


def test_a_step_in_the_middle_of_a_write_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown(tmp_path / "s.json", state="doing")
    assert "interrupted" in capsys.readouterr().out
    assert StepRecord.model_validate({**STEP, "state": "doing"}).interrupted == "create-instance"
