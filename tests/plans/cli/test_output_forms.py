"""The forms of `outputs`, with values that shells and parsers like to misunderstand."""

from __future__ import annotations

import io
import json
import shlex
import sys
from itertools import takewhile

import pytest

from cli.output_forms import FORMS, all_in_form, application_variables, one_in_form, selectable, with_client_values
from cli.streams import write_utf_8

ODD = {
    "plain": "adt-1.api.wus2.digitaltwins.azure.net",
    "spaces": "Data Owner (all)",
    "path": r"C:\Users\Jane\ci.secret",
    "dollar": "a$HOME `x` # no",
    "quote": "it's",
    "both": 'it\'s a \\ "$x"',
    "lines": "one\ntwo\r\n::set\nEND\n",
    "ends": "\\\\server\\",
    "empty": "",
    "edges": " a ",
    "names": "東京 \u2019 \U0001f600",
}


def lines(form: str) -> dict[str, str]:
    return {name: one_in_form(name, value, form).removesuffix("\n") for name, value in ODD.items()}


def test_a_posix_shell_reads_what_was_written() -> None:
    named = {f"DIGITALTWINS_{name.upper()}": value for name, value in ODD.items()}
    written = "".join(lines("env")[name] + "\n" for name in ODD)
    assert dict(part.split("=", 1) for part in shlex.split(written)) == named


def test_a_dotenv_file() -> None:
    found = {name: line.partition("=")[2] for name, line in lines("dotenv").items()}
    assert found == {
        "plain": ODD["plain"],
        "spaces": ODD["spaces"],
        "path": ODD["path"],
        "dollar": f"'{ODD['dollar']}'",
        "quote": r"'it\'s'",
        "both": r'"it' + "'" + r's a \\ \"\$x\""',
        "lines": r'"one\ntwo\r\n::set\nEND\n"',
        "ends": ODD["ends"],
        "empty": "",
        "edges": "' a '",
        "names": ODD["names"],
    }


def read_by_the_runner(text: str) -> dict[str, str]:
    """Read $GITHUB_OUTPUT as the runner does."""
    found, lines = {}, iter(text.removesuffix("\n").split("\n"))
    for line in lines:
        name, equals, value = line.partition("=")
        if "<<" in name or not equals:
            name, _, delimiter = line.partition("<<")
            value = "\n".join(takewhile(lambda part, end=delimiter: part != end, lines))  # type: ignore[misc]
        found[name] = value
    return found


def test_the_runner_of_github_actions_reads_what_was_written() -> None:
    values = {**ODD, "tenant_id": "t"}
    assert read_by_the_runner(all_in_form(values, "github")) == {**values, "AzureAd__TenantId": "t"}


def test_powershell() -> None:
    found = {name: line.partition(" = ")[2] for name, line in lines("powershell").items()}
    assert one_in_form("ADT_SERVICE_URL", "https://h", "powershell") == "$env:ADT_SERVICE_URL = 'https://h'\n"
    assert (found["quote"], found["dollar"], found["lines"]) == ("'it''s'", f"'{ODD['dollar']}'", f"'{ODD['lines']}'")
    assert found["names"] == '"$([char]0x6771)$([char]0x4eac) $([char]0x2019) $([char]0xd83d)$([char]0xde00)"'
    assert one_in_form("x", 'é"$`', "powershell").endswith('= "$([char]0x00e9)`"`$``"\n')
    assert all(line.isascii() for line in found.values())


def test_one_value_is_raw_or_json() -> None:
    assert one_in_form("both", ODD["both"], "text") == ODD["both"] + "\n"
    assert json.loads(one_in_form("both", ODD["both"], "json")) == ODD["both"]
    with pytest.raises(ValueError, match="appsettings"):
        one_in_form("both", ODD["both"], "appsettings")


def test_what_functions_and_web_apps_read_is_in_every_form_for_them() -> None:
    produced = {"host_name": "h", "tenant_id": "t", "client_id": "c", "secret_file": ""}
    values = with_client_values(produced, "https://login.example")
    read = {
        "ADT_SERVICE_URL": "https://h",
        "AZURE_DIGITALTWINS_URL": "https://h",
        "AzureAd__Instance": "https://login.example/",
        "AzureAd__TenantId": "t",
        "AzureAd__ClientId": "c",
        "DigitalTwins__InstanceUrl": "https://h",
        "DigitalTwins__Audience": "https://digitaltwins.azure.net",
        "DigitalTwins__Scopes__0": "https://digitaltwins.azure.net/.default",
    }
    assert application_variables(values) == read
    for form in ("env", "dotenv", "github", "powershell"):
        assert all(one_in_form(name, value, form) in all_in_form(values, form) for name, value in read.items())
    assert json.loads(all_in_form(values, "appsettings"))["ADT_SERVICE_URL"] == "https://h"
    assert selectable(values).keys() == {*values, *read} - {"secret_file"}


@pytest.mark.parametrize("form", FORMS)
def test_a_deployment_that_has_hardly_begun_has_every_form(form: str) -> None:
    values = with_client_values({"tenant_id": "t", "subscription_id": "s"}, "")
    assert "t" in all_in_form(values, form)


def test_what_other_programs_read_is_utf_8_with_line_feeds(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", newline="\r\n")
    monkeypatch.setattr(sys, "stdout", stream)
    write_utf_8()
    stream.write("東京\n")
    stream.flush()
    assert stream.buffer.getvalue() == "東京\n".encode()
