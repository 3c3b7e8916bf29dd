"""Tokens and secrets in the texts of refusals."""

from __future__ import annotations

import pytest

from engine import refusal as module
from engine.refusal import Refusal, keep_secret, redact


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret is known before a test."""
    monkeypatch.setattr(module, "_known_secrets", set())


@pytest.mark.parametrize("secret", ["eyJhb.eyJzd.c2ln", "Bearer c2VjcmV0", "client_secret=hush", "x?password=hush"])
def test_tokens_and_secrets_are_redacted_wherever_they_stand(secret: str) -> None:
    token = secret.rpartition(" ")[2].rpartition("=")[2]
    assert token not in redact(f"before {secret} after")
    refusal = Refusal(secret, why=secret, next=secret)
    assert not any(token in text for text in (refusal.what, refusal.why, refusal.next))


@pytest.mark.parametrize(("secret", "is_redacted"), [("qwert", True), ("qwer", False)])
def test_a_secret_is_taken_out_unless_it_is_so_short_that_it_would_spoil_words(secret: str, is_redacted: bool) -> None:
    keep_secret(secret)
    assert (secret in redact(f"before {secret} after")) is not is_redacted


@pytest.mark.parametrize("longer", ["aaa secret", "secret zzz", "secretsecret"])
def test_nothing_is_left_of_a_secret_that_contains_another(longer: str) -> None:
    for secret in ("secret", longer):
        keep_secret(secret)
    assert redact(longer) == redact("secret")
