"""`costack init`: writes a project of one's own, which passes `costack validate` and `pulumi up` as it is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Final

from cli.actions.provision.ci import pipelines
from cli.console.new_files import write_new
from cli.console.output import echo
from tiers.catalog.folder import CATALOG_DIRECTORY

_FILES: Final = {
    "Pulumi.yaml": "Pulumi.yaml",
    "__main__.py": "program.txt",
    "requirements.txt": "requirements.txt",
    "README.md": "README.md",
    ".gitignore": "gitignore",
    "policies/PulumiPolicy.yaml": "policies.yaml",
    "policies/__main__.py": "policies.txt",
    "portfolios/local/platform.yaml": "platform.yaml",
    "portfolios/local/tenants/acme.yaml": "tenants/acme.yaml",
    "portfolios/local/tenants/borealis.yaml": "tenants/borealis.yaml",
    "stacks/Pulumi.local.yaml": "stack.yaml",
}
"""The files of a project and what they are made from in `cli/project`; names with a dot are not packed."""
_NAMED: Final = {"Pulumi.yaml", "README.md", "requirements.txt"}
"""Which of them have the name of the project or the version."""
_PREVIEW: Final = ".github/workflows/cost-preview.yml"
_PLATFORM: Final = "portfolios/local/platform.yaml"
_FIRST: Final = "portfolio: local\n"
_OWN: Final = "catalog: ../../catalog # your tiers, fees and classes\n"


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    folder: Path
    catalog: bool


def write_project(request: Request) -> None:
    """Write the files and print what to do next.

    Raises:
        CatalogError: When one of the files is there already, or cannot be written.
    """
    made = dict(_contents(request))
    write_new(request.folder, made)
    echo(f"{request.folder}: {len(made)} files; README.md has the commands, such as:")
    echo(f"  cd {shlex.quote(str(request.folder))} && costack validate")


def _contents(request: Request) -> Iterator[tuple[str, str]]:
    """Name and text of every file."""
    named = {"project": _project_name(request.folder), "version": metadata.version("costack")}
    templates = files(__name__.removesuffix(".actions.provision.init")) / "project"
    for name, source in _FILES.items():
        text = _text(templates / source)
        text = Template(text).substitute(named) if name in _NAMED else text
        yield name, text.replace(_FIRST, _FIRST + _OWN) if name == _PLATFORM and request.catalog else text
    written = dict(pipelines("github", request.folder, "local", "local"))
    yield _PREVIEW, written[_PREVIEW]
    if request.catalog:
        for path in sorted(CATALOG_DIRECTORY.glob("*.yaml")):
            yield f"catalog/{path.name}", _text(path)
        yield "catalog/README.md", _text(templates / "catalog.md")


def _text(source: Traversable) -> str:
    return source.read_text(encoding="utf-8")


def _project_name(folder: Path) -> str:
    """A name that Pulumi takes for a project, as near to the folder's as can be.

    Source: pulumi 3.259, sdk/go/common/tokens/project.go: letters, digits, `_`, `-` and `.`, 100 at most.

    >>> _project_name(Path("/srv/My Hosting!"))
    'My-Hosting'
    """
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.resolve().name).strip("-.")
    return name[:100] or "odoo-hosting"
