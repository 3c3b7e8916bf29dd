"""The commands of docs/ci.md that make a pipeline's identities, as they stand there, and deploy.py as its jobs."""

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

URL = "https://run-actions.actions.githubusercontent.com/idtoken?subject=repo:contoso/twins"


def identities(az: Az) -> None:
    """Docs/ci.md: ad app create, ad sp create, federated-credential create, role assignment create; then its jobs."""
    (block,) = re.findall(r"<!-- az: begin -->\n```bash\n(.*?)```", (ROOT / "docs/ci.md").read_text(), re.DOTALL)
    az("account", "set", "--subscription", seed.REGISTERED_SUBSCRIPTION)
    with tempfile.TemporaryDirectory(prefix="pipeline-") as name:
        folder = Path(name)
        az.script(f"cd {folder}", block, 'echo "$DEPLOYER $PLANNER" > ids')
        deployer, planner = (folder / "ids").read_text().split()
        planned = _job(az, folder, planner, "pull_request", "plan")
        assert planned["steps"], planned
        assert not (folder / "deploy.state.json").exists()
        deployed = _job(az, folder, deployer, "ref:refs/heads/main", "deploy")
        assert deployed["values"]["host_name"], deployed
        assert _job(az, folder, deployer, "ref:refs/heads/main", "verify")["exit_code"] == 0
        again = _job(az, folder, planner, "pull_request", "plan")  # the planner sees what the deployer made
        assert not [change for step in again["steps"] for change in step["changes"]], again
        _job(az, folder, planner, "ref:refs/heads/main", "plan", code=1)
        _job(az, folder, deployer, "ref:refs/heads/main", "destroy")


def _job(az: Az, folder: Path, client: str, subject: str, command: str, code: int = 0) -> dict[str, Any]:
    """Run a command of deploy.py as a job of GitHub Actions, which has neither az nor a secret."""
    environment = {name: value for name, value in az.azure.env.items() if not name.startswith(("ADT_", "MSI_"))}
    environment |= {
        "PATH": os.defpath, "AZURE_CLIENT_ID": client, "AZURE_TENANT_ID": seed.TENANT, "AZURE_CLIENT_SECRET": "",
        "AZURE_TOKEN_CREDENTIALS": "", "AZURE_SUBSCRIPTION_ID": seed.REGISTERED_SUBSCRIPTION,
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{URL}:{subject}", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy.py"), command, "--yes", "--output", "json"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    assert done.returncode == code, (done.stdout + done.stderr)[-1500:]
    document: dict[str, Any] = json.loads(done.stdout)
    return document


CHECKS = (identities,)
