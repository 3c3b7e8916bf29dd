"""The inputs: one table, from which flags, environment variables and keys of the settings file all come."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cloud import names


class BadInput(Exception):
    """Input that can't be used: exit code 2. `next` is what to do about it."""

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(what)
        self.next = next_step


@dataclass(frozen=True)
class Input:
    """One input. Its flag is `--` and its name with hyphens; its key in the settings file is its name."""

    name: str
    help: str
    metavar: str
    problem: Callable[[str], str | None] = lambda _value: None
    """Says why a value can't be right, without asking Azure."""
    also: tuple[str, ...] = ()
    """Environment variables of others that count too, after our own."""
    is_flag: bool = False

    @property
    def flag(self) -> str:
        """The flag, as typed."""
        return "--" + self.name.replace("_", "-")

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables, first one first."""
        return (f"ADT_{self.name.upper()}", *self.also)


INPUTS = (
    Input("subscription", "Subscription, by id or name.", "ID|NAME", also=("AZURE_SUBSCRIPTION_ID",)),
    Input("tenant", "Tenant to sign in to.", "ID", also=("AZURE_TENANT_ID",)),
    Input("resource_group", "Resource group, new or existing.", "NAME", names.group_name_problem),
    Input("location", "Region, by name or display name.", "REGION", names.region_problem),
    Input("instance", "Name of the Digital Twins instance.", "NAME", names.instance_name_problem),
    Input("assignee", "Who gets the role: UPN, e-mail, object id or client id. Default: who is signed in.", "WHO"),
    Input("role", "Role on the instance, by name or id. Default: Azure Digital Twins Data Owner.", "ROLE"),
    Input("app_name", "Display name of the app registration.", "NAME", names.app_name_problem),
    Input("reply_url", "Reply URL of the app. Default: http://localhost.", "URL", names.reply_url_problem),
    Input("no_app", "Leave the app registration out (--app takes it in again).", "", is_flag=True),
    Input("arm_endpoint", "Resource Manager endpoint of another Azure than the public one.", "URL"),
)
BY_NAME = {one.name: one for one in INPUTS}

Value = str | bool


@dataclass(frozen=True)
class Given:
    """A value and where it came from, in words: `--location`, `ADT_LOCATION`, `settings.toml`, `the state file`."""

    value: Value
    source: str


def gather(flags: Mapping[str, Value | None], config: Path | None, remembered: Mapping[str, Value]) -> dict[str, Given]:
    """Return what is given, by precedence: flag, environment, settings file, what the state file remembers.

    Raises BadInput for a settings file that can't be used and for a value that can't be right.
    """
    from_file = _read_settings(config) if config else {}
    given: dict[str, Given] = {}
    for one in INPUTS:
        found = _first(one, flags, from_file, config, remembered)
        if found is None:
            continue
        problem = None if isinstance(found.value, bool) else one.problem(found.value)
        if found.value == "":
            problem = "it is empty."
        if problem:
            raise BadInput(
                f"{one.name.replace('_', ' ').capitalize()} {found.value!r} (from {found.source}): {problem}"
            )
        given[one.name] = found
    return given


def _first(
    one: Input,
    flags: Mapping[str, Value | None],
    from_file: Mapping[str, Value],
    config: Path | None,
    remembered: Mapping[str, Value],
) -> Given | None:
    flag = flags.get(one.name)
    if flag is not None:
        return Given(flag, one.flag)
    for variable in one.variables:
        text = os.environ.get(variable)
        if text:
            return Given(_truth(text, variable) if one.is_flag else text, variable)
    if one.name in from_file:
        return Given(from_file[one.name], str(config))
    if one.name in remembered:
        return Given(remembered[one.name], "the state file")
    return None


def _truth(text: str, variable: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise BadInput(f"{variable} is {text!r}: it takes true or false.")


def _read_settings(file: Path) -> dict[str, Value]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"The settings file {file} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"The settings file {file} is not TOML: {error}.") from None
    for key, value in content.items():
        if key not in BY_NAME:
            near = difflib.get_close_matches(key.replace("-", "_"), BY_NAME, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]}?" if near else f" It knows: {', '.join(BY_NAME)}."
            raise BadInput(f"The settings file {file} has an unknown key, {key}.{hint}")
        wanted = bool if BY_NAME[key].is_flag else str
        if type(value) is not wanted:
            kind = "true or false" if wanted is bool else "text in quotes"
            raise BadInput(f"The settings file {file}: {key} takes {kind}.")
    return {key: value for key, value in content.items() if value != ""}
