"""deploy.py as a job of GitHub Actions and of Azure Pipelines: the runner's own sign-in, without a secret."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator import seed
from tests.support import processes
from tests.support.azure import is_marked, writes
from tests.support.graph import Graph
from tests.support.tool import START, SUBSCRIPTION, Tool
from tests.support.waiting import until
from tests.support.world import ROOT, Emulator

ACTION = ROOT / "ci/github/action.yml"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
"""With a python3 that has what the tool needs."""

ROBOT = seed.AUTOMATIONS["owner-sp"]
SUBJECT, CONNECTION = "repo:contoso/twins:ref:refs/heads/main", "c0ffee00-0000-4000-8000-000000000001"
IDS = {"AZURE_CLIENT_ID": ROBOT.app_id, "AZURE_TENANT_ID": seed.TENANT, "AZURE_TOKEN_CREDENTIALS": "prod"}
NOTHING = dict.fromkeys(("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE",
                         "MSI_ENDPOINT", "IDENTITY_ENDPOINT", "GITHUB_STEP_SUMMARY", "TF_BUILD"))  # fmt: skip
GITHUB = {
    **NOTHING, **IDS, "GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "token-of-the-job",
    "ACTIONS_ID_TOKEN_REQUEST_URL": f"https://run-actions.actions.githubusercontent.com/idtoken?subject={SUBJECT}",
}  # fmt: skip
PIPELINES = {
    **NOTHING, "TF_BUILD": "True", "AZURE_CLIENT_ID": None, "AZURE_TENANT_ID": None, "AZURE_TOKEN_CREDENTIALS": "",
    "SYSTEM_OIDCREQUESTURI": "https://dev.azure.com/contoso/twins/_apis/hubs/build/plans/1/jobs/1/oidctoken",
    "SYSTEM_ACCESSTOKEN": "token-of-the-job", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": CONNECTION,
    "AZURESUBSCRIPTION_CLIENT_ID": ROBOT.app_id, "AZURESUBSCRIPTION_TENANT_ID": seed.TENANT,
}  # fmt: skip


URL = GITHUB["ACTIONS_ID_TOKEN_REQUEST_URL"]
NO_URL = dict.fromkeys(("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
"""What a job has without `id-token: write`."""


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An embedded Azure with an application that trusts a branch of GitHub and a service connection."""
    with Emulator(tmp_path_factory.mktemp("ci") / "azure") as azure:
        graph, path = Graph(azure), f"/applications/{ROBOT.application_object_id}/federatedIdentityCredentials"
        for name, issuer, subject in (
            ("github", "https://token.actions.githubusercontent.com", SUBJECT),
            ("pipelines", "https://vstoken.dev.azure.com/contoso", f"sc://contoso/twins/{CONNECTION}"),
        ):
            body = {"name": name, "issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"]}
            assert graph("POST", path, body)[0] == 201
        until(lambda: len(graph("GET", path)[1]["value"]) == 2, "the federated credentials")
        yield azure


def tokens(azure: Emulator) -> Counter[str]:
    """How often each runner, and Entra ID, were asked for a token."""
    kinds = {"run-actions.actions.githubusercontent.com": "github", "dev.azure.com": "pipelines"}
    found = Counter(kinds.get(entry["host"], "") for entry in azure.requests()["log"])
    found["entra"] = sum(entry["path"].endswith("/token") for entry in azure.requests()["log"])
    return found


@dataclass(frozen=True)
class Step:
    """How the step of the action ended, and what it left for the job."""

    code: int
    text: str
    summary: str
    outputs: dict[str, str]


def act(azure: Emulator, folder: Path, event: str, **settings: str | None) -> Step:
    """Run the shell of the action as it stands, as GitHub does, with the variables of its `env`."""
    folder.mkdir(exist_ok=True)
    (script,) = scripts(ACTION)
    own = re.findall(r"^        ([A-Z_]+): \$\{\{", ACTION.read_text(encoding="utf-8"), re.MULTILINE)
    summary, outputs = folder / f"summary-{event}", folder / f"outputs-{event}"
    job = {
        **dict.fromkeys(own, ""), **GITHUB, "AZURE_CLIENT_ID": None, "AZURE_TENANT_ID": None,
        "CLIENT_ID": ROBOT.app_id, "TENANT_ID": seed.TENANT, "SUBSCRIPTION_ID": SUBSCRIPTION,
        "ACTION_FOLDER": str(ACTION.parent), "DEFAULT_BRANCH": "main", "GITHUB_REF": "refs/heads/main",
        "GITHUB_REPOSITORY": "contoso/twins", "GITHUB_EVENT_NAME": event, "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(outputs), "PATH": PATH, **settings,
    }  # fmt: skip
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    done = processes.ended(processes.start(command, folder, Tool(azure, folder, job).environment()))
    written = outputs.read_text(encoding="utf-8") if outputs.exists() else ""
    pairs = dict(line.split("=", 1) for line in written.splitlines() if "=" in line)
    return Step(done.code, done.text, summary.read_text(encoding="utf-8") if summary.exists() else "", pairs)


def scripts(file: Path) -> list[str]:
    """The blocks of shell in a YAML file, as YAML reads them."""
    found = re.findall(
        r"^( *)(?:run|inlineScript): \|\n((?:\1 +.*\n|\n)+)", file.read_text(encoding="utf-8"), re.MULTILINE
    )
    return [textwrap.dedent(block) for _, block in found]


