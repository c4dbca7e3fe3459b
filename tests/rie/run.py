#!/usr/bin/env python3
"""Runs one of the project's functions under AWS's Lambda runtime interface emulator, without a container, and posts events to it.

    run.py poll tests/events/poll.json tests/events/poll-full.json [--repeat 3]

The function gets this process's environment, so set the variables of the template first (TABLE_NAME, BIGCHANGE_URL, AWS_ENDPOINT_URL, ...). Each event is
posted `--repeat` times; the very first post starts the process (cold), the others find it running (warm). Standard output gets one JSON object a post:

    {"event": "poll.json", "start": "cold", "milliseconds": 12.3, "failed": false, "answer": {...}}

and standard error what the function logs. Exits with 1 if any answer is an error of the function. Nothing is left running.
"""

import argparse
import http.client
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("poll", "sync-contact", "refresh-token")
LOOPBACK = "127.0.0.1"
START_TIMEOUT_SECONDS = 10
INVOKE_TIMEOUT_SECONDS = 300
INVOKE_PATH = "/2015-03-31/functions/function/invocations"


def emulator() -> Path:
    """The emulator that comes inside the aws-sam-cli package of .venv."""
    arch = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    pattern = f"lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{arch}"
    found = sorted((PROJECT / ".venv").glob(pattern))
    if not found:
        sys.exit("rie: the runtime interface emulator is missing: run `make venv` first")
    return found[0]


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


class Emulator:
    """The emulator with one function, from `with` to the end of its block."""

    def __init__(self, bootstrap: Path, seconds: int) -> None:
        self.port = free_port()
        self.command = [
            str(emulator()),
            # Both addresses: without them the emulator listens on every interface.
            "--runtime-interface-emulator-address", f"{LOOPBACK}:{self.port}",
            "--runtime-api-address", f"{LOOPBACK}:{free_port()}",
            "--log-level", "error",
            str(bootstrap),
        ]  # fmt: skip
        self.environment = os.environ | {
            "AWS_LAMBDA_FUNCTION_NAME": bootstrap.parent.name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(seconds),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        }

    def __enter__(self) -> "Emulator":
        # A session of its own, so that ending it ends the function too. Both log to standard error.
        self.process = subprocess.Popen(self.command, env=self.environment, stdout=sys.stderr, start_new_session=True)
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                sys.exit(f"rie: the emulator ended with {self.process.returncode}")
            try:
                socket.create_connection((LOOPBACK, self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.01)
        self.__exit__()
        sys.exit(f"rie: the emulator does not listen after {START_TIMEOUT_SECONDS} seconds")

    def __exit__(self, *_: object) -> None:
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, how)
                self.process.wait(timeout=2)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    def invoke(self, event: bytes) -> tuple[object, bool, float]:
        """Posts one event: the answer, whether it is an error of the function, and how many milliseconds it took."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=INVOKE_TIMEOUT_SECONDS)
        began = time.perf_counter()
        connection.request("POST", INVOKE_PATH, body=event, headers={"Content-Type": "application/json"})
        response = connection.getresponse()
        body = response.read()
        milliseconds = (time.perf_counter() - began) * 1000
        connection.close()
        try:
            answer = json.loads(body)
        except ValueError:  # a process that ended or ran out of time is told in plain words
            return body.decode(errors="replace"), True, milliseconds
        # An error is told by the shape of the answer: the emulator's status is 200 all the same.
        failed = response.status != 200 or (isinstance(answer, dict) and "errorType" in answer)
        return answer, failed, milliseconds


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("function", choices=FUNCTIONS)
    arguments.add_argument("events", nargs="+", type=Path, metavar="event.json")
    arguments.add_argument("--repeat", type=int, default=2, help="how often each event is posted (default 2: cold and warm)")
    arguments.add_argument("--bootstrap", type=Path, help="the binary (default target/lambda/<function>/bootstrap)")
    arguments.add_argument("--timeout-seconds", type=int, default=INVOKE_TIMEOUT_SECONDS, help="the function's time limit")
    given = arguments.parse_args()

    bootstrap = (given.bootstrap or PROJECT / "target" / "lambda" / given.function / "bootstrap").resolve()
    if not bootstrap.is_file():
        sys.exit(f"rie: {bootstrap} is missing: run `make build` first")
    events = [(path.name, path.read_bytes()) for path in given.events]

    # A polite end of this script is the end of the emulator too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    any_failed = False
    with Emulator(bootstrap, given.timeout_seconds) as function:
        start = "cold"
        for name, event in events:
            for _ in range(given.repeat):
                answer, failed, milliseconds = function.invoke(event)
                any_failed |= failed
                told = {"event": name, "start": start, "milliseconds": round(milliseconds, 1), "failed": failed, "answer": answer}
                print(json.dumps(told), flush=True)
                start = "warm"
    sys.exit(1 if any_failed else 0)


if __name__ == "__main__":
    main()
