"""What Azure refuses: one clear message each, with what to do next, and nothing half-written."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator import seed
from tests.support.azure import writes
from tests.support.documents import errors, names
from tests.support.tool import GROUP, START, SUBSCRIPTION, Tool
from tests.support.world import ARM, DIGITAL_TWINS, GRAPH, Emulator

CLAIMS = "eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlcyI6WyJwMSJdfX19"
ONE = "11111111-1111-4111-8111-111111111111"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"


def refused(exit_code: int, code: str, tool: Tool, *arguments: str, named: tuple[str, ...] = ()) -> None:
    """It ends with this exit code and an error of this code, whose words name all this; so says the state file."""
    done = tool.deploy(*arguments, "--output", "json")
    assert done.code == done.document["exit_code"] == exit_code, done.text
    found = errors(done.document)
    assert [one["code"] for one in found] == [code], found
    (error,) = found
    assert names([json.dumps(error)], *named), error
    assert error["next"]
    assert "Traceback" not in done.text
    if tool.state_file.exists():
        kept = [step["error"]["code"] for step in tool.state["steps"].values() if step.get("error")]
        assert code in kept


def test_a_policy_is_named(azure: Emulator, tool: Tool) -> None:
    azure.document("policy", SCOPE, {"name": "allowed-regions"})
    refused(1, "RequestDisallowedByPolicy", tool, named=("allowed-regions",))


def test_a_lock(azure: Emulator, deployed: Tool) -> None:
    outputs = deployed.run("outputs", "--format", "json").document
    azure.document("roleAssignment", outputs["role_assignment_id"], None)
    azure.document("lock", f"{SCOPE}/resourceGroups/{GROUP}", {"level": "ReadOnly"})
    refused(1, "ScopeLocked", deployed, named=("az lock list",))


def test_a_disabled_subscription(azure: Emulator, tool: Tool) -> None:
    (body,) = [{**seed.subscription_body(SUBSCRIPTION, "Contoso Production"), "state": "Disabled"}]
    azure.document("subscription", SUBSCRIPTION, body)
    refused(1, "ReadOnlyDisabledSubscription", tool, named=("--subscription",))


def test_conditional_access_demands_a_sign_in(azure: Emulator, tool: Tool) -> None:
    azure.control("PUT", "/conditional-access", {"graph": True})
    told = ("az logout; az login --tenant", "--claims-challenge eyJ", "AZURE_TOKEN_CREDENTIALS=AzureCliCredential")
    refused(1, "InvalidAuthenticationToken", tool, named=told)
    assert tool.state["steps"]["role"]["state"] == "done"


def test_a_write_without_a_second_factor(azure: Emulator, tool: Tool) -> None:
    """Reads pass, so the plan does; the first write is refused, in the words of a policy, and once."""
    azure.control("PUT", "/conditional-access", {"resourceManager": True})
    azure.control("DELETE", "/requests")
    told = (CLAIMS, "https://management", "//.default --claims-challenge", "az login --tenant")
    refused(1, "RequestDisallowedByPolicy", tool, "--no-app", named=told)
    sent = [one for one in azure.requests()["log"] if one["method"] == "PUT"]
    assert len(sent) <= 2
    with_az(tool)
    refused(1, "RequestDisallowedByPolicy", tool, "--no-app", named=(f"--claims-challenge {CLAIMS}", "az logout"))
    assert "AZURE_TOKEN_CREDENTIALS=" not in json.dumps(tool.state["steps"])
    automation = {"AZURE_CLIENT_ID": azure.ready["clientId"], "AZURE_CLIENT_SECRET": azure.ready["clientSecret"]}
    tool.extra.update({**automation, "AZURE_TENANT_ID": azure.ready["tenantId"], "MSI_ENDPOINT": None})
    tool.extra["AZURE_TOKEN_CREDENTIALS"] = "EnvironmentCredential"
    done = tool.deploy("--no-app")  # a service principal is exempt
    assert done.code == 0, done.text


STAND_IN = """#!{python}
import json, sys, time
resource = sys.argv[sys.argv.index("--resource") + 1] if "--resource" in sys.argv else {arm!r}
print(json.dumps({{"accessToken": {tokens!r}[resource.rstrip("/")], "expires_on": int(time.time()) + 3000}}))
"""


def with_az(tool: Tool) -> None:
    """Sign in as on a laptop, by an `az` that gives the tokens of the embedded Azure's owner."""
    tokens = {audience.rstrip("/"): tool.azure.token(audience) for audience in (ARM, GRAPH, DIGITAL_TWINS)}
    stand_in = tool.folder / "az"
    stand_in.write_text(STAND_IN.format(python=sys.executable, tokens=tokens, arm=ARM))
    stand_in.chmod(0o755)
    away = [name for name, value in tool.azure.ready["env"].items() if name.startswith(("AZURE_", "MSI_")) or not value]
    path = {"PATH": f"{tool.folder}:{os.environ['PATH']}", "AZURE_TOKEN_CREDENTIALS": "AzureCliCredential"}
    tool.extra.update({**dict.fromkeys(away), **path})


