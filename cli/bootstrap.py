"""Makes sure that the dependencies are there, with nothing but Python's own library.

`enter` returns when the running Python has what the pinned requirements ask for. Otherwise it starts the same command
again with the Python of `.venv` beside this project, which it makes first when it is missing, stale or half-made.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from cli.at_once import answer
from cli.own_venv import BY_HAND, REQUIREMENTS, ROOT, UNFINISHED, VENV, fingerprint_of, is_prepared, python, say, stop
from cli.streams import failure_of_stdout, make_lasting

__all__ = ["ROOT", "become", "enter", "leave"]


def enter(use: str, arguments: list[str], program: Sequence[str] = ("deploy.py",)) -> None:
    """Return when the dependencies of `use` can be imported here; otherwise run again where they can.

    Creates or rebuilds `.venv` and says so on stderr. Ends the process with 1 and one sentence when that can't be
    done, with 130 when it is interrupted.

    `program` is what to start there: deploy.py, or ("-m", a module).
    """
    make_lasting()
    _drop_unusable_key_log()
    try:
        if _is_usable(use, arguments):
            return
    except KeyboardInterrupt:
        stop("Interrupted while preparing .venv. Run the same command again: it starts afresh.", 130)
    except (OSError, ValueError, RuntimeError) as error:  # venv refuses some folder names, and links may be a circle
        stop(f"Can't prepare {VENV}: {error}. Mend that, or {BY_HAND}.")
    start = [str(ROOT / part) if part.endswith(".py") else part for part in program]
    # .venv is this project's own, and installed without compiling: what Python compiles is kept there whatever is set.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    try:
        become([str(python()), *start, *arguments], environment)
    except OSError as error:
        stop(f".venv's Python can't be started: {error}. Remove {VENV}, and run the same command again.")


def _is_usable(use: str, arguments: list[str]) -> bool:
    """Return whether this Python has what is needed. If not, `.venv` has it then; OSError where it can't."""
    wanted = fingerprint_of(use)
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if is_prepared(wanted):
        return inside
    if _importable(use) and not (inside and _made_here()):
        return True
    if use == "deploy" and answer(arguments):
        leave(0)
    from cli.installation import prepare

    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # from here on there is more to say of it
    prepare(use, wanted)
    return False


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
        say(f"SSLKEYLOGFILE is ignored: {file!r} can't be written ({getattr(error, 'strerror', error)}).")


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
    """End this process, with everything written; with 1 where stdout could not take it, unless `code` says worse.

    Python would first take all that is loaded apart: half a second.
    """
    failure = failure_of_stdout()
    if failure is not None:
        say(f"The command went on to its end, but stdout did not take all of its output: {failure.strerror}.")
        code = code or 1
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


def _made_here() -> bool:
    return UNFINISHED.exists() or any(VENV.glob("prepared-*"))


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
