"""Tokens and secrets in the texts of refusals."""

from __future__ import annotations

import pytest

from engine.refusal import Refusal, redact


@pytest.mark.parametrize("secret", ["eyJhb.eyJzd.c2ln", "Bearer c2VjcmV0", "client_secret=hush", "x?password=hush"])
def test_tokens_and_secrets_are_redacted_wherever_they_stand(secret: str) -> None:
    token = secret.rpartition(" ")[2].rpartition("=")[2]
    assert token not in redact(f"before {secret} after")
    refusal = Refusal(secret, why=secret, next=secret)
    assert not any(token in text for text in (refusal.what, refusal.why, refusal.next))
