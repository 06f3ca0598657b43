"""What XML cannot hold, and the engine writes all the same: some characters, and predicates that make no name.

Source: Extensible Markup Language 1.0 §2.2, production Char; Namespaces in XML 1.0 §3, production NCName.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from pyoxigraph import Triple

from kg.errors import QueryError

_NO_CHARACTER: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")

_START: Final = (
    "A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff"
    "\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_LOCAL_NAME: Final = re.compile(rf"[{_START}][{_START}\-.0-9\xb7\u0300-\u036f\u203f\u2040]*\Z")
_REMEDY: Final = "ask for another format, as JSON or Turtle"


def named(triples: Iterable[Triple]) -> Iterator[Triple]:
    """The triples, each found to have a predicate that RDF/XML can name an element after.

    Source: RDF 1.1 XML Syntax §2.

    Raises:
        QueryError: one has not.
    """
    for triple in triples:
        iri = triple.predicate.value
        if not _ends_in_name(iri):
            raise QueryError(f"RDF/XML cannot write the predicate <{iri}>, which ends in no name", remedy=_REMEDY)
        yield triple


def no_character(data: bytes) -> QueryError | None:
    """The error for bytes of an answer in which there is a character that XML cannot hold."""
    found = _NO_CHARACTER.search(data)
    if found is None:
        return None
    return QueryError(f"XML cannot hold the character U+{ord(found[0].decode()):04X} of this answer", remedy=_REMEDY)


@lru_cache(maxsize=1024)
def _ends_in_name(iri: str) -> bool:
    return _LOCAL_NAME.search(iri) is not None
