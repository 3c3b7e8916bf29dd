"""What the commands say to a person where nothing is asked: the sentences that are worth keeping, once each."""

from __future__ import annotations

import re
from pathlib import Path

import pexpect

from tests.support.tool import GROUP, INSTANCE, START, Tool
from tests.support.world import Emulator

COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7])(?:;\d+)*m")
MOVEMENT = re.compile(r"\x1b\[[0-9;?]*[A-Zhl]|\r(?!\n)")


def test_a_run_and_a_second_one(tool: Tool) -> None:
    first = tool.deploy()
    assert "Signed in as  olivia@contoso.onmicrosoft.com, by Cloud Shell" in first.stdout
    assert f"create instance {INSTANCE} in westus2" in first.stdout
    assert "Deployment completed successfully" in first.stdout
    assert "5 to create, 0 to change, 0 to delete · about 1 minute · 1 needs you" in first.stdout
    assert first.stdout.count("/subscriptions/") == 0
    assert "5 created, 0 changed, 0 deleted in " in first.stdout
    again = tool.run("--yes")
    unchanged = "no change: 1 Resource group, 2 Digital Twins instance, 3 Data-plane role, 4 App registration"
    assert again.stdout.count(unchanged) == 1
    assert "Nothing to do: Azure matches your settings · 1 needs you" in again.stdout
    status = tool.run("status")
    assert "needs you" in status.stdout
    created = next(line for line in status.stdout.splitlines() if line.startswith("Created by this tool: "))
    assert len(created.split(", ")) == 5
    verified = tool.run("verify")
    assert verified.stdout.count(unchanged) == 1
    assert "No drift: Azure matches your settings" in verified.stdout
    removed = tool.run("destroy", "--yes")
    assert "5 to delete · " in removed.stdout
    assert tool.run("destroy", "--yes").code == 0
    assert "This deployment was removed on " in tool.run("status").stdout


def test_what_differs(tool: Tool) -> None:
    (tool.folder / "other.state.json").write_text("{}")
    nowhere = tool.run("status").stdout
    assert f"There is no deployment yet: no state file at {tool.state_file}" in nowhere
    assert "State files there: other.state.json" in nowhere
    assert tool.deploy("--no-app").code == 0
    verified = tool.run("verify", "--tag", "team=twins", "--assignee", "carlos@contoso.onmicrosoft.com")
    assert verified.code == 1, verified.text
    assert "tag team: (none) → twins" in verified.stdout
    assert "missing: assign Azure Digital Twins Data Owner to carlos" in verified.stdout
    assert "left over: remove the role Azure Digital Twins Data Owner from olivia" in verified.stdout
    gone = tool.run("destroy", "--yes")
    assert "    - delete instance " in gone.stdout
    assert "Everything that is recorded as created by this tool is removed" in gone.stdout
    for command, code in (("status", 0), ("verify", 2), ("outputs", 2)):
        after = tool.run(command)
        assert "This deployment was removed on " in after.text, after.text
        assert after.code == code


def test_colours_and_movement_are_left_out_where_they_are_not_wanted(azure: Emulator, tool: Tool) -> None:
    def written(*arguments: str, **extra: str) -> str:
        child = Tool(azure, tool.folder, extra).terminal(*arguments, columns=60)
        child.expect(pexpect.EOF)
        return str(child.before)

    dumb = written(*START, TERM="dumb")
    assert "\x1b" not in dumb
    assert all(len(line) <= 60 for line in dumb.splitlines() if line.startswith("    + "))
    assert dumb.count(": done") >= 4  # a line for each step in place of a table that moves
    status = written("status", NO_COLOR="1")
    assert COLOUR.search(written("status"))
    assert not COLOUR.search(status)
    piped = Tool(azure, tool.folder, {"FORCE_COLOR": "1"}).run("--yes")
    assert COLOUR.search(piped.stdout)
    assert not MOVEMENT.search(piped.text)


def test_what_somebody_else_has_to_do(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "reader") as azure:
        tool = Tool(azure, tmp_path / "work")
        planned = tool.run("plan", *START)
        write = "Microsoft.Resources/subscriptions/resourceGroups/write"
        assert f"you lack permission {write} on" in planned.stdout
        refused = tool.deploy()
        assert refused.code == 3, refused.text
        script = (tool.folder / "deploy.handoff.sh").read_text()
        assert "rita@contoso.onmicrosoft.com asks for this" in script


def test_a_refusal(azure: Emulator, tool: Tool) -> None:
    """Four parts: what, why with the code and Azure's words, what next, and the request's id."""
    body = {"error": {"code": "Conflict", "message": "It is in use."}}
    azure.faults({"method": "PUT", "path": "resourcegroups", "do": "status:409", "body": body})
    done = tool.deploy()
    assert done.code == 1, done.text
    assert f"Azure refused to create resource group {GROUP}" in done.stderr
    assert "Why: Conflict: It is in use." in done.stderr
    assert "Next: Run the same command again" in done.stderr
