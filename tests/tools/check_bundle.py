#!/usr/bin/env python3
"""Checks that what `make build` left will start on AWS Lambda: the right processor, and no glibc symbol newer than Lambda's."""

import argparse
import re
import struct
import sys
import zlib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("poll", "sync-contact", "refresh-token")
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


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--arch", required=True, choices=ELF_MACHINES)
    arguments.add_argument("--glibc", required=True, help="the newest version that may be needed, for instance 2.34")
    given = arguments.parse_args()
    newest_glibc = tuple(int(n) for n in given.glibc.split("."))

    for function in FUNCTIONS:
        path = PROJECT / "target" / "lambda" / function / "bootstrap"
        binary = path.read_bytes()
        if why := fault(binary, given.arch, newest_glibc):
            sys.exit(f"{path.relative_to(PROJECT)} {why}")
        print(f"  {path.relative_to(PROJECT)}: {given.arch}, {len(zlib.compress(binary)) / 1e6:.1f} MB zipped")
    print(f"Deploy them with Architecture={given.arch}.")


if __name__ == "__main__":
    main()
