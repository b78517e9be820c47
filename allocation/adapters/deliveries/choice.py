"""Takes the newest delivery of each export for a month, if it is whole, and says why not the others."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from allocation.adapters.deliveries.manifests import Manifest, is_month_folder, touches
from allocation.adapters.deliveries.place import Entry, Place
from allocation.charges import ChargePeriod
from allocation.errors import InputError

_SAME_COSTS: Final = frozenset({"ActualCost", "AmortizedCost", "Usage"})
"""What Azure exports of costs besides FOCUS: the same money in columns of its own."""


class LeftOut(NamedTuple):
    """A delivery, or a file, that is not read."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The deliveries to read, those that are not read, and which files either has.

    Attributes:
        taken: Each delivery with its files, all there.
        claimed: The files of any delivery, by place and path.
        governed: The folders, by place, in which a file that no manifest names belongs to none.
    """

    taken: tuple[tuple[Manifest, tuple[Entry, ...]], ...]
    left_out: tuple[LeftOut, ...]
    claimed: frozenset[tuple[int, str]]
    governed: tuple[tuple[int, str, str], ...]


def choose(manifests: Sequence[Manifest], period: ChargePeriod) -> Choice:
    """The newest delivery of every export for *period*.

    Raises:
        InputError: When one is not whole, or it cannot be known which is the newest.
    """
    left: list[LeftOut] = []
    taken = _newest(_of_month(_bills(manifests, left), period, left), left)
    taken = _without_second_forms(taken, left)
    _refuse_shared_days(taken)
    claimed, governed = set(), []
    for each in manifests:
        found = [entry for entry in located(each) if entry]
        claimed |= {(id(each.place), entry.path) for entry in found}
        governed += [(id(each.place), folder, each.name) for folder in _folders(each, found)]
    whole = tuple((each, _whole(each)) for each in taken)
    return Choice(whole, tuple(left), frozenset(claimed), tuple(governed))


def _bills(manifests: Iterable[Manifest], left: list[LeftOut]) -> list[Manifest]:
    left += [LeftOut(each.name, each.no_bill) for each in manifests if each.no_bill]
    return [each for each in manifests if not each.no_bill]


def _of_month(manifests: Iterable[Manifest], period: ChargePeriod, left: list[LeftOut]) -> list[Manifest]:
    kept = []
    for each in manifests:
        if touches(each.start, each.end, period):
            kept.append(each)
        else:
            left.append(LeftOut(each.name, f"it is for {each.month}"))
    return kept


def _newest(manifests: Iterable[Manifest], left: list[LeftOut]) -> list[Manifest]:
    rivals: dict[tuple[str, str], dict[str, Manifest]] = defaultdict(dict)
    for each in manifests:
        same = rivals[each.export, f"{each.start:%Y-%m-%d}"]
        # Where every refresh is kept, its manifest is there twice.
        if each.id not in same or (each.latest and not same[each.id].latest):
            same[each.id] = each
    taken = []
    for same in rivals.values():
        newest = _newest_of(list(same.values()))
        taken.append(newest)
        left += [
            LeftOut(each.name, f"{newest.name} is newer") for each in same.values() if each is not newest
        ]
    return taken


def _newest_of(rivals: Sequence[Manifest]) -> Manifest:
    if len(rivals) == 1:
        return rivals[0]
    latest = [each for each in rivals if each.latest]
    if all(each.delivered for each in rivals):
        newest = max(rivals, key=lambda each: each.delivered)
    elif len(latest) == 1:
        newest = latest[0]
    else:
        raise InputError(
            f"{rivals[0].name} and {rivals[1].name} are deliveries of one bill for {rivals[0].month}, and "
            "neither says when it was made: name the manifest of the newer one"
        )
    longer = next((each for each in rivals if each.end > newest.end), None)
    if longer:
        raise InputError(
            f"{newest.name} is newer than {longer.name}, but ends on {newest.end:%Y-%m-%d}, and the older "
            f"one on {longer.end:%Y-%m-%d}: name the manifest of the one that holds the month"
        )
    return newest


def _without_second_forms(taken: Sequence[Manifest], left: list[LeftOut]) -> list[Manifest]:
    """Without Azure's own columns of costs that are there as FOCUS, too."""
    focus = {each.scope: each for each in taken if each.kind == "FocusCost"}
    kept = []
    for each in taken:
        if each.kind in _SAME_COSTS and each.scope in focus:
            left.append(LeftOut(each.name, f"{focus[each.scope].name} has the same costs as FOCUS"))
        else:
            kept.append(each)
    return kept


