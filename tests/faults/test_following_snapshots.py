"""The processes that answer follow what is published: by commits where they can, anew where they must; none is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, Quad, RdfFormat, parse

from kg.errors import KgError
from kg.settings import STRICT, UNION
from kg.store import Snapshots
from tests.conftest import SMALL_CONTENT
from tests.serving import Command, Reply, Server, eventually, query_path, serving
from tests.states import build_into, published
from tests.stocked import BASE, SPARQL
from tests.submitting import book, wait_until_idle
from tests.writing import GRAPH, UPDATE, House, receipt, writing

Kg = Callable[..., "subprocess.CompletedProcess[str]"]

NAMED = "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }"
MERGED = "CONSTRUCT WHERE { ?s ?p ?o }"
SOON = 20.0
"""Within so many seconds an answer follows, on a machine that is busy with other things, too."""
