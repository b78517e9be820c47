"""Finds Pulumi's SDKs, and says how each of their modules is loaded."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import LazyLoader
from types import ModuleType
from typing import Final

from components.lazy_sdks.services import ServiceLoader
from components.lazy_sdks.slices import SliceLoader
from components.lazy_sdks.users import UserLoader

# `config` is no service: its `__init__` makes properties of its names.
_SERVICE: Final = re.compile(r"pulumi_aws\.(?!config$)[a-z0-9]+|pulumi_kubernetes\.\w+\.v\w+")
_SDK: Final = re.compile(r"pulumi_(aws|kubernetes|random)(\.(?!config\b|_utilities\b|_tables\b)\w+)*")
_SLICED: Final = ("_enums", "_inputs", "outputs")
_UNUSED: Final = frozenset({"pulumi.automation", "pulumi.dynamic"})


class LazySdks(MetaPathFinder):
    """Finds services that load what is asked for, and parts of `pulumi` that load when they are used."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """How *fullname* is loaded; None for whatever is loaded as usual."""
        del target
        if fullname not in _UNUSED and not _SDK.fullmatch(fullname):
            return None
        found = PathFinder.find_spec(fullname, path)
        if found is None or not isinstance(found.loader, SourceFileLoader):
            return None
        whole, name = found.loader, fullname.rpartition(".")[2]
        if fullname in _UNUSED:
            found.loader = LazyLoader(whole)
        elif found.submodule_search_locations is not None and _SERVICE.fullmatch(fullname):
            found.loader = ServiceLoader(whole.name, str(whole.path))
        elif found.submodule_search_locations is None and name in _SLICED:
            found.loader = SliceLoader(whole.name, str(whole.path))
        else:
            found.loader = UserLoader(whole.name, str(whole.path))
        return found


def install() -> None:
    """Load SDKs so from now on; what is loaded already stays as it is."""
    if not any(type(finder).__name__ == LazySdks.__name__ for finder in sys.meta_path):
        sys.meta_path.insert(0, LazySdks())
