"""What a person at a terminal is asked, and is not asked."""

from __future__ import annotations

from emulator import regions, seed
from tests.support.screen import DOWN, ENTER, ESCAPE, UP, Screen
from tests.support.tool import GROUP, HOST, INSTANCE, SUBSCRIPTION, Tool
from tests.support.world import ARM, Emulator

SANDBOX = seed.UNREGISTERED_SUBSCRIPTION
NAMES = ("--resource-group", GROUP, "--location", "westus2", "--instance", INSTANCE)
TAKEN = seed.TAKEN_INSTANCE[1]


def run(tool: Tool, *arguments: str, rows: int = 50, columns: int = 160) -> Screen:
    return Screen(tool.terminal(*arguments, rows=rows, columns=columns))


def writes(azure: Emulator) -> list[str]:
    return [entry["path"] for entry in azure.requests()["log"] if entry["method"] in ("PUT", "PATCH", "DELETE")]


def test_everything_is_asked_with_what_is_there_as_choices(azure: Emulator, tool: Tool) -> None:
    with run(tool, "--suggest-subscription", SUBSCRIPTION) as screen:
        screen.wait("? Subscription")
        screen.wait("Contoso Sandbox")
        assert screen.lines[:2] == [
            "Signed in as  olivia@contoso.onmicrosoft.com, by Cloud Shell",
            f"Tenant        {seed.TENANT}",
        ]
        assert f" » Contoso Production  ({SUBSCRIPTION})" in screen.lines
        assert f"   Contoso Sandbox  ({SANDBOX})" in screen.lines
        screen.answer("Subscription")
        screen.wait(f"Subscription  Contoso Production ({SUBSCRIPTION})")

        screen.wait("? Resource group")
        screen.wait("shared-services  (in northeurope)")
        assert " » a new one" in screen.lines
        screen.answer("Resource group")
        screen.answer(f"Name of the new resource group {GROUP}", f"{GROUP}-2")

        screen.wait("? Region")
        screen.wait("West US 3")
        offered = {f"{region.display_name}  ({region.name})" for region in regions.with_digital_twins()}
        shown = [line for line in screen.lines if line.startswith(("   ", " » "))]
        assert {line[3:] for line in shown} == offered
        assert " » West US 2  (westus2)" in shown
        screen.answer("Region", UP)

        screen.answer(f"Name of the Digital Twins instance {INSTANCE}", f"{INSTANCE}-2")
        screen.answer(f"Name of the app registration {INSTANCE}-2-app")

        screen.wait("? Proceed?")
        plan = screen.text.partition("1 Resource group\n")[2]
        assert f"+ create resource group {GROUP}-2 in westeurope" in plan
        assert f"+ create instance {INSTANCE}-2 in westeurope" in plan
        assert f"+ register application {INSTANCE}-2-app" in plan
        assert writes(azure) == []
        screen.answer("Proceed?", "y")
        assert screen.end() == 0
        assert "Deployment completed successfully" in screen.lines
        assert f"  host_name        {INSTANCE}-2.api.weu.digitaltwins.azure.net" in screen.lines
    assert tool.state["inputs"]["resource_group"] == f"{GROUP}-2"
    assert tool.state["inputs"]["location"] == "westeurope"


def test_a_key_pressed_too_early_confirms_nothing(azure: Emulator, tool: Tool) -> None:
    given = ("--subscription", SUBSCRIPTION, *NAMES[:4], "--no-app")
    with run(tool, *given) as screen:
        screen.wait(f"? Name of the Digital Twins instance {INSTANCE}")
        screen.child.send(ENTER + ENTER)
        screen.wait("? Proceed?")
        screen.child.send("n")
        assert screen.end() == 1
    assert writes(azure) == []


def test_what_is_given_is_not_asked(tool: Tool) -> None:
    with run(tool, "plan", "--subscription", SUBSCRIPTION, "--resource-group", GROUP, "--no-app") as screen:
        screen.answer("Region", "nowhere")  # in vain: it is still asked
        screen.wait("nothing matches")
        screen.child.send(ESCAPE + "korea" + ENTER)  # typing narrows the choices down
        screen.wait(f"Name of the Digital Twins instance {INSTANCE}")
        screen.child.send(ESCAPE + "fresh" + ENTER)  # in the default's place, and Esc takes no key with it
        assert screen.end() == 0
        assert "+ create instance fresh in koreacentral" in screen.text
        assert asked(screen) == ["Region Korea Central", "Name of the Digital Twins instance fresh"]


def test_plan_asks_the_same_but_never_whether_to_proceed(azure: Emulator, tool: Tool) -> None:
    with run(tool, "plan") as screen:
        screen.answer("Subscription", DOWN)
        screen.wait(f"Subscription  Contoso Sandbox ({SANDBOX})")
        screen.answer("Name of the new resource group")  # there is no group to choose from
        screen.answer("Region")
        screen.answer("Name of the Digital Twins instance")
        screen.answer("Name of the app registration")
        assert screen.end() == 0
        assert "+ register the provider Microsoft.DigitalTwins" in screen.text
        assert "Proceed?" not in screen.text
    assert writes(azure) == []
    assert list(tool.folder.iterdir()) == []


