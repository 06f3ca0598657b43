"""Did you mean: the declared terms that an unknown one is most like, and how else a name may have been meant."""

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from string import ascii_lowercase, digits
from typing import Final

_MOST: Final = 3
_ALIKE: Final = 0.75
"""How alike two names must be, from 0 to 1; half of it would let any two short names pass."""
_LONGEST: Final = 100
"""Longer names are no slips of a pen, and comparing takes time by the square of the length."""


def suggestions(term: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known terms that a term was perhaps meant to be, best first, three at most; none where it is known itself.

    A term of a known namespace is compared by its local name: with the terms of that namespace, then with those of the
    others that are spelled alike to the letter. In a namespace that no known term has, the namespace may be what is
    misspelled; then the local name must be right.

    >>> known = ["https://e.org/#organizedBy", "https://e.org/#Organ", "http://purl.org/dc/terms/title"]
    >>> suggestions("https://e.org/#organisedby", known)
    ('https://e.org/#organizedBy',)
    >>> suggestions("https://e.org/#Title", known)
    ('http://purl.org/dc/terms/title',)
    >>> suggestions("http://e.org/Organ", known)
    ('https://e.org/#Organ',)
    >>> suggestions("https://elsewhere.example/Organ", known)
    ()
    """
    terms = set(known)
    if term in terms or len(term) > 2 * _LONGEST:
        return ()
    namespace, local = split_iri(term)
    spaces = {split_iri(other)[0] for other in terms}
    scored = ((_likeness(namespace, local, other, namespace in spaces), other) for other in terms)
    best = sorted((-score, other) for score, other in scored if score >= _ALIKE)
    return tuple(other for _, other in best[:_MOST])


_SLIPS: Final = f"{ascii_lowercase}{digits}-_."
"""What may be written too little, or in place of another character."""


def spellings(iri: str, namespaces: Iterable[str] = ()) -> tuple[str, ...]:
    """The IRIs that are one slip of a pen away from an IRI, to be looked up; those that are likelier come first.

    A slip is another namespace of those given, a capital, two characters that changed places, or one that is too much,
    missing, or another one. They are some hundreds, however many things there are.

    >>> spellings("https://e.org/id/place/Rmoe", ["https://e.org/id/city/"])[:2]
    ('https://e.org/id/city/Rmoe', 'https://e.org/id/place/rmoe')
    >>> "https://e.org/id/place/rome" in spellings("https://e.org/id/place/rmoe")
    True
    """
    namespace, local = split_iri(iri)
    if not local or len(local) > _LONGEST:
        return ()
    found = [other + local for other in namespaces] + [namespace + other for other in (local.lower(), *_slips(local))]
    return tuple(dict.fromkeys(other for other in found if other not in (iri, namespace)))


def _slips(local: str) -> Iterator[str]:
    places = range(len(local))
    yield from (local[:at] + local[at + 1] + local[at] + local[at + 2 :] for at in places[:-1])
    yield from (local[:at] + local[at + 1 :] for at in places)
    yield from (local[:at] + other + local[at + 1 :] for at in places for other in _SLIPS)
    yield from (local[:at] + other + local[at:] for at in (*places, len(local)) for other in _SLIPS)


def split_iri(iri: str) -> tuple[str, str]:
    """The namespace and the local name of an IRI.

    >>> split_iri("http://www.w3.org/ns/org#role")
    ('http://www.w3.org/ns/org#', 'role')
    """
    at = max(iri.rfind("#"), iri.rfind("/"), iri.rfind(":") if "/" not in iri else -1) + 1
    return iri[:at], iri[at:]


def _likeness(namespace: str, local: str, other: str, known: bool) -> float:
    other_namespace, other_local = split_iri(other)
    if not local or not other_local or len(other_local) > _LONGEST:
        return 0
    if namespace == other_namespace:
        return _ratio(local.lower(), other_local.lower())
    if local.lower() != other_local.lower():
        return 0
    # Below 1, so that a term of the same namespace that is spelled alike comes first.
    return 0.9 if known else 0.99 * _ratio(namespace, other_namespace)


def _ratio(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= _ALIKE else 0
