#!/usr/bin/env python3
"""Checks that what `make build` left will start on AWS Lambda, and fast: the right processor, no glibc symbol newer than Lambda's, and a small zip."""

import argparse
import io
import json
import re
import struct
import sys
import zipfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("poll", "sync-contact", "refresh-token")
# A larger one takes longer to start the first time. The largest function has some room below.
MOST_ZIP_BYTES = 4_000_000
ELF_MACHINES = {"x86_64": 62, "arm64": 183}


def fault(binary: bytes, arch: str, newest_glibc: tuple[int, ...]) -> str | None:
    """Why the binary would not start, or nothing."""
    if binary[:4] != b"\x7fELF":
        return "is not a Linux binary"
    (machine,) = struct.unpack_from("<H", binary, 18)
    if machine != ELF_MACHINES[arch]:
        return f"is not built for {arch}"
    # The versions that it needs stand as plain text in its table of dynamic strings.
    needed = {tuple(int(n) for n in v.split(b".")) for v in re.findall(rb"\0GLIBC_([0-9.]+)(?=\0)", binary)}
    if too_new := [v for v in needed if v > newest_glibc]:
        return f"needs glibc {'.'.join(map(str, max(too_new)))}"
    return None


def zip_bytes(binary: bytes) -> int:
    """The size of the zip that `sam deploy` would upload."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("bootstrap", binary)
    return len(archive.getvalue())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--arch", required=True, choices=ELF_MACHINES)
    arguments.add_argument("--glibc", required=True, help="the newest version that may be needed, for instance 2.34")
    arguments.add_argument("--json", action="store_true", help="print the sizes as JSON")
    given = arguments.parse_args()
    newest_glibc = tuple(int(n) for n in given.glibc.split("."))

    zipped = {}
    for function in FUNCTIONS:
        path = PROJECT / "target" / "lambda" / function / "bootstrap"
        binary = path.read_bytes()
        if why := fault(binary, given.arch, newest_glibc):
            sys.exit(f"{path.relative_to(PROJECT)} {why}")
        zipped[function] = zip_bytes(binary)
        if zipped[function] > MOST_ZIP_BYTES:
            sys.exit(f"{path.relative_to(PROJECT)} is {zipped[function]} bytes zipped, more than {MOST_ZIP_BYTES}: see what the newest dependency brought")
        if not given.json:
            print(f"  {path.relative_to(PROJECT)}: {given.arch}, {zipped[function] / 1e6:.1f} MB zipped")
    print(json.dumps(zipped) if given.json else f"Deploy them with Architecture={given.arch}.")


if __name__ == "__main__":
    main()
