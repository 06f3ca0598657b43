"""All of a graph judged by all shapes: by us, and by pySHACL as it is shipped.

python -m bench.audit CONTENT NTRIPLES PROGRAM
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import pyshacl
from pyoxigraph import RdfFormat, parse
from rdflib import Graph

from kg.sources import open_content
from kg.store.triples import triples_of
from kg.validation import Shapes, compile_shapes, load_shapes, validate_all

OURS: Final = "kg validate"
SHIPPED: Final = "pySHACL as shipped"


@dataclass(frozen=True)
class Audit:
    """What one audit took, in a process of its own."""

    triples: int
    conforms: bool
    cpu_seconds: float
    """For reading shapes and data, and judging."""
    grown_megabytes: float
    """By how much the process grew meanwhile, at most."""


def audit(content: Path, ntriples: Path, program: str) -> Audit:
    """Judge a file of N-Triples by the shapes of a content root, in another process."""
    command = [sys.executable, "-m", "bench.audit", str(content), str(ntriples), program]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own module
    return Audit(**json.loads(done.stdout))


def _audit(shapes: Shapes, data: bytes, program: str) -> Audit:
    before, began = _kilobytes("VmRSS"), time.process_time()
    conforms = (_by_us if program == OURS else _as_shipped)(shapes, data)
    seconds = time.process_time() - began
    return Audit(data.count(b"\n"), conforms, seconds, (_kilobytes("VmHWM") - before) / 1024)


def _kilobytes(field: str) -> int:
    """Of this process; what getrusage(2) tells counts the one that started it, too.

    Source: proc(5), `status`: VmRSS is what it has, VmHWM the most that it had.
    """
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in told.splitlines() if line.startswith(f"{field}:"))


def _by_us(shapes: Shapes, data: bytes) -> bool:
    quads = parse(data, format=RdfFormat.N_TRIPLES)
    return validate_all(triples_of(quads), compile_shapes(shapes)).conforms


def _as_shipped(shapes: Shapes, data: bytes) -> bool:
    graph = Graph()
    graph.parse(data=data, format="nt")
    conforms, _, _ = pyshacl.validate(graph, shacl_graph=shapes.graph, inference="none", advanced=False)
    return bool(conforms)


def _main(content: str, ntriples: str, program: str) -> None:
    shapes = load_shapes(open_content(Path(content)).rulebook().shapes.items())
    print(json.dumps(asdict(_audit(shapes, Path(ntriples).read_bytes(), program))))


if __name__ == "__main__":
    _main(*sys.argv[1:])
