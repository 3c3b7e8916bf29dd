"""The JavaScript libraries of Azure, and an oracle for DTDL that is published for them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlencode

from emulator import seed
from tests.clients.score import Score
from tests.clients.settings import HOME, LATENCY, REQUIREMENTS
from tests.support import installations
from tests.support.arm import DATA_OWNER
from tests.support.world import Emulator

PROGRAMS = Path(__file__).parent / "programs"
SUBJECT = "repo:contoso/twins:ref:refs/heads/main"
TIMEOUT = 300.0
"""Seconds that a program may take."""


def program(name: str) -> list[str]:
    """Return the command of a program of ours, which lies beside the packages that it imports."""
    home = HOME / "node"
    node = installations.node(home, REQUIREMENTS / "node.txt", REQUIREMENTS / "node")
    shutil.copy(PROGRAMS / name, home)
    return [str(node), str(home / name)]


def javascript(folder: Path, score: Score) -> None:
    """Walk from an empty subscription to twins and back with @azure/* and the Graph client."""
    command = program("walk.mjs")
    with Emulator(folder / "azure", "--latency", LATENCY) as azure:
        token = folder / "token"
        token.write_text(azure.control("GET", f"/oidc/token?{urlencode({'subject': SUBJECT})}")["value"], "utf-8")
        issuer = azure.control("GET", "/oidc/.well-known/openid-configuration")["issuer"]
        given = {
            "tenant": seed.TENANT,
            "subscription": seed.REGISTERED_SUBSCRIPTION,
            "sandbox": seed.UNREGISTERED_SUBSCRIPTION,
            "user": seed.USERS["owner"].object_id,
            "role": DATA_OWNER,
            "federated": {"subject": SUBJECT, "issuer": issuer, "file": str(token)},
            "clientId": azure.ready["clientId"],
            "clientSecret": azure.ready["clientSecret"],
        }
        done = subprocess.run(
            [*command, json.dumps(given)],
            env=azure.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    for line in done.stdout.splitlines():
        check = json.loads(line)
        score.count(check["title"], check["error"], check["seconds"])
    if done.returncode or not done.stdout:
        score.count("the walk's end", done.stderr[-1500:])
