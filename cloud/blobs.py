"""One blob of a storage account, as a program that waits for it uses it: from any thread, each call bounded.

All that are open at a time share a sign-in for each cloud and tenant.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from cloud import clock
from cloud.blob_connection import BlobConnection
from engine.refusal import BadInput, Refusal

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient

    from cloud.signin import SharedCredential

T = TypeVar("T")

SCOPE = "https://storage.azure.com/.default"
"""The audience of every account, in every cloud. Source: "Authorize with Microsoft Entra ID" of Azure Storage."""
SECONDS, RENEWAL_SECONDS = 60.0, 15.0
"""How long a call may take, with its repeats, and how long the renewal of a lease, which has none."""
LEASE_CODES = (
    "LeaseAlreadyPresent", "LeaseIdMismatchWithBlobOperation", "LeaseIdMismatchWithLeaseOperation", "LeaseIdMissing",
    "LeaseIsBreakingAndCannotBeAcquired", "LeaseIsBrokenAndCannotBeRenewed", "LeaseLost",
    "LeaseNotPresentWithBlobOperation", "LeaseNotPresentWithLeaseOperation", "BlobNotFound",
)  # fmt: skip
"""Source: "Blob service error codes" in the documentation of Azure Storage."""
WRITE_CODES = (*LEASE_CODES, "ConditionNotMet", "BlobAlreadyExists")
ROLE = "Storage Blob Data Contributor"


class Blob:
    """A blob. `manager` is the Resource Manager of its cloud, `suffix` the one that the cloud must have for storage.

    Writes return Azure's code where it is one of a lease or a condition, "" when they were carried out; all else that
    goes wrong is a Refusal: exit code 3 without the role, 2 for what isn't there, else 1.
    """

    def __init__(
        self, url: tuple[str, str, str], suffix: str, manager: str, tenant: str | None, az_seconds: int
    ) -> None:
        self._account_url, self._container, self._name = url
        self._suffix, self._signs_in = suffix, (manager, tenant, az_seconds)
        self._account = self._account_url.removeprefix("https://").partition(".")[0]
        self._connection: BlobConnection | None = None
        self._starting = threading.Lock()
        self._client: BlobClient | None = None
        self._credential: SharedCredential | None = None

    def read(self) -> tuple[bytes, str, Mapping[str, str]] | None:
        """Return content, ETag and metadata; None when there is no blob."""

        async def get(client: BlobClient) -> tuple[bytes, str, Mapping[str, str]]:
            found = await client.download_blob(max_concurrency=1)
            return await found.readall(), str(found.properties.etag), dict(found.properties.metadata)

        found, code = self._do(get, "read the state", ("BlobNotFound",))
        return None if code else found

    def put(self, content: bytes, metadata: Mapping[str, str], *, lease: str, etag: str) -> tuple[str, str]:
        """Replace the blob, if its ETag is this one; with "" create it, if there is none."""
        from azure.core import MatchConditions

        options: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
        if lease:
            options["lease"] = lease

        async def upload(client: BlobClient) -> dict[str, Any]:
            from azure.storage.blob import ContentSettings

            kind = ContentSettings(content_type="application/json")
            done: dict[str, Any] = await client.upload_blob(
                content, overwrite=bool(etag), metadata=dict(metadata), content_settings=kind, **options
            )
            return done

        done, code = self._do(upload, "write the state", WRITE_CODES)
        return code, str(done["etag"]) if done else ""

    def describe(self, metadata: Mapping[str, str], lease: str) -> tuple[str, str]:
        """Replace the metadata."""
        done, code = self._do(
            lambda client: client.set_blob_metadata(dict(metadata), lease=lease), "lock the state", WRITE_CODES
        )
        return code, str(done["etag"]) if done else ""

    def acquire(self, lease: str, seconds: int) -> str:
        """Take the lease, if nobody has it. A repeat with the same id is the same."""
        return self._do(lambda client: _lease(client, lease).acquire(seconds), "lock the state", LEASE_CODES)[1]

    def renew(self, lease: str) -> str:
        """Make the lease last as long again, or be refused, soon."""
        return self._do(
            lambda client: _lease(client, lease).renew(retry_total=0), "renew the lock of the state", LEASE_CODES,
            RENEWAL_SECONDS,
        )[1]  # fmt: skip

    def release(self, lease: str) -> str:
        """Give the lease back."""
        return self._do(
            lambda client: _lease(client, lease).release(), "unlock the state", LEASE_CODES, RENEWAL_SECONDS
        )[1]

    def break_lease(self) -> str:
        """End whoever's lease it is, at once."""
        return self._do(
            lambda client: _lease(client, None).break_lease(lease_break_period=0), "unlock the state", LEASE_CODES
        )[1]

    def delete(self, lease: str) -> str:
        """Delete the blob."""
        return self._do(lambda client: client.delete_blob(lease=lease), "delete the state", WRITE_CODES)[1]

    def holder(self) -> Mapping[str, str] | None:
        """Return the metadata while somebody has the lease, else None."""
        found, code = self._do(lambda client: client.get_blob_properties(), "look at the lock", ("BlobNotFound",))
        if code or found is None or found.lease.state not in ("leased", "breaking"):
            return None
        return dict(found.metadata)

    def user(self) -> str:
        """Return the name of the signed-in identity."""

        async def who(_: BlobClient) -> str:
            assert self._credential is not None  # noqa: S101 - the client has it
            return (await self._credential.who(SCOPE)).name

        return str(self._do(who, "sign in", ())[0])

    def now(self) -> str:
        """Return the time in UTC, ISO 8601, by Azure's clock where this machine's is off."""
        return clock.azure_now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def close(self) -> None:
        """Close the connections, if no other blob uses them."""
        with self._starting:
            connection, self._connection = self._connection, None
        if connection is not None:
            self._client = None
            connection.leave()

    def _do(
        self,
        work: Callable[[BlobClient], Awaitable[T]],
        doing: str,
        codes: tuple[str, ...],
        seconds: float = SECONDS,
    ) -> tuple[T | None, str]:
        """Return what comes of the work, and the code of a refusal that is among `codes`; raise any other Refusal."""
        from azure.core.exceptions import HttpResponseError

        from cloud.errors import explain

        async def bounded() -> T:
            async with asyncio.timeout(seconds):
                return await work(await self._connect(connection))

        connection = self._connected()
        try:
            return asyncio.run_coroutine_threadsafe(bounded(), connection.loop).result(), ""
        except Refusal:
            raise
        except Exception as error:
            code = _code(error)
            if code in codes:
                return None, code
            refusal = explain(error, doing)
            if refusal is None:
                raise
            if isinstance(error, HttpResponseError) and code:
                refusal.code, refusal.why = code, f"{code}: {(error.message or '').partition(chr(10))[0]}"
                raise self._refused(code, refusal) from error
            if not isinstance(error, HttpResponseError) and not refusal.code:
                refusal.next = f"Check the storage account in --state: {self._account_url}. {refusal.next}"
            raise refusal from error

    def _connected(self) -> BlobConnection:
        with self._starting:
            if self._connection is None:
                self._connection = BlobConnection.join(*self._signs_in)
            return self._connection

    async def _connect(self, connection: BlobConnection) -> BlobClient:
        """Return the client, made when it is first used."""
        if self._client is None:
            from azure.storage.blob.aio import BlobClient, LinearRetry

            from cloud.clients import Trace

            cloud, self._credential, transport = await connection.use()
            if cloud.storage != self._suffix:
                raise another_cloud(self._account_url, cloud.storage or "no storage")
            self._client = BlobClient(
                self._account_url, self._container, self._name, credential=self._credential, transport=transport,
                retry_policy=LinearRetry(backoff=1, retry_total=4, random_jitter_range=0),
                _additional_pipeline_policies=[Trace(None)],
            )  # fmt: skip
        return self._client

    def _refused(self, code: str, refusal: Refusal) -> Refusal:
        """Say what helps, where that is known."""
        account, container = self._account, self._container
        if code == "AuthorizationPermissionMismatch":
            scope = f"$(az storage account list --query \"[?name=='{account}'].id\" --output tsv)"
            scope = f'--scope "{scope}/blobServices/default/containers/{container}"'
            refusal.what = f"You lack the role {ROLE} on the container {container} of {account}: {refusal.what}"
            assignment = f'--role "{ROLE}" {self._assignee()}'
            refusal.next = (
                "Someone who may assign roles there runs this; a new role takes up to ten minutes:\n"
                f"  az role assignment create {assignment} {scope}"
            )
            refusal.exit_code = 3
        elif code in ("ContainerNotFound", "ContainerBeingDeleted"):
            refusal.what = f"The container {container} of the storage account {account} doesn't exist."
            refusal.next = (
                "Check the name in --state, or create it: az storage container create --account-name "
                f"{account} --name {container} --auth-mode login"
            )
            refusal.exit_code = 2
        elif code == "AuthorizationFailure":
            refusal.next = (
                f"The network rules of the storage account {account} keep this machine out: run this in a network that "
                "they let in, or let this machine's in."
            )
        return refusal

    def _assignee(self) -> str:
        who = self._credential.last(SCOPE) if self._credential else None
        if who is None:
            return "--assignee YOU"
        return f"--assignee-object-id {who.object_id} --assignee-principal-type {who.kind}"


def another_cloud(url: str, suffix: str) -> BadInput:
    """Return the refusal of a URL whose suffix isn't that of the deployment's cloud."""
    return BadInput(
        f"{url} is in another cloud than the deployment, whose storage is at {suffix}.",
        "Name a blob of the same cloud with --state, or the cloud: --cloud, --arm-endpoint",
    )


def _lease(client: BlobClient, lease: str | None) -> Any:
    from azure.storage.blob.aio import BlobLeaseClient

    return BlobLeaseClient(client, lease)


def _code(error: BaseException) -> str:
    response = getattr(error, "response", None)
    return str(getattr(response, "headers", {}).get("x-ms-error-code") or "")
