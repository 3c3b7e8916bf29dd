"""Signed in by a virtual machine's managed identity: it sets up everything, and no second factor applies to it."""

from __future__ import annotations

from pathlib import Path

from emulator.seed_machines import MACHINES
from tests.support.documents import errors, names
from tests.support.tool import Tool
from tests.support.world import Emulator

(OWNER, _) = MACHINES["owner-vm"].identities


def test_a_machine_sets_up_everything_and_is_never_told_to_sign_in_with_az(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "owner-vm") as azure:
        tool = Tool(azure, tmp_path / "work")
        azure.control("PUT", "/conditional-access", {"graph": True, "resourceManager": True})
        done = tool.deploy("--output", "json")
        assert done.code == done.document["exit_code"] == 1, done.text
        (error,) = errors(done.document)
        assert error["code"] == "InvalidAuthenticationToken"
        assert error["next"]
        assert not names([error["next"]], "az login")
        # Resource Manager's second factor is users' own.
        assert tool.state["steps"]["role"]["state"] == "done"
        azure.control("PUT", "/conditional-access", {"resourceManager": True})
        done = tool.deploy("--output", "json")
        assert done.code == 0, done.text
        assert tool.state["steps"]["app_registration"]["state"] == "done"
        found = [body["properties"] for body in azure.inventory(volatile=True)["roleAssignments"]]
        assert [body["principalId"] for body in found if "/digitalTwinsInstances/" in body["scope"]] == [
            OWNER.object_id
        ]
