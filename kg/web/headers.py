"""The headers that go with every answer, whoever writes it: safety for browsers, and access from other origins."""

from typing import Final

# Source: Content Security Policy Level 3. Nothing but our own files, and nothing that stands in a page itself.
_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

# Source: Fetch Standard §3.2 (CORS protocol). All data is public and no answer depends on cookies.
EVERY_ANSWER: Final = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, Location, Content-Disposition, Retry-After, Link"),
    ("Content-Security-Policy", _CONTENT_SECURITY_POLICY),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
)

# Source: Fetch Standard §3.2.4: `*` does not cover `Authorization`.
PREFLIGHT: Final = (("Access-Control-Allow-Headers", "*, Authorization"), ("Access-Control-Max-Age", "86400"))
"""For what can only be read, and for a page that may write: any header may be sent."""

# Some browsers let `*` cover `Authorization` all the same, so there is none here.
PREFLIGHT_OF_WRITES: Final = (
    ("Access-Control-Allow-Headers", "Content-Type, Accept, If-None-Match"),
    ("Access-Control-Max-Age", "86400"),
)
"""For a page that may not write: it may still ask for a judgement."""
