"""Inputs: where they come from, which one wins, what is missing, and what can't be right."""

from __future__ import annotations

import pytest

from cli.inputs import INPUTS
from state.document import Inputs
from tests.tool import SUBSCRIPTION, Tool
from tests.world import Emulator

PLAN = ("plan", "--yes", "--subscription", SUBSCRIPTION)


def planned_instance(tool: Tool, *arguments: str) -> str:
    document = tool.run("plan", "--yes", "--output", "json", *arguments).document
    title: str = document["steps"][1]["changes"][-1]["title"]
    return title


def test_flag_beats_environment_beats_settings_file_beats_default(tool: Tool) -> None:
    settings = tool.folder / "settings.toml"
    settings.write_text(f'subscription = "{SUBSCRIPTION}"\ninstance = "from-file"\nlocation = "West Europe"\n')
    config = ("--config", str(settings))
    assert planned_instance(tool, *config) == "create instance from-file in westeurope"
    tool.extra["ADT_INSTANCE"] = "from-environment"
    assert planned_instance(tool, *config) == "create instance from-environment in westeurope"
    assert planned_instance(tool, *config, "--instance", "from-flag") == "create instance from-flag in westeurope"
    tool.extra["AZURE_SUBSCRIPTION_ID"] = "ignored, as ours comes first"
    tool.extra["ADT_SUBSCRIPTION"] = SUBSCRIPTION
    assert planned_instance(tool) == "create instance from-environment in westus2"


def test_azures_own_variables_count_too(tool: Tool) -> None:
    tool.extra["AZURE_SUBSCRIPTION_ID"] = SUBSCRIPTION
    assert planned_instance(tool) == "create instance adt-0fd74108 in westus2"


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
    assert "Contoso Production" in done.stderr
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
    ("arguments", "said"),
    [
        (["--bogus"], "No such option"),
        (["--instance", "a"], "3 to 63"),
        (["--instance", "-twins"], "hyphen"),
        (["--instance", "under_score"], "letters, digits and hyphens"),
        (["--instance", "x" * 64], "3 to 63"),
        (["--instance", "my-microsoft-twins"], "MICROSOFT"),
        (["--instance", "azure"], "reserves"),
        (["--resource-group", "ends."], "period"),
        (["--resource-group", "sp ace"], "1 to 90"),
        (["--location", "mars!"], "not a region"),
        (["--location", "marsnorth"], "does not offer"),
        (["--location", "francecentral"], "does not offer"),
        (["--subscription", "Nobody's"], "not visible"),
        (["--subscription", "00000000-0000-4000-8000-00000000dead"], "not visible"),
        (["--reply-url", "http://contoso.example"], "localhost"),
        (["--reply-url", "localhost"], "absolute URL"),
        (["--reply-url", "https://contoso.example/#top"], "fragment"),
        (["--reply-url", "https://*.contoso.example"], "wildcard"),
        (["--assignee", "nobody@contoso.com"], "Nobody called"),
        (["--assignee", "00000000-0000-4000-8000-00000000dead"], "Nobody called"),
        (["--role", "Azure Digital Twins Data Ower"], "no role"),
        (["--app-name", " "], "1 to 256"),
        (["--instance", "contoso-twins"], "unique per region"),
        (["--config", "missing.toml"], "can't be read"),
        (["--arm-endpoint", "http://management.contoso.example"], "https"),
        (["--output", "yaml"], "yaml"),
    ],
    ids=lambda value: value[-1][:40] if isinstance(value, list) else None,
)
def test_bad_input_is_one_clear_message_and_exit_2(tool: Tool, arguments: list[str], said: str) -> None:
    done = tool.run(*PLAN, *arguments)
    assert done.code == 2, done.text
    assert said in done.stderr
    assert "Traceback" not in done.text
    assert not tool.state_file.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('resource-group = "x"', "Did you mean resource_group?"),
        ('instnace = "x"', "Did you mean instance?"),
        ('zzz = "x"', "It knows: subscription"),
        ("no_app = 1", "true or false"),
        ("instance = 5", "text in quotes"),
        ('instance = "a"', "from settings.toml"),
        ("instance =", "not TOML"),
    ],
)
def test_a_settings_file_with_a_mistake(tool: Tool, content: str, said: str) -> None:
    (tool.folder / "settings.toml").write_text(content)
    done = tool.run(*PLAN, "--config", "settings.toml")
    assert done.code == 2, done.text
    assert said in done.stderr


def test_bad_input_as_json_is_a_document_too(tool: Tool) -> None:
    done = tool.run(*PLAN, "--instance", "contoso-twins", "--output", "json")
    assert done.code == done.document["exit_code"] == 2
    assert "contoso-twins" in done.document["error"]["what"]


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
        ("a9000000-0000-4000-8000-000000000001", "Group", "Twin Engineers"),
        ("b2000000-0000-4000-8000-000000000002", "ServicePrincipal", "contributor-sp"),
        ("b0000000-0000-4000-8000-000000000002", "ServicePrincipal", "contributor-sp"),
        ("b1000000-0000-4000-8000-000000000002", "ServicePrincipal", "contributor-sp"),
    ],
)
def test_an_assignee_by_any_of_its_names(tool: Tool, who: str, kind: str, label: str) -> None:
    document = tool.run(*PLAN, "--assignee", who, "--output", "json").document
    (change,) = document["steps"][2]["changes"]
    assert f"to {label}" in change["title"]
    assert change["title"].endswith(f"({kind})")


def test_another_role_by_name_or_id(tool: Tool) -> None:
    for role in ("azure digital twins data reader", "d57506d4-4c8d-48b1-8587-93c323f6a5a3"):
        document = tool.run(*PLAN, "--role", role, "--output", "json").document
        assert "assign Azure Digital Twins Data Reader" in document["steps"][2]["changes"][0]["title"]
    document = tool.run(*PLAN, "--role", "Reader", "--output", "json").document
    assert "assign Reader to" in document["steps"][2]["changes"][0]["title"]


def test_the_state_file_has_a_place_for_every_input() -> None:
    kept = {one.name for one in INPUTS if one.kept}
    assert kept == set(Inputs.model_fields)
