"""The settings of the app registration: what is owned, kept and refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine.refusal import BadInput, Refusal
from steps.shared.applications import unique_name
from steps.shared.digital_twins_api import DIGITAL_TWINS, READ_WRITE
from steps.shared.tags import MARK
from steps.step_04_app_registration import adoption
from steps.step_04_app_registration.desired import MULTIPLE, PERSONAL, SINGLE
from steps.step_04_app_registration.observed import Settings
from steps.step_04_app_registration.settings import graph_json, released_settings
from steps.step_04_app_registration.switches import restored_switches, switch_ownership, what_stays
from steps.step_04_app_registration.url_rules import refuse_urls
from tests.plans.applications import AS_DESIRED, FOREIGN, NAME, OURS, TAG
from tests.plans.facts import TARGET
from tests.plans.settings_facts import OWN, A, B, owning


def test_graphs_json() -> None:
    settings = replace(AS_DESIRED, web=(A,), id_tokens=True, notes="n")
    expected = {
        "displayName": NAME,
        "signInAudience": SINGLE,
        "publicClient": {"redirectUris": ["http://localhost"]},
        "web": {
            "redirectUris": [A],
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": True},
        },
        "spa": {"redirectUris": []},
        "requiredResourceAccess": [
            {"resourceAppId": DIGITAL_TWINS, "resourceAccess": [{"id": READ_WRITE, "type": "Scope"}]}
        ],
        "tags": [MARK],
        "notes": "n",
    }
    assert graph_json(settings) == expected
    assert graph_json(replace(settings, fallback=False, token_version=2)) == {
        **expected,
        "isFallbackPublicClient": False,
        "api": {"requestedAccessTokenVersion": 2},
    }
    json.dumps(graph_json(settings))


def test_released_settings_are_those_of_others() -> None:
    graph = ("00000003", (("e1fe6dd8", "Scope"),))
    role = (READ_WRITE, "Role")
    before = Settings(
        public=("http://localhost", B), web=(A,), spa=(A,), notes="ours", tags=("theirs", "plant", TAG),
        permissions=(graph, (DIGITAL_TWINS, (("other", "Scope"), (READ_WRITE, "Scope")))),
    )  # fmt: skip
    owned = ("reply-url:public:http://localhost", f"reply-url:web:{A}", "app-tag:plant", "notes", "permission")
    rules = owning(*owned, tag=TAG, notes="ours", web_reply_urls=(A,), tags=("plant",))
    assert released_settings(before, rules) == Settings(
        public=(B,), spa=(A,), tags=("theirs",), permissions=(graph, (DIGITAL_TWINS, (("other", "Scope"),)))
    )
    assert released_settings(before, owning(tag=TAG)) == replace(before, tags=("theirs", "plant"))
    assert released_settings(replace(before, notes="theirs"), rules).notes == "theirs"
    others = (("00000003", (role,)), ("x", (role,)))
    bare = replace(before, permissions=((DIGITAL_TWINS, ((READ_WRITE, "Scope"),)), *others))
    assert released_settings(bare, rules).permissions == others


def test_how_a_switch_was_is_recorded_once_and_forgotten_when_it_is_so_again() -> None:
    before = Settings(audience=SINGLE)
    after = replace(before, audience=PERSONAL, fallback=True, access_tokens=True, id_tokens=True, token_version=2)
    recorded = (
        'before:audience:"AzureADMyOrg"',
        "before:fallback:null",
        "before:access_tokens:false",
        "before:id_tokens:false",
        "before:token_version:null",
    )
    assert switch_ownership(before, after, ()) == (recorded, ())
    assert switch_ownership(after, after, recorded) == ((), ())
    back = replace(before, fallback=False, token_version=1)
    assert switch_ownership(after, back, recorded) == ((), recorded)
    assert switch_ownership(after, replace(after, fallback=None), recorded) == ((), ())
    assert switch_ownership(before, before, ("before:unknown:1", "notes")) == ((), ())


def test_switches_are_restored_unless_others_changed_them_since() -> None:
    owned = ('before:audience:"AzureADMyOrg"', "before:fallback:null", "before:id_tokens:false", "before:unknown:1")
    now = Settings(audience=MULTIPLE, fallback=True, id_tokens=True, access_tokens=True)
    asked = owning(*owned, audience=MULTIPLE, public_client=True, implicit_id_tokens=True)
    assert restored_switches(now, asked) == replace(now, audience=SINGLE, fallback=False, id_tokens=False)
    changed = owning(*owned, audience=PERSONAL, public_client=False, implicit_id_tokens=None)
    assert restored_switches(now, changed) == replace(now, id_tokens=False)
    versions = owning("before:token_version:null")
    assert restored_switches(replace(now, token_version=2), versions).token_version == 1


def test_what_is_desired_and_not_recorded_stays_and_is_told() -> None:
    now = Settings(audience=MULTIPLE, fallback=True, web=(A,), notes="x")
    nothing = what_stays(now, now, OWN)
    rules = owning(audience=MULTIPLE, public_client=True, implicit_id_tokens=True, web_reply_urls=(A,), notes="x")
    told = what_stays(now, now, rules)
    assert nothing != told
    assert all(part in told for part in (MULTIPLE, A))
    for desired in ({"public_client": True}, {"notes": "x"}, {"audience": MULTIPLE}, {"web_reply_urls": (A,)}):
        assert what_stays(now, now, owning(**desired)) not in (nothing, told)
    assert what_stays(now, now, owning(implicit_id_tokens=True)) == nothing
    assert what_stays(now, Settings(), rules) == nothing
    assert what_stays(now, now, owning(public_client=False, notes="y", web_reply_urls=(B,))) == nothing


def test_reply_urls_that_entra_id_refuses_together() -> None:
    refuse_urls(Settings(public=(A,), web=(B,), spa=("https://c.example/",)))
    for both in (Settings(public=(A,), web=(A,)), Settings(web=(B, A), spa=(A,))):
        with pytest.raises(BadInput) as caught:
            refuse_urls(both)
        assert A in caught.value.what


@pytest.mark.parametrize(("audience", "most"), [(SINGLE, 256), (MULTIPLE, 256), (PERSONAL, 100)])
def test_how_many_reply_urls_an_application_may_have(audience: str, most: int) -> None:
    urls = tuple(f"https://a.example/{number}" for number in range(most + 1))
    refuse_urls(Settings(audience=audience, web=urls[1:]))
    with pytest.raises(BadInput):
        refuse_urls(Settings(audience=audience, web=urls))


@pytest.mark.parametrize("url", ["https://*.example/", "https://a.example/?x=1"])
def test_reply_urls_of_applications_for_personal_accounts(url: str) -> None:
    refuse_urls(Settings(audience=MULTIPLE, web=(url,)))
    refuse_urls(Settings(audience=PERSONAL, web=(A,)))
    with pytest.raises(BadInput):
        refuse_urls(Settings(audience=PERSONAL, web=(A, url)))


@pytest.mark.parametrize(
    ("tags", "notes"),
    [
        ((f"{MARK}:adopted:0123",), ""),
        ((MARK,), ""),
        (("Managed-By:terraform",), ""),
        (("managedBy:x",), ""),
        ((), "Managed by the platform team"),
        (("managed_by",), ""),
    ],
)
def test_an_application_that_someone_else_manages_is_not_adopted(tags: tuple[str, ...], notes: str) -> None:
    found = replace(FOREIGN, settings=replace(FOREIGN.settings, tags=tags, notes=notes))
    with pytest.raises(Refusal) as caught:
        adoption.refuse_adoption(found, TAG)
    assert caught.value.exit_code == 2
    assert not adoption.is_adoptable(found, TAG)


def test_an_application_that_nobody_manages_is_adopted() -> None:
    tags = ("theirs", TAG, "managed", "by")
    assert adoption.is_adoptable(replace(FOREIGN, settings=replace(FOREIGN.settings, tags=tags)), TAG)


def test_names_follow_from_the_instance_alone() -> None:
    upper = TARGET.instance_id.upper()
    assert unique_name(upper) == unique_name(TARGET.instance_id)
    assert adoption.adoption_tag(upper) == TAG
    assert unique_name(TARGET.instance_id + "2") != unique_name(TARGET.instance_id)
    digest = TAG.rpartition(":")[2]
    assert unique_name(TARGET.instance_id) == f"digital-twins-{digest}"
    assert (f"{MARK}:adopted:{digest}", len(digest)) == (TAG, 32)


def test_whose_an_application_is_follows_from_its_unique_name() -> None:
    instance = TARGET.instance_id
    renamed = replace(OURS, unique_name=OURS.unique_name.upper())
    assert [adoption.tag_of(found, instance) for found in (None, OURS, renamed)] == ["", "", ""]
    assert [adoption.tag_of(found, instance) for found in (FOREIGN, replace(FOREIGN, unique_name="x"))] == [TAG, TAG]
    assert adoption.tag_of(OURS, f"{instance}2") == adoption.adoption_tag(f"{instance}2")


def test_the_application_that_is_named_by_its_client_id() -> None:
    other = replace(FOREIGN, client_id="0the4000")
    assert adoption.chosen("c", FOREIGN, None, "") == FOREIGN
    assert adoption.chosen("c", FOREIGN, None, FOREIGN.client_id.upper()) == FOREIGN
    assert adoption.chosen("c", OURS, OURS, "") == OURS
    refused = [(None, None, ""), (None, OURS, ""), (other, OURS, ""), (other, None, FOREIGN.client_id)]
    for named, own, adopted in refused:
        with pytest.raises(Refusal) as caught:
            adoption.chosen("c", named, own, adopted)
        assert caught.value.exit_code == 2
