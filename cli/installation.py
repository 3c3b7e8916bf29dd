"""Makes `.venv` and installs what is pinned into it: with uv where it is on the path, else, or when uv fails, with pip.

Only Python's own library is used. Loaded by `cli.bootstrap`, and only when something has to be installed.
"""

from __future__ import annotations

import ast
import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cli.own_venv import (
    BY_HAND,
    MACHINE,
    REQUIREMENTS,
    ROOT,
    UNFINISHED,
    VENV,
    fingerprint_of,
    is_prepared,
    python,
    say,
    stamp_of,
    stop,
)
from cli.tied import ESCAPED, KILLED, run_tied

PATIENCE = 600
"""Seconds to wait for another run that is preparing `.venv`."""
LOG = VENV / "install.log"
FROM_PIP = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "constraint": ("UV_CONSTRAINT", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", ""),
    "proxy": ("ALL_PROXY", ""),
}
"""What uv is told of pip's configuration, which it doesn't read, and what it has between several values.

Source: "Compatibility with pip" and "Environment variables" in uv's documentation.
"""


def prepare(use: str, fingerprint: str) -> None:
    """Install what `use` needs into `.venv`, which is made or made again first where that is necessary.

    Ends the process with a sentence when that can't be done; OSError and ValueError where Python itself says why.
    """
    if not os.access(ROOT, os.W_OK):
        stop(
            f"The dependencies are not installed and {ROOT} can't be written to: copy the project to a folder of your "
            f"own, or {BY_HAND}."
        )
    with _one_at_a_time():
        if is_prepared(fingerprint):
            return
        uv = shutil.which("uv")
        unusable = _why_unusable()
        if unusable is None:
            say("Updating .venv: installing what the pinned requirements add. This takes up to a minute.")
        else:
            if not uv:
                _refuse_without_pip()
            _make_venv(unusable)
        _install(use, uv)


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
                say("Another run is preparing .venv: waiting for it.")
            waiting = True
    except sqlite3.Error as error:
        raise OSError(f"its lock can't be taken ({error})") from error
    try:
        yield
    finally:
        lock.close()


def _why_unusable() -> str | None:
    """Return why `.venv` has to be made again, "" where that needs no words; None when it can be added to."""
    if VENV.is_dir() and not os.access(VENV, os.R_OK | os.W_OK | os.X_OK) and (owner := _other_owner(VENV)):
        stop(f".venv belongs to {owner}, and you may not change it. Remove {VENV} as that user, or {BY_HAND}.")
    if UNFINISHED.exists():
        return ""
    program = python()
    if not os.path.lexists(program):
        foreign = VENV / ("bin" if os.name == "nt" else "Scripts")
        return f".venv is another machine's: it has {foreign.name}, as elsewhere." if foreign.is_dir() else ""
    machines = {stamp.read_text(encoding="utf-8", errors=ESCAPED) for stamp in VENV.glob("prepared-*")} - {"", MACHINE}
    if machines:
        return f".venv is another machine's: it was made for {' and '.join(sorted(machines))}, and this is {MACHINE}."
    target = os.path.realpath(program)
    check = "import sys; print(sys.version_info[:2])"
    try:
        done = subprocess.run([program, "-I", "-c", check], capture_output=True, errors=ESCAPED, check=False)  # noqa: S603
    except FileNotFoundError:
        return f".venv's Python, {target}, no longer exists."
    except PermissionError:
        return (
            f".venv's Python, {target}, belongs to {_other_owner(Path(target)) or 'another user'}: you may not run it."
        )
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        return f".venv is another machine's: its Python, {target}, can't run here ({error.strerror})."
    if done.returncode:
        return f".venv's Python, {program}, can't be started."
    return None if done.stdout.strip() == str(sys.version_info[:2]) else ""


def _other_owner(path: Path) -> str:
    """Return the name of the user whom the nearest part of the path that can be looked at belongs to; "" if it's us."""
    if os.name == "nt":
        return ""
    import pwd

    for part in (path, *path.parents):
        try:
            owner = part.stat().st_uid
        except OSError:
            continue
        if owner == os.geteuid():
            return ""
        try:
            return pwd.getpwuid(owner).pw_name
        except KeyError:
            return f"user {owner}"
    return ""


