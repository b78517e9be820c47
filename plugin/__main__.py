"""The plugin `costack`: the engine starts it when a program declares one of its components.

The components are loaded while the engine asks for version and configuration. Until they are, nothing is
collected: what modules define stays, and to look through it takes a tenth of the start.
"""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from datetime import UTC, datetime
from threading import Thread

gc.disable()

from components.lazy_sdks.code import drop_docstrings  # noqa: E402 - not collected either
from plugin.memory import keep_little  # noqa: E402

keep_little()
drop_docstrings()

from pulumi.provider import main  # noqa: E402

from plugin.provider import CostackProvider  # noqa: E402


def load() -> None:
    """Load the components; whoever needs one meanwhile waits for its module, and tells if it is not there."""
    try:
        with suppress(ImportError):
            from plugin import builders  # noqa: F401, PLC0415 - while the port is said
    finally:
        gc.freeze()
        gc.enable()


Thread(target=load, daemon=True).start()
main(CostackProvider(lambda: datetime.now(UTC).date()), sys.argv[1:])
