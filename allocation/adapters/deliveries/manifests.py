"""Manifests of deliveries: what AWS and Azure say of the files that belong together.

Sources of the fields and of where the files lie:

- AWS Data Exports: docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html. The manifest
  is "only delivered once all of the export data files have been delivered". Data are in
  `data/BILLING_PERIOD=YYYY-MM/`; when every refresh is kept, in `<timestamp>-<execution-id>/` below. The
  manifest in `metadata/BILLING_PERIOD=YYYY-MM/` "always represents the most recent refresh". It has no
  billing period of its own (JGrubb/open-finops-stack, issue 3), so that of its paths counts; `executionId`
  and `dataFiles` as read there (vendors/aws/manifest.py).
- AWS Cost and Usage Report: docs.aws.amazon.com/cur/latest/userguide/understanding-report-versions.html;
  "use the assemblyId in the manifest file to find the latest report files" (view-latest-cur.html).
- Azure Cost Management: the manifest of each run "describes the file partitions" (MicrosoftDocs/azure-docs,
  tutorial-improved-exports.md); `manifestVersion` 2024-04-01 has `exportConfig`, `deliveryConfig`, `runInfo`
  and `blobs` with `blobName` and `byteCount`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple

from allocation.adapters.deliveries.place import Entry, Place
from allocation.charges import ChargePeriod
from allocation.errors import InputError
from tiers import files as given

_SUFFIX: Final = "manifest.json"
_PARTITION: Final = re.compile(r"BILLING_PERIOD=(\d{4})-(\d{2})")
_MONTH_FOLDER: Final = re.compile(r"\d{8}-\d{8}")
# `20250307T053621Z-<id>` and `2025-03-07T05:36:21.000Z-<id>`; of a legacy report without an id.
_STAMP: Final = re.compile(r"(\d{4}-?\d\d-?\d\dT\d\d:?\d\d:?\d\d(?:\.\d+)?Z)(?:-|$)")
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MARKS: Final = {
    "dataFiles": "exports",
    "executionId": "exports",
    "reportKeys": "report",
    "assemblyId": "report",
    "blobs": "azure",
    "runInfo": "azure",
}
# What Azure exports besides costs (exportConfig.type).
_NO_BILLS: Final = frozenset(
    {"PriceSheet", "ReservationDetails", "ReservationRecommendations", "ReservationTransactions"}
)


class NamedFile(NamedTuple):
    """A file that a manifest names; *size* in bytes, None where it does not say."""

    key: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one delivery says of itself.

    Attributes:
        entry: The manifest's own file, and `place` where it lies.
        export: Names the export among all; `scope` names whose costs these are, as Azure knows it.
        id: Names the delivery among those of the export.
        start, end: The time it is for. Azure's end belongs to it, AWS' does not.
        delivered: When it was made, so that later ones sort behind; empty where that is not known.
        latest: Whether it lies where the provider keeps the manifest of the newest delivery.
        kind: What it holds: 'FocusCost' and the like for Azure, 'bill' for AWS.
        no_bill: Why it is no bill at all; empty for one.
    """

    place: Place
    entry: Entry
    export: str
    id: str
    start: datetime
    end: datetime
    files: tuple[NamedFile, ...]
    delivered: str = ""
    latest: bool = False
    kind: str = "bill"
    scope: str = ""
    no_bill: str = ""

    @property
    def name(self) -> str:
        """Its name in sentences."""
        return self.place.shown(self.entry.path)

    @property
    def month(self) -> str:
        """The month that it begins in."""
        return f"{self.start:%Y-%m}"


def is_manifest(path: str) -> bool:
    """Whether a file of that name may be the manifest of a delivery."""
    return path.lower().endswith(_SUFFIX)


def is_month_folder(name: str) -> bool:
    """Whether AWS gives that name to the folder of a month."""
    return bool(_PARTITION.fullmatch(name) or _MONTH_FOLDER.fullmatch(name))


def span_of(path: str) -> tuple[datetime, datetime] | None:
    """The time that the folders of *path* are for, where a provider named one of them so."""
    for part in reversed(PurePosixPath(path).parts):
        partition, days = _PARTITION.fullmatch(part), _MONTH_FOLDER.fullmatch(part)
        try:
            if partition:
                start = datetime(int(partition[1]), int(partition[2]), 1, tzinfo=UTC)
                return start, _following(start)
            if days:
                first, last = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in part.split("-"))
                return first, last
        except ValueError:
            continue
    return None


def touches(start: datetime, end: datetime, period: ChargePeriod) -> bool:
    """Whether that time lies in *period*; one that ends where *period* starts does not."""
    return start < period.end and (end > period.start or start >= period.start)


