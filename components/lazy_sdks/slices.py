"""Slices: modules of hundreds of classes, of which only those are made that were asked for.

`_inputs`, `outputs` and `_enums` of a service are lists of classes. Such a module is run without its `class`
statements. Each class is made from the module's compiled code when somebody asks for it, together with all
classes that its annotations name: the SDK looks for those among the names of the module itself. All code of
a module is in memory for a moment only, and nothing that stays is made meanwhile: it would keep pages.
"""

from __future__ import annotations

import builtins
import importlib
import marshal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from threading import RLock
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, NamedTuple

from components.lazy_sdks.code import classes, kept, mentioned, outline

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
        self._kinds: dict[Deferred, Deferred] = {}
        self.deferred: dict[str, Deferred] = {}

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(value, Deferred):
            self.deferred[name] = self._kinds.setdefault(value, value)
        else:
            self._names[name] = value

    def __missing__(self, name: str) -> Any:
        value = self._names[name]
        return Decorators(value) if name == "pulumi" else value


class Decorators:
    """The module `pulumi`, whose decorators are kept for later where the class is not made yet."""

    def __init__(self, pulumi: ModuleType) -> None:
        self._pulumi = pulumi

    def __getattr__(self, name: str) -> Any:
        known = getattr(self._pulumi, name)
        if name in ("input_type", "output_type"):
            return lambda given: _decorated(given, known)
        if name == "type_token":
            return lambda token: lambda given: _decorated(given, known(token))
        return known


def _decorated(given: Any, decorator: Callable[[Any], Any]) -> Any:
    if isinstance(given, Deferred):
        return given._replace(decorators=(*given.decorators, decorator))
    return decorator(given)


def _deferred(body: FunctionType, name: str, *bases: Any, **options: Any) -> Any:
    """What a `class` statement of an outline makes."""
    if options or "." in body.__qualname__:
        return builtins.__build_class__(body, name, *bases, **options)
    return Deferred(bases)


def _is_list(deferred: Mapping[str, Deferred], defined: Iterable[str], exported: Iterable[str]) -> bool:
    """Whether a module is a list of classes, none of which is made of another one."""
    bases = (base for each in deferred.values() for base in each.bases)
    all_of_it = deferred.keys() == {*defined} == {*exported}
    return all_of_it and not any(isinstance(base, Deferred) for base in bases)


class SliceLoader(SourceFileLoader):
    """Loads a module without its classes, and those from its code when they are asked for."""

    def __init__(self, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._one = RLock()
        self.deferred: Mapping[str, Deferred] = {}
        self.starred: list[Slices] = []
        """Modules of which the module imports all names."""
        self.expected: set[str] = set()
        """Names that are made with the next that is asked for: modules that are loaded annotate with them."""

    def exec_module(self, module: ModuleType) -> None:
        """Run all of *module* but its classes; where it is no list of classes, run all.

        Where Python cannot keep what it compiled, run all, too: each class would take as long again.
        """
        read = self._code()
        if not Path(cache_from_source(self.path)).is_file():
            super().exec_module(module)
            return
        code = marshal.loads(outline(read))  # noqa: S302 - bytes of our own
        del read
        names = Outline(module)
        vars(module)["__builtins__"] = {**vars(builtins), "__build_class__": _deferred, "__import__": star}
        # A module that uses its classes while it is loaded fails with what is in their place.
        with suppress(Exception):
            exec(code, vars(module), names)  # noqa: S102 - as its loader does
        vars(module)["__builtins__"] = vars(builtins)
        if not _is_list(names.deferred, classes(code), vars(module).get("__all__", ())):
            super().exec_module(module)
            return
        del vars(module)["__all__"]
        self.deferred = names.deferred
        module.__class__ = Slices

    def make(self, module: ModuleType, names: Iterable[str]) -> None:
        """Make the classes *names*, all that their annotations name, and what is expected."""
        wanted, self.expected = [*names, *self.expected], set()
        packed, named = self._packed(wanted, vars(module))
        made = {
            name: self._class(vars(module), name, marshal.loads(code))  # noqa: S302 - bytes of our own
            for name, code in packed.items()
        }
        for each in self.starred:
            made |= {name: getattr(each, name) for name in slice_loader(each).used(named)}
        with self._one:  # another thread may have made some of them
            vars(module).update({name: each for name, each in made.items() if name not in vars(module)})

    def _packed(self, left: list[str], there: Mapping[str, Any]) -> tuple[dict[str, bytes], set[str]]:
        """The code of the classes *left* and of those that they name, and all names in it."""
        code, found, named = classes(self._code()), dict[str, bytes](), set[str]()
        while left:
            name = left.pop()
            if name in self.deferred and name not in found and name not in there:
                found[name] = marshal.dumps(kept(code[name]))
                here = mentioned(code[name])
                named |= here
                left += self.used(here, twins=self._is_twin(name))
        return found, named

    def _code(self) -> CodeType:
        code = self.get_code(self.name)
        if code is None:
            raise ImportError(f"no code of {self.name}", name=self.name)
        return code

    def used(self, names: Iterable[str], *, twins: bool = False) -> list[str]:
        """Which of *names* are classes here; `…ArgsDict`, which type checkers read, for *twins* only."""
        known = (name.removeprefix(OUTPUTS) for name in names)
        return [name for name in known if name in self.deferred and (twins or not self._is_twin(name))]

    def _is_twin(self, name: str) -> bool:
        return not self.deferred[name].decorators

    def _class(self, names: dict[str, Any], name: str, code: CodeType) -> Any:
        deferred = self.deferred[name]
        made: Any = builtins.__build_class__(FunctionType(code, names, name), name, *deferred.bases)
        for decorator in deferred.decorators:
            made = decorator(made)
        return made


class Starred(ModuleType):
    """A module that has all names of the modules that it imports all names of."""

    def __getattr__(self, name: str) -> Any:
        for each in vars(self)["__spec__"].loader.starred:
            if name in each.names():
                return getattr(each, name)
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")

    def __reduce__(self) -> tuple[Any, ...]:
        """By name, as dill pickles modules of the very class `ModuleType`."""
        return importlib.import_module, (self.__name__,)


class Slices(Starred):
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
            return names.setdefault(name, [*loader.deferred])
        return super().__getattr__(name)

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *self.names()})


def slice_loader(module: Slices) -> SliceLoader:
    """What makes the classes of *module*."""
    loader: SliceLoader = vars(module)["__spec__"].loader
    return loader


def star(
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
