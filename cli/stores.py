"""Which state is meant, and the store that keeps it: a file, or a blob."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.bootstrap import ROOT
from cli.settings_file import SETTING, deployments_in, states_in
from cli.sources import BY_NAME, FOUND_SETTINGS, gather
from cloud.identifiers import pasted
from engine.input import text_of
from engine.refusal import BadInput, keep_secret
from state.blob_address import SUFFIXES, BlobAddress

if TYPE_CHECKING:
    from state.store import StateStore

Place = Path | BlobAddress
DEFAULT_STATE = "deploy.state.json"
TRIAL = ROOT / ".local-azure"
"""Where `--local` keeps everything."""

_SIGN_IN = tuple(BY_NAME[name] for name in ("tenant", "cloud", "arm_endpoint", "az_timeout"))
_URL = ("https://", "http://")


def state_name(deployment: str) -> str:
    """Return the name of the state file of a deployment; "" for the one of a settings file without tables."""
    return f"{deployment}.state.json" if deployment else DEFAULT_STATE


def beside_of(place: Place, deployment: str = "") -> Path:
    """Return the path on this machine beside which log, hand-off and answers of a deployment are."""
    if isinstance(place, Path):
        return place
    return Path.cwd() / (state_name(deployment) if deployment else place.blob.rpartition("/")[2])


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
    """Return the place that a settings file without tables names; None where it names none.

    BadInput for a value that can't be right; with `strict` for a file that can't be read too, else that is told by who
    reads all of it.
    """
    return _named(settings, strict=strict).get("")


def places_in(settings: Path | None, *, local: bool) -> dict[str, Place]:
    """Return where the state of each deployment in a settings file is, by name, where neither flag nor variable says.

    A trial's is never one that is named: that is a real deployment's. BadInput for a file that can't be read, for a
    place that can't be right, and for one that two deployments have.
    """
    names = deployments_in(settings, BY_NAME) if settings else ()
    named = _named(settings, strict=True) if settings and not local else {}
    places = {name: named.get(name, (TRIAL if local else Path()) / state_name(name)) for name in names}
    owners: dict[object, str] = {}
    for name, place in places.items():
        owner = owners.setdefault(place.absolute() if isinstance(place, Path) else place, name)
        if owner != name:
            raise BadInput(
                f"The settings file {settings}: the deployments {owner} and {name} have the same state, {place}.",
                "Give each a state of its own.",
            )
    return places


def _named(settings: Path, *, strict: bool) -> dict[str, Place]:
    """Return the places that a settings file names, by deployment."""
    try:
        found = states_in(settings)
    except BadInput:
        if strict:
            raise
        return {}
    places: dict[str, Place] = {}
    for name, value in found.items():
        where = f"{SETTING} (from {settings}{', ' if name else ''}{name})"
        if not isinstance(value, str):
            raise BadInput(f"{where} takes text in quotes.")
        try:
            places[name] = place_of(value, settings.parent)
        except ValueError as problem:
            raise BadInput(f"{where}: {problem}.") from None
    return places


def taken_by_itself() -> Place | None:
    """Return the place that a command takes which names neither state nor settings; None for the default.

    BadInput for a settings file that can't be read, or that has several deployments.
    """
    settings = Path(os.environ.get("ADT_CONFIG") or FOUND_SETTINGS)
    if not settings.is_file():
        return None
    if deployments_in(settings, BY_NAME):
        raise BadInput(f"{settings} has several deployments.", "Say which state: --state FILE|URL")
    return named_in(settings, strict=True)


def store_of(place: Place, flags: Mapping[str, Any], config: Path | None, deployment: str = "") -> StateStore:
    """Return the store of a state. No request is made yet.

    Files beside a blob are called after the `deployment`, if any. How to sign in is told by the flags, the environment
    and what the settings file says for it. BadInput for a blob of another cloud than these name.
    """
    if isinstance(place, Path):
        from state.file_store import StateFile

        return StateFile(place)
    from cloud.azure_clouds import MANAGERS
    from cloud.blobs import Blob, another_cloud
    from cloud.signin import AZ_SECONDS
    from state.blob_store import BlobStore

    given = gather(flags, config, {}, _SIGN_IN, deployment=deployment)
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
    return BlobStore(place, blob, beside_of(place, deployment))


@contextmanager
def opened(place: Place, flags: Mapping[str, Any], config: Path | None, deployment: str = "") -> Iterator[StateStore]:
    """Open a store, and close it at the end. Raises as `store_of` does."""
    store = store_of(place, flags, config, deployment)
    try:
        yield store
    finally:
        store.close()
