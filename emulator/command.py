"""Runs the embedded Azure in the foreground: locks its folder, binds its ports, prints its ready line, serves, ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
import threading
import tomllib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from emulator import seed
from emulator.certificates import Certificates
from emulator.cloud_shell import PATH, CloudShell
from emulator.dispatch import Service, known_host
from emulator.environment import Machine, Secret, environment
from emulator.faults import Faults
from emulator.journal import Journal
from emulator.lag import AZURE_TABLE, Lag, Latency
from emulator.limits import Limits
from emulator.machine_metadata import MachineMetadata
from emulator.seed_apps import seed_apps
from emulator.seed_destinations import seed_destinations
from emulator.seed_machines import MACHINES, seed_machine
from emulator.seed_network import seed_network
from emulator.seed_subscriptions import names, seed_subscriptions
from emulator.server import Pipeline, Sockets, serving
from emulator.store import Store
from emulator.tokens import TokenAuthority
from emulator.traffic import Recorder
from emulator.world import World

LOCK_PATIENCE = 5.0
"""Seconds to wait for a previous server that is still ending."""


class Unusable(Exception):
    """An argument or a folder can't be used: a sentence for the user, and the exit code."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def run(  # noqa: PLR0917 - one for each command-line option
    port: int,
    data: Path,
    sign_in: str,
    latency: str,
    faults: Path | None,
    traffic: Path | None,
    *,
    limits: str = "none",
    subscriptions: int = 0,
    network: str | None = None,
    until_stdin_closes: bool = False,
) -> int:
    """Serve until SIGINT (130), SIGTERM (0) or, if asked, the end of stdin (0).

    Prints one line of JSON on stdout when it is ready. Returns 2 for a bad argument, 4 when another server keeps the
    folder in use, 1 for a port or folder that can't be used; each with one sentence on stderr.
    """
    try:
        rules = _faults(faults)
        time = _latency(latency)
        share = _share(limits)
        known = (*seed.USERS, *seed.AUTOMATIONS, *MACHINES)
        if sign_in not in known:
            raise Unusable(f"Unknown sign-in {sign_in!r}. Choose one of: {', '.join(known)}.", 2)
        endpoint = _token_endpoint(sign_in)
        if os.name != "nt":
            os.umask(0o077)  # only the owner can read what it writes, also in a folder that was there before
        with ExitStack() as stack:
            _own(data, stack, os.getppid() if until_stdin_closes else os.getpid())
            try:
                recorder = Recorder(traffic)
            except OSError as error:
                raise Unusable(f"The traffic file {traffic} can't be written: {error.strerror}.", 2) from None
            stack.callback(recorder.close)
            try:
                store = Store(data / "azure.sqlite3")
                stack.callback(store.close)
                with store.transaction():
                    seed.seed(store)
                    seed_subscriptions(store, subscriptions)
                    seed_destinations(store)
                    seed_apps(store)
                    seed_network(store)
                    if machine := MACHINES.get(sign_in):
                        seed_machine(store, machine)
                    _place(store, network)
                    sockets = _bind(store, port, plain=endpoint is not None)
                    world = _world(store, time, data, sockets)
                    if share:
                        world.limits = Limits(time.scale or 1.0, share=share)
                pipeline = Pipeline(world, rules, Journal(), recorder, endpoint)
                certificates = Certificates(data, known_host)
            except (OSError, sqlite3.Error) as error:
                raise Unusable(f"The data folder {data} can't be used: {error}.", 1) from None
            ready = _ready(world, sockets, certificates.bundle, sign_in)
            return asyncio.run(_serve(pipeline, sockets, certificates, ready, until_stdin_closes=until_stdin_closes))
    except Unusable as unusable:
        sys.stderr.write(f"{unusable}\n")
        return unusable.exit_code


async def _serve(
    pipeline: Pipeline, sockets: Sockets, certificates: Certificates, ready: dict[str, Any], *, until_stdin_closes: bool
) -> int:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    def watch_stdin() -> None:
        # os.read: a thread inside sys.stdin's own lock would disturb the end of the process.
        while os.read(sys.stdin.fileno(), 4096):
            pass
        loop.call_soon_threadsafe(end, 0)

    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
        try:
            loop.add_signal_handler(number, end, code)
        except NotImplementedError:  # Windows, where the loop wakes up for the signals of others too
            signal.signal(number, lambda *_, code=code: loop.call_soon_threadsafe(end, code))
    async with serving(pipeline, sockets, certificates):
        if until_stdin_closes:
            threading.Thread(target=watch_stdin, daemon=True).start()
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        return await ended


def _place(store: Store, network: str | None) -> None:
    """Have callers inside or outside the network of the private endpoints; None leaves them where they are."""
    if network not in (None, "inside", "outside"):
        raise Unusable(f"--network is inside or outside, not {network!r}.", 2)
    if network == "inside":
        store.put("network", "inside", {"value": True})
    elif network:
        store.delete("network", "inside")


def _own(data: Path, stack: ExitStack, user: int) -> None:
    """Lock the folder for `user`: the process that this one ends with, or this one itself."""
    try:
        if not data.exists():
            data.mkdir(mode=0o700, parents=True)
        lock = FileLock(data / "lock")
        patience = 0.0 if _in_use(data) else LOCK_PATIENCE
        stack.enter_context(lock.acquire(timeout=patience))
        (data / "holder").write_text(f"{os.getpid()} {user}\n", encoding="utf-8")
    except Timeout:
        raise Unusable(f"The data folder {data} is in use by process {_holder(data)[-1]}.", 4) from None
    except OSError as error:
        raise Unusable(f"The data folder {data} can't be used: {error}.", 1) from None


