"""Services: packages of which only those modules are loaded that define what was asked for."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from functools import cached_property
from importlib.machinery import SourceFileLoader
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any, Final

from components.lazy_sdks.slices import Slices

_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class ServiceLoader(SourceFileLoader):
    """Loads a package without its modules."""

    def __init__(self, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._one = RLock()
        self._loading = False

    @cached_property
    def modules(self) -> frozenset[str]:
        """The names of its modules."""
        return frozenset(each.stem for each in Path(self.path).parent.glob("*.py"))

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
                if name in _exported(home):
                    return getattr(home, name)
        loader.load_whole(self)
        if name in vars(self):
            return vars(self)[name]
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        """Import binds modules here: where one defines what it is called like, as `v1.Pod`, that is meant."""
        if isinstance(value, ModuleType) and value.__name__ == f"{self.__name__}.{name}":
            value = getattr(value, name) if name in _exported(value) else value
        super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        """By name, as dill pickles modules of the very class `ModuleType`."""
        return importlib.import_module, (self.__name__,)

    def __dir__(self) -> list[str]:
        _loader(self).load_whole(self)
        return sorted(vars(self))


def _exported(module: ModuleType) -> Iterable[str]:
    return module.names() if isinstance(module, Slices) else getattr(module, "__all__", ())


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
