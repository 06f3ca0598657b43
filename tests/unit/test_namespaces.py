"""Prefixed names: the same as by trying each prefix."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from kg.namespaces import PREFIXES, shorten

IRIS = st.text("ab/#:", max_size=8)


@given(IRIS, st.dictionaries(st.sampled_from(["a", "b", "c", "owl"]), IRIS))
def test_the_longest_prefix_that_fits_and_means_what_it_does_shortens_an_iri(
    iri: str, prefixes: Mapping[str, str]
) -> None:
    fitting = [start for start in (PREFIXES | prefixes).values() if start and iri.startswith(start)]
    start = max(fitting, key=len, default="")
    name, _, local = shorten(iri, prefixes).partition(":")
    if len(iri) > len(start) > 0:
        assert ((PREFIXES | prefixes)[name], local) == (start, iri[len(start) :])
    else:
        assert shorten(iri, prefixes) == f"<{iri}>"


def test_a_prefix_that_is_declared_otherwise_no_longer_means_what_it_did() -> None:
    owl = f"{PREFIXES['owl']}Class"
    assert shorten(owl) == "owl:Class"
    assert shorten(owl, {"owl": "https://a.example/"}) == f"<{owl}>"