def _holder(data: Path) -> list[str]:
    """Return the process ids of the folder's server, present or last, and of the process that it ends with."""
    try:
        return (data / "holder").read_text(encoding="utf-8").split() or ["(unknown)"]
    except OSError:
        return ["(unknown)"]


def _in_use(data: Path) -> bool:
    """Whether the folder's server certainly goes on: the process that it ends with is still running."""
    server, *user = _holder(data)
    if os.name == "nt" or not user or user == [server]:
        return False
    try:
        os.kill(int(user[0]), 0)
    except (OSError, ValueError):
        return False
    return True


def _bind(store: Store, port: int, *, plain: bool) -> Sockets:
    before = store.get("world", "ports") or {}
    try:
        sockets = Sockets.bind(port, before, plain=plain)
    except OSError as error:
        raise Unusable(f"Port {port} can't be used: {error.strerror or error}.", 1) from None
    store.put("world", "ports", before | sockets.ports())
    return sockets


def _world(store: Store, latency: Latency, data: Path, sockets: Sockets) -> World:
    endpoint = f"https://127.0.0.1:{sockets.ports()['tls']}"
    return World(store, Lag(store, latency), TokenAuthority(store, endpoint), data, endpoint)


def _token_endpoint(sign_in: str) -> Service | None:
    if user := seed.USERS.get(sign_in):
        shell = CloudShell(user)
        return Service("cloud shell", shell.handle, shell.render_refusal)
    if machine := MACHINES.get(sign_in):
        metadata = MachineMetadata(machine)
        return Service("imds", metadata.handle, metadata.render_refusal)
    return None


def _ready(world: World, sockets: Sockets, bundle: Path, sign_in: str) -> dict[str, Any]:
    ports = sockets.ports()
    automation = sign_in if sign_in in seed.AUTOMATIONS else "owner-sp"
    secret = Secret(seed.AUTOMATIONS[automation].app_id, seed.automation_secret(world.store, automation))
    proxy = f"http://127.0.0.1:{ports['proxy']}"
    bundle = bundle.resolve()
    identity: str | Secret | Machine = secret
    if "plain" in ports:
        plain, machine = f"http://127.0.0.1:{ports['plain']}", MACHINES.get(sign_in)
        identity = Machine(plain, machine.client_id) if machine else f"{plain}{PATH}"
    return {
        "armEndpoint": world.arm_endpoint,
        "caBundle": str(bundle),
        "tenantId": seed.TENANT,
        "subscriptionId": seed.REGISTERED_SUBSCRIPTION,
        "subscriptions": names(world.store),
        "clientId": secret.client_id,
        "clientSecret": secret.client_secret,
        "proxy": proxy,
        "azLogin": f"az login --service-principal --username {secret.client_id} --tenant {seed.TENANT} "
        f"--password={secret.client_secret}",
        "env": environment(proxy, bundle, identity),
    }


def _faults(file: Path | None) -> Faults:
    faults = Faults()
    if file is None:
        return faults
    try:
        faults.replace(json.loads(file.read_bytes()))
    except (OSError, ValueError) as error:  # BadRules is a ValueError
        raise Unusable(f"{file} has no usable faults: {error}", 2) from None
    return faults


def _share(limits: str) -> float:
    """Return the part of Azure's limits that `--limits` leaves; 0 for none. Unusable for another text."""
    if limits == "none":
        return 0.0
    name, colon, share = limits.partition(":")
    try:
        found = float(share) if colon else 1.0
    except ValueError:
        found = 0.0
    if name != "azure" or not 0 < found <= 1:
        raise Unusable(f"--limits is none, azure or azure:SHARE (0.1 is a tenth), not {limits!r}.", 2)
    return found


def _latency(chosen: str) -> Latency:
    """Return the latency that `none`, `azure`, `azure:SCALE` or a TOML or JSON file describes."""
    if chosen == "none":
        return Latency()
    name, _, scale = chosen.partition(":")
    if name == "azure":
        try:
            return Latency(_positive(float(scale or 1)))
        except ValueError:
            raise Unusable(f"The scale of the latency is a number, as in azure:0.1, not {scale!r}.", 2) from None
    file = Path(chosen)
    try:
        text = file.read_text(encoding="utf-8")
        written = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
        table = {row: _positive(float(seconds)) for row, seconds in dict(written.get("table", {})).items()}
        scale_factor = _positive(float(written.get("scale", 1)))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise Unusable(
            f"--latency is none, azure, azure:SCALE or a file with `scale` and `table`: {error}.", 2
        ) from None
    if unknown := sorted((set(written) - {"scale", "table"}) | (set(table) - set(AZURE_TABLE))):
        rows = ", ".join(AZURE_TABLE)
        raise Unusable(f"{file} has {', '.join(unknown)}, which is no row of the latency table. Rows: {rows}.", 2)
    return Latency(scale_factor, AZURE_TABLE | table)


def _positive(number: float) -> float:
    if not 0 <= number < float("inf"):
        raise ValueError(f"{number} is not a duration or scale")
    return number
