"""What all blobs of a cloud and tenant share that are open at a time.

The sign-in lives in a thread of its own, so that a lease is renewed whatever the run's own event loop does.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, ClassVar

from cloud.azure_clouds import find_cloud

if TYPE_CHECKING:
    from cloud.azure_clouds import Cloud
    from cloud.signin import SharedCredential
    from cloud.transport import Transport

CLOSING_SECONDS = 60.0


class BlobConnection:
    """A thread with an event loop, the sign-in, and HTTP connections."""

    _open: ClassVar[dict[tuple[str, str | None, int], BlobConnection]] = {}
    _opening = threading.Lock()

    def __init__(self, manager: str, tenant: str | None, az_seconds: int) -> None:
        self._manager, self._tenant, self._az_seconds = manager, tenant, az_seconds
        self._users = 0
        self.loop = asyncio.new_event_loop()
        self._finding = asyncio.Lock()
        self._used: tuple[Cloud, SharedCredential, Transport] | None = None
        threading.Thread(target=_run, args=(self.loop,), name="blobs", daemon=True).start()

    @classmethod
    def join(cls, manager: str, tenant: str | None, az_seconds: int) -> BlobConnection:
        """Return the connection that is open for these, or a new one. `leave` it at the end."""
        with cls._opening:
            found = cls._open.get((manager, tenant, az_seconds))
            if found is None:
                found = cls._open[manager, tenant, az_seconds] = cls(manager, tenant, az_seconds)
            found._users += 1
            return found

    def leave(self) -> None:
        """Close it and end its thread, if nobody else uses it."""
        with self._opening:
            self._users -= 1
            if self._users:
                return
            del self._open[self._manager, self._tenant, self._az_seconds]
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(CLOSING_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)

    async def use(self) -> tuple[Cloud, SharedCredential, Transport]:
        """Return the cloud, the credential and the transport, made when they are first asked for."""
        from cloud.signin import SharedCredential
        from cloud.transport import Transport

        async with self._finding:
            if self._used is None:
                cloud = await find_cloud(self._manager, _ignore)
                credential = SharedCredential(cloud, self._tenant, _ignore, az_seconds=self._az_seconds)
                self._used = cloud, credential, Transport()
            return self._used

    async def _close(self) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:  # a token that nobody waits for any more
            task.cancel()
        if self._used is not None:
            _cloud, credential, transport = self._used
            await transport.close()
            await credential.close()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.close()


def _ignore(_: str) -> None:
    """Keep a repeat to the log, which has each attempt: there is no screen yet, or it is the run's."""
