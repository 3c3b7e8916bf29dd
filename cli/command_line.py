"""How the command line is read, and its help: commands, options by group, examples, variables and exit codes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from click.core import ParameterSource

from cli.display import command as quoted_command
from cli.near import hint
from cli.output_forms import FORMS
from cli.sources import OPTION_VARIABLES
from cli.stores import place_of
from cloud.identifiers import pasted
from engine.refusal import Refusal
from state.blob_address import BlobAddress
from steps import INPUTS

EXIT_CODES: Mapping[int, str] = {
    0: "Done.",
    1: "A step failed: run again, it resumes. Or you declined, and nothing was changed.",
    2: "Bad input, or a state file that can't be used.",
    3: "Someone with more rights is needed; the message says for what.",
    4: "Another run is using the state file.",
    5: "Azure differs from your settings: verify, and plan with --detailed-exitcode.",
    70: "A bug in this tool.",
    130: "Interrupted (129, 143: hung up, terminated).",
}

UNBROKEN = "\u2011"
"""Stands for a hyphen at which nothing is folded, while help is laid out."""


class File(click.Path):
    """The path of a file, as a Path."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, without what was pasted around it."""
        if isinstance(value, str):
            value = pasted(value)
        if value == "":
            self.fail("It is empty: name a file.", param, ctx)
        return super().convert(value, param, ctx)


class State(File):
    """The place of a state: a file's, as a Path, or a blob's."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the place, without what was pasted around it."""
        if isinstance(value, str) and pasted(value):
            try:
                place = place_of(value)
            except ValueError as problem:
                self.fail(f"{problem}.", param, ctx)
            if isinstance(place, BlobAddress):
                return place
        return value if isinstance(value, BlobAddress) else super().convert(value, param, ctx)


class Form(click.Choice[str]):
    """A form of what is printed. One that only another command has is text here, where a variable gives it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the form; UsageError for one that no command has, or that was typed for another one."""
        source = ctx.get_parameter_source(param.name) if ctx and param and param.name else None
        if source is ParameterSource.ENVIRONMENT and value in FORMS and value not in self.choices:
            return "text"
        return super().convert(value, param, ctx)


class Formatter(click.HelpFormatter):
    """Folds between words alone: the name of an option or file stays in one piece."""

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and what they mean as two columns."""
        whole = [(name, meaning.replace("-", UNBROKEN)) for name, meaning in rows]
        super().write_dl(whole, col_max, col_spacing)

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(text.replace("-", UNBROKEN))

    def getvalue(self) -> str:
        """Return all that was written."""
        return super().getvalue().replace(UNBROKEN, "-")


class Context(click.Context):
    """A context whose help the Formatter folds."""

    formatter_class = Formatter


class Command(click.Command):
    """A command whose help shows the inputs by group, and how it ends."""

    context_class = Context

    def __init__(self, *args: Any, examples: Sequence[str] = (), codes: Sequence[int] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.examples, self.codes = examples, codes

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write everything below the description."""
        grouped = {row.name: row.group for row in INPUTS}
        sections: dict[str, list[tuple[str, str]]] = {row.group: [] for row in INPUTS}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                sections.setdefault(grouped.get(parameter.name or "", "Options"), []).append(record)
        write_examples(formatter, self.examples)
        for title, records in sections.items():
            write_list(formatter, title, records)
        if any(parameter.name in grouped for parameter in self.params):
            own = [f"ADT_{parameter.name}".upper() for parameter in self.params]  # also one that is read elsewhere
            taken = {*own, *(parameter.envvar for parameter in self.params)}
            others = [name for name in OPTION_VARIABLES if name in taken]
            with formatter.section("Environment"):
                formatter.write_text(
                    "Every input is a variable too: --resource-group is ADT_RESOURCE_GROUP; lists are separated by "
                    f"semicolons. Further ones: {', '.join(others)}, AZURE_SUBSCRIPTION_ID, AZURE_TENANT_ID."
                )
        write_list(formatter, "Exit codes", [(str(code), EXIT_CODES[code]) for code in self.codes])


class Commands(click.Group):
    """A group whose command is `deploy` when none is named, and whose help shows that command's options too.

    Options may stand before the command.
    """

    command_class = Command
    context_class = Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse with the command first."""
        return super().parse_args(ctx, self.command_first(args))

    def command_first(self, args: list[str]) -> list[str]:
        """Return the arguments with the command first, `deploy` where none is named.

        UsageError for a command that there isn't.
        """
        if args in (["--version"], ["--help"], ["-h"]):
            return args
        place = self._place(args)
        if place is None:
            return ["deploy", *args]
        name = args[place]
        if name not in self.commands:
            raise click.UsageError(f"There is no command {name}.{hint(name, list(self.commands))}")
        return [name, *args[:place], *args[place + 1 :]]

    def _place(self, args: Sequence[str]) -> int | None:
        """Return where the command stands: the first word that is neither an option nor an option's value."""
        options = [param for command in self.commands.values() for param in command.params]
        valued = {name for param in options if isinstance(param, click.Option) and not param.is_flag
                  for name in param.opts}  # fmt: skip
        place = 0
        while place < len(args) and args[place].startswith("-") and args[place] != "--":
            place += 2 if args[place] in valued else 1
        return place if place < len(args) and args[place] != "--" else None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they are defined."""
        del ctx
        return list(self.commands)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, and everything of `deploy`."""
        listed = [(name, command.help.partition("\n")[0]) for name, command in self.commands.items() if command.help]
        write_list(formatter, "Commands", listed)
        self.commands["deploy"].format_options(ctx, formatter)


def usage_refusal(error: click.ClickException) -> Refusal:
    """Return a command line that can't be read as the error that every other one is shown as."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "deploy.py"
    name = command.partition(" ")[2]
    return Refusal(
        error.format_message(), next=f"See {quoted_command([*name.split(), '--help'])}", exit_code=error.exit_code
    )


def write_list(formatter: click.HelpFormatter, title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Write a section of names and what they mean; nothing without rows."""
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """Write the examples as they are typed: none is folded, so each is at most 76 characters long."""
    if examples:
        with formatter.section("Examples"):
            formatter.write("".join(f"{' ' * formatter.current_indent}{example}\n" for example in examples))


def wants_json(arguments: list[str]) -> bool:
    """Whether JSON is asked for, as far as arguments tell that couldn't be read."""
    following = zip(arguments, [*arguments[1:], ""], strict=True)
    words = [argument if "=" in argument else f"{argument}={after}" for argument, after in following]
    asked = [word.partition("=")[2] for word in words if word.startswith(("--output=", "--format="))]
    return "json" in (asked or [os.environ.get("ADT_OUTPUT", "")])