def _refuse_shared_days(taken: Iterable[Manifest]) -> None:
    """Two runs of one export for days of which some are in both.

    Raises:
        InputError: When there are such.
    """
    by_export = sorted(taken, key=lambda each: (each.export, each.start))
    for one, other in itertools.pairwise(by_export):
        if one.export == other.export and other.start < one.end:
            raise InputError(
                f"{one.name} reaches until {one.end:%Y-%m-%d} and {other.name} begins on "
                f"{other.start:%Y-%m-%d}: name the manifests of runs that share no day"
            )


def _whole(manifest: Manifest) -> tuple[Entry, ...]:
    """The files of *manifest*.

    Raises:
        InputError: When one is missing, or has another size than it says, or it names none.
    """
    found = []
    for named, entry in zip(manifest.files, located(manifest), strict=True):
        if entry is None:
            raise InputError(
                f"{manifest.name}: names {named.key}, which is not there: copy the whole delivery"
            )
        if named.size is not None and named.size != entry.size:
            raise InputError(
                f"{manifest.place.shown(entry.path)}: expected {named.size} bytes, as {manifest.name} says, "
                f"found {entry.size}: copy it again"
            )
        found.append(entry)
    if not found:
        raise InputError(f"{manifest.name}: names no files; a delivery without files is no bill")
    return tuple(found)


def located(manifest: Manifest) -> list[Entry | None]:
    """The files that *manifest* names, where a copy of its folders has them; None for one that is missing."""
    finder = _Finder(manifest.place, manifest.entry.path, flat=bool(manifest.scope))
    return [finder.find(named.key) for named in manifest.files]


class _Finder:
    """Finds files by the end of their paths: a copy keeps the folders below some folder, and not those above.

    A name alone is found beside the manifest only: in another delivery's folder, other files have that name.
    In AWS' folder for a month not even there (*flat* is False): a former way of delivery may have left it.
    """

    def __init__(self, place: Place, manifest: str, *, flat: bool) -> None:
        self._place = place
        folder = PurePosixPath(manifest).parent
        above = [str(each) for each in (folder, *folder.parents)]
        self._bases = sorted(("" if each == "." else each for each in above), key=len)
        self._beside = self._bases[-1] if flat or not is_month_folder(folder.name) else None
        self._last: tuple[int, str] = (0, "")

    def find(self, key: str) -> Entry | None:
        """The file that ends like *key*, with as many folders as possible."""
        parts = [part for part in key.split("/") if part not in {"", "."}]
        if ".." in parts:
            return None
        if found := self._place.entry(key.lstrip("/")):
            return found
        ways = ((start, base) for start in range(len(parts)) for base in self._bases)
        for start, base in itertools.chain((self._last,), ways):
            tail = parts[start:]
            if tail and (len(tail) > 1 or base == self._beside):
                found = self._place.entry("/".join([base, *tail] if base else tail))
                if found:
                    self._last = (start, base)
                    return found
        return None


def _folders(manifest: Manifest, found: Sequence[Entry]) -> set[str]:
    """The folders whose files are all of this export: that of its month, or of an Azure run."""
    if manifest.scope:
        return {str(PurePosixPath(manifest.entry.path).parent)}
    folders = set()
    for entry in (*found, manifest.entry):
        parts = PurePosixPath(entry.path).parts[:-1]
        months = [number for number, part in enumerate(parts) if is_month_folder(part)]
        if months:
            folders.add("/".join(parts[: months[-1] + 1]))
    return folders
