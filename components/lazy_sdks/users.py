"""Users of slices: modules that import all names of `_inputs`, and have those that they name."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, Final

from components.lazy_sdks.code import kept, mentioned
from components.lazy_sdks.slices import OUTPUTS, Slices, slice_loader


class UserLoader(SourceFileLoader):
    """Loads a module that imports all names of `_inputs`, with those that it names."""

    def __init__(self, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self.starred: list[Slices] = []

    def get_code(self, fullname: str) -> CodeType | None:
        """The code of the module."""
        code = super().get_code(fullname)
        return code and kept(code)

    def exec_module(self, module: ModuleType) -> None:
        """Run *module*; what it names of `outputs` is expected there."""
        vars(module)["__builtins__"] = _IMPORTING
        module.__class__ = User
        super().exec_module(module)
        outputs = vars(module).get("outputs")
        if isinstance(outputs, Slices):
            loader = slice_loader(outputs)
            named = mentioned(self.get_code(self.name))
            loader.expected.update(loader.used(each for each in named if each.startswith(OUTPUTS)))


class User(ModuleType):
    """A module that has all names of the modules that it imports all names of."""

    def __getattr__(self, name: str) -> Any:
        for each in vars(self)["__spec__"].loader.starred:
            if name in each.names():
                return getattr(each, name)
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")

    def __reduce__(self) -> tuple[Any, ...]:
        """By name, as dill pickles modules of the very class `ModuleType`."""
        return importlib.import_module, (self.__name__,)


def _import(
    name: str,
    globals: Mapping[str, Any] | None = None,  # noqa: A002 - the names of Python's own function
    locals: Mapping[str, Any] | None = None,  # noqa: A002
    fromlist: Sequence[str] = (),
    level: int = 0,
) -> ModuleType:
    """Python's `__import__`, but `*` of a sliced module are those names that the importing module has."""
    found = __import__(name, globals, locals, fromlist, level)
    if tuple(fromlist or ()) != ("*",) or not isinstance(found, Slices) or globals is None:
        return found
    globals["__spec__"].loader.starred.append(found)
    loader = slice_loader(found)
    names = loader.used(mentioned(sys._getframe(1).f_code))  # noqa: SLF001 - the code of that module
    loader.make(found, names)
    some = ModuleType(found.__name__)
    vars(some).update({name: vars(found)[name] for name in names}, __all__=names)
    return some


_IMPORTING: Final = {**vars(builtins), "__import__": _import}
