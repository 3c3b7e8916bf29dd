"""What a workflow of GitHub Actions needs, by the subjects of the federated credentials. Pure."""

from __future__ import annotations

import pytest

from cli import workflow

VALUES = {"client_id": "c", "tenant_id": "t", "subscription_id": "s", "host_name": "h"}
MAIN, PULL = "repo:contoso/twins:ref:refs/heads/main", "repo:contoso/twins:pull_request"


@pytest.mark.parametrize("repository", ["contoso/twins", "contoso@1/twins@22"])
def test_the_variables_are_those_of_the_repository(repository: str) -> None:
    subjects = (f"repo:{repository}:pull_request", f"repo:{repository}:ref:refs/heads/main")
    found = workflow.commands(subjects, VALUES)
    assert [line.split()[3:] for line in found] == [
        [name, "--repo", "contoso/twins", "--body", value]
        for name, value in (("AZURE_CLIENT_ID", "c"), ("AZURE_TENANT_ID", "t"), ("AZURE_SUBSCRIPTION_ID", "s"))
    ]


@pytest.mark.parametrize(
    ("subjects", "there", "not_there"),
    [
        ((MAIN, MAIN.replace("main", "release/1")), ["    branches: [main, release/1]"], ["  pull_request:"]),
        ((PULL,), ["  pull_request:"], ["  push:", "  workflow_dispatch:"]),
        ((MAIN, PULL), ["  push:", "  pull_request:"], ["  workflow_dispatch:"]),
        (("repo:c/t:ref:refs/tags/1.0",), ["  push:", '    tags: ["1.0"]'], ["    branches: [main]"]),
        (("repo:c/t:environment:my prod",), ['    environment: "my prod"', "  workflow_dispatch:"], ["  push:"]),
    ],
)
def test_its_jobs_present_the_subjects(subjects: tuple[str, ...], there: list[str], not_there: list[str]) -> None:
    found = workflow.lines(subjects)
    assert set(there) <= set(found)
    assert not set(not_there) & set(found)
    assert "      id-token: write" in found


def test_other_issuers_have_no_workflow() -> None:
    assert workflow.lines(("sc://contoso/twins/connection",)) == ()
    assert workflow.commands(("sc://contoso/twins/connection",), VALUES) == ()
