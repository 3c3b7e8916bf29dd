"""Commands as a POSIX shell and as PowerShell take them."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from engine.script import Command, Variable, Word, posix, powershell

ODD = 'it\'s "q" $x `y` \\ \u2019 (z)'
HOST = Variable("host", Command(("resource", "show", "--ids", "/a")), host_only=True)
NAME = Variable("name", Command(("rest", "--url", ("x/", HOST)), is_patient=True))


def command(*words: Word) -> Command:
    return Command(words)


@pytest.mark.parametrize("parts", [("plain",), (ODD,), ("",), ("a b",), ("a", ODD)])
def test_a_posix_shell_reads_the_words_as_they_are(parts: tuple[str, ...]) -> None:
    (line,) = posix([command("x", parts if len(parts) > 1 else parts[0])])
    shown = subprocess.run(
        ["sh", "-c", f"az() {{ printf '%s|' \"$@\"; }}; {line}"], capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout == f"x|{''.join(parts)}|"


def test_what_powershell_takes_for_its_own_is_quoted() -> None:
    assert powershell([command("it's", "\u2019x", "$y")]) == ["Invoke-Az 'it''s' '\u2019\u2019x' '$y'"]


def test_values_are_read_before_they_are_needed_and_only_once() -> None:
    first, second = command("a", NAME), command("b", ("c/", HOST, "d", NAME, "/e"))
    assert posix([first, second]) == [
        "host=$(az resource show --ids /a --output tsv)",
        "host=${host#*://}",
        "host=${host%%[:/]*}",
        'name=$(az rest --url "x/$host" --output tsv)',
        'az a "$name"',
        'az b "c/${host}d$name/e"',
    ]
    assert powershell([first, second]) == [
        "$host = (Invoke-Az 'resource' 'show' '--ids' '/a' '--output' 'tsv') -replace '^.*://', '' -replace "
        "'[:/].*$', ''",
        "$name = (Wait-Az 'rest' '--url' ('x/' + $host) '--output' 'tsv')",
        "Invoke-Az 'a' $name",
        "Invoke-Az 'b' ('c/' + $host + 'd' + $name + '/e')",
    ]
    assert posix([second], is_script=True)[3] == (
        "name=$(patiently az rest --url \"x/$host\" --output tsv | tr -d '\\r')"
    )


def test_another_value_of_the_same_name_is_read_again() -> None:
    other = Variable("host", Command(("other",)))
    assert posix([command("a", HOST), command("b", other), command("c", other)])[-3:] == [
        "host=$(az other --output tsv)",
        'az b "$host"',
        'az c "$host"',
    ]


def test_a_body_goes_from_one_command_to_the_next() -> None:
    put = Command(("put", "--body", "@-"), body=command("keys", "--query", ("{a: '", HOST, "'}")))
    assert posix([put])[-1] == "az keys --query \"{a: '$host'}\" --output json | az put --body @-"
    assert powershell([put])[-2:] == [
        "$body = (Invoke-Az 'keys' '--query' ('{a: ''' + $host + '''}') '--output' 'json') -join \"`n\"",
        "Invoke-Az 'put' '--body' $body",
    ]


def test_a_script_repeats_only_what_may_be_refused_for_a_while() -> None:
    commands = [Command(("delete",), is_patient=True), command("list")]
    assert posix(commands, is_script=True) == ["patiently az delete", "az list"]
    assert posix(commands) == ["az delete", "az list"]
    assert powershell(commands) == ["Wait-Az 'delete'", "Invoke-Az 'list'"]


def test_a_script_does_not_repeat_what_prints_a_body() -> None:
    put = Command(("put", "--body", "@-"), body=command("keys"))
    assert posix([put], is_script=True) == ["az keys --output json | az put --body @-"]


def test_a_command_for_each_value() -> None:
    found = Variable("id", command("list"))
    delete = Command(("delete", ("x/", found)), each=found)
    assert posix([delete]) == ['for id in $(az list --output tsv); do az delete "x/$id"; done']
    assert powershell([delete]) == [
        "foreach ($id in @(Invoke-Az 'list' '--output' 'tsv')) { Invoke-Az 'delete' ('x/' + $id) }"
    ]


@pytest.mark.parametrize(("left", "code"), [("", 0), ("something", 1)])
def test_a_command_unless_there_is_a_value(left: str, code: int) -> None:
    delete = Command(("delete",), unless=Variable("left", command("list")), refusal="It's kept:")
    (line,) = posix([delete])
    program = f'az() {{ if test "$1" = list; then echo {shlex.quote(left)}; else echo deleted; fi; }}; {line}'
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (
        code,
        "" if left else "deleted\n",
        "It's kept: something\n" if left else "",
    )
    assert powershell([delete]) == [
        "$left = Invoke-Az 'list' '--output' 'tsv'",
        "if ($left) { throw 'It''s kept:' + ' ' + $left }",
        "Invoke-Az 'delete'",
    ]
