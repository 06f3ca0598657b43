"""Which texts are IRIs, and which IRI a text that was sent is relative to."""

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Final

# Source: RFC 3987 §2.2. Each plane of Unicode ends two code points early.
_UCSCHAR: Final = (
    "\xa0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef"
    + "".join(f"{chr(plane << 16)}-{chr((plane << 16) + 0xFFFD)}" for plane in range(1, 0xE))
    + "\U000e1000-\U000efffd"
)
_PRIVATE: Final = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_CHARACTERS: Final = rf"A-Za-z0-9._~!$&'()*+,;={_UCSCHAR}\-"


def _any(characters: str) -> str:
    return rf"(?:[{characters}]|%[0-9A-Fa-f]{{2}})*"


_AUTHORITY: Final = (
    rf"//(?:{_any(_CHARACTERS + ':')}@)?(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|{_any(_CHARACTERS)})(?::[0-9]*)?(?=[/?#]|\Z)"
)
_ABSOLUTE_IRI: Final = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*:(?:{_AUTHORITY}|(?!//)){_any(_CHARACTERS + ':@/')}"
    rf"(?:\?{_any(_CHARACTERS + ':@/?' + _PRIVATE)})?(?:#{_any(_CHARACTERS + ':@/?')})?"
)


def is_absolute_iri(text: str) -> bool:
    """Whether a text is an IRI with a scheme."""
    found = _ABSOLUTE_IRI.fullmatch(text)
    if found and found["address"]:
        try:
            IPv6Address(found["address"])
        except ValueError:
            return False
    return bool(found)


@lru_cache(maxsize=128)
def base_of(address: str) -> str:
    """What relative IRIs are relative to in a text that was sent to an address; empty where a client named no host.

    Source: RFC 3986 §5.1.3.
    """
    return address if is_absolute_iri(address) and "://" in address and ":///" not in address else ""
