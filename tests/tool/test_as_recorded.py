"""What real answers taught: tokens refused without a challenge, signed URLs, other request ids, long scopes."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Any

from tests.matrix import leaks
from tests.support.arm import Arm
from tests.support.documents import errors
from tests.support.routing import HUB, INSTANCE_ID, ROUTES, TO_BUS, TO_HUB, secrets_of
from tests.support.tool import GROUP, HOST, SUBSCRIPTION, Tool
from tests.support.world import Emulator

IDENTITY = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.ManagedIdentity"
    "/userAssignedIdentities/shared"
)
MADE_UP = "11111111-1111-4111-8111-111111111111"


def test_traffic_log_and_data_plane(azure: Emulator, tool: Tool) -> None:
    """One deployment with everything that has a secret: nothing of it is in the log, or in the recorded traffic."""
    routing = (*TO_HUB, *TO_BUS, *ROUTES)
    traffic = tool.folder / "traffic.jsonl"
    bad = ("--route", "name=bad,endpoint=hub,filter=nothing like this")
    done = tool.deploy("--system-identity", "--secret", "create", *routing, "--traffic", str(traffic))
    assert done.code == 0, done.text

    kept, log = traffic.read_text(encoding="utf-8"), tool.state_file.with_suffix(".log").read_text(encoding="utf-8")
    hosts = {line.split('"url": "https://')[1].split("/")[0] for line in kept.splitlines()}
    assert {"management.azure.com", "graph.microsoft.com", HOST} <= hosts
    assert '"addPassword' in kept.replace("/addPassword", '"addPassword')
    for text in (kept, log):
        assert leaks.within(text, leaks.secrets_of(azure.data)) == []
        assert not [secret for secret in (*secrets_of(azure), "sig=", "&s=", "&c=", "Bearer ey") if secret in text]
    assert max(map(len, log.splitlines())) < 500
    if Emulator.contracts is not None:
        assert Emulator.contracts.violations(traffic) == []

    # A token that the data plane refuses, without a challenge, is asked for anew, once.
    azure.control("DELETE", "/requests")
    azure.faults({"method": "GET", "path": "^/eventroutes", "do": "status:401"})
    planned = tool.run("plan", "--output", "json", "--traffic", str(traffic))
    azure.faults()
    assert planned.code == 0, planned.text
    asked = [one for one in azure.requests()["log"] if one["path"].startswith("/eventroutes")]
    assert len(asked) == 2
    assert len(traffic.read_text(encoding="utf-8")) > len(kept)

    # Its refusals name their request in a header of its own.
    refused = tool.deploy(*ROUTES, *bad, "--output", "json")
    assert refused.code == 2
    (error,) = errors(refused.document)
    assert error["code"] == "EventRouteFilterInvalid"
    assert error["request_id"]

    # A role that somebody took away is noticed, and put back: the endpoint itself goes on saying Succeeded.
    (role,) = [one for one in azure.inventory(volatile=True)["roleAssignments"] if one["properties"]["scope"] == HUB]
    assert Arm(azure)("DELETE", role["id"]).status == 200
    verified = tool.run("verify", "--output", "json")
    drift = [one["step"] for one in verified.document["checks"] if one["result"] == "drift"]
    assert "destination_roles" in drift, verified.text

    # An endpoint by identity that can't be set up is told at once: that has nothing to do with its role.
    failed = {"status": "Failed", "error": {"code": "DestinationDisabled", "message": "The event hub is disabled."}}
    azure.faults({"path": "/operationsStatuses/", "nth": "every", "do": "status:200", "body": failed})
    begun = monotonic()
    done = tool.deploy(*TO_HUB, *TO_BUS, *ROUTES, "--endpoint", f"name=more,type=eventhub,destination={HUB}")
    assert monotonic() - begun < 60
    assert (done.code, "DestinationDisabled" in done.text) == (1, True), done.text


def test_the_scope_of_a_refusal_is_that_of_the_role(azure: Emulator, tool: Tool) -> None:
    scope = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    message = (
        f"The client 'x' with object id '{MADE_UP}' does not have authorization to perform action "
        f"'Microsoft.Authorization/roleAssignments/write' over scope '{scope}/providers/Microsoft.Authorization/"
        f"roleAssignments/{MADE_UP}' or the scope is invalid."
    )
    body = {"error": {"code": "AuthorizationFailed", "message": message}}
    azure.faults({"method": "PUT", "path": "roleAssignments", "nth": "every", "do": "status:403", "body": body})
    done = tool.deploy("--no-app", "--output", "json")
    assert done.code == 3
    (why,) = [error["why"] for error in errors(done.document)]
    assert scope in why
    assert "roleAssignments/1" not in why


def test_a_link_that_others_made_later_is_kept(azure: Emulator, deployed: Tool) -> None:
    arm = Arm(azure)
    assert arm("PUT", IDENTITY, {"location": "westus2"}).status == 201

    def change(identity: dict[str, Any]) -> None:
        arm.states(arm("PATCH", INSTANCE_ID, {"identity": identity}).headers["Azure-AsyncOperation"])

    linked = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}
    assert deployed.run("--yes", "--user-identity", IDENTITY).code == 0
    change({"type": "None"})
    assert deployed.run("--yes", "--user-identity", "none").code == 0
    assert not [one for one in deployed.state["steps"]["instance"]["made"] if one.startswith("identity-link:")]
    change(linked)
    done = deployed.run("--yes", "--tag", "a=b")
    assert done.code == 0, done.text
    assert arm("GET", INSTANCE_ID).json()["identity"]["type"] == "UserAssigned"


def test_traffic_that_cannot_be_written_is_bad_input(tool: Tool, tmp_path: Path) -> None:
    assert tool.deploy("--traffic", str(tmp_path / "nowhere" / "traffic.jsonl")).code == 2