@pytest.mark.parametrize("file", sorted((ROOT / "ci").rglob("*.yml")), ids=lambda file: file.stem)
def test_what_others_may_write_reaches_a_shell_by_variables_only(file: Path) -> None:
    shells = re.findall(r"^[ -]*(?:run|\w*[sS]cript|bash|pwsh|powershell):", file.read_text(), re.MULTILINE)
    assert len(shells) == len(scripts(file))
    for script in scripts(file):
        assert "${{" not in script
        assert "$(" not in script
        assert subprocess.run(["bash", "-n"], input=script, text=True, timeout=30, check=False).returncode == 0


@pytest.mark.long
def test_the_action_plans_deploys_and_finds_drift(trusting: Emulator, tmp_path: Path) -> None:
    trusting.control("DELETE", "/requests")
    fork = {"FROM_PULL_REQUEST": "7", "HEAD_REPOSITORY": "mallory/twins"}
    step = act(trusting, tmp_path / "fork", "pull_request", **fork, **NO_URL)
    assert (step.code, bool(step.summary), trusting.requests()["total"]) == (0, True, 0)

    work, pull = tmp_path / "work", {"FROM_PULL_REQUEST": "8", "HEAD_REPOSITORY": "contoso/twins"}
    step = act(trusting, work, "pull_request", **pull, ARGUMENTS="--tag\nteam=a b; touch $(echo owned)")
    assert (step.code, step.outputs) == (0, {"exit-code": "0"}), step.text
    assert step.summary.count("|") > 10
    assert (writes(trusting), [file.name for file in work.iterdir() if "-" not in file.name]) == ([], [])

    trusting.control("DELETE", "/requests")
    step = act(trusting, work, "push")
    assert step.code == 0, step.text
    assert step.outputs["instance_url"].startswith("https://")
    assert "token-of-the-job" not in step.text + (work / "deploy.state.log").read_text()
    asked = tokens(trusting)
    assert asked["github"] == asked["entra"] >= 2  # a fresh assertion for each token
    roles = [one["properties"] for one in trusting.inventory(volatile=True)["roleAssignments"]]
    assert {one["principalId"] for one in roles if is_marked(one)} == {ROBOT.object_id}

    step = act(trusting, work, "schedule", ARGUMENTS="--tag\nteam=x")
    assert (step.code, step.outputs["exit-code"]) == (5, "5"), step.text
    assert step.summary
    step = act(trusting, tmp_path / "new", "schedule", ARGUMENTS="--tag\nteam=x")  # on a runner without a state file
    assert step.code == 5, step.text


@pytest.mark.long
def test_the_action_takes_several_deployments_of_a_file(trusting: Emulator, tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text(
        "no_app = true\nresource_group = 'factories'\n"
        "[deployments.dev]\nstate = 'kept/dev.state.json'\n[deployments.north]\nstate = 'kept/north.state.json'\n"
    )
    (tmp_path / "kept").mkdir()
    file = {"CONFIG": "../team.toml"}
    step = act(trusting, tmp_path / "one", "push", **file, DEPLOYMENT="all")
    assert (step.code, step.outputs) == (0, {"exit-code": "0"}), step.text
    step = act(trusting, tmp_path / "two", "push", **file, DEPLOYMENT="north\r\n")
    assert (step.code, "adt-north-" in step.outputs["instance_url"]) == (0, True), step.text
    step = act(trusting, tmp_path / "three", "schedule", **file, DEPLOYMENT="dev\nnorth")
    assert (step.code, "| --- |" in step.summary) == (0, True), step.text
    assert act(trusting, tmp_path / "four", "push", **file, ARGUMENTS="--all").code == 2
    step = act(trusting, tmp_path / "five", "push", **file, ADT_DEPLOYMENT="dev; north; ")
    assert (step.code, step.outputs) == (0, {"exit-code": "0"}), step.text


def test_the_example_for_azure_pipelines_plans_a_pull_request(trusting: Emulator, tmp_path: Path) -> None:
    trusting.control("DELETE", "/requests")
    (script,) = scripts(ROOT / "ci/azure-pipelines.yml")
    job = {**PIPELINES, "BUILD_REASON": "PullRequest", "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION, "PATH": PATH}
    environment = Tool(trusting, tmp_path, {**job, "ADT_STATE": str(tmp_path / "state.json")}).environment()
    done = processes.ended(processes.start(["bash", "-e", "-c", script], ROOT, environment))
    assert done.code == 0, done.text
    asked = tokens(trusting)
    assert len(writes(trusting)) == asked["pipelines"]  # the requests to the runner, which are POSTs
    assert asked["pipelines"] == asked["entra"] >= 2


@pytest.mark.parametrize(
    ("changes", "code", "error"),
    [
        (NO_URL, 2, ""),
        ({"AZURE_TENANT_ID": ""}, 2, ""),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": f"{URL}&lifetime=-900"}, 1, "AADSTS700024"),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": f"{URL}x"}, 1, "AADSTS700213"),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": "https://run-actions.actions.githubusercontent.com/idtoken"}, 1, ""),
    ],
)
def test_what_a_job_lacks_is_told(
    trusting: Emulator, tmp_path: Path, changes: dict[str, str | None], code: int, error: str
) -> None:
    tool = Tool(trusting, tmp_path / "work", {**GITHUB, **changes})
    done = tool.run("plan", *START, "--output", "json")
    assert done.code == code, done.text
    assert done.document["error"]["code"] == error
    assert not tool.state_file.exists()
