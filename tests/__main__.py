"""`python3 -m tests`: prepares .venv, then lint, strict types and every test. Arguments go to pytest.

This file stays readable by older Pythons, as deploy.py does.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the point is to be run by an older Python
    from cli.newer_python import refusal

    sys.exit(refusal("The tests need"))

from cli import bootstrap

if __name__ == "__main__":
    bootstrap.enter("tests", sys.argv[1:], ("-m", "tests"))

    import subprocess

    checks = [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["pytest", "-n", "4", "--dist", "worksteal"]]
    checks[-1].extend(sys.argv[1:])
    for check in checks:
        sys.stdout.write("== " + " ".join(check) + "\n")
        sys.stdout.flush()
        code = subprocess.call([sys.executable, "-m"] + check, cwd=str(bootstrap.ROOT))  # noqa: RUF005 - see above
        if code:
            sys.exit(code)
