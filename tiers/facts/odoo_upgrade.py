"""What upgrades a copy of a tenant's database to another major version of Odoo."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tiers.vocabulary import Frozen, ImageByDigest, Positive


class OdooUpgrade(Frozen):
    """An upgrade of a copy of a tenant's database to `version` of Odoo, whose addons are in `addons_path`.

    `command` of `image` does it, in `minutes` at most. Afterwards no main table may have fewer rows, but
    those of `may_lose_rows`. A copy that `rehearses` is neutralised before, and never takes the place of the
    one in
    use.
    """

    version: str
    odoo_image: ImageByDigest
    addons_path: tuple[str, ...]
    image: ImageByDigest
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    minutes: Positive
    may_lose_rows: tuple[str, ...] = ()
    rehearses: bool
