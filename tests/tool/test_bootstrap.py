"""What a run does about its dependencies before anything else: install, update, leave alone, or say why it can't."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.clones import (
    BARE,
    BORROWS,
    MORE,
    PREPARING,
    SMALL,
    UPDATING,
    Clone,
    Index,
    install_from,
    works_quietly,
)
from tests.support.processes import ended, until_line
from tests.support.tool import SUBSCRIPTION


@pytest.mark.long
def test_one_command_on_a_fresh_machine(tmp_path: Path) -> None:
    """From a fresh copy to a deployment. What is pinned is there at once: pip has installed it for these tests."""
    whole = Clone.of_project(tmp_path / "project")
    whole.with_uv(BORROWS)
    before = whole.visible()
    first = whole.run("--local", "--yes")
    assert first.code == 0, first.text
    assert first.stderr.startswith(f"{PREPARING}\n")
    assert "Deployment completed successfully" in first.stdout
    assert whole.visible() == before

    second = whole.run("status", "--local")
    assert second.code == 0, second.text
    assert second.stderr == ""
    assert SUBSCRIPTION in second.stdout


def test_somebodys_own_environment_is_used_as_it_is(tmp_path: Path) -> None:
    clone = Clone.of_project(tmp_path / "project")
    before = sorted(clone.folder.iterdir())
    done = clone.run("status", python=(sys.executable, "-B"))
    assert done.code == 0, done.text
    assert done.stderr == ""
    assert sorted(clone.folder.iterdir()) == before


def test_somebodys_own_environment_that_is_too_old_is_not_used(clone: Clone, no_venv_module: str) -> None:
    name, _, version = SMALL.partition("==")
    clone.require(f"{name}=={int(version.partition('.')[0]) + 1}.0")
    clone.extra["PYTHONPATH"] = no_venv_module
    done = clone.run("status", "--help", python=(sys.executable,))
    assert done.code == 1
    assert "venv module" in done.stderr


def test_somebodys_own_venv_in_our_place_is_used_as_it_is(prepared: Clone) -> None:
    for stamp in prepared.venv.glob("prepared-*"):
        stamp.unlink()
    before = sorted(prepared.venv.iterdir())
    assert works_quietly(prepared, *prepared.python)
    assert sorted(prepared.venv.iterdir()) == before


@pytest.mark.parametrize("inside", [False, True], ids=["from outside", "from inside"])
def test_new_requirements_are_added_to_the_venv(prepared: Clone, *, inside: bool) -> None:
    python = prepared.python if inside else BARE
    prepared.require(SMALL, MORE)
    done = prepared.run("status", "--help", python=python)
    assert done.code == 0, done.text
    assert done.stderr.startswith(UPDATING)
    assert done.stdout.startswith("Usage: deploy.py")
    subprocess.run([*prepared.python, "-c", "import iniconfig"], check=True, timeout=60)
    assert works_quietly(prepared, *python)


@pytest.mark.parametrize("inside", [False, True], ids=["from outside", "from inside"])
def test_any_change_of_the_requirements_is_looked_at(prepared: Clone, *, inside: bool) -> None:
    python = prepared.python if inside else BARE
    prepared.require(SMALL, "# and a remark")
    assert UPDATING in prepared.run("status", "--help", python=python).stderr
    assert works_quietly(prepared, *python)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_stopped_half_way_it_starts_afresh(prepared: Clone, wheels: Path, number: signal.Signals) -> None:
    """Ctrl-C reaches the whole process group, SIGKILL only the tool: pip ends with it. What is left is not trusted."""
    prepared.require(SMALL, MORE)
    with Index(wheels) as index:
        prepared.extra |= index.settings
        with prepared.running("status", "--help") as process:
            assert index.asked.wait(60)
            (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
            done = ended(process, seconds=3)
        assert index.left.wait(10)
    if number == signal.SIGINT:
        assert done.code == 130
        assert "Traceback" not in done.stderr
        assert "Interrupted while preparing .venv." in done.stderr
    prepared.require(SMALL)  # what was installed completely, before
    prepared.extra |= install_from(str(wheels))
    prepared.with_uv()
    again = prepared.run("status", "--help")
    assert again.code == 0, again.text
    assert again.stderr.startswith(f"{PREPARING}\n")
    assert works_quietly(prepared)


def test_two_at_once_both_succeed_and_one_installs(prepared: Clone, wheels: Path) -> None:
    prepared.require(SMALL, MORE)
    with Index(wheels) as index:
        prepared.extra |= index.settings
        with prepared.running("status", "--help") as first:
            assert index.asked.wait(60)
            with prepared.running("status", "--help") as second:
                assert until_line(second, "", "stderr") == "Another run is preparing .venv: waiting for it.\n"
                index.open()
                for done in (ended(first), ended(second)):
                    assert done.code == 0, done.text
                    assert done.stdout.startswith("Usage: deploy.py")
        assert len([path for path in index.paths if path.endswith(".whl")]) == 1


def test_waiting_for_another_can_be_interrupted(prepared: Clone, wheels: Path) -> None:
    prepared.require(SMALL, MORE)
    with Index(wheels) as index:
        prepared.extra |= index.settings
        with prepared.running("status", "--help"):
            assert index.asked.wait(60)
            with prepared.running("status", "--help") as second:
                until_line(second, "", "stderr")
                os.killpg(second.pid, signal.SIGINT)
                assert ended(second, seconds=3).code == 130


def test_the_tests_add_their_requirements_to_the_same_venv(prepared: Clone) -> None:
    prepared.require(MORE, file="tests/requirements.txt")
    done = prepared.run("-m", "tests")
    assert done.stderr.startswith(UPDATING)
    assert done.stdout == "== ruff check\n"  # which is not among them here
    subprocess.run([*prepared.python, "-c", "import iniconfig"], check=True, timeout=60)
    assert works_quietly(prepared)


@pytest.fixture
def no_venv_module(tmp_path: Path) -> str:
    """A PYTHONPATH as where venv's other half is packaged apart, and not installed."""
    missing = tmp_path / "missing"
    missing.mkdir()
    (missing / "ensurepip.py").write_text("raise ImportError('packaged apart')")
    return str(missing)