def test_what_azure_has_not_shown_everywhere_is_ridden_out(azure: Emulator, tool: Tool) -> None:
    azure.control("PUT", "/arm-replicas", {"lag": 2})
    busy = {"error": {"code": "Directory_ConcurrencyViolation", "message": "Busy."}}
    other = {"error": {"code": "AnotherOperationInProgress", "message": "Another operation is in progress."}}
    azure.faults(
        {"method": "PUT", "path": "/roleAssignments/", "nth": 1, "do": "status:409", "body": other},
        {"method": "PATCH", "path": "/applications", "nth": 1, "do": "status:409", "body": busy},
        {"method": "PATCH", "path": "/servicePrincipals", "nth": 1, "do": "status:409", "body": busy},
    )
    done = tool.deploy("--subscription", "1c0ffee0-0000-4000-8000-000000000002")  # the provider isn't registered there
    assert done.code == 0, done.text


def test_what_nothing_of_ours_explains_is_not_waited_for(azure: Emulator, tool: Tool) -> None:
    """The group exists already, so its absence is no lag; unknown codes are not answered with another run."""
    azure.faults(
        {
            "method": "PUT",
            "path": "/digitalTwinsInstances/[^/?]+(\\?|$)",
            "nth": "every",
            "do": "status:404",
            "body": {"error": {"code": "ResourceGroupNotFound", "message": "No such group."}},
        }
    )
    refused(
        2, "ResourceGroupNotFound", tool, "--resource-group", "shared-services", "--location", "westus2", "--no-app"
    )
    assert len([one for one in azure.requests()["log"] if one["method"] == "PUT"]) == 1


def test_a_right_that_a_condition_limits(azure: Emulator, tool: Tool) -> None:
    """The forecast says so; Azure's words and the condition are told when the write is refused."""
    other = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {%s}"
    condition = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (" + other % ONE + "))"
    for assignment in azure.inventory(volatile=True)["roleAssignments"]:
        if assignment["properties"]["principalId"] == seed.USERS["owner"].object_id:
            assignment["properties"] |= {"condition": condition, "conditionVersion": "2.0"}
            azure.document("roleAssignment", assignment["id"], assignment)
    planned = tool.run("plan", *START, "--no-app", "--output", "json")
    assert {
        step["step"]: [one["action"] for one in step["conditional_rights"]] for step in planned.document["steps"]
    } == {
        "resource_group": [],
        "instance": [],
        "role": ["Microsoft.Authorization/roleAssignments/write"],
        "app_registration": [],
        "consent_hints": [],
    }
    assert not any(step["missing_rights"] for step in planned.document["steps"])
    refused(3, "AuthorizationFailed", tool, "--no-app", named=("ABAC",))


def test_missing_rights_name_permission_scope_and_command(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "reader") as azure:
        tool = Tool(azure, tmp_path / "work")
        scope = f"{SCOPE}/resourceGroups/{GROUP}"
        command = f"az group create --subscription {SUBSCRIPTION} --name {GROUP} --location westus2"
        refused(3, "AuthorizationFailed", tool, named=(scope,))
        script = (tool.folder / "deploy.handoff.sh").read_text()
        assert command in script
        assert "Microsoft.Resources/subscriptions/resourceGroups/write" in script
        assert tool.state["steps"]["instance"]["state"] == "blocked"


