"""How the answer to a stored query is drawn: which kind of picture, and which column plays which part in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kg.errors import ContentError
from kg.queries.parameters import Parameter
from kg.sparql.header import line_of


@dataclass(frozen=True)
class Parts:
    """The parts of one kind of picture."""

    needed: tuple[str, ...]
    """Parts that a column has to play."""
    possible: tuple[str, ...]
    """Parts that a column may play."""
    window: tuple[str, ...] = ()
    """Parts that a parameter of type date may play: the first and the last day that are shown."""


PARTS: Final[Mapping[str, Parts]] = {
    "bar": Parts(needed=("label", "value"), possible=("group", "note")),
    "matrix": Parts(needed=("row", "column", "value"), possible=("link",)),
    "network": Parts(needed=("from", "to"), possible=("label", "group")),
    "timeline": Parts(needed=("label", "start"), possible=("end", "group", "note", "precision"), window=("from", "to")),
}
"""By kind. A column of things gives their names and links; `note` is shown beside the label, `precision` is the
datatype that a day stands for, `link` is what a cell leads to."""

VIEWS: Final = tuple(PARTS)


def read_view(
    declared: object, columns: Collection[str], *, parameters: Sequence[Parameter], text: str, path: Path
) -> Mapping[str, str]:
    """The view that a header declares: `kind`, and for each part the column, or the parameter, that plays it.

    Raises:
        ContentError: the kind or a part is unknown, a part is missing, or what should play it is not there.
    """
    if not declared:
        return {}
    line = line_of(text, "view")
    kind = str(declared.get("kind")) if isinstance(declared, dict) else ""
    if not isinstance(declared, dict) or kind not in PARTS:
        raise _problem("view is of no known kind", f"kind: {'|'.join(VIEWS)}, part: column, …", path=path, line=line)
    parts = PARTS[kind]
    usual = ", ".join([f"kind: {kind}", *(f"{part}: column" for part in parts.needed)])
    known = (*parts.needed, *parts.possible, *parts.window)
    if unknown := [str(part) for part in declared if part not in ("kind", *known)]:
        raise _problem(
            f"view has unknown parts: {', '.join(unknown)}; a {kind} has {', '.join(known)}",
            usual,
            path=path,
            line=line,
        )
    if strangers := _strangers(declared, columns, parameters, parts=parts):
        raise _problem(f"view names what is no column: {', '.join(strangers)}", usual, path=path, line=line)
    if missing := [part for part in parts.needed if part not in declared]:
        raise _problem(f"view lacks {', '.join(missing)}", usual, path=path, line=line)
    return {str(part): str(player) for part, player in declared.items()}


def _strangers(
    declared: Mapping[Any, Any], columns: Collection[str], parameters: Sequence[Parameter], *, parts: Parts
) -> list[str]:
    dates = {parameter.name for parameter in parameters if parameter.type == "date"}
    return [
        str(player) if part not in parts.window else f"{player} (nor a parameter of type date)"
        for part, player in declared.items()
        if part != "kind" and player not in (dates if part in parts.window else columns)
    ]


def _problem(message: str, usual: str, *, path: Path, line: int) -> ContentError:
    return ContentError(
        message,
        remedy=f"write `# view: {{{usual}}}` with columns of the projection",
        file=str(path),
        line=line,
        column=1,
    )
