"""A run with everything on that the set-up guides have a person do around an instance."""

from __future__ import annotations

from tests.matrix.lab import DEPLOY, SETTINGS, Scenario
from tests.support.tool import SUBSCRIPTION

_SHARED = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shared-services/providers"
_EVENTS = f"{_SHARED}/Microsoft.EventHub/namespaces/contoso-events/eventhubs/twin-events"
_MESSAGES = f"{_SHARED}/Microsoft.ServiceBus/namespaces/contoso-messages/topics/twin-messages"
_TOPIC = f"{_SHARED}/Microsoft.EventGrid/topics/contoso-twin-topic"
_STORAGE = f"{_SHARED}/Microsoft.Storage/storageAccounts/contosodeadletters"
_DEAD = f"{_STORAGE}/blobServices/default/containers/dead-letters"
_FUNCTION_APP = f"{_SHARED}/Microsoft.Web/sites/contoso-twins-ingest"
_SUBNET = f"{_SHARED}/Microsoft.Network/virtualNetworks/contoso-network/subnets/private-endpoints"
_SECRET_FILE = "ci.secret"
_MODELS = """[
 {"@id": "dtmi:twins:Room;1", "@type": "Interface", "@context": "dtmi:dtdl:context;2", "extends": "dtmi:twins:Space;1"},
 {"@id": "dtmi:twins:Space;1", "@type": "Interface", "@context": "dtmi:dtdl:context;2"}
]"""

EVERYTHING = Scenario(
    "everything",
    arguments=(*DEPLOY, "--config", SETTINGS),
    secret_file=_SECRET_FILE,
    files={"models.json": _MODELS},
    settings=f"""
tag = {{ team = "twins", environment = "trial" }}
public_network_access = "enabled"
system_identity = true
user_identity = ["twins-identity"]
create_identities = true
reply_url = ["http://localhost", "myapp://signed-in"]
web_reply_url = ["https://contoso.com/signin", "https://contoso.com/other"]
spa_reply_url = ["https://spa.contoso.com/"]
public_client = true
implicit_id_tokens = true
audience = "multiple"
owner = ["rita@contoso.onmicrosoft.com"]
notes = "For the dashboards."
app_tag = ["dashboards"]
app_role = "reader"
secret = "ci"
secret_file = "{_SECRET_FILE}"
grant_consent = true
models = ["models.json"]
private_endpoint = "{_SUBNET}"
private_dns_zone = "new"

[[access]]
who = "{_FUNCTION_APP}"
role = "reader"

[[access]]
who = "rita@contoso.onmicrosoft.com"
role = "owner"

[[endpoint]]
name = "hub"
type = "eventhub"
destination = "{_EVENTS}"
dead_letter = "{_DEAD}"

[[endpoint]]
name = "bus"
type = "servicebus"
destination = "{_MESSAGES}"
identity = "twins-identity"

[[endpoint]]
name = "keyed"
type = "eventhub"
destination = "{_EVENTS}"
auth = "key"
dead_letter = "{_DEAD}"

[[endpoint]]
name = "grid"
type = "eventgrid"
destination = "{_TOPIC}"
auth = "key"

[[route]]
name = "telemetry"
endpoint = "hub"
filter = "type = 'microsoft.iot.telemetry'"

[[route]]
name = "changes"
endpoint = "bus"
filter = "type = 'Microsoft.DigitalTwins.Twin.Update'"

[[route]]
name = "all"
endpoint = "grid"

[[federated_credential]]
name = "ci-main"
github = "contoso/twins"
branch = "main"

[[federated_credential]]
name = "cluster"
issuer = "https://oidc.example.com/cluster-1"
subject = "system:serviceaccount:twins:ingest"
""",
)

CLOSED = Scenario(
    "closed",
    arguments=(*DEPLOY, "--no-app", "--config", SETTINGS),
    network="inside",
    files={"models.json": _MODELS},
    settings=f"""
public_network_access = "disabled"
models = ["models.json"]
private_endpoint = "{_SUBNET}"
private_dns_zone = "new"
""",
)
"""An instance that is filled, gets a private way in, and is closed at last."""
