"""The commands and flags, and the one place where errors become exit codes."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from cli.chosen import Chosen, with_choice
from cli.command_line import EXIT_CODES, Commands, File, Form, State, usage_refusal, wants_json
from cli.emulate_options import emulate_options
from cli.interruption import Interrupted, raise_signals
from cli.output_forms import FORMS
from cli.state_commands import state
from cli.stores import DEFAULT_STATE
from cli.streams import write_anything
from cli.version import VERSION
from engine.input import Input
from steps import INPUTS

SIGN_INS = (
    "With --local: the signed-in user: owner (the default), contributor, reader, guest, msa, eligible, owner-sp, "
    "contributor-sp, owner-vm or contributor-vm."
)


def _inputs(command: Callable[..., Any], inputs: Sequence[Input] = INPUTS) -> Callable[..., Any]:
    for row in reversed(inputs):
        if row.is_flag:
            option = click.option(f"{row.flag}/{row.opposite}", row.name, default=None, help=row.help)
        else:
            option = click.option(row.flag, row.name, metavar=row.metavar, multiple=row.is_many, help=row.help)
        command = option(command)
    return command


def _options(*decorators: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


_PATH = File(path_type=Path)
_STATE = State(path_type=Path)
_state = click.option(
    "--state", type=_STATE, metavar="FILE|URL", envvar="ADT_STATE",
    help=f"State file, or the URL of a blob that a team shares. Default: {DEFAULT_STATE}.",
)  # fmt: skip
_output = click.option(
    "--output",
    type=Form(["text", "json"]),
    default="text",
    envvar="ADT_OUTPUT",
    help="What to print on stdout.",
)
_local = click.option("--local", is_flag=True, help="Against the embedded Azure, with everything in .local-azure/.")
_meeting = _options(
    _state,
    click.option("--yes", "-y", is_flag=True, help="Use the defaults and don't ask."),
    click.option(
        "--non-interactive", is_flag=True, envvar="ADT_NON_INTERACTIVE", help="Never ask, even in a terminal."
    ),
    _output,
    click.option("--verbose", "-v", is_flag=True, help="Log requests, with Azure's request ids, on stderr."),
    _local,
    click.option("--sign-in", metavar="NAME", help=SIGN_INS),
    click.option("--suggest-subscription", hidden=True),
    click.option("--embedded-azure-runs", is_flag=True, hidden=True),
)
_config = _options(
    click.option(
        "--config", type=_PATH, metavar="FILE", envvar="ADT_CONFIG",
        help="Settings file (TOML) with the same names as keys. Default: deploy.toml in this folder, if there is one.",
    ),
    click.option("--no-config", is_flag=True, help="Take no settings file."),
    click.option(
        "--deployment", multiple=True, metavar="NAME",
        help="A deployment of the settings file, which has a table [deployments.NAME] for each. Repeat it for several.",
    ),
    click.option("--all", is_flag=True, help="All deployments of the settings file."),
)  # fmt: skip
_import = click.option(
    "--import", "import", type=_PATH, metavar="FILE", help="Take over what deploy.ps1 left: its config.json."
)
_traffic = click.option(
    "--traffic", type=_PATH, metavar="FILE", help="Append requests and answers, without secrets: HAR entries."
)
_parallel = click.option(
    "--parallel", type=click.IntRange(1, 1000), metavar="N", help="How many deployments at a time. Default: 50."
)
_running = _options(_inputs, _config, _parallel, _import, _meeting)
_named = partial(_inputs, inputs=tuple(row for row in INPUTS if row.identifies))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, message="deploy.py %(version)s")
def cli() -> None:
    """Set up Azure Digital Twins: resource group, instance, data-plane role, app registration, consent hints.

    Run it again after any failure: it resumes at the step that failed. Without a command it deploys; the options below
    are those of deploy. COMMAND --help shows those of the others.
    """


@cli.command(
    examples=(
        "deploy.py --local --yes                try it, without Azure",
        "deploy.py                              ask for what is missing, then deploy",
        "deploy.py --yes --subscription ID      never ask: all defaults",
        "deploy.py --config settings.toml       with everything from a file",
        "deploy.py --import config.json         go on from deploy.ps1",
    ),
    codes=tuple(code for code in EXIT_CODES if code != 5),
)
@_running
@_traffic
def deploy(**options: Any) -> int:
    """Set everything up (the default command)."""
    return _run("deploy", options)


@cli.command(
    examples=("deploy.py plan --config settings.toml", "deploy.py plan --yes --detailed-exitcode --output json"),
    codes=tuple(EXIT_CODES),
)
@_running
@_traffic
@click.option("--detailed-exitcode", is_flag=True, help="End with 5 when Azure differs, and 0 only when it doesn't.")
def plan(**options: Any) -> int:
    """Show what deploy would do, step by step; writes nothing, in Azure or on disk."""
    return _run("plan", options)


@cli.command(examples=("deploy.py verify", "deploy.py verify --output json"), codes=tuple(EXIT_CODES))
@_running
def verify(**options: Any) -> int:
    """Check everything against the live cloud, and that the instance answers; writes nothing. Exit 5: it differs."""
    return _run("verify", options)


@cli.command(
    examples=("deploy.py destroy", "deploy.py destroy --yes --purge"),
    codes=tuple(code for code in EXIT_CODES if code != 5),
)
@_named
@_config
@_parallel
@_meeting
@click.option("--purge", is_flag=True, help="Purge the application from the directory's recycle bin too.")
def destroy(**options: Any) -> int:
    """Delete what this tool created, an instance with its models and twins. Asks for its name, unless --yes."""
    return _run("destroy", options)


@cli.command(examples=("deploy.py status", "deploy.py status --all"), codes=(0, 2))
@_config
@_state
@_output
@_local
def status(**options: Any) -> int:
    """Show the state file as a table; offline."""
    from cli.commands.several_offline import status as show_status

    return with_choice(options, show_status, as_json=options["output"] == "json", goes_by_state=True)


@cli.command(
    examples=(
        "deploy.py outputs host_name",
        "deploy.py outputs --output github >> $GITHUB_OUTPUT",
        "deploy.py outputs --output appsettings > appsettings.json",
    ),
    codes=(0, 2),
)
@click.argument("name", required=False)
@_config
@_state
@click.option(
    "--output",
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="text",
    envvar="ADT_OUTPUT",
    help="How to print: a table, or NAME's value as it is; JSON; lines for a POSIX shell, a .env file, $GITHUB_OUTPUT "
    "or PowerShell; an appsettings.json.",
)
@_local
def outputs(name: str | None, form: str, **options: Any) -> int:
    """Print the collected values, or only the value of NAME; offline."""
    from cli.commands.several_offline import outputs as show_outputs

    if name is not None and click.get_current_context().get_parameter_source("form") is ParameterSource.ENVIRONMENT:
        form = "text"  # what a variable says is for all commands, and a single value is for the shell
    if name is not None and form == "appsettings":
        raise click.UsageError("appsettings has sections, and no form for one value: take text or json.")

    return with_choice(
        options, partial(show_outputs, form=form, value=name), as_json=form == "json", goes_by_state=True
    )


@cli.command(
    examples=("deploy.py settings", "deploy.py settings - --resource-group twins-test > test.toml"), codes=(0, 1, 2)
)
@_inputs
@_config
@_state
@_local
@click.argument("file", type=_PATH, required=False)
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
def settings(**options: Any) -> int:
    """Write what was deployed, or answered, as a settings file: FILE, - for stdout. Default: beside the state file."""
    from cli.commands.settings import write_settings

    def write(chosen: Chosen) -> int:
        if chosen.several:
            raise click.UsageError("A settings file is written of one deployment: choose one.")
        return write_settings(chosen.place, chosen.options)

    return with_choice(options, write, as_json=False)


cli.add_command(state)


@cli.command()
@emulate_options
def emulate(**options: Any) -> NoReturn:
    """Run the embedded Azure alone, in the foreground; prints how to reach it as one line of JSON."""
    from cli import local

    local.emulate(options)


def _run(command: str, options: dict[str, Any]) -> int:
    def run(chosen: Chosen) -> int:
        if options["local"] and not options["embedded_azure_runs"]:
            from cli.local import run_locally

            return run_locally(command, chosen.options)
        if options["sign_in"] and not options["local"]:
            raise click.UsageError("--sign-in goes with --local.")
        if chosen.several:
            from cli.several import run_several

            return run_several(command, chosen)
        from cli.boundary import run_command

        return run_command(command, chosen.options, chosen.place)

    return with_choice(options, run, as_json=options["output"] == "json", goes_by_state=command == "destroy")


def main(arguments: list[str]) -> int:
    """Run the command line and return the exit code. Nothing is raised."""
    write_anything()
    raise_signals()
    try:
        return cli.main(arguments, prog_name="deploy.py", standalone_mode=False) or 0
    except click.ClickException as error:
        from cli.ending import end

        return end(usage_refusal(error), as_json=wants_json(arguments))
    except (click.Abort, KeyboardInterrupt):
        return _ended(arguments, "Interrupted.", 130)
    except Interrupted as interrupted:
        return _ended(arguments, "Interrupted.", interrupted.exit_code)
    except Exception as error:  # noqa: BLE001 - the last boundary
        words = f"This is a bug in deploy.py; please report it with what follows.\n\n{traceback.format_exc()}"
        return _ended(arguments, f"This is a bug in deploy.py: {type(error).__name__}: {error}", 70, words)


def _ended(arguments: list[str], what: str, exit_code: int, words: str = "") -> int:
    from cli.ending import end
    from engine.refusal import Refusal

    return end(Refusal(what, exit_code=exit_code), as_json=wants_json(arguments), words=words or what)