def test_an_untrusted_certificate(azure: Emulator, tool: Tool) -> None:
    tool.extra.update(dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")))
    refused(1, "", tool, named=("SSL_CERT_FILE",))
    assert not tool.state_file.exists()


@pytest.mark.long
def test_an_endpoint_that_cannot_be_reached(azure: Emulator, tool: Tool) -> None:
    tool.extra.update({"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"})
    refused(1, "", tool, named=("HTTPS_PROXY",))
    refused(1, "", tool, "--arm-endpoint", "https://127.0.0.1:9", named=("127.0.0.1",))


def test_a_host_that_the_proxy_refuses(azure: Emulator, tool: Tool) -> None:
    host = "management.contoso.example"
    refused(1, "", tool, "--arm-endpoint", f"https://{host}", named=("HTTPS_PROXY",))
    assert "management.contoso.example" in json.dumps(azure.requests()["refusedHosts"])


def test_an_audience_that_cloud_shell_lacks(azure: Emulator, tool: Tool) -> None:
    body = {
        "error": {"code": "AudienceNotSupported", "message": "Audience https://graph.microsoft.com is not supported."}
    }
    azure.faults({"path": "oauth2/token", "nth": 2, "do": "status:400", "body": body})
    refused(1, "AudienceNotSupported", tool, named=("AZURE_TOKEN_CREDENTIALS=AzureCliCredential",))


@pytest.mark.parametrize("status", [429, 503])
def test_throttling_and_outages_are_ridden_out(azure: Emulator, tool: Tool, status: int) -> None:
    def once(method: str, path: str) -> dict[str, Any]:
        return {"method": method, "path": path, "do": f"status:{status}", "headers": {"Retry-After": "1"}}

    azure.faults(once("PUT", "resourcegroups"), once("PUT", "digitalTwinsInstances"), once("PATCH", "applications"))
    done = tool.deploy()
    assert done.code == 0, done.text


def test_a_refusal_that_was_garbled_is_asked_for_again(azure: Emulator, tool: Tool) -> None:
    """All of these are answered 404 at first, and two of them once with what isn't JSON."""
    garbled = {"phase": "after", "do": "body:<html>busy", "headers": {"Content-Type": "application/json"}}
    paths = ("/digitalTwinsInstances/[^/?]+\\?", "applications\\(")
    azure.faults(*({"method": "GET", "path": path, **garbled} for path in paths))
    done = tool.run("plan", *START, "--output", "json")
    assert done.code == 0, done.text
    assert [rule["matched"] for rule in azure.control("GET", "/faults")] == [2, 2]


def test_an_answer_of_another_shape_is_no_bug(azure: Emulator, tool: Tool) -> None:
    """One is taken for garbled, and asked for again; one that stays so, deep inside, is told as what it is."""
    shallow = {"method": "GET", "path": "/subscriptions/[^/?]+\\?", "do": "status:200", "body": ["surprise"]}
    deep = {"method": "GET", "path": "/digitalTwinsInstances/", "nth": "every", "do": "status:200"}
    azure.faults(shallow, {**deep, "body": {"id": "x", "properties": ["surprise"]}})
    done = tool.run("plan", *START, "--no-app", "--output", "json")
    assert done.code == 1, done.text
    assert "Traceback" not in done.text


def test_a_bug_of_ours_is_70_with_a_log(azure: Emulator, tool: Tool, tmp_path: Path) -> None:
    """Provoked by a library that fails as none does."""
    (tmp_path / "jwt.py").write_text("class PyJWTError(Exception): ...\ndef decode(*_, **__): return 1 / 0\n")
    tool.extra["PYTHONPATH"] = str(tmp_path)
    done = tool.deploy("--output", "json")
    assert done.code == done.document["exit_code"] == 70, done.text
    assert "ZeroDivisionError" in done.document["error"]["what"]
    assert "Traceback" in done.stderr
    assert "Traceback" in (tool.folder / "deploy.state.log").read_text()
    assert writes(azure) == []
    assert not tool.state_file.exists()
