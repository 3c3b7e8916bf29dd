"""The inputs of the app registration, and the desired state made of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloud import validation
from engine.input import Given, Lookup, Value
from engine.refusal import BadInput
from steps.step_04_app_registration.desired import DesiredApplication, Secret, default_app_name, refuse_two_ways
from steps.step_04_app_registration.inputs import INPUTS
from steps.step_04_app_registration.observed import FederatedCredential
from steps.step_04_app_registration.step import STEP
from tests.plans.facts import BOB, NAMES, TARGET, given, remembered

HERE = replace(TARGET, folder="/state")
BY_NAME = {row.name: row for row in INPUTS}


def desired(inputs: dict[str, Given]) -> DesiredApplication:
    return STEP.desired(inputs, HERE, NAMES)


def refusal(inputs: dict[str, Given]) -> BadInput:
    with pytest.raises(BadInput) as caught:
        STEP.lookups(inputs, HERE)
        desired(inputs)
    assert caught.value.exit_code == 2
    return caught.value


def test_the_defaults() -> None:
    assert desired({}) == DesiredApplication(
        HERE, "factory-app", ("http://localhost",), signed_in=NAMES.signed_in.object_id
    )
    assert default_app_name("factory") == "factory-app"
    assert STEP.lookups({}, HERE) == ()


def test_every_input_is_used() -> None:
    inputs = given(
        app_name="portal",
        app_id="00000000-0000-4000-8000-00000000dead",
        reply_url=["https://a.example/", "https://a.example/"],
        web_reply_url=["https://web.example/"],
        spa_reply_url=[],
        public_client=False,
        implicit_access_tokens=True,
        implicit_id_tokens=False,
        audience="personal",
        owner=["bob@contoso.com"],
        notes="of the plant",
        app_tag=["plant"],
        service_management_reference="7c2f",
    )
    assert STEP.lookups(inputs, HERE) == (Lookup("principal", "bob@contoso.com"),)
    assert desired(inputs) == DesiredApplication(
        HERE,
        "portal",
        reply_urls=("https://a.example/",),
        web_reply_urls=("https://web.example/",),
        spa_reply_urls=(),
        public_client=False,
        implicit_access_tokens=True,
        implicit_id_tokens=False,
        audience="AzureADandPersonalMicrosoftAccount",
        owners=(BOB,),
        notes="of the plant",
        service="7c2f",
        tags=("plant",),
        app_id="00000000-0000-4000-8000-00000000dead",
        signed_in=NAMES.signed_in.object_id,
    )
    assert STEP.settled(desired(inputs)) == {
        "no_app": False,
        "app_name": "portal",
        "reply_url": ["https://a.example/"],
    }


@pytest.mark.parametrize(("value", "audience"), [("single", "AzureADMyOrg"), ("multiple", "AzureADMultipleOrgs")])
def test_audiences(value: str, audience: str) -> None:
    assert desired(given(audience=value)).audience == audience


def test_owners_that_an_earlier_run_looked_up_need_no_look_up() -> None:
    inputs = remembered(owner=["bob@contoso.com"])
    assert STEP.lookups(inputs, HERE) == (Lookup("principal", "bob@contoso.com", remembered=True),)


def test_none_clears_the_notes_and_the_service() -> None:
    cleared = desired(given(notes="none", service_management_reference="none"))
    assert (cleared.notes, cleared.service) == ("", "")
    assert (desired({}).notes, desired({}).service) == (None, None)


def test_a_secret_is_kept_beside_the_state_file() -> None:
    assert desired(given(secret="ci")).secret == Secret("ci", 180, "/state/ci.secret")
    everything = given(secret="ci", secret_days="30", secret_file="-", rotate_secret=True)
    assert desired(everything).secret == Secret("ci", 30, "-", rotate=True)
    assert desired(given(secret="none")).secret is None


@pytest.mark.parametrize(
    "inputs",
    [
        given(rotate_secret=True),
        given(rotate_secret=True, secret="none"),
        given(secret_days="30"),
        given(secret_file="-"),
        {**given(secret_file="-"), **remembered(secret="none")},
    ],
)
def test_details_of_a_secret_need_its_name(inputs: dict[str, Given]) -> None:
    refusal(inputs)
    assert desired({**inputs, **given(no_app=True)}).secret is None


def test_remembered_details_of_a_secret_and_a_given_none_are_fine() -> None:
    assert desired(remembered(secret_days="30", secret_file="-")).secret is None
    assert desired(given(secret="none", secret_file="-")).secret is None


GITHUB = "https://token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("item", "subject"),
    [
        ({"branch": "main"}, "repo:contoso/plant:ref:refs/heads/main"),
        ({"tag": "v1"}, "repo:contoso/plant:ref:refs/tags/v1"),
        ({"environment": "prod"}, "repo:contoso/plant:environment:prod"),
        ({"pull_request": "true"}, "repo:contoso/plant:pull_request"),
    ],
)
def test_a_federated_credential_of_github(item: dict[str, str], subject: str) -> None:
    for repository in ("contoso/plant", "contoso@1/plant@22"):
        inputs = given(federated_credential=[{"name": "gh", "github": repository, **item}])
        named = subject.replace("contoso/plant", repository)
        wanted = FederatedCredential("gh", GITHUB, named, ("api://AzureADTokenExchange",))
        assert desired(inputs).federated == (wanted,)


@pytest.mark.parametrize(
    ("cloud", "audience"),
    [
        ("AzureUSGovernment", "api://AzureADTokenExchangeUSGov"),
        ("AzureChinaCloud", "api://AzureADTokenExchangeChina"),
        ("AzureCloud", "api://AzureADTokenExchange"),
    ],
)
def test_a_federated_credential_of_another_issuer(cloud: str, audience: str) -> None:
    item = {"name": "k8s", "issuer": "https://issuer.example", "subject": "me"}
    inputs = given(federated_credential=[item, {**item, "name": "own", "audience": "api://own"}])
    assert STEP.desired(inputs, replace(HERE, cloud=cloud), NAMES).federated == (
        FederatedCredential("k8s", "https://issuer.example", "me", (audience,)),
        FederatedCredential("own", "https://issuer.example", "me", ("api://own",)),
    )


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"issuer": "https://issuer.example"},
        {"subject": "me"},
        {"github": "contoso/plant"},
        {"github": "contoso/plant", "branch": "main", "tag": "v1"},
        {"github": "contoso/plant", "branch": "main", "pull_request": "true"},
        {"github": "contoso/plant", "branch": "main", "issuer": "https://issuer.example"},
        {"github": "contoso/plant", "branch": "main", "subject": "me"},
        {"github": "contoso", "branch": "main"},
        {"github": "contoso@1/plant", "branch": "main"},
        {"github": "contoso/plant@2", "branch": "main"},
        {"github": "contoso@x/plant@2", "branch": "main"},
        {"github": "contoso@1@1/plant@2", "branch": "main"},
        {"github": "contoso/plant/x", "branch": "main"},
    ],
)
def test_a_federated_credential_that_says_too_little_or_too_much(item: dict[str, str]) -> None:
    refusal(given(federated_credential=[{"name": "x", **item}]))


APP_ID: dict[str, Value] = {"app_id": "00000000-0000-4000-8000-00000000dead"}
ADOPT: dict[str, Value] = {"adopt_app": True}


@pytest.mark.parametrize("adopts", [APP_ID, ADOPT, {**APP_ID, **ADOPT}])
def test_what_is_left_out_is_not_adopted(adopts: dict[str, Value]) -> None:
    now = refusal(given(no_app=True, **adopts))
    earlier = refusal({**quiet(no_app=True), **given(**adopts)})
    assert now.next != earlier.next
    assert STEP.lookups({**given(no_app=True), **quiet(**adopts)}, HERE) == ()


def test_an_application_is_adopted_in_one_way() -> None:
    refusal(given(**APP_ID, **ADOPT))
    refuse_two_ways({**given(**APP_ID), **quiet(**ADOPT)})
    refuse_two_ways({**quiet(**APP_ID), **given(**ADOPT)})
    refuse_two_ways(given(**APP_ID, adopt_app=False))
    refuse_two_ways(given(no_app=False, **APP_ID))


def quiet(**values: Value) -> dict[str, Given]:
    return {name: Given(value, "config.json", quiet=True) for name, value in values.items()}


def test_what_is_left_out_is_remembered_without_its_defaults() -> None:
    items: list[dict[str, str]] = [{"name": "incomplete"}]
    inputs = given(no_app=True, owner=["unknown@contoso.com"], federated_credential=items, app_name="portal")
    assert STEP.lookups(inputs, HERE) == ()
    left_out = desired(inputs)
    assert (left_out.left_out, left_out.name, left_out.owners, left_out.federated) == (True, "portal", (), ())
    assert STEP.settled(left_out) == {"no_app": True}
    assert (desired(given(no_app=True)).owners, desired(given(no_app=True)).federated) == (None, None)


def test_the_rows() -> None:
    assert {row.group for row in INPUTS} == {"App registration"}
    assert [row.name for row in INPUTS if not row.kept] == ["rotate_secret", "retire_secrets"]
    assert [row.name for row in INPUTS if row.answers] == ["adopt_app"]
    assert [row.name for row in INPUTS if row.path] == ["secret_file"]
    assert not [row.name for row in INPUTS if row.identifies]
    assert [row.name for row in INPUTS if row.is_flag] == [
        *(
            "no_app",
            "adopt_app",
            "public_client",
            "implicit_access_tokens",
            "implicit_id_tokens",
            "rotate_secret",
            "retire_secrets",
        )
    ]
    assert [row.name for row in INPUTS if row.is_many] == [
        *("reply_url", "web_reply_url", "spa_reply_url", "owner", "app_tag", "federated_credential")
    ]
    assert BY_NAME["secret_days"].kind == "number"
    assert [field.name for field in BY_NAME["federated_credential"].fields if field.required] == ["name"]


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("app_name", " ", "portal"),
        ("app_id", "portal", "00000000-0000-4000-8000-00000000dead"),
        ("reply_url", "http://a.example/", "myapp://auth"),
        ("web_reply_url", "myapp://auth", "https://a.example/"),
        ("spa_reply_url", "myapp://auth", "https://a.example/"),
        ("audience", "all", "single"),
        ("notes", "x" * 1025, "x"),
        ("app_tag", "", "plant"),
        ("secret", "-x", "ci"),
        ("secret_days", "0", "730"),
    ],
)
def test_values_are_checked_without_azure(name: str, bad: str, good: str) -> None:
    assert BY_NAME[name].problem(bad)
    assert BY_NAME[name].problem(good) is None


def test_a_federated_credential_of_a_github_repository_with_ids() -> None:
    inputs = given(federated_credential=[{"name": "main", "github": "contoso@123/plant@456", "branch": "main"}])
    (credential,) = STEP.desired(inputs, TARGET, NAMES).federated or ()
    assert credential.subject == "repo:contoso@123/plant@456:ref:refs/heads/main"


@pytest.mark.parametrize(
    ("name", "is_right"),
    [
        ("a-1", True),
        ("A_b", True),
        ("x" * 120, True),
        ("ab", False),
        ("v1.2", False),
        ("-ab", False),
        ("x" * 121, False),
    ],
)
def test_names_of_federated_credentials(name: str, is_right: bool) -> None:
    assert (validation.federated_name_problem(name) is None) == is_right


@pytest.mark.parametrize("character", "!$'(),;")
def test_characters_that_no_reply_url_has(character: str) -> None:
    url = f"https://a.example/{character}"
    assert None not in (validation.reply_url_problem(url), validation.web_reply_url_problem(url))


@pytest.mark.parametrize("cloud", ["AzureUSGovernment", "AzureChinaCloud"])
def test_national_clouds_have_no_personal_accounts(cloud: str) -> None:
    with pytest.raises(BadInput):
        STEP.desired(given(audience="personal"), replace(TARGET, cloud=cloud), NAMES)
    assert STEP.desired(given(audience="personal", no_app=True), replace(TARGET, cloud=cloud), NAMES).left_out
