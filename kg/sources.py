"""Where content lies: the files of a content root, which named graph each belongs to, and their text.

Content is written with one base IRI, which its catalogue gives as `void:uriSpace`. It can be published under another
one: every file is read through `Content.read_text`, which puts the published base in place of the written one before
any parser sees the text. So data, ontology, shapes, rules and queries move together.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from kg.errors import ContentError

CATALOG: Final = Path("data/catalog.ttl")

_REFERENCE: Final = "graph/reference/"

_RDF: Final = frozenset({".ttl", ".nt", ".nq", ".trig", ".jsonld", ".rdf", ".n3", ".owl"})
_PLACES: Final = {
    "data": "put it into data/ as TriG, or into data/links/ or data/external/ as Turtle",
    "ontology": "put it into ontology/ or ontology/vocabularies/ as Turtle",
    "shapes": "put it into shapes/ as Turtle",
    "queries": "put data into data/ as TriG; queries/ holds queries",
}
"""Folder of a content root -> where an RDF file that is not read there may have been meant to stand."""

# The pattern finds the base before any RDF parser runs, for parsing needs the base; the catalogue is checked later.
_URI_SPACE: Final = re.compile(r'(?:\bvoid:uriSpace|<http://rdfs\.org/ns/void#uriSpace>)\s+"([^"]+)"')


def is_reference(graph: str) -> bool:
    """Whether an IRI is that of a graph of reference: open data of others, kept as they publish it.

    No merge takes such a graph in, so that neither shapes nor rules nor checks see it, and only a query that names it.

    >>> is_reference("https://a.example/graph/reference/areas"), is_reference("https://a.example/graph/links/areas")
    (True, False)
    """
    return _REFERENCE in graph


def outside_reference(variable: str) -> str:
    """A SPARQL filter that leaves out graphs of reference, for a query that looks into every graph.

    >>> outside_reference("graph")
    'FILTER (!CONTAINS(STR(?graph), "graph/reference/"))'
    """
    return f'FILTER (!CONTAINS(STR(?{variable}), "{_REFERENCE}"))'


@dataclass(frozen=True)
class ContentFile:
    """One RDF file of the content and the graph it belongs to."""

    path: Path
    graph: str | None
    """The IRI of its graph; None for a TriG file, which names its graph itself."""

    @property
    def is_reference(self) -> bool:
        """Whether it is data of others, which stays out of the merge."""
        return self.graph is not None and is_reference(self.graph)


@dataclass(frozen=True)
class Rulebook:
    """What a graph has to conform to, and what follows in it: the text of each file, by its name."""

    shapes: Mapping[str, str]
    rules: Mapping[str, str]
    checks: Mapping[str, str]

    def to_json(self) -> str:
        """As text, which `from_json` reads; equal rulebooks give equal texts."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Rulebook":
        """The rulebook in a text of `to_json`; an empty one for an empty text."""
        return cls(**json.loads(text)) if text else cls({}, {}, {})


