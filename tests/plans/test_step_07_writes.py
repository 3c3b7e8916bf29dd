"""The inputs and the writes of the endpoints: rights, titles, and the commands for a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.change import Drift, Right
from engine.input import Lookup, Value
from engine.refusal import BadInput
from steps.shared.event_routing import SYSTEM
from steps.step_07_endpoints.changes import AwaitEndpoint, DeleteEndpoint, Reason, SetEndpoint
from steps.step_07_endpoints.inputs import INPUTS
from steps.step_07_endpoints.step import STEP
from tests.plans.facts import NAMES, TARGET, given
from tests.plans.routing_facts import BUS, CONTAINER_ID, GRID, GRID_ID, HUB, HUB_ID, IDENTITY_ID, PROVIDERS, TOPIC_ID

ID = TARGET.instance_id
ENDPOINTS = "Microsoft.DigitalTwins/digitalTwinsInstances/endpoints"
WRITE = Right(f"{ENDPOINTS}/write", ID)
ACCOUNT_ID = CONTAINER_ID.partition("/blobServices/")[0]
KEYS_OF_ACCOUNT = Right("Microsoft.Storage/storageAccounts/listKeys/action", ACCOUNT_ID)
RULES = "Microsoft.ServiceBus/namespaces/topics/authorizationRules"
TO_HUB: Value = [{"name": "hub", "type": "eventhub", "destination": "Events/Twins", "dead_letter": "letters/dead"}]
BY_SENDER: Value = [{"name": "hub", "type": "eventhub", "destination": "Events/Twins", "identity": "SENDER"}]
BY_KEY: Value = [{"name": "hub", "type": "eventhub", "destination": "Events/Twins", "auth": "key"}]


def test_the_desired_endpoints() -> None:
    desired = STEP.desired(given(endpoint=TO_HUB, system_identity=True, user_identity=[]), TARGET, NAMES)
    assert (desired.target, desired.endpoints, desired.renew_keys) == (TARGET, (HUB,), False)
    assert desired.has("HUB")
    assert not desired.has("hu")
    assert STEP.desired(given(endpoint=[], renew_keys=True), TARGET, NAMES).renew_keys
    none = STEP.desired({}, TARGET, NAMES)
    assert (none.endpoints, none.has("hub"), none.renew_keys) == (None, False, False)
    assert STEP.settled(desired) == {}


def test_roles_are_looked_up() -> None:
    endpoint: Value = [{"name": "hub", "type": "eventhub", "destination": "Events/Twins", "role": "Mine"}]
    assert STEP.lookups(given(endpoint=endpoint), TARGET) == (Lookup("role", "Mine", TARGET.group_id),)


def test_an_endpoint_needs_the_identity_that_it_uses() -> None:
    with pytest.raises(BadInput):
        STEP.desired(given(endpoint=TO_HUB, system_identity=False), TARGET, NAMES)
    for others in ([], ["other"]):
        with pytest.raises(BadInput) as refused:
            STEP.desired(given(endpoint=BY_SENDER, user_identity=others), TARGET, NAMES)
        assert f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/SENDER" in refused.value.next
    for inputs in (
        given(endpoint=TO_HUB),
        given(endpoint=BY_SENDER, system_identity=False),
        given(endpoint=BY_SENDER, user_identity=["other", "sender"]),
        given(endpoint=BY_KEY, system_identity=False, user_identity=[]),
    ):
        assert STEP.desired(inputs, TARGET, NAMES).has("hub")


def test_the_inputs_are_checked_field_by_field() -> None:
    endpoint, renew_keys = INPUTS
    assert (endpoint.name, renew_keys.name) == ("endpoint", "renew_keys")
    assert (endpoint.kind, endpoint.kept, renew_keys.kind, renew_keys.kept) == ("items", True, "flag", False)
    fields = {field.name: field for field in endpoint.fields}
    assert [name for name, field in fields.items() if field.required] == ["name", "type", "destination"]
    good = {"name": "hub-1", "type": "eventgrid", "auth": "identity", "role": "a b"}
    bad = {"name": "-hub", "type": "EventHub", "auth": "keys"}
    assert [fields[name].problem(value) for name, value in good.items()] == [None] * 4
    assert all(fields[name].problem(value) for name, value in bad.items())


def test_titles_tell_writes_apart() -> None:
    creations = [SetEndpoint(instance_id=ID, endpoint=HUB, reason=reason).title for reason in Reason]
    waits = [AwaitEndpoint(instance_id=ID, endpoint=HUB, state=state).title for state in ("Updating", "Moving")]
    deletions = [DeleteEndpoint(instance_id=ID, name="hub", why=why, recorded=()).title for why in ("", "it failed")]
    by_key = SetEndpoint(instance_id=ID, endpoint=replace(HUB, identity=None)).title
    assert len({*creations, *waits, *deletions, by_key}) == 9
    assert all("hub" in title for title in (*creations, *waits, *deletions))
    assert all("Twins" in title for title in creations)


def test_the_dead_letters_are_shown() -> None:
    assert CONTAINER_ID in SetEndpoint(instance_id=ID, endpoint=HUB).detail
    assert SetEndpoint(instance_id=ID, endpoint=GRID).detail == ""


def test_only_what_is_missing_is_missing() -> None:
    drifts = {reason: SetEndpoint(instance_id=ID, endpoint=HUB, reason=reason).drift for reason in Reason}
    assert drifts == {
        Reason.MISSING: Drift.MISSING,
        Reason.REPLACED: Drift.MISSING,
        Reason.DIFFERS: Drift.DIFFERS,
        Reason.NEW_KEY: Drift.DIFFERS,
    }


def test_writing_a_key_takes_the_right_to_read_it() -> None:
    rights = {
        endpoint.name: SetEndpoint(instance_id=ID, endpoint=endpoint).rights
        for endpoint in (HUB, BUS, GRID, replace(BUS, name="plain", dead_letter=""))
    }
    keys_of_topic = Right(f"{RULES}/listKeys/action", TOPIC_ID)
    assert rights == {
        "hub": (WRITE,),
        "bus": (WRITE, keys_of_topic, KEYS_OF_ACCOUNT),
        "grid": (WRITE, Right("Microsoft.EventGrid/topics/listKeys/action", GRID_ID)),
        "plain": (WRITE, keys_of_topic),
    }
    waiting = AwaitEndpoint(instance_id=ID, endpoint=BUS, state="Updating")
    assert waiting.rights == rights["bus"]
    deletion = DeleteEndpoint(instance_id=ID, name="hub", recorded=HUB.owns)
    assert deletion.rights == (Right(f"{ENDPOINTS}/delete", ID),)
    assert (deletion.releases, deletion.drift, deletion.key) == (HUB.owns, Drift.LEFT_OVER, "delete-endpoint:hub")


SHOW_HUB = f"az resource show --ids {HUB_ID} --api-version 2024-01-01"
PUT = f"az rest --method put --url '{ID}/endpoints/{{0}}?api-version=2023-01-31' --body @- --output none"
WAIT = f"az resource wait --ids {ID}/endpoints/{{0}} --api-version 2023-01-31 --created --interval 5"
NAMESPACE = HUB_ID.partition("/eventhubs/")[0]
AT_NAMESPACE = f"at=$(az resource show --ids {NAMESPACE} --api-version 2024-01-01 --query {{0}} --output tsv)"
LETTERS = (
    f"letters=$(az resource show --ids {ACCOUNT_ID} --api-version 2025-06-01 "
    "--query properties.primaryEndpoints.blob --output tsv)"
)


def parts(change: SetEndpoint | AwaitEndpoint) -> list[str]:
    return change.az().split(" && ")


def test_the_command_for_an_endpoint_with_an_identity() -> None:
    query = (
        "{properties: {endpointType: 'EventHub', authenticationType: 'IdentityBased', identity: {type: "
        "'SystemAssigned'}, endpointUri: 'sb://$at/', entityPath: 'Twins', deadLetterUri: '${letters}dead'}}"
    )
    assert HUB.identity == SYSTEM
    assert parts(SetEndpoint(instance_id=ID, endpoint=HUB)) == [
        AT_NAMESPACE.format("properties.serviceBusEndpoint"),
        "at=${at#*://}",
        "at=${at%%[:/]*}",
        LETTERS,
        f'{SHOW_HUB} --query "{query}" --output json | {PUT.format("hub")}',
        WAIT.format("hub"),
    ]
    by_user = parts(SetEndpoint(instance_id=ID, endpoint=replace(HUB, identity=IDENTITY_ID, dead_letter="")))
    assert len(by_user) == 5
    user = f"identity: {{type: 'UserAssigned', userAssignedIdentity: '{IDENTITY_ID}'}}, endpointUri: "
    assert user in by_user[3]
    assert "deadLetter" not in by_user[3]


def test_the_command_for_an_endpoint_with_the_key_of_a_rule() -> None:
    keys = f"az rest --method post --url '{TOPIC_ID}/authorizationRules/send/listKeys?api-version=2024-01-01'"
    query = (
        "{properties: {endpointType: 'ServiceBus', authenticationType: 'KeyBased', primaryConnectionString: "
        "primaryConnectionString, secondaryConnectionString: secondaryConnectionString, deadLetterSecret: "
        "'${letters}dead?$sas'}}"
    )
    signature = (
        f"sas=$(az storage container generate-sas --subscription {TARGET.subscription} --account-name letters "
        "--name dead --permissions w --expiry 9999-12-31T23:59:59Z --https-only --output tsv)"
    )
    expected = [
        LETTERS,
        signature,
        f'{keys} --query "{query}" --output json | {PUT.format("bus")}',
        WAIT.format("bus"),
    ]
    assert parts(SetEndpoint(instance_id=ID, endpoint=BUS, rule="send")) == expected
    assert parts(AwaitEndpoint(instance_id=ID, endpoint=BUS, rule="send", state="Updating")) == expected


def test_the_command_for_an_endpoint_to_event_grid() -> None:
    topic = f"az resource show --ids {GRID_ID} --api-version 2025-02-15 --query properties.endpoint --output tsv"
    keys = f"az rest --method post --url '{GRID_ID}/listKeys?api-version=2025-02-15'"
    query = (
        "{properties: {endpointType: 'EventGrid', authenticationType: 'KeyBased', TopicEndpoint: '$at', accessKey1: "
        "key1, accessKey2: key2}}"
    )
    assert parts(SetEndpoint(instance_id=ID, endpoint=GRID)) == [
        f"at=$({topic})",
        f'{keys} --query "{query}" --output json | {PUT.format("grid")}',
        WAIT.format("grid"),
    ]


def test_names_in_a_command_are_quoted() -> None:
    odd = replace(HUB, destination=HUB_ID.replace("Twins", "it's $x"), identity=IDENTITY_ID.replace("Sender", "a'b"))
    text = SetEndpoint(instance_id=ID, endpoint=odd).az()
    assert "entityPath: 'it\\\\'s \\$x'" in text
    assert "/a\\\\'b'}" in text


def test_the_command_that_deletes_an_endpoint() -> None:
    deletion = DeleteEndpoint(instance_id=ID, name="hub", recorded=())
    assert deletion.az() == f"az resource delete --ids {ID}/endpoints/hub --api-version 2023-01-31"
