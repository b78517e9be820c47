"""The answer of an engine that was asked by hand: `costack sql` prints what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from allocation.adapters.deliveries.bucket import SCHEME, Bucket, bucket_and_key
from allocation.adapters.deliveries.collection import LocatedFile
from allocation.adapters.distributed.answer import answer_files
from allocation.adapters.distributed.columns import Columns
from allocation.adapters.distributed.steps import COUNTED, GROUPS, ROWS, Asked
from allocation.errors import InputError


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The folder, or the address in S3, with the answer: `groups`, `rows` and `counted` below it."""

    folder: str

    @property
    def name(self) -> str:
        """Its name in a manifest."""
        return "read back"

    def answer(  # noqa: PLR0917 - as every engine
        self,
        files: Sequence[LocatedFile],  # noqa: ARG002 - they were read there
        columns: Columns,  # noqa: ARG002 - likewise
        asked: Asked,  # noqa: ARG002 - likewise
        resources: Sequence[str],  # noqa: ARG002 - likewise
        into: Path,
        progress: Callable[[str], None],
    ) -> Path:
        """The folder with the answer; *into* has it if it lies in S3.

        Raises:
            InputError: When there is no answer.
        """
        progress(f"reading {self.folder} back")
        found = self._fetched(into) if self.folder.startswith(SCHEME) else Path(self.folder)
        if not answer_files(found / GROUPS) and not answer_files(found / ROWS):
            raise InputError(
                f"--read-back {self.folder}: expected Parquet files in {GROUPS}/ or {ROWS}/, as the script "
                "of `costack sql` writes them, found none"
            )
        return found

    def lines(self, *_: object) -> None:
        """Nobody is there to write lines.

        Raises:
            InputError: Always.
        """
        raise InputError("--focus: the lines of a bill are not here: leave --read-back out, or --focus")

    def _fetched(self, into: Path) -> Path:
        bucket, key = bucket_and_key(self.folder)
        for part in (GROUPS, ROWS, COUNTED):
            place = Bucket(bucket, f"{key.rstrip('/')}/{part}".lstrip("/"))
            (into / part).mkdir(parents=True)
            for number, entry in enumerate(place.entries()):
                if not entry.path.rpartition("/")[2].startswith("_"):
                    place.fetched(entry, into / part / f"{number:06d}")
        return into
