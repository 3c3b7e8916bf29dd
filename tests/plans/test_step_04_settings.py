"""The settings of the app registration: what becomes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from steps.shared.digital_twins_api import DIGITAL_TWINS, READ_WRITE
from steps.shared.tags import MARK
from steps.step_04_app_registration.desired import MULTIPLE, PERSONAL, SINGLE
from steps.step_04_app_registration.observed import Settings
from steps.step_04_app_registration.settings import differences, kept_notes, ownership, target_settings, with_read_write
from tests.plans.applications import AS_DESIRED, FOREIGN, READ_WRITE_ACCESS, TAG
from tests.plans.settings_facts import ADOPTED, OWN, A, B, owning, words


def test_a_new_application() -> None:
    assert target_settings(Settings(), OWN) == AS_DESIRED
    assert target_settings(AS_DESIRED, OWN) == AS_DESIRED


def test_an_adopted_application_keeps_its_name_and_audience() -> None:
    before = FOREIGN.settings
    assert target_settings(before, ADOPTED) == replace(
        before, public=("http://localhost",), tags=("theirs", TAG), permissions=READ_WRITE_ACCESS
    )


def test_an_audience_that_is_desired_is_set_on_both() -> None:
    for tag in ("", TAG):
        after = target_settings(FOREIGN.settings, owning(tag=tag, audience=PERSONAL))
        assert (after.audience, after.token_version) == (PERSONAL, 2)
    assert target_settings(replace(AS_DESIRED, audience=MULTIPLE, token_version=1), OWN).audience == SINGLE
    assert target_settings(replace(AS_DESIRED, token_version=1), OWN).token_version == 1


@pytest.mark.parametrize("kind", ["public", "web", "spa"])
def test_reply_urls(kind: str) -> None:
    desired = {"public": "reply_urls", "web": "web_reply_urls", "spa": "spa_reply_urls"}[kind]
    before = replace(AS_DESIRED, **{"public": (), kind: (A, B)})  # type: ignore[arg-type]
    other = "web" if kind == "public" else "public"

    def after(*owned: str, urls: tuple[str, ...] | None) -> tuple[str, ...]:
        rules = owning(*owned, tag="", **{"reply_urls": (), desired: urls})
        return target_settings(before, rules).reply_urls[kind]  # type: ignore[index]

    assert after(urls=()) == (A, B)
    assert after(urls=(B, "https://c.example/")) == (A, B, "https://c.example/")
    assert after(f"reply-url:{kind}:{A}", urls=()) == (B,)
    assert after(f"reply-url:{kind}:{A}", urls=(A,)) == (A, B)
    assert after(f"reply-url:{other}:{A}", urls=()) == (A, B)


def test_reply_urls_that_are_not_mentioned_stay_though_this_tool_added_them() -> None:
    before = replace(AS_DESIRED, web=(A,), spa=(B,))
    assert target_settings(before, owning(f"reply-url:web:{A}", f"reply-url:spa:{B}")) == before


def test_tags() -> None:
    before = replace(AS_DESIRED, tags=(MARK, "plant", "theirs"))
    assert target_settings(before, owning("app-tag:plant")).tags == (MARK, "plant", "theirs")
    assert target_settings(before, owning("app-tag:plant", tags=())).tags == (MARK, "theirs")
    assert target_settings(before, owning("app-tag:plant", tags=("new", "plant"))).tags == (
        *(MARK, "plant", "theirs", "new"),
    )
    assert target_settings(before, owning(tags=())).tags == before.tags


@pytest.mark.parametrize(
    ("desired", "owned", "tag", "before", "after"),
    [
        (None, (), "", "old", "old"),
        (None, ("notes",), "", "old", "old"),
        ("new", (), "", "old", "new"),
        ("new", (), TAG, "old", "old"),
        ("new", ("notes",), TAG, "old", "new"),
        ("new", (), TAG, "", "new"),
        ("", (), "", "old", "old"),
        ("", ("notes",), "", "old", ""),
        ("", ("notes",), TAG, "old", ""),
    ],
)
def test_notes(desired: str | None, owned: tuple[str, ...], tag: str, before: str, after: str) -> None:
    rules = owning(*owned, tag=tag, notes=desired)
    assert target_settings(replace(AS_DESIRED, notes=before), rules).notes == after


def test_switches_that_are_not_mentioned_stay() -> None:
    before = replace(AS_DESIRED, fallback=True, access_tokens=True, id_tokens=True)
    assert target_settings(before, OWN) == before
    off = owning(public_client=False, implicit_access_tokens=False, implicit_id_tokens=False)
    assert target_settings(before, off) == replace(before, fallback=False, access_tokens=False, id_tokens=False)


def test_the_permission_is_added_beside_others() -> None:
    graph = ("00000003", (("e1fe6dd8", "Scope"),))
    role = (READ_WRITE, "Role")
    assert with_read_write((graph,)) == (graph, *READ_WRITE_ACCESS)
    assert with_read_write(READ_WRITE_ACCESS) == READ_WRITE_ACCESS
    assert with_read_write(((DIGITAL_TWINS, (role,)), graph)) == (
        graph,
        (DIGITAL_TWINS, (role, (READ_WRITE, "Scope"))),
    )


def test_each_difference_is_told() -> None:
    after = Settings(
        name="new", audience=MULTIPLE, public=(A,), web=(B,), spa=(), fallback=True, access_tokens=True, id_tokens=True,
        notes="new", tags=("new", MARK), permissions=READ_WRITE_ACCESS, token_version=2,
    )  # fmt: skip
    before = Settings(public=("http://localhost",), spa=(A,), tags=("old",))
    assert words(before, after) == 14
    assert [found.implied for found in differences(before, after)].count(True) == 2
    assert words(after, before) == 13
    assert [found.implied for found in differences(after, before)].count(True) == 1
    assert differences(after, after) == ()
    assert words(AS_DESIRED, replace(AS_DESIRED, token_version=2)) == 1
    assert words(AS_DESIRED, replace(AS_DESIRED, audience="AnyOther")) == 1
    assert words(AS_DESIRED, replace(AS_DESIRED, fallback=False)) == 0
    (url,) = differences(Settings(), Settings(public=("http://localhost",)))
    (web,) = differences(Settings(), Settings(web=("http://localhost",)))
    assert (url.implied, web.implied) == (True, False)


def test_each_difference_has_what_was_and_what_is_to_be() -> None:
    after = Settings(name="new", audience=MULTIPLE, spa=(A,), access_tokens=True, service="s", notes="n", tags=("t",))
    told = [(found.before, found.after) for found in differences(Settings(name="old"), after)]
    assert {became for _, became in told} >= {"new", A, "s", "n", "t"}
    assert [(one.after, one.before) for one in differences(after, Settings(name="old"))] == told
    (version,) = differences(Settings(token_version=None), Settings(token_version=2))
    assert (version.before, version.after) == ("", "2")
    for switch in ("fallback", "access_tokens", "id_tokens"):
        (allowed,) = differences(Settings(), replace(Settings(), **{switch: True}))  # type: ignore[arg-type]
        assert (allowed.before, allowed.after) == ("forbidden", "allowed")


def test_what_a_change_owns_and_releases() -> None:
    before = replace(AS_DESIRED, public=(A,), web=(), tags=("old", MARK), notes="", permissions=())
    after = replace(AS_DESIRED, public=(), web=(A, "app:x"), tags=("new", TAG), notes="x")
    owns = (f"reply-url:web:{A}", "reply-url:web:app:x", "app-tag:new", "permission", "notes")
    releases = (f"reply-url:public:{A}", "app-tag:old")
    assert ownership(before, after) == (owns, releases)
    back = (f"reply-url:web:{A}", "reply-url:web:app:x", "app-tag:new", "permission", "notes")
    assert ownership(after, before) == (releases, back)
    assert ownership(after, replace(after, notes="y")) == (("notes",), ())


def test_what_others_added_is_told() -> None:
    assert kept_notes(AS_DESIRED, OWN) == ()
    graph = ("00000003", (("e1fe6dd8", "Scope"),))
    theirs = replace(AS_DESIRED, web=(A,), permissions=(graph,), tags=("theirs",), notes="old")
    assert len(kept_notes(theirs, owning(notes=""))) == 4
    assert len(kept_notes(theirs, owning(web_reply_urls=(A,), tags=("theirs",), notes="old"))) == 1
    assert len(kept_notes(replace(theirs, web=(), permissions=(), notes=""), owning(tag=TAG))) == 1


def test_a_permission_that_is_asked_for_is_told_from_one_that_no_longer_is() -> None:
    others, role = ("00000003", (("e1fe6dd8", "Scope"),)), (READ_WRITE, "Role")
    for without in ((others,), ((DIGITAL_TWINS, (role,)), others)):
        before = replace(AS_DESIRED, permissions=without)
        after = replace(AS_DESIRED, permissions=with_read_write(without))
        (asked,), (dropped,) = differences(before, after), differences(after, before)
        assert (asked.before, asked.implied) == ("", True)
        assert (dropped.after, dropped.implied) == ("", False)
        assert asked.after == dropped.before != ""
        assert ownership(before, after) == (("permission",), ())
        assert ownership(after, before) == ((), ("permission",))
