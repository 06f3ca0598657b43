"""Sentences that name terms by their prefixed names, as somebody reads them who knows the terms by their labels."""

from __future__ import annotations

import re
from typing import Final

from kg.entities.background import Background
from kg.entities.statements import words_of

# Source: SPARQL 1.1 §4.1.1.1, without what no term of an ontology is called by.
_PREFIXED: Final = re.compile(r"(?<![\w:/<>@.\"'-])(?:\b([Aa]n?) )?([A-Za-z][\w-]*):([A-Za-z](?:[\w-]*\w)?)(?![\w:/])")
_VOWELS: Final = "aeiou"


def in_words(sentence: str, background: Background) -> str:
    """A sentence with the label of each term whose prefixed name it gives, or else with the words of that name.

    What has a prefix that is not known stays as it is.

    >>> from kg.entities.background import Roles
    >>> labels = {"https://a.example/Event": "event", "https://a.example/madeBy": "made by"}
    >>> known = Background(labels, {}, {}, {}, {}, Roles(), prefixes={"a": "https://a.example/"})
    >>> in_words("Give a:madeBy a a:Event, at 10:30.", known)
    'Give “made by” an “event”, at 10:30.'
    """

    def told(found: re.Match[str]) -> str:
        article, prefix, local = found[1], found[2], found[3]
        namespace = background.prefixes.get(prefix)
        if namespace is None:
            return found[0]
        label = background.labels.get(f"{namespace}{local}") or words_of(local)
        if article:
            article = f"{article[0]}{'n' if label[0].lower() in _VOWELS else ''} "
        return f"{article or ''}“{label}”"

    return _PREFIXED.sub(told, sentence)
