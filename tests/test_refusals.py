"""What Azure refuses: one clear message each, with what to do next, and nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator import seed
from tests.tool import GROUP, SUBSCRIPTION, Tool
from tests.world import Emulator

SCOPE = f"/subscriptions/{SUBSCRIPTION}"


def refused(code: int, said: tuple[str, ...], tool: Tool, *arguments: str) -> None:
    done = tool.deploy(*arguments)
    assert done.code == code, done.text
    for words in said:
        assert words in done.text
    assert "Traceback" not in done.text
    if tool.state_file.exists():
        json.loads(tool.state_file.read_text())


def test_a_policy_is_named(azure: Emulator, tool: Tool) -> None:
    azure.document("policy", SCOPE, {"name": "allowed-regions"})
    refused(1, ("RequestDisallowedByPolicy", "allowed-regions", "exemption", "request id"), tool)


def test_a_lock(azure: Emulator, deployed: Tool) -> None:
    outputs = deployed.run("outputs", "--format", "json").document
    azure.document("roleAssignment", outputs["role_assignment_id"], None)
    azure.document("lock", f"{SCOPE}/resourceGroups/{GROUP}", {"level": "ReadOnly"})
    refused(1, ("ScopeLocked", "az lock list"), deployed)


def test_a_disabled_subscription(azure: Emulator, tool: Tool) -> None:
    (body,) = [{**seed._subscription(SUBSCRIPTION, "Contoso Production"), "state": "Disabled"}]
    azure.document("subscription", SUBSCRIPTION, body)
    refused(1, ("ReadOnlyDisabledSubscription", "--subscription"), tool)


def test_conditional_access_demands_a_sign_in(azure: Emulator, tool: Tool) -> None:
    azure.document("conditionalAccess", "graph", {"enabled": True})
    refused(1, ("InteractionRequired", "az login --scope"), tool)
    assert tool.state["steps"]["role"]["state"] == "done"


def test_missing_rights_name_permission_scope_and_command(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "reader") as azure:
        tool = Tool(azure, tmp_path / "work")
        scope = f"{SCOPE}/resourceGroups/{GROUP}"
        command = f"az group create --subscription {SUBSCRIPTION} --name {GROUP} --location westus2"
        refused(3, ("Microsoft.Resources/subscriptions/resourceGroups/write", scope, command), tool)
        assert tool.state["steps"]["instance"]["state"] == "blocked"


def test_an_untrusted_certificate(azure: Emulator, tool: Tool) -> None:
    tool.extra.update(dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")))
    refused(1, ("certificate of the server is not trusted", "SSL_CERT_FILE"), tool)
    assert not tool.state_file.exists()


def test_an_endpoint_that_cannot_be_reached(azure: Emulator, tool: Tool) -> None:
    tool.extra.update({"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"})
    refused(1, ("can't be reached", "HTTPS_PROXY"), tool)
    refused(1, ("can't be reached",), tool, "--arm-endpoint", "https://127.0.0.1:9")


def test_a_host_that_the_proxy_refuses(azure: Emulator, tool: Tool) -> None:
    refused(1, ("can't be reached",), tool, "--arm-endpoint", "https://management.contoso.example")
    assert "management.contoso.example" in json.dumps(azure.requests()["refusedHosts"])


def test_an_audience_that_cloud_shell_lacks(azure: Emulator, tool: Tool) -> None:
    body = {
        "error": {"code": "AudienceNotSupported", "message": "Audience https://graph.microsoft.com is not supported."}
    }
    azure.faults({"path": "oauth2/token", "nth": 2, "do": "status:400", "body": body})
    refused(1, ("AZURE_TOKEN_CREDENTIALS=AzureCliCredential",), tool)


@pytest.mark.parametrize("status", [429, 503])
def test_throttling_and_outages_are_ridden_out(azure: Emulator, tool: Tool, status: int) -> None:
    def once(method: str, path: str) -> dict[str, Any]:
        return {"method": method, "path": path, "do": f"status:{status}", "headers": {"Retry-After": "1"}}

    azure.faults(once("PUT", "resourcegroups"), once("PUT", "digitalTwinsInstances"), once("PATCH", "applications"))
    done = tool.deploy()
    assert done.code == 0, done.text


def test_a_bug_of_ours_is_70_with_a_log(azure: Emulator, tool: Tool) -> None:
    """An answer of a shape that no service gives: 200 with a list where an object belongs."""
    azure.faults({"method": "GET", "path": "/subscriptions/[^/?]+\\?", "do": "status:200", "body": ["surprise"]})
    done = tool.deploy()
    assert done.code in (1, 70)
    assert "Traceback" not in done.stdout
