"""Compute the target settings of the app registration, and how they differ from those that it has. Pure.

Of lists (reply URLs, tags) what is missing is added, what this tool added and is no longer desired is removed, and the
rest, which others added, is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from engine.change import Difference
from engine.record import Kind
from steps.shared.applications import DEFAULT_REPLY_URL
from steps.shared.digital_twins_api import DIGITAL_TWINS, READ_WRITE
from steps.shared.tags import MARK
from steps.step_04_app_registration.desired import MULTIPLE, PERSONAL, SINGLE, DesiredApplication
from steps.step_04_app_registration.observed import Permissions, Settings, UrlKind

PERMISSION, NOTES = Kind("permission", is_setting=True), Kind("notes", is_setting=True)
REPLY_URL, APP_TAG = Kind("reply-url", 2, is_setting=True), Kind("app-tag", 1, is_setting=True)
"""Settings that this tool added: a reply URL by its kind and itself, a tag."""

URL_WORDS: Mapping[UrlKind, str] = {
    "public": "reply URL",
    "web": "web reply URL",
    "spa": "single-page reply URL",
}
_AUDIENCE_WORDS = {
    SINGLE: "single-tenant",
    MULTIPLE: "multi-tenant",
    PERSONAL: "multi-tenant with personal accounts",
}


@dataclass(frozen=True)
class Rules:
    """What the target settings follow from, beside the settings that the application has."""

    desired: DesiredApplication
    owned: frozenset[str]
    """What this tool is recorded to have added."""
    adoption_tag: str = ""
    """The tag of an adopted application; "" for our own."""

    @property
    def mark(self) -> str:
        """The tag by which the application is known as managed by this tool."""
        return self.adoption_tag or MARK

    def owned_urls(self, kind: UrlKind) -> frozenset[str]:
        """Return the reply URLs of a kind that this tool added."""
        return frozenset(parts[1] for parts in REPLY_URL.among(self.owned).values() if parts[0] == kind)


@dataclass(frozen=True)
class SettingDifference(Difference):
    """A setting of an application that differs."""

    words: str = ""
    """What is to be done, for a title."""
    implied: bool = False
    """It is the same for every application that this tool creates."""


def target_settings(present: Settings, rules: Rules) -> Settings:
    """Return the settings that the application is to have. It is as desired when they are those that it has."""
    desired, own = rules.desired, not rules.adoption_tag
    audience = desired.audience or (SINGLE if own else present.audience)
    return replace(
        present,
        name=desired.name if own else present.name,
        audience=audience,
        public=_urls("public", present, rules),
        web=_urls("web", present, rules),
        spa=_urls("spa", present, rules),
        fallback=present.fallback if desired.public_client is None else desired.public_client,
        access_tokens=_unless_none(desired.implicit_access_tokens, present.access_tokens),
        id_tokens=_unless_none(desired.implicit_id_tokens, present.id_tokens),
        notes=_notes(present, rules),
        service=present.service if desired.service is None else desired.service or (present.service and ""),
        tags=_merge(present.tags, (rules.mark, *(desired.tags or ())), _unwanted_tags(rules)),
        permissions=with_read_write(present.permissions),
        token_version=2 if audience == PERSONAL else present.token_version,
    )


def released_settings(present: Settings, rules: Rules) -> Settings:
    """Return the settings of an adopted application without what this tool added."""
    bare = replace(
        rules.desired,
        reply_urls=(),
        web_reply_urls=(),
        spa_reply_urls=(),
        tags=(),
        notes="" if present.notes == rules.desired.notes else None,
    )
    without = replace(rules, desired=bare)
    permissions = present.permissions
    if PERMISSION.item() in rules.owned:
        permissions = _without_read_write(permissions)
    tags = _merge(present.tags, (), _unwanted_tags(without))
    return replace(
        present,
        public=_urls("public", present, without),
        web=_urls("web", present, without),
        spa=_urls("spa", present, without),
        notes=_notes(present, without),
        tags=tuple(tag for tag in tags if tag != rules.mark),
        permissions=permissions,
    )


def differences(before: Settings, after: Settings) -> tuple[SettingDifference, ...]:
    """Return how the settings differ."""
    found: list[SettingDifference] = []
    if before.name != after.name:
        found.append(SettingDifference("name", before.name, after.name, f"rename it to {after.name}"))
    if before.audience != after.audience:
        was, becomes = (_AUDIENCE_WORDS.get(audience, audience) for audience in (before.audience, after.audience))
        found.append(SettingDifference("who may sign in", was, becomes, f"make it {becomes}"))
    found += _url_differences(before, after)
    for was_allowed, is_allowed, words in (
        (before.fallback, after.fallback, "public-client flows"),
        (before.access_tokens, after.access_tokens, "implicit grant of access tokens"),
        (before.id_tokens, after.id_tokens, "implicit grant of id tokens"),
    ):
        if bool(was_allowed) != bool(is_allowed):
            verb = "allow" if is_allowed else "forbid"
            found.append(SettingDifference(words, _allowed(was_allowed), _allowed(is_allowed), f"{verb} {words}"))
    if before.permissions != after.permissions:
        fewer = with_read_write(after.permissions) != after.permissions
        asked = ("Digital Twins Read.Write", "") if fewer else ("", "Digital Twins Read.Write")
        words = f"{'no longer ' if fewer else ''}ask for Digital Twins Read.Write"
        found.append(SettingDifference("permission", *asked, words, implied=not fewer))
    if before.notes != after.notes:
        words = "set its notes" if after.notes else "clear its notes"
        found.append(SettingDifference("notes", before.notes, after.notes, words))
    old, new = before.service or "", after.service or ""
    if old != new:
        words = f"set its service management reference to {new}" if new else "clear its service management reference"
        found.append(SettingDifference("service management reference", old, new, words))
    found += _tag_differences(before.tags, after.tags)
    if not found and before.token_version != after.token_version:
        was, becomes = (str(version or "") for version in (before.token_version, after.token_version))
        found.append(SettingDifference("version of its tokens", was, becomes, "set the version of its tokens"))
    return tuple(found)


def ownership(before: Settings, after: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a change from one to the other makes ours, and what it removes, as it is recorded."""
    present, target = _items(before), _items(after)
    if before.notes != after.notes:
        (target if after.notes else present)[NOTES.item()] = None
    return tuple(item for item in target if item not in present), tuple(item for item in present if item not in target)


