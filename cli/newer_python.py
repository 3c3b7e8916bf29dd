"""What somebody with a Python that is too old is told. Read and run by older Pythons: nothing newer is used here."""

import os
import subprocess
import sys

NEEDED = (3, 11)


def refusal(what):  # type: (str) -> str
    """Return the sentence, which names a Python on the path that is new enough."""
    here = ".".join(str(part) for part in sys.version_info[:2])
    newer = _newest()
    if newer:
        way = "use " + newer + ", which is installed too"
    else:
        way = "there is no newer one on the path, so install one: https://www.python.org/downloads"
    return what + " Python 3.11 or newer, and this is " + here + ": " + way


def _newest():  # type: () -> str
    names = ["python3." + str(minor) for minor in range(29, NEEDED[1] - 1, -1)] + ["python3", "python"]
    commands = [[name] for name in names]
    if os.name == "nt":
        commands.insert(0, ["py", "-3"])  # its launcher starts the newest
    check = "import sys; sys.exit(sys.version_info < " + str(NEEDED) + ")"
    for command in commands:
        if not _is_on_path(command[0]):
            continue
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123
            # Run, as a version manager puts programs on the path for versions that it then refuses.
            code = subprocess.call(command + ["-c", check], stdout=nowhere, stderr=nowhere)  # noqa: RUF005, S603
        if code == 0:
            return " ".join(command)
    return ""


def _is_on_path(name):  # type: (str) -> bool
    ending = ".exe" if os.name == "nt" else ""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return any(os.access(os.path.join(folder, name + ending), os.X_OK) for folder in folders)  # noqa: PTH118
