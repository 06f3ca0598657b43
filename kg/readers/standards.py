"""Terms and language tags that no standard knows: in a namespace that is complete, they are slips of the pen.

What else is misspelled is for the checks of the content to find; they do not look into these namespaces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from rdflib.namespace import OWL, RDF, RDFS, XSD

_COMMON: Final = "http://www.w3.org/"
# What rdflib leaves out. Source: RDF 1.2 Concepts §3.4 and §5.2; XML Schema 1.1 Part 2 §3; XPath Data Model §2.7.
_MORE: Final = {
    RDF: {"dirLangString", "reifies"},
    XSD: {"anyAtomicType", "anySimpleType", "anyType", "untypedAtomic"},
}
_TERMS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {str(space): frozenset({*space.__annotations__, *_MORE.get(space, ())}) for space in (RDF, RDFS, OWL, XSD)}
)
# Source: RDF Schema §5.1.5 (rdf:_1, rdf:_2 and so on).
_MEMBER: Final = re.compile(r"_[1-9][0-9]*")
_ALIKE: Final = 0.75
_LONGEST: Final = 60

# Source: ISO 639-1. All other languages have codes of three letters, of which there are thousands.
_TWO_LETTERS: Final = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en "
    "eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv "
    "ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne "
    "ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss "
    "st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
_LANGUAGES: Final = frozenset(_TWO_LETTERS.split())
# Source: RFC 5646 §2.2.1 (three letters), §2.2.7 (`x-`), §2.2.8 (`i-`).
_OTHERS: Final = re.compile(r"[a-z]{3}|x|i")


def no_such_term(iri: str) -> tuple[str, str] | None:
    """Of an IRI that a complete namespace has not: that namespace, and the term of it that is most like; else None.

    >>> no_such_term("http://www.w3.org/2000/01/rdf-schema#labell")
    ('http://www.w3.org/2000/01/rdf-schema#', 'label')
    >>> no_such_term("http://www.w3.org/1999/02/22-rdf-syntax-ns#_12")
    """
    if not iri.startswith(_COMMON):
        return None
    start, hash_mark, local = iri.partition("#")
    space = start + hash_mark
    terms = _TERMS.get(space)
    if terms is None or not local or local in terms or (space == str(RDF) and _MEMBER.fullmatch(local)):
        return None
    near = get_close_matches(local, sorted(terms), 1, _ALIKE) if len(local) <= _LONGEST else []
    return space, near[0] if near else ""


def names_a_language(tag: str) -> bool:
    """Whether a language tag starts with the code of a language.

    >>> [names_a_language(tag) for tag in ("en", "pt-BR", "gsw", "x-our", "xx", "english")]
    [True, True, True, True, False, False]
    """
    code = tag.partition("-")[0].lower()
    return code in _LANGUAGES or _OTHERS.fullmatch(code) is not None