def test_an_instance_name_is_checked_when_it_is_given(azure: Emulator, tool: Tool) -> None:
    given = ("--subscription", SUBSCRIPTION, "--resource-group", GROUP, "--location", seed.TAKEN_INSTANCE[0])
    taken = f"The name '{TAKEN}' is already in use"
    with run(tool, *given) as screen:
        screen.wait(f"? Name of the Digital Twins instance {INSTANCE}")
        screen.retype("a_" + ENTER)
        screen.wait("✗ 3 to 63 letters, digits and hyphens; no hyphen at either end.\n? Name of the Digital Twins")
        screen.retype(TAKEN + ENTER)
        screen.wait(f"✗ {taken}")
        screen.retype("my-own" + ENTER)
        screen.wait("? Name of the app registration my-own-app")
        assert len([entry for entry in azure.requests()["log"] if "checkName" in entry["path"]]) == 2


def test_a_notice_does_not_spoil_the_question(azure: Emulator, tool: Tool) -> None:
    azure.faults({"path": "checkNameAvailability", "do": "status:429", "headers": {"Retry-After": "0"}})
    with run(tool, "--subscription", SUBSCRIPTION, "--resource-group", GROUP, "--location", "westus2") as screen:
        screen.wait(f"? Name of the Digital Twins instance {INSTANCE}")
        screen.retype("my-own" + ENTER)
        screen.wait("? Name of the app registration my-own-app")
        assert "  Azure is throttling; trying again" in screen.lines
        assert "? Name of the Digital Twins instance my-own" in screen.lines


def test_an_instance_that_is_ours_already_is_accepted(tool: Tool) -> None:
    assert tool.deploy("--no-app").code == 0
    tool.state_file.unlink()
    with run(tool, "--subscription", SUBSCRIPTION, "--location", "westus2") as screen:
        screen.wait("? Resource group")
        screen.wait(f" » {GROUP}  (in westus2)")  # the default is one of the choices now
        screen.answer("Resource group")
        screen.answer(f"Name of the Digital Twins instance {INSTANCE}")
        screen.answer("Name of the app registration")
        screen.wait("? Proceed?")
        assert f"no change: instance {INSTANCE} exists" in screen.text


def test_with_a_state_file_only_changes_are_asked_about(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy("--no-app").code == 0
    azure.document("roleAssignment", tool.state["steps"]["role"]["produced"]["role_assignment_id"], None)
    with run(tool) as screen:
        screen.answer("Proceed?")
        assert screen.end() == 0
        assert asked(screen) == ["Proceed? Yes"]
        assert "✓ 3 Data-plane role        done" in screen.text
    with run(tool) as screen:
        assert screen.end() == 0
        assert asked(screen) == []
        assert "· no change: 1 Resource group, 2 Digital Twins instance, 3 Data-plane role" in screen.text
        assert "Deployment completed successfully" in screen.lines


def test_yes_asks_nothing_and_no_link_is_broken(azure: Emulator, tool: Tool) -> None:
    with run(tool, "--yes", "--subscription", SUBSCRIPTION, rows=24, columns=60) as screen:
        assert screen.end() == 0
        assert asked(screen) == []
        assert max(screen.text.count(f"✓ {number} ") for number in range(1, 5)) == 1  # one table, changed in place
    (app,) = [app for app in azure.inventory(volatile=True)["applications"] if app["displayName"] == f"{INSTANCE}-app"]
    consent = f"https://login.microsoftonline.com/{seed.TENANT}/v2.0/adminconsent?client_id={app['appId']}&scope="
    assert consent in screen.received
    assert f"https://explorer.digitaltwins.azure.net/?tid={seed.TENANT}&eid={HOST}" in screen.received


def test_non_interactive_asks_nothing_and_lists_all_that_is_missing(azure: Emulator, tool: Tool) -> None:
    with run(tool, "--non-interactive") as screen:
        assert screen.end() == 2
        assert asked(screen) == []
        for wanted in ("--subscription", "--resource-group", "--location", "--instance", SANDBOX):
            assert wanted in screen.text
    assert writes(azure) == []


def test_the_only_usable_subscription_is_not_asked_for(azure: Emulator, tool: Tool) -> None:
    disable(azure, SANDBOX)
    with run(tool, *NAMES) as screen:
        screen.wait("? Proceed?")
        assert f"Subscription  Contoso Production ({SUBSCRIPTION})" in screen.lines
        assert asked(screen) == ["Proceed? (Y/n)"]


def test_names_from_the_cloud_are_shown_as_text(azure: Emulator, tool: Tool) -> None:
    disable(azure, SANDBOX)
    rename(azure, SUBSCRIPTION, "\x1b[31mred [bold]Contoso")
    identifier = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/odd"
    group = {
        "id": identifier,
        "name": "\x1b]0;title\x07[red]odd",
        "location": "westus2",
        "properties": {"provisioningState": "Succeeded"},
    }
    azure.document("resourceGroup", identifier, group)
    with run(tool) as screen:
        screen.wait(r"\x1b]0;title\x07[red]odd  (in westus2)")
        assert rf"Subscription  \x1b[31mred [bold]Contoso ({SUBSCRIPTION})" in screen.lines
        assert "\x1b[31mred" not in screen.received
        assert "\x1b]0;" not in screen.received


def asked(screen: Screen) -> list[str]:
    """The questions that are on the screen, with their answers."""
    return [line.removeprefix("? ").partition("  (")[0] for line in screen.lines if line.startswith("? ")]


def disable(azure: Emulator, subscription: str) -> None:
    azure.document("subscription", subscription, {**subscription_of(azure, subscription), "state": "Disabled"})


def rename(azure: Emulator, subscription: str, name: str) -> None:
    azure.document("subscription", subscription, {**subscription_of(azure, subscription), "displayName": name})


def subscription_of(azure: Emulator, subscription: str) -> dict[str, object]:
    url = f"{ARM}/subscriptions/{subscription}?api-version=2022-12-01"
    found: dict[str, object] = azure.https("GET", url, token=azure.token()).json()
    return found
