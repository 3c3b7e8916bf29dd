"""The state file: whose it is, one writer at a time, and never half-written or silently overwritten."""

from __future__ import annotations

import json
import os
import stat

import pytest

from tests.support.processes import kill
from tests.support.tool import GROUP, INSTANCE, SUBSCRIPTION, Tool
from tests.support.waiting import until_held
from tests.support.world import Emulator


def test_another_run_holds_the_lock(azure: Emulator, tool: Tool) -> None:
    azure.faults({"method": "PUT", "path": "resourcegroups", "do": "hold"})
    process = tool.start("--yes", "--subscription", SUBSCRIPTION)
    until_held(azure, process)
    try:
        second = tool.run("--yes")
        assert second.code == 4, second.text
        assert str(process.pid) in second.stderr
        assert tool.run("status").code == 0  # reading takes no lock
    finally:
        kill(process)
    azure.faults()
    assert tool.run("--yes").code == 0  # the lock of a dead process is taken over


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--instance", "another"), INSTANCE),
        (("--resource-group", "another"), GROUP),
        (("--subscription", "Contoso Sandbox"), SUBSCRIPTION),
    ],
)
def test_another_deployments_names_are_refused(deployed: Tool, flags: tuple[str, ...], named: str) -> None:
    before = deployed.state_file.read_bytes()
    done = deployed.run("--yes", *flags)
    assert done.code == 2, done.text
    assert named in done.stderr
    assert "--state" in done.stderr
    assert deployed.state_file.read_bytes() == before
    assert deployed.run("--yes", *flags, "--state", "other.state.json", "--subscription", SUBSCRIPTION).code in (0, 2)


def test_two_deployments_side_by_side(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy("--state", "one.state.json").code == 0
    assert tool.deploy("--state", "two.state.json", "--instance", "second-1").code == 0
    names = sorted(one["name"] for one in azure.inventory()["digitalTwinsInstances"])
    assert names == ["adt-0fd74108", "second-1"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"format": "azure-digital',
        b"\xff\xfe\x00",
        b"[]",
        b'{"subscription": "x", "name": "old-config"}',
        b'{"format": "azure-digital-twins-deployment", "version": 3}',
        b'{"format": "azure-digital-twins-deployment", "version": 1}',
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_left_alone(azure: Emulator, tool: Tool, content: bytes) -> None:
    tool.state_file.write_bytes(content)
    for command in ("deploy", "plan", "status", "outputs"):
        done = tool.run(command)
        assert done.code == 2, done.text
        assert tool.state_file.name in done.stderr
        assert "Traceback" not in done.stderr
        assert tool.state_file.read_bytes() == content
    assert azure.requests()["total"] == 0


def test_another_tenants_file_is_refused(azure: Emulator, deployed: Tool) -> None:
    document = deployed.state
    document["belongs_to"]["cloud"] = "https://management.usgovcloudapi.net"
    deployed.state_file.write_text(json.dumps(document))
    azure.control("DELETE", "/requests")
    done = deployed.run("--yes")
    assert done.code == 2
    assert "https://management.usgovcloudapi.net" in done.stderr
    assert "https://management.azure.com" in done.stderr


def test_keys_of_others_are_kept(deployed: Tool) -> None:
    document = deployed.state
    document["team"] = {"owner": "factory"}
    document["steps"]["instance"]["note"] = "precious"
    deployed.state_file.write_text(json.dumps(document))
    assert deployed.run("--yes", "--app-name", "renamed").code == 0
    assert deployed.state["team"] == {"owner": "factory"}
    assert deployed.state["steps"]["instance"]["note"] == "precious"


def test_a_folder_in_its_place_and_a_missing_folder(azure: Emulator, tool: Tool) -> None:
    (tool.folder / "deploy.state.json").mkdir()
    done = tool.deploy()
    assert done.code == 2
    assert "deploy.state.json" in done.stderr
    done = tool.deploy("--state", "missing/deploy.state.json")
    assert done.code == 2
    assert "missing" in done.stderr
    assert azure.requests()["total"] == 0


def test_only_the_user_can_read_it(tool: Tool) -> None:
    assert tool.deploy().code == 0
    if os.name == "posix":
        assert stat.S_IMODE(tool.state_file.stat().st_mode) == 0o600


def test_no_token_is_written_down(azure: Emulator, tool: Tool) -> None:
    done = tool.deploy("--verbose")
    assert done.code == 0
    assert "https://management.azure.com/" in done.stderr  # requests are logged
    written = "".join(file.read_text() for file in tool.folder.iterdir())
    assert "eyJ" not in written + done.text
    assert "Bearer" not in written + done.text


def test_a_file_of_version_1_is_brought_up_to_date(azure: Emulator, tool: Tool) -> None:
    """What version 1 remembered (inputs, look-ups, what was made) is there, and nothing is made again."""
    assert tool.deploy().code == 0
    state = json.loads(tool.state_file.read_text())
    old = {
        "resource-group": "create-resource-group", "instance": "create-instance", "role-assignment": "assign-role",
        "application": "create-application", "service-principal": "create-service-principal",
    }  # fmt: skip
    for record in state["steps"].values():
        record["made"] = [old[thing] for made in record["made"] if (thing := made.partition(":")[0]) in old]
        del record["making"], record["unmaking"]
    state["version"] = 1
    state["assignee"], state["role"] = state.pop("principals")[0], {**state.pop("roles")[0], "unknown": "kept"}
    inputs = {name: value for name, value in state["inputs"].items() if value is not None}
    state["inputs"] = {**inputs, "reply_url": "http://localhost:8400", "unknown": "kept"}
    tool.state_file.write_text(json.dumps(state))
    before = azure.inventory()

    again = tool.run("deploy", "--non-interactive")
    assert again.code == 0, again.text
    now = json.loads(tool.state_file.read_text())
    assert now["version"] == 2
    assert now["inputs"]["reply_url"] == ["http://localhost:8400"]
    assert now["inputs"]["unknown"] == now["roles"][0]["unknown"] == "kept"
    made = [thing for record in now["steps"].values() for thing in record["made"] if thing.partition(":")[0] in old]
    assert made[2] == f"role-assignment:{now['steps']['role']['produced']['role_assignment_id'].lower()}"
    assert [thing.partition(":")[0] for thing in made] == [
        "resource-group",
        "instance",
        "role-assignment",
        "application",
        "service-principal",
    ]
    assert azure.inventory()["digitalTwinsInstances"] == before["digitalTwinsInstances"]
