"""Users of slices: modules that import all names of `_inputs`, and have those that they name."""

from __future__ import annotations

import builtins
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import Final

from components.lazy_sdks.code import kept, mentioned
from components.lazy_sdks.slices import OUTPUTS, Slices, Starred, slice_loader, star

_IMPORTING: Final = {**vars(builtins), "__import__": star}


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
        module.__class__ = Starred
        super().exec_module(module)
        outputs = vars(module).get("outputs")
        if isinstance(outputs, Slices):
            loader = slice_loader(outputs)
            named = mentioned(self.get_code(self.name))
            loader.expected.update(loader.used(each for each in named if each.startswith(OUTPUTS)))
