"""Which state is meant, and the store that keeps it: a file, or a blob."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.sources import BY_NAME, FOUND_SETTINGS, gather
from cloud.identifiers import pasted
from engine.input import decoded, text_of
from engine.refusal import BadInput, keep_secret
from state.blob_address import SUFFIXES, BlobAddress

if TYPE_CHECKING:
    from state.store import StateStore

SETTING = "state"
"""The key of the settings file."""
Place = Path | BlobAddress

_SIGN_IN = tuple(BY_NAME[name] for name in ("tenant", "cloud", "arm_endpoint", "az_timeout"))
_URL = ("https://", "http://")


def place_of(text: str, folder: Path = Path()) -> Place:
    """Return the place that a flag, a variable or a setting names; a file's path is taken from `folder`.

    ValueError, which says why, for a URL that can't be one. What a URL has beside its name is kept secret.
    """
    text = pasted(text)
    if not text.lower().startswith(_URL):
        return folder / text
    query = text.partition("?")[2]
    for part in (query, *(pair.partition("=")[2] for pair in query.split("&"))):
        keep_secret(part)
    return BlobAddress.parse(text)


def named_in(settings: Path, *, strict: bool) -> Place | None:
    """Return the place that a settings file names; None where it names none.

    BadInput for a value that can't be right; with `strict` for a file that can't be read too, else that is told by who
    reads all of it.
    """
    try:
        value = tomllib.loads(decoded(settings.read_bytes())).get(SETTING)
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        if strict:
            raise BadInput(f"The settings file {settings} can't be read: {error}.") from None
        return None
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise BadInput(f"{SETTING} (from {settings}) takes text in quotes.")
    try:
        return place_of(value, settings.parent)
    except ValueError as problem:
        raise BadInput(f"{SETTING} (from {settings}): {problem}.") from None


def taken_by_itself() -> Place | None:
    """Return the place that a command takes which names neither state nor settings; None for the default.

    BadInput for a settings file that can't be read.
    """
    settings = Path(os.environ.get("ADT_CONFIG") or FOUND_SETTINGS)
    return named_in(settings, strict=True) if settings.is_file() else None


def store_of(place: Place, flags: Mapping[str, Any], config: Path | None) -> StateStore:
    """Return the store of a state. No request is made yet.

    How to sign in is told by the flags, the environment and the settings file. BadInput for a blob of another cloud
    than these name.
    """
    if isinstance(place, Path):
        from state.file_store import StateFile

        return StateFile(place)
    from cloud.azure_clouds import MANAGERS
    from cloud.blobs import Blob, another_cloud
    from cloud.signin import AZ_SECONDS
    from state.blob_store import BlobStore

    given = gather(flags, config, {}, _SIGN_IN)
    cloud, endpoint = text_of(given, "cloud"), text_of(given, "arm_endpoint")
    by_suffix = {suffix: name for name, suffix in SUFFIXES.items()}.get(place.suffix)
    if cloud and not endpoint and cloud != by_suffix:
        raise another_cloud(str(place), SUFFIXES[cloud])
    if not endpoint and not by_suffix:
        raise BadInput(
            f"{place.suffix} is no storage of a cloud that has a name: {', '.join(SUFFIXES.values())}.",
            "Correct --state, or name the cloud's Resource Manager with --arm-endpoint.",
        )
    blob = Blob(
        (place.account_url, place.container, place.blob),
        place.suffix,
        endpoint.rstrip("/") if endpoint else MANAGERS[by_suffix or "public"],
        text_of(given, "tenant"),
        int(text_of(given, "az_timeout") or AZ_SECONDS),
    )
    return BlobStore(place, blob, Path.cwd())


@contextmanager
def opened(place: Place, flags: Mapping[str, Any], config: Path | None) -> Iterator[StateStore]:
    """Open a store, and close it at the end. Raises as `store_of` does."""
    store = store_of(place, flags, config)
    try:
        yield store
    finally:
        store.close()
