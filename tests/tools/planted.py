#!/usr/bin/env python3
"""Shows that the simulation finds bugs: plants each of tests/simulation/planted into a copy of the project, and counts in how many seeds which promise breaks.

Prints a table in Markdown. Ends with 1 if a bug is not found, if a patch no longer fits, or if the code without any bug breaks a promise. Nothing is
changed outside target/planted.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PATCHES = PROJECT / "tests" / "simulation" / "planted"
WORK = PROJECT / "target" / "planted"
TREE = WORK / "tree"
BUILD = WORK / "build"
# The longest that the seeds of one bug may take: one that stands still does not do so for ever.
TIME_LIMIT_SECONDS = 1800


class Failed(Exception):
    """Why a planted bug could not be tried."""


def run(*command: str, time_limit: float | None = None) -> subprocess.CompletedProcess[str]:
    # The copy lies within the checkout: git must not take it for a part of it.
    settings = {"CARGO_TARGET_DIR": str(BUILD), "GIT_CEILING_DIRECTORIES": str(WORK)}
    # Many seeds run for each build: a little optimisation pays.
    environment = os.environ | settings | {"CARGO_PROFILE_DEV_OPT_LEVEL": "1", "CARGO_PROFILE_DEV_DEBUG": "0"}
    return subprocess.run(
        command, cwd=TREE, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=time_limit
    )


def write(path: Path, content: bytes) -> None:
    """Only what differs is written, so that cargo builds no more than has changed."""
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def copy_tree() -> dict[str, bytes]:
    """Makes the copy what the checkout is now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, check=True, capture_output=True).stdout
    names = [name for name in listed.decode().split("\0") if name and (PROJECT / name).is_file()]
    files = {name: (PROJECT / name).read_bytes() for name in names}
    TREE.mkdir(parents=True, exist_ok=True)
    for path in TREE.rglob("*"):
        if path.is_file() and str(path.relative_to(TREE)) not in files:
            path.unlink()
    for name, content in files.items():
        write(TREE / name, content)
    return files


def description(patch: Path) -> str:
    lines = [line[1:].strip() for line in patch.read_text().splitlines() if line.startswith("#")]
    return " ".join(lines).removeprefix("What:").strip()


def broken(seeds: int) -> dict[str, int]:
    """Builds the copy as it is, and counts the seeds in which each promise breaks."""
    built = run("cargo", "build", "--quiet", "--locked", "--package", "simulation")
    if built.returncode != 0:
        raise Failed(f"does not compile:\n{built.stdout}")
    binary = str(BUILD / "debug" / "simulation")
    try:
        ran = run(binary, "--from", "1", "--seeds", str(seeds), "--count", time_limit=TIME_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f"is not done after {TIME_LIMIT_SECONDS} seconds") from None
    if ran.returncode == 0:
        return {}
    told = ran.stdout.partition("BROKEN in ")[2]
    counts = {invariant: int(count) for count, invariant in re.findall(r"^ *(\d+)  (.+)$", told, re.MULTILINE)}
    if ran.returncode != 1 or not counts:
        raise Failed(f"stops the simulation itself:\n{ran.stdout[-2000:]}")
    return counts


def plant(patch: Path, files: dict[str, bytes], seeds: int) -> dict[str, int]:
    try:
        applied = run("git", "apply", "--whitespace=nowarn", str(patch))
        if applied.returncode != 0:
            raise Failed(f"does not apply:\n{applied.stdout}")
        return broken(seeds)
    finally:
        for name, content in files.items():
            write(TREE / name, content)


def told(counts: dict[str, int]) -> str:
    most_first = sorted(counts.items(), key=lambda count: -count[1])
    return ", ".join(f"{invariant} ({seeds})" for invariant, seeds in most_first)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=300, help="how many seeds are tried with each bug [default: 300]")
    arguments.add_argument("bugs", nargs="*", help="only these, by the names of their patches")
    given = arguments.parse_args()
    patches = sorted(PATCHES.glob("*.patch"))
    if unknown := set(given.bugs) - {patch.stem for patch in patches}:
        sys.exit(f"planted: no such bug: {', '.join(sorted(unknown))}")
    if given.bugs:
        patches = [patch for patch in patches if patch.stem in given.bugs]

    files = copy_tree()
    print(f"Seeds 1 to {given.seeds} without a planted bug ...", file=sys.stderr, flush=True)
    try:
        unplanted = broken(given.seeds)
    except Failed as why:
        sys.exit(f"planted: the code as it is {why}")
    if unplanted:
        sys.exit(f"planted: the code as it is breaks promises: {told(unplanted)}")

    faults = []
    print("| Planted bug | Caught by (seeds) | Seeds |\n|---|---|---|", flush=True)
    for patch in patches:
        try:
            counts = plant(patch, files, given.seeds)
        except Failed as why:
            faults.append(f"{patch.stem} {why}")
            continue
        if not counts:
            faults.append(f"{patch.stem} is not caught")
        print(f"| {description(patch)} | {told(counts) or '**nothing**'} | {sum(counts.values())} of {given.seeds} |", flush=True)
    if faults:
        sys.exit("\n".join(f"planted: {fault}" for fault in faults))


if __name__ == "__main__":
    main()
