"""Collects the files of a bill: from folders, files, manifests and `s3://` addresses to local files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from allocation.adapters.deliveries.bucket import SCHEME, Bucket, bucket_and_key
from allocation.adapters.deliveries.choice import Choice, LeftOut, choose, located
from allocation.adapters.deliveries.manifests import Manifest, is_manifest, manifest_of, span_of, touches
from allocation.adapters.deliveries.parts import grouped
from allocation.adapters.deliveries.place import Entry, Folder, Place, readable
from allocation.charges import ChargePeriod
from allocation.errors import InputError

_ABOVE: Final = 4
"""How far above a manifest its files are looked for: an execution, the month, `metadata`, the export."""
_SHOWN: Final = 3

IsBill = Callable[[str, Callable[[], bytes]], bool]
"""Whether a file is a bill, by its path and, if the path says nothing, its first bytes."""

_AT_ONCE: Final = 8
"""Files that are fetched at the same time: each waits for its server most of the time."""


@dataclass(frozen=True, slots=True)
class CollectedFile:
    """A local file of a bill.

    Attributes:
        name: Its name in reports: the path in the given place, or the file name.
        path: Where it is.
        delivery: Number of the delivery it belongs to; parts of one bill have one, a loose file its own.
    """

    name: str
    path: Path
    delivery: int


@dataclass(frozen=True, slots=True)
class Collected:
    """The files to read, and the account of what was found, as JSON for the manifest of a run."""

    files: tuple[CollectedFile, ...] = ()
    deliveries: tuple[dict[str, Any], ...] = ()
    left_out: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class LocatedFile:
    """A file of a bill where it lies; `name` and `delivery` as of `CollectedFile`."""

    name: str
    place: Place
    entry: Entry
    delivery: int

    @property
    def address(self) -> str:
        """Its address for another program: `file:///...`, or `s3a://bucket/key` as Hadoop calls S3."""
        return self.place.address(self.entry)

    def fetched(self, at: Path) -> Path:
        """A local file with its content, written to *at* where it is not local."""
        return self.place.fetched(self.entry, at)


@dataclass(frozen=True, slots=True)
class Located:
    """The files to read, and the account of `Collected`."""

    files: tuple[LocatedFile, ...]
    deliveries: tuple[dict[str, Any], ...]
    left_out: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class _Found:
    """What the given places hold, before anything is chosen."""

    period: ChargePeriod
    is_bill: IsBill
    places: list[Place] = field(default_factory=list)
    manifests: list[Manifest] = field(default_factory=list)
    bills: list[tuple[Place, Entry]] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def look(self, source: str | os.PathLike[str]) -> None:
        """Add what *source* holds."""
        if isinstance(source, str) and source.startswith(SCHEME):
            place, single = _in_bucket(source)
        else:
            place, single = _in_folders(Path(source))
        self.places.append(place)
        if single is not None:
            self._add(place, single, asked_for=True)
            return
        for entry in self._of_period(place):
            self._add(place, entry)

    def _add(self, place: Place, entry: Entry, *, asked_for: bool = False) -> None:
        if is_manifest(entry.path) and (manifest := manifest_of(place, entry)):
            self.manifests.append(manifest)
        elif asked_for or self._is_bill(place, entry):
            self.bills.append((place, entry))

    def _is_bill(self, place: Place, entry: Entry) -> bool:
        return self.is_bill(entry.path, lambda: place.begin(entry))

    def _of_period(self, place: Place) -> list[Entry]:
        """The files of *place* without those in a folder that is for another month."""
        kept, others = [], {}
        for entry in place.entries():
            folder = str(PurePosixPath(entry.path).parent)
            span = span_of(folder)
            if span is None or touches(*span, self.period):
                kept.append(entry)
            elif self._is_bill(place, entry):
                others[folder] = span
        self.left_out += [
            LeftOut(place.shown(folder), f"it is for {span[0]:%Y-%m}") for folder, span in others.items()
        ]
        return kept


def collect(
    sources: Iterable[str | os.PathLike[str]],
    period: ChargePeriod,
    workplace: Path,
    is_bill: IsBill,
    progress: Callable[[str], None],
) -> Collected:
    """The files of *sources* for *period*.

    A folder, or an address `s3://bucket/prefix`, stands for all below it that *is_bill* knows. Where a
    manifest speaks of files, the newest whole delivery is taken and the others are left out. What lies in a
    bucket is written below *workplace*.

    Raises:
        InputError: When a place cannot be read, or has nothing for *period*, or a delivery is not whole.
    """
    picked, deliveries, left_out = _picked(sources, period, is_bill)
    return Collected(tuple(_fetched(picked, workplace, progress)), deliveries, left_out)


def locate(sources: Iterable[str | os.PathLike[str]], period: ChargePeriod, is_bill: IsBill) -> Located:
    """The same files where they lie, for an engine that reads them itself; nothing is fetched.

    Raises:
        InputError: As `collect` does.
    """
    picked, deliveries, left_out = _picked(sources, period, is_bill)
    names = _names(picked)
    files = (LocatedFile(name, *each) for name, each in zip(names, picked, strict=True))
    return Located(tuple(files), deliveries, left_out)


_Account = tuple[dict[str, Any], ...]


def _picked(
    sources: Iterable[str | os.PathLike[str]], period: ChargePeriod, is_bill: IsBill
) -> tuple[list[tuple[Place, Entry, int]], _Account, _Account]:
    """Place, entry and delivery of each file; what manifests say; and what was left out."""
    found = _Found(period, is_bill)
    for source in sources:
        found.look(source)
    choice = choose(found.manifests, period)
    loose = _loose(found, choice)
    groups = grouped([place.shown(entry.path) for place, entry in loose])
    picked = [
        *((each.place, entry, n) for n, (each, files) in enumerate(choice.taken) for entry in files),
        *((*each, len(choice.taken) + group) for each, group in zip(loose, groups, strict=True)),
    ]
    left = (*choice.left_out, *found.left_out)
    _refuse_nothing(found, [place for place, _, _ in picked], left)
    told = tuple(_told(manifest, len(files)) for manifest, files in choice.taken)
    return picked, told, tuple(each._asdict() for each in left)


def _names(picked: Sequence[tuple[Place, Entry, int]]) -> list[str]:
    """The name of each file in reports: its path in the given place, if no other has it."""
    names = Counter(entry.path for _, entry, _ in picked)
    return [
        readable(entry.path if names[entry.path] == 1 else place.shown(entry.path))
        for place, entry, _ in picked
    ]


def _in_bucket(address: str) -> tuple[Place, Entry | None]:
    """The place that *address* names, and the object, if it names one."""
    bucket, key = bucket_and_key(address)
    whole = Bucket(bucket)
    if key and not key.endswith("/") and (single := whole.entry(key)):
        return whole, single
    return Bucket(bucket, key), None


def _in_folders(path: Path) -> tuple[Place, Entry | None]:
    """The folder *path*, or the one in which the file *path* and all that it speaks of lie."""
    if path.is_dir():
        return Folder(path), None
    if not (is_manifest(path.name) and path.is_file()):
        return Folder(path.parent), Entry(path.name, 0)
    for above in list(path.absolute().parents)[:_ABOVE]:
        place, entry = Folder(above), Entry(path.absolute().relative_to(above).as_posix(), 0)
        manifest = manifest_of(place, entry)
        if manifest is None or all(located(manifest)):
            break
    return place, entry


def _loose(found: _Found, choice: Choice) -> list[tuple[Place, Entry]]:
    """The bills of which no manifest speaks; those in the folder of one are left out."""
    kept = []
    governed = {
        (place, f"{folder}/" if folder != "." else ""): name for place, folder, name in choice.governed
    }
    for place, entry in found.bills:
        if (id(place), entry.path) in choice.claimed:
            continue
        name = next(
            (
                name
                for (where, folder), name in governed.items()
                if where == id(place) and entry.path.startswith(folder)
            ),
            None,
        )
        if name is None:
            kept.append((place, entry))
        else:
            found.left_out.append(LeftOut(place.shown(entry.path), f"{name} does not name it"))
    return kept


def _refuse_nothing(found: _Found, picked: Sequence[Place], left: Sequence[LeftOut]) -> None:
    """A place of which nothing is for the month is a mistake, never a month without costs.

    Raises:
        InputError: When there is one.
    """
    useful = {id(place) for place in picked}
    useful |= {
        id(each.place)
        for each in found.manifests
        if not each.no_bill and touches(each.start, each.end, found.period)
    }
    for place in found.places:
        if id(place) not in useful:
            name = place.shown("")
            why = [f"{each.name}: {each.reason}" for each in left if each.name.startswith(name)]
            raise InputError(
                f"{name}: expected a bill for {found.period.start:%Y-%m}, found none"
                + (f" ({'; '.join(why[:_SHOWN])}{'; …' if why[_SHOWN:] else ''})" if why else "")
            )


def _fetched(
    picked: Sequence[tuple[Place, Entry, int]], workplace: Path, progress: Callable[[str], None]
) -> Iterator[CollectedFile]:
    remote = sum(isinstance(place, Bucket) for place, _, _ in picked)
    if remote:
        workplace.mkdir(mode=0o700)
        progress(f"fetching {remote} files")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        made = [
            pool.submit(place.fetched, entry, workplace / f"{number:06d}")
            for number, (place, entry, _) in enumerate(picked)
        ]
        try:
            for (_, _, delivery), name, path in zip(picked, _names(picked), made, strict=True):
                yield CollectedFile(name, path.result(), delivery)
        finally:
            pool.shutdown(cancel_futures=True)


def _told(manifest: Manifest, files: int) -> dict[str, Any]:
    return {
        "manifest": manifest.name,
        "export": manifest.export,
        "id": manifest.id,
        "month": manifest.month,
        "delivered": manifest.delivered,
        "files": files,
    }
