"""The switches of an adopted registration: how each was before this tool changed it, recorded so as to go back. Pure.

`before:NAME:VALUE`, the value as JSON, is recorded with the first change of a switch.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from cloud.applications import Settings
from steps.application import KINDS, SWITCHES, Rules

BEFORE = "before:"
NAMES = ("audience", *SWITCHES, "token_version")


def switched(present: Settings, target: Settings, made: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a change makes of the record, and what it takes away: what is as it was before needs none."""
    before, makes, unmakes = _before(made), [], []
    for name in NAMES:
        now, then = getattr(present, name), getattr(target, name)
        if name not in before and now != then:
            makes.append(_thing(name, now))
        elif name in before and _plain(name, before[name]) == then:
            unmakes.append(_thing(name, before[name]))
    return tuple(makes), tuple(unmakes)


def switched_back(present: Settings, rules: Rules) -> Settings:
    """Return the settings with each switch as it was before, but for those that somebody else has changed since."""
    wishes = _wishes(rules)
    back = {
        name: _plain(name, value)
        for name, value in _before(rules.made).items()
        if wishes.get(name) in (None, getattr(present, name))
    }
    return replace(present, **back)


def stays(present: Settings, target: Settings, rules: Rules) -> str:
    """Say what of the wishes a released registration goes on having, as no record says how it was before."""
    words = {"audience": f"the audience {present.audience}", **SWITCHES}
    left = [words[name] for name, wish in _wishes(rules).items() if wish and wish == getattr(target, name)]
    app = rules.app
    wanted = {"public": app.reply_urls, "web": app.web_reply_urls, "spa": app.spa_reply_urls}
    left += [
        f"{KINDS[kind]} {url}" for kind, urls in wanted.items() for url in getattr(target, kind) if url in (urls or ())
    ]
    if app.notes and target.notes == app.notes:
        left.append("its notes")
    rest = "The rest of it is as it was before, or as somebody else made it, and is kept"
    return f"{rest}; with it {', '.join(left)}, which this tool isn't recorded to have set." if left else f"{rest}."


def _wishes(rules: Rules) -> Mapping[str, Any]:
    app = rules.app
    return {
        "audience": app.audience,
        "fallback": app.public_client,
        "access_tokens": app.implicit_access_tokens,
        "id_tokens": app.implicit_id_tokens,
    }


def _before(made: Collection[str]) -> dict[str, Any]:
    found = (one.removeprefix(BEFORE).partition(":") for one in sorted(made) if one.startswith(BEFORE))
    return {name: json.loads(value) for name, _, value in found if name in NAMES}


def _thing(name: str, value: Any) -> str:
    return f"{BEFORE}{name}:{json.dumps(value)}"


def _plain(name: str, value: Any) -> Any:
    """Return what is written for a value; what was not set is its default, as nothing can be unset."""
    return {"fallback": False, "token_version": 1}.get(name) if value is None else value