def test_without_the_venv_module(clone: Clone, no_venv_module: str) -> None:
    clone.extra["PYTHONPATH"] = no_venv_module
    done = clone.run("status", "--help")
    assert done.code == 1
    (line,) = done.stderr.splitlines()
    assert "venv" in line
    assert not clone.venv.exists()


@pytest.mark.long
def test_without_a_network(clone: Clone, wheels: Path, tmp_path: Path) -> None:
    clone.extra |= install_from(str(tmp_path / "nothing"))
    done = clone.run("status", "--help")
    assert done.code == 1
    said, *_, line = done.stderr.splitlines()
    assert said == PREPARING
    assert line.startswith(f"The requirements could not be installed: No matching distribution found for {SMALL}. ")
    log = clone.venv / "install.log"
    assert str(log) in line
    assert "ERROR: No matching distribution found" in log.read_text()

    clone.extra |= install_from(str(wheels))
    again = clone.run("status", "--help")
    assert again.code == 0, again.text
    assert again.stderr.startswith(UPDATING)
    assert works_quietly(clone)


def test_in_a_folder_that_can_not_be_written(clone: Clone, powerless: tuple[str, ...]) -> None:
    before = sorted(clone.folder.iterdir())
    clone.folder.chmod(0o555)
    done = clone.run("status", "--help", python=powerless)
    clone.folder.chmod(0o755)
    assert done.code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"The dependencies are not installed and {clone.folder} can't be written to: copy ")
    assert [file for file in clone.folder.iterdir() if file not in before] == []


def test_prepared_in_a_folder_that_can_not_be_written(prepared: Clone, powerless: tuple[str, ...]) -> None:
    prepared.folder.chmod(0o555)
    done = prepared.run("status", "--help", python=powerless)
    prepared.folder.chmod(0o755)
    assert done.code == 0, done.text


def test_a_venv_that_is_a_link_to_itself(clone: Clone) -> None:
    clone.venv.symlink_to(clone.venv.name)
    done = clone.run("status", "--help")
    assert done.code == 1
    (line,) = done.stderr.splitlines()
    assert str(clone.venv) in line


def test_a_venv_that_can_not_be_written(prepared: Clone, powerless: tuple[str, ...]) -> None:
    prepared.require(SMALL, MORE)
    prepared.venv.chmod(0o555)
    done = prepared.run("status", "--help", python=powerless)
    prepared.venv.chmod(0o755)
    assert done.code == 1
    assert "Traceback" not in done.stderr
    assert f"Can't prepare {prepared.venv}: [Errno 13] Permission denied" in done.stderr
