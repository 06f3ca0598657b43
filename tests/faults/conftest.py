"""What the tests of faults share: `kg`, run many times on a copy of the small content."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Commands, commanding
from tests.serving import Command


@pytest.fixture(scope="module")
def commands(kg_command: Command, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    content = shutil.copytree(small / "content", tmp_path_factory.mktemp("content") / "content")
    with commanding(kg_command[1], content, tmp_path_factory.mktemp("commands") / "outputs") as started:
        yield started
