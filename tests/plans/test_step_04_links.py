"""The plans of owners and federated credentials."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest

from cloud.identifiers import Principal
from engine.change import Drift
from engine.refusal import BadInput
from steps.step_04_app_registration.federation import plan_federated
from steps.step_04_app_registration.observed import FederatedCredential, Owner
from steps.step_04_app_registration.owners import plan_owners
from steps.step_04_app_registration.partial_plan import PartialPlan
from tests.plans.applications import CLIENT
from tests.plans.facts import ADA, BOB

ADA_OWNS, BOB_OWNS = Owner(ADA.object_id, ADA.label), Owner(BOB.object_id, BOB.label)
MAIN = FederatedCredential("main", "https://issuer.example", "repo:main", ("api://x",))
TEST = FederatedCredential("test", "https://issuer.example", "repo:test", ("api://x",))


def keys(plan: PartialPlan) -> list[str]:
    return [change.key for change in plan.changes]


def test_owners_that_are_not_mentioned_are_left_alone() -> None:
    assert plan_owners((BOB_OWNS,), {f"owner:{BOB.object_id}"}, None) == PartialPlan()


def test_a_missing_owner_is_added() -> None:
    upper = Principal(BOB.object_id.upper(), "User", BOB.label)
    plan = plan_owners((ADA_OWNS,), (), (upper,), creator=ADA.object_id.upper(), client_id=CLIENT)
    (change,) = plan.changes
    assert (change.key, change.drift) == (f"add-owner:{BOB.object_id}", Drift.MISSING)
    assert (change.owns, change.releases, change.rights) == ((f"owner:{BOB.object_id}",), (), ())
    assert change.az() == f"az ad app owner add --id {CLIENT} --owner-object-id {BOB.object_id}"
    assert plan.notes == ()
    assert plan_owners((), (), (BOB,)).changes[0].az() == ""
    assert plan_owners((BOB_OWNS,), (), (upper,)) == PartialPlan()


def test_an_owner_that_this_tool_added_is_removed() -> None:
    owned = {f"owner:{BOB.object_id}"}
    plan = plan_owners((ADA_OWNS, BOB_OWNS), owned, (), client_id=CLIENT)
    (change,) = plan.changes
    assert (change.key, change.drift) == (f"remove-owner:{BOB.object_id}", Drift.LEFT_OVER)
    assert (change.owns, change.releases) == ((), (f"owner:{BOB.object_id}",))
    assert change.az() == f"az ad app owner remove --id {CLIENT} --owner-object-id {BOB.object_id}"
    assert len(plan.notes) == 1
    assert plan_owners((BOB_OWNS, ADA_OWNS), owned, ()).changes[0].az() == ""
    assert plan_owners((ADA_OWNS, BOB_OWNS), owned, (BOB, ADA)) == PartialPlan()


def test_owners_that_others_added_stay() -> None:
    plan = plan_owners((ADA_OWNS, BOB_OWNS), (), ())
    assert plan.changes == ()
    assert (ADA.label in plan.notes[0], BOB.label in plan.notes[0]) == (True, True)


def test_the_last_owner_stays() -> None:
    owned = {f"owner:{ADA.object_id}", f"owner:{BOB.object_id}"}
    alone = plan_owners((BOB_OWNS,), owned, ())
    assert (alone.changes, len(alone.notes)) == ((), 1)
    assert keys(plan_owners((BOB_OWNS, ADA_OWNS), owned, ())) == [f"remove-owner:{ADA.object_id}"]
    replaced = plan_owners((BOB_OWNS,), owned, (ADA,))
    assert keys(replaced) == [f"add-owner:{ADA.object_id}", f"remove-owner:{BOB.object_id}"]


def test_groups_cannot_own() -> None:
    with pytest.raises(BadInput):
        plan_owners((), (), (ADA, Principal("9", "Group", "engineers")))
    assert keys(plan_owners((), (), (Principal("9", "ServicePrincipal", "robot"),))) == ["add-owner:9"]


def test_a_missing_credential_is_added() -> None:
    plan = plan_federated((TEST,), (), (MAIN,), is_adopted=True, client_id=CLIENT)
    (change,) = plan.changes
    assert (change.key, change.drift) == ("write-federated:main", Drift.MISSING)
    assert (change.owns, change.releases, change.rights) == (("federated:main",), (), ())
    command = shlex.split(change.az())
    assert command[:-1] == [
        *("az", "ad", "app", "federated-credential", "create", "--id", CLIENT, "--parameters"),
    ]
    assert json.loads(command[-1]) == {
        "name": "main",
        "issuer": MAIN.issuer,
        "subject": MAIN.subject,
        "audiences": ["api://x"],
    }
    assert (change.detail != "", len(plan.notes)) == (True, 1)
    assert plan_federated((), (), (MAIN,), is_adopted=False).changes[0].az() == ""


def test_a_credential_that_differs_is_changed_where_it_is_ours() -> None:
    old = replace(MAIN, subject="repo:old")
    for owned, is_adopted in (((), False), (("federated:main",), True)):
        plan = plan_federated((old,), owned, (MAIN,), is_adopted=is_adopted, client_id=CLIENT)
        (change,) = plan.changes
        assert (change.key, change.drift, plan.notes) == ("write-federated:main", Drift.DIFFERS, ())
        assert change.az().startswith(
            f"az ad app federated-credential update --federated-credential-id main --id {CLIENT} --parameters "
        )
    with pytest.raises(BadInput):
        plan_federated((old,), (), (MAIN,), is_adopted=True)
    assert plan_federated((MAIN,), (), (MAIN,), is_adopted=True) == PartialPlan()


def test_a_credential_that_is_no_longer_desired_is_removed_where_it_is_ours() -> None:
    plan = plan_federated((MAIN, TEST), ("federated:main",), (), is_adopted=True, client_id=CLIENT)
    (change,) = plan.changes
    assert (change.key, change.drift) == ("remove-federated:main", Drift.LEFT_OVER)
    assert (change.owns, change.releases) == ((), ("federated:main",))
    assert change.az() == f"az ad app federated-credential delete --id {CLIENT} --federated-credential-id main"
    assert len(plan.notes) == 1
    assert plan_federated((MAIN,), ("federated:main",), (), is_adopted=False).changes[0].az() == ""
    untouched = plan_federated((MAIN,), ("federated:main",), None, is_adopted=False)
    assert untouched == PartialPlan()
    assert plan_federated((), ("federated:main",), (), is_adopted=False) == PartialPlan()


def test_entra_id_allows_an_issuer_and_subject_once() -> None:
    twin = replace(MAIN, name="twin")
    plan = plan_federated((twin,), (), (MAIN,), is_adopted=False)
    assert (plan.changes, len(plan.notes)) == ((), 2)
    with pytest.raises(BadInput):
        plan_federated((replace(twin, audiences=("api://y",)),), (), (MAIN,), is_adopted=False)
    renamed = plan_federated((twin,), ("federated:twin",), (MAIN,), is_adopted=False)
    assert keys(renamed) == ["remove-federated:twin", "write-federated:main"]
    elsewhere = replace(twin, issuer="https://other.example")
    assert keys(plan_federated((elsewhere,), (), (MAIN,), is_adopted=False)) == ["write-federated:main"]


def test_there_are_at_most_20() -> None:
    many = tuple(replace(TEST, name=f"test-{number}", subject=f"s-{number}") for number in range(20))
    with pytest.raises(BadInput):
        plan_federated(many, (), (MAIN,), is_adopted=False)
    assert keys(plan_federated(many[1:], (), (MAIN,), is_adopted=False)) == ["write-federated:main"]
    one_less = plan_federated(many, ("federated:test-0",), (MAIN,), is_adopted=False)
    assert keys(one_less) == ["remove-federated:test-0", "write-federated:main"]
    changed = replace(many[0], subject="other")
    assert keys(plan_federated(many, (), (changed,), is_adopted=False)) == ["write-federated:test-0"]


def test_a_github_repository_that_is_named_without_ids_is_told_of_them() -> None:
    github = "https://token.actions.githubusercontent.com"
    old = replace(MAIN, issuer=github, subject="repo:contoso/plant:ref:refs/heads/main")
    new = replace(old, subject="repo:contoso@1/plant@2:ref:refs/heads/main")
    assert len(plan_federated((), (), (old,), is_adopted=False).notes) == 1
    assert plan_federated((), (), (new,), is_adopted=False).notes == ()
    assert plan_federated((old,), ("federated:main",), (old,), is_adopted=False).notes == ()
    for issuer in ("https://a.example", "https://z.example"):
        assert plan_federated((), (), (replace(old, issuer=issuer),), is_adopted=False).notes == ()
