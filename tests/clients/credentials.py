"""The credentials of azure-identity that people use, through the SDK and through deploy.py."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulator import seed
from emulator.seed_machines import MACHINES, Machine
from tests.clients.score import Score
from tests.clients.settings import HOME, LATENCY, REQUIREMENTS
from tests.support import installations
from tests.support.arm import REGISTERED, Arm
from tests.support.graph import Graph, principal_of, registered
from tests.support.waiting import until
from tests.support.world import ROOT, Emulator

PROGRAM = Path(__file__).parent / "programs/credential.py"
SUBJECT = "repo:contoso/twins:ref:refs/heads/main"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
TIMEOUT = 120.0
"""Seconds that a sign-in may take."""


def credentials(folder: Path, score: Score) -> None:
    """Sign in with each credential, and list the resource groups; then with what must be refused."""
    scripts = installations.python(HOME / "microsoft", REQUIREMENTS / "microsoft.txt")
    python = scripts / "python"
    with Emulator(folder / "azure", "--latency", LATENCY) as azure:
        graph = Graph(azure)
        application = registered(graph)
        client, certificate = str(application["appId"]), folder / "certificate.pem"
        principal = principal_of(graph, application)
        key = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": _certificate(certificate)}
        assert graph("PATCH", f"/applications/{application['id']}", {"keyCredentials": [key]})[0] == 204
        federated = f"/applications/{application['id']}/federatedIdentityCredentials"
        issuer = azure.control("GET", "/oidc/.well-known/openid-configuration")["issuer"]
        names = {"name": "own", "issuer": issuer, "subject": SUBJECT, "audiences": ["api://AzureADTokenExchange"]}
        assert graph("POST", federated, names)[0] == 201
        until(lambda: len(graph("GET", federated)[1]["value"]) == 1, "the federated credential")
        role = {"at": REGISTERED, "principalType": "ServicePrincipal"}
        assert Arm(azure).assign("5eed0000-0000-4000-8000-000000000001", CONTRIBUTOR, principal, **role).status == 201

        def token(**query: str) -> Path:
            asked = urlencode({"subject": SUBJECT, **query})
            file = folder / f"token-{len(list(folder.iterdir()))}"
            file.write_text(azure.control("GET", f"/oidc/token?{asked}")["value"], encoding="utf-8")
            return file

        def check(title: str, *arguments: Any, **settings: Any) -> None:
            score.check(title, lambda: _run(azure, str(python), folder, *arguments, **settings))

        secret = azure.ready["clientSecret"]
        check("Cloud Shell", "environment")
        check("a secret", "secret", azure.ready["clientId"], secret)
        check("a wrong secret", "secret", azure.ready["clientId"], "wrong", refused="AADSTS7000215")
        check("a certificate", "certificate", client, str(certificate))
        other = folder / "other.pem"
        _certificate(other)
        check("another certificate", "certificate", client, str(other), refused="AADSTS700027")
        check("a client assertion", "assertion", client, str(token()))
        check("workload identity", "workload", client, str(token()))
        check("another subject", "workload", client, str(token(subject="repo:other")), refused="AADSTS700213")
        check("another issuer", "workload", client, str(token(issuer="https://o.example")), refused="AADSTS700211")
        check("another audience", "workload", client, str(token(audience="api://other")), refused="AADSTS700212")
        check("an expired token", "workload", client, str(token(lifetime="-900")), refused="AADSTS700024")
        workload = {"AZURE_CLIENT_ID": client, "AZURE_TENANT_ID": seed.TENANT}
        workload |= {
            "AZURE_FEDERATED_TOKEN_FILE": str(token()),
            "AZURE_TOKEN_CREDENTIALS": "WorkloadIdentityCredential",
        }
        for title, environment in (
            ("Cloud Shell", {}),
            ("a secret", _environment(azure.ready["clientId"], secret=secret)),
            ("a certificate", _environment(client, certificate=str(certificate))),
            ("workload identity", workload),
        ):
            check(f"{title}, from the environment", "environment", **environment)
            check(f"{title}, deploy.py plan", "environment", tool=True, **environment)
        device_codes = f"{azure.ready['armEndpoint']}/_emulator/device-codes"
        check("a device code", "device", device_codes, "contributor")
        check("a user's password", "password", *azure.control("GET", "/users")["owner"].values())
    for name, machine in MACHINES.items():
        with Emulator(folder / name, "--latency", LATENCY, "--sign-in", name) as azure:
            _on_a_machine(azure, machine, str(python), folder, score)


def _on_a_machine(azure: Emulator, machine: Machine, python: str, folder: Path, score: Score) -> None:
    """Sign in as each identity of a virtual machine, by its metadata service; and be refused where it has none."""

    def check(title: str, *arguments: Any, **settings: Any) -> None:
        score.check(title, lambda: _run(azure, python, folder, *arguments, **settings))

    of = "a machine with its own identity" if machine.system else "a machine with two identities"
    default = {} if machine.system else {"refused": "Multiple user assigned identities exist"}
    check(f"{of}, unasked", "managed", **default)
    for identity in machine.user_assigned:
        name = identity.id.rpartition("/")[2]
        for selector, value in (("client_id", identity.client_id), ("object_id", identity.object_id)):
            check(f"{of}, {name} by {selector}", "managed", selector, value)
        check(f"{of}, {name} by its resource id", "managed", "resource_id", identity.id)
    unknown = "00000000-0000-4000-8000-000000000000"
    check(f"{of}, an unknown identity", "managed", "client_id", unknown, refused="Identity not found")
    check(f"{of}, from the environment", "environment")
    check(f"{of}, deploy.py plan", "environment", tool=True)
    told = "AZURE_CLIENT_ID chooses among several"
    check(f"{of}, an unknown identity, deploy.py plan", "tool", tool=True, AZURE_CLIENT_ID=unknown, refused=told)


def _run(
    azure: Emulator,
    python: str,
    folder: Path,
    kind: str,
    *arguments: str,
    refused: str | None = None,
    tool: bool = False,
    **settings: str,
) -> None:
    command = [python, str(PROGRAM), kind, seed.TENANT, seed.REGISTERED_SUBSCRIPTION, *arguments]
    if tool:
        state = str(folder / f"{len(list(folder.iterdir()))}.state.json")
        command = [sys.executable, str(ROOT / "deploy.py"), "plan", "--yes", "--no-app", "--state", state]
        command += ["--subscription", seed.REGISTERED_SUBSCRIPTION, "--output", "json"]
    # azure-identity doesn't take an empty variable as unset.
    environment = {name: value for name, value in (azure.env | settings).items() if value or name not in settings}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if tool and not refused:
        assert done.returncode in (0, 3), (done.stdout + done.stderr)[-1200:]
        assert json.loads(done.stdout)
        return
    expected = refused or "['shared-services']"
    assert expected in (done.stdout + done.stderr), (done.stdout + done.stderr)[-1200:]


def _environment(client: str, *, secret: str = "", certificate: str = "") -> dict[str, str]:
    return {
        "AZURE_CLIENT_ID": client,
        "AZURE_TENANT_ID": seed.TENANT,
        "AZURE_CLIENT_SECRET": secret,
        "AZURE_CLIENT_CERTIFICATE_PATH": certificate,
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
    }


def _certificate(file: Path) -> str:
    """Write a key and a certificate to `file`; return the certificate, DER in Base64."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "twins")]), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    made = builder.not_valid_after(now + timedelta(days=30)).sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem))
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()
