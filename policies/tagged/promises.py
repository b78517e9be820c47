"""The rule that a tier keeps what a resource's cost tags promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.properties import Properties
from policies.tagged.catalogs import Catalogs
from policies.tagged.tags import all_known, tags_of
from tiers.catalog.promises import RANKS
from tiers.errors import CatalogError
from tiers.tags import KEYS
from tiers.vocabulary import Environment, ResilienceClass

CATALOGS: Final = Catalogs()
"""What this process knows of the program that it judges."""


def kept_promises(type_token: str, props: Properties) -> Iterator[str]:
    """The tier of a resource is in the catalog, and the tier honours the resource's recovery class."""
    CATALOGS.see(type_token, props)
    tags = tags_of(type_token, props) or {}
    if not all_known(tags):
        return
    sold, promised = tags.get(KEYS["service_tier"]), tags.get(KEYS["recovery_class"])
    if sold is None or promised not in set(ResilienceClass):
        return
    try:
        tier = CATALOGS.of(str(tags.get(KEYS["portfolio"]))).tiers.get(str(sold))
    except CatalogError as error:
        yield f"names the tier '{sold}' of a catalog that is not found, or cannot be read: {error}"
        return
    if tier is None:
        yield f"names the tier '{sold}', which is not in the catalog; name one that is"
        return
    production = tags.get(KEYS["environment"]) == Environment.PRODUCTION
    most = tier.resilience_class if production else ResilienceClass.STANDARD
    if RANKS[ResilienceClass(promised)] > RANKS[most]:
        where = "" if production else f" outside {Environment.PRODUCTION}"
        yield f"promises {promised}, but tier {sold} honours {most} at most{where}; choose a tier that does"
