"""The scan for secrets: no history and no log record of a test may contain a secret that the test used."""

import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.client import BaseClient

from tests.support.histories import readable_text
from tests.support.requests import SECRET
from tests.support.sandbox import Sandbox
from tests.support.world import World


class SecretsWatch(logging.Handler):
    """Keeps every log record, and the credentials of every role that was assumed, while `watching_secrets` lasts."""

    def __init__(self, sandbox: Sandbox) -> None:
        """`sandbox` has the keys that its clouds accept."""
        super().__init__(logging.INFO)
        env = sandbox.env
        self.secrets = {"the connector's password": SECRET}
        self.secrets |= {name: value for name, value in env.items() if "SECRET" in name}
        for api in ("PLATFORM", "DEPLOYMENT"):
            pair = f"{env[f'EMQXCLOUD_{api}_API_KEY']}:{env[f'EMQXCLOUD_{api}_API_SECRET']}"
            self.secrets[f"the Authorization header of the {api.lower()} API"] = base64.b64encode(
                pair.encode()
            ).decode()
        self._records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self._records.append(record)

    def assumed(self, credentials: dict[str, Any]) -> None:
        """Keep the credentials that STS returned for a role."""
        number = sum(name.startswith("session token") for name in self.secrets)
        self.secrets[f"session token {number}"] = credentials["SessionToken"]
        self.secrets[f"secret key of session {number}"] = credentials["SecretAccessKey"]

    @property
    def logged(self) -> str:
        """Everything that was logged: messages, their extra data, and tracebacks."""
        formatter = logging.Formatter()
        return "\n".join(f"{formatter.format(record)} {record.__dict__}" for record in self._records)

    def found_in(self, **texts: str) -> list[str]:
        """Which secret is in which of the texts, described without the secret."""
        return [
            f"{name} in {where}"
            for where, text in texts.items()
            for name, secret in self.secrets.items()
            if secret in text
        ]

    async def found(self, world: World, **texts: str) -> list[str]:
        """The same for the logs, the history of every run that reached a step, and these texts."""
        histories = {}
        for workflow_id, run_id in sorted(world.faults.runs):
            history = await world.client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
            histories[f"{workflow_id} {run_id}"] = "\n".join(readable_text(event) for event in history.events)
        return self.found_in(logs=self.logged, **histories, **texts)


@contextmanager
def watching_secrets(sandbox: Sandbox) -> Iterator[SecretsWatch]:
    """Log at a worker's level, and keep everything that must not contain a secret."""
    watch = SecretsWatch(sandbox)
    root = logging.getLogger()
    level, call = root.level, BaseClient._make_api_call  # type: ignore[attr-defined]  # botocore's own, in no stub

    def watched(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - AWS's answers
        answer = call(client, operation, arguments)
        if operation == "AssumeRole":
            watch.assumed(answer["Credentials"])
        return answer

    root.addHandler(watch)
    root.setLevel(logging.INFO)
    BaseClient._make_api_call = watched  # type: ignore[attr-defined]  # same
    try:
        yield watch
    finally:
        BaseClient._make_api_call = call  # type: ignore[attr-defined]  # same
        root.setLevel(level)
        root.removeHandler(watch)
