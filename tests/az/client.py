"""`az` as a user runs it: installed in an environment of its own, with a configuration folder of its own."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import processes
from tests.support.world import ROOT, Emulator

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
HOME = ROOT / ".az"
"""Where the environment is made; git ignores it."""
TIMEOUT, SCRIPT, INSTALLATION = 120.0, 600.0, 1800.0
"""Seconds that a command, a script of many, and the installation may take."""


class Failed(AssertionError):
    """A command that ended otherwise than it should."""


def prepare() -> Path:
    """Return the `az` of the pinned version, installed first if it isn't there yet; another version is replaced."""
    fingerprint = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    stamp, scripts = HOME / f"prepared-{fingerprint}", HOME / "venv" / ("Scripts" if os.name == "nt" else "bin")
    if not stamp.exists():
        print(f"Installing {REQUIREMENTS.read_text().split()[-1]} into {HOME}: a minute or two, 750 MB.", flush=True)
        shutil.rmtree(HOME, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", HOME / "venv"], check=True, timeout=TIMEOUT)
        pip = [str(scripts / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=True, timeout=INSTALLATION)
        stamp.touch()
    return scripts / ("az.bat" if os.name == "nt" else "az")


class Az:
    """Runs commands of one configuration folder, with the environment that the embedded Azure's ready line says."""

    def __init__(self, program: Path, azure: Emulator, config: Path, extra: Mapping[str, str] | None = None) -> None:
        self._program, self.azure = program, azure
        self._env = {key: value for key, value in azure.env.items() if not key.startswith("AZURE_CORE_")}
        self._env |= {"AZURE_CONFIG_DIR": str(config), "AZURE_CORE_COLLECT_TELEMETRY": "false"}
        self._env |= {"AZURE_CORE_NO_COLOR": "true", **(extra or {})}
        self.ran = 0

    def __call__(self, *arguments: str, code: int = 0) -> Any:
        """Run `az ARGUMENTS`, which ends with `code`; return its JSON, or what it said when it is refused."""
        done = self.run(*arguments)
        if done.returncode != code:
            raise Failed(f"az {' '.join(arguments[:4])} … ended with {done.returncode}: {done.stderr.strip()[:600]}")
        if code:
            return done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `az ARGUMENTS`, however it ends."""
        self.ran += 1
        return subprocess.run(
            [self._program, *arguments, "--output", "json"],
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a Python program of this environment that finds this `az`, and no other sign-in."""
        path = os.pathsep.join((str(self._program.parent), os.environ["PATH"]))
        environment = {name: value for name, value in self._env.items() if name != "MSI_ENDPOINT"}
        return subprocess.run(
            [sys.executable, *arguments],
            env={**environment, "PATH": path, "AZURE_TOKEN_CREDENTIALS": "AzureCliCredential"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def rest(self, method: str, url: str, body: Any = None, *arguments: str) -> Any:
        """Run `az rest`."""
        more = ("--body", json.dumps(body)) if body is not None else ()
        return self("rest", "--method", method, "--url", url, *more, *arguments)

    def script(self, *commands: str, code: int = 0) -> str:
        """Run a script of commands, which ends with `code`; return what it said."""
        self.ran += len(commands)
        path = os.pathsep.join((str(self._program.parent), os.environ["PATH"]))
        done = subprocess.run(
            ["bash", "-c", "\n".join(("set -euo pipefail", *commands))],
            env={**self._env, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        if done.returncode != code:
            raise Failed(f"{commands[0][:60]} … ended with {done.returncode}: {done.stderr.strip()[:600]}")
        return done.stderr

    def run_script(self, file: Path, sign_in: str = "") -> processes.Done:
        """Run a script of bash as it is, which finds this `az`; be the user `sign_in` where it asks to sign in."""
        self.ran += file.read_text(encoding="utf-8").count("\naz ")
        path = os.pathsep.join((str(self._program.parent), os.environ["PATH"]))
        process = processes.start(["bash", str(file)], file.parent, {**self._env, "PATH": path})
        if sign_in:
            self._enter_code(process, sign_in)
        return processes.ended(process, SCRIPT)

    def by_device_code(self, name: str) -> Any:
        """Run `az login --use-device-code`, and be the user `name` who enters the code that it shows."""
        self.ran += 1
        command = [str(self._program), "login", "--use-device-code", "--output", "json"]
        process = processes.start(command, Path.cwd(), self._env)
        self._enter_code(process, name)
        done = processes.ended(process)
        if done.code:
            raise Failed(f"az login --use-device-code ended with {done.code}: {done.text}")
        return done.document

    def _enter_code(self, process: processes.Process, name: str) -> None:
        """Enter the device code that a command shows, as the user `name`; az shows one where it finds no browser."""
        enter = r"enter the code (\w+)"
        code = re.search(enter, processes.until_line(process, enter, "stderr", seconds=TIMEOUT))
        assert code
        self.azure.control("PUT", f"/device-codes/{code[1]}", {"signIn": name})
