"""The recycle bin of applications, as a plain member of the directory meets it: not allowed to look into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.azure import application, graph
from tests.support.documents import changes, outcomes
from tests.support.tool import START, Tool
from tests.support.world import GRAPH, Emulator

BIN = "/directory/deletedItems"
CARLOS = "a0000000-0000-4000-8000-000000000002"
DENIED = {
    "path": "getUserOwnedObjects",
    "do": "status:403",
    "body": {"error": {"code": "Authorization_RequestDenied", "message": "no"}},
}


def principal(azure: Emulator, client_id: str) -> str:
    (found,) = [one["id"] for one in azure.inventory(volatile=True)["servicePrincipals"] if one["appId"] == client_id]
    return str(found)


def deploy(tool: Tool) -> Any:
    """Only the app registration is of interest here: this member may assign no roles."""
    return tool.deploy("--output", "json").document


def recorded(tool: Tool, *items: str) -> None:
    """Let the state file say no more than this of the app registration."""
    document = tool.state
    document["steps"]["app_registration"] |= {"made": [*items], "produced": {}}
    tool.state_file.write_text(json.dumps(document))


def handed_off(tool: Tool) -> str:
    return (tool.folder / "deploy.handoff.sh").read_text()


@pytest.mark.long
def test_a_member_restores_and_purges_what_they_own(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "contributor") as azure:
        tool = Tool(azure, tmp_path / "work")
        deploy(tool)
        client_id = application(azure)["appId"]
        first = principal(azure, client_id)
        assert tool.run("destroy", "--yes").code == 0
        assert {"deletedApplications", "deletedServicePrincipals"} <= {*azure.inventory()}

        again = deploy(tool)

        assert outcomes(again)["app_registration"] == "done"
        assert (application(azure)["appId"], principal(azure, client_id)) == (client_id, first)
        assert not {"deletedApplications", "deletedServicePrincipals"} & {*azure.inventory()}

        assert tool.run("destroy", "--yes").code == 0
        recorded(tool, "deleted-application")  # as by earlier versions: what they own in it is asked for
        assert outcomes(deploy(tool))["app_registration"] == "done"
        assert application(azure)["appId"] == client_id

        assert tool.run("destroy", "--yes").code == 0
        purged = tool.run("destroy", "--yes", "--purge", "--output", "json")
        assert purged.code == 0, purged.text
        assert "deletedApplications" not in azure.inventory()
        assert outcomes(deploy(tool))["app_registration"] == "done"
        assert application(azure)["appId"] != client_id


@pytest.mark.long
def test_what_a_member_may_not_look_for_is_handed_off(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "contributor") as azure:
        tool = Tool(azure, tmp_path / "work")
        deploy(tool)
        mine = application(azure)
        for _ in range(2):
            graph(azure, "GET", f"/applications/{mine['id']}/owners")
        graph(azure, "DELETE", f"/applications/{mine['id']}/owners/{CARLOS}/$ref")
        graph(azure, "DELETE", f"/applications/{mine['id']}")
        for path in (f"/applications/{mine['id']}", f"{BIN}/{mine['id']}"):  # replicas that had not heard of it
            azure.https("GET", f"{GRAPH}/v1.0{path}", token=azure.token(GRAPH))
        for _ in range(2):
            again = tool.deploy("--output", "json")
            assert again.code == 3, again.text
            assert outcomes(again.document)["app_registration"] == "failed"
            assert f"{BIN}/microsoft.graph.application" in handed_off(tool)

        recorded(tool, "deleted-application")
        azure.faults(DENIED)
        purge = tool.run("destroy", "--yes", "--purge", "--output", "json")
        assert purge.code == 3, purge.text
        assert f"{BIN}/microsoft.graph.application" in handed_off(tool)


def test_a_multi_tenant_application_needs_an_administrator(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "contributor") as azure:
        tool = Tool(azure, tmp_path / "work")
        plan = tool.run("plan", *START, "--audience", "multiple", "--output", "json").document
        (step,) = [step for step in plan["steps"] if step["step"] == "app_registration"]
        assert [right["action"] for right in step["missing_rights"]] == ["microsoft.directory/servicePrincipals/create"]
        assert changes(plan)["app_registration"] == ["create-application", "create-service-principal"]
        done = tool.deploy("--audience", "multiple")
        assert done.code == 3, done.text
        assert "/v1.0/servicePrincipals(appId='" in handed_off(tool)


def test_a_tenant_that_demands_the_service_of_a_registration(azure: Emulator, tool: Tool) -> None:
    demand = {"code": "ServiceTreeValueMissing", "message": "ServiceManagementReference field is required for Create."}
    azure.faults({"method": "PATCH", "path": r"applications\(", "do": "status:400", "body": {"error": demand}})
    refused = tool.deploy("--output", "json")
    assert refused.code == 2, refused.text
    assert "--service-management-reference" in tool.state["steps"]["app_registration"]["error"]["next"]
    done = tool.run("--yes", "--service-management-reference", "7c2f")
    assert done.code == 0, done.text
    assert application(azure)["serviceManagementReference"] == "7c2f"
