"""Models and their twins on the instance's data plane."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, cast

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from cloud.clients import Azure
from cloud.data_actions import DELETE_MODELS, READ_MODELS, WRITE_MODELS
from cloud.data_plane import CLOSED, lacks_role, once_permitted
from cloud.errors import answer_of, explain
from cloud.waiting import Progress
from engine.context import Context
from engine.refusal import Refusal
from steps.shared.azure_event_routing import not_permitted, write_to_instance
from steps.shared.azure_instance import read_instance
from steps.shared.provisioning import GOING
from steps.step_10_models.models import FoundModel, Model, digest_of, needs_of
from steps.step_10_models.refusals import about, refuse_changed

if TYPE_CHECKING:
    from azure.digitaltwins.core.aio import DigitalTwinsClient

IN_A_QUERY = 25
"""Ids asked for at once. A query has at most 50 values of `IN` and 8,000 characters (service limits)."""
SIDE_BY_SIDE = 10
"""Deletions under way at once. The service takes 100 requests about models in a second (service limits)."""


async def look_at_models(context: Context[Azure]) -> tuple[Mapping[str, FoundModel] | None, Refusal | None]:
    """Return what `read_models` does; outside of `destroy`, the refusal of a closed instance beside None."""
    try:
        return await read_models(context), None
    except Refusal as refusal:
        if refusal.code != CLOSED or context.removal is not None:
            raise
        return None, refusal


async def read_models(context: Context[Azure]) -> Mapping[str, FoundModel] | None:
    """Return the models of the instance by id; None where the signed-in identity may not read them.

    A role that is new is waited for. There are none without an instance, and in an instance that is being deleted.
    Refusal for an instance that is closed to public networks; in `destroy` also where they may not be read.
    """
    target = context.target
    instance = await context.read(read_instance, context.clients, target.resource_group, target.instance)
    if instance is None or not instance.host_name or instance.state in GOING:
        return {}
    found = await context.read(
        _list_once_permitted, context.clients, instance.host_name, target.instance_id, context.progress
    )
    if found is None and context.removal is not None:
        raise await not_permitted(context, "look at the models")
    return found


async def _list_once_permitted(
    azure: Azure, host_name: str, instance_id: str, progress: Progress
) -> Mapping[str, FoundModel] | None:
    client = azure.data_plane(host_name)
    try:
        return await once_permitted(
            azure, instance_id, lambda: _list(client), progress, "look at the models", READ_MODELS
        )
    except HttpResponseError as error:
        if not lacks_role(error):
            raise
        return None


async def _list(client: DigitalTwinsClient) -> dict[str, FoundModel]:
    listing = client.list_models(include_model_definition=True)
    return {str(found.id): _found(cast("Mapping[str, object]", found.model)) async for found in listing}


def _found(content: Mapping[str, object]) -> FoundModel:
    return FoundModel(digest_of(content), needs_of(content))


async def read_twins(context: Context[Azure], ids: Collection[str]) -> Mapping[str, int]:
    """Return how many twins there are of each of these models, for those that have any."""
    target = context.target
    instance = await context.read(read_instance, context.clients, target.resource_group, target.instance)
    if instance is None or not ids:
        return {}
    return await context.read(_count_twins, context.clients, instance.host_name, tuple(sorted(ids)))


async def _count_twins(azure: Azure, host_name: str, ids: tuple[str, ...]) -> dict[str, int]:
    """Count twins by model. Queries lag some seconds behind what was written ("Query limitations" in the docs)."""
    client, found = azure.data_plane(host_name), dict[str, int]()
    if not await _count(client, ""):
        return found
    ahead = [ids[start : start + IN_A_QUERY] for start in range(0, len(ids), IN_A_QUERY)]
    while ahead:
        some = ahead.pop()
        listed = ", ".join(f"'{name}'" for name in some)
        count = await _count(client, f" T WHERE T.$metadata.$model IN [{listed}]")
        if count and len(some) == 1:
            found[some[0]] = count
        elif count:
            ahead += [some[: len(some) // 2], some[len(some) // 2 :]]
    return found


async def _count(client: DigitalTwinsClient, which: str) -> int:
    async for row in client.query_twins(f"SELECT COUNT() FROM DIGITALTWINS{which}"):  # noqa: S608 - ids, as read there
        return int(cast(int, row["COUNT"]))
    return 0


async def upload(context: Context[Azure], models: Sequence[Model], title: str) -> None:
    """Upload models; those that are there with the same content are left. Raises as `write_to_instance` does.

    Unchangeable for a model that is there with another content; Refusal (exit code 2) for what the service refuses,
    with the file and line of what it names.
    """
    try:
        await write_to_instance(context, title, WRITE_MODELS, lambda client: _add(client, models))
    except HttpResponseError as error:
        answer, refusal = answer_of(error), explain(error, title)
        if answer is None or refusal is None or answer.code not in ("DTDLParserError", "ModelVersionNotSupported"):
            raise
        raise about(refusal, answer.message, models) from error


async def _add(client: DigitalTwinsClient, models: Sequence[Model]) -> None:
    """Upload models, all or none; in halves where the service can't take them at once."""
    body = b"[%b]" % b",".join(model.body for model in models)
    try:
        # A stream is sent as it is; the SDK's own way through a list takes far longer.
        await client.create_models(cast("list[MutableMapping[str, object]]", BytesIO(body)))
    except ResourceExistsError:  # an attempt whose answer was lost, or another run
        found = await _list(client)
        refuse_changed(models, found)
        missing = [model for model in models if model.id not in found]
        if len(missing) == len(models):
            raise
        if missing:
            await _add(client, missing)
    except HttpResponseError as error:
        if len(models) == 1 or not _is_too_much(error):
            raise
        middle = len(models) // 2
        await _add(client, models[:middle])
        await _add(client, models[middle:])


def _is_too_much(error: HttpResponseError) -> bool:
    """Whether fewer models at once may be taken, which stand in the order of what they need.

    Beyond 250 models there is a limit that isn't published: with many dependencies in the instance the service doesn't
    find all of them. Source: Azure/azure-iot-cli-extension#638, which uploads 30 at once.
    """
    answer = answer_of(error)
    unresolved = answer is not None and re.search("failed to resolve requisite references", answer.message)
    return answer is not None and (answer.status == 413 or answer.code == "LimitExceeded" or bool(unresolved))


async def delete(context: Context[Azure], ids: Collection[str], title: str) -> None:
    """Delete models that don't need each other, side by side; those that no longer exist are fine.

    Raises as `write_to_instance` does; Refusal where twins use one of them by now.
    """

    room = asyncio.Semaphore(SIDE_BY_SIDE)

    async def delete_one(client: DigitalTwinsClient, name: str) -> None:
        async with room:
            with suppress(ResourceNotFoundError):
                await client.delete_model(name)

    async def write(client: DigitalTwinsClient) -> None:
        used = await _count_twins(context.clients, context.values["host_name"], tuple(ids))
        if used:
            raise Refusal(
                f"Could not {title}: twins use {', '.join(sorted(used))} by now.",
                next="Run the same command again: it keeps what twins use.",
            )
        try:
            async with asyncio.TaskGroup() as group:
                for name in ids:
                    group.create_task(delete_one(client, name))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    await write_to_instance(context, title, DELETE_MODELS, write)
