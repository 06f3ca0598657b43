"""Generated data: a shop of products with features, offers and reviews, after the Berlin SPARQL Benchmark.

The same number of triples gives the same bytes anywhere, and a larger dataset begins with the smaller one.

Source: Bizer and Schultz, The Berlin SPARQL Benchmark (2009), for what such a shop has; the sizes are our own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

BASE: Final = "http://shop.example/"

_SEED: Final = 20261101
_TYPES: Final = 85
"""A tree in which each type has four narrower ones: 1 + 4 + 16 + 64."""
_PRODUCTS_A_PRODUCER: Final = 40
_PRODUCTS_A_VENDOR: Final = 80
_PRODUCTS_A_PERSON: Final = 10
_PRODUCTS_A_FEATURE: Final = 8
_OFFERS: Final = 3
_REVIEWS: Final = 2
_COUNTRIES: Final = ("AT", "CN", "DE", "ES", "FR", "GB", "JP", "KE", "RU", "US")
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_TYPE: Final = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
_LABEL: Final = "<http://www.w3.org/2000/01/rdf-schema#label>"
_NARROWER: Final = "<http://www.w3.org/2000/01/rdf-schema#subClassOf>"
_SYLLABLES: Final = ("ba", "co", "di", "fu", "ga", "ke", "li", "mo", "nu", "pa", "re", "si", "to", "va", "wi", "zo")
_SYLLABLES_A_WORD: Final = 3


def lines(most_triples: int) -> Iterator[str]:
    """N-Quads of the default graph, whole products only, at most that many lines."""
    left = most_triples
    for block in _blocks(_Chance(_SEED)):
        left -= len(block)
        if left < 0:
            return
        yield from block


def write_dataset(path: Path, most_triples: int) -> int:
    """Write N-Quads to a file; gives the number of lines."""
    count = 0
    with path.open("w", encoding="ascii", newline="\n") as file:
        for line in lines(most_triples):
            file.write(line)
            count += 1
    return count


class _Chance:
    """Chance that falls the same way everywhere: of the module `random`, `random()` alone is promised to."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random  # noqa: S311 - nothing secret

    def below(self, count: int) -> int:
        return int(self._random() * count)

    def between(self, least: int, most: int) -> int:
        return least + self.below(most - least + 1)

    def some(self, count: int, below: int) -> list[int]:
        return sorted({self.below(below) for _ in range(count)})

    def words(self, count: int) -> str:
        return " ".join(
            "".join(_SYLLABLES[self.below(len(_SYLLABLES))] for _ in range(_SYLLABLES_A_WORD)) for _ in range(count)
        )

    def day(self) -> str:
        return f"{self.between(2015, 2026)}-{self.between(1, 12):02}-{self.between(1, 28):02}"


