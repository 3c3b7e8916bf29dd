"""What is left in GitHub Actions, made of the documents of `--output json`."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.github_actions import error_lines, report, summary

ERROR = {"what": "100% | of <it>, failed:", "why": "a\r\nb", "next": "", "code": "", "request_id": "r-1"}
REFUSED = {"exit_code": 2, "error": ERROR}
VERIFIED = {
    "command": "verify",
    "exit_code": 1,
    "checks": [
        {"check": "1 Resource group", "result": "ok", "detail": "is_there"},
        {"check": "3 Role", "result": "drift", "detail": "missing: x"},
        {"check": "4 App", "result": "drift", "detail": "differs"},
        {"check": "Data plane", "result": "failed", "detail": "no", "error": ERROR},
    ],
    "warnings": ["*careful*"],
}
PLANNED = {
    "command": "plan",
    "exit_code": 0,
    "steps": [
        {"number": 1, "title": "Resource group", "changes": [{"kind": "create", "title": "create group g"}]},
        {"number": 2, "title": "Instance", "changes": [], "reason": "it is there"},
        {"number": 3, "title": "Role", "changes": [], "error": ERROR},
    ],
}
DONE = {
    "command": "deploy",
    "exit_code": 3,
    "steps": [
        {
            "number": 1,
            "title": "Group",
            "outcome": "done",
            "reason": "",
            "changes": ["create g"],
            "writes": [{"kind": "create", "title": "create g"}],
        },
        {
            "number": 2,
            "title": "Instance",
            "outcome": "failed",
            "reason": "",
            "writes": [{"kind": "create", "title": "create i", "command": "az x '~~~\n```'"}],
            "error": ERROR,
        },
    ],
    "values": {"host_name": "h"},
    "hand_off": "deploy.handoff.sh",
    "warnings": [],
}


def test_errors_are_annotations_escaped_as_workflow_commands() -> None:
    words = "100%25 | of <it>, failed:%0AWhy: a%0D%0Ab%0AAzure's request id: r-1"
    assert error_lines(REFUSED) == [f"::error title=deploy.py::{words}"]
    assert error_lines(DONE) == [f"::error title=deploy.py%3A step 2%2C Instance::{words}"]
    found = error_lines(VERIFIED)
    assert [line.partition("::")[2].partition("::")[0] for line in found] == [
        "error title=deploy.py%3A Data plane",
        "error title=deploy.py verify%3A Azure differs from your settings",
    ]
    assert found[1].endswith("::3 Role: missing: x%0A4 App: differs")
    assert len(error_lines(PLANNED)) == 1
    assert all(len(line.splitlines()) == 1 for line in found)


def test_the_summary_is_markdown_that_shows_text_as_it_is() -> None:
    verified = summary(VERIFIED)
    assert "| 1 Resource group | ok | is\\_there |" in verified
    assert "- \\*careful\\*" in verified
    assert "100% \\| of &lt;it&gt;, failed:<br>Why: a<br>b" in verified
    planned = summary(PLANNED)
    for row in ("1 Resource group | planned | create: create group g", "2 Instance | unchanged | it is there"):
        assert f"| {row} |" in planned
    assert "| 3 Role | failed |" in planned
    done = summary(DONE)
    assert "| 1 Group | done | create: create g |" in done
    assert "| host\\_name | h |" in done
    assert "deploy.handoff.sh" in done
    assert done.endswith("\n\n    az x '~~~\n    ```'\n\n"), "the runner keeps no files"
    assert "Exit code 3" in done


def test_nothing_of_it_is_left_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    report(REFUSED)
    assert (capsys.readouterr(), file.exists()) == (("", ""), False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    report(REFUSED)
    report(PLANNED)
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 2)
    assert file.read_text() == summary(REFUSED) + summary(PLANNED)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "nowhere" / "s"))
    report(PLANNED)
    assert "nowhere" in capsys.readouterr().err
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    report(PLANNED)
