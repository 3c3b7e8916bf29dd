"""Microsoft's live tests of the Digital Twins SDKs, as their source distributions have them, and a test kit of ours."""

from __future__ import annotations

import os
import subprocess
import tarfile
import uuid
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from emulator import seed
from tests.clients.score import Score
from tests.clients.settings import HOME, LATENCY, REQUIREMENTS
from tests.support import installations
from tests.support.arm import DATA_OWNER, HOST, Arm
from tests.support.world import Emulator

KIT = Path(__file__).parent / "kit"
TIMEOUT = 600.0
"""Seconds that a run of pytest may take."""


def core(folder: Path, score: Score) -> None:
    """Run the tests of azure-digitaltwins-core: 172, and 4 that Microsoft skips."""
    _run(folder, score, "azure_digitaltwins_core-1.3.0")


def mgmt(folder: Path, score: Score) -> None:
    """Run the tests of azure-mgmt-digitaltwins: 9."""
    _run(folder, score, "azure_mgmt_digitaltwins-7.0.0")


def _run(folder: Path, score: Score, name: str) -> None:
    scripts = installations.python(HOME / "microsoft", REQUIREMENTS / "microsoft.txt")
    with tarfile.open(_source(scripts, name)) as archive:
        archive.extractall(folder, filter="data")
        published = {
            member.name: content.read()
            for member in archive.getmembers()
            if "/tests/" in member.name and (content := archive.extractfile(member))
        }
    with Emulator(folder / "azure", "--latency", LATENCY) as azure:
        Arm(azure).instance()
        assert Arm(azure).assign(str(uuid.uuid4()), DATA_OWNER, seed.USERS["owner"].object_id).status == 201
        report = folder / "report.xml"
        command = [str(scripts / "python"), "-m", "pytest", "tests", "-q", "-p", "devtools_testutils.fixtures"]
        command += ["-p", "no:cacheprovider", f"--junitxml={report}"]
        settings = {"PYTHONPATH": str(KIT), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
        settings |= {"AZURE_SUBSCRIPTION_ID": seed.REGISTERED_SUBSCRIPTION, "AZURE_DIGITALTWINS_URL": f"https://{HOST}"}
        done = subprocess.run(
            command,
            cwd=folder / name,
            env=azure.env | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    if not report.exists():
        score.count(f"pytest of {name}", (done.stdout + done.stderr)[-1500:])
        return
    for case in ElementTree.parse(report).iter("testcase"):
        title = f"{case.get('classname', '').rpartition('.')[2]}.{case.get('name')}"
        if case.find("skipped") is not None:
            print(f"skipped {title}", flush=True)
            continue
        failure = next((found for tag in ("failure", "error") if (found := case.find(tag)) is not None), None)
        score.count(title, None if failure is None else str(failure.get("message")), float(case.get("time", 0)))
    changed = [path for path, content in published.items() if (folder / path).read_bytes() != content]
    assert not changed, f"These ran otherwise than they were published: {changed}"


def _source(scripts: Path, name: str) -> Path:
    """Return the source distribution, downloaded if it isn't there; pip compares its hash."""
    sources = HOME / "sources"
    if not (sources / f"{name}.tar.gz").exists():
        command = [str(scripts / "python"), "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--dest", str(sources)]
        command += ["--require-hashes", "-r", str(REQUIREMENTS / "sources.txt")]
        subprocess.run(command, check=True, timeout=TIMEOUT, env=os.environ)
    return sources / f"{name}.tar.gz"
