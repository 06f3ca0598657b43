"""The YAML front matter that stands in the leading `#` comment lines of a stored query."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from kg.errors import ContentError

if TYPE_CHECKING:
    from yaml import BaseLoader as _CBaseLoader
else:  # the parser in C comes with nearly every PyYAML
    _CBaseLoader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read_header(text: str, path: Path) -> Mapping[str, Any]:
    """The front matter of a query text, its values as text; empty where there is none.

    >>> read_header("# title: All\\n# id: H01\\nASK {}", Path("x.rq"))
    {'title': 'All', 'id': 'H01'}

    Raises:
        ContentError: the comments are not YAML, or not a mapping, or give a key twice.
    """
    lines = _comment_lines(text)
    try:
        header = _loaded("\n".join(lines))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ContentError(
            f"the header is not YAML: {getattr(error, 'problem', None) or error}",
            remedy='write `# key: value` lines, and quotes around a value that holds ": "',
            file=str(path),
            line=mark.line + 1 if mark else 1,
            column=mark.column + 3 if mark else 1,
        ) from error
    if not header:
        return {}
    if not isinstance(header, dict):
        raise ContentError(
            "the header is not a list of keys", remedy="write `# key: value` lines", file=str(path), line=1, column=1
        )
    return header


def line_of(text: str, key: str) -> int:
    """The line, counted from 1, on which a key of the header stands; 1 where it is not there."""
    for number, line in enumerate(_comment_lines(text), start=1):
        if line.lstrip().split(":", 1)[0].strip() == key:
            return number
    return 1


def _comment_lines(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line[1:].removeprefix(" "))
    return lines


class _Loader(yaml.BaseLoader):
    """YAML whose values are the text that is written (`yes`, `2022-01-01`, `01` stay so), and whose keys stand once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping of one node.

        Raises:
            yaml.constructor.ConstructorError: a key stands twice.
        """
        _check_keys(self, node)
        return super().construct_mapping(node, deep=deep)


class _QuickLoader(_CBaseLoader):
    """The same, in a tenth of the time."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As that of `_Loader`."""
        _check_keys(self, node)
        return super().construct_mapping(node, deep=deep)


def _loaded(text: str) -> Any:
    """What YAML says.

    Raises:
        yaml.YAMLError: it is none, in the words of the parser that says better what is wrong and where.
    """
    try:
        return yaml.load(text, Loader=_QuickLoader)  # noqa: S506 - makes text, lists and mappings only
    except yaml.YAMLError:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - as above


def _check_keys(loader: yaml.BaseLoader, node: yaml.MappingNode) -> None:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f'the key "{key}" stands twice', key_node.start_mark)
        seen.add(key)
