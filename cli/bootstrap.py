"""Makes sure that the dependencies are there, with nothing but Python's own library.

`enter` returns when the running Python has what the pinned requirements ask for. Otherwise it starts the same command
again with the Python of `.venv` beside this project, which it makes first when it is missing, stale or half-made.

In `.venv`, a file `prepared-…` stands for each set of requirements that is completely installed, and a file
`unfinished` is there while something is being changed: it outlives a change that was killed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
UNFINISHED = VENV / "unfinished"
REQUIREMENTS: dict[str, tuple[str, ...]] = {"deploy": ("requirements.txt",)}
REQUIREMENTS["tests"] = (*REQUIREMENTS["deploy"], "tests/requirements.txt")
REQUIREMENTS["bench"] = (*REQUIREMENTS["tests"], "bench/requirements.txt")
"""Which files a use of the project needs installed; a later one's include those of the ones before."""
PATIENCE = 600
"""Seconds to wait for another run that is preparing `.venv`."""
ESCAPED = "backslashreplace"
"""What becomes of bytes that are no text in this locale, and of text that the terminal can't show."""
BY_HAND = "install the dependencies yourself (python3 -m pip install -r requirements.txt)"

_TIED = """
import os, runpy, sys, threading

def watch():
    while os.read(0, 4096):
        pass
    os._exit(1)

threading.Thread(target=watch, daemon=True).start()
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
"""Runs a module, and ends when the other end of its stdin is closed: when its starter is gone, however that ended."""


def enter(use: str, arguments: list[str], program: Sequence[str] = ("deploy.py",)) -> None:
    """Return when the dependencies of `use` can be imported here; otherwise run again where they can.

    Creates or rebuilds `.venv` and says so on stderr. Ends the process with 1 and one sentence when that can't be
    done, with 130 when it is interrupted.

    `program` is what to start there: deploy.py, or ("-m", a module).
    """
    _drop_unusable_key_log()
    wanted = _fingerprint(use)
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if _prepared(wanted):
        if inside:
            return
    elif _importable(use) and not (inside and _made_here()):
        return
    else:
        try:
            _prepare(use, wanted)
        except KeyboardInterrupt:
            _stop("Interrupted while preparing .venv. Run the same command again: it starts afresh.", 130)
        except (OSError, ValueError) as error:  # ValueError: venv refuses some folder names
            _stop(f"Can't prepare {VENV}: {error}. Mend that, or {BY_HAND}.")
    start = [str(ROOT / part) if part.endswith(".py") else part for part in program]
    # .venv is this project's own, and installed without compiling: what Python compiles is kept there whatever is set.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    become([str(_python()), *start, *arguments], environment)


def _drop_unusable_key_log() -> None:
    """Take SSLKEYLOGFILE out of the environment where it names a file that can't be written, and say so.

    Every TLS context of Python opens that file, so nothing that meets a network could even be imported.
    """
    file = os.environ.get("SSLKEYLOGFILE")
    if not file:
        return
    try:
        with open(file, "ab"):  # noqa: PTH123 - any text may be there
            pass
    except (OSError, ValueError) as error:
        del os.environ["SSLKEYLOGFILE"]
        _say(f"SSLKEYLOGFILE is ignored: {file!r} can't be written ({getattr(error, 'strerror', error)}).")


def become(command: list[str], environment: Mapping[str, str] | None = None) -> NoReturn:
    """Run `command` in place of this process."""
    if os.name != "nt":
        os.execve(command[0], command, environment if environment is not None else os.environ)  # noqa: S606
    # There, exec returns to the shell before the new process ends.
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603
        while True:
            try:
                sys.exit(process.wait())
            except KeyboardInterrupt:  # the new process has got it too, and says how it ends
                continue


def leave(code: int) -> NoReturn:
    """End this process, with everything written. Python would first take all that is loaded apart: half a second."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # nobody reads it any more, or it is closed
            code = code or 1
    os._exit(code)


def _fingerprint(use: str) -> str:
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for name in REQUIREMENTS[use]:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _stamp(fingerprint: str) -> Path:
    return VENV / f"prepared-{fingerprint[:16]}"


