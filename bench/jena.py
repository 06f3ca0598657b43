"""Apache Jena as Debian packages it: where it is, how `JenaServer.java` is made ready and how it is started."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from zipfile import ZipFile

JENA: Final = "Jena (Fuseki's engine)"

WARM_SECONDS: Final = 20.0
"""Java compiles what runs often: all questions took 2.6 s of processor time in the second round, 1.0 s in the 16th."""

JENA_ENVIRON: Final = {"MALLOC_ARENA_MAX": "2"}
"""Or the C library reserves 64 MB of addresses for each thread, up to eight times the number of processors."""

_SOURCE: Final = Path(__file__).with_name("JenaServer.java")
_JARS: Final = Path("/usr/share/java")
_NEEDED: Final = ("jena-arq", "jena-core", "jetty9-server")
_ENGINE: Final = ("jena-arq", "jena-base", "jena-core", "jena-iri")
_SERVER: Final = ("jetty9-http", "jetty9-io", "jetty9-server", "jetty9-util", "servlet-api")
_LIBRARIES: Final = (
    *("commons-cli", "commons-codec", "commons-compress", "commons-csv", "commons-io", "commons-lang3"),
    *("dexx.collection", "gson", "guava", "httpclient", "httpcore", "jackson-annotations", "jackson-core"),
    *("jackson-databind", "jakarta.json-api", "jsonld-java", "protobuf", "slf4j-api", "slf4j-simple", "thrift"),
    "titanium-json-ld",
)
_SHIPPED_AT: Final = "org/apache/jena/ext/"
_MESSAGES: Final = f"{_SHIPPED_AT}xerces/impl/"

# Fuseki's own script gives 4 GB, which a process that is held to 4 GB of address space could not even reserve.
_HEAP: Final = "-Xmx4G"
_SMALL: Final = ("-Xmx2560m", "-XX:CompressedClassSpaceSize=128m", "-XX:ReservedCodeCacheSize=128m")


def java() -> str | None:
    """Where Java is; None where it, its compiler or a package that is needed is not installed."""
    installed = shutil.which("javac") and all((_JARS / f"{name}.jar").exists() for name in _NEEDED)
    return shutil.which("java") if installed else None


def jena_versions() -> Iterable[str]:
    """Of Jena, of the Jetty before it and of Java; none where they are not installed."""
    if (program := java()) is None:
        return
    for name, jar in (("Jena", "jena-arq"), ("Jetty", "jetty9-server")):
        yield from (f"{name} {path.stem.removeprefix(f'{jar}-')}" for path in _JARS.glob(f"{jar}-[0-9]*.jar"))
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - as it is found
    yield told.stdout.splitlines()[0]


def compile_command(folder: Path) -> list[str]:
    """Compile the server into a folder, and put the messages there that the engine does not find in its own archive.

    Debian's Jena 4.5.0 has its copy of Xerces in another package than its authors, but its messages in theirs; without
    them it ends at its start.
    """
    with ZipFile(_JARS / "jena-core.jar") as archive:
        for name in archive.namelist():
            if name.startswith(_MESSAGES) and name.endswith(".properties"):
                place = folder / name.removeprefix(_SHIPPED_AT)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(archive.read(name))
    return [shutil.which("javac") or "", "-d", str(folder), "-cp", _class_path(folder), str(_SOURCE)]


def serve_command(nquads: Path, folder: Path, *, port: int, deadline_seconds: float | None) -> list[str]:
    """Serve a file by what was compiled into a folder.

    With Fuseki's heap; where a deadline is measured with one that fits what a peer may have then.
    """
    memory = _SMALL if deadline_seconds else (_HEAP,)
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
    deadline = [str(int(deadline_seconds))] if deadline_seconds else []
    command = [java() or "", *memory, quiet, "-cp", _class_path(folder), _SOURCE.stem, str(port)]
    return [*command, str(nquads.absolute()), *deadline]


def _class_path(folder: Path) -> str:
    jars = [str(_JARS / f"{name}.jar") for name in (*_ENGINE, *_SERVER, *_LIBRARIES)]
    return ":".join([str(folder), *jars])
