"""A person at a terminal who says no or interrupts, and a run that is ended by a signal."""

from __future__ import annotations

import shlex
import signal
import time

import pytest

from tests.support.azure import writes
from tests.support.processes import start_in_terminal
from tests.support.screen import CTRL_C, CTRL_D, Screen
from tests.support.tool import GROUP, INSTANCE, SUBSCRIPTION, Tool
from tests.support.waiting import until
from tests.support.world import Emulator

NAMES = ("--resource-group", GROUP, "--location", "westus2", "--instance", INSTANCE)


def run(tool: Tool, *arguments: str, rows: int = 50, columns: int = 160) -> Screen:
    return Screen(tool.terminal(*arguments, rows=rows, columns=columns))


def test_answers_outlive_a_no_until_they_are_deployed(azure: Emulator, tool: Tool) -> None:
    before, answers = azure.inventory(volatile=True), tool.folder / "deploy.answers.json"
    given = ("--subscription", SUBSCRIPTION, *NAMES[:4])
    line = f"{shlex.join(tool.command(*given))} > log.txt"
    with Screen(start_in_terminal(["sh", "-c", line], tool.folder, tool.environment())) as screen:
        screen.answer("Name of the Digital Twins instance", "my-own")
        screen.answer("Name of the app registration")
        screen.wait("? Proceed?")
        screen.wait("+ create instance my-own in westus2")  # though stdout goes elsewhere
        screen.child.send("n")
        assert screen.end() == 1
        assert "Nothing was changed." in screen.lines
    assert azure.inventory(volatile=True) == before
    assert not tool.state_file.exists()
    assert answers.stat().st_mode & 0o777 == 0o600
    with run(tool, *given) as screen:
        screen.wait("? Name of the Digital Twins instance my-own")
        screen.child.send(CTRL_C)
        assert screen.end() == 130
    settings = ("settings", "--resource-group", GROUP, "--location", "westus2")
    assert tool.run(*settings).code == 0
    assert tool.run(*settings).code == 2  # nothing is overwritten

    done = tool.run("--config", "deploy.toml", "--yes")

    assert done.code == 0, done.text
    assert [instance["name"] for instance in azure.inventory()["digitalTwinsInstances"]] == ["my-own"]
    assert not answers.exists()


@pytest.mark.parametrize(
    ("question", "key"),
    [("Subscription", CTRL_C), ("Proceed?", signal.SIGTERM), ("Name of the app registration", CTRL_D)],
)
def test_an_interruption_at_a_question_changes_nothing(
    azure: Emulator, tool: Tool, question: str, key: str | signal.Signals
) -> None:
    given = {"Proceed?": (*NAMES, "--no-app"), "Name of the app registration": NAMES[:4]}.get(question)
    with run(tool, *(("--subscription", SUBSCRIPTION, *given) if given else ())) as screen:
        if question.startswith("Name"):
            screen.answer("Name of the Digital Twins instance")
        screen.wait(f"? {question}")
        screen.child.send(key) if isinstance(key, str) else screen.child.kill(key)
        assert screen.end() == (130 if isinstance(key, str) else 128 + key)
        assert screen.child.getecho()
        assert "Interrupted. Nothing was changed." in screen.lines
        assert "Traceback" not in screen.text
        if question == "Subscription":
            assert SUBSCRIPTION not in screen.text  # a list that was left has no answer
    assert writes(azure) == []
    assert not tool.state_file.exists()


@pytest.mark.parametrize(
    ("held", "number"),
    [
        (("PUT", "digitalTwinsInstances/[^/]+$", "create insta"), signal.SIGINT),
        (("GET", "operationsStatuses|operationResults", "Azure is cre"), signal.SIGTERM),
    ],
    ids=str,
)
def test_a_signal_while_azure_works(
    azure: Emulator, tool: Tool, held: tuple[str, str, str], number: signal.Signals
) -> None:
    azure.faults({"method": held[0], "path": held[1], "do": "hold"})
    arguments = ["--yes", "--subscription", SUBSCRIPTION, "--no-app"]
    with run(tool, *arguments, columns=60) as screen:
        screen.wait(held[2])  # as much as there is room for
        until(lambda: azure.requests()["held"], "the request to be held")
        assert not screen.child.getecho()  # keys that are typed now stay out of the table
        pressed = time.monotonic()
        screen.child.send(CTRL_C) if number == signal.SIGINT else screen.child.kill(number)
        assert screen.end() == 128 + number
        assert time.monotonic() - pressed < 3
        assert "Traceback" not in screen.text
        assert screen.text.count("✓ 1 Resource group") == 1
        assert screen.child.getecho()
        assert not screen.display.cursor.hidden
    said = screen.received.partition("Interrupted. This may still be going on in Azure:\r\n")[2].splitlines()
    assert said[0] == f"  Digital Twins instance: create instance {INSTANCE} in westus2"
    resume = shlex.split(said[1].removeprefix("Run this to continue: "))
    assert (resume[2], sorted(resume[3:])) == ("deploy", sorted(arguments))
    azure.faults()

    again = tool.run(*resume[2:])

    assert again.code == 0, again.text
    (instance,) = azure.inventory()["digitalTwinsInstances"]
    assert (instance["name"], instance["properties"]["provisioningState"]) == (INSTANCE, "Succeeded")