def _blocks(chance: _Chance) -> Iterator[list[str]]:
    yield [line for number in range(_TYPES) for line in _type(number)]
    product = 0
    while True:
        block: list[str] = []
        if product % _PRODUCTS_A_FEATURE == 0:
            block += _labelled(chance, "Feature", product // _PRODUCTS_A_FEATURE)
        if product % _PRODUCTS_A_PRODUCER == 0:
            block += _labelled(chance, "Producer", product // _PRODUCTS_A_PRODUCER, located=True)
        if product % _PRODUCTS_A_VENDOR == 0:
            block += _labelled(chance, "Vendor", product // _PRODUCTS_A_VENDOR, located=True)
        if product % _PRODUCTS_A_PERSON == 0:
            block += _person(chance, product // _PRODUCTS_A_PERSON)
        block += _product(chance, product)
        for offer in range(product * _OFFERS, (product + 1) * _OFFERS):
            block += _offer(chance, offer, product=product)
        for review in range(product * _REVIEWS, (product + 1) * _REVIEWS):
            block += _review(chance, review, product=product)
        yield block
        product += 1


def _type(number: int) -> list[str]:
    of = [f"<{BASE}Type>", f'"type {number}"@en']
    found = [_line("Type", number, _TYPE, of[0]), _line("Type", number, _LABEL, of[1])]
    if number:
        found.append(_line("Type", number, _NARROWER, f"<{BASE}Type/{(number - 1) // 4}>"))
    return found


def _labelled(chance: _Chance, kind: str, number: int, *, located: bool = False) -> list[str]:
    found = [_line(kind, number, _TYPE, f"<{BASE}{kind}>"), _line(kind, number, _LABEL, f'"{chance.words(2)}"@en')]
    if located:
        found.append(_line(kind, number, _own("country"), _country(chance)))
    return found


def _person(chance: _Chance, number: int) -> list[str]:
    knows = chance.some(3, number) if number else []
    return [
        *_labelled(chance, "Person", number, located=True),
        *(_line("Person", number, _own("knows"), f"<{BASE}Person/{other}>") for other in knows),
    ]


def _product(chance: _Chance, number: int) -> list[str]:
    features = chance.some(chance.between(3, 8), number // _PRODUCTS_A_FEATURE + 1)
    leaf = (_TYPES - 1) // 4 + chance.below(_TYPES - (_TYPES - 1) // 4)
    return [
        _line("Product", number, _TYPE, f"<{BASE}Type/{leaf}>"),
        _line("Product", number, _LABEL, f'"{chance.words(chance.between(1, 3))}"@en'),
        _line("Product", number, _own("description"), f'"{chance.words(chance.between(12, 30))}"@en'),
        _line("Product", number, _own("producer"), f"<{BASE}Producer/{number // _PRODUCTS_A_PRODUCER}>"),
        *(_line("Product", number, _own("feature"), f"<{BASE}Feature/{feature}>") for feature in features),
        _line("Product", number, _own("height"), _typed(chance.between(1, 2000), "integer")),
        _line("Product", number, _own("weight"), _typed(chance.between(1, 2000), "integer")),
        _line("Product", number, _own("code"), f'"{chance.words(1)}-{chance.below(10**6)}"'),
    ]


def _offer(chance: _Chance, number: int, *, product: int) -> list[str]:
    vendor = chance.below(product // _PRODUCTS_A_VENDOR + 1)
    price = f"{chance.between(5, 9999)}.{chance.between(1, 9)}"
    return [
        _line("Offer", number, _TYPE, f"<{BASE}Offer>"),
        _line("Offer", number, _own("product"), f"<{BASE}Product/{product}>"),
        _line("Offer", number, _own("vendor"), f"<{BASE}Vendor/{vendor}>"),
        _line("Offer", number, _own("price"), _typed(price, "decimal")),
        _line("Offer", number, _own("deliveryDays"), _typed(chance.between(1, 14), "integer")),
        _line("Offer", number, _own("validTo"), _typed(chance.day(), "date")),
    ]


def _review(chance: _Chance, number: int, *, product: int) -> list[str]:
    reviewer = chance.below(product // _PRODUCTS_A_PERSON + 1)
    return [
        _line("Review", number, _TYPE, f"<{BASE}Review>"),
        _line("Review", number, _own("reviewFor"), f"<{BASE}Product/{product}>"),
        _line("Review", number, _own("reviewer"), f"<{BASE}Person/{reviewer}>"),
        _line("Review", number, _own("title"), f'"{chance.words(chance.between(2, 6))}"@en'),
        _line("Review", number, _own("text"), f'"{chance.words(chance.between(20, 60))}"@en'),
        _line("Review", number, _own("rating"), _typed(chance.between(1, 10), "integer")),
        _line("Review", number, _own("written"), _typed(chance.day(), "date")),
    ]


def _country(chance: _Chance) -> str:
    return f'"{_COUNTRIES[chance.below(len(_COUNTRIES))]}"'


def _own(name: str) -> str:
    return f"<{BASE}{name}>"


def _typed(value: object, datatype: str) -> str:
    return f'"{value}"^^<{_XSD}{datatype}>'


def _line(kind: str, number: int, predicate: str, term: str) -> str:
    return f"<{BASE}{kind}/{number}> {predicate} {term} .\n"
