"""`python3 -m tests`: prepares .venv, then lint, strict types and every test. Arguments go to pytest."""

from __future__ import annotations

import sys

from cli import bootstrap

if __name__ == "__main__":
    bootstrap.enter("tests", sys.argv[1:])

    import subprocess

    for check in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
        print("==", " ".join(check), flush=True)
        if code := subprocess.run([sys.executable, "-m", *check], cwd=bootstrap.ROOT, check=False).returncode:
            sys.exit(code)
    command = [sys.executable, "-m", "pytest", "-n", "2", *sys.argv[1:]]
    print("==", *command[2:], flush=True)
    sys.exit(subprocess.run(command, cwd=bootstrap.ROOT, check=False).returncode)
