"""The switches of an adopted application: how each was before this tool changed it, recorded to be restored. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace

from engine.record import Kind
from steps.step_04_app_registration.observed import Settings
from steps.step_04_app_registration.settings import URL_WORDS, Rules

BEFORE = Kind("before", 2, shown=False, is_setting=True)
"""How a switch was, by its name and its value as JSON. Recorded with the first change of the switch."""

Switches = Mapping[str, str | bool | int | None]


def switches(settings: Settings) -> Switches:
    """Return the switches of an application, by name."""
    return {
        "audience": settings.audience,
        "fallback": settings.fallback,
        "access_tokens": settings.access_tokens,
        "id_tokens": settings.id_tokens,
        "token_version": settings.token_version,
        "service": settings.service,
    }


def switch_ownership(
    before: Settings, after: Settings, owned: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a change records of switches, and what it forgets: what is again as it was needs no record."""
    recorded, present = _recorded(owned), switches(before)
    owns, releases = [], []
    for name, value in switches(after).items():
        if name not in recorded:
            if present[name] != value:
                owns.append(BEFORE.item(name, json.dumps(present[name])))
        elif _written(name, recorded[name]) == value:
            releases.append(BEFORE.item(name, json.dumps(recorded[name])))
    return tuple(owns), tuple(releases)


def restored_switches(present: Settings, rules: Rules) -> Settings:
    """Return the settings with each switch as it was before, except those that others have changed since."""
    now, desired = switches(present), _desired(rules)
    before = {
        name: _written(name, value)
        for name, value in _recorded(rules.owned).items()
        if desired.get(name) in (None, now[name])
    }
    return replace(present, **before)  # type: ignore[arg-type]  # each value was one of this field's


def what_stays(present: Settings, after: Settings, rules: Rules) -> str:
    """Return, in words, what an application that is released keeps of the desired settings.

    No record says how that was before.
    """
    words = {
        "audience": f"the audience {present.audience}",
        "fallback": "public-client flows",
        "access_tokens": "implicit grant of access tokens",
        "id_tokens": "implicit grant of id tokens",
        "service": "its service management reference",
    }
    values = switches(after)
    staying = [words[name] for name, value in _desired(rules).items() if value and value == values[name]]
    staying += [
        f"{URL_WORDS[kind]} {url}"
        for kind, urls in rules.desired.all_reply_urls.items()
        for url in after.reply_urls[kind]
        if url in (urls or ())
    ]
    if rules.desired.notes and after.notes == rules.desired.notes:
        staying.append("its notes")
    rest = "Its other settings are as they were before, or as others set them, and are kept"
    if not staying:
        return f"{rest}."
    return f"{rest}; so are {', '.join(staying)}, which this tool isn't recorded to have set."


def _desired(rules: Rules) -> Switches:
    desired = rules.desired
    return {
        "audience": desired.audience,
        "fallback": desired.public_client,
        "access_tokens": desired.implicit_access_tokens,
        "id_tokens": desired.implicit_id_tokens,
        "service": desired.service,
    }


def _recorded(owned: Collection[str]) -> Switches:
    known = switches(Settings())
    return {name: json.loads(value) for name, value in BEFORE.among(owned).values() if name in known}


def _written(name: str, value: str | bool | int | None) -> str | bool | int | None:
    """Return what is written for a value: a switch that was not set gets its default, as nothing can be unset."""
    defaults: Switches = {"fallback": False, "token_version": 1, "service": ""}
    return defaults.get(name) if value is None else value
