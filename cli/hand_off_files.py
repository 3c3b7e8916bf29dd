"""The files of a hand-off: the text to send, and the script in two languages. Pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.console import plain
from cloud.role_names import CONSENT, DIRECTORY, enough, role_names
from engine.script import Command, Known, in_single_quotes, posix, powershell

if TYPE_CHECKING:
    from engine.change import AnyChange, Right
    from engine.context import Target
    from engine.step import AnyStep

_ASSIGNMENTS = "microsoft.authorization/roleassignments/"
CLOUDS = ("AzureUSGovernment", "AzureChinaCloud")
"""The clouds that az knows, beside the one that it starts with."""


_TRIAL = "This is of a trial: there is nothing to do in the real Azure. As the trial's administrator, run"


@dataclass(frozen=True)
class Item:
    """A change that is handed off, and the commands that make it."""

    step: AnyStep
    change: AnyChange
    commands: tuple[Command, ...]


@dataclass(frozen=True)
class Asked:
    """Who asks for what."""

    who: str
    purpose: str
    """What they have been doing: "setting up" or "removing" the instance."""
    target: Target
    tenant: str
    subscription: str
    """Their names; "" where they can't be read."""
    items: tuple[Item, ...] = ()
    posix: str = ""
    powershell: str = ""
    """The names of the scripts."""
    trial: str = ""
    """Of a trial in the embedded Azure: the command by which its owner goes on. Nothing leads to the real Azure."""

    @property
    def in_azure(self) -> bool:
        """Whether something is asked for in the subscription, and not in the directory alone."""
        return any(right.scope != DIRECTORY for item in self.items for right in item.change.rights)


def message(asked: Asked) -> str:
    """Return the text to send, in Markdown."""
    target, instance = asked.target, _code(asked.target.instance)
    lines = [
        f"# Please finish {asked.purpose} the Azure Digital Twins instance {instance}",
        "",
        f"{_text(asked.who)} is {asked.purpose} the Azure Digital Twins instance {instance} and may not do all of it.",
        *_request(asked),
        "",
        "| | |",
        "| --- | --- |",
        f"| Tenant | {_named(asked.tenant, target.tenant)} |",
        f"| Subscription | {_named(asked.subscription, target.subscription)} |",
        f"| Resource group | {_code(target.resource_group)} |",
        "",
        "## What is left",
        "",
    ]
    for number, item in enumerate(asked.items, start=1):
        lines.append(f"{number}. **{_text(_title(item))}**")
        lines += [f"   - {detail}" for detail in _details(item.change, target)]
    lines += [
        "",
        "## By script",
        "",
        "The script signs in to the tenant with the Azure CLI, does all of it, and may be run again. In bash, Git Bash "
        "or Cloud Shell:",
        "",
        "```",
        f"bash {_quoted(asked.posix)}",
        "```",
        "",
        "In PowerShell (on macOS and Linux it is `pwsh`):",
        "",
        "```",
        f"powershell -ExecutionPolicy Bypass -File {_quoted(asked.powershell)}",
        "```",
        "",
        f"This is {_code(asked.posix)}:",
        "",
        "~~~bash",
        *posix_script(asked).splitlines(),
        "~~~",
    ]
    return "\n".join(lines) + "\n"


