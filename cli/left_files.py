"""Which files runs over a shared state left on which machine: its record is read elsewhere too."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from pathlib import Path

from state.document import LeftFile, StateDocument
from steps.step_04_app_registration.secret_changes import SECRET_FILE

MOST_LOGS = 20
"""How many logs are recorded, the last ones: runners of a pipeline have another name each time."""


def record(document: StateDocument, files: Iterable[tuple[str, Path]]) -> None:
    """Record files of this machine, and those of client secrets that are there. Those that are gone are forgotten."""
    host = socket.gethostname()
    known = {(left.host, left.path) for left in document.files}
    owned = (item for step in document.steps.values() for item in (*step.owned, *step.pending))
    secrets = [Path(path) for _name, _number, path in SECRET_FILE.among(owned).values()]
    for what, path in (*files, *(("client secret", path) for path in secrets if path.exists())):
        if (host, str(path)) not in known:
            document.files = [*document.files, LeftFile(host=host, path=str(path), what=what)]
    logs = [left for left in document.files if left.what == "log"]
    document.files = [
        left
        for left in document.files
        if left not in logs[:-MOST_LOGS] and (left.host != host or left.what == "log" or Path(left.path).exists())
    ]


def elsewhere(document: StateDocument, folder: Path) -> list[LeftFile]:
    """Return what is on other machines, or on this one outside the folder."""
    host = socket.gethostname()
    return [
        left
        for left in document.files
        if left.host != host or (Path(left.path).parent != folder and Path(left.path).exists())
    ]
