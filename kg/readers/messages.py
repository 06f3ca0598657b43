"""What parsers say of a mistake, in words that tell a person what to write instead."""

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from kg.errors import ContentError
from kg.sparql import position

_SHOWN: Final = 200
"""How many characters of a message are shown; a parser quotes what it read, however long."""

# A pattern of the engine's message; what is wrong; what to do. Groups of the pattern stand for {0}, {1}.
_KNOWN: Final = tuple(
    (re.compile(pattern), message, remedy)
    for pattern, message, remedy in (
        (
            r"Invalid IRI code point '(.*)'",
            "an IRI holds the character '{0}'",
            "close the IRI with >, or write the character as %XX",
        ),
        (
            r"No scheme found in an absolute IRI",
            "a relative IRI, and nothing says to what it is relative",
            "write the whole IRI, with https://, or declare a base",
        ),
        (
            r"Invalid IRI percent encoding '(.*)'",
            "an IRI holds '{0}'",
            "write % as %25, or give it two digits of 0-9 and A-F",
        ),
        (
            r"escapes in IRIs should be % followed by two hexadecimal characters, found '(.*)'",
            "a name holds '{0}'",
            "write % as %25, or give it two digits of 0-9 and A-F",
        ),
        (
            r"A dot is expected at the end of statements",
            "the statement before this place does not end",
            "end it with `.`; write `;` before another property and `,` before another value",
        ),
        (r"(?:Triples|Quads) must be followed by a dot", "the statement does not end", "end each line with ` .`"),
        (
            r"Unexpected end(?: of file)?|Unexpected EOF",
            "the text ends in the middle of a statement",
            "finish it: close what is open (quotes, brackets) and end with `.`",
        ),
        (
            r"Line jumps are not allowed in string literals.*",
            "a text in quotes does not end on its line",
            'close the quote, or put a text of several lines between """ and """',
        ),
        (
            r"Unexpected escape character '(.*)'",
            "'{0}' stands for nothing in a text",
            r"write \\ for a backslash",
        ),
        (
            r"The given language subtag is invalid",
            "a language tag is not well-formed",
            'write it such as in "forest"@en or "floresta"@pt-BR',
        ),
        (
            r"(.*) is not a valid RDF object",
            "{0} stands where a value is expected",
            'write an IRI in < >, a name such as emg:Task, a "text" in quotes or a number',
        ),
        (
            r"(.*) is not a valid predicate",
            "{0} stands where a property is expected",
            "write an IRI in < >, a name such as rdfs:label, or `a` for the class",
        ),
        (
            r"(.*) is not a valid subject or graph name",
            "{0} stands where a statement starts",
            "start with what it is about: an IRI in < > or a name such as emg:Task",
        ),
        (
            r"The object of a triple must be an IRI, a blank node or a literal",
            "no value stands where one is expected",
            'write an IRI in < >, or a "text" in quotes; this format has no prefixes and no bare numbers',
        ),
        (
            r"blank node property lists should end with a '\]'",
            "a bracket [ is not closed",
            "close it with ], or write ; before another property",
        ),
        (
            r"(?:.*: )?No LoadDocumentCallback has been set.*",
            "a context is named by its IRI",
            "put the context itself into the document; nothing is fetched",
        ),
        (r"Unknown prefix (.*):", "the prefix {0}: is not declared", 'add xmlns:{0}="…" to the first element'),
        (
            r"XML namespaces are required in RDF/XML",
            "an element or an attribute without a namespace",
            'start with <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">, and give each name a prefix',
        ),
    )
)
_OF_AN_IRI: Final = re.compile(r"^error while parsing IRI '.*': ", re.DOTALL)
_DECLARED: Final = re.compile(r"(?:@prefix|^\s*PREFIX)\s+([\w.-]+):", re.IGNORECASE | re.MULTILINE)
_PREFIX: Final = re.compile(r"The prefix (.*): has not been declared")


def not_rdf(error: SyntaxError, *, text: str, name: str, prefixes: Mapping[str, str]) -> ContentError:
    """The error of a parser as one of ours; of a prefix that is missing, `prefixes` may know what it stands for."""
    reason = str(error.msg)
    if reason.startswith("Parser error"):
        reason = reason.partition(": ")[2]
    line, column = (error.lineno, error.offset) if error.lineno else _place_of_what_is_quoted(reason, text)
    message, remedy = _words(_OF_AN_IRI.sub("", reason), text, prefixes)
    return ContentError(f"not RDF: {message}", remedy=remedy, file=name, line=line, column=column)


def not_json(text: str, *, name: str) -> ContentError | None:
    """The error of a text that is not JSON; None where it is."""
    try:
        json.loads(text, parse_int=str)
    except json.JSONDecodeError as error:
        return ContentError(
            f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}",
            remedy="correct the JSON at this place",
            file=name,
            line=error.lineno,
            column=error.colno,
        )
    return None


def _place_of_what_is_quoted(reason: str, text: str) -> tuple[int, int] | tuple[None, None]:
    """Where the text holds what a message quotes, if it holds it once."""
    quoted = re.search(r"['`](.+?)['`]", reason)
    for written in (f'"{quoted[1]}"', f"'{quoted[1]}'", quoted[1]) if quoted else ():
        if text.count(written) == 1:
            return position(text, text.index(written))
    return None, None


def _words(reason: str, text: str, prefixes: Mapping[str, str]) -> tuple[str, str]:
    missing = _PREFIX.fullmatch(reason)
    if missing:
        prefix = missing[1][:_SHOWN]
        known = prefixes.get(prefix, "…")
        near = [] if prefix in prefixes else get_close_matches(prefix, [*_DECLARED.findall(text), *prefixes], 1)
        meant = f"did you mean {near[0]}:? Else " if near else ""
        return f"the prefix {prefix}: is not declared", f"{meant}add `@prefix {prefix}: <{known}> .` above"
    for pattern, message, remedy in _KNOWN:
        found = pattern.fullmatch(reason)
        if found:
            groups = [_short(group or "") for group in found.groups()]
            return message.format(*groups), remedy.format(*groups)
    return _short(reason), "correct the syntax at this place"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
