"""Part 2: the same set-up as people make it today, in the same latencies: the guides' az commands, and deploy.ps1.

az is the unmodified Azure CLI. It is signed in beforehand, and its index of commands is there: neither is timed. Where
the guides say `az dt` (an extension that only older versions load) it is `az resource` and `az role`, which ask Azure
for the same. deploy.ps1 is what it did with az, one command after another, and its pauses of 20 s, scaled as the
latencies are.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.lab import NONE, Failed, Json, Lab, Took, forget_traffic, middle, run, say
from steps.shared.digital_twins_api import DIGITAL_TWINS, READ_WRITE
from tests.support.tool import GROUP, INSTANCE, SUBSCRIPTION
from tests.support.world import Emulator

LATENCIES = {NONE: 0.0, "azure:0.1": 0.1, "azure:1": 1.0}
RUNS = {NONE: 3, "azure:0.1": 2, "azure:1": 1}
PAUSE = 20.0
"""Seconds of each of deploy.ps1's pauses."""
VERSION = ("--api-version", "2023-01-31")
TYPE = "Microsoft.DigitalTwins/digitalTwinsInstances"
ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{TYPE}/{INSTANCE}"
ROLE = "Azure Digital Twins Data Owner"
NAME = f"{INSTANCE}-app"
MANIFEST = [{"resourceAppId": DIGITAL_TWINS, "resourceAccess": [{"id": READ_WRITE, "type": "Scope"}]}]


@dataclass
class Az:
    """The Azure CLI with a configuration of its own, signed in as `owner`."""

    program: Path
    azure: Emulator
    folder: Path
    commands: int = 0

    def environment(self) -> dict[str, str]:
        """Return its environment."""
        config = {"AZURE_CONFIG_DIR": str(self.folder / "config"), "AZURE_CORE_COLLECT_TELEMETRY": "false"}
        return {
            **self.azure.env,
            **config,
            "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
            "AZURE_CORE_LOGIN_EXPERIENCE_V2": "off",
        }

    def run(self, *arguments: str, code: int | None = 0) -> Took:
        """Run `az ARGUMENTS`."""
        self.commands += 1
        return run([self.program, *arguments, "--output", "json"], self.folder, self.environment(), code=code)

    def __call__(self, *arguments: str, code: int | None = 0) -> Any:
        """Run `az ARGUMENTS` and return its JSON."""
        said = self.run(*arguments, code=code).stdout
        return json.loads(said) if said.strip() else None

    def sign_in(self) -> None:
        """Sign in, choose the subscription, and let az index its commands."""
        user = self.azure.control("GET", "/users")["owner"]
        self("login", "--username", user["username"], "--password", user["password"])
        self("account", "set", "--subscription", SUBSCRIPTION)
        self("group", "list")
        self.commands = 0


def guides(az: Az, _pause: Callable[[], None]) -> None:
    """The az commands of the guides for the same set-up, one after another."""
    user = az("account", "show")["user"]["name"]
    az("provider", "register", "--namespace", "Microsoft.DigitalTwins")
    az("group", "create", "--name", GROUP, "--location", "westus2")
    _create_instance(az)
    _show_instance(az)
    az("role", "assignment", "create", "--assignee", user, "--role", ROLE, "--scope", ID)
    app = _register(az)
    _until_seen(az, "ad", "sp", "create", "--id", app)
    _until_seen(az, "ad", "app", "permission", "list-grants", "--id", app)


def deploy_ps1(az: Az, pause: Callable[[], None]) -> None:
    """The order of deploy.ps1 with -RegisterAadApp, and its pauses."""
    az("account", "list")
    az("account", "set", "--subscription", SUBSCRIPTION)
    user = az("account", "show")["user"]["name"]
    az("provider", "show", "--namespace", "Microsoft.DigitalTwins")
    if az("group", "show", "--name", GROUP, code=None) is None:
        az("group", "create", "--name", GROUP, "--location", "westus2")
    az("provider", "show", "--namespace", "Microsoft.DigitalTwins")
    if az("resource", "show", "--ids", ID, *VERSION, code=None) is None:
        _create_instance(az)
    while _show_instance(az)["properties"]["provisioningState"] != "Succeeded":
        pause()
    az("role", "assignment", "create", "--assignee", user, "--role", ROLE, "--scope", ID)
    pause()
    object_id = az("ad", "signed-in-user", "show")["id"]
    az("role", "assignment", "create", "--assignee", object_id, "--role", ROLE, "--scope", ID)
    pause()
    if not az("ad", "app", "list", "--display-name", NAME):
        _register(az)


def _until_seen(az: Az, *arguments: str) -> None:
    """Run a command again, at once, as long as the directory hasn't replicated what it speaks of."""
    for _ in range(19):
        if az(*arguments, code=None) is not None:
            return
    az(*arguments)


def _create_instance(az: Az) -> None:
    kind = ("--resource-type", TYPE, "--properties", "{}")
    az("resource", "create", "--resource-group", GROUP, "--name", INSTANCE, *kind, "--location", "westus2", *VERSION)


def _show_instance(az: Az) -> Any:
    return az("resource", "show", "--ids", ID, *VERSION)


def _register(az: Az) -> str:
    manifest = ("--required-resource-accesses", json.dumps(MANIFEST))
    url = ("--public-client-redirect-uris", "http://localhost")
    return str(az("ad", "app", "create", "--display-name", NAME, *url, *manifest)["appId"])


def measure(lab: Lab) -> Json:
    """Return the wall times of both ways by latency table; nothing without an az."""
    if lab.az is None:
        return {}
    found: Json = {}
    for latency, scale in LATENCIES.items():
        if not (lab.quick and scale == 1):
            found[latency] = {way.__name__: _way(lab, latency, scale, way) for way in (guides, deploy_ps1)}
    return found


def _way(lab: Lab, latency: str, scale: float, way: Callable[[Az, Callable[[], None]], None]) -> Json:
    walls: list[float] = []
    pauses: list[float] = []
    commands = requests = 0
    for _ in range(lab.times(RUNS[latency])):
        with signed_in(lab, latency) as az:
            pauses.clear()

            def pause() -> None:
                pauses.append(PAUSE * scale)
                time.sleep(PAUSE * scale)

            begun = time.perf_counter()
            way(az, pause)
            walls.append(time.perf_counter() - begun)
            commands, requests = az.commands, az.azure.requests()["total"]
            _refuse_half(az.azure)
            say(f"  {way.__name__} at {latency}: {walls[-1]:.1f} s")
    figures = {"walls": [round(wall, 3) for wall in walls], "wall": middle(walls)}
    return {**figures, "commands": commands, "requests": requests, "pauses": round(sum(pauses), 3)}


@contextmanager
def signed_in(lab: Lab, latency: str) -> Iterator[Az]:
    """Start a new embedded Azure, and yield az signed in to it; what that asked is forgotten."""
    if lab.az is None:
        raise Failed("there is no az here")
    with lab.azure(latency) as azure:
        az = Az(lab.az, azure, lab.place())
        az.sign_in()
        forget_traffic(azure)
        yield az


def _refuse_half(azure: Emulator) -> None:
    """Fail when the set-up is not complete: then its time means nothing."""
    there = azure.inventory()
    names = [one["name"] for one in there["digitalTwinsInstances"]]
    apps = [one["displayName"] for one in there["applications"]]
    roles = [one for one in there["roleAssignments"] if one["properties"]["scope"].lower() == ID.lower()]
    if INSTANCE not in names or NAME not in apps or not roles:
        raise Failed("az has not set everything up")
