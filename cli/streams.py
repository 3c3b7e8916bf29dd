"""Output in an encoding that lacks some characters: symbols become ASCII, anything else an escape; nothing raises."""

from __future__ import annotations

import codecs
import sys

_ASCII = {"✓": "v", "✗": "x", "…": "...", "»": ">", "→": "->", "·": "-", "•": "*", "\u2013": "-", "\u2014": "-"}
_BRAILLE = range(0x2800, 0x2900)
"""What a spinner is drawn with."""
HANDLER = "symbols"


def _write_otherwise(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for the characters that can't be encoded: the handler of codecs.register_error."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_otherwise(character) for character in error.object[error.start : error.end]), error.end


def _otherwise(character: str) -> str:
    if ord(character) in _BRAILLE:
        return "-"
    return _ASCII.get(character) or character.encode("ascii", "backslashreplace").decode("ascii")


def write_anything() -> None:
    """Let stdout and stderr take any text. A name that can't be encoded is written as `\\u` and its number."""
    codecs.register_error(HANDLER, _write_otherwise)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # a stand-in, or a closed one, may have none
        if reconfigure:
            reconfigure(errors=HANDLER)


def write_utf_8() -> None:
    """Let stdout write UTF-8 with plain line feeds, whatever is usual on this machine: another program reads it."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(encoding="utf-8", newline="\n")


def encodable(text: str, encoding: str | None) -> str:
    """Return the text as `encoding` can show it."""
    codecs.register_error(HANDLER, _write_otherwise)
    chosen = encoding or "utf-8"
    return text.encode(chosen, HANDLER).decode(chosen)


def is_unicode(encoding: str | None) -> bool:
    """Whether every character can be written in this encoding."""
    try:
        return codecs.lookup(encoding or "").name.startswith("utf")
    except LookupError:
        return False
