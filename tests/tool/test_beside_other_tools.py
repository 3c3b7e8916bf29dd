"""docs/beside-bicep-and-terraform.md: its commands as they stand, and an instance that Terraform changes between runs.

Terraform's provider `azurerm` sends what `Terraform` here sends: a PUT where there is nothing, else a PATCH with what
differs of tags and identity, each whole. Source: hashicorp/terraform-provider-azurerm,
internal/services/digitaltwins/digital_twins_instance_resource.go, and internal/services/resource of the group.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator import seed
from tests.support.arm import INSTANCES, REGISTERED, Arm
from tests.support.azure import MARK, writes
from tests.support.documents import changes, names, notes, outcomes
from tests.support.tool import Tool
from tests.support.waiting import until
from tests.support.world import ROOT, Emulator

PAGE = (ROOT / "docs/beside-bicep-and-terraform.md").read_text(encoding="utf-8")
GROUP = f"{REGISTERED}/resourceGroups/factory-twins"
NAMESPACE = f"{GROUP}/providers/Microsoft.EventHub/namespaces/factory-events"
ROOM = {
    "@context": "dtmi:dtdl:context;3",
    "@id": "dtmi:com:contoso:Room;1",
    "@type": "Interface",
    "contents": [{"@type": "Property", "name": "temperature", "schema": "double"}],
}


@dataclass
class Terraform:
    """An instance in a group of its own, as Terraform has it configured."""

    arm: Arm
    tags: dict[str, str] = field(default_factory=lambda: dict(re.findall(r'tags += \{ (\w+) = "(\w+)" \}', PAGE)))
    identity: str = "SystemAssigned"
    instance: str = f"{GROUP}/{INSTANCES}/factory-north"

    def differences(self) -> dict[str, Any]:
        """What a plan of Terraform would change of the instance."""
        there = self.arm("GET", self.instance).json()
        identity = (there.get("identity") or {"type": "None"})["type"]
        return {
            **({"tags": self.tags} if there["tags"] != self.tags else {}),
            **({"identity": {"type": self.identity}} if identity != self.identity else {}),
        }

    def apply(self) -> None:
        if self.arm("GET", self.instance).status == 404:
            assert self.arm("PUT", GROUP, {"location": "westeurope", "tags": self.tags}).status == 201
            body = {"location": "westeurope", "tags": self.tags, "identity": {"type": self.identity}}
            answer = self.arm("PUT", self.instance, body)
        else:
            answer = self.arm("PATCH", self.instance, self.differences())
        self.arm.states(answer.headers["Azure-AsyncOperation"])
        assert self.differences() == {}

    def event_hub(self) -> None:
        """Have the event hub that the page tells of."""
        body = {"location": "westeurope", "sku": {"name": "Standard"}}
        assert self.arm("PUT", NAMESPACE, body).status == 201
        active = lambda: self.arm("GET", NAMESPACE).json()["properties"]["status"] == "Active"  # noqa: E731
        until(active, "the namespace to be there")
        assert self.arm("PUT", f"{NAMESPACE}/eventhubs/twins", {"properties": {}}).status in (200, 201)


def blocks(language: str) -> list[str]:
    """The blocks of the page in this language, without those that `python3 -m tests.az` runs."""
    text = re.sub(r"<!-- az: begin -->.*?<!-- az: end -->", "", PAGE, flags=re.DOTALL)
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def prepare(folder: Path) -> None:
    """Have the files of the page in a folder."""
    settings, environments = blocks("toml")
    (folder / "deploy.toml").write_text(settings)
    (folder / "environments.toml").write_text(environments)
    (folder / "models").mkdir()
    (folder / "models/room.json").write_text(json.dumps(ROOM))


def follow(tool: Tool, script: str) -> None:
    """Run the commands of a block, one a line, in the folder of the tool."""
    for line in script.splitlines():
        words = shlex.split(line)
        if words[:2] == ["python3", "deploy.py"]:
            done = tool.run(*words[2:])
            assert done.code == 0, done.text
        else:
            subprocess.run(words, cwd=tool.folder, timeout=60, check=True)


def run(tool: Tool, *arguments: str, code: int = 0) -> Any:
    """Run a command that ends with `code`, and return its document."""
    done = tool.run(*arguments, "--output", "json")
    assert done.code == code, done.text
    return done.document


def left(azure: Emulator) -> dict[str, Any]:
    """All that exists, but the tenant's own service principals and the recycle bin."""
    found = azure.inventory()
    return {kind: some for kind, some in found.items() if "eleted" not in kind and kind != "servicePrincipals"}


