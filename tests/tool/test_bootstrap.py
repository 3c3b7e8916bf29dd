"""What a run does about its dependencies before anything else: install, update, leave alone, or say why it can't."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clones import BARE, Clone, Index, install_from, make_wheel, older_pythons, pin
from tests.support.processes import ended, start, until_line
from tests.support.tool import SUBSCRIPTION
from tests.support.world import ROOT

PREPARING = "Preparing .venv: installing the pinned requirements. This happens once and takes about a minute."
UPDATING = "Updating .venv: installing what the pinned requirements add."
SMALL, MORE = pin("click"), pin("iniconfig")
"""What `--help` needs, and one more: small things to install in place of everything."""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    for requirement in (SMALL, MORE):
        make_wheel(requirement.partition("==")[0], folder)
    return folder


@pytest.fixture
def clone(tmp_path: Path, wheels: Path) -> Clone:
    """A fresh copy that needs little, and finds it without a network."""
    made = Clone.of_project(tmp_path / "project", install_from(str(wheels)))
    made.require(SMALL)
    return made


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Clone:
    made = Clone.of_project(tmp_path_factory.mktemp("once") / "project", install_from(str(wheels)))
    made.require(SMALL)
    assert made.run("--help").code == 0
    return made


@pytest.fixture
def prepared(once: Clone, tmp_path: Path) -> Clone:
    """A copy that has prepared itself, and needs little."""
    return once.copy(tmp_path / "project")


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Clone]:
    """A fresh copy with all its requirements; what it installs is big, and is not left behind."""
    made = Clone.of_project(tmp_path / "project")
    yield made
    shutil.rmtree(made.folder)


def works_quietly(clone: Clone, *python: str) -> bool:
    done = clone.run("--help", python=python or BARE)
    return done.code == 0 and done.stderr == "" and done.stdout.startswith("Usage: deploy.py")


def test_one_command_on_a_fresh_machine(whole: Clone) -> None:
    """The pinned requirements alone are enough for the tool and for the embedded Azure."""
    before = whole.visible()
    first = whole.run("--local", "--yes", seconds=900)
    assert first.code == 0, first.text
    assert first.stderr.startswith(f"{PREPARING}\n")
    assert "Deployment completed successfully" in first.stdout
    assert whole.visible() == before

    for pip in whole.venv.glob("lib/*/site-packages/pip"):
        pip.rename(pip.with_name("nobody-needs-it-now"))
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
    done = clone.run("--help", python=(sys.executable,))
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
    done = prepared.run("--help", python=python)
    assert done.code == 0, done.text
    assert done.stderr.startswith(UPDATING)
    assert done.stdout.startswith("Usage: deploy.py")
    subprocess.run([*prepared.python, "-c", "import iniconfig"], check=True, timeout=60)
    assert works_quietly(prepared, *python)


@pytest.mark.parametrize("inside", [False, True], ids=["from outside", "from inside"])
def test_any_change_of_the_requirements_is_looked_at(prepared: Clone, *, inside: bool) -> None:
    python = prepared.python if inside else BARE
    prepared.require(SMALL, "# and a remark")
    assert UPDATING in prepared.run("--help", python=python).stderr
    assert works_quietly(prepared, *python)


@pytest.mark.parametrize("damage", ["an empty folder", "no Python"])
def test_a_half_made_venv_is_made_again(prepared: Clone, damage: str) -> None:
    if damage == "no Python":
        for python in prepared.venv.glob("bin/python*"):
            python.unlink()
    else:
        shutil.rmtree(prepared.venv)
        prepared.venv.mkdir()
    done = prepared.run("--help")
    assert done.code == 0, done.text
    assert done.stderr == f"{PREPARING}\n"
    assert works_quietly(prepared)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_stopped_half_way_it_starts_afresh(prepared: Clone, wheels: Path, number: signal.Signals) -> None:
    """Ctrl-C reaches the whole process group, SIGKILL only the tool: pip ends with it. What is left is not trusted."""
    prepared.require(SMALL, MORE)
    with Index(wheels) as index:
        prepared.extra |= index.settings
        with prepared.running("--help") as process:
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
    again = prepared.run("--help")
    assert again.code == 0, again.text
    assert again.stderr == f"{PREPARING}\n"
    assert works_quietly(prepared)


def test_two_at_once_both_succeed_and_one_installs(prepared: Clone, wheels: Path) -> None:
    prepared.require(SMALL, MORE)
    with Index(wheels) as index:
        prepared.extra |= index.settings
        with prepared.running("--help") as first:
            assert index.asked.wait(60)
            with prepared.running("--help") as second:
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
        with prepared.running("--help"):
            assert index.asked.wait(60)
            with prepared.running("--help") as second:
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
    done = clone.run("--help")
    assert done.code == 1
    (line,) = done.stderr.splitlines()
    assert "venv" in line
    assert not clone.venv.exists()


def test_without_a_network(clone: Clone, wheels: Path, tmp_path: Path) -> None:
    clone.extra |= install_from(str(tmp_path / "nothing"))
    done = clone.run("--help")
    assert done.code == 1
    said, line = done.stderr.splitlines()
    assert said == PREPARING
    assert line.startswith(f"The requirements could not be installed: No matching distribution found for {SMALL}. ")
    log = clone.venv / "install.log"
    assert str(log) in line
    assert "ERROR: No matching distribution found" in log.read_text()

    clone.extra |= install_from(str(wheels))
    again = clone.run("--help")
    assert again.code == 0, again.text
    assert again.stderr.startswith(UPDATING)
    assert works_quietly(clone)


@pytest.fixture
def powerless() -> tuple[str, ...]:
    """How to run a Python for which a folder's permissions count: they don't for root."""
    if os.geteuid():
        return BARE
    tool = shutil.which("setpriv")
    if tool is None:
        pytest.skip("root may write everywhere, and there is no setpriv to take that away")
    return (tool, "--bounding-set=-dac_override", *BARE)


def test_in_a_folder_that_can_not_be_written(clone: Clone, powerless: tuple[str, ...]) -> None:
    before = sorted(clone.folder.iterdir())
    clone.folder.chmod(0o555)
    done = clone.run("--help", python=powerless)
    clone.folder.chmod(0o755)
    assert done.code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"The dependencies are not installed and {clone.folder} can't be written to: copy ")
    assert [file for file in clone.folder.iterdir() if file not in before] == []


def test_prepared_in_a_folder_that_can_not_be_written(prepared: Clone, powerless: tuple[str, ...]) -> None:
    prepared.folder.chmod(0o555)
    done = prepared.run("--help", python=powerless)
    prepared.folder.chmod(0o755)
    assert done.code == 0, done.text


def test_a_venv_that_can_not_be_written(prepared: Clone, powerless: tuple[str, ...]) -> None:
    prepared.require(SMALL, MORE)
    prepared.venv.chmod(0o555)
    done = prepared.run("--help", python=powerless)
    prepared.venv.chmod(0o755)
    assert done.code == 1
    assert "Traceback" not in done.stderr
    assert f"Can't prepare {prepared.venv}: [Errno 13] Permission denied" in done.stderr


OLD_READABLE = ["deploy.py", "tests/__init__.py", "tests/__main__.py"]


@pytest.mark.parametrize("file", OLD_READABLE)
def test_what_an_older_python_meets_is_readable_to_it(file: str) -> None:
    ast.parse((ROOT / file).read_text(), feature_version=(3, 7))
    assert "from __future__" not in (ROOT / file).read_text()


@pytest.mark.parametrize("command", [("deploy.py",), ("-m", "tests")], ids=" ".join)
def test_an_older_python_is_told_so(command: tuple[str, ...]) -> None:
    older = older_pythons()
    if not older:
        pytest.skip("no Python older than 3.11 is installed here")
    for python in older:
        done = ended(start([python, "-B", *command], ROOT, os.environ))
        assert done.code == 1
        (line,) = done.stderr.splitlines()
        assert "3.11 or newer" in line
