"""What the certificates of servers are checked with."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted(*, trust_env: bool) -> ssl.SSLContext:
    """The certificates to trust; loaded once, because that takes longer than many answers.

    Args:
        trust_env: Whether SSL_CERT_FILE and SSL_CERT_DIR say which they are.
    """
    return httpx.create_ssl_context(trust_env=trust_env)
