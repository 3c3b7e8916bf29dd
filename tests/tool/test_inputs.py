"""Inputs: where they come from, which one wins, what is missing, and what can't be right."""

from __future__ import annotations

import pytest

from tests.support.documents import errors, names, titles
from tests.support.tool import INSTANCE, SUBSCRIPTION, Tool
from tests.support.world import Emulator

PLAN = ("plan", "--yes", "--subscription", SUBSCRIPTION)


def is_planned(tool: Tool, name: str, region: str, *arguments: str) -> bool:
    """Whether an instance of this name is planned in this region."""
    document = tool.run("plan", "--yes", "--output", "json", *arguments).document
    return {name, region} <= {*titles(document, "instance")[-1]}


def test_flag_beats_environment_beats_settings_file_beats_default(tool: Tool) -> None:
    settings = tool.folder / "settings.toml"
    settings.write_text(f'subscription = "{SUBSCRIPTION}"\ninstance = "from-file"\nlocation = "West Europe"\n')
    config = ("--config", str(settings))
    assert is_planned(tool, "from-file", "westeurope", *config)
    tool.extra["ADT_INSTANCE"] = "from-environment"
    assert is_planned(tool, "from-environment", "westeurope", *config)
    assert is_planned(tool, "from-flag", "westeurope", *config, "--instance", "from-flag")
    tool.extra["AZURE_SUBSCRIPTION_ID"] = "ignored, as ours comes first"
    tool.extra["ADT_SUBSCRIPTION"] = SUBSCRIPTION
    assert is_planned(tool, "from-environment", "westus2")


def test_the_settings_file_of_the_current_folder(tool: Tool) -> None:
    settings = tool.folder / "deploy.toml"
    settings.write_text(f'subscription = "{SUBSCRIPTION}"\ninstance = "from-folder"\n')
    tool.extra.update(ADT_LOCATON="westeurope", ADT_OUTPUT="json", ADT_STATE="other.json")
    found = tool.run("--yes", "plan")
    assert "from-folder" in titles(found.document, "instance")[-1], found.text
    assert "deploy.toml" in found.stderr
    (warning,) = found.document["warnings"]
    assert "ADT_LOCATION" in warning
    (tool.folder / "named.toml").write_text(f'subscription = "{SUBSCRIPTION}"\ninstance = "named"\n')
    tool.extra["ADT_CONFIG"] = "named.toml"
    assert "named" in titles(tool.run("plan", "--yes").document, "instance")[-1]
    left = tool.run("plan", "--yes", "--no-config", "--subscription", SUBSCRIPTION).document
    assert INSTANCE in titles(left, "instance")[-1]
    del tool.extra["ADT_CONFIG"]
    settings.write_text('name = "of another program"\n')
    refused = tool.run("plan", "--yes").document
    assert refused["exit_code"] == 2
    assert "--no-config" in refused["error"]["next"]
    settings.unlink()
    settings.symlink_to("nowhere.toml")
    assert tool.run("plan", "--yes").document["exit_code"] == 2
    settings.unlink()
    settings.mkdir()
    assert tool.run("plan", "--yes").document["exit_code"] == 2
    status = tool.run("status").document
    assert status["deployment"] is None


def test_settings_say_that_they_take_the_file_of_the_current_folder(tool: Tool) -> None:
    (tool.folder / "deploy.toml").write_text('instance = "from-folder"\n')
    done = tool.run("settings", "-", "--location", "westus2")
    assert (done.code, '"from-folder"' in done.stdout, "deploy.toml" in done.stderr) == (0, True, True), done.text


def test_azures_own_variables_count_too(tool: Tool) -> None:
    tool.extra["AZURE_SUBSCRIPTION_ID"] = SUBSCRIPTION
    assert is_planned(tool, INSTANCE, "westus2")


def test_the_state_file_remembers_what_was_chosen(tool: Tool) -> None:
    assert tool.deploy("--instance", "chosen-1", "--reply-url", "https://contoso.example/signin").code == 0
    again = tool.run("plan", "--yes", "--output", "json").document
    assert [step["changes"] for step in again["steps"]] == [[], [], [], [], []]


def test_all_missing_inputs_are_listed_at_once_before_any_write(azure: Emulator, tool: Tool) -> None:
    before = azure.inventory(volatile=True)
    done = tool.run()
    assert done.code == 2
    for flag in ("--subscription", "--resource-group", "--location", "--instance"):
        assert flag in done.stderr
    assert SUBSCRIPTION in done.stderr  # one of those to choose from
    assert azure.inventory(volatile=True) == before
    assert not tool.state_file.exists()

    done = tool.run("--subscription", SUBSCRIPTION, "--location", "westus2")
    assert done.code == 2
    assert "--resource-group" in done.stderr
    assert "--instance" in done.stderr
    assert "--location" not in done.stderr

    done = tool.run("--yes")
    assert done.code == 2
    assert "--subscription" in done.stderr
    assert "--instance" not in done.stderr


