"""What an administrator is sent: a text, and the same script for two shells."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from cli.hand_off_files import Asked, Item, message, portal_link, posix_script, powershell_script
from cloud.role_names import CONSENT, CREATE_APPLICATION, DIRECTORY
from engine.change import Right
from steps.shared.tags import TagChange
from steps.step_01_resource_group.changes import CreateGroup
from steps.step_01_resource_group.step import STEP
from steps.step_05_consent_hints.changes import GrantConsent
from steps.step_05_consent_hints.step import STEP as CONSENT_STEP
from tests.plans.facts import TARGET

ODD = "it's\n`rm -rf` $(x) *bold* <b> | \x1b[31m"
GROUP = CreateGroup(target=TARGET, tags=TagChange({"cost": "it's $5"}))
GRANT = GrantConsent(client_id="c1", target=TARGET)
BOTH = (Item(STEP, GROUP, GROUP.commands()), Item(CONSENT_STEP, GRANT, GRANT.commands()))
ASSIGN = "Microsoft.Authorization/roleAssignments/write"


def asked(*items: Item, who: str = "ada@contoso.com") -> Asked:
    return Asked(who, "setting up", TARGET, "Contoso", "Production", items or BOTH, "deploy.handoff.sh", "deploy.ps1")


def test_the_text_names_who_what_where_and_both_scripts() -> None:
    text = message(asked())
    for part in (
        "ada@contoso.com",
        "`factory`",
        f"Contoso (`{TARGET.tenant}`)",
        f"Production (`{TARGET.subscription}`)",
    ):
        assert part in text
    assert all(
        name in text for name in ("bash deploy.handoff.sh", "-File deploy.ps1", *posix_script(asked()).split("\n"))
    )
    assert text.count(f"]({TARGET.portal}/") == len(BOTH)
    assert f"`{GROUP.rights[0].action}`" in text
    unnamed = message(replace(asked(), tenant="", subscription=""))
    assert f"| Tenant | `{TARGET.tenant}` |" in unnamed


@pytest.mark.parametrize("who", [ODD, "x\n# --- role assign-role: y", "x\r\nrm -rf /"])
def test_nothing_that_others_named_begins_a_line(who: str) -> None:
    request = replace(asked(who=who), target=replace(TARGET, instance=who))
    for made, usual in ((f(request), f(asked())) for f in (message, posix_script, powershell_script)):
        assert len(re.split(r"\r\n|\n|\r", made)) == len(re.split(r"\r\n|\n|\r", usual))
        assert "\x1b" not in made


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    assert r"\*bold\* \<b\> \|" in message(asked(who=ODD))


def test_bash_reads_the_script() -> None:
    for request in (asked(), replace(asked(who=ODD), target=replace(TARGET, cloud="AzureUSGovernment"))):
        done = subprocess.run(["bash", "-n"], input=posix_script(request), text=True, timeout=60, check=False)
        assert done.returncode == 0


def test_of_a_trial_nothing_is_done_in_the_real_azure() -> None:
    request = replace(asked(who=ODD), trial="python3 deploy.py --local --sign-in owner")
    assert request.trial in message(request)
    for script in (posix_script(request), powershell_script(request)):
        begins = [line for line in script.splitlines() if line and not line.startswith(("#", "\ufeff"))]
        assert request.trial in begins[0]
    bash = str(shutil.which("bash"))
    done = subprocess.run([bash], input=posix_script(request), text=True, timeout=60, check=False, env={"PATH": ""})
    assert done.returncode == 1


@pytest.mark.skipif(not shutil.which("pwsh"), reason="PowerShell is not installed")
def test_powershell_reads_the_script() -> None:
    check = (
        '$e = $null; [void][Management.Automation.Language.Parser]::ParseInput($input -join "`n", [ref]$null, [ref]$e)'
    )
    command = ["pwsh", "-NoProfile", "-Command", f"{check}; exit $e.Count"]
    done = subprocess.run(command, input=powershell_script(asked(who=ODD)), text=True, timeout=120, check=False)
    assert done.returncode == 0


def test_a_script_signs_in_to_the_tenant_and_chooses_the_subscription_only_where_it_needs_one() -> None:
    for script in (posix_script, powershell_script):
        assert TARGET.tenant in script(asked())
        assert TARGET.subscription in _commands(script(asked()))
        assert TARGET.subscription not in _commands(script(asked(BOTH[1])))
        assert "cloud" not in _commands(script(asked()))
        elsewhere = replace(asked(), target=replace(TARGET, cloud="AzureChinaCloud"))
        assert "AzureChinaCloud" in _commands(script(elsewhere))


def _commands(script: str) -> str:
    """What is run of a script."""
    return "\n".join(line for line in script.splitlines() if not line.lstrip().startswith("#"))


def test_each_item_has_a_line_by_which_the_next_run_knows_it() -> None:
    for script in (posix_script(asked()), powershell_script(asked())):
        found = re.findall(r"^ *# --- (\w+) (\S+): ", script, re.MULTILINE)
        assert found == [(item.step.key, item.change.key) for item in BOTH]


@pytest.mark.parametrize(
    ("right", "ends"),
    [
        (Right(ASSIGN, TARGET.instance_id), f"/#@{TARGET.tenant}/resource{TARGET.instance_id}/users"),
        (Right(GROUP.rights[0].action, TARGET.subscription_id), f"{TARGET.subscription_id}/resourceGroups"),
        (Right("Microsoft.DigitalTwins/register/action", TARGET.subscription_id), "/resourceproviders"),
        (Right("Microsoft.DigitalTwins/digitalTwinsInstances/delete", TARGET.instance_id), "/overview"),
        (Right(ASSIGN, f"{TARGET.subscription_id}/resourceGroups/team(a)"), "/resourceGroups/team%28a%29/users"),
        (Right(CREATE_APPLICATION, DIRECTORY), "#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade"),
        (Right(CONSENT, DIRECTORY), "#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview"),
    ],
)
def test_where_a_right_is_used_in_the_portal(right: Right, ends: str) -> None:
    link = portal_link(right, TARGET)
    assert link.startswith(f"{TARGET.portal}/")
    assert link.endswith(ends)
    assert portal_link(right, replace(TARGET, portal="")) == ""
