"""What a registration should say: ours as it is wished for, an adopted one with what was added. Pure.

Of lists (reply URLs, tags) what is missing is added, what we added and is no longer wanted is taken away, and the rest,
which others put there, is kept. `made` is what we are recorded to have added: `reply-url:web:URL`, `app-tag:TAG`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from cloud.applications import Permissions, Registration, Settings
from cloud.errors import Refusal
from steps.model import DIGITAL_TWINS, MARK, READ_WRITE
from steps.wanted import Application

AUDIENCE = "AzureADMyOrg"
PERSONAL = "AzureADandPersonalMicrosoftAccount"
AUDIENCES = {
    AUDIENCE: "single-tenant",
    "AzureADMultipleOrgs": "multi-tenant",
    PERSONAL: "multi-tenant with personal accounts",
}
KINDS = {"public": "reply URL", "web": "web reply URL", "spa": "single-page reply URL"}
SWITCHES = {
    "fallback": "public-client flows",
    "access_tokens": "implicit grant of access tokens",
    "id_tokens": "implicit grant of id tokens",
}
PERMISSION, NOTES = "permission", "notes"
ADOPTED, APPLICATION = "adopted", "application"


def unique_name(instance_id: str) -> str:
    """Return the `uniqueName` of an instance's application: a function of its lower-cased resource id alone."""
    return f"digital-twins-{hashlib.sha256(instance_id.lower().encode()).hexdigest()[:32]}"


def adoption_mark(instance_id: str) -> str:
    """Return the tag that an application adopted for this instance has."""
    return f"{MARK}:{ADOPTED}:{hashlib.sha256(instance_id.lower().encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class Rules:
    """What makes a registration right."""

    app: Application
    made: frozenset[str]
    adopted: str = ""
    """The tag of an adopted registration; "" for one of our own."""

    @property
    def mark(self) -> str:
        """The tag by which it is known as ours."""
        return self.adopted or MARK


def merged(present: Settings, rules: Rules) -> Settings:
    """Return what the registration should say. It is right when that is what it says."""
    app = rules.app
    own = not rules.adopted
    audience = app.audience or (AUDIENCE if own else present.audience)
    return replace(
        present,
        name=app.name if own else present.name,
        audience=audience,
        public=_urls("public", present, rules),
        web=_urls("web", present, rules),
        spa=_urls("spa", present, rules),
        fallback=present.fallback if app.public_client is None else app.public_client,
        access_tokens=_either(app.implicit_access_tokens, present.access_tokens),
        id_tokens=_either(app.implicit_id_tokens, present.id_tokens),
        notes=_notes(present, rules),
        tags=_list(present.tags, (rules.mark, *(app.tags or ())), _added("app-tag:", rules.made), app.tags is not None),
        permissions=with_read_write(present.permissions),
        token_version=2 if audience == PERSONAL else present.token_version,
    )


def released(present: Settings, rules: Rules) -> Settings:
    """Return what an adopted registration says once what we added is taken back."""
    nothing = replace(
        rules.app,
        reply_urls=(),
        web_reply_urls=(),
        spa_reply_urls=(),
        tags=(),
        notes="" if NOTES in rules.made and present.notes == rules.app.notes else None,
    )
    bare = replace(rules, app=nothing)
    permissions = present.permissions
    if PERMISSION in rules.made:
        permissions = _without_read_write(permissions)
    tags = _list(present.tags, (), _added("app-tag:", rules.made), said=True)
    return replace(
        present,
        public=_urls("public", present, bare),
        web=_urls("web", present, bare),
        spa=_urls("spa", present, bare),
        notes=_notes(present, bare),
        tags=tuple(tag for tag in tags if tag != rules.mark),
        permissions=permissions,
    )


def differences(present: Settings, target: Settings) -> list[str]:
    """Say what has to be done, in words."""
    done: list[str] = []
    if present.name != target.name:
        done.append(f"name it {target.name}")
    if present.audience != target.audience:
        done.append(f"make it {AUDIENCES.get(target.audience, target.audience)}")
    for kind, words in KINDS.items():
        before, after = getattr(present, kind), getattr(target, kind)
        done += [f"add {words} {url}" for url in after if url not in before]
        done += [f"remove {words} {url}" for url in before if url not in after]
    for name, words in SWITCHES.items():
        if bool(getattr(present, name)) != bool(getattr(target, name)):
            done.append(f"{'allow' if getattr(target, name) else 'forbid'} {words}")
    if present.permissions != target.permissions:
        fewer = with_read_write(target.permissions) != target.permissions
        done.append(f"{'no longer ' if fewer else ''}ask for Digital Twins Read.Write")
    if present.notes != target.notes:
        done.append("set its notes" if target.notes else "clear its notes")
    ours = [tag for tag in (*present.tags, *target.tags) if tag.startswith(MARK)]
    done += [f"add tag {tag}" for tag in target.tags if tag not in present.tags and tag not in ours]
    done += [f"remove tag {tag}" for tag in present.tags if tag not in target.tags and tag not in ours]
    if set(ours) & set(target.tags) - set(present.tags):
        done.append("mark it as ours")
    if not done and present != target:
        done.append("set the version of its tokens")
    return done


