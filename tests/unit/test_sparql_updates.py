"""The operations of an update: where they are cut, what they name, and where a place in one stands in the request."""

import pytest

from kg.errors import QuerySyntax
from kg.sparql.updates import Operation, operation_of, parts_of_update

BLOCK = '{ ?s ?p \'};{\' ; <x:p> """;}""" }'


def test_cuts_at_no_sign_inside_of_anything() -> None:
    text = f"PREFIX : <x:;> INSERT DATA {BLOCK};DELETE WHERE{BLOCK} ;\nCLEAR ALL"
    assert [part.text for part in parts_of_update(text)] == [
        f"INSERT DATA {BLOCK}",
        f"DELETE WHERE{BLOCK}",
        "CLEAR ALL",
    ]


def test_carries_declarations_on() -> None:
    text = "BASE <x:b> CLEAR ALL; PREFIX : <x:> CLEAR ALL; PREFIX : <y:>"
    assert [part.prologue for part in parts_of_update(text)] == ["BASE <x:b>", "BASE <x:b> PREFIX : <x:>"]


@pytest.mark.parametrize("text", ["", "PREFIX : <x:>"])
def test_a_request_may_be_empty(text: str) -> None:
    assert parts_of_update(text) == ()


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        (f"insert data {BLOCK}", Operation("INSERT DATA", inserted=BLOCK)),
        (f"DELETE DATA {BLOCK}", Operation("DELETE DATA", deleted=BLOCK)),
        (f"DELETE WHERE {BLOCK}", Operation("DELETE WHERE", deleted=BLOCK, where=BLOCK)),
        (f"DELETE {{}} WHERE {BLOCK}", Operation("MODIFY", deleted="{}", where=BLOCK)),
        (
            f"WITH x:g DELETE {{}} INSERT {BLOCK} USING <x:a> USING NAMED x:b USING x:c WHERE {{{{}}}}",
            Operation(
                "MODIFY",
                with_graph="x:g",
                deleted="{}",
                inserted=BLOCK,
                using=("<x:a>", "x:c"),
                using_named=("x:b",),
                where="{{}}",
            ),
        ),
        ("CLEAR SILENT GRAPH x:g", Operation("CLEAR", silent=True, graphs=("x:g",))),
        ("DROP all", Operation("DROP", graphs=("ALL",))),
        ("CLEAR NAMED", Operation("CLEAR", graphs=("NAMED",))),
        ("CREATE GRAPH <x:g>", Operation("CREATE", graphs=("<x:g>",))),
        ("ADD DEFAULT TO GRAPH <x:g>", Operation("ADD", graphs=("DEFAULT", "<x:g>"))),
        ("MOVE SILENT x:g TO DEFAULT", Operation("MOVE", silent=True, graphs=("x:g", "DEFAULT"))),
    ],
)
def test_reads_what_an_operation_names(text: str, operation: Operation) -> None:
    (part,) = parts_of_update(text)
    assert operation_of(part) == operation


@pytest.mark.parametrize("text", ["CLEAR ALL ALL", "INSERT DATA {} x:a", "COPY x:a TO x:b x:c"])
def test_skips_nothing(text: str) -> None:
    (part,) = parts_of_update(text)
    with pytest.raises(QuerySyntax, match="cannot stand here") as refused:
        operation_of(part)
    assert refused.value.column == text.rindex(" ") + 2


def test_finds_a_place_in_the_request_again() -> None:
    text = "PREFIX a: <x:a>\n  PREFIX b: <x:b>\nCLEAR ALL ;\n\n  INSERT DATA\n   { a:a }"
    _, part = parts_of_update(text)
    lines = part.behind("CLEAR GRAPH <x:none> ;").split("\n")
    for sought in ("<x:a>", "b:", "INSERT", "DATA", "a:a"):
        line = next(number for number, found in enumerate(lines, start=1) if sought in found)
        column = lines[line - 1].index(sought) + 1
        row, place = part.place(line, column)
        assert text.split("\n")[row - 1][place - 1 :].startswith(sought)
