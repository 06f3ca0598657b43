"""Tables of the built graph: each is read back without a change, and a changed cell is a changed statement."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from kg.cli import main
from kg.errors import TableErrors
from kg.sources import open_content
from kg.store import Snapshot
from kg.tables import (
    CSV,
    XLSX,
    Model,
    State,
    filled,
    find_model,
    read_table,
    state_of,
    table_models,
    template,
    write_table,
)
from kg.validation import load_shapes

Desk = tuple[tuple[Model, ...], State]

ROOT = Path(__file__).parents[2]
ID = "https://w3id.org/unemg/id/"
EMG = "https://w3id.org/unemg/ontology#"


@pytest.fixture(scope="module")
def desk(built: Snapshot) -> Desk:
    state = state_of(built)
    return table_models(load_shapes(open_content(ROOT).rulebook().shapes.items()), state), state


def model_of(desk: Desk, name: str) -> Model:
    return find_model(desk[0], name, prefixes=desk[1].prefixes)


def test_each_class_with_a_shape_has_a_table(desk: Desk) -> None:
    graph = load_shapes(open_content(ROOT).rulebook().shapes.items()).graph
    targets = {
        str(each) for each in graph.objects(None, next(p for p in graph.predicates() if p.endswith("targetClass")))
    }
    assert {model.class_iri for model in desk[0]} == targets
    assert len(targets) > 45
    assert len({model.sheet for model in desk[0]}) == len(targets)


def test_each_table_that_is_read_back_unchanged_changes_nothing(desk: Desk) -> None:
    models, state = desk
    filled_rows = 0
    for model in models:
        wide, rows = filled(model, state)
        for kind in (CSV, XLSX):
            changes = read_table(write_table(wide, rows, kind=kind), kind=kind, model=model, state=state)
            assert (model.sheet, kind, changes.added, changes.removed) == (model.sheet, kind, (), ())
            assert sum(key[1:] == ("", "") for key in changes.places) == len(rows)
        filled_rows += len(rows)
    assert filled_rows > 3_000


def test_changed_cells_of_a_workbook_are_changed_statements(desk: Desk) -> None:
    model, state = model_of(desk, "deliverable"), desk[1]
    workbook = load_workbook(io.BytesIO(template(model, state, kind=XLSX, with_data=True)))
    sheet = workbook["Deliverable"]
    at = {cell.value: cell.column for cell in sheet[1]}
    row = next(row[0].row for row in sheet.iter_rows() if row[0].value == "ml-report")
    sheet.cell(row, at["open list"], True)
    sheet.cell(row, at["subject"]).value = None
    new = {"label@en": "A new checklist", "deliverable kind": "checklist", "produced by": "UNEP | Basel Convention"}
    for header, value in new.items():
        sheet.cell(sheet.max_row + (header == "label@en"), at[header], value)
    saved = io.BytesIO()
    workbook.save(saved)
    with pytest.raises(TableErrors) as caught:
        read_table(saved.getvalue(), kind=XLSX, model=model, state=state)
    assert [problem.message for problem in caught.value.problems] == ["there is no Agent 'Basel Convention'"]
    sheet.cell(sheet.max_row, at["produced by"], "UNEP")
    saved = io.BytesIO()
    workbook.save(saved)
    changes = read_table(saved.getvalue(), kind=XLSX, model=model, state=state)
    report, checklist = f"{ID}deliverable/ml-report", f"{ID}deliverable/a-new-checklist"
    a, label = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", "<http://www.w3.org/2000/01/rdf-schema#label>"
    true = '"true"^^<http://www.w3.org/2001/XMLSchema#boolean>'
    assert changes.added == (
        (f"<{checklist}>", a, f"<{EMG}Deliverable>"),
        (f"<{checklist}>", label, '"A new checklist"@en'),
        (f"<{checklist}>", f"<{EMG}deliverableKind>", f"<{ID}deliverable-kind/checklist>"),
        (f"<{checklist}>", f"<{EMG}producedBy>", f"<{ID}agency/unep>"),
        (f"<{report}>", f"<{EMG}openList>", true),
    )
    subject = "http://purl.org/dc/terms/subject"
    themes = state.values([report], [subject])[report][subject]
    assert changes.removed == tuple((f"<{report}>", f"<{subject}>", f"<{term.value}>") for term in themes)
    assert changes.place_of(report, f"{EMG}openList", "true") == f"row {row}, column N (open list)"
    assert changes.place_of(checklist, f"{EMG}statedIn") == f"row {sheet.max_row}, column E (stated in)"


def test_what_rules_derived_is_neither_shown_nor_removed(desk: Desk) -> None:
    model, state = model_of(desk, "Framework"), desk[1]
    data = template(model, state, kind=CSV, with_data=True).decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(data)))) - 1 == len(state.having(
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", [f"{EMG}Framework"], most=1_000
    ))  # fmt: skip


def test_the_command_writes_templates_and_lists_classes(state: Path, tmp_path: Path) -> None:
    def kg_template(*arguments: str | Path) -> Result:
        given = ["--content", ROOT, "--state", state, "template", *arguments]
        return CliRunner().invoke(main, [str(each) for each in given], env={"KG_BASE_IRI": None})

    listed = kg_template()
    assert listed.exit_code == 0
    assert "Deliverable" in listed.stdout
    assert "A product of the work" in listed.stdout
    assert kg_template("deliverable").stdout_bytes.startswith("\ufeffid,label@en,".encode())
    assert b"\r\nml-report," in kg_template("emg:Deliverable", "--filled", "--csv").stdout_bytes
    file = tmp_path / "deliverables.xlsx"
    assert kg_template("Deliverable", "-o", file).exit_code == 0
    assert load_workbook(file).sheetnames == ["Deliverable", "notes", "lists"]
    assert "  needed: yes" in kg_template("Deliverable", "--notes").stdout
    unknown = kg_template("Delivery")
    assert unknown.exit_code == 2
    assert "did you mean Deliverable?" in unknown.stderr
    assert "Workstream" in unknown.stderr
    nowhere = kg_template("Deliverable", "-o", tmp_path / "no" / "x.csv")
    assert nowhere.exit_code == 2
    assert "cannot be written" in nowhere.stderr
