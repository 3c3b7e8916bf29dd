"""Applications that sign in with a certificate, or with a token of another issuer."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulator import seed
from tests.support.graph import Graph, principal_of, registered
from tests.support.waiting import until
from tests.support.world import GRAPH, Emulator

TOKEN = f"https://login.microsoftonline.com/{seed.TENANT}/oauth2/v2.0/token"
GITHUB = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:contoso/twins:ref:refs/heads/main"


@dataclass(frozen=True)
class Signer:
    """A key and its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    def credential(self, **more: Any) -> dict[str, Any]:
        der = base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()
        return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": der, **more}

    def sign(self, app_id: str, **changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": app_id, "sub": app_id, "aud": TOKEN, "nbf": now, "exp": now + 600, "jti": str(uuid.uuid4())}
        thumbprint = base64.urlsafe_b64encode(self.certificate.fingerprint(hashes.SHA256())).decode().rstrip("=")
        return jwt.encode(claims | changes, self.key, algorithm="RS256", headers={"x5t#S256": thumbprint})


def signer(days: int = 30) -> Signer:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "twins")]), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=60))
    return Signer(key, builder.not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256()))


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(tmp_path_factory.mktemp("assertions") / "azure") as emulator:
        yield emulator


@pytest.fixture(scope="module")
def application(azure: Emulator) -> dict[str, Any]:
    graph = Graph(azure)
    found = registered(graph)
    principal_of(graph, found)
    return found


def sign_in(azure: Emulator, app_id: str, assertion: str, **changes: str) -> Any:
    """The numbers of the refusal, or None."""
    form = {"grant_type": "client_credentials", "client_id": app_id, "scope": f"{GRAPH}/.default"}
    form |= {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    body = urlencode(form | {"client_assertion": assertion} | changes).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = azure.https("POST", TOKEN, body=body, headers=headers).json()
    assert ("access_token" in answer) is ("error" not in answer)
    return answer["error_codes"][0] if "error" in answer else None


def issued(azure: Emulator, **query: str) -> str:
    answer = azure.control("GET", f"/oidc/token?{urlencode({'subject': SUBJECT, **query})}")
    return str(answer["value"])


def test_a_certificate_signs_in_as_long_as_everything_about_it_is_right(
    azure: Emulator, application: dict[str, Any]
) -> None:
    graph, path, app_id = Graph(azure), f"/applications/{application['id']}", application["appId"]
    right, other, past = signer(), signer(), signer(days=-1)
    assert sign_in(azure, app_id, right.sign(app_id)) == 700027
    end = (datetime.now(UTC) + timedelta(days=90)).isoformat()
    later = right.credential(endDateTime=end)
    assert graph("PATCH", path, {"keyCredentials": [later]}) == (400, "KeyCredentialsInvalidEndDate")
    assert graph("PATCH", path, {"keyCredentials": [right.credential(usage="verify")]})[0] == 400
    assert graph("PATCH", path, {"keyCredentials": [right.credential(), past.credential()]}) == (204, None)
    until(lambda: len(graph("GET", path)[1]["keyCredentials"]) == 2, "the certificates")
    (kept, _) = graph("GET", path)[1]["keyCredentials"]
    assert kept["key"] is None
    assert kept["customKeyIdentifier"] == right.certificate.fingerprint(hashes.SHA1()).hex().upper()
    (shown, _) = graph("GET", path, query={"$select": "keyCredentials"})[1]["keyCredentials"]
    assert shown["key"] == right.credential()["key"]

    assert sign_in(azure, app_id, right.sign(app_id)) is None
    assert sign_in(azure, app_id, other.sign(app_id)) == 700027
    forged = Signer(other.key, right.certificate)
    assert sign_in(azure, app_id, forged.sign(app_id)) == 700027
    assert sign_in(azure, app_id, past.sign(app_id)) == 700027
    assert sign_in(azure, app_id, right.sign(app_id, aud="https://elsewhere.example")) == 700023
    assert sign_in(azure, app_id, right.sign(app_id, sub=str(uuid.uuid4()))) == 700021
    assert sign_in(azure, app_id, right.sign(app_id, exp=int(time.time()) - 900)) == 700024
    assert sign_in(azure, app_id, "e30.e30.x") == 50027
    assert sign_in(azure, app_id, right.sign(app_id), client_assertion_type="") == 900144
    # The other one stays without being sent again.
    assert graph("PATCH", path, {"keyCredentials": [kept]}) == (204, None)
    until(lambda: len(graph("GET", path)[1]["keyCredentials"]) == 1, "the removal")
    assert sign_in(azure, app_id, right.sign(app_id)) is None


def test_a_token_of_another_issuer_signs_in_where_a_credential_says_so(azure: Emulator) -> None:
    graph = Graph(azure)
    application = registered(graph)
    app_id, path = application["appId"], f"/applications/{application['id']}/federatedIdentityCredentials"
    principal_of(graph, application)
    own = azure.control("GET", "/oidc/.well-known/openid-configuration")
    assert sign_in(azure, app_id, issued(azure)) == 70025
    for name, issuer in (("own", own["issuer"]), ("github", GITHUB)):
        body = {"name": name, "issuer": issuer, "subject": SUBJECT, "audiences": ["api://AzureADTokenExchange"]}
        assert graph("POST", path, body)[0] == 201
    # The replica that answers first doesn't know the last of them.
    assert sign_in(azure, app_id, issued(azure, issuer=GITHUB)) == 70021
    until(lambda: len(graph("GET", path)[1]["value"]) == 2, "the credentials")
    assert sign_in(azure, app_id, issued(azure)) is None
    assert sign_in(azure, app_id, issued(azure, issuer=GITHUB)) is None
    assert sign_in(azure, app_id, issued(azure, issuer=f"{GITHUB}/")) == 700211
    assert sign_in(azure, app_id, issued(azure, subject="repo:contoso/twins:pull_request")) == 700213
    assert sign_in(azure, app_id, issued(azure, subject=SUBJECT.upper())) == 7002138
    assert sign_in(azure, app_id, issued(azure, audience="api://other")) == 700212
    assert sign_in(azure, app_id, issued(azure, lifetime="-900")) == 700024
    forged = jwt.encode(jwt.decode(issued(azure), options={"verify_signature": False}), signer().key, "RS256")
    assert sign_in(azure, app_id, forged) == 50013


def test_the_issuer_is_found_as_openid_says(azure: Emulator) -> None:
    found = azure.control("GET", "/oidc/.well-known/openid-configuration")
    keys = azure.https("GET", found["jwks_uri"]).json()["keys"]
    token = issued(azure, audience="api://twins")
    assert jwt.get_unverified_header(token)["kid"] == keys[0]["kid"]
    key = jwt.PyJWK(keys[0])
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="api://twins", issuer=found["issuer"])
    assert claims["sub"] == SUBJECT
    endpoint = f"{azure.ready['armEndpoint']}/_emulator/oidc/token"
    for query in ("", "?subject=x&lifetime=long"):
        assert azure.https("GET", endpoint + query).status == 400
    assert token not in json.dumps(azure.recorded())
