"""What `--help` and `--version` answer where the dependencies aren't installed. Python's own library is enough."""

from __future__ import annotations

from cli.version import VERSION

HELP = """\
deploy.py sets up Azure Digital Twins: resource group, instance, data-plane
role, app registration, consent hints. Run it again after a failure: it resumes.

  python3 deploy.py --local --yes   try it without Azure, on this machine
  python3 deploy.py                 ask for what is missing, then deploy
  python3 deploy.py plan            only show what it would do
  python3 deploy.py verify          compare Azure with what was chosen
  python3 deploy.py destroy         remove what it created

The first of these makes .venv beside deploy.py and installs the pinned
dependencies there, which takes about a minute. Then --help has all commands,
options, variables and exit codes. What it is and how it works: README.md; all
settings: docs/settings.md.
"""


def answer(arguments: list[str]) -> bool:
    """Print the answer to `--help` or `--version`; return whether they were all that was asked."""
    answers = {"--help": HELP, "-h": HELP, "--version": f"deploy.py {VERSION}\n"}
    if len(arguments) != 1 or arguments[0] not in answers:
        return False
    print(answers[arguments[0]], end="")  # noqa: T201 - the console is not there yet
    return True
