"""What was answered in a run that came to nothing: proposals for the next run's questions, beside the state file."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from state.file_store import replace_file

FORMAT = "azure-digital-twins-answers"


class Proposals:
    """The file of answers of a deployment: `deploy.answers.json` for `deploy.state.json`. Without a path, none.

    A file that can't be read is none, and one that can't be written isn't: answers are a convenience.
    """

    def __init__(self, state: Path | None) -> None:
        self._path = state and state.with_name(
            f"{state.name.removesuffix('.json').removesuffix('.state')}.answers.json"
        )
        self.subscription = ""
        """The subscription that the answers are for."""
        self._answers: dict[str, str] = {}
        with suppress(OSError, ValueError, AttributeError):
            found = json.loads(self._path.read_text(encoding="utf-8")) if self._path else {}
            if found.get("format") == FORMAT:
                self.subscription = str(found.get("subscription", ""))
                self._answers = {str(name): str(answer) for name, answer in found.get("answers", {}).items()}

    def answers(self, subscription: str) -> dict[str, str]:
        """Return the answers for this subscription, by the names of the inputs."""
        return dict(self._answers) if subscription.lower() == self.subscription.lower() else {}

    def keep(self, subscription: str, name: str, answer: str) -> None:
        """Write an answer down, for its owner alone (0600); those for another subscription are forgotten."""
        self._answers = {**self.answers(subscription), name: answer}
        self.subscription = subscription
        if self._path:
            content = {"format": FORMAT, "subscription": subscription, "answers": self._answers}
            with suppress(OSError):
                replace_file(self._path, (json.dumps(content, indent=2) + "\n").encode())

    def forget(self) -> None:
        """Delete the file: the state file remembers all of it now."""
        if self._path:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