def kept_notes(present: Settings, rules: Rules) -> tuple[str, ...]:
    """Return notes of what others added and this tool leaves alone."""
    target, desired = target_settings(present, rules), rules.desired
    notes = []
    urls = [
        url
        for kind, ours in desired.all_reply_urls.items()
        for url in target.reply_urls[kind]
        if url not in (ours or ())
    ]
    if urls:
        notes.append(f"Other reply URLs are kept: {', '.join(urls)}")
    apis = [api for api, _access in present.permissions if api != DIGITAL_TWINS]
    if apis:
        notes.append(f"Permissions for other APIs are kept: {', '.join(apis)}")
    tags = [tag for tag in target.tags if tag not in (desired.tags or ()) and not tag.startswith(MARK)]
    if tags:
        notes.append(f"Other tags are kept: {', '.join(tags)}")
    if desired.notes is not None and target.notes != desired.notes:
        notes.append("Its notes were written by someone else and are kept.")
    return tuple(notes)


def with_read_write(permissions: Permissions) -> Permissions:
    """Return the permissions with Read.Write of Digital Twins among them."""
    scope = (READ_WRITE, "Scope")
    others = tuple(api for api in permissions if api[0] != DIGITAL_TWINS)
    for api, access in permissions:
        if api == DIGITAL_TWINS:
            return permissions if scope in access else (*others, (api, (*access, scope)))
    return (*others, (DIGITAL_TWINS, (scope,)))


