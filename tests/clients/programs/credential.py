"""Signs in with a credential of azure-identity, and prints the names of the resource groups."""

import sys
from pathlib import Path

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
client = ResourceManagementClient(credential, subscription)  # type: ignore[arg-type]
print([group.name for group in client.resource_groups.list()])
