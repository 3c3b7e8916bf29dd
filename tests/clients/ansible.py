"""The collection azure.azcollection of Ansible: playbooks as its pages show them."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from emulator import seed
from tests.clients.score import Score
from tests.clients.settings import HOME, LATENCY, REQUIREMENTS
from tests.support import installations
from tests.support.world import Emulator

PLAYBOOKS = Path(__file__).parent / "playbooks"
WALKS = {"resources": ("group", "identity", "instance", "role"), "directory": ("application", "principal")}
"""Playbooks in the order of a set-up. The walks have nothing in common, and run side by side."""
AFTERWARDS = {
    "present": {
        "applications": 1,
        "digitalTwinsInstances": 1,
        "resourceGroups": 1,
        "roleAssignments": 2,
        "servicePrincipals": 4,
        "userAssignedIdentities": 1,
    },
    "absent": {"deletedApplications": 1, "deletedServicePrincipals": 1, "servicePrincipals": 1},
}
"""What Azure has more than before, by kind. Principals: the application's, those of both identities, and the one of
Digital Twins itself, which stays."""
Inventory = dict[str, list[dict[str, Any]]]
TIMEOUT = 600.0
"""Seconds that a walk may take in one direction."""


def ansible(folder: Path, score: Score) -> None:
    """Set up and remove with azure.azcollection, each playbook twice: the second time nothing changes."""
    scripts = installations.python(HOME / "ansible", REQUIREMENTS / "ansible.txt")
    with Emulator(folder / "azure", "--latency", LATENCY) as azure, ThreadPoolExecutor() as pool:
        before = azure.inventory()
        for state, expected in AFTERWARDS.items():
            walks = [pool.submit(_walk, scripts, folder, azure, state, name) for name in WALKS]
            for walk in walks:
                _count(score, state, walk.result())
            score.check(f"what Azure has then, {state}", partial(_compare, azure, before, expected))


def _compare(azure: Emulator, before: Inventory, expected: dict[str, int]) -> None:
    """Assert how many items of each kind are new."""
    now = azure.inventory()
    added = {kind: [found for found in now[kind] if found not in before.get(kind, ())] for kind in now}
    counts = {kind: len(found) for kind, found in added.items() if found}
    assert counts == expected, f"{counts}: {added}"


def _count(score: Score, state: str, done: subprocess.CompletedProcess[str]) -> None:
    """Count each task that a walk got to, and its end."""
    runs: Counter[str] = Counter()
    for event in map(json.loads, done.stdout.splitlines()):
        if event["_event"] == "v2_playbook_on_play_start":
            play = event["play"]["name"]
            runs[play] += 1
        for result in event.get("hosts", {}).values():
            if result.get("skipped"):
                continue
            title = f"{play}, {state}{', again' if runs[play] > 1 else ''}: {event['task']['name']}"
            score.count(title, _failure(result, first=runs[play] == 1), _seconds(event["task"]["duration"]))
    if done.returncode or not runs:
        score.count(f"the end of a walk, {state}", (done.stdout + done.stderr)[-1500:])


def _failure(result: dict[str, Any], *, first: bool) -> str | None:
    """Return what is wrong with a task's result: the first time it changes something, the second time nothing."""
    if result.get("failed") or result.get("unreachable"):
        return str(result.get("msg"))[:1500]
    reads = result["action"].endswith("_info")
    changed = bool(result.get("changed"))
    return None if changed == (first and not reads) else f"changed={changed}"


def _seconds(duration: dict[str, str]) -> float:
    return (datetime.fromisoformat(duration["end"]) - datetime.fromisoformat(duration["start"])).total_seconds()


def _walk(scripts: Path, folder: Path, azure: Emulator, state: str, name: str) -> subprocess.CompletedProcess[str]:
    """Run each playbook of a walk twice, in one process; what a removal begins with, a set-up ended with."""
    home = folder / f"{name}-{state}"
    home.mkdir()
    given = {
        "state": state,
        "subscription": seed.REGISTERED_SUBSCRIPTION,
        "user": seed.USERS["reader"].object_id,
        "team": seed.TWINS_GROUP,
    }
    own = ("ANSIBLE_", "AZURE_")
    settings = {name: value for name, value in azure.env.items() if not name.startswith(own)} | {
        "AZURE_CLIENT_ID": azure.ready["clientId"],
        "AZURE_SECRET": azure.ready["clientSecret"],
        "AZURE_TENANT": seed.TENANT,
        "AZURE_SUBSCRIPTION_ID": seed.REGISTERED_SUBSCRIPTION,
        "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_LOCAL_TEMP": str(home),
        "ANSIBLE_REMOTE_TEMP": str(home),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.jsonl",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "HOME": str(home),
    }
    playbooks = [str(PLAYBOOKS / f"{playbook}.yml") for playbook in WALKS[name][:: 1 if state == "present" else -1]]
    twice = [playbook for playbook in playbooks for _ in range(2)]
    return subprocess.run(
        [str(scripts / "ansible-playbook"), "--extra-vars", json.dumps(given), *twice],
        env=settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
