"""`state move` and `state unlock` between files, and what runs leave on machines."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from cli.commands.state import move, unlock
from cli.left_files import MOST_LOGS, elsewhere, record
from state.document import Belonging, LeftFile, StateDocument, serialized
from state.file_store import StateFile
from steps.step_04_app_registration.secret_changes import SECRET_FILE

HERE = socket.gethostname()


def document(**inputs: str) -> StateDocument:
    return StateDocument(belongs_to=Belonging(cloud="c", tenant="t", subscription="s"), inputs=inputs)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    file = tmp_path / "old.state.json"
    file.write_bytes(serialized(document(instance="north")))
    return file


def test_a_move(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, target = state.read_bytes(), tmp_path / "new.state.json"
    assert move(state, target, as_json=True) == 0
    assert target.read_bytes() == content
    assert not state.exists()
    assert json.loads(capsys.readouterr().out)["to"] == str(target)


def test_a_move_that_was_killed_before_the_deletion_is_finished(state: Path, tmp_path: Path) -> None:
    target = tmp_path / "new.state.json"
    target.write_bytes(state.read_bytes())
    assert move(state, target, as_json=False) == 0
    assert target.exists()
    assert not state.exists()


@pytest.mark.parametrize("there", [serialized(document(instance="south")), b"torn"])
def test_another_state_is_left_alone(state: Path, tmp_path: Path, there: bytes) -> None:
    target = tmp_path / "new.state.json"
    target.write_bytes(there)
    assert move(state, target, as_json=False) == 2
    assert target.read_bytes() == there
    assert state.exists()


def test_what_cannot_be_moved(state: Path, tmp_path: Path) -> None:
    assert move(state, state, as_json=False) == 2
    assert move(tmp_path / "none.state.json", tmp_path / "new.state.json", as_json=False) == 2
    assert move(state, tmp_path / "no folder" / "new.state.json", as_json=False) == 2
    assert state.exists()


def test_a_run_keeps_it_where_it_is(state: Path, tmp_path: Path) -> None:
    for held in (state, tmp_path / "new.state.json"):
        with StateFile(held).locked():
            assert move(state, tmp_path / "new.state.json", as_json=False) == 4
    assert move(state, tmp_path / "new.state.json", as_json=False) == 0


def test_the_lock_of_a_file_ends_with_its_process_and_not_before(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert unlock(state, yes=True, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["holder"] is None
    with StateFile(state).locked():
        assert unlock(state, yes=False, as_json=False) == 2  # there is no terminal
        assert unlock(state, yes=True, as_json=False) == 2
        assert StateFile(state).holder()


def test_what_was_left_here_and_elsewhere(tmp_path: Path) -> None:
    other = LeftFile(host="runner-1", path=str(tmp_path / "ci.secret"), what="client secret")
    gone = LeftFile(host=HERE, path=str(tmp_path / "gone.handoff.md"), what="hand-off")
    kept = document()
    kept.files = [other, gone]
    secret = tmp_path / "own" / "ci.secret"
    secret.parent.mkdir()
    secret.write_text("x")
    kept.step("app_registration").owned = [SECRET_FILE.item("ci", "1", str(secret))]
    kept.step("app_registration").pending = [SECRET_FILE.item("ci", "2", str(tmp_path / "not written.secret"))]
    for _ in range(2):
        record(kept, [("log", tmp_path / "north.state.log")])
    assert [(left.host, left.what) for left in kept.files] == [
        ("runner-1", "client secret"),
        (HERE, "log"),
        (HERE, "client secret"),
    ]
    assert elsewhere(kept, secret.parent) == [other]
    assert [left.what for left in elsewhere(kept, tmp_path)] == ["client secret", "client secret"]
    assert StateDocument.model_validate_json(serialized(kept)) == kept


def test_only_the_last_logs_are_recorded(tmp_path: Path) -> None:
    kept = document()
    kept.files = [LeftFile(host=f"runner-{number}", path="/logs/x.log", what="log") for number in range(MOST_LOGS + 5)]
    record(kept, [("log", tmp_path / "x.log")])
    assert len(kept.files) == MOST_LOGS
    assert kept.files[-1].host == HERE
