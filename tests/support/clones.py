"""Copies of this project as somebody else has it, and a package index on loopback for them to install from."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import sysconfig
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support import processes
from tests.support.processes import TIMEOUT, Done, ended, kill
from tests.support.world import ROOT

BARE = (str(getattr(sys, "_base_executable", sys.executable)), "-S")
"""The Python that ours was made from, without anybody's site-packages."""
_UV = """#!{python}
import glob, json, os, sys, zipfile

with open({log!r}, "w") as log:
    json.dump({{"arguments": sys.argv[1:], "environment": dict(os.environ)}}, log)
venv = os.path.dirname(os.path.dirname(sys.argv[sys.argv.index("--python") + 1]))
(packages,) = glob.glob(venv + "/lib/python*/site-packages")
{does}
"""
UNPACKS = """
for wheel in glob.glob(os.environ["UV_FIND_LINKS"] + "/*.whl"):
    zipfile.ZipFile(wheel).extractall(packages)
"""
BORROWS = f"""
with open(packages + "/borrowed.pth", "w") as file:
    file.write({sysconfig.get_path("purelib")!r})
"""
FAILS = """
sys.exit("error: nothing is found")
"""
"""What a stand-in for uv does: install every wheel of UV_FIND_LINKS, or all that is installed here; or fail."""
_NOT_A_STRANGERS = ("PYTHON", "VIRTUAL_ENV", "ADT_", "PYTEST")


class Clone:
    """A copy of the project's files in a folder of its own. `extra` goes on top of the environment of what runs."""

    def __init__(self, folder: Path, extra: Mapping[str, str] | None = None) -> None:
        self.folder, self.extra = folder, dict(extra or {})

    @classmethod
    def of_project(cls, folder: Path, extra: Mapping[str, str] | None = None, *, without: Sequence[str] = ()) -> Self:
        """Copy what is there of this project and not ignored by git, `without` what has such a name.

        What Python has compiled comes along: compiling it again would be most of what some tests do.
        """
        ignored = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()} - {"__pycache__"}
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", *ignored, *without))
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True, timeout=60)
        return cls(folder, extra)

    def copy(self, folder: Path) -> Clone:
        """Copy it with all it contains."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Clone(folder, self.extra)

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"

    @property
    def python(self) -> tuple[str, ...]:
        """The Python of its .venv."""
        return (str(self.venv / "bin/python"),)

    def visible(self) -> set[str]:
        """The files that git would show."""
        command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True, timeout=60)
        return {name for name in done.stdout.split("\0") if name}

    def require(self, *pins: str, file: str = "requirements.txt") -> None:
        """Put these in place of what is pinned."""
        (self.folder / file).write_text("".join(f"{pin}\n" for pin in pins))

    def environment(self) -> dict[str, str]:
        """A stranger's, without uv: what pip does is what most tests look at."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_A_STRANGERS)}
        folders = [folder for folder in kept["PATH"].split(os.pathsep) if not (Path(folder) / "uv").exists()]
        return kept | {"PATH": os.pathsep.join(folders)} | self.extra

    def with_uv(self, does: str = UNPACKS) -> Path:
        """Put a stand-in for uv first on the path; return the file where it notes what it was called with."""
        uv, log = self.folder.parent / "bin/uv", self.folder.parent / "uv.json"
        uv.parent.mkdir()
        uv.write_text(_UV.format(python=BARE[0], log=str(log), does=does))
        uv.chmod(0o755)
        self.extra["PATH"] = f"{uv.parent}{os.pathsep}{self.environment()['PATH']}"
        return log

    def start(self, *arguments: str, python: tuple[str, ...] = BARE) -> subprocess.Popen[str]:
        """Start `python deploy.py`, or `python -m …`, in a process group of its own."""
        command = arguments if arguments[:1] == ("-m",) else ("deploy.py", *arguments)
        return processes.start([*python, *command], self.folder, self.environment())

    def run(self, *arguments: str, python: tuple[str, ...] = BARE, seconds: float = TIMEOUT) -> Done:
        """The same, to its end."""
        return ended(self.start(*arguments, python=python), seconds)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """The same, ended here if it has not ended before."""
        process = self.start(*arguments)
        try:
            yield process
        finally:
            kill(process)


