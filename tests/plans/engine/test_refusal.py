"""Refusals and their exit codes."""

from __future__ import annotations

import itertools

import pytest

from engine import refusal as module
from engine.outcome import Outcome, Result
from engine.refusal import DIFFERS, SEVERITY, BadInput, Refusal, keep_secret, redact, worst, worst_of_look
from engine.walk import exit_code


def test_the_order_of_severity() -> None:
    assert SEVERITY == (0, 5, 3, 2, 4, 1, 70, 129, 130, 143)


@pytest.mark.parametrize(("better", "worse"), list(itertools.pairwise((0, 5, 3, 2, 4, 1, 70, 129, 130, 143))))
def test_the_worst_outcome_sets_the_exit_code(better: int, worse: int) -> None:
    assert worst([better, worse, better]) == worse
    assert worst(code for code in (worse, better)) == worse
    results = {
        str(code): Result(Outcome.FAILED, error=Refusal("It failed.", exit_code=code)) for code in (better, worse)
    }
    assert exit_code(results) == worse


def test_without_outcomes_all_is_well() -> None:
    assert worst([]) == 0
    assert exit_code({}) == 0
    assert exit_code({"a": Result(Outcome.DONE), "b": Result(Outcome.BLOCKED)}) == 0


def test_a_difference_is_worse_than_none_and_better_than_any_failure() -> None:
    assert worst([0, DIFFERS]) == DIFFERS
    assert [worst([DIFFERS, code]) for code in (3, 2, 4, 1, 70)] == [3, 2, 4, 1, 70]


def test_a_refusal_reads_as_what_happened() -> None:
    refusal = Refusal("It failed.", "The reason.", "The next step.", "AzureCode", "id")
    assert str(refusal) == "It failed."
    assert (refusal.why, refusal.next, refusal.code, refusal.request_id) == (
        "The reason.", "The next step.", "AzureCode", "id",
    )  # fmt: skip
    assert refusal.exit_code == 1
    plain = Refusal("It failed.")
    assert (plain.why, plain.next, plain.code, plain.request_id) == ("", "", "", "")


def test_bad_input_is_exit_code_2() -> None:
    refusal = BadInput("Wrong.", "Correct it.", why="It is.")
    assert (refusal.what, refusal.next, refusal.why, refusal.exit_code) == ("Wrong.", "Correct it.", "It is.", 2)
    assert BadInput("Wrong.").next == BadInput("Wrong.").why == ""


@pytest.mark.parametrize(
    "quoted",
    [
        "Cannot connect to http://jane:Winter26@proxy.contoso.com:3128/",
        "InvalidURL: https://jane:Win%21Winter26@10.0.0.1:8080",
        "http://jane:Winter26@x@proxy:3128",
        r"corp\jane:Winter26@proxy.contoso.com:3128 is no URL",
        r"'corp\\jane:Winter26@[fd00::1]:3128'",
        "(proxy=jane:Winter26@proxy:3128)",
        "HTTPS_PROXY=jane:Winter26@proxy",
        "git+https://Winter26@example.com/x.git",
        "The file https:/jane:Winter26@host/ca.pem isn't there",
        "Proxy-Authorization: Basic V2ludGVyMjY6V2ludGVyMjY=",
        "https://a.blob.core.windows.net/c?sv=1&sig=Winter26%3D&se=2",
        "Endpoint=sb://a/;SharedAccessKeyName=b;SharedAccessKey=Winter26=;EntityPath=c",
        "client_secret=Winter26&grant_type=x",
    ],
)
def test_credentials_in_any_text_are_redacted(quoted: str) -> None:
    error = Refusal(quoted, why=quoted, next=quoted)
    for text in (redact(quoted), error.what, error.why, error.next):
        assert "Winter26" not in text
        assert "V2ludGVyMjY6" not in text
        assert "REDACTED" in text


@pytest.mark.parametrize(
    "text",
    [
        "https://graph.microsoft.com/v1.0/users/ada@contoso.com",
        "Nobody called live.com#mona@outlook.com is in this directory.",
        "Signed in as: ada@contoso.com at 12:30",
        "mailto:ada@contoso.com",
        "repo:OWNER@12/REPO@34:ref:refs/heads/main",
        "http://<user>:<password>@HOST:PORT",
        "https://127.0.0.1:8443/subscriptions/1?api-version=2023-01-31",
        "sb://contoso.servicebus.windows.net:5671/ and [::1]:443",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_what_is_kept_secret_is_taken_out_wherever_it_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_known_secrets", set())
    for secret in ("pa/ss word", "the"):
        keep_secret(secret)
    assert redact("the proxy said pa/ss word twice: pa/ss word") == "the proxy said REDACTED twice: REDACTED"


@pytest.mark.parametrize(
    ("codes", "code"),
    [((), 0), ((5, 0), 5), ((1, 5), 1), ((5, 1, 2), 2), ((3, 1), 1), ((3, 2), 2), ((70, 2, 1), 70)],
)
def test_what_a_look_ends_with(codes: tuple[int, ...], code: int) -> None:
    assert worst_of_look(codes) == code
