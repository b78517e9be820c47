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
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import LazyLoader
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any, Final

# `config` is no service: its `__init__` makes properties of its names.
_SERVICE: Final = re.compile(r"pulumi_aws\.(?!config$)[a-z0-9]+|pulumi_kubernetes\.\w+\.v\w+")
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
        found = PathFinder.find_spec(fullname, path)
        if found is None or not isinstance(found.loader, SourceFileLoader):
            return None
        if found.submodule_search_locations is None:
            return None
        whole = found.loader
        found.loader = (
            LazyLoader(whole) if fullname in _UNUSED else ServiceLoader(whole.name, str(whole.path))
        )
        return found


class ServiceLoader(SourceFileLoader):
    """Loads a package without its modules."""

    def __init__(self, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._one = RLock()
        self._loading = False
        self.modules = frozenset(each.stem for each in Path(path).parent.glob("*.py"))

    def exec_module(self, module: ModuleType) -> None:
        """Make *module* look for names when they are asked for."""
        module.__class__ = Service

    def load_whole(self, module: ModuleType) -> None:
        """Load *module* with all its modules; what it has already stays, as what a test has put there."""
        with self._one:
            is_whole = not isinstance(module, Service)
            if is_whole or self._loading:
                return
            self._loading = True
            has = dict(vars(module))
            try:
                super().exec_module(module)
            finally:
                self._loading = False
            vars(module).update(has)
            module.__class__ = ModuleType


class Service(ModuleType):
    """A package of which only those modules are loaded that define what was asked for."""

    def __getattr__(self, name: str) -> Any:
        loader = _loader(self)
        for where in homes(name):
            if where in loader.modules:
                home = importlib.import_module(f"{self.__name__}.{where}")
                if where == name:
                    return vars(self).get(name, home)  # while it is imported, the module itself
                if name in home.__all__:
                    return vars(home)[name]
        loader.load_whole(self)
        if name in vars(self):
            return vars(self)[name]
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        """Import binds modules here: where one defines what it is called like, as `v1.Pod`, that is meant."""
        if isinstance(value, ModuleType) and value.__name__ == f"{self.__name__}.{name}":
            value = vars(value)[name] if name in getattr(value, "__all__", ()) else value
        super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        """By name, as dill pickles modules of the very class `ModuleType`."""
        return importlib.import_module, (self.__name__,)

    def __dir__(self) -> list[str]:
        _loader(self).load_whole(self)
        return sorted(vars(self))


def _loader(service: Service) -> ServiceLoader:
    loader: ServiceLoader = vars(service)["__spec__"].loader
    return loader


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
