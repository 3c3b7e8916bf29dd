"""Other clouds, met by name under their own hosts; and what `outputs` tells a client application of its cloud."""

from __future__ import annotations

import json

import pytest

from tests.support.azure import application
from tests.support.tool import HOST, SUBSCRIPTION, Tool
from tests.support.world import Emulator

EXCHANGE = "api://AzureADTokenExchange"
TENANT = "7a1f0c52-3b7e-4d09-9d0f-5e6b2a9c1d10"


@pytest.mark.parametrize(
    ("cloud", "manager", "graph", "login", "portal"),
    [
        (
            "usgovernment", "management.usgovcloudapi.net", "graph.microsoft.us", "login.microsoftonline.us",
            "portal.azure.us",
        ),
        (
            "china", "management.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn",
            "portal.azure.cn",
        ),
    ],
)  # fmt: skip
def test_a_cloud_by_name(
    azure: Emulator, tool: Tool, cloud: str, manager: str, graph: str, login: str, portal: str
) -> None:
    done = tool.deploy("--cloud", cloud, "--federated-credential", "name=main,github=contoso/twins,branch=main")
    assert done.code == 0, done.text
    hosts = {entry["host"] for entry in azure.requests()["log"] if not entry["host"].startswith("127.0.0.1")}
    assert hosts == {manager, graph}  # and none of the public cloud's
    assert f"https://{login}/{TENANT}/v2.0/adminconsent" in done.stdout
    assert f"https://{portal}/#view" in done.stdout

    settings = json.loads(tool.run("outputs", "--format", "appsettings").stdout)
    assert settings["AzureAd"]["Instance"] == f"https://{login}/"

    (federated,) = application(azure)["federatedIdentityCredentials"]
    assert federated["audiences"] == [{"usgovernment": f"{EXCHANGE}USGov", "china": f"{EXCHANGE}China"}[cloud]]

    azure.control("DELETE", "/requests")
    assert tool.run("verify").code == 0  # by the endpoints that the state file remembers
    assert not [entry for entry in azure.requests()["log"] if "metadata" in entry["path"]]

    other = tool.run("plan", "--yes", "--cloud", "public")
    assert other.code == 2, other.text
    assert manager in other.stderr


def test_outputs_for_a_client_application(deployed: Tool) -> None:
    client = deployed.run("outputs", "--format", "json").document["client_id"]
    assert json.loads(deployed.run("outputs", "--format", "appsettings").stdout) == {
        "AzureAd": {
            "Instance": "https://login.microsoftonline.com/",
            "TenantId": TENANT,
            "ClientId": client,
        },
        "DigitalTwins": {
            "InstanceUrl": f"https://{HOST}",
            "Audience": "https://digitaltwins.azure.net",
            "Scopes": ["https://digitaltwins.azure.net/.default"],
        },
        "ADT_SERVICE_URL": f"https://{HOST}",
    }
    lines = deployed.run("outputs", "--format", "env").stdout.splitlines()
    assert f"AZURE_DIGITALTWINS_URL=https://{HOST}" in lines
    assert f"DIGITALTWINS_CLIENT_ID={client}" in lines
    assert not [line for line in lines if line.startswith(("AZURE_CLIENT", "AZURE_TENANT", "AZURE_SUB"))]
    assert [line for line in lines if line.startswith("ADT_")] == [f"ADT_SERVICE_URL=https://{HOST}"]

    deployed.extra.update(dict(line.partition("=")[::2] for line in lines))
    planned = deployed.run("plan", "--yes", "--subscription", SUBSCRIPTION, "--output", "json")
    assert (planned.code, planned.document["warnings"]) == (0, [])

    assert deployed.run("outputs", "client_id").stdout == f"{client}\n"
    assert deployed.run("--output", "json", "outputs", "ADT_SERVICE_URL").document == f"https://{HOST}"
    deployed.extra["ADT_OUTPUT"] = "json"
    assert deployed.run("outputs", "client_id").stdout == f"{client}\n"
    assert deployed.run("outputs").document["client_id"] == client
    del deployed.extra["ADT_OUTPUT"]
    unknown = deployed.run("outputs", "hostname", "--output", "json")
    assert unknown.code == unknown.document["exit_code"] == 2
    assert "host_name" in unknown.document["error"]["what"]
    assert deployed.run("outputs", "host_name", "--output", "appsettings").code == 2
    summary = deployed.folder / "summary.md"
    deployed.extra["GITHUB_STEP_SUMMARY"] = str(summary)
    assert "::" not in deployed.run("plan", "--no-app", "--owner", "nobody").stderr.partition("Subscription")[0]
    assert not summary.exists()
    deployed.extra["GITHUB_ACTIONS"] = "true"
    refused = deployed.run("plan", "--owner", "nobody", "--owner", "none-either", "--output", "json")
    assert refused.code == 2
    (annotation,) = [line for line in refused.stderr.splitlines() if line.startswith("::")]
    assert [name for name in ("nobody", "none-either", "--owner", "%0A") if name not in annotation] == []
    assert deployed.run("plan").code == 0
    assert summary.read_text().count("### ") == 2
