"""Makes sure that the dependencies are there, with nothing but Python's own library.

`enter` returns when the running Python has what the pinned requirements ask for. Otherwise it starts the same command
again with the Python of `.venv` beside this project, which it makes first when it is missing, stale or half-made.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
REQUIREMENTS = {"deploy": ("requirements.txt",), "tests": ("requirements.txt", "requirements-dev.txt")}
"""Which files a use of the project needs installed."""


def enter(use: str, arguments: list[str]) -> None:
    """Return when the dependencies of `use` can be imported here; otherwise run again where they can.

    Creates or rebuilds `.venv` and says so on stderr. Ends the process with 1 and one sentence when that can't be
    done, with 130 when it is interrupted.
    """
    wanted = _fingerprint(use)
    if Path(sys.prefix).resolve() == VENV.resolve():
        if not _prepared(wanted):
            _install_here_again(use, wanted)
        return
    if _prepared(wanted):
        _run_again(use, arguments)
    if _importable(use):
        return
    try:
        _prepare(use, wanted)
    except KeyboardInterrupt:
        _stop("Interrupted while installing. Run the same command again: it starts the installation afresh.", 130)
    _run_again(use, arguments)


def _fingerprint(use: str) -> str:
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for name in REQUIREMENTS[use]:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _stamp(use_fingerprint: str) -> Path:
    return VENV / f"prepared-{use_fingerprint[:16]}"


def _prepared(fingerprint: str) -> bool:
    return _stamp(fingerprint).is_file() and _python().exists()


def _python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _pins(use: str) -> list[tuple[str, str]]:
    text = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in REQUIREMENTS[use])
    return re.findall(r"^([A-Za-z0-9._-]+)==([0-9]\S*)$", text, re.MULTILINE)


def _importable(use: str) -> bool:
    """Whether this Python has every pinned distribution, in the pinned major version or a newer one."""
    from importlib import metadata  # slow to load, and only needed outside .venv

    for name, pinned in _pins(use):
        try:
            present = metadata.version(name)
        except metadata.PackageNotFoundError:
            return False
        if _major(present) < _major(pinned):
            return False
    return True


def _major(version: str) -> int:
    return int(re.match(r"\d*", version)[0] or 0)  # type: ignore[index]  # \d* matches everything


def _prepare(use: str, fingerprint: str) -> None:
    if not os.access(ROOT, os.W_OK):
        _stop(
            f"The dependencies are not installed and {ROOT} can't be written to: copy the project to a folder of your "
            "own, or install them where you run it (python3 -m pip install -r requirements.txt)."
        )
    with _one_at_a_time():
        if _prepared(fingerprint):
            return
        _say("Preparing .venv: installing the pinned requirements. This happens once and takes about a minute.")
        if not _usable():
            _make_venv()
        _install(use, fingerprint)


def _install_here_again(use: str, fingerprint: str) -> None:
    """Running inside a stale .venv: bring it up to date in place."""
    with _one_at_a_time():
        if not _prepared(fingerprint):
            _say("The requirements have changed: updating .venv. This takes about a minute.")
            _install(use, fingerprint)


def _one_at_a_time() -> sqlite3.Connection:
    """Return a lock between processes, let go when the process ends: the portable one in Python's own library."""
    try:
        lock = sqlite3.connect(ROOT / ".venv.lock", timeout=600, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        _stop(f"Can't prepare .venv in {ROOT}: {error}.")
    return lock


def _usable() -> bool:
    """Whether .venv has a Python of this version that can run pip; a half-made or stale one has not."""
    if not _python().exists():
        return False
    check = "import sys, pip; print(sys.version_info[:2])"
    done = subprocess.run([_python(), "-c", check], capture_output=True, text=True, check=False)  # noqa: S603
    return done.returncode == 0 and done.stdout.strip() == str(sys.version_info[:2])


def _make_venv() -> None:
    try:
        import ensurepip  # noqa: F401 - Debian packages it apart from venv
        import venv
    except ImportError:
        _stop(
            "Python's venv module is not installed: install it (on Debian and Ubuntu: sudo apt install python3-venv), "
            "or install the dependencies yourself (python3 -m pip install -r requirements.txt)."
        )
    try:
        if VENV.is_symlink() or VENV.is_file():
            VENV.unlink()
        elif VENV.exists():
            shutil.rmtree(VENV)
        venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(VENV)
    except (OSError, subprocess.CalledProcessError) as error:
        _stop(f"Can't make {VENV}: {error}.")


def _install(use: str, fingerprint: str) -> None:
    command = [str(_python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    for name in REQUIREMENTS[use]:
        command += ["-r", str(ROOT / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        why = errors[-1].removeprefix("ERROR: ") if errors else f"pip ended with {done.returncode}"
        log = VENV / "install.log"
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        _stop(
            f"The requirements could not be installed: {why.rstrip('.')}. Is the package index reachable from here? "
            f"pip's own words are in {log}; run the same command to try again."
        )
    for stale in VENV.glob("prepared-*"):
        if use == "deploy" or stale.name != _stamp(_fingerprint("deploy")).name:
            stale.unlink()
    # What the tests need includes what a deployment needs.
    _stamp(_fingerprint("deploy")).touch()
    _stamp(fingerprint).touch()


def _run_again(use: str, arguments: list[str]) -> NoReturn:
    command = [str(_python()), *(["-m", "tests"] if use == "tests" else [str(ROOT / "deploy.py")]), *arguments]
    if os.name == "nt":  # there, exec returns to the shell before the new process ends
        sys.exit(subprocess.call(command))  # noqa: S603
    os.execv(command[0], command)  # noqa: S606


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the console is not there yet


def _stop(text: str, code: int = 1) -> NoReturn:
    _say(text)
    sys.exit(code)
