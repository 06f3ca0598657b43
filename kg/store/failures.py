"""What goes wrong in the engine, as errors of ours: with the place of a syntax error, and what to do about it."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from kg.errors import QueryError, QuerySyntax
from kg.sparql import Token, first_relative, offset_of, position, significant, tokenize

# The engine words a syntax error as `error at 1:25: expected one of "a", KEYWORD, ['0'..='9'], A reason in words`.
_ENGINE_PLACE: Final = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
_REASON: Final = re.compile(r"(?:The SELECT|[A-Z][A-Za-z]+)(?: [a-z]+)+(?: [A-Z]+)*")


class Translated:
    """The engine's exceptions as ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError | ValueError | RuntimeError):
            raise QueryError(f"the engine cannot evaluate the query: {error}", remedy="simplify the query") from error


def syntax_error(error: SyntaxError, text: str) -> QuerySyntax:
    """The error for what the engine says of the syntax of a text."""
    tokens = significant(tokenize(text))
    undeclared = _undeclared(tokens)
    if undeclared:
        prefix = undeclared.text.partition(":")[0]
        line, column = position(text, undeclared.start)
        return QuerySyntax(
            f"the prefix {prefix}: is not declared",
            remedy=f"start the query with PREFIX {prefix}: <…>",
            line=line,
            column=column,
        )
    relative = first_relative(tokens)
    if relative:
        line, column = position(text, relative.start)
        return QuerySyntax(
            f"{relative.text} is a relative IRI, and nothing says what it is relative to",
            remedy="write the IRI in full, or start the query with BASE <…>",
            line=line,
            column=column,
        )
    found = _ENGINE_PLACE.fullmatch(str(error.args[0]))
    if not found:
        return QuerySyntax(str(error.args[0]), remedy="correct the query")
    line, column = int(found[1]), int(found[2])
    reason = _REASON.search(found[3])
    start = offset_of(text, line, column=column)
    here = next((token for token in tokens if token.end > start), None)
    if reason:
        message = reason[0]
    elif here:
        message = f"{here.text} cannot stand here"
        line, column = position(text, here.start)
    else:
        message = "the query ends too soon"
    return QuerySyntax(message, remedy="correct the query at this place", line=line, column=column)


def _undeclared(tokens: Sequence[Token]) -> Token | None:
    """The first prefixed name without a PREFIX for it; the engine places this error at some later token."""
    declared = {name.text for keyword, name in pairwise(tokens) if keyword.keyword == "PREFIX"}
    names = (token for before, token in pairwise(tokens) if token.kind == "pname" and before.keyword != "PREFIX")
    return next((name for name in names if f"{name.text.partition(':')[0]}:" not in declared), None)
