"""Which deployments of a settings file share a resource group, and what follows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from cli.duplicates import duplicates, same_applications
from cli.name_cache import NameCache
from cli.resolve import Resolved
from cli.sharing import Sharer, last_of, recorded_sharers, share, sharer_of, with_sharers
from engine.record import PriorRuns
from steps import STEPS
from steps.step_01_resource_group.inputs import DesiredGroup
from tests.plans.facts import NAMES, TARGET, given

OWNS = PriorRuns({}, {"resource_group": frozenset(["resource-group"])}, {}, {}, frozenset())
OWNS_NOT = PriorRuns()


def resolved(instance: str, group: str = "twins", **values: Any) -> Resolved:
    target = replace(TARGET, instance=instance, resource_group=group, deployment=instance)
    inputs = given(**values)
    return Resolved(target, inputs, NameCache(None), {step.key: step.desired(inputs, target, NAMES) for step in STEPS})


def group_of(found: Resolved) -> DesiredGroup:
    return cast("DesiredGroup", found.desired["resource_group"])


def test_what_all_tag_it_with_is_its_tags() -> None:
    settled = {
        "dev": (resolved("dev", tag={"team": "twins", "stage": "dev"}), OWNS),
        "north": (resolved("north", "TWINS", tag={"Team": "twins", "stage": "production"}), OWNS_NOT),
        "alone": (resolved("alone", "other", tag={"stage": "dev"}), OWNS),
    }
    found, after = share(settled, [], removing=False)
    tags = {name: group_of(one).tags for name, one in found.items()}
    assert tags == {"dev": {"team": "twins"}, "north": {"Team": "twins"}, "alone": {"stage": "dev"}}
    assert {name: group_of(one).created_by_others for name, one in found.items()} == {
        "dev": False, "north": True, "alone": False
    }  # fmt: skip
    assert after == {}
    untagged, _ = share({name: (resolved(name), OWNS) for name in ("a", "b")}, [], removing=False)
    assert [group_of(one).tags for one in untagged.values()] == [None, None]


@pytest.mark.parametrize(("owners", "takes"), [(("a", "b", "c"), "c"), (("a", "b"), "b"), (("a",), "a"), ((), "c")])
def test_it_goes_with_the_last_that_has_recorded_it(owners: tuple[str, ...], takes: str) -> None:
    settled = {name: (resolved(name), OWNS if name in owners else OWNS_NOT) for name in ("a", "b", "c")}
    found, after = share(settled, [], removing=True)
    others = {"a", "b", "c"} - {takes}
    assert after == {takes: others}
    assert {Path(one).name for one in group_of(found[takes]).going} == others
    assert group_of(found[takes]).kept_for == ""
    for name in others:
        assert (takes in group_of(found[name]).kept_for) == (takes in owners)
        assert group_of(found[name]).shared


def test_one_that_is_not_removed_keeps_it() -> None:
    outside = Sharer("stays", TARGET.group_id.lower(), "/x", None, owns=True)
    found, _ = share({name: (resolved(name), OWNS) for name in ("a", "b")}, [outside], removing=True)
    assert all("stays" in group_of(one).kept_for for one in found.values())
    alone = with_sharers(resolved("a", "other"), [outside], removing=True)
    assert not group_of(alone).shared
    assert last_of([replace(outside, name="x"), replace(outside, name="y", owns=False)]).name == "x"


def document(**changes: Any) -> dict[str, Any]:
    return {
        "belongs_to": {"subscription": TARGET.subscription},
        "inputs": {"resource_group": "Twins", "instance": "dev", "tag": {"a": "b"}},
        "steps": {"resource_group": {"made": ["resource-group"]}, "instance": {}},
        **changes,
    }


def test_state_files_say_who_shares_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sharer = sharer_of("dev", document())
    assert sharer == Sharer("dev", TARGET.group_id.lower(), sharer.instance_id if sharer else "", {"a": "b"}, owns=True)
    for torn in ({}, {"inputs": 1}, document(inputs={}), document(steps=[]), document(steps={"a": 1})):
        assert sharer_of("dev", torn) is None
    file = tmp_path / "deploy.toml"
    file.write_text(
        "[deployments.dev]\nstate = 'states/d.json'\n"
        "[deployments.gone]\n[deployments.torn]\n[deployments.never]\n[deployments.me]\n"
    )
    removed = document(steps={"resource_group": {"made": []}})
    written = {"dev": json.dumps(document()), "gone": json.dumps(removed), "torn": "{", "me": json.dumps(document())}
    for name, content in written.items():
        (tmp_path / f"{name}.state.json").write_text(content)
    (tmp_path / "states").mkdir()
    (tmp_path / "dev.state.json").rename(tmp_path / "states" / "d.json")
    assert [found.name for found in recorded_sharers(file, ["me"], local=False)] == ["dev"]
    file.write_text("torn")
    assert recorded_sharers(file, [], local=False) == recorded_sharers(None, [], local=False) == []


def test_what_is_one_deployments_own() -> None:
    def refused(*deployments: Resolved) -> set[str]:
        return set(duplicates({one.target.deployment: one for one in deployments}))

    app = "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
    a, b = resolved("a"), resolved("b")
    assert refused(a, b, resolved("c", "other")) == set()
    same = replace(b, target=replace(a.target, instance="A", deployment="same"))
    assert refused(a, b, same) == {"a", "same"}
    assert refused(resolved("a", app_id=app), resolved("b", app_id=app.upper()), resolved("c")) == {"a", "b"}
    assert refused(resolved("a", app_id=app, no_app=True), resolved("b", app_id=app)) == set()
    adopted: dict[str, Any] = {"app_name": "Twins", "adopt_app": True}
    assert refused(resolved("a", **adopted), resolved("b", **adopted)) == {"a", "b"}
    assert refused(resolved("a", app_name="Twins"), resolved("b", app_name="Twins")) == set()
    secret = {"secret": "ci", "secret_file": "/x/ci.secret"}
    assert refused(resolved("a", **secret), resolved("b", **secret)) == {"a", "b"}
    assert refused(resolved("a", secret="ci"), resolved("b", secret="ci")) == set()
    printed = {"secret": "ci", "secret_file": "-"}
    assert refused(resolved("a", **printed), resolved("b", **printed)) == set()


def test_an_application_that_two_have_found_is_told_to_both() -> None:
    found = {"a": "0B07F429", "b": "0b07f429", "c": "other", "d": "", "e": ""}
    assert same_applications(found).keys() == {"a", "b"}
    assert same_applications({"c": "other"}) == {}
