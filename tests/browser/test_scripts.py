"""The modules of the scripts for browsers, each alone: their tests run in Node."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig

import pytest

from tests.browser.conftest import NO_ASSETS, ROOT

ASSETS = ROOT / "kg/web/assets"
PATH = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def test_modules_pass_their_own_tests() -> None:
    node = shutil.which("node", path=PATH)
    if node is None or not (ASSETS / "node_modules").is_dir():
        pytest.skip(NO_ASSETS)
    written = sum(path.read_text("utf-8").count("\ntest(") for path in (ASSETS / "test").glob("*.test.ts"))
    run = subprocess.run([node, "test.mjs"], cwd=ASSETS, capture_output=True, encoding="utf-8", check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert written > 0
    assert re.search(rf"^# pass {written}$", run.stdout, re.MULTILINE), run.stdout
