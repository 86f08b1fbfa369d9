"""What reading a zip raises where it is damaged, cut short, locked, or packed in a way that is not known."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib

ZIP_FAULTS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError,
    # A file without a name in the directory of the zip.
    IndexError,
)  # fmt: skip
