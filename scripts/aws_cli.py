"""The AWS CLI, installed into a folder of its own (Makefile), against a sandbox."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

AWS_CLI = Path(__file__).parents[1] / ".cache" / "aws-cli" / "bin" / "aws"


class AwsCliError(Exception):
    """A command that failed; the message has the command and its output."""


class AwsCli:
    """Runs `aws`, as a person in the provider's account would."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` is that of the sandbox's ready line; this machine's own configuration is ignored.

        Raises AwsCliError when the CLI is not installed.
        """
        if not AWS_CLI.exists():
            raise AwsCliError(f"{AWS_CLI} is missing: run `make .cache/aws-cli/bin/aws`")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            **{name: value for name, value in environment.items() if name.startswith("AWS_")},
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }

    def __call__(self, *words: str) -> Any:  # noqa: ANN401 - JSON of many shapes
        """Return the answer's JSON, or None if the answer is empty. Raises AwsCliError."""
        ran = subprocess.run(
            [str(AWS_CLI), *words, "--output", "json"],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode != 0:
            raise AwsCliError(f"aws {' '.join(words)}: {ran.stderr.strip()}")
        return json.loads(ran.stdout) if ran.stdout.strip() else None