def test_the_commands_of_the_page(azure: Emulator, tool: Tool) -> None:
    terraform = Terraform(Arm(azure))
    terraform.apply()
    terraform.event_hub()
    prepare(tool.folder)
    before = left(azure)
    setting_up, taking_away, looking, environments = blocks("bash")
    everything = {"routes", "endpoints", "destination_roles", "models", "role", "app_registration"}

    follow(tool, setting_up)

    assert terraform.differences() == {}
    made = {step for step, record in tool.state["steps"].items() if record["made"]}
    assert made == everything
    assert [one["id"].lower() for one in azure.inventory()["models"]] == [ROOM["@id"].lower()]  # type: ignore[attr-defined]
    follow(tool, looking)

    # A new runner: nothing is done twice, and what has no mark isn't claimed.
    state = tool.state_file.read_text()
    tool.state_file.unlink()
    follow(tool, looking)
    so_far = writes(azure)
    assert outcomes(run(tool, "--yes"))["routes"] == "already done"
    assert writes(azure) == so_far
    assert {step for step, record in tool.state["steps"].items() if record["made"]} == everything - {
        "routes", "endpoints", "models"
    }  # fmt: skip
    settings = (tool.folder / "deploy.toml").read_text()
    (tool.folder / "deploy.toml").write_text(f"{settings}filter = \"type = 'none'\"\n")
    assert tool.run("plan").code == 2
    tool.state_file.write_text(state)
    assert changes(run(tool, "plan")) == {"routes": ["set-route:everything"]}

    follow(tool, taking_away)

    assert left(azure) == before
    assert terraform.differences() == {}

    dev = Terraform(Arm(azure), instance=f"{REGISTERED}/resourceGroups/factory-dev/{INSTANCES}/factory-dev")
    assert dev.arm("PUT", dev.instance.partition("/providers")[0], {"location": "westeurope"}).status == 201
    before = left(azure)
    follow(tool, environments)
    assert sorted(file.name for file in (tool.folder / "states").glob("*.json")) == ["dev.state.json"]
    assert left(azure) == before


def test_what_a_lost_state_leaves_is_named(azure: Emulator, tool: Tool) -> None:
    terraform = Terraform(Arm(azure))
    terraform.apply()
    terraform.event_hub()
    prepare(tool.folder)
    run(tool, "--yes", "--no-app")
    tool.state_file.unlink()
    run(tool, "--yes", "--no-app")
    done = run(tool, "destroy", "--yes")
    assert {step["step"] for step in done["steps"] if step["changes"]} == {"role", "destination_roles"}
    assert len(notes(done, "models")) == 1
    assert names(notes(done, "routes"), "everything")
    assert names(notes(done, "endpoints"), "telemetry")
    assert not [one for one in azure.inventory()["roleAssignments"] if MARK in str(one)]
    assert terraform.differences() == {}


def test_both_set_the_same(azure: Emulator, tool: Tool) -> None:
    """Whoever runs last decides, the other sees it, and `destroy` leaves what Terraform has."""
    terraform = Terraform(Arm(azure), identity="None")
    terraform.apply()
    where = ("--subscription", seed.REGISTERED_SUBSCRIPTION, "--resource-group", "factory-twins")
    start = (*where, "--instance", "factory-north", "--no-app", "--yes")
    settings = ("--tag", "stage=test", "--tag", "team=twins", "--system-identity")
    run(tool, *start, *settings, "--public-network-access", "disabled")
    instance = terraform.arm("GET", terraform.instance).json()
    assert instance["tags"] == {"team": "twins", "stage": "test"}
    assert terraform.differences().keys() == {"tags", "identity"}

    terraform.apply()

    run(tool, "verify", code=5)
    assert changes(run(tool, "plan")) == {"instance": ["change-instance"]}  # not the network, which Terraform leaves
    run(tool, "--yes")
    assert terraform.differences().keys() == {"tags", "identity"}
    terraform.apply()
    run(tool, "destroy", "--yes")
    assert terraform.differences() == {}
    instance = terraform.arm("GET", terraform.instance).json()
    assert instance["properties"]["publicNetworkAccess"] == "Disabled"