def posix_script(asked: Asked) -> str:
    """Return the script for bash, also in Git Bash."""
    tenant = asked.target.tenant
    lines = [
        "#!/usr/bin/env bash",
        *_comments(asked),
        *([f"echo {_quoted(_trial(asked))} >&2", "exit 1"] if asked.trial else ()),
        "set -euo pipefail",
        "export AZURE_CORE_OUTPUT=none",
        "export MSYS_NO_PATHCONV=1 MSYS2_ARG_CONV_EXCL='*'  # Git Bash would take ids, which begin with /, for paths",
        "trap 'echo \"Stopped: what follows was not done. Once this is mended, run the script again.\" >&2' ERR",
        "patiently() {  # the directory takes up to a minute to know everywhere what was just created",
        "  for pause in 2 4 8 16; do",
        '    "$@" && return',
        '    echo "Trying again in $pause seconds." >&2',
        '    sleep "$pause"',
        "  done",
        '  "$@"',
        "}",
        "",
        *([f"az cloud set --name {asked.target.cloud}"] if asked.target.cloud in CLOUDS else ()),
        "signed_in=$(az account show --query tenantId --output tsv 2>/dev/null | tr -d '\\r') || signed_in=",
        f'if test "$signed_in" != {tenant}; then az login --tenant {tenant} --allow-no-subscriptions --output none; fi',
    ]
    if asked.in_azure:
        lines.append(f"az account set --subscription {asked.target.subscription}")
    known: Known = {}
    for item in asked.items:
        lines += ["", _heading(item), f"echo {_quoted(_title(item))}"]
        lines += posix(item.commands, known, is_script=True)
    return "\n".join([*lines, "", "trap - ERR", f"echo {_quoted(_end(asked))}"]) + "\n"


def powershell_script(asked: Asked) -> str:
    """Return the script for PowerShell, also Windows PowerShell."""
    tenant = asked.target.tenant
    lines = [
        *_comments(asked),
        *([f"throw {in_single_quotes(_line(_trial(asked)))}"] if asked.trial else ()),
        "$ErrorActionPreference = 'Stop'",
        "$PSNativeCommandUseErrorActionPreference = $false  # what az ends with is looked at here",
        "$env:AZURE_CORE_OUTPUT = 'none'",
        "$folder = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())",
        "New-Item -ItemType Directory -Path $folder | Out-Null",
        "function Invoke-Az {",
        "    # What cmd.exe or an older PowerShell would take for its own goes to az in a file.",
        "    $words = @(foreach ($word in $args) {",
        "        if ([string]$word -cmatch '^[A-Za-z0-9._/:=,+-]+$') { [string]$word } else {",
        "            $file = Join-Path $folder ([Guid]::NewGuid())",
        "            [IO.File]::WriteAllText($file, [string]$word)",
        '            "@$file"',
        "        }",
        "    })",
        "    $printed = & az @words",
        "    if ($LASTEXITCODE -ne 0) {",
        '        $what = "az $($args[0]) $($args[1]) ended with $LASTEXITCODE: what follows was not done."',
        '        throw "$what Once this is mended, run the script again."',
        "    }",
        "    $printed",
        "}",
        "function Wait-Az {",
        "    # The directory takes up to a minute to know everywhere what was just created.",
        "    foreach ($pause in 2, 4, 8, 16) {",
        '        try { return Invoke-Az @args } catch { Write-Host "Trying again in $pause seconds." }',
        "        Start-Sleep -Seconds $pause",
        "    }",
        "    Invoke-Az @args",
        "}",
        "try {",
    ]
    body = [*([f"Invoke-Az 'cloud' 'set' '--name' '{asked.target.cloud}'"] if asked.target.cloud in CLOUDS else ())]
    login = f"Invoke-Az 'login' '--tenant' '{tenant}' '--allow-no-subscriptions' '--output' 'none'"
    body += [
        "$signedIn = & az account show --query tenantId --output tsv",
        f"if ($signedIn -ne '{tenant}') {{ {login} }}",
    ]
    if asked.in_azure:
        body.append(f"Invoke-Az 'account' 'set' '--subscription' '{asked.target.subscription}'")
    known: Known = {}
    for item in asked.items:
        body += ["", _heading(item), f"Write-Host {in_single_quotes(_line(_title(item)))}"]
        body += powershell(item.commands, known)
    lines += [f"    {line}" if line else "" for line in (*body, "", f"Write-Host {in_single_quotes(_end(asked))}")]
    return "\r\n".join([*lines, "} finally {", "    Remove-Item -Recurse -Force $folder", "}"]) + "\r\n"


