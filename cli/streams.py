"""Output that never ends a run: to a stream that is closed or full, or whose encoding lacks some characters.

What can't be encoded becomes ASCII, if it is a symbol, and otherwise an escape. With nothing but Python's own library.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Any, cast

_ASCII = {"✓": "v", "✗": "x", "…": "...", "»": ">", "→": "->", "·": "-", "•": "*", "\u2013": "-", "\u2014": "-"}
_BRAILLE = range(0x2800, 0x2900)
"""What a spinner is drawn with."""
HANDLER = "symbols"


class _Lasting(io.FileIO):
    """A stream that takes all that is written, also when nobody reads it any more or the disk is full."""

    failure: OSError | None = None
    """Why something could not be written; what follows it is dropped."""

    def write(self, data: Any, /) -> int:
        """Write, or drop, and return the number of bytes."""
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


def make_lasting() -> None:
    """Have stdout and stderr take all that is written, and put the null device in place of streams that are closed.

    Otherwise the next file that is opened would be such a stream. What can be written to a console of Windows is left
    as it is.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = os.open(os.devnull, os.O_RDONLY)  # so a write is still an error, and is told
            os.dup2(nowhere, number)
            if nowhere != number:
                os.close(nowhere)
            os.set_inheritable(number, True)
        if name == "stdin":
            sys.stdin = stream or open(number, encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open
        elif stream is None or isinstance(_raw(stream), io.FileIO):
            setattr(sys, name, _lasting(number, stream))


def _lasting(number: int, stream: io.TextIOWrapper | None) -> io.TextIOWrapper:
    """Return a stream that writes as this one, as Python makes them."""
    raw = _Lasting(number, "w", closefd=False)
    if stream is None:
        return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace")
    is_unbuffered = stream.buffer is _raw(stream)  # as PYTHONUNBUFFERED asks for
    return io.TextIOWrapper(
        cast("io.BufferedWriter", raw) if is_unbuffered else io.BufferedWriter(raw),
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _raw(stream: object) -> object:
    """Return what is below a stream's buffer, or without one below itself; None for a stand-in."""
    binary = getattr(stream, "buffer", None)
    return getattr(binary, "raw", binary)


def failure_of_stdout() -> OSError | None:
    """Return why something could not be written to stdout; None when all was. What is buffered is written first."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return error
    raw = _raw(sys.stdout)
    return raw.failure if isinstance(raw, _Lasting) else None


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
