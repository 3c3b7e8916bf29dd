"""What surrounds a run: proxies, trusted certificates, encodings, pasted values, and folders that can't be written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.azure import writes
from tests.support.documents import errors
from tests.support.tool import SUBSCRIPTION, Tool
from tests.support.world import Emulator

PASSWORD = "Winter26"
NARROW: list[dict[str, str | None]] = [
    {"PYTHONIOENCODING": "cp1252"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]
"""Environments in which output isn't UTF-8."""


def both(name: str, value: str) -> dict[str, str]:
    """The variable as libraries look for it."""
    return {name.lower(): value, name.upper(): value}


def kept(tool: Tool) -> str:
    """Everything that the tool left in files."""
    return "".join(file.read_text(errors="replace") for file in tool.folder.rglob("*") if file.is_file())


def test_one_reading_of_the_environment_for_every_service(azure: Emulator, deployed: Tool) -> None:
    """A proxy without a scheme and with credentials, exceptions with IPv6 and networks, one bundle, pasted values."""
    host = azure.ready["proxy"].removeprefix("http://")
    bundle = deployed.extra.get("SSL_CERT_FILE") or azure.ready["caBundle"]
    deployed.extra.update(
        both("https_proxy", f"corp\\jane:{PASSWORD}@{host}")
        | both("no_proxy", "localhost,127.0.0.1,::1,[fd00::1]:443,10.0.0.0/8,fd00::/8")
        | both("all_proxy", "socks5://127.0.0.1:9")
        | {"CURL_CA_BUNDLE": f'"{bundle}"\r', "ADT_SUBSCRIPTION": f"{SUBSCRIPTION}\r"}
        | {"SSLKEYLOGFILE": "/nowhere/keys.log"}
    )
    deployed.extra.update(dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")))
    azure.control("DELETE", "/requests")
    done = deployed.run("verify", "--output", "json")
    assert done.code == 0, done.text
    met = {entry["host"].partition(":")[0] for entry in azure.requests()["log"]}
    assert {"management.azure.com", "graph.microsoft.com"} <= met
    assert [name for name in met if name.endswith(".digitaltwins.azure.net")]
    assert "SSLKEYLOGFILE" in done.stderr
    assert PASSWORD not in done.text + kept(deployed)


@pytest.mark.parametrize(
    "variables",
    [
        both("https_proxy", f"socks5://jane:{PASSWORD}@127.0.0.1:9"),
        both("https_proxy", "") | both("all_proxy", "socks5h://127.0.0.1:9"),
        both("https_proxy", f"http://jane:{PASSWORD}@contoso/proxy.pac"),
        both("https_proxy", f"http://jane:{PASSWORD}@proxy:port"),
        {"REQUESTS_CA_BUNDLE": "/nowhere.pem"},
        {"SSL_CERT_FILE": __file__},
    ],
    ids=["socks", "all", "pac", "port", "no file", "no bundle"],
)
def test_what_cannot_be_used_is_named_before_the_first_request(
    azure: Emulator, tool: Tool, variables: dict[str, str]
) -> None:
    tool.extra.update(variables)
    done = tool.deploy("--output", "json")
    assert done.code == done.document["exit_code"] == 2, done.text
    assert [name for name in variables if name in done.document["error"]["what"]]
    assert azure.requests()["total"] == 0
    assert not tool.state_file.exists()
    assert PASSWORD not in done.text + kept(tool)


def test_a_proxy_that_does_not_answer_is_told_without_its_password(tool: Tool) -> None:
    tool.extra.update(both("https_proxy", f"jane:{PASSWORD}@127.0.0.1:9"))
    done = tool.run("plan", "--yes", "--verbose", "--output", "json")
    assert done.code == 1, done.text
    assert PASSWORD not in done.text + kept(tool)
    assert "Traceback" not in done.text


@pytest.mark.parametrize("environment", NARROW, ids=["cp1252", "C"])
def test_output_that_is_not_utf_8(azure: Emulator, deployed: Tool, environment: dict[str, str | None]) -> None:
    """Each outcome stays what it is: that of a refusal, of a table, of bad arguments, and JSON."""
    full = {"error": {"code": "RoleAssignmentLimitExceeded", "message": "As many as may be: \u2717 \u6771\u4eac."}}
    azure.document("roleAssignment", deployed.state["steps"]["role"]["produced"]["role_assignment_id"], None)
    azure.faults({"method": "PUT", "path": "/roleAssignments/", "nth": "every", "do": "status:400", "body": full})
    deployed.extra.update(environment)
    failed = deployed.run("--yes")
    assert failed.code == 1, failed.text
    assert "RoleAssignmentLimitExceeded" in failed.text
    assert "Traceback" not in failed.text
    assert r"\u2717" not in failed.text
    assert r"\u6771" in failed.text
    told = deployed.run("--yes", "--output", "json")
    assert [error["code"] for error in errors(told.document)] == ["RoleAssignmentLimitExceeded"]
    codes = {
        command: deployed.run(*command.split()).code
        for command in (
            "status",
            "outputs --format env",
            "--nope=\u2713",
            "--help",
            "emulate --sign-in \u2713",
        )
    }
    assert codes == dict(zip(codes, (0, 0, 2, 0, 2), strict=True))


def test_folders_of_a_person_that_are_not_there(deployed: Tool) -> None:
    deployed.extra.update({"HOME": "/nowhere", "TMPDIR": "/nowhere", "XDG_CACHE_HOME": "/nowhere"})
    done = deployed.run("plan", "--yes", "--subscription", f' "{SUBSCRIPTION}"', "--output", "json")
    assert done.code == 0, done.text
    assert "Traceback" not in done.text


@pytest.mark.parametrize(("state", "code"), [("Warning", 0), ("Moving", 1)])
def test_a_state_of_the_instance_that_nobody_waits_for(azure: Emulator, deployed: Tool, state: str, code: int) -> None:
    (instance,) = azure.inventory(volatile=True)["digitalTwinsInstances"]
    stored = [(key, json.loads(body)) for kind, key, body in azure.keep() if kind == "digitalTwinsInstance"]
    ((key, body),) = stored
    assert body["id"] == instance["id"]
    body["properties"]["provisioningState"] = state
    azure.document("digitalTwinsInstance", key, body)
    done = deployed.run("--yes", "--output", "json", seconds=60)
    assert done.code == code, done.text
    found: list[Any] = [error["code"] for error in errors(done.document)]
    assert found == ([state] if code else [])
    assert writes(azure) == []
