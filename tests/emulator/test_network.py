"""Microsoft.Network in the embedded Azure, as its own client libraries meet it."""

from __future__ import annotations

import json
import subprocess
import sys

from emulator import seed
from emulator.seed_network import OTHER_SUBNET, SUBNET
from tests.support.arm import GROUP, HOST, INSTANCE, Arm
from tests.support.world import ROOT, Emulator


def test_unmodified_sdk_programs(azure: Emulator) -> None:
    Arm(azure).instance()
    command = [sys.executable, "-m", "tests.support.programs.networks", seed.REGISTERED_SUBSCRIPTION]
    command += [GROUP.rpartition("/")[2], INSTANCE, SUBNET, OTHER_SUBNET]
    ran = subprocess.run(command, env=azure.env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "networks": ["contoso-network"],
        "subnets": ["private-endpoints", "other-endpoints"],
        "location": "northeurope",
        "policies": "Disabled",
        "noSubnet": [404, "ResourceNotFound"],
        "noNetwork": [404, "ResourceNotFound"],
        "made": ["Succeeded", "northeurope", {"env": "dev"}, True],
        "approved": "Approved",
        "addresses": [[HOST, "10.20.1.4"]],
        "listed": ["one"],
        "wrongGroup": [400, "BadRequest"],
        "otherRegion": [400, "InvalidResourceReference"],
        "none": [404, "ResourceNotFound"],
        "asked": ["Pending", "Pending"],
        "answered": ["Approved", "Approved"],
        "link": ["Completed", True],
        "record": ["A", "my-twins.api.wus2", ["10.20.1.4"]],
        "records": 2,
        "groups": ["default"],
        "regionalZone": [400, "LocationNotAvailableForResourceType"],
        "recordsLeft": 1,
        "left": [],
        "leftZones": [],
    }
