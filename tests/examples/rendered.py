"""The example pipelines: what `costack ci init` writes for the portfolio `local` of this repository.

`python -m tests.examples.rendered` writes them anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cli.actions.provision.ci import pipelines
from tests.portfolios import ROOT

FOLDER: Final = ROOT / "examples" / "ci"
HOSTS: Final = ("github", "gitlab", "operator")


def rendered() -> dict[Path, str]:
    """Each example and its text; the release of this repository itself is no pipeline of a portfolio."""
    return {
        FOLDER / host / Path(name).name: text
        for host in HOSTS
        for name, text in pipelines(host, ROOT, "local", "local")
    }


if __name__ == "__main__":
    for path, text in rendered().items():
        path.write_text(text, encoding="utf-8")