def _comments(asked: Asked) -> list[str]:
    target = asked.target
    lines = [
        f"# {_line(asked.who)} asks for this: it finishes {asked.purpose} the Azure Digital Twins instance",
        f"# {_line(target.instance)} in resource group {_line(target.resource_group)}, subscription",
        f"# {target.subscription}.",
        "# What it does, and the permissions that it needs:",
    ]
    for item in asked.items:
        lines.append(f"#   - {_line(item.change.title)}")
        lines += [f"#       needs {right.action} on {_line(right.scope)}" for right in item.change.rights]
    return [*lines, "#", "# Needs the Azure CLI: https://aka.ms/azure-cli", ""]


def _heading(item: Item) -> str:
    """Return the line by which the next run knows what was handed off."""
    return f"# --- {item.step.key} {item.change.key}: {_line(item.change.title)}"


def _end(asked: Asked) -> str:
    return f"Done. Now tell {_line(asked.who)}, whose next run goes on from here."


def _title(item: Item) -> str:
    return f"{item.step.title}: {item.change.title}"


def _trial(asked: Asked) -> str:
    return f"{_TRIAL}: {_line(asked.trial)}"


def _request(asked: Asked) -> list[str]:
    """Return what is asked for: which roles are enough for all of it, and what to do."""
    if asked.trial:
        return [f"{_TRIAL}:", "", f"    {_line(asked.trial)}"]
    please = "Please run the script below, or do it in the portal, and tell the sender: another run goes on from it."
    needed = enough(right.action for item in asked.items for right in item.change.rights)
    if len(needed) < 2:
        return [f"What is left needs {f'the role {needed[0]}' if needed else 'more rights'}. {please}"]
    return ["What is left needs a role of each line:", "", *(f"- {names}" for names in needed), "", please]


def _details(change: AnyChange, target: Target) -> list[str]:
    """Return what is said of an item: which right it needs, where, and where that is in the portal."""
    lines = [_text(change.detail)] if change.detail else []
    for right in change.rights:
        where = right.scope if right.scope == DIRECTORY else _code(right.scope)
        lines.append(f"Needs {role_names(right.action)} ({_code(right.action)}) on {where}")
    links = dict.fromkeys(link for right in change.rights if (link := portal_link(right, target)))
    return [*lines, *(f"[In the portal]({link})" for link in links)]


def portal_link(right: Right, target: Target) -> str:
    """Return where a right is used in the portal; "" in a cloud without one.

    Microsoft specifies no links into the portal, but uses some: that of the list of enterprise applications in
    "Troubleshoot Microsoft Defender XDR service issues", and a tenant before the `#` in that of Azure AD B2C. Published
    guides of several projects use that of the app registrations, and `#@TENANT/resourceID/overview`. Unconfirmed: the
    parts `users`, `resourceGroups` and `resourceproviders`; docs/checking-against-azure.md says how to find out.
    """
    if not target.portal:
        return ""
    if right.scope == DIRECTORY:
        blade = "Microsoft_AAD_RegisteredApps/ApplicationsListBlade"
        if right.action == CONSENT:
            blade = "Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview"
        return f"{target.portal}/{target.tenant}#view/{blade}"
    action, resource, blade = right.action.lower(), right.scope, "overview"
    if action.startswith(_ASSIGNMENTS):
        blade = "users"
    elif action.endswith("/register/action"):
        blade = "resourceproviders"
    elif action == "microsoft.resources/subscriptions/resourcegroups/write":
        resource, blade = target.subscription_id, "resourceGroups"
    return f"{target.portal}/#@{target.tenant}/resource{_escaped(resource)}/{blade}"


def _escaped(resource: str) -> str:
    """Return a resource id as part of a link in Markdown, which ends at a parenthesis."""
    return resource.replace("(", "%28").replace(")", "%29")


def _named(name: str, identifier: str) -> str:
    return f"{_text(name)} ({_code(identifier)})" if name else _code(identifier)


def _text(text: str) -> str:
    """Return the text as a line of Markdown that shows it as it is."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", _line(text))


def _code(text: str) -> str:
    return f"`{_line(text).replace('`', '')}`"


def _quoted(text: str) -> str:
    return shlex.quote(_line(text))


def _line(text: str) -> str:
    """Return the text as part of a line: nothing in it can begin a line of its own."""
    return plain(text).replace("\n", " ").replace("\r", " ")
