"""The commands and flags, and the one place where errors become exit codes."""

from __future__ import annotations

import io
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from cli.display import DEFAULT_STATE
from cli.streams import write_anything
from cli.version import VERSION
from engine.input import Input
from steps import INPUTS

EXIT_CODES = """\b
Exit codes: 0 done, 1 a step failed (run again to resume), 2 bad input, 3 someone with more rights is needed,
4 another run holds the lock, 70 a bug in this tool, 130 interrupted."""

_AS_JSON = ("--output=json", "--format=json")


class _File(click.Path):
    """The path of a file, as a Path."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("It is empty: name a file.", param, ctx)
        return super().convert(value, param, ctx)


class _DefaultDeploy(click.Group):
    """A group whose command is `deploy` when none is named, and whose help shows that command's options too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h", "--version")):
            args = ["deploy", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.commands["deploy"].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


class _Command(click.Command):
    """A command of options alone, whose help shows the inputs by group; says how to type another command with them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, extra, _ = self.make_parser(ctx).parse_args(args=list(args))
        if extra and extra[0] in cli.commands:
            from cli.display import command

            rest = list(args)
            rest.remove(extra[0])
            raise click.UsageError(f"The command comes before its options: {command([extra[0], *rest])}", ctx)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        grouped = {row.name: row.group for row in INPUTS}
        sections: dict[str, list[tuple[str, str]]] = {row.group: [] for row in INPUTS}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                sections.setdefault(grouped.get(parameter.name or "", "Options"), []).append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


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


_PATH = _File(path_type=Path)
_state = click.option("--state", type=_PATH, metavar="FILE", help=f"State file. Default: {DEFAULT_STATE}.")
_output = click.option("--output", type=click.Choice(["text", "json"]), default="text", help="What to print on stdout.")
_local = click.option("--local", is_flag=True, help="Against the embedded Azure, with everything in .local-azure/.")
_meeting = _options(
    _state,
    click.option("--yes", "-y", is_flag=True, help="Use the defaults and don't ask."),
    click.option("--non-interactive", is_flag=True, help="Never ask, even in a terminal."),
    _output,
    click.option("--verbose", "-v", is_flag=True, help="Log requests, with Azure's request ids, on stderr."),
    _local,
    click.option("--sign-in", metavar="NAME", help="With --local: the signed-in user. Default: owner."),
    click.option("--suggest-subscription", hidden=True),
    click.option("--called-as", hidden=True),
)
_config = click.option("--config", type=_PATH, metavar="FILE", help="Settings file (TOML) with the same names as keys.")
_import = click.option(
    "--import", "import", type=_PATH, metavar="FILE", help="Take over what deploy.ps1 left: its config.json."
)
_traffic = click.option(
    "--traffic", type=_PATH, metavar="FILE", help="Append requests and answers, without secrets: HAR entries."
)
_running = _options(_inputs, _config, _import, _meeting)
_named = partial(_inputs, inputs=tuple(row for row in INPUTS if row.identifies))


@click.group(cls=_DefaultDeploy, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, message="deploy.py %(version)s")
def cli() -> None:
    """Set up Azure Digital Twins: resource group, instance, data-plane role, app registration, consent hints.

    Run it again after any failure: it resumes at the step that failed. Without a command it deploys; the options below
    are those of deploy. To try it without Azure: deploy.py --local --yes
    """


@cli.command(cls=_Command, epilog=EXIT_CODES)
@_running
@_traffic
def deploy(**options: Any) -> int:
    """Set everything up (the default command)."""
    return _run("deploy", options)


@cli.command(cls=_Command, epilog=EXIT_CODES)
@_running
@_traffic
def plan(**options: Any) -> int:
    """Show what deploy would do, step by step; writes nothing, in Azure or on disk."""
    return _run("plan", options)


@cli.command(cls=_Command, epilog=EXIT_CODES)
@_running
def verify(**options: Any) -> int:
    """Check everything against the live cloud, and that the instance answers; writes nothing. Exit 1: it differs."""
    return _run("verify", options)


@cli.command(cls=_Command, epilog=EXIT_CODES)
@_named
@_meeting
@click.option("--purge", is_flag=True, help="Purge the application from the directory's recycle bin too.")
def destroy(**options: Any) -> int:
    """Delete what this tool created, an instance with its models and twins. Asks for its name, unless --yes."""
    return _run("destroy", options)


@cli.command()
@_state
@_output
@_local
def status(state: Path | None, output: str, local: bool) -> int:
    """Show the state file as a table; offline."""
    from cli.commands.status import show_status

    return show_status(_state_path(state, local=local), as_json=output == "json")


@cli.command()
@_state
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "env", "appsettings"]),
    default="text",
    help="How to print them.",
)
@_local
def outputs(state: Path | None, form: str, local: bool) -> int:
    """Print the collected values; offline."""
    from cli.commands.outputs import show_outputs

    return show_outputs(_state_path(state, local=local), form)


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port; 0 picks a free one.")
@click.option("--data", type=_PATH, metavar="FOLDER", help="Data folder. Default: --local's, .local-azure/azure.")
@click.option("--sign-in", default="owner", show_default=True, metavar="NAME", help="The signed-in user.")
@click.option(
    "--latency", default="none", show_default=True, metavar="none|azure|FILE",
    help="How long things take: not at all, as long as in Azure (azure:0.1 is a tenth), or a table in a file.",
)  # fmt: skip
@click.option("--faults", type=_PATH, metavar="FILE", help="Faults to make (JSON).")
@click.option("--traffic", type=_PATH, metavar="FILE", help="Append every request and answer, as HAR entries.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
def emulate(**options: Any) -> NoReturn:
    """Run the embedded Azure alone, in the foreground; prints how to reach it as one line of JSON."""
    from cli import local

    local.emulate(options)


def _state_path(state: Path | None, *, local: bool) -> Path:
    if state is not None:
        return state
    if local:
        from cli.local import FOLDER

        return FOLDER / DEFAULT_STATE
    return Path(DEFAULT_STATE)


def _run(command: str, options: dict[str, Any]) -> int:
    if options["local"]:
        from cli.local import run_locally

        return run_locally(command, options, _state_path(options["state"], local=True))
    if options["sign_in"]:
        raise click.UsageError("--sign-in goes with --local.")
    from cli.boundary import run_command

    return run_command(command, options, _state_path(options["state"], local=False))


def main(arguments: list[str]) -> int:
    """Run the command line and return the exit code. Nothing is raised."""
    write_anything()
    try:
        return cli.main(arguments, prog_name="deploy.py", standalone_mode=False) or 0
    except click.ClickException as error:
        from engine.refusal import redact

        shown = io.StringIO()
        error.show(shown)
        click.echo(redact(shown.getvalue()), sys.stderr, nl=False)
        return _ended(arguments, error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", sys.stderr)
        return _ended(arguments, "Interrupted.", 130)
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:  # noqa: BLE001 - the last boundary
        from engine.refusal import redact

        click.echo("This is a bug in deploy.py; please report it with what follows.\n", sys.stderr)
        click.echo(redact(traceback.format_exc()), sys.stderr)
        return _ended(arguments, redact(f"This is a bug in deploy.py: {type(error).__name__}: {error}"), 70)


def _ended(arguments: list[str], what: str, exit_code: int) -> int:
    """Write the document of this ending where one is wanted; return the exit code."""
    from cli import json_output
    from engine.refusal import Refusal

    following = [*arguments[1:], ""]
    pairs = zip(arguments, following, strict=True)
    if any(f"{argument}={after}" in _AS_JSON or argument in _AS_JSON for argument, after in pairs):
        json_output.emit_refusal(Refusal(what, exit_code=exit_code))
    return exit_code
