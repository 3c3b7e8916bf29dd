"""When operations are asked about: as recorded with Azure's own timing, soon with any other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.arm import GROUP, INSTANCE, Arm
from tests.support.world import ROOT, Emulator

IN_GROUP, IN_INSTANCE = "my-group", "my-twins"


def test_with_azures_own_timing_it_is_as_recorded(tmp_path: Path) -> None:
    """Only the first answer about an instance names a time; a group's deletion always does."""
    with Emulator(tmp_path / "azure") as azure:
        Arm(azure).instance()
    with Emulator(tmp_path / "azure", "--latency", "azure") as azure:
        arm = Arm(azure)
        for method, body in (("PUT", {"location": "westus2"}), ("DELETE", None)):
            path = INSTANCE if method == "DELETE" else f"{INSTANCE}-2"
            first = arm(method, path, body)
            status = azure.https("GET", first.headers["Azure-AsyncOperation"], token=arm.token)
            assert status.json()["status"] == "Running"
            assert (first.headers["Retry-After"], status.headers["Retry-After"]) == ("10", None)
        deleted = arm("DELETE", GROUP)
        again = azure.https("GET", deleted.headers["Location"], token=arm.token)
        assert [(one.status, one.headers["Retry-After"]) for one in (deleted, again)] == [(202, "15"), (202, "15")]


def test_a_url_of_an_operation_is_long_and_counts_as_a_whole(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.group()
    headers = arm("PUT", INSTANCE, {"location": "westus2"}).headers
    for url in (headers["Azure-AsyncOperation"], headers["Location"]):
        assert 3000 < len(url) < 4000
        assert azure.https("GET", url.partition("&t=")[0], token=arm.token).status == 403
        assert azure.https("GET", url, token=arm.token).status in (200, 202)


def test_the_result_of_a_change_is_the_resource_and_of_a_deletion_nothing(azure: Emulator) -> None:
    """The JavaScript library asks for it after a PATCH."""
    arm = Arm(azure)
    arm.instance()
    changed = arm("PATCH", INSTANCE, {"tags": {"by": "test"}})
    arm.states(changed.headers["Azure-AsyncOperation"])
    result = azure.https("GET", changed.headers["Location"], token=arm.token)
    assert (result.status, result.json()["tags"]) == (200, {"by": "test"})
    gone = arm("DELETE", INSTANCE)
    arm.states(gone.headers["Azure-AsyncOperation"])
    result = azure.https("GET", gone.headers["Location"], token=arm.token)
    assert (result.status, result.content) == (204, b"")


@pytest.mark.parametrize("latency", ["none", "azure:0.001"])
def test_the_sdks_as_they_are_wait_seconds(tmp_path: Path, latency: str) -> None:
    with Emulator(tmp_path / "azure", "--latency", latency) as azure:
        command = [sys.executable, "-m", "tests.support.programs.default_polling", IN_GROUP, IN_INSTANCE]
        done = subprocess.run(
            command, cwd=ROOT, env=azure.env, capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stderr
    took = json.loads(done.stdout)
    assert took["instance"] <= 5, took
    assert took["group"] <= 3, took