def graph_json(settings: Settings) -> dict[str, object]:
    """Return the settings as Graph's JSON: what a PATCH of the application sends."""
    body: dict[str, object] = {
        "displayName": settings.name,
        "signInAudience": settings.audience,
        "publicClient": {"redirectUris": list(settings.public)},
        "web": {
            "redirectUris": list(settings.web),
            "implicitGrantSettings": {
                "enableAccessTokenIssuance": settings.access_tokens,
                "enableIdTokenIssuance": settings.id_tokens,
            },
        },
        "spa": {"redirectUris": list(settings.spa)},
        "requiredResourceAccess": [
            {"resourceAppId": api, "resourceAccess": [{"id": permission, "type": kind} for permission, kind in access]}
            for api, access in settings.permissions
        ],
        "tags": list(settings.tags),
        "notes": settings.notes,
    }
    if settings.service is not None:
        body["serviceManagementReference"] = settings.service
    if settings.fallback is not None:
        body["isFallbackPublicClient"] = settings.fallback
    if settings.token_version is not None:
        body["api"] = {"requestedAccessTokenVersion": settings.token_version}
    return body


def _allowed(setting: bool | None) -> str:
    return "allowed" if setting else "forbidden"


def _url_differences(before: Settings, after: Settings) -> list[SettingDifference]:
    found: list[SettingDifference] = []
    for kind, name in URL_WORDS.items():
        old, new = before.reply_urls[kind], after.reply_urls[kind]
        for url in new:
            if url not in old:
                implied = (kind, url) == ("public", DEFAULT_REPLY_URL)
                found.append(SettingDifference(name, "", url, f"add {name} {url}", implied=implied))
        found += [SettingDifference(name, url, "", f"remove {name} {url}") for url in old if url not in new]
    return found


def _tag_differences(before: tuple[str, ...], after: tuple[str, ...]) -> list[SettingDifference]:
    added = [tag for tag in after if tag not in before]
    removed = [tag for tag in before if tag not in after and not tag.startswith(MARK)]
    found = [SettingDifference("tag", "", tag, f"add tag {tag}") for tag in added if not tag.startswith(MARK)]
    found += [SettingDifference("tag", tag, "", f"remove tag {tag}") for tag in removed]
    if marks := [tag for tag in added if tag.startswith(MARK)]:
        found.append(SettingDifference("tag", "", marks[0], "tag it as managed by this tool", implied=True))
    return found


def _without_read_write(permissions: Permissions) -> Permissions:
    left = []
    for api, access in permissions:
        rest = tuple(permission for permission in access if api != DIGITAL_TWINS or permission[0] != READ_WRITE)
        if rest:
            left.append((api, rest))
    return tuple(left)


def _unless_none(desired: bool | None, present: bool) -> bool:
    return present if desired is None else desired


def _notes(present: Settings, rules: Rules) -> str:
    """Return the desired notes; those that it has where none are mentioned, or where someone else wrote them."""
    desired = rules.desired.notes
    if desired is None:
        return present.notes
    if NOTES.item() in rules.owned:
        return desired
    foreign = bool(present.notes and rules.adoption_tag)
    return present.notes if foreign or not desired else desired


def _urls(kind: UrlKind, present: Settings, rules: Rules) -> tuple[str, ...]:
    desired = rules.desired.all_reply_urls[kind]
    unwanted = rules.owned_urls(kind) - {*desired} if desired is not None else frozenset()
    return _merge(present.reply_urls[kind], desired or (), unwanted)


def _unwanted_tags(rules: Rules) -> frozenset[str]:
    """Return the tags that this tool added and that are no longer desired."""
    desired = rules.desired.tags
    return frozenset() if desired is None else APP_TAG.names(rules.owned) - {*desired}


def _merge(present: tuple[str, ...], desired: tuple[str, ...], unwanted: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(value for value in present if value not in unwanted), *desired)))


def _items(settings: Settings) -> dict[str, None]:
    found = [REPLY_URL.item(kind, url) for kind, urls in settings.reply_urls.items() for url in urls]
    found += [APP_TAG.item(tag) for tag in settings.tags if not tag.startswith(MARK)]
    if with_read_write(settings.permissions) == settings.permissions:
        found.append(PERMISSION.item())
    return dict.fromkeys(found)
