"""How the dependencies are installed, what is shown meanwhile, and what becomes of a `.venv` that is no use."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from tests.support.clones import BARE, FAILS, MORE, PREPARING, SMALL, UPDATING, Clone, Index, works_quietly
from tests.support.documents import names
from tests.support.screen import Screen


def lose_python(venv: Path) -> None:
    for python in venv.glob("bin/python*"):
        python.unlink()


def empty(venv: Path) -> None:
    shutil.rmtree(venv)
    venv.mkdir()


def uninstall_python(venv: Path) -> None:
    lose_python(venv)
    (venv / "bin/python").symlink_to("/nowhere/python3.11")


def bring_from_elsewhere(venv: Path) -> None:
    for stamp in venv.glob("prepared-*"):
        stamp.write_text("linux riscv64")


def bring_python_from_elsewhere(venv: Path) -> None:
    lose_python(venv)
    (venv / "bin/python").write_bytes(b"\x7fELF" + bytes(60))
    (venv / "bin/python").chmod(0o755)
    for stamp in venv.glob("prepared-*"):
        stamp.unlink()


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (empty, ""),
        (lose_python, ""),
        (uninstall_python, ".venv's Python, /nowhere/python3.11, no longer exists. It is made again.\n"),
        (bring_from_elsewhere, ".venv is another machine's: it was made for linux riscv64, and this is "),
        (bring_python_from_elsewhere, ".venv is another machine's: its Python, "),
    ],
    ids=["empty", "without Python", "Python is gone", "for another machine", "Python is another machine's"],
)
def test_a_venv_that_is_no_use_is_made_again(prepared: Clone, damage: Callable[[Path], None], why: str) -> None:
    prepared.with_uv()
    damage(prepared.venv)
    done = prepared.run("status", "--help")
    assert done.code == 0, done.text
    assert done.stderr.startswith(why)
    assert len(done.stderr.splitlines()) == 1 + bool(why)
    assert done.stderr.endswith(f"{PREPARING}\n")
    assert works_quietly(prepared)


def test_uv_installs_where_it_is_on_the_path_and_from_where_pip_would(clone: Clone, wheels: Path) -> None:
    log = clone.with_uv()
    done = clone.run("status", "--help")
    assert (done.code, done.stderr) == (0, f"{PREPARING}\n"), done.text
    called = json.loads(log.read_text())
    assert "--no-index" in called["arguments"]
    assert called["environment"]["UV_FIND_LINKS"] == str(wheels)
    assert not [*clone.venv.glob("lib/*/site-packages/pip")]
    assert works_quietly(clone)


@pytest.mark.long
def test_where_uv_fails_pip_installs(clone: Clone) -> None:
    clone.with_uv(FAILS)
    done = clone.run("status", "--help")
    assert done.code == 0, done.text
    assert names([done.stderr], "error: nothing is found")
    assert works_quietly(clone)


def test_in_a_terminal_something_new_is_shown_all_the_time(prepared: Clone, wheels: Path) -> None:
    """The index answers nobody: still nobody has to wonder, and then what was shown is cleared."""
    prepared.require(SMALL, MORE)
    with Index(wheels) as index:
        environment = prepared.environment() | index.settings | {"TERM": "xterm"}
        command = ["deploy.py", "status", "--help"]
        child: pexpect.spawn[str] = pexpect.spawn(
            BARE[0], ["-S", *command], cwd=str(prepared.folder), env=environment, encoding="utf-8", dimensions=(60, 60)
        )
        with Screen(child) as screen:
            screen.wait(UPDATING[:40])
            assert index.asked.wait(60)
            for _ in range(3):
                screen.wait_for_change(seconds=5)
            assert all(len(line) < 60 for line in screen.lines if " s  " in line)
            index.open()
            assert screen.end() == 0
            assert " s  Collecting" not in screen.text
            assert UPDATING in " ".join(screen.lines), "folded between words"


def test_a_venv_of_another_user(prepared: Clone, powerless: tuple[str, ...]) -> None:
    if os.geteuid():
        pytest.skip("only root can give files away")
    prepared.require(SMALL, MORE)
    os.chown(prepared.venv, 12345, -1)
    prepared.venv.chmod(0o700)
    done = prepared.run("status", "--help", python=powerless)
    assert done.code == 1
    (line,) = done.stderr.splitlines()
    assert names([line], ".venv", "user 12345")
