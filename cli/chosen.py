"""Which settings file, which of its deployments and which state file a command is about."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cli.display import shown
from cli.ending import end
from cli.settings_file import TABLES, deployments_in, unknown_deployment
from cli.sources import BY_NAME, FOUND_SETTINGS
from cli.stores import TRIAL, Place, named_in, places_in, state_name
from cloud.identifiers import pasted
from engine.refusal import BadInput

VARIABLE = "ADT_DEPLOYMENT"
OF_ONE = ("instance", "import", "state")
"""What is one deployment's own, and can't be given to several."""


@dataclass(frozen=True)
class Chosen:
    """What a command is about: a deployment, or several that are told of together."""

    options: dict[str, Any]
    """All of the command's options, as click gives them; of one deployment with its state's place."""
    states: Mapping[str, Place]
    """Where their states are, by the names of the deployments; "" is the name of the one of a file without tables."""
    several: bool

    @property
    def place(self) -> Place:
        """Where the state of the one deployment is."""
        return next(iter(self.states.values()))

    def each(self) -> Iterator[tuple[str, Chosen]]:
        """Yield the name of each deployment and what the command would be about if it had been chosen alone."""
        for name, place in self.states.items():
            yield (
                name,
                Chosen({**self.options, "deployment": (name,), "all": False, "state": place}, {name: place}, False),
            )


def place_for(state: Place | None, usual: Callable[[], Place | None], name: str = "", *, local: bool) -> Place:
    """Return where the state is: as the flag says, the variable, else the `usual` place or that of this deployment.

    A trial never takes what a variable or a settings file names: that is a real deployment's.
    """
    source = click.get_current_context().get_parameter_source("state")
    if local and source is ParameterSource.COMMANDLINE and not isinstance(state, Path):
        raise click.UsageError("--local keeps its state in a file: there is no storage in the embedded Azure.")
    if state is not None and not (local and source is ParameterSource.ENVIRONMENT):
        return state
    return TRIAL / state_name(name) if local else usual() or Path(state_name(name))


def settle_config(options: dict[str, Any]) -> None:
    """Settle which settings file is taken: one that is named, none, or that of the current folder."""
    source = click.get_current_context().get_parameter_source("config")
    if options["no_config"] and options["config"] and source is ParameterSource.COMMANDLINE:
        raise click.UsageError("--config and --no-config exclude each other.")
    may_look = not (options["no_config"] or options["config"] or options["local"] or options.get("import"))
    options["config_found"] = may_look and os.path.lexists(FOUND_SETTINGS)  # a folder too: it is refused
    if options["no_config"] or options["config_found"]:
        options["config"] = FOUND_SETTINGS if options["config_found"] else None


def with_choice(
    options: dict[str, Any], act: Callable[[Chosen], int], *, as_json: bool, goes_by_state: bool = False
) -> int:
    """Settle which settings file and deployments are meant, and return what `act` returns for them.

    A choice that can't be meant is shown, as JSON on stdout too where that is asked for; then 2 is returned.
    """
    settle_config(options)
    try:
        names = choose(options, goes_by_state=goes_by_state)
        states = _places(options, names, strict=goes_by_state)
    except BadInput as refusal:
        return end(refusal, as_json=as_json)
    several = options["all"] or len(names) > 1
    settled = {} if options["all"] else {"deployment": names}  # also where a variable chose: what is printed names them
    one = {} if several else {"state": states[names[0] if names else ""]}
    return act(Chosen({**options, **settled, **one}, states, several))


def _places(options: Mapping[str, Any], names: tuple[str, ...], *, strict: bool) -> dict[str, Place]:
    """Return where the states of the chosen deployments are."""
    config, local = options["config"], options["local"]
    places = places_in(config, local=local) if names else {}

    def usual(name: str) -> Place | None:
        return places[name] if name else named_in(config, strict=strict) if config else None

    return {name: place_for(options["state"], partial(usual, name), name, local=local) for name in names or ("",)}


def choose(options: dict[str, Any], *, goes_by_state: bool = False) -> tuple[str, ...]:
    """Return the deployments that a command is about, by name; () for the one of a file without tables.

    `goes_by_state`: the command takes nothing else from the settings file, so without a choice a state file that is
    named says which deployment it is, and a file that can't be read doesn't matter.

    Raises BadInput for a choice that isn't in the file, one that is missing, and what one deployment has for itself
    given to several.
    """
    file, wanted = options["config"], _wanted(options)
    if not wanted and not options["all"]:
        _refuse_no_choice(options, goes_by_state=goes_by_state)
        return ()
    if file is None:
        raise BadInput(
            f"{_how(options)} names deployments of a settings file, and there is none.",
            f"Name it with --config FILE. {FOUND_SETTINGS} of this folder is taken by itself, but for a trial.",
        )
    names = deployments_in(file, BY_NAME)
    unknown = [name for name in wanted if name not in names]
    if unknown or not names:
        refusal = unknown_deployment(file, unknown[0] if unknown else "NAME", names)
        state = Path(state_name(unknown[0])) if unknown else Path()
        if goes_by_state and state.is_file():
            refusal.next = f"It has left its state file: --state {shown(state)} without --deployment."
        raise refusal
    twice = [name for name in wanted if wanted.count(name) > 1]
    if twice:
        raise BadInput(f"{_how(options)} names the deployment {twice[0]} twice.", "Name each once.")
    chosen = tuple(name for name in names if options["all"] or name in wanted)
    if options["all"] or len(chosen) > 1:
        _refuse_what_is_of_one(options)
    return chosen


def _wanted(options: Mapping[str, Any]) -> list[str]:
    """Return the names that are chosen, by the flags or else the variable; none with `--all`."""
    flags = [pasted(name) for name in options["deployment"]]
    if options["all"]:
        if flags:
            raise BadInput("--all and --deployment exclude each other.", "Leave one of them out.")
        return []
    return flags or [name for part in re.split(r"[;\n]", os.environ.get(VARIABLE, "")) if (name := pasted(part))]


def _how(options: Mapping[str, Any]) -> str:
    return "--all" if options["all"] else "--deployment" if options["deployment"] else VARIABLE


def _refuse_no_choice(options: Mapping[str, Any], *, goes_by_state: bool) -> None:
    """Raise BadInput where the settings file has deployments, and none was chosen."""
    file = options["config"]
    if file is None or (goes_by_state and options["state"] is not None):
        return
    try:
        names = deployments_in(file, BY_NAME)
    except BadInput:
        if not goes_by_state:
            raise
        return
    if names:
        raise BadInput(
            f"{file} has {len(names)} deployment{'' if len(names) == 1 else 's'}, and none is chosen: "
            f"{', '.join(names)}.",
            f"Choose: --deployment {names[0]}, repeated for several, or --all.",
        )


def _refuse_what_is_of_one(options: Mapping[str, Any]) -> None:
    context = click.get_current_context()
    for name in OF_ONE:
        variables = BY_NAME[name].variables if name in BY_NAME else ()
        given = [variable for variable in variables if pasted(os.environ.get(variable, ""))]
        if context.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
            given = [f"ADT_{name.upper()}"]
        flag = options.get(name) is not None and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if flag or (given and not (name == "state" and options["local"])):
            what = f"--{name}" if flag else given[0]
            raise BadInput(
                f"{what} is one deployment's own, and several are chosen.",
                f"Leave it out, or choose one: --deployment NAME. In the settings file: [{TABLES}.NAME].",
            )
