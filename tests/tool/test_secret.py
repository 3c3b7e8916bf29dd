"""The client secret: made once, kept where nobody else reads it, rotated, removed; and it shows nowhere else."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.matrix import leaks
from tests.support.azure import MARK, application, graph, writes
from tests.support.documents import changes, errors, names, notes, outcomes, planned, titles
from tests.support.processes import Done, kill
from tests.support.tool import SUBSCRIPTION, Tool
from tests.support.waiting import until_held
from tests.support.world import ARM, Emulator

SECRET = ("--secret", "ci")
NAMED, NAMED_2 = f"ci ({MARK})", f"ci ({MARK} 2)"
"""The names of its first and its second in Entra."""
LIFETIME = {"restrictionType": "passwordLifetime", "maxLifetime": "P90D", "state": "enabled"}
ADDITION = {"restrictionType": "passwordAddition", "state": "enabled"}


def secrets(azure: Emulator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = application(azure)["passwordCredentials"]
    return sorted(found, key=lambda one: str(one["displayName"]))


def signs_in(azure: Emulator, secret: str) -> int:
    app = application(azure)["appId"]
    url = f"https://login.microsoftonline.com/{azure.ready['tenantId']}/oauth2/v2.0/token"
    form = f"grant_type=client_credentials&client_id={app}&client_secret={secret}&scope={ARM}/.default"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    azure.https("POST", url, body=form.encode(), headers=headers)  # answered by a replica that may lag
    return azure.https("POST", url, body=form.encode(), headers=headers).status


def no_leak(azure: Emulator, tool: Tool, *runs: Done, but: Path | None = None) -> None:
    """Nothing that was written or printed has a secret in it, but the file that is for it."""
    known = leaks.secrets_of(azure.data)
    written = [file for file in tool.folder.rglob("*") if file.is_file() and file != but]
    assert any(file.suffix == ".log" for file in written)
    for file in [*written, azure.traffic]:
        assert leaks.within(file.read_text(encoding="utf-8", errors="replace"), known) == [], file
    for run in runs:
        assert leaks.within(run.text, known) == []


def test_a_secret_is_made_kept_rotated_and_removed(world: Emulator, tool: Tool) -> None:
    file = tool.folder / "ci.secret"
    first = tool.deploy(*SECRET, "--secret-days", "20")
    assert first.code == 0, first.text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    one = file.read_text().strip()
    assert signs_in(world, one) == 200
    assert [credential["displayName"] for credential in secrets(world)] == [NAMED]

    world.control("DELETE", "/requests")
    again = tool.run("--yes", "--output", "json")
    assert again.code == 0, again.text
    assert writes(world) == []
    assert names(notes(again.document, "app_registration")[:1], "19", "--rotate-secret")
    assert again.document["values"]["secret_file"] == str(file)

    elsewhere = Tool(world, tool.folder / "elsewhere")
    longer = elsewhere.run("plan", "--state", "../deploy.state.json", "--secret-days", "180", "--output", "json")
    assert changes(longer.document) == {}
    assert names(notes(longer.document, "app_registration"), "20", "180")
    assert not names(notes(longer.document, "app_registration"), str(file)), "it is found from elsewhere too"

    nowhere = tool.run("plan", "--secret-file", "no/such/folder", "--output", "json")
    assert nowhere.code == 2, nowhere.text
    assert names([error["what"] for error in errors(nowhere.document)], "no/such")

    plan = tool.run("plan", "--yes", "--rotate-secret", "--secret-days", "180", "--output", "json")
    assert changes(plan.document) == {"app_registration": ["create-secret:ci:2"]}
    (title,) = titles(plan.document, "app_registration")
    assert {"180", str(file)} <= {*title}
    rotated = tool.run("--yes", "--rotate-secret", "--secret-days", "180")
    assert rotated.code == 0, rotated.text
    two = file.read_text().strip()
    assert two != one
    assert (signs_in(world, one), signs_in(world, two)) == (200, 200)
    assert len(secrets(world)) == 2
    file.unlink()
    lacking = tool.run("--yes", "--output", "json")
    assert names(notes(lacking.document, "app_registration"), str(file))
    assert len(notes(lacking.document, "app_registration")) == 2, "the older secret is named too"
    assert len(secrets(world)) == 2

    renamed = tool.run("--yes", "--secret", "web", "--secret-file", "web.txt", "--output", "json")
    assert renamed.code == 0, renamed.text
    assert names(notes(renamed.document, "app_registration"), "web", "ci")
    assert not names(notes(renamed.document, "app_registration"), str(file))
    assert signs_in(world, two) == 200
    assert len(secrets(world)) == 3
    file.write_text("mine")

    removed = tool.run("--yes", "--secret", "none", "--output", "json")
    assert removed.code == 0, removed.text
    assert secrets(world) == []
    assert not (tool.folder / "web.txt").exists()
    assert file.read_text() == "mine"
    assert names(notes(removed.document, "app_registration"), str(file))
    assert "secret_key_id" not in removed.text
    no_leak(world, tool, first, again, plan, rotated, lacking, removed, renamed)


@pytest.mark.parametrize(
    ("phase", "state"),
    [("before", "kept"), ("after", "kept"), ("after", "lost")],
    ids=["before", "after", "state lost"],
)
def test_killed_while_a_secret_is_made(azure: Emulator, tool: Tool, phase: str, state: str) -> None:
    azure.faults({"method": "POST", "path": "addPassword", "phase": phase, "do": "hold"})
    process = tool.start("--yes", "--subscription", SUBSCRIPTION, *SECRET)
    until_held(azure, process)
    kill(process)
    azure.faults()
    if state == "lost":  # only the temporary file tells of the secret
        tool.state_file.unlink()
    again = tool.deploy(*SECRET)
    assert again.code == 0, again.text
    (credential,) = secrets(azure)
    assert credential["displayName"] == NAMED
    assert tool.state["steps"]["app_registration"]["produced"]["secret_key_id"] == credential["keyId"]
    if state == "lost":  # another machine may have created it: it is kept
        assert not (tool.folder / "ci.secret").exists()
    else:
        assert signs_in(azure, (tool.folder / "ci.secret").read_text().strip()) == 200
    no_leak(azure, tool, again, but=tool.folder / "ci.secret")


def test_a_lost_answer_leaves_no_orphan_behind(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy(*SECRET).code == 0
    azure.faults({"method": "POST", "path": "addPassword", "phase": "after", "do": "drop"})
    lost = tool.run("--yes", "--rotate-secret")
    assert lost.code == 1, lost.text
    assert not list(tool.folder.glob(".ci*"))
    graph(azure, "GET", f"/applications/{application(azure)['id']}")  # from a replica that has not heard of it
    again = tool.run("--yes", "--rotate-secret")
    assert again.code == 0, again.text
    assert [one["displayName"] for one in secrets(azure)] == [NAMED_2, NAMED]
    destroyed = (tool.folder / "ci.secret").read_text().strip()
    assert signs_in(azure, destroyed) == 200
    no_leak(azure, tool, lost, again, but=tool.folder / "ci.secret")

    azure.faults({"method": "DELETE", "path": "applications/", "phase": "after", "do": "hold"})
    process = tool.start("destroy", "--yes")
    until_held(azure, process)
    kill(process)
    azure.faults()
    gone = tool.run("destroy", "--yes")
    assert gone.code == 0, gone.text
    assert not list(tool.folder.glob("*ci.secret*"))
    assert {item.partition(":")[0] for item in made_in(tool)} == {"deleted-application", "recycled"}
    assert planned(tool)["app_registration"][0] == "restore-application"
    anew = tool.run("--yes")
    assert anew.code == 0, anew.text
    assert len(secrets(azure)) == 1
    assert signs_in(azure, destroyed) == 401
    assert signs_in(azure, (tool.folder / "ci.secret").read_text().strip()) == 200


def test_a_secret_that_is_only_printed_is_printed_once(azure: Emulator, tool: Tool) -> None:
    done = tool.deploy(*SECRET, "--secret-file", "-", "--output", "json")
    assert done.code == 0, done.text
    (line,) = [line for line in done.stderr.splitlines() if "shown only now: " in line]
    secret = line.rpartition(": ")[2]
    assert signs_in(azure, secret) == 200
    assert done.text.count(secret) == 1
    assert secret not in done.stdout
    assert "secret_file" not in tool.state["inputs"]
    again = tool.run("--yes", "--output", "json")
    assert secret not in again.text
    assert notes(again.document, "app_registration") == []
    no_leak(azure, tool, again)
    assert not list(tool.folder.glob("*.secret"))


def test_what_bears_our_mark_is_ours_again_without_its_state_file(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy(*SECRET, "--app-role", "reader").code == 0
    before, text, made = secrets(azure), (tool.folder / "ci.secret").read_text(), made_in(tool)
    tool.state_file.unlink()
    again = tool.deploy(*SECRET, "--app-role", "reader")
    assert again.code == 0, again.text
    assert secrets(azure) == before
    assert (tool.folder / "ci.secret").read_text() == text
    assert made_in(tool) == {
        thing for thing in made if not thing.startswith(("reply-url", "permission", "service-principal"))
    }

    state = tool.state_file.read_text()
    forgetful = json.loads(state)
    for record in forgetful["steps"].values():
        record["made"] = []
    tool.state_file.write_text(json.dumps(forgetful))
    azure.control("DELETE", "/requests")
    kept = tool.run("destroy", "--yes", "--output", "json")
    assert (kept.code, writes(azure)) == (0, [])
    assert "removed" not in outcomes(kept.document).values()

    tool.state_file.write_text(state)
    gone = tool.run("destroy", "--yes", "--output", "json")
    assert outcomes(gone.document)["app_registration"] == "removed"
    assert not (tool.folder / "ci.secret").exists()
    assert "created-by" not in json.dumps(azure.inventory())
    assert MARK not in json.dumps(azure.inventory()["roleAssignments"])


def made_in(tool: Tool) -> set[str]:
    return {thing for record in tool.state["steps"].values() for thing in record["made"]}


@pytest.mark.parametrize(
    ("rule", "words"),
    [(LIFETIME, "--secret-days"), (ADDITION, "--federated-credential")],
    ids=["lifetime", "none at all"],
)
def test_what_the_policy_refuses_is_said_and_leaves_nothing(
    azure: Emulator, tool: Tool, rule: dict[str, Any], words: str
) -> None:
    policy = {"isEnabled": True, "applicationRestrictions": {"passwordCredentials": [rule]}}
    azure.control("PUT", "/app-management-policy", policy)
    done = tool.deploy(*SECRET)
    assert done.code == 2, done.text
    assert words in done.text
    assert secrets(azure) == []
    assert [file.name for file in tool.folder.iterdir() if "secret" in file.name] == []
    azure.control("PUT", "/app-management-policy", {})
    assert tool.run("--yes").code == 0
    assert len(secrets(azure)) == 1


def test_a_file_that_is_not_ours_or_can_not_be_written_is_refused_first(azure: Emulator, tool: Tool) -> None:
    (tool.folder / "ci.secret").write_text("mine")
    for file in ("ci.secret", "no/such/folder", "."):
        azure.control("DELETE", "/requests")
        done = tool.deploy(*SECRET, "--secret-file", file, "--output", "json")
        assert done.code == 2, done.text
        assert names([error["what"] for error in errors(done.document)], file.partition("/")[0])
        assert writes(azure) == []
    assert (tool.folder / "ci.secret").read_text() == "mine"


def test_a_secret_that_is_over_is_replaced(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy(*SECRET).code == 0
    app = application(azure)
    (credential,) = app["passwordCredentials"]
    over = {**credential, "startDateTime": "2020-01-01T00:00:00Z", "endDateTime": "2020-07-01T00:00:00Z"}
    body = {name: value for name, value in app.items() if name not in ("owners", "federatedIdentityCredentials")}
    azure.document("application", app["id"], {**body, "passwordCredentials": [over]})
    plan = planned(tool)["app_registration"]
    assert plan[0] == "create-secret:ci:2"
    assert len(plan) == 2, "and the one that is over is removed"
    again = tool.run("--yes")
    assert again.code == 0, again.text
    assert [one["displayName"] for one in secrets(azure)] == [NAMED_2]
    assert signs_in(azure, (tool.folder / "ci.secret").read_text().strip()) == 200
