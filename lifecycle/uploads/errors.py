"""Why an archive cannot be taken."""

from __future__ import annotations

import errno
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from tiers.errors import CatalogError


class ArchiveError(CatalogError):
    """An archive that cannot be read, or is not what it should be; nothing was uploaded or changed."""


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turn what a damaged archive raises into a sentence that begins with *name*.

    Raises:
        ArchiveError: In place of any of them.
    """
    try:
        yield
    except (gzip.BadGzipFile, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError) as error:
        raise ArchiveError(f"{name}: is damaged: {_reason(error)}") from None
    except EOFError:
        raise ArchiveError(f"{name}: is cut off") from None
    except NotImplementedError as error:
        raise ArchiveError(f"{name}: {_reason(error)}: save it anew with zip's usual compression") from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ArchiveError(
                f"{name}: the temporary folder has no room for it: set TMPDIR to a folder of a larger disk"
            ) from None
        raise ArchiveError(f"{name}: cannot be read: {error.strerror or _reason(error)}") from None


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
