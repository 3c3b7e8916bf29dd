"""Text for streams that can't take every character."""

from __future__ import annotations

import io
import json
import sys

import pytest

from cli import json_output
from cli.streams import encodable, is_unicode, write_anything
from engine.refusal import Refusal

ANYTHING = "✓ ✗ … » ⠋ Zürich 東京 \U0001f600 \udcff"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii", "cp437", "utf-8"])
def test_any_text_goes_out_on_any_stream(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    for name in ("stdout", "stderr"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, name, stream)
        write_anything()
        stream.write(ANYTHING)
        stream.flush()
        assert stream.buffer.getvalue().decode(encoding) == encodable(ANYTHING, encoding)


def test_symbols_become_ascii_and_names_escapes() -> None:
    assert encodable(ANYTHING, "ascii") == r"v x ... > - Z\xfcrich \u6771\u4eac \U0001f600 \udcff"
    assert encodable("Zürich", "cp1252") == "Zürich"
    assert encodable("Zürich ✓", None) == "Zürich ✓"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_json_stays_json(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    write_anything()
    json_output.emit(json_output.refusal_document(Refusal(ANYTHING)))
    document = json.loads(stream.buffer.getvalue())
    assert document["error"]["what"] == ANYTHING


def test_which_encodings_take_everything() -> None:
    found = {name: is_unicode(name) for name in ("utf-8", "UTF-8", "utf_16", "cp1252", "ANSI_X3.4-1968", "", None)}
    assert [name for name, unicode in found.items() if unicode] == ["utf-8", "UTF-8", "utf_16"]
