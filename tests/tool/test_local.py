"""`--local`: the whole job against the embedded Azure, which is started for it and leaves with it."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clones import Clone
from tests.support.documents import outcomes
from tests.support.processes import Done, ended, until_line
from tests.support.tool import HOST
from tests.support.world import Emulator

OURS = (sys.executable,)
"""A Python that has the dependencies: nothing is installed here."""
UNNEEDED = ("bench", "docs", "tests")
"""What is there of the project that no run looks at."""
SOMEBODYS = {
    "AZURE_SUBSCRIPTION_ID": "5e1f0000-0000-4000-8000-00000000000a",
    "ADT_SUBSCRIPTION": "5e1f0000-0000-4000-8000-00000000000a",
    "ADT_TENANT": "5e1f0000-0000-4000-8000-00000000000b",
    "AZURE_TENANT_ID": "5e1f0000-0000-4000-8000-00000000000b",
    "AZURE_CLIENT_ID": "5e1f0000-0000-4000-8000-00000000000c",
    "AZURE_CLIENT_SECRET": "somebody's real secret",
    "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "REQUESTS_CA_BUNDLE": "/nowhere.pem",
    "SSL_CERT_FILE": "/nowhere.pem",
}
"""What somebody who works with Azure has in the environment."""


class Trial(Clone):
    """A copy of the project that `--local` is tried in."""

    def local(self, *arguments: str) -> Done:
        return self.run(*arguments, python=OURS)

    @property
    def leavings(self) -> Path:
        return self.folder / ".local-azure"

    @property
    def azure_process(self) -> int:
        """The embedded Azure that is, or was last, at work here."""
        return int((self.leavings / "azure/holder").read_text().split()[0])

    def inventory(self, *, volatile: bool = False) -> dict[str, list[dict[str, Any]]]:
        with Emulator(self.leavings / "azure") as azure:
            return azure.inventory(volatile=volatile)


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial.of_project(tmp_path / "project", without=UNNEEDED)


@pytest.fixture(scope="module")
def done_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trial, Done]:
    """A trial that has been deployed once, in somebody's real environment."""
    trial = Trial.of_project(tmp_path_factory.mktemp("local") / "project", SOMEBODYS, without=UNNEEDED)
    return trial, trial.local("--local", "--yes")


def test_the_whole_job(done_once: tuple[Trial, Done]) -> None:
    trial, done = done_once
    assert done.code == 0, done.text
    assert HOST in done.stdout
    printed = [line for line in done.text.splitlines() if "deploy.py" in line]
    assert printed
    assert all("--local" in line for line in printed)
    for real in ("portal.azure", "login.microsoftonline", "explorer.digitaltwins", "az ad"):
        assert real not in done.text
    assert "olivia@contoso.onmicrosoft.com" in done.stdout
    assert not [text for text in SOMEBODYS.values() if text in done.text]
    assert [one["name"] for one in trial.inventory()["digitalTwinsInstances"]] == [HOST.partition(".")[0]]


def test_all_it_leaves_is_in_one_ignored_folder(trial: Trial) -> None:
    before, shown = set(trial.folder.iterdir()), trial.visible()
    assert trial.run("plan", "--local", "--yes", python=(*OURS, "-B")).code == 0
    assert set(trial.folder.iterdir()) - before == {trial.leavings}
    assert ends(trial.azure_process)
    assert trial.visible() == shown


def test_a_second_run_says_so_and_changes_nothing(done_once: tuple[Trial, Done]) -> None:
    trial, _ = done_once
    before = trial.inventory(volatile=True)
    again = trial.local("--local", "--yes", "--output", "json")
    assert again.code == 0, again.text
    assert Counter(outcomes(again.document).values()) == {"already done": 4, "needs you": 1}
    assert trial.inventory(volatile=True) == before
    assert not list(trial.folder.glob("*.state.*"))


def test_status_and_outputs(done_once: tuple[Trial, Done]) -> None:
    trial, _ = done_once
    status = trial.local("status", "--local", "--output", "json")
    assert status.code == 0
    assert status.document["deployment"]["steps"]["consent_hints"]["state"] == "needs you"
    outputs = trial.local("outputs", "--local", "--format", "json")
    assert outputs.document["host_name"] == HOST
    assert trial.local("status", "--output", "json").document["deployment"] is None


def test_whoever_may_not_assign_roles_is_told_what_is_missing(done_once: tuple[Trial, Done]) -> None:
    trial, _ = done_once
    done = trial.local("--local", "--yes", "--sign-in", "contributor", "--state", ".local-azure/other.state.json")
    assert done.code == 3
    assert "carlos@contoso.onmicrosoft.com" in done.stdout
    assert "Microsoft.Authorization/roleAssignments/write" in done.text


def test_an_unknown_sign_in(trial: Trial) -> None:
    trial.extra["GITHUB_ACTIONS"] = "true"
    for _ in range(2):  # each time, the latest complaint alone
        done = trial.local("--local", "--yes", "--sign-in", "nobody", "--output", "json")
        assert done.code == done.document["exit_code"] == 2
        told = [line for line in done.stderr.splitlines() if done.document["error"]["what"] in line]
        assert [line.startswith("::error") for line in told] == [True, False]
    for name in ("owner", "contributor", "reader", "guest", "msa", "owner-sp", "contributor-sp"):
        assert name in done.stderr


def test_who_signs_in_is_a_matter_of_local_runs(trial: Trial) -> None:
    done = trial.local("--yes", "--sign-in", "owner")
    assert done.code == 2
    assert "--local" in done.stderr


def test_without_a_terminal_what_is_missing_is_listed(trial: Trial) -> None:
    done = trial.local("--local")
    assert done.code == 2
    for flag in ("--subscription", "--resource-group", "--location", "--instance"):
        assert flag in done.stderr
    assert not (trial.leavings / "deploy.state.json").exists()


@pytest.mark.long
def test_killed_during_the_creation_it_leaves_no_process_and_the_next_run_converges(
    trial: Trial, done_once: tuple[Trial, Done]
) -> None:
    process = trial.start("--local", "--yes", "--verbose", python=OURS)
    until_line(process, r" PUT \S+/digitalTwinsInstances/[^/?]+\?\S+ 201 ", "stderr")
    process.kill()
    assert "completed" not in ended(process).text
    assert ends(trial.azure_process)
    (instance,) = trial.inventory()["digitalTwinsInstances"]
    assert instance["properties"]["provisioningState"] != "Succeeded"

    again = trial.local("--local", "--yes")
    assert again.code == 0, again.text
    assert trial.inventory() == done_once[0].inventory()


@pytest.fixture
def going_on(trial: Trial) -> Iterator[int]:
    """The process of a run that is kept from ending."""
    process = trial.start("--local", "--yes", python=OURS)
    until_line(process, "")
    process.send_signal(signal.SIGSTOP)
    yield process.pid
    process.kill()
    ended(process)


def test_of_two_at_once_the_second_says_who_is_at_work(trial: Trial, going_on: int) -> None:
    done = trial.local("--local", "--yes")
    assert done.code == 4
    assert str(going_on) in done.stderr


def test_a_folder_that_can_not_be_written(trial: Trial) -> None:
    trial.leavings.write_text("a file is in its place")
    done = trial.local("--local", "--yes")
    assert done.code == 1
    assert str(trial.leavings) in done.stderr
    assert "Traceback" not in done.stderr


def ends(process: int, within: float = 10) -> bool:
    """Whether a process that is not a child of this one has ended, or does so soon."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within)[0])
    finally:
        os.close(handle)
