"""Files as editors and shells write them."""

from __future__ import annotations

import codecs

import pytest

from engine.input import decoded, encoding_of

TEXT = "name = 'f\u00e1brica'\n"


@pytest.mark.parametrize(
    ("mark", "codec", "encoding"),
    [
        (b"", "utf-8", "UTF-8"),
        (codecs.BOM_UTF8, "utf-8", "UTF-8"),
        (codecs.BOM_UTF8 * 2, "utf-8", "UTF-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    ],
)
def test_a_file_is_read_as_its_mark_says(mark: bytes, codec: str, encoding: str) -> None:
    data = mark + TEXT.encode(codec)
    assert (decoded(data), encoding_of(data)) == (TEXT, encoding)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "latin-1"])
def test_another_encoding_without_a_mark_is_refused(codec: str) -> None:
    with pytest.raises(UnicodeError):
        decoded(TEXT.encode(codec))


def test_utf_16_of_ascii_without_a_mark_is_refused() -> None:
    """It is valid UTF-8 with a zero beside each letter."""
    with pytest.raises(UnicodeError):
        decoded("name = 'factory'".encode("utf-16-le"))
