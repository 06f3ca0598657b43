"""Rewriting as Apache does it in a folder: a reader of the few directives that our rules use, and a real Apache.

Source: Apache HTTP Server 2.4, mod_rewrite and "RewriteRule Flags".
"""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

_STARTS_WITHIN_SECONDS = 20
# What Apache leaves as it is in an address that it makes (`ap_escape_uri`), with what has no escape anywhere.
_LEFT = "$-_.+!*'(),:@&=/~;"
_REDIRECTIONS = {"301", "302", "303", "307", "308"}


@dataclass(frozen=True)
class Rule:
    """One RewriteRule."""

    pattern: re.Pattern[str]
    target: str
    variables: tuple[tuple[str, str], ...] = ()
    status: int = 0
    last: bool = False


def read_rules(text: str) -> list[Rule]:
    """The rules of a file.

    Raises:
        ValueError: a directive, a variable or a flag is none of those that are read here.
    """
    rules: list[Rule] = []
    engine = False
    for line in text.splitlines():
        words = line.split()
        match words:
            case []:
                continue
            case [word, *_] if word.startswith("#"):
                continue
            case ["RewriteEngine", "On"]:
                engine = True
            case ["RewriteRule", pattern, target, flags]:
                rules.append(_rule(pattern, target, flags))
            case _:
                raise ValueError(f"not read here: {line}")
    if not engine:
        raise ValueError("there is no RewriteEngine On")
    return rules


def redirected(rules: list[Rule], path: str, query: str = "") -> tuple[int, str] | None:
    """Status and Location for a path below the folder of the rules, as it stands in a URL; None: it stays."""
    variables: dict[str, str] = {}
    decoded = unquote(path)
    for rule in rules:
        found = rule.pattern.search(decoded)
        if not found:
            continue
        variables |= dict(rule.variables)
        if rule.target == "-":
            continue
        values = [found.group(), *(group or "" for group in found.groups())]
        name, _, number = rule.target.removeprefix("%{ENV:").partition("}/$")
        location = f"{variables[name]}/{quote(values[int(number)], safe=_LEFT)}"
        if rule.status and rule.last:
            return rule.status, location + (f"?{query}" if query else "")
    return None


def _rule(pattern: str, target: str, flags: str) -> Rule:
    if not (target == "-" or re.fullmatch(r"%\{ENV:\w+\}/\$\d", target)):
        raise ValueError(f"not read here: the target {target}")
    if not (flags.startswith("[") and flags.endswith("]")):
        raise ValueError(f"not read here: the flags {flags}")
    variables: list[tuple[str, str]] = []
    status, last = 0, False
    for flag in flags[1:-1].split(","):
        name, _, value = flag.partition("=")
        if name == "E" and ":" in value:
            variables.append((value.partition(":")[0], value.partition(":")[2]))
        elif name == "R" and value in _REDIRECTIONS:
            status = int(value)
        elif flag == "L":
            last = True
        else:
            raise ValueError(f"not read here: the flag {flag}")
    return Rule(re.compile(pattern), target, tuple(variables), status, last)


def apache_program() -> str | None:
    """Where Apache is installed; None where it is not."""
    return shutil.which("apache2") or shutil.which("httpd") or shutil.which("apache2", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def apache(folder: Path, htaccess: str) -> Iterator[int]:
    """A real Apache that serves an empty `unemg/` with such a `.htaccess`; gives its port at 127.0.0.1.

    Raises:
        RuntimeError: it does not start.
    """
    program = apache_program()
    if program is None:
        raise RuntimeError("there is no Apache")
    (folder / "root" / "unemg").mkdir(parents=True)
    (folder / "root" / "unemg" / ".htaccess").write_text(htaccess, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    modules = next(path for path in map(Path, _MODULES) if (path / "mod_rewrite.so").is_file())
    (folder / "apache.conf").write_text(_CONFIGURATION.format(folder=folder, port=port, modules=modules))
    process = subprocess.Popen(
        [program, "-f", folder / "apache.conf", "-D", "FOREGROUND"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=_STARTS_WITHIN_SECONDS)


def ask(port: int, address: str) -> tuple[int, str]:
    """Status and Location for an address, without following it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_STARTS_WITHIN_SECONDS)
    try:
        connection.request("GET", address)
        reply = connection.getresponse()
        reply.read()
        return reply.status, reply.getheader("Location") or ""
    finally:
        connection.close()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            told = process.stderr.read().decode(errors="replace") if process.stderr else ""
            raise RuntimeError(f"Apache ended: {told}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("Apache does not listen")


_MODULES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules", "/usr/libexec/apache2")
_CONFIGURATION = """\
ServerRoot "{folder}"
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile "{folder}/apache.pid"
ErrorLog "{folder}/error.log"
<IfModule !mpm_event_module>
  LoadModule mpm_event_module "{modules}/mod_mpm_event.so"
</IfModule>
LoadModule authz_core_module "{modules}/mod_authz_core.so"
LoadModule rewrite_module "{modules}/mod_rewrite.so"
<IfModule !unixd_module>
  LoadModule unixd_module "{modules}/mod_unixd.so"
</IfModule>
User nobody
Group nogroup
DocumentRoot "{folder}/root"
<Directory "{folder}/root">
  AllowOverride FileInfo
  Require all granted
</Directory>
"""
