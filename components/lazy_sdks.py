"""Loads of Pulumi's SDKs only what the components declare.

`pulumi_aws.ec2` is 182 modules of which a platform needs three, and a module of a service imports all of
them; `import pulumi` brings the Automation API and dynamic providers, which no component uses. Services are
packages here that look for a name in the module that is called like it, and load themselves whole when there
is none. So every name is there, `from pulumi_aws.ec2 import *` too. Of a program with 244 resources that
is 550 modules, 40 MB and a fifth of its processor time less (pulumi-aws 7.51, pulumi-kubernetes 4.34).
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Sequence
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader, spec_from_loader
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any, Final

_SERVICE: Final = re.compile(r"pulumi_aws\.[a-z0-9]+|pulumi_kubernetes\.\w+\.v\w+")
_UNUSED: Final = frozenset({"pulumi.automation", "pulumi.dynamic"})
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class LazySdks(MetaPathFinder):
    """Finds services that load what is asked for, and parts of `pulumi` that load when they are used."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """How *fullname* is loaded; None for whatever is loaded as usual."""
        del target
        if fullname not in _UNUSED and not _SERVICE.fullmatch(fullname):
            return None
        whole = PathFinder.find_spec(fullname, path)
        if whole is None or whole.loader is None or whole.submodule_search_locations is None:
            return None
        if fullname in _UNUSED:
            whole.loader = LazyLoader(whole.loader)
            return whole
        made = spec_from_loader(fullname, Service(whole.loader), origin=whole.origin, is_package=True)
        if made is not None:
            made.submodule_search_locations = whole.submodule_search_locations
            made.has_location = True
        return made


class Service(Loader):
    """Loads a package without its modules."""

    def __init__(self, whole: Loader) -> None:
        """*whole* loads it with all of them."""
        self._whole = whole
        self._one = RLock()
        self._loading = False

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """None: a module as any other."""
        del spec
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Make *module* look for names when they are asked for."""
        modules = frozenset(each.stem for folder in module.__path__ for each in Path(folder).glob("*.py"))
        module.__dict__["__getattr__"] = partial(self._named, module, modules)

    def _named(self, module: ModuleType, modules: frozenset[str], name: str) -> Any:
        if name in modules and not is_defined(name):
            return importlib.import_module(f"{module.__name__}.{name}")
        for where in homes(name):
            if where in modules:
                home = importlib.import_module(f"{module.__name__}.{where}")
                _put_right(module, home, where)
                if name in home.__dict__:
                    return home.__dict__[name]
        self._load_whole(module)
        if name in module.__dict__:
            return module.__dict__[name]
        raise AttributeError(f"module '{module.__name__}' has no attribute '{name}'")

    def _load_whole(self, module: ModuleType) -> None:
        with self._one:
            if "__getattr__" in module.__dict__ and not self._loading:
                self._loading = True
                self._whole.exec_module(module)
                del module.__dict__["__getattr__"]


def _put_right(module: ModuleType, home: ModuleType, where: str) -> None:
    """Put the class of its name where the import of *home* has put the module itself: `v1.Pod`."""
    if is_defined(where) and where in home.__dict__:
        module.__dict__[where] = home.__dict__[where]


def is_defined(name: str) -> bool:
    """Whether *name*, also that of a module, means the class or the function of that name.

    >>> [is_defined(name) for name in ("SecurityGroup", "get_ami", "security_group", "outputs")]
    [True, True, False, False]
    """
    return name[:1].isupper() or name.startswith("get_")


def homes(name: str) -> list[str]:
    """The modules that may define *name*, likeliest first; none for names that Python itself asks for.

    >>> homes("SecurityGroupArgs")
    ['SecurityGroupArgs', 'SecurityGroup', 'security_group_args', 'security_group', '_inputs']
    """
    if name.startswith("__"):
        return []
    args = name.removesuffix("Args")
    return list(
        dict.fromkeys((name, args, *(_WORD.sub("_", each).lower() for each in (name, args)), "_inputs"))
    )


def install() -> None:
    """Load SDKs so from now on; what is loaded already stays as it is."""
    if not any(isinstance(finder, LazySdks) for finder in sys.meta_path):
        sys.meta_path.insert(0, LazySdks())
