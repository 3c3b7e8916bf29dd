"""What is published of the inputs is what they are: the schema, the example, the guides' table."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from cli.generate_docs import SCHEMA
from cli.sources import BY_NAME, gather
from engine.refusal import Refusal
from steps import INPUTS
from tests.support.world import ROOT

EXAMPLE = ROOT / "docs/settings.example.toml"


def test_the_example_has_everything_on_and_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for one in INPUTS:
        for variable in one.variables:
            monkeypatch.delenv(variable, raising=False)
    content = tomllib.loads(EXAMPLE.read_text())
    jsonschema.validate(content, json.loads(SCHEMA.read_text()))
    given = gather({}, EXAMPLE, {})
    assert set(given) == set(content)
    commented = set(re.findall(r"^# (\w+) = ", EXAMPLE.read_text(), re.MULTILINE))
    assert set(content) | commented == set(BY_NAME)


@pytest.mark.parametrize(
    "wrong",
    [
        'cloud = "moon"', "system_identity = 1", 'unknown = "x"', 'endpoint = [{ name = "a" }]', "tag = { a = 1 }",
        "[deployments.dev]\nunknown = 'x'", "[deployments.dev]\nsystem_identity = 1", "[deployments.a_b]",
        "[deployments]\na = 1",
        '[[route]]\nname = "a"\nendpoint = "b"\nfilters = "c"',
    ],
)  # fmt: skip
def test_the_schema_sees_what_the_tool_refuses(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(wrong), json.loads(SCHEMA.read_text()))
    file = tmp_path / "settings.toml"
    file.write_text(wrong)
    with pytest.raises(Refusal) as refused:
        gather({}, file, {})
    assert refused.value.exit_code == 2


def test_the_schema_takes_several_deployments(tmp_path: Path) -> None:
    content = 'tag = { team = "twins" }\n[deployments.dev]\ncloud = "public"\n[deployments.north-2.tag]\nstage = "x"\n'
    jsonschema.validate(tomllib.loads(content), json.loads(SCHEMA.read_text()))
    file = tmp_path / "settings.toml"
    file.write_text(content)
    assert gather({}, file, {}, deployment="north-2")["tag"].value == {"team": "twins", "stage": "x"}


def test_the_guides_table_names_flags_that_exist() -> None:
    text = (ROOT / "docs/guides.md").read_text()
    right = [row.rpartition(" | ")[2] for row in text.splitlines() if row.startswith("| ")]
    named = {flag for cell in right for flag in re.findall(r"`(--[a-z-]+)", cell)}
    known = {one.flag for one in INPUTS} | {one.opposite for one in INPUTS if one.is_flag}
    assert named
    assert named <= known | {"--state", "--import", "--format"}
