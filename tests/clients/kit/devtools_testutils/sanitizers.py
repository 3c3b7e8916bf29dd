"""Nothing is recorded, so nothing is sanitized."""

from __future__ import annotations

from typing import Any


def _nothing(*_: Any, **__: Any) -> None:
    pass


add_body_key_sanitizer = add_general_regex_sanitizer = add_header_regex_sanitizer = _nothing
add_oauth_response_sanitizer = add_remove_header_sanitizer = remove_batch_sanitizers = _nothing