def pin(name: str) -> str:
    """Return the requirement of exactly what is installed here."""
    return f"{name}=={metadata.version(name)}"


def make_wheel(name: str, folder: Path) -> None:
    """Pack a pure distribution that is installed here into a wheel."""
    distribution = metadata.distribution(name)
    left_out = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")
    names = [str(file) for file in distribution.files or () if file.name not in left_out]
    names = [file for file in names if not file.startswith("..") and "__pycache__" not in file]
    about = next(file.rpartition("/")[0] for file in names if file.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(folder / f"{about.removesuffix('.dist-info')}-py3-none-any.whl", "w") as wheel:
        for file in names:
            wheel.write(str(distribution.locate_file(file)), file)
        wheel.writestr(f"{about}/RECORD", "".join(f"{file},,\n" for file in names))


class Index:
    """Serves a folder of wheels over HTTP, as a context manager. It answers nobody until `open` is called."""

    def __init__(self, wheels: Path) -> None:
        self.asked = threading.Event()
        """Somebody has asked."""
        self.left = threading.Event()
        """Somebody has gone without an answer."""
        self.paths: list[str] = []
        self._gate, self._key = os.pipe()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Shelf, self, directory=str(wheels)))

    @property
    def settings(self) -> dict[str, str]:
        """The environment in which pip installs from here alone."""
        return install_from(f"http://127.0.0.1:{self._server.server_port}/")

    def open(self) -> None:
        """Answer from now on, also who is waiting."""
        os.close(self._key)
        self._key = -1

    def admit(self, client: int) -> bool:
        """Wait until the index is open; False when the client has gone before."""
        ready, _, _ = select.select([client, self._gate], [], [])
        return self._gate in ready

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._key >= 0:
            self.open()
        self._server.shutdown()
        self._server.server_close()
        os.close(self._gate)


class _Shelf(SimpleHTTPRequestHandler):
    def __init__(self, index: Index, *rest: object, directory: str) -> None:
        self._index = index
        super().__init__(*rest, directory=directory)  # type: ignore[arg-type]  # what the server passes on

    def do_GET(self) -> None:
        self._index.paths.append(self.path)
        self._index.asked.set()
        if self._index.admit(self.connection.fileno()):
            super().do_GET()
        else:
            self.close_connection = True
            self._index.left.set()

    def log_message(self, *_: object) -> None:
        pass


def install_from(links: str) -> dict[str, str]:
    """Return the environment in which pip installs from `links` alone, whatever else is configured here."""
    return {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": links,
        "NO_PROXY": "*",
        "no_proxy": "*",
    }


@cache
def older_pythons() -> list[str]:
    """Return the Pythons of this machine that are too old for this project."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [str(file) for file in pyenv.glob("versions/*/bin/python")]
    found += [file for minor in range(6, 11) if (file := shutil.which(f"python3.{minor}"))]
    program = "import sys; sys.exit(sys.version_info < (3, 11))"
    runs = {
        python: subprocess.run([python, "-c", program], capture_output=True, check=False, timeout=60)
        for python in found
    }
    # Without a complaint: pyenv's stand-ins for versions that are not chosen say that on stderr.
    return [python for python, done in runs.items() if done.returncode == 1 and not done.stderr]


PREPARING = "Preparing .venv: installing the pinned requirements. This happens once and takes about a minute."
UPDATING = "Updating .venv: installing what the pinned requirements add."
SMALL, MORE = pin("click"), pin("iniconfig")
"""What `status --help` needs, and one more: small things to install in place of everything."""


def works_quietly(clone: Clone, *python: str) -> bool:
    done = clone.run("status", "--help", python=python or BARE)
    return done.code == 0 and done.stderr == "" and done.stdout.startswith("Usage: deploy.py")
