"""Template deployments in the embedded Azure: what a Bicep file is compiled to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.arm.deployments.templates import Template
from emulator.messages import Refused
from tests.support.arm import GROUP, INSTANCE, Arm
from tests.support.waiting import until
from tests.support.world import ARM, Answer, Emulator

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
TWINS = "Microsoft.DigitalTwins/digitalTwinsInstances"
DEPLOYMENT = f"{GROUP}/providers/Microsoft.Resources/deployments/main"
IDENTITY = {"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "one"}
IDENTITY |= {"location": "[resourceGroup().location]"}
INSTANCE_OF = {
    "type": TWINS,
    "apiVersion": "2023-01-31",
    "name": "[parameters('name')]",
    "location": "[parameters('location')]",
    "tags": "[variables('tags')]",
    "identity": {"type": "SystemAssigned"},
    "properties": {},
}
ENDPOINT = {
    "type": f"{TWINS}/endpoints",
    "apiVersion": "2023-01-31",
    "name": "[format('{0}/{1}', parameters('name'), 'hub')]",
    "properties": {
        "endpointType": "EventHub",
        "authenticationType": "IdentityBased",
        "identity": {"type": "SystemAssigned"},
        "endpointUri": "sb://contoso-events.servicebus.windows.net",
        "entityPath": "twin-events",
    },
    "dependsOn": [f"[resourceId('{TWINS}', parameters('name'))]"],
}


def template(*resources: Any, **more: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **more}


def with_parameters(*resources: Any) -> dict[str, Any]:
    location = {"type": "string", "defaultValue": "[resourceGroup().location]"}
    declared = {"name": {"type": "string"}, "location": location}
    outputs = {"id": {"type": "string", "value": f"[resourceId('{TWINS}', parameters('name'))]"}}
    return template(*resources, parameters=declared, variables={"tags": {"team": "twins"}}, outputs=outputs)


def asked(what: Any, mode: str = "Incremental", **values: str) -> dict[str, Any]:
    given = {name: {"value": value} for name, value in values.items()}
    return {"properties": {"mode": mode, "template": what, "parameters": given}}


def ended(arm: Arm, answer: Answer) -> Any:
    """The last status of a deployment."""
    url = answer.headers["Azure-AsyncOperation"]

    def over() -> Any:
        body = arm.azure.https("GET", url, token=arm.token).json()
        return body["status"] in ("Succeeded", "Failed") and body

    return until(over, "the end of the deployment")


def test_resources_are_created_in_the_order_in_which_they_need_each_other(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.group()
    body = asked(with_parameters(ENDPOINT, INSTANCE_OF, IDENTITY), name="my-twins")
    checked = arm("POST", f"{DEPLOYMENT}/validate", body)
    assert checked.status == 200, checked.content
    assert len(checked.json()["properties"]["validatedResources"]) == 3
    assert arm("GET", DEPLOYMENT).status == 404
    answer = arm("PUT", DEPLOYMENT, body)
    assert (answer.status, answer.json()["properties"]["provisioningState"]) == (201, "Accepted"), answer.content
    assert arm("PUT", DEPLOYMENT, body).status == 409
    assert ended(arm, answer) == {"status": "Succeeded"}
    shown = arm("GET", DEPLOYMENT).json()["properties"]
    assert shown["outputs"] == {"id": {"type": "string", "value": INSTANCE}}
    assert shown["parameters"]["location"] == {"type": "string", "value": "westus2"}
    names = [one["id"].rpartition("/")[2] for one in shown["outputResources"]]
    assert names.index("my-twins") < names.index("hub")
    assert arm("GET", INSTANCE).json()["tags"] == {"team": "twins"}
    assert arm("GET", f"{INSTANCE}/endpoints/hub").status == 200

    # az writes the name of the template without quotes, and Azure reads that.
    text = json.dumps(body)
    whole = json.dumps(body["properties"]["template"])
    properties = {name: part for name, part in body["properties"].items() if name != "template"}
    text = f"{json.dumps({'properties': properties})[:-2]}, template:{whole}}}}}"
    again = azure.https(
        "PUT", f"{ARM}{DEPLOYMENT}?api-version=2025-04-01", token=arm.token, body=text.encode(),
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert again.status == 200, again.content
    assert ended(arm, again)["status"] == "Succeeded"


def test_a_refusal_of_a_resource_fails_the_deployment(azure: Emulator) -> None:
    """With the code of the refusal, as the one who deploys met it."""
    arm = Arm(azure)
    arm.group()
    nowhere = {**INSTANCE_OF, "name": "my-twins", "location": "nowhere", "tags": {}}
    failed = ended(arm, arm("PUT", DEPLOYMENT, asked(template(nowhere))))
    assert (failed["status"], failed["error"]["code"]) == ("Failed", "DeploymentFailed")
    assert [one["code"] for one in failed["error"]["details"]] == ["LocationNotAvailableForResourceType"]
    unknown = {**IDENTITY, "type": "Microsoft.ManagedIdentity/nothing"}
    assert ended(arm, arm("PUT", DEPLOYMENT, asked(template(unknown))))["status"] == "Failed"
    assert Arm(azure, "reader").refused("PUT", DEPLOYMENT, asked(template())) == (403, "AuthorizationFailed")
    assert arm("DELETE", GROUP).status == 202
    until(lambda: arm("GET", GROUP).status == 404, "the end of the group")
    arm.group()
    assert arm.refused("GET", DEPLOYMENT) == (404, "DeploymentNotFound")


def test_what_is_not_played_says_so(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.group()
    assert arm.refused("PUT", DEPLOYMENT, asked(template(), "Complete")) == (501, "NotPlayed")
    linked = {"properties": {"mode": "Incremental", "templateLink": {"uri": "https://example.com"}}}
    assert arm.refused("POST", f"{DEPLOYMENT}/validate", linked) == (501, "NotPlayed")
    assert arm.refused("POST", f"{DEPLOYMENT}/whatIf", asked(template())) == (501, "NotPlayed")
    assert arm.refused("PUT", f"{DEPLOYMENT}!", asked(template())) == (400, "InvalidDeploymentName")
    parameters = {"properties": {"mode": "Incremental", "template": template(), "parameters": {"a": 1}}}
    assert arm.refused("PUT", DEPLOYMENT, parameters) == (400, "InvalidTemplate")


WRONG = {
    "no schema": ({}, "InvalidTemplate"),
    "another scope": ({**template(), "$schema": SCHEMA.replace("/deployment", "/tenantDeployment")}, "InvalidTemplate"),
    "symbolic names": (template(languageVersion="2.0"), "NotPlayed"),
    "no list": ({**template(), "resources": {}}, "InvalidTemplate"),
    "a loop": (template({**IDENTITY, "copy": {}}), "NotPlayed"),
    "no version": (template({"type": TWINS, "name": "a"}), "InvalidTemplate"),
    "segments": (template({**IDENTITY, "name": "a/b"}), "InvalidTemplate"),
    "an unknown function": (template({**IDENTITY, "name": "[uniqueString('a')]"}), "NotPlayed"),
    "an unknown expression": (template({**IDENTITY, "name": "[parameters('a')[0]]"}), "NotPlayed"),
    "a quote": (template({**IDENTITY, "name": "[concat('it''s', 'a')]"}), "NotPlayed"),
    "no expression": (template({**IDENTITY, "name": "[concat(]"}), "InvalidTemplate"),
    "no parameter": (template({**IDENTITY, "name": "[parameters('a')]"}), "InvalidTemplate"),
    "a missing value": (template(parameters={"a": {"type": "string"}}), "InvalidTemplate"),
    "an unknown dependency": (template({**IDENTITY, "dependsOn": ["other"]}), "InvalidTemplate"),
    "a circle": (
        template({**IDENTITY, "dependsOn": [f"[resourceId('{IDENTITY['type']}', 'one')]"]}),
        "InvalidTemplate",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_templates_that_cannot_be(case: str) -> None:
    body, code = WRONG[case]
    with pytest.raises(Refused) as refused:
        Template(body, {}, {"id": GROUP, "location": "westus2"}).resources()
    assert refused.value.code == code
    with pytest.raises(Refused):
        Template(template(), {"surplus": {"value": 1}}, {"id": GROUP})


def test_an_escaped_bracket_is_no_expression() -> None:
    found = Template(
        template({**IDENTITY, "tags": {"a": "[[b]"}}), {}, {"id": GROUP, "location": "westus2"}
    ).resources()
    assert found[0].body == {"location": "westus2", "tags": {"a": "[b]"}}
