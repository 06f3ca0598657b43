"""The text of a submitted document: bytes that are UTF-8, of a bounded size, without what no statement may hold."""

from kg.errors import ContentError, TextTooLong
from kg.sparql import position

_BOM = "\ufeff"


def decode(data: bytes, *, name: str, max_bytes: int) -> str:
    """The text of a document, without the mark that some editors put in front.

    Raises:
        TextTooLong: more than `max_bytes` bytes.
        ContentError: not UTF-8, or a zero character in it.
    """
    if len(data) > max_bytes:
        raise TextTooLong(
            f"{len(data):,} bytes; {max_bytes:,} are allowed", remedy="submit it in smaller parts", file=name
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        raise problem_at(
            f"byte {error.start + 1} is not UTF-8",
            text=before,
            offset=len(before),
            remedy="save the document as UTF-8",
            name=name,
        ) from error
    text = text.removeprefix(_BOM)
    zero = text.find("\0")
    if zero >= 0:
        raise problem_at(
            "a zero character (U+0000), which no text holds",
            text=text,
            offset=zero,
            remedy="save the document as UTF-8, not as UTF-16, and delete such characters",
            name=name,
        )
    return text


def problem_at(message: str, *, text: str, offset: int, remedy: str, name: str) -> ContentError:
    """An error at a character offset of a text."""
    line, column = position(text, offset)
    return ContentError(message, remedy=remedy, file=name, line=line, column=column)
