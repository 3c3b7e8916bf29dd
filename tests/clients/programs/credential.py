"""Signs in with a credential of azure-identity, and prints the names of the resource groups."""

import sys
from pathlib import Path

import requests
from azure import identity
from azure.mgmt.resource.resources import ResourceManagementClient

kind, tenant, subscription, *values = sys.argv[1:]
credential: object
if kind == "environment":
    credential = identity.DefaultAzureCredential()
elif kind == "secret":
    credential = identity.ClientSecretCredential(tenant, *values)
elif kind == "certificate":
    credential = identity.CertificateCredential(tenant, *values)
elif kind == "assertion":
    credential = identity.ClientAssertionCredential(tenant, values[0], Path(values[1]).read_text)
elif kind == "workload":
    credential = identity.WorkloadIdentityCredential(tenant_id=tenant, client_id=values[0], token_file_path=values[1])
elif kind == "password":
    credential = identity.UsernamePasswordCredential("04b07795-8ddb-461a-bbee-02f9e1bf7b46", *values, tenant_id=tenant)
elif kind == "device":

    def enter(_address: str, code: str, _until: object) -> None:
        requests.put(f"{values[0]}/{code}", json={"signIn": values[1]}, timeout=30).raise_for_status()

    credential = identity.DeviceCodeCredential(tenant_id=tenant, prompt_callback=enter)
elif kind == "managed" and values[:1] == ["client_id"]:
    credential = identity.ManagedIdentityCredential(client_id=values[1])
elif kind == "managed":
    credential = identity.ManagedIdentityCredential(identity_config=dict([values]) if values else None)
client = ResourceManagementClient(credential, subscription)  # type: ignore[arg-type]
print([group.name for group in client.resource_groups.list()])
