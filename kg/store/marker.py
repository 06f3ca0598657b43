"""What a remote store says of itself: which revision it holds, and how its default graph is made.

    GRAPH <urn:x-kg:history> { <urn:x-kg:history> dcat:version 7 ; dcterms:identifier "<digest>" ; dcterms:type "kept" }

It is changed in the same request as the data that it speaks of, or, where those take several, in the last of them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kg.errors import RemoteStoreError
from kg.settings import Remote
from kg.store.primary import HISTORY
from kg.store.remote import rows_of

KEPT: Final = "kept"
"""The default graph is the merge of all named graphs, held as triples of its own."""
NAMED: Final = "named"
"""The merge is a named graph, and queries are asked of it: the store shows all graphs where none is named."""
APART: Final = "apart"
"""Mode strict: nothing is in the default graph."""
HIDDEN: Final = "hidden"
"""Mode strict in a store that shows all graphs where none is named: queries are kept from that."""
CLAIMED: Final = "claimed"
"""The store is ours from now on; how its default graph is made is not known yet."""
CLEARING: Final = "clearing"
"""What was ours is being removed."""

ANEW: Final = "`kg replicate --anew` removes what is ours there and fills it again"

_VERSION: Final = "<http://www.w3.org/ns/dcat#version>"
_IDENTIFIER: Final = "<http://purl.org/dc/terms/identifier>"
_TYPE: Final = "<http://purl.org/dc/terms/type>"
_NODE: Final = f"<{HISTORY}>"
_SECONDS: Final = 10

SEEN_WITHOUT_GRAPH: Final = f"{_NODE} {_VERSION} ?version"
"""The graph pattern that has a match just where a named graph is seen without being named."""
REMOVE: Final = f"DELETE WHERE {{ GRAPH {_NODE} {{ {_NODE} ?p ?o }} }}"
"""The update after which a store says nothing."""

_QUERY: Final = (
    f"SELECT ?version ?digest ?type {{ GRAPH {_NODE} "
    f"{{ {_NODE} {_VERSION} ?version ; {_IDENTIFIER} ?digest ; {_TYPE} ?type }} }} LIMIT 2"
)


class Marker(NamedTuple):
    """What a remote store says of itself."""

    revision: int
    digest: str
    """That of the commit; `none` at revision 0."""
    kind: str
    """How its default graph is made: `kept`, `native`, `apart`; or what it is in the middle of."""

    def update(self) -> str:
        """The update that lets a store say this, and nothing else."""
        told = f'{_VERSION} {self.revision} ; {_IDENTIFIER} "{self.digest}" ; {_TYPE} "{self.kind}"'
        return f"{REMOVE} ;\nINSERT DATA {{ GRAPH {_NODE} {{ {_NODE} {told} }} }}"


NOTHING: Final = Marker(0, "none", CLAIMED)
"""What a store says that is ours and holds nothing yet."""


def read_marker(remote: Remote) -> Marker | None:
    """What a remote store says of itself; None where it says nothing.

    Raises:
        StoreAway: it does not answer, or not as it should.
        RemoteStoreError: it says more than one thing.
    """
    rows = rows_of(remote, _QUERY, seconds=_SECONDS)
    if not rows:
        return None
    if len(rows) > 1 or not rows[0][0].isdecimal():
        raise RemoteStoreError(f"the store {remote} says more than one thing of itself", remedy=ANEW)
    version, digest, kind = rows[0]
    return Marker(int(version), digest, kind)
