"""Slices: modules of hundreds of classes, of which only those are made that were asked for.

`_inputs` and `outputs` of a service are lists of classes. Such a module is run without its `class`
statements. Each class is made from the module's compiled code when somebody asks for it, together with all
classes that its annotations name: the SDK looks for those among the names of the module itself.
"""

from __future__ import annotations

import builtins
import importlib
from collections.abc import Callable, Iterable, Mapping
from importlib.machinery import SourceFileLoader
from threading import RLock
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, NamedTuple

from components.lazy_sdks.code import classes, kept, mentioned

OUTPUTS: Final = "outputs."
"""What classes of `outputs` are called in annotations."""


class Deferred(NamedTuple):
    """A class that a module defines and that is not made yet."""

    bases: tuple[Any, ...]
    decorators: tuple[Callable[[Any], Any], ...] = ()


class Outline(dict[str, Any]):
    """The names of a module while all but its classes is run."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__()
        self._names = vars(module)
        self.deferred: dict[str, Deferred] = {}

    def __setitem__(self, name: str, value: Any) -> None:
        where: dict[str, Any] = self.deferred if isinstance(value, Deferred) else self._names
        where[name] = value

    def __missing__(self, name: str) -> Any:
        value = self._names[name]
        return Decorators(value) if name == "pulumi" else value


class Decorators:
    """The module `pulumi`, whose decorators are kept for later where the class is not made yet."""

    def __init__(self, pulumi: ModuleType) -> None:
        self._pulumi = pulumi

    def __getattr__(self, name: str) -> Any:
        known = getattr(self._pulumi, name)
        return (lambda given: _decorated(given, known)) if name in ("input_type", "output_type") else known


def _decorated(given: Any, decorator: Callable[[Any], Any]) -> Any:
    if isinstance(given, Deferred):
        return given._replace(decorators=(*given.decorators, decorator))
    return decorator(given)


def _deferred(body: FunctionType, name: str, *bases: Any, **options: Any) -> Any:
    """What a `class` statement of an outline makes."""
    if options or "." in body.__qualname__:
        return builtins.__build_class__(body, name, *bases, **options)
    return Deferred(bases)


class SliceLoader(SourceFileLoader):
    """Loads a module without its classes, and those from its code when they are asked for."""

    def __init__(self, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._one = RLock()
        self.deferred: Mapping[str, Deferred] = {}
        self.all: list[str] = []
        self.expected: set[str] = set()
        """Names that are made with the next that is asked for: modules that are loaded annotate with them."""

    def exec_module(self, module: ModuleType) -> None:
        """Run all of *module* but its classes; where it is no list of classes, run all."""
        code = self.get_code(self.name)
        outline = Outline(module)
        vars(module)["__builtins__"] = {**vars(builtins), "__build_class__": _deferred}
        exec(code, vars(module), outline)  # type: ignore[arg-type]  # noqa: S102 - as its loader does
        vars(module)["__builtins__"] = vars(builtins)
        if outline.deferred.keys() != classes(code).keys():
            super().exec_module(module)
            return
        self.deferred = outline.deferred
        self.all = vars(module).pop("__all__")
        module.__class__ = Slices

    def make(self, module: ModuleType, names: Iterable[str]) -> None:
        """Make the classes *names*, all that their annotations name, and what is expected."""
        code, made = classes(self.get_code(self.name)), dict[str, Any]()
        left, self.expected = [*names, *self.expected], set()
        while left:
            name = left.pop()
            if name in self.deferred and name not in made and name not in vars(module):
                made[name] = self._class(vars(module), name, kept(code[name]))
                left += self.used(mentioned(code[name]), twins=self._is_twin(name))
        with self._one:  # another thread may have made some of them
            vars(module).update({name: each for name, each in made.items() if name not in vars(module)})

    def used(self, names: Iterable[str], *, twins: bool = False) -> list[str]:
        """Which of *names* are classes here; `…ArgsDict`, which type checkers read, for *twins* only."""
        known = (name.removeprefix(OUTPUTS) for name in names)
        return [name for name in known if name in self.deferred and (twins or not self._is_twin(name))]

    def _is_twin(self, name: str) -> bool:
        return not self.deferred[name].decorators

    def _class(self, names: dict[str, Any], name: str, code: CodeType) -> Any:
        deferred = self.deferred[name]
        made: Any = builtins.__build_class__(FunctionType(code, names, name), name, *deferred.bases)  # type: ignore[arg-type]
        for decorator in deferred.decorators:
            made = decorator(made)
        return made


class Slices(ModuleType):
    """A module of which only those classes are there that were asked for."""

    def names(self) -> Iterable[str]:
        """What the module defines."""
        return slice_loader(self).deferred.keys()

    def __getattr__(self, name: str) -> Any:
        loader, names = slice_loader(self), vars(self)
        if name in loader.deferred:
            loader.make(self, [name])
            return names[name]
        if name == "__all__":  # somebody imports `*`
            loader.make(self, loader.deferred)
            return names.setdefault(name, loader.all)
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *self.names()})

    def __reduce__(self) -> tuple[Any, ...]:
        """By name, as dill pickles modules of the very class `ModuleType`."""
        return importlib.import_module, (self.__name__,)


def slice_loader(module: Slices) -> SliceLoader:
    """What makes the classes of *module*."""
    loader: SliceLoader = vars(module)["__spec__"].loader
    return loader