def makes(present: Settings, target: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a change from one to the other makes ours, and what it takes away, as it is recorded."""
    before, after = _things(present), _things(target)
    if present.notes != target.notes:
        (after if target.notes else before)[NOTES] = None
    return tuple(one for one in after if one not in before), tuple(one for one in before if one not in after)


def kept(present: Settings, rules: Rules) -> tuple[str, ...]:
    """Say what somebody else added and is left alone."""
    target = merged(present, rules)
    app = rules.app
    notes = []
    wishes = {"public": app.reply_urls, "web": app.web_reply_urls, "spa": app.spa_reply_urls}
    urls = [url for kind, wanted in wishes.items() for url in getattr(target, kind) if url not in (wanted or ())]
    if urls:
        notes.append(f"Other reply URLs are kept: {', '.join(urls)}")
    apis = [api for api, _access in present.permissions if api != DIGITAL_TWINS]
    if apis:
        notes.append(f"Permissions for other APIs are kept: {', '.join(apis)}")
    tags = [tag for tag in target.tags if tag not in (app.tags or ()) and not tag.startswith(MARK)]
    if tags:
        notes.append(f"Other tags are kept: {', '.join(tags)}")
    if app.notes is not None and target.notes != app.notes:
        notes.append("Its notes are somebody else's, and are kept.")
    return tuple(notes)


def refuse_urls(present: Settings, rules: Rules) -> None:
    """Refusal (exit 2) for reply URLs that Entra ID would refuse together, or for this audience.

    Source: "Redirect URI (reply URL) restrictions and limitations" in the Microsoft identity platform documentation.
    """
    target = merged(present, rules)
    everywhere = [(url, kind) for kind in KINDS for url in getattr(target, kind)]
    where: dict[str, str] = {}
    for url, kind in everywhere:
        if url in where:
            raise Refusal(
                f"{url} can't be both a {KINDS[where[url]]} and a {KINDS[kind]} of one application.",
                why="Entra ID takes a reply URL once, for one kind of client.",
                next="Name it once, or take it off the registration where somebody else put it.",
                exit_code=2,
            )
        where[url] = kind
    if target.audience != PERSONAL:
        return
    for url, _kind in everywhere:
        if "*" in url or urlsplit(url).query:
            raise Refusal(
                f"{url} can't be a reply URL of an application for personal accounts.",
                why="Entra ID allows neither a wildcard nor a query there.",
                next="Name another URL, or another --audience.",
                exit_code=2,
            )


def refuse_adoption(found: Registration, mark: str) -> None:
    """Refusal (exit 2) for a registration that another deployment, or another tool, looks after."""
    settings = found.settings
    others = [tag for tag in settings.tags if tag.startswith(MARK) and tag != mark]
    if others:
        why = "It belongs to another instance that this tool set up: its tags say so."
    else:
        said = [text for text in (*settings.tags, settings.notes) if "managed" in text.lower()]
        said = [text for text in said if any(f"managed{gap}by" in text.lower() for gap in ("", "-", "_", " "))]
        if not said:
            return
        why = f"It says so itself: {said[0]}"
    raise Refusal(
        f"The application {settings.name} ({found.client_id}) is looked after by somebody else: it is not adopted.",
        why=why,
        next="Name another one with --app-id, or none: then a new one is made.",
        exit_code=2,
    )


def with_read_write(permissions: Permissions) -> Permissions:
    """Return the permissions with Read.Write of Digital Twins among them."""
    scope = (READ_WRITE, "Scope")
    others = tuple(api for api in permissions if api[0] != DIGITAL_TWINS)
    for api, access in permissions:
        if api == DIGITAL_TWINS:
            if scope in access:
                return permissions
            return (*others, (api, (*access, scope)))
    return (*others, (DIGITAL_TWINS, (scope,)))


def _without_read_write(permissions: Permissions) -> Permissions:
    left = []
    for api, access in permissions:
        rest = tuple(one for one in access if api != DIGITAL_TWINS or one[0] != READ_WRITE)
        if rest:
            left.append((api, rest))
    return tuple(left)


def _either(wanted: bool | None, present: bool) -> bool:
    return present if wanted is None else wanted


def _notes(present: Settings, rules: Rules) -> str:
    wanted = rules.app.notes
    if wanted is None or (present.notes and rules.adopted and NOTES not in rules.made):
        return present.notes
    if not wanted and NOTES not in rules.made:
        return present.notes
    return wanted


def _urls(kind: str, present: Settings, rules: Rules) -> tuple[str, ...]:
    app = rules.app
    wanted = {"public": app.reply_urls, "web": app.web_reply_urls, "spa": app.spa_reply_urls}[kind]
    return _list(getattr(present, kind), wanted or (), _added(f"reply-url:{kind}:", rules.made), wanted is not None)


def _list(present: tuple[str, ...], wanted: tuple[str, ...], ours: Iterable[str], said: bool) -> tuple[str, ...]:
    unwanted = set(ours) - set(wanted) if said else set()
    return tuple(dict.fromkeys((*(one for one in present if one not in unwanted), *wanted)))


def _added(prefix: str, made: frozenset[str]) -> set[str]:
    return {one.removeprefix(prefix) for one in made if one.startswith(prefix)}


def _things(settings: Settings) -> dict[str, None]:
    found = [f"reply-url:{kind}:{url}" for kind in KINDS for url in getattr(settings, kind)]
    found += [f"app-tag:{tag}" for tag in settings.tags if not tag.startswith(MARK)]
    if with_read_write(settings.permissions) == settings.permissions:
        found.append(PERMISSION)
    return dict.fromkeys(found)
