#!/usr/bin/env python3
"""Deploys template.yaml, as it stands, to an AWS stand-in on this machine, and prints the stack's outputs as one JSON object.

    deploy_local.py --endpoint http://127.0.0.1:4566 --stack app AccountGroupIds=101,102 SyncEnabled=false

`sam deploy` does the same in about eight seconds, most of them spent between two looks at the stack's state. This does in one second what it does: zip each
CodeUri folder, upload it, put its address in the folder's place, and create the stack (or, if it exists, update it).
"""

import argparse
import io
import json
import os
import re
import stat
import sys
import time
import zipfile
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

PROJECT = Path(__file__).resolve().parents[2]
BUCKET = "deployments"
CODE_URI = re.compile(r"^(\s*CodeUri:\s*)(\S+)\s*$", re.MULTILINE)
STACK_TIMEOUT_SECONDS = 60


class DeploymentFailed(Exception):
    """What went wrong, in one line."""


def zipped(folder: Path) -> bytes:
    """The folder's bootstrap as a Lambda deployment package."""
    bootstrap = folder / "bootstrap"
    if not bootstrap.is_file():
        raise DeploymentFailed(f"{bootstrap} is missing: run `make build` first")
    entry = zipfile.ZipInfo("bootstrap")  # its fixed date makes equal binaries equal packages
    entry.external_attr = (stat.S_IFREG | 0o755) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", compresslevel=1) as archive:
        archive.writestr(entry, bootstrap.read_bytes())
    return package.getvalue()


def uploaded(template: str, folder_of_template: Path, s3) -> str:
    """The template with each CodeUri folder replaced by the address of its upload."""

    def upload(match: re.Match) -> str:
        package = zipped(folder_of_template / match[2])
        key = sha256(package).hexdigest()
        s3.put_object(Bucket=BUCKET, Key=key, Body=package)
        return f"{match[1]}s3://{BUCKET}/{key}"

    return CODE_URI.sub(upload, template)


def deploy(cloudformation, stack: str, template: str, parameters: dict[str, str]) -> dict[str, str]:
    """Creates or updates the stack, waits for it, and returns its outputs."""
    request = {
        "StackName": stack,
        "TemplateBody": template,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
    }
    try:
        cloudformation.create_stack(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise
        try:
            cloudformation.update_stack(**request)
        except ClientError as unchanged:
            if "No updates" not in str(unchanged):
                raise

    deadline = time.monotonic() + STACK_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        state = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if state["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return {o["OutputKey"]: o["OutputValue"] for o in state.get("Outputs", [])}
        if not state["StackStatus"].endswith("_IN_PROGRESS"):
            raise DeploymentFailed(f"stack {stack}: {state['StackStatus']}: {first_failure(cloudformation, stack)}")
        time.sleep(0.1)
    raise DeploymentFailed(f"stack {stack} is not complete after {STACK_TIMEOUT_SECONDS} seconds")


def first_failure(cloudformation, stack: str) -> str:
    """The reason of the event that failed first."""
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [e for e in events if e["ResourceStatus"].endswith("_FAILED")]
    if not failed:
        return "no event says why"
    return f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason', 'no reason given')}"


def setting(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form Name=value")
    return name, value


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--endpoint", required=True, help="address of the AWS stand-in; only loopback is accepted")
    arguments.add_argument("--stack", required=True, help="name of the stack")
    arguments.add_argument("--template", type=Path, default=PROJECT / "template.yaml")
    arguments.add_argument("parameters", nargs="*", type=setting, metavar="Name=value", help="template parameters")
    given = arguments.parse_args()
    if urlsplit(given.endpoint).hostname not in ("127.0.0.1", "localhost", "::1"):
        arguments.error("--endpoint must be on this machine: use `sam deploy` for AWS")

    # The stand-in takes any credentials. Real ones of this machine are never read.
    session = botocore.session.get_session()
    session.set_credentials("test", "test")
    region = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")

    def client(service: str):
        addressing = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2})
        return session.create_client(service, region_name=region, endpoint_url=given.endpoint, config=addressing)

    try:
        s3 = client("s3")
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            s3.create_bucket(Bucket=BUCKET, **where)
        except ClientError as error:
            if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
                raise
        template = uploaded(given.template.read_text(), given.template.parent, s3)
        outputs = deploy(client("cloudformation"), given.stack, template, dict(given.parameters))
    except (DeploymentFailed, ClientError, BotoCoreError, OSError) as error:
        sys.exit(f"deploy_local: {error}")
    print(json.dumps(outputs, indent=2))


if __name__ == "__main__":
    main()