def manifest_of(place: Place, entry: Entry) -> Manifest | None:
    """The manifest in *entry*; None for a document that is none, such as the one for Redshift.

    Raises:
        InputError: When it is damaged, or lacks a field.
    """
    name = place.shown(entry.path)
    try:
        document = given.parsed_json(place.text(entry), name)
    except given.UnreadableError as error:
        raise InputError(str(error)) from None
    kinds = {_MARKS[key] for key in document if key in _MARKS} if isinstance(document, dict) else set()
    if not kinds:
        return None
    if len(kinds) > 1:
        raise InputError(f"{name}: expected the manifest of one delivery, found fields of several kinds")
    read = {"exports": _of_data_exports, "report": _of_report, "azure": _of_azure}[kinds.pop()]
    return read(place, entry, _Fields(name, document))


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of a document, none of which may be missing."""

    name: str
    document: Mapping[str, Any]

    def text(self, key: str) -> str:
        found = self.document.get(key)
        if not isinstance(found, str) or not found:
            raise self.wrong(key, "text", found)
        return found

    def listed(self, key: str) -> Sequence[Any]:
        found = self.document.get(key)
        if not isinstance(found, list):
            raise self.wrong(key, "a list", found)
        return found

    def inside(self, key: str) -> _Fields:
        found = self.document.get(key)
        if not isinstance(found, dict):
            raise self.wrong(key, "an object", found)
        return _Fields(self.name, found)

    def moment(self, key: str) -> datetime:
        text = self.text(key)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise self.wrong(key, "a moment", text) from None
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)

    def wrong(self, key: str, expected: str, found: object) -> InputError:
        return InputError(f"{self.name}: {key}: expected {expected}, found {str(found)[:80]!r}")


def _keys(fields: _Fields, key: str) -> tuple[NamedFile, ...]:
    keys = fields.listed(key)
    if not all(isinstance(each, str) and each for each in keys):
        raise fields.wrong(key, "names of files", keys)
    return tuple(NamedFile(re.sub(r"^s3://[^/]+/", "", each)) for each in keys)


def _of_data_exports(place: Place, entry: Entry, fields: _Fields) -> Manifest:
    files, execution = _keys(fields, "dataFiles"), fields.text("executionId")
    where = files[0].key if files else entry.path
    partition = _PARTITION.search(where) or _PARTITION.search(entry.path)
    above = PurePosixPath(entry.path).parent.name
    export = re.sub(r"-?manifest\.json$", "", PurePosixPath(entry.path).name, flags=re.IGNORECASE)
    # The prefix and the name of the export; the manifest itself may be called `Manifest.json` alone.
    before = where[: partition.start()].strip("/") if partition and partition.string == where else ""
    stamp = next((found[1] for part in PurePosixPath(where).parts[:-1] if (found := _STAMP.match(part))), "")
    start = _month(fields, int(partition[1]), int(partition[2])) if partition else _NEVER
    return Manifest(
        place,
        entry,
        export=before or export,
        id=execution,
        start=start,
        end=_following(start),
        files=files,
        delivered=re.sub(r"[-:]", "", stamp),
        latest=_PARTITION.fullmatch(above) is not None,
        no_bill="" if partition else "its files are not of one billing period",
    )


def _of_report(place: Place, entry: Entry, fields: _Fields) -> Manifest:
    files, period = _keys(fields, "reportKeys"), fields.inside("billingPeriod")
    start, end = period.moment("start"), period.moment("end")
    assembly = fields.text("assemblyId")
    account = fields.document.get("account", "")
    return Manifest(
        place,
        entry,
        export=f"{fields.document.get('bucket', '')}:{account}:{fields.text('reportName')}",
        id=assembly,
        start=start,
        end=end,
        files=files,
        delivered=assembly if _STAMP.fullmatch(assembly) else "",
        latest=_MONTH_FOLDER.fullmatch(PurePosixPath(entry.path).parent.name) is not None,
    )


def _of_azure(place: Place, entry: Entry, fields: _Fields) -> Manifest:
    run, config = fields.inside("runInfo"), fields.inside("exportConfig")
    blobs = [_Fields(fields.name, blob) for blob in fields.listed("blobs") if isinstance(blob, dict)]
    count = fields.document.get("blobCount", len(blobs))
    if count != len(fields.listed("blobs")) or count != len(blobs):
        raise fields.wrong("blobs", f"{count} files", len(blobs))
    delivery = fields.document.get("deliveryConfig") or {}
    # Whether the size of a compressed CSV is meant before or after, nobody says; gzip has a checksum.
    sized = str(delivery.get("compressionMode", "None")).lower() != "gzip"
    files = tuple(_blob(blob, sized=sized) for blob in blobs)
    kind = fields.inside("exportConfig").text("type")
    resource = str(config.document.get("resourceId") or config.text("exportName"))
    return Manifest(
        place,
        entry,
        export=resource.lower(),
        id=run.text("runId"),
        start=run.moment("startDate"),
        end=run.moment("endDate"),
        files=files,
        delivered=f"{run.moment('submittedTime'):%Y%m%dT%H%M%S.%f}",
        kind=kind,
        scope=resource.lower().partition("/providers/microsoft.costmanagement/")[0],
        no_bill=f"it is a {kind}" if kind in _NO_BILLS else "",
    )


def _blob(fields: _Fields, *, sized: bool) -> NamedFile:
    size = fields.document.get("byteCount") if sized else None
    if size is not None and not (isinstance(size, int) and size >= 0):
        raise fields.wrong("byteCount", "a number of bytes", size)
    return NamedFile(fields.text("blobName").strip(), size)


def _month(fields: _Fields, year: int, month: int) -> datetime:
    try:
        return datetime(year, month, 1, tzinfo=UTC)
    except ValueError:
        raise fields.wrong("BILLING_PERIOD", "a month", f"{year}-{month}") from None


def _following(start: datetime) -> datetime:
    year, month = divmod(start.year * 12 + start.month, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)
