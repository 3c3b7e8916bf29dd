"""The az commands of docs/beside-bicep-and-terraform.md, as they stand there, and deploy.py after them.

The compiler of Bicep is no part of az: a stand-in on the path says what it makes of the page's file.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from emulator import seed
from tests.az.client import TIMEOUT, Az
from tests.support.world import ROOT

PAGE = ROOT / "docs/beside-bicep-and-terraform.md"
INSTANCE = "Microsoft.DigitalTwins/digitalTwinsInstances"
COMPILED = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "metadata": {"_generator": {"name": "bicep", "version": "0.30.23.60470", "templateHash": "1"}},
    "resources": [
        {
            "type": INSTANCE,
            "apiVersion": "2023-01-31",
            "name": "factory-north",
            "location": "[resourceGroup().location]",
            "tags": {"team": "factory"},
            "identity": {"type": "SystemAssigned"},
            "properties": {"publicNetworkAccess": "Enabled"},
        }
    ],
}
"""What `bicep build` makes of `main.bicep`."""
COMPILER = f"""#!{sys.executable}
import pathlib, sys
here = pathlib.Path(__file__).parent
print("Bicep CLI version 0.30.23" if "--version" in sys.argv else (here / "compiled.json").read_text())
"""


def by_bicep(az: Az) -> None:
    """Docs/beside-bicep-and-terraform.md: group create, deployment group create; deploy.py adopts; once more."""
    text = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"<!-- az: begin -->\n```bash\n(.*?)```", text, re.DOTALL)
    (bicep,) = re.findall(r"```bicep\n(.*?)```", text, re.DOTALL)
    assert all(f"'{literal}'" in bicep for literal in ("factory-north", "factory", "SystemAssigned", "Enabled"))
    az("account", "set", "--subscription", seed.REGISTERED_SUBSCRIPTION)
    with tempfile.TemporaryDirectory(prefix="beside-") as name:
        folder = Path(name)
        (folder / "main.bicep").write_text(bicep)
        (folder / "compiled.json").write_text(json.dumps(COMPILED))
        (folder / "bicep").write_text(COMPILER)
        (folder / "bicep").chmod(0o755)
        commands = (f"cd {folder}", f"export PATH={folder}:$PATH AZURE_BICEP_USE_BINARY_FROM_PATH=true", block)
        az.script(*commands)
        where = ("--resource-group", "factory-twins", "--resource-type", INSTANCE, "--name", "factory-north")
        created = az("resource", "show", *where)
        assert created["properties"]["provisioningState"] == "Succeeded"
        adopted = _deploy(az, folder)
        changed = {step["step"] for step in adopted["steps"] if step["changes"]}
        assert changed == {"role"}, changed
        az.script(*commands)  # Bicep's next run has nothing to undo
        now = az("resource", "show", *where)
        assert [now[part] for part in ("id", "tags", "identity")] == [
            created[part] for part in ("id", "tags", "identity")
        ]
        assert not [step for step in _deploy(az, folder)["steps"] if step["changes"]]
        az.script(*commands[:2], f"{block.splitlines()[-1]} --what-if", code=1)
        az("group", "delete", "--name", "factory-twins", "--yes")


def _deploy(az: Az, folder: Path) -> Any:
    """Run deploy.py for that instance, and return its document."""
    where = ("--subscription", seed.REGISTERED_SUBSCRIPTION, "--resource-group", "factory-twins")
    names = (*where, "--instance", "factory-north", "--no-app")
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy.py"), *names, "--yes", "--output", "json"],
        cwd=folder, env={**os.environ, **az.azure.env}, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-1500:]
    return json.loads(done.stdout)


CHECKS = (by_bicep,)
