"""A thing in the words of schema.org, for search engines: only what the ontology aligns with it.

Source: https://schema.org/docs/datamodel.html
"""

from __future__ import annotations

from typing import Any, Final

from kg.answer import Cell
from kg.entities.background import Background
from kg.entities.page import Entity
from kg.namespaces import PREFIXES

_SCHEMA: Final = PREFIXES["schema"]
_ANYTHING: Final = "Thing"
_SAME: Final = tuple(
    PREFIXES[prefix] + name for prefix, name in (("owl", "sameAs"), ("skos", "exactMatch"), ("schema", "sameAs"))
)
# What public classes are in the words of schema.org, for ontologies that are aligned with those classes only.
# Source: ELI, alignment with schema.org; SKOS and schema:DefinedTerm; the others by their definitions.
_IN_THESE_WORDS: Final = {
    f"{PREFIXES['skos']}Concept": "DefinedTerm",
    f"{PREFIXES['skos']}ConceptScheme": "DefinedTermSet",
    f"{PREFIXES['foaf']}Document": "CreativeWork",
    f"{PREFIXES['foaf']}Group": "Organization",
    f"{PREFIXES['foaf']}Organization": "Organization",
    f"{PREFIXES['foaf']}Person": "Person",
    f"{PREFIXES['dcat']}Catalog": "DataCatalog",
    f"{PREFIXES['dcat']}Dataset": "Dataset",
    f"{PREFIXES['org']}Organization": "Organization",
    "http://data.europa.eu/eli/ontology#LegalResource": "Legislation",
    "http://purl.org/cerif/frapo/Deliverable": "CreativeWork",
}


def schema_org_document(entity: Entity, background: Background) -> dict[str, Any]:
    """The JSON-LD document of a thing."""
    told: dict[str, Any] = {
        "@context": {"@vocab": _SCHEMA},
        "@id": entity.iri,
        "@type": schema_org_types(entity, background) or [_ANYTHING],
        "name": entity.name,
    }
    told |= _given("description", [cell.value for cell in entity.descriptions])
    told |= _given("alternateName", [cell.value for cell in entity.other_names])
    same: list[str] = []
    for group in entity.outgoing:
        iri = group.property.value
        if iri in _SAME:
            same += [value.cell.value for value in group.values if value.cell.link]
        elif iri.startswith(_SCHEMA):
            told.setdefault(iri.removeprefix(_SCHEMA), [_member(value.cell) for value in group.values])
    return told | _given("sameAs", same)


def schema_org_types(entity: Entity, background: Background) -> list[str]:
    """The classes of schema.org that a thing is of, or that its classes stand close to, without their namespace.

    Where there is none, those that are meant by other public classes of it.
    """
    met = {name for each in entity.classes for name in (each, *background.matches.get(each, ()))}
    own = {name.removeprefix(_SCHEMA) for name in met if name.startswith(_SCHEMA)}
    return sorted(own or {_IN_THESE_WORDS[name] for name in met & _IN_THESE_WORDS.keys()})


def _member(cell: Cell) -> Any:
    if cell.kind == "iri":
        return {"@id": cell.value} | ({"name": cell.label} if cell.label else {})
    return cell.value


def _given(name: str, values: list[str]) -> dict[str, Any]:
    return {name: values[0] if len(values) == 1 else values} if values else {}