def _prepared(fingerprint: str) -> bool:
    return _stamp(fingerprint).is_file() and _python().exists()


def _made_here() -> bool:
    return UNFINISHED.exists() or any(VENV.glob("prepared-*"))


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
            f"own, or {BY_HAND}."
        )
    with _one_at_a_time():
        if _prepared(fingerprint):
            return
        if _usable():
            _say("Updating .venv: installing what the pinned requirements add. This takes up to a minute.")
        else:
            _make_venv()
        _install(use)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold a lock between processes, let go however this one ends: the portable one in Python's own library."""
    import sqlite3  # slow to load, and only needed here

    deadline = time.monotonic() + PATIENCE
    waiting = False
    try:
        # A short timeout: a process that waits inside SQLite can't be interrupted.
        lock = sqlite3.connect(ROOT / ".venv.lock", timeout=0.2, isolation_level=None)
        while True:
            try:
                lock.execute("BEGIN EXCLUSIVE")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            if not waiting:
                _say("Another run is preparing .venv: waiting for it.")
            waiting = True
    except sqlite3.Error as error:
        raise OSError(f"its lock can't be taken ({error})") from error
    try:
        yield
    finally:
        lock.close()


def _usable() -> bool:
    """Whether .venv has a Python of this version that can run pip; a half-made one has not."""
    if UNFINISHED.exists() or not _python().exists():
        return False
    check = "import sys, pip; print(sys.version_info[:2])"
    done = subprocess.run([_python(), "-I", "-c", check], capture_output=True, errors=ESCAPED, check=False)  # noqa: S603
    return done.returncode == 0 and done.stdout.strip() == str(sys.version_info[:2])


def _make_venv() -> None:
    try:
        import ensurepip  # noqa: F401 - Debian packages it apart from venv
        import venv
    except ImportError:
        _stop(
            "Python's venv module is not installed: install it (on Debian and Ubuntu: sudo apt install python3-venv), "
            f"or {BY_HAND}."
        )
    _say("Preparing .venv: installing the pinned requirements. This happens once and takes about a minute.")
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)
    VENV.mkdir()
    UNFINISHED.touch()
    venv.EnvBuilder(symlinks=os.name != "nt").create(VENV)
    _run_in_venv("pip could not be put into .venv", "ensurepip", "--default-pip")


def _install(use: str) -> None:
    UNFINISHED.touch()
    for stamp in VENV.glob("prepared-*"):
        stamp.unlink()
    # Compiling everything now would take as long as the rest of the installation; Python compiles what it imports.
    options = ["--quiet", "--no-input", "--no-user", "--no-compile", "--disable-pip-version-check"]
    files = [option for name in REQUIREMENTS[use] for option in ("-r", str(ROOT / name))]
    _run_in_venv("The requirements could not be installed", "pip", "install", *options, *files)
    for prepared, files_of in REQUIREMENTS.items():
        if set(files_of) <= set(REQUIREMENTS[use]):
            _stamp(_fingerprint(prepared)).touch()
    UNFINISHED.unlink()


def _run_in_venv(problem: str, *command: str) -> None:
    """Run a module in .venv, without this process's PYTHON… variables; if it fails, keep its words and stop."""
    reading, writing = os.pipe()
    try:
        done = subprocess.run(  # noqa: S603
            [_python(), "-I", "-c", _TIED, *command], stdin=reading, capture_output=True, errors=ESCAPED, check=False
        )
    finally:
        os.close(reading)
        os.close(writing)
    if done.returncode == 0:
        return
    if done.returncode > 0:  # it ended by itself, and so left nothing half-done
        UNFINISHED.unlink()
    from engine.refusal import redact

    log = VENV / "install.log"
    log.write_text(redact(done.stdout + done.stderr), encoding="utf-8", errors=ESCAPED)
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    why = errors[-1].removeprefix("ERROR: ") if errors else f"{command[0]} ended with {done.returncode}"
    _stop(
        f"{problem}: {redact(why).rstrip('.')}. Is the package index reachable from here? pip's own words are in "
        f"{log}; run the same command to try again."
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the console is not there yet


def _stop(text: str, code: int = 1) -> NoReturn:
    _say(text)
    sys.exit(code)
