"""The forms in which `outputs` prints the collected values."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import Any

from cli.streams import is_unicode
from cloud.azure_clouds import DATA_PLANE

FORMS = ("text", "json", "env", "dotenv", "github", "powershell", "appsettings")
"""Two columns; a JSON object; NAME=VALUE for a POSIX shell; for a .env file; for $GITHUB_OUTPUT; `$env:NAME = 'VALUE'`;
what a client application has in appsettings.json."""
EXCHANGED = ("env", "dotenv", "github")
"""Forms that are read as UTF-8 with plain line feeds, whatever this machine writes."""

_SECTIONS = {
    "AzureAd": {"Instance": "login", "TenantId": "tenant_id", "ClientId": "client_id"},
    "DigitalTwins": {"InstanceUrl": "instance_url", "Audience": "audience", "Scopes": "scopes"},
}
"""The sections of appsettings.json, as Microsoft.Identity.Web names the first; each key with its value's name."""
_URLS = ("ADT_SERVICE_URL", "AZURE_DIGITALTWINS_URL")
"""What functions, and the SDKs' samples, call the instance's URL. Sources: "Connect a function app in Azure" in the
Azure Digital Twins documentation; the samples of azure-digitaltwins-core."""


def with_client_values(values: Mapping[str, str], login: str) -> dict[str, str]:
    """Return the values with those that a client application signs in by, which follow from them."""
    found = dict(values)
    if "host_name" in values:
        found["instance_url"] = f"https://{values['host_name']}"
        found["audience"] = DATA_PLANE
        # All that the registration asks for; MSAL takes no other scope of the same API beside it.
        found["scopes"] = f"{DATA_PLANE}/.default"
    if login:
        found["authority"] = f"{login}/{values['tenant_id']}"
    return found


def application_variables(values: Mapping[str, str]) -> dict[str, str]:
    """Return what functions and web applications read from their environment, by the variable.

    A section of appsettings.json is overridden by SECTION__KEY, and an element of a list by SECTION__KEY__0. Source:
    "Configuration in ASP.NET Core", non-prefixed environment variables.
    """
    found = {name: values["instance_url"] for name in _URLS if "instance_url" in values}
    for section, content in _sections(values).items():
        for key, value in content.items():
            parts = {f"__{place}": part for place, part in enumerate(value)} if isinstance(value, list) else {"": value}
            found |= {f"{section}__{key}{suffix}": part for suffix, part in parts.items()}
    return found


def selectable(values: Mapping[str, str]) -> dict[str, str]:
    """Return all values that can be asked for by name: the collected ones, and the variables of applications."""
    return {name: value for name, value in {**values, **application_variables(values)}.items() if value}


def all_in_form(values: Mapping[str, str], form: str) -> str:
    """Return the collected values in one of the FORMS."""
    if form == "json":
        return _json(values)
    if form == "appsettings":
        urls = {name: values["instance_url"] for name in _URLS[:1] if "instance_url" in values}
        return _json({**_sections(values), **urls})
    if form == "github":
        return _lines({**values, **application_variables(values)}, form)
    if form in _LINE:
        # Names that neither this tool nor a credential of the SDKs takes for its own.
        ours = {f"DIGITALTWINS_{name.upper()}": value for name, value in values.items()}
        return _lines({**ours, **application_variables(values)}, form)
    width = max((len(name) for name in values), default=0)
    return "".join(f"{name.ljust(width)}  {value}\n" for name, value in values.items())


def one_in_form(name: str, value: str, form: str) -> str:
    """Return one value: as it is for `text`, otherwise in its form. ValueError for a form without such lines."""
    if form == "text":
        return f"{value}\n"
    if form == "json":
        return _json(value)
    if form not in _LINE:
        raise ValueError(f"{form} has no form for one value")
    is_variable = form == "github" or not name.islower()
    return _lines({name if is_variable else f"DIGITALTWINS_{name.upper()}": value}, form)


def _json(document: object) -> str:
    """Return JSON that stdout can take: where it isn't Unicode, with JSON's own escapes."""
    return json.dumps(document, indent=2, ensure_ascii=not is_unicode(sys.stdout.encoding)) + "\n"


def _sections(values: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    login, _, tenant = values.get("authority", "").rpartition("/")
    known = {**values, "login": login and f"{login}/", "tenant_id": tenant or values["tenant_id"]}
    return {
        section: {
            key: known[name].split() if key == "Scopes" else known[name]
            for key, name in keys.items()
            if known.get(name)
        }
        for section, keys in _SECTIONS.items()
    }


def _lines(values: Mapping[str, str], form: str) -> str:
    return "".join(f"{_LINE[form](name, value)}\n" for name, value in values.items())


def _env(name: str, value: str) -> str:
    return f"{name}={shlex.quote(value)}"


def _dotenv(name: str, value: str) -> str:
    """Return the line of a .env file.

    What no reader misunderstands stands as it is, as `docker run --env-file` takes quotes for a part of the value. In
    single quotes all is literal, in double quotes there are escapes. Source: "Syntax for environment files in Docker
    Compose".
    """
    if not re.search(r"""[^\S ]|['"`#$]""", value) and value == value.strip():
        return f"{name}={value}"
    if not re.search(r"[\r\n]|\\['\\]|\\$|'.*\\|\\.*'", value):
        return f"{name}='{value.replace(chr(39), chr(92) + chr(39))}'"
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), ("\n", "\\n"), ("\r", "\\r")):
        value = value.replace(plain, escaped)
    return f'{name}="{value}"'


def _github(name: str, value: str) -> str:
    """Return the lines of $GITHUB_OUTPUT or $GITHUB_ENV.

    Source: "Workflow commands for GitHub Actions", setting an output parameter and multiline strings.
    """
    if not re.search(r"[\r\n]", value):
        return f"{name}={value}"
    delimiter = "END"
    while delimiter in value:
        delimiter += "_"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}"


def _powershell(name: str, value: str) -> str:
    """Return a statement of PowerShell. It is ASCII, as Windows PowerShell reads a pipe in the console's code page.

    Source: about_Quoting_Rules: in single quotes all but a quote stands for itself; a code unit is [char].
    """
    if value.isascii():
        return f"$env:{name} = '{value.replace(chr(39), chr(39) * 2)}'"
    units = value.encode("utf-16-be")
    characters = (chr(high << 8 | low) for high, low in zip(units[::2], units[1::2], strict=True))
    quoted = "".join(
        f"`{unit}" if unit in '`"$' else unit if unit.isascii() else f"$([char]{ord(unit):#06x})" for unit in characters
    )
    return f'$env:{name} = "{quoted}"'


_LINE: Mapping[str, Callable[[str, str], str]] = {
    "env": _env, "dotenv": _dotenv, "github": _github, "powershell": _powershell,
}  # fmt: skip
"""How a name and a value are written, by the form."""