@dataclass(frozen=True)
class Content:
    """A content root: four folders written with one base IRI and published under one."""

    root: Path
    written_base: str
    base: str

    def read_text(self, path: Path) -> str:
        """The text of a content file, in the base IRI that is published.

        Raises:
            ContentError: the file cannot be read, or is not UTF-8.
        """
        try:
            text = path.read_bytes().decode("utf-8-sig")  # some editors put a mark in front
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise ContentError("not UTF-8", remedy="save the file as UTF-8", file=self.name(path), line=line) from error
        except OSError as error:
            raise ContentError(f"cannot be read: {error.strerror}", file=self.name(path)) from error
        return text if self.base == self.written_base else text.replace(self.written_base, self.base)

    def name(self, path: Path) -> str:
        """The name of a file in messages: relative to the content root."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()

    def graph(self, slug: str) -> str:
        """The IRI of a named graph.

        >>> Content(Path(), "https://a.example/", "https://a.example/").graph("ontology")
        'https://a.example/graph/ontology'
        """
        return f"{self.base}graph/{slug}"

    @property
    def derived(self) -> str:
        """The IRI below which each rule has a graph for what it derives."""
        return self.graph("entailed")

    def rdf_files(self) -> list[ContentFile]:
        """The ontology, its vocabularies, the catalogue, the data, the links and the data of others, in this order.

        Raises:
            ContentError: an RDF file stands where none of its kind is read.
        """
        folders = (("ontology", "ontology"), ("ontology/vocabularies", "vocabularies"))
        files = [
            ContentFile(path, self.graph(slug)) for folder, slug in folders for path in self._files(folder, "*.ttl")
        ]
        if (self.root / CATALOG).is_file():
            files.append(ContentFile(self.root / CATALOG, self.graph("catalog")))
        files += [ContentFile(path, None) for path in self._files("data", "*.trig")]
        named = (("data/links", "links"), ("data/external", "reference"))
        files += [
            ContentFile(path, self.graph(f"{slug}/{path.stem}"))
            for folder, slug in named
            for path in self._files(folder, "*.ttl")
        ]
        self._refuse_unread({*(file.path for file in files), *self._files("shapes", "*.ttl")})
        return files

    def rulebook(self) -> Rulebook:
        """The text of all shapes, rules and checks.

        Raises:
            ContentError: a file cannot be read, or is not UTF-8.
        """
        shapes, rules, checks = (
            {self.name(path): self.read_text(path) for path in paths}
            for paths in (
                self._files("shapes", "*.ttl"),
                self._files("ontology/rules", "*.rq"),
                self._files("queries/checks", "*.rq"),
            )
        )
        return Rulebook(shapes, rules, checks)

    @property
    def queries(self) -> Path:
        """The folder of stored queries."""
        return self.root / "queries"

    def _refuse_unread(self, read: Collection[Path]) -> None:
        """Refuse RDF files that nothing reads.

        Folders below that of the data of others are theirs. Files beside the four folders count where nothing is read.
        """
        found = [path for folder in _PLACES for path in sorted((self.root / folder).rglob("*"))]
        if not read:
            found += sorted(self.root.glob("*"))
        theirs = self.root / "data/external"
        unread = [
            path
            for path in found
            if path.suffix.lower() in _RDF and path not in read and theirs not in path.parent.parents and path.is_file()
        ]
        if not unread:
            return
        name = self.name(unread[0])
        more = f", and neither are {len(unread) - 1:,} more" if unread[1:] else ""
        place = _PLACES.get(name.partition("/")[0], _PLACES["data"])
        raise ContentError(
            f"an RDF file that is not read where it stands{more}", remedy=f"{place}; or take it away", file=name
        )

    def _files(self, folder: str, pattern: str) -> list[Path]:
        return sorted((self.root / folder).glob(pattern))


def open_content(root: Path, *, base_iri: str = "") -> Content:
    """The content root at a folder; a `base_iri` publishes it under another base than it is written with.

    Raises:
        ContentError: there is no such folder, or the catalogue does not say with which base the content is written.
    """
    if not root.is_dir():
        raise ContentError(
            "there is no such folder", remedy="name a folder with ontology, shapes, queries and data", file=str(root)
        )
    written = _written_base(root)
    return Content(root, written, base_iri or written)


def _written_base(root: Path) -> str:
    catalog = root / CATALOG
    if not catalog.is_file():
        if any(root.glob("data/*.trig")) or any(root.glob("ontology/*.ttl")):
            raise ContentError(
                "the content has no catalogue",
                remedy=f"write {CATALOG.as_posix()}: a dcat:Catalog with void:uriSpace, a dcat:Dataset for each graph",
                file=str(root),
            )
        return "urn:x-kg:"
    found = _URI_SPACE.findall(catalog.read_bytes().decode("utf-8", errors="replace"))
    if len(set(found)) != 1:
        raise ContentError(
            f"{len(set(found)) or 'no'} values of void:uriSpace",
            remedy='give the dcat:Catalog one void:uriSpace "…", the base IRI with which the content is written',
            file=CATALOG.as_posix(),
        )
    return str(found[0])