def test_with_everything_given_nothing_is_asked_even_without_yes(tool: Tool) -> None:
    done = tool.run(
        "--subscription", "contoso production", "--resource-group", "g", "--location", "West US 2", "--instance", "x-1"
    )  # fmt: skip
    assert done.code == 0, done.text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--bogus"],
        ["--instance", "a"],
        ["--instance", "-twins"],
        ["--instance", "under_score"],
        ["--instance", "x" * 64],
        ["--instance", "my-microsoft-twins"],
        ["--instance", "azure"],
        ["--resource-group", "ends."],
        ["--resource-group", "sp ace"],
        ["--location", "mars!"],
        ["--location", "marsnorth"],
        ["--location", "francecentral"],
        ["--subscription", "Nobody's"],
        ["--subscription", "00000000-0000-4000-8000-00000000dead"],
        ["--reply-url", "http://contoso.example"],
        ["--reply-url", "localhost"],
        ["--reply-url", "https://contoso.example/#top"],
        ["--reply-url", "https://*.contoso.example"],
        ["--assignee", "nobody@contoso.com"],
        ["--assignee", "00000000-0000-4000-8000-00000000dead"],
        ["--role", "Azure Digital Twins Data Ower"],
        ["--app-name", " "],
        ["--instance", "contoso-twins"],
        ["--config", "missing.toml"],
        ["--arm-endpoint", "http://management.contoso.example"],
        ["--output", "yaml"],
    ],
    ids=lambda value: value[-1][:40] if isinstance(value, list) else None,
)
def test_bad_input_is_one_clear_message_and_exit_2(tool: Tool, arguments: list[str]) -> None:
    """It names the flag or its value."""
    done = tool.run(*PLAN, *arguments)
    assert done.code == 2, done.text
    assert any(part.strip() in done.text for part in arguments)
    assert "Traceback" not in done.text
    assert not tool.state_file.exists()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('resource-group = "x"', "resource_group"),
        ('instnace = "x"', "instance"),
        ('zzz = "x"', "subscription"),
        ("no_app = 1", "no_app"),
        ("instance = 5", "instance"),
        ('instance = "a"', "settings.toml"),
        ("instance =", "settings.toml"),
    ],
)
def test_a_settings_file_with_a_mistake(tool: Tool, content: str, named: str) -> None:
    (tool.folder / "settings.toml").write_text(content)
    done = tool.run(*PLAN, "--config", "settings.toml")
    assert done.code == 2, done.text
    assert named in done.stderr


def test_bad_input_as_json_is_a_document_too(tool: Tool) -> None:
    done = tool.run(*PLAN, "--instance", "contoso-twins", "--output", "json")
    assert done.code == done.document["exit_code"] == 2
    assert names([error["what"] for error in errors(done.document)], "contoso-twins")


def test_bad_input_found_late_writes_nothing(azure: Emulator, tool: Tool) -> None:
    before = azure.inventory(volatile=True)
    done = tool.deploy("--instance", "contoso-twins")
    assert done.code == 2
    assert azure.inventory(volatile=True) == before
    assert not tool.state_file.exists()


@pytest.mark.parametrize(
    ("who", "kind", "label"),
    [
        ("rita@contoso.onmicrosoft.com", "User", "rita@"),
        ("rita@contoso.com", "User", "rita@"),
        ("gustav@fabrikam.com", "User", "gustav_fabrikam.com#EXT#"),
        ("a0000000-0000-4000-8000-000000000003", "User", "rita@"),
        ("a9000000-0000-4000-8000-000000000001", "Group", "Engineers"),
        ("b2000000-0000-4000-8000-000000000002", "ServicePrincipal", "contributor-sp"),
        ("b0000000-0000-4000-8000-000000000002", "ServicePrincipal", "contributor-sp"),
        ("b1000000-0000-4000-8000-000000000002", "ServicePrincipal", "contributor-sp"),
    ],
)
def test_an_assignee_by_any_of_its_names(tool: Tool, who: str, kind: str, label: str) -> None:
    document = tool.run(*PLAN, "--assignee", who, "--output", "json").document
    (change,) = document["steps"][2]["changes"]
    assert label in change["title"]
    assert f"({kind})" in change["title"]


def test_another_role_by_name_or_id(tool: Tool) -> None:
    data_reader, custom = "Azure Digital Twins Data Reader", "Contoso Twins without Models"
    roles = {"azure digital twins data reader": data_reader, "d57506d4-4c8d-48b1-8587-93c323f6a5a3": data_reader}
    for role, name in {**roles, "reader": data_reader, custom: custom}.items():
        document = tool.run(*PLAN, "--role", role, "--output", "json").document
        (change,) = document["steps"][2]["changes"]
        assert name in change["title"]
        assert (data_reader in change["title"]) == (name == data_reader)
