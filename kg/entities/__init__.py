"""What a page about any one thing tells: statements with their standing and evidence, and a profile of queries."""

from kg.entities.asking import names_of
from kg.entities.background import Background, read_background
from kg.entities.description import description_text
from kg.entities.finding import first_known, near_things
from kg.entities.page import Entity, read_entity
from kg.entities.profile import heading_of
from kg.entities.schema_org import schema_org_document
from kg.entities.statements import words_of
from kg.entities.wording import in_words

__all__ = [
    "Background",
    "Entity",
    "description_text",
    "first_known",
    "heading_of",
    "in_words",
    "names_of",
    "near_things",
    "read_background",
    "read_entity",
    "schema_org_document",
    "words_of",
]
