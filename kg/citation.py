"""How to cite the dataset, with the revision that was used: as text, BibTeX and CSL-JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kg.namespaces import DCTERMS_CREATOR, DCTERMS_TITLE, PREFIXES
from kg.queries import CATALOG_FACTS
from kg.store import Readable, Summary


@dataclass(frozen=True)
class Citation:
    """What is said of a dataset when it is cited."""

    title: str
    authors: tuple[str, ...]
    iri: str
    """The IRI of the catalogue; of the dataset, where there is none."""
    licence: str
    year: str
    """When the cited revision was accepted."""
    date: str
    """The day of it, as `2024-05-01`."""
    revision: int
    digest: str
    """That of its commit: the same digest means the same content and the same history."""


def cite(snapshot: Readable, commit: Summary | None) -> Citation:
    """The citation of a snapshot, as of the commit that made it.

    Raises:
        QueryError: the engine cannot evaluate it.
    """
    said: dict[str, list[str]] = {}
    iri = ""
    for catalog, name, value in snapshot.query(CATALOG_FACTS).rows():
        if catalog and name and value:
            iri = iri or catalog.value
            if catalog.value == iri:
                said.setdefault(name.value, []).append(value.value)
    dcterms = PREFIXES["dcterms"]
    day = commit.time[:10] if commit else next(iter(said.get(f"{dcterms}issued", [])), "")
    return Citation(
        title=next(iter(said.get(DCTERMS_TITLE, [])), "Knowledge graph"),
        authors=tuple(said.get(DCTERMS_CREATOR, [])),
        iri=iri or snapshot.description.base,
        licence=next(iter(said.get(f"{dcterms}license", [])), ""),
        year=day[:4],
        date=day,
        revision=commit.revision if commit else 0,
        digest=commit.digest if commit else "",
    )


def in_words(citation: Citation) -> str:
    """The citation as a sentence."""
    authors = ", ".join(citation.authors)
    start = f"{authors} ({citation.year}). " if authors else f"({citation.year}). "
    return f"{start}{citation.title}, revision {citation.revision}. {citation.iri}"


def in_bibtex(citation: Citation) -> str:
    """The citation as an entry of BibTeX.

    Source: BibTeXing §3; the braces keep capitals as they are.
    """
    fields = {
        "title": f"{{{_tex(citation.title)}}}",
        "author": " and ".join(f"{{{_tex(author)}}}" for author in citation.authors),
        "year": citation.year,
        "howpublished": rf"\url{{{citation.iri}}}",
        "version": f"revision {citation.revision}",
        "note": _tex(", ".join(filter(None, (citation.licence, _digest(citation))))),
    }
    key = re.sub(r"[^a-z0-9]+", "-", citation.title.lower()).strip("-") or "graph"
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@misc{{{key}-{citation.revision},\n{lines}}}\n"


def in_csl(citation: Citation) -> str:
    """The citation as CSL-JSON.

    Source: Citation Style Language 1.0.2, csl-data.json.
    """
    parts = (
        [int(part) for part in citation.date.split("-")] if re.fullmatch(r"\d{4}(-\d\d){0,2}", citation.date) else []
    )
    item = {
        "id": citation.iri,
        "type": "dataset",
        "title": citation.title,
        "author": [{"literal": author} for author in citation.authors],
        "issued": {"date-parts": [parts]} if parts else None,
        "version": f"revision {citation.revision}",
        "URL": citation.iri,
        "license": citation.licence,
        "note": _digest(citation),
    }
    return json.dumps([{name: value for name, value in item.items() if value}], ensure_ascii=False, indent=1) + "\n"


def in_schema_org(citation: Citation, description: str, *, page: str, downloads: Mapping[str, str]) -> dict[str, Any]:
    """The dataset as search engines for data read it; `downloads` are addresses by media type.

    Source: schema.org, Dataset; Google Dataset Search asks for name, description and licence.
    """
    told = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": citation.iri,
        "name": citation.title,
        "description": description or citation.title,
        "license": citation.licence,
        "url": page,
        "version": f"revision {citation.revision}",
        "dateModified": citation.date,
        "isAccessibleForFree": True,
        "creator": [{"@type": "Organization", "name": author} for author in citation.authors],
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": kind, "contentUrl": address}
            for kind, address in downloads.items()
        ],
    }
    return {name: value for name, value in told.items() if value not in ("", [])}


def _digest(citation: Citation) -> str:
    return f"sha256 {citation.digest}" if citation.digest else ""


def _tex(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", r"\textbackslash "))
