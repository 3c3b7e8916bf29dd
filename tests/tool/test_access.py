"""Rows of --access: who holds which role on the instance, from the first run to destroy."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from cloud.identifiers import BUILT_IN_ROLES, DATA_OWNER, DATA_READER
from emulator import seed, seed_apps
from emulator.arm.apps import bodies
from tests.support.documents import changes, errors, names, outcomes
from tests.support.processes import kill
from tests.support.tool import HOST, INSTANCE, START, Tool
from tests.support.waiting import until_held
from tests.support.world import DIGITAL_TWINS, ROOT, Emulator
from tests.tool.test_look import forget, repeated

RITA, OLIVIA = seed.USERS["reader"].object_id, seed.USERS["owner"].object_id
INGEST, HUB = seed_apps.FUNCTION_APP, seed_apps.IOT_HUB
OWNER, READER = BUILT_IN_ROLES[DATA_OWNER], BUILT_IN_ROLES[DATA_READER]
PLAN = ("plan", *START, "--no-app", "--output", "json")


def row(who: str, role: str) -> tuple[str, str]:
    return "--access", f"who={who},role={role}"


def assigned(azure: Emulator) -> set[tuple[str, str]]:
    """Who has which role on the instance."""
    found = [one["properties"] for one in azure.inventory(volatile=True)["roleAssignments"]]
    return {
        (one["principalId"], one["roleDefinitionId"].rpartition("/")[2])
        for one in found
        if one["scope"].endswith(INSTANCE)
    }


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (row(seed_apps.WITHOUT_IDENTITY.id, "reader"), "az resource update"),
        (row(f"{INGEST.id}-other", "reader"), "az resource list"),
        (row("rita@contoso.onmicrosoft.com", "Contributor"), DATA_READER),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_written(
    azure: Emulator, tool: Tool, arguments: tuple[str, str], named: str
) -> None:
    """An app whose identity is off, one that isn't there, a role that gives nothing of the data."""
    refused = tool.run(*PLAN, *arguments)
    assert refused.code == 2, refused.text
    assert names([error["next"] for error in errors(refused.document)], named)
    assert {entry["request"]["method"] for entry in azure.recorded()} <= {"GET", "POST"}  # POST: tokens, look-ups


def test_rows_are_added_changed_taken_away_and_destroyed(azure: Emulator, tool: Tool) -> None:
    rows = (*row(INGEST.id, "reader"), *row("rita@contoso.onmicrosoft.com", "owner"), *row(RITA, "reader"))
    planned = tool.run(*PLAN, *rows)
    assert [one.partition(":")[0] for one in changes(planned.document)["role"]] == ["assign-role"] * 4, planned.text
    azure.faults({"method": "PUT", "path": "/roleAssignments/", "nth": 3, "phase": "after", "do": "hold"})
    process = tool.start(*START, "--no-app", *rows)
    until_held(azure, process)
    kill(process)
    azure.faults()
    done = tool.run("--yes")
    assert done.code == 0, done.text
    first = {(OLIVIA, OWNER), (INGEST.object_id, READER), (RITA, OWNER), (RITA, READER)}
    assert assigned(azure) == first
    token = azure.tokens().for_app(f"d1{INGEST.object_id[2:]}", INGEST.object_id, DIGITAL_TWINS).text
    models = f"https://{HOST}/models?api-version=2023-10-31"
    answers = [azure.https("GET", models, token=token).status for _ in range(3)]
    assert answers[-1] == 200  # once the role works
    assert azure.https("POST", models, token=token, json=[]).status == 403

    verified = tool.run("verify", "--output", "json")
    assert verified.code == 0, verified.text
    forget(azure)
    assert outcomes(tool.run("--yes", "--output", "json").document)["role"] == "already done"
    assert not repeated(azure)

    shown = re.findall(r"```python\n(.*?)```", (ROOT / "docs/functions.md").read_text(encoding="utf-8"), re.DOTALL)
    environment = {**azure.env, "ADT_SERVICE_URL": f"https://{HOST}"}
    command = [sys.executable, "-c", *shown]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (0, "{'COUNT': 0}\n"), ran.stderr

    changed = (*rows[:2], *row(HUB.id, "owner"), *rows[4:])
    drifted = tool.run("verify", *changed)
    assert drifted.code != 0, drifted.text
    tool.state_file.unlink()  # a lost state file: all of them are recorded again
    assert tool.deploy("--no-app", *rows).code == 0
    assert tool.deploy("--no-app", *changed).code == 0
    assert assigned(azure) == first - {(RITA, OWNER)} | {(HUB.object_id, OWNER)}

    azure.document("resource", INGEST.id, bodies.site(INGEST.id, seed.OTHER_GROUP[1], INGEST.kind))
    switched_off = tool.run("verify", "--output", "json")
    told = {check.get("step", ""): check["result"] for check in switched_off.document["checks"]}
    assert (switched_off.code, told["role"], told["instance"]) == (2, "failed", "ok"), switched_off.text
    assert "az resource update" in errors(switched_off.document)[0]["next"]
    azure.document("resource", INGEST.id, None)
    azure.document("servicePrincipal", INGEST.object_id, None)
    refused = tool.run("plan", "--output", "json")
    assert refused.code == 2, refused.text
    assert "az role assignment delete --ids /subscriptions/" in refused.text
    azure.document("user", RITA, None)
    refused = tool.run("plan", "--output", "json", *rows[4:])
    assert refused.code == 2, refused.text
    assert "az role assignment delete --ids /subscriptions/" in refused.text
    assert tool.run("--yes", *row(HUB.id, "reader")).code == 0
    assert assigned(azure) == {(OLIVIA, OWNER), (HUB.object_id, READER)}

    azure.document("resource", HUB.id, None)  # destroy looks nobody up anew
    assert tool.run("destroy", "--yes").code == 0
    assert assigned(azure) == set()
