"""Links to other data: candidates to be reviewed, statements of those that were accepted, and links that are dead."""

from kg.linking.accepting import Accepted, accepted_turtle
from kg.linking.candidates import Candidate, Measure, candidates
from kg.linking.checking import LINKS, Checked, Visit, check_links, linked_pairs, links_of
from kg.linking.private import refuse_unnamed
from kg.linking.table import COLUMNS, read_decisions, table_text
from kg.linking.targets import Pace, Target, endpoint_target, file_target
from kg.linking.things import Thing, our_things, their_things, wider_classes

__all__ = [
    "COLUMNS",
    "LINKS",
    "Accepted",
    "Candidate",
    "Checked",
    "Measure",
    "Pace",
    "Target",
    "Thing",
    "Visit",
    "accepted_turtle",
    "candidates",
    "check_links",
    "endpoint_target",
    "file_target",
    "linked_pairs",
    "links_of",
    "our_things",
    "read_decisions",
    "refuse_unnamed",
    "table_text",
    "their_things",
    "wider_classes",
]