def _refuse_without_pip() -> None:
    try:
        import ensurepip  # noqa: F401 - Debian packages it apart from venv
    except ImportError:
        stop(
            "Python's venv module is not installed: install it (on Debian and Ubuntu: sudo apt install python3-venv), "
            f"or {BY_HAND}."
        )


def _make_venv(why: str) -> None:
    import venv

    if why:
        say(f"{why} It is made again.")
    say("Preparing .venv: installing the pinned requirements. This happens once and takes about a minute.")
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)
    VENV.mkdir()
    UNFINISHED.touch()
    venv.EnvBuilder(symlinks=os.name != "nt").create(VENV)


def _install(use: str, uv: str | None) -> None:
    UNFINISHED.touch()
    for stamp in VENV.glob("prepared-*"):
        stamp.unlink()
    files = [option for name in REQUIREMENTS[use] for option in ("-r", str(ROOT / name))]
    if not (uv and _install_with_uv(uv, files)):
        _install_with_pip(files)
    for prepared, files_of in REQUIREMENTS.items():
        if set(files_of) <= set(REQUIREMENTS[use]):
            stamp_of(fingerprint_of(prepared)).write_text(MACHINE, encoding="utf-8")
    UNFINISHED.unlink()


def _install_with_uv(uv: str, files: Sequence[str]) -> bool:
    """Return whether uv could install them; say so if it couldn't."""
    pips = _pips_configuration()
    told = {
        name: between.join(pips[key].split()) if between else pips[key]
        for key, (name, between) in FROM_PIP.items()
        if key in pips
    }
    offline = ["--no-index"] if pips.get("no-index", "").lower() in {"1", "true", "yes", "on", "y"} else []
    command = [uv, "pip", "install", "--color", "never", "--python", str(python()), *offline, *files]
    code, words = run_tied(command, {**told, **os.environ}, ROOT)
    if code:
        LOG.write_text(words, encoding="utf-8", errors=ESCAPED)
        said = [line.strip() for line in words.splitlines() if line.strip()]
        say(f"uv could not install them ({said[-1] if said else f'it ended with {code}'}). Trying pip.")
    return code == 0


def _pips_configuration() -> dict[str, str]:
    """Return pip's configuration, as it is for `pip install`; none where this Python has no pip."""
    listed = [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"]
    done = subprocess.run(listed, capture_output=True, errors=ESCAPED, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    found: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):  # a later one wins
        for line in done.stdout.splitlines() if done.returncode == 0 else ():
            name, _, text = line.partition("=")
            if name.startswith(section):
                found[name.removeprefix(section)] = str(ast.literal_eval(text))
    return found


def _install_with_pip(files: Sequence[str]) -> None:
    if subprocess.run([python(), "-I", "-c", "import pip"], capture_output=True, check=False).returncode:  # noqa: S603
        _refuse_without_pip()
        _run_in_venv("pip could not be put into .venv", "ensurepip", "--default-pip")
    # Compiling everything now would take as long as the rest of the installation; Python compiles what it imports.
    options = ["--progress-bar", "off", "--no-input", "--no-user", "--no-compile", "--disable-pip-version-check"]
    _run_in_venv("The requirements could not be installed", "pip", "install", *options, *files)


def _run_in_venv(problem: str, *command: str) -> None:
    """Run a module in .venv, without this process's PYTHON… variables; if it fails, keep its words and stop."""
    code, words = run_tied([str(python()), "-I", "-u", "-m", *command], os.environ, ROOT)
    if code == 0:
        return
    if code != KILLED:  # it ended by itself, and so left nothing half-done
        UNFINISHED.unlink()
    LOG.write_text(words, encoding="utf-8", errors=ESCAPED)
    errors = [line for line in words.splitlines() if line.startswith("ERROR")]
    why = errors[-1].removeprefix("ERROR: ") if errors else f"{command[0]} ended with {code}"
    stop(
        f"{problem}: {why.rstrip('.')}. Is the package index reachable from here? pip's own words are in {LOG}; run "
        "the same command to try again."
    )
