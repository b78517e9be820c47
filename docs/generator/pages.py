"""Which pages are generated, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from docs.generator.commands import command_page
from docs.generator.fields import tenant_page
from docs.generator.modules import module_page
from docs.generator.policies import policy_page
from docs.generator.services import service_page

FOLDER: Final = Path(__file__).parent.parent
ROOT: Final = FOLDER.parent
PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "cli.md": command_page,
    "modules.md": lambda: module_page(ROOT),
    "policies.md": policy_page,
    "services.md": lambda: service_page(ROOT),
    "tenants.md": lambda: tenant_page(ROOT),
}
"""Generated pages, by file name in `docs`, and the function that gives each one's text."""
