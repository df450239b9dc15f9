"""The sandbox as a process of its own, and its control path in Python."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

SPEED = 200
"""Speed of the sandbox's clock in the product's tests. `set_pace_and_deadlines` sets `PRIVATELINK_PACE` to the same."""


class Sandbox:
    """One running sandbox: its ready line, its books, its fault plan."""

    def __init__(self, ready: dict[str, Any]) -> None:
        """`ready` is the line of JSON that `python -m sandbox` prints."""
        self.endpoint: str = ready["endpoint"]
        self.env: dict[str, str] = ready["env"]
        self.credential_env: dict[str, dict[str, str]] = ready["credential_env"]
        self.seed: dict[str, Any] = ready["seed"]
        self._http = httpx.Client(base_url=f"{self.endpoint}/sandbox", timeout=30)

    def _json(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of many shapes
        answer = self._http.request(method, path, json=body) if body is not None else self._http.request(method, path)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def reset(self) -> None:
        """Return to the seeded state."""
        self._json("POST", "/reset")

    def books(self) -> dict[str, Any]:
        """Everything that exists, without bystanders."""
        return dict(self._json("GET", "/books"))

    def fault(self, action: str, kind: str, **more: object) -> None:
        """Add a fault to the plan; `times=None` means forever."""
        self._json("POST", "/faults", {"action": action, "kind": kind, **more})

    def clear_faults(self) -> None:
        """Forget the plan."""
        self._json("DELETE", "/faults")

    def quirk(self, name: str, value: object) -> None:
        """Set one of the platform's quirks."""
        self._json("PUT", "/quirks", {name: value})

    def quotas(self, **most: int) -> None:
        """Change how many of a thing an account may have."""
        self._json("PUT", "/quotas", most)

    def durations(self, **seconds: float) -> None:
        """Change how long things take, in the sandbox's seconds."""
        self._json("PUT", "/durations", seconds)

    def share(self, subnet_ids: list[str], *, participant: str) -> None:
        """Let another account use subnets, as their owner does with Resource Access Manager."""
        self._json("POST", "/shares", {"subnet_ids": subnet_ids, "participant": participant})

    def calls(self) -> list[dict[str, Any]]:
        """Every call since the last reset, in order."""
        return list(self._json("GET", "/calls"))

    def out_of_band(self, verb: str, **body: object) -> Any:  # noqa: ANN401 - JSON of many shapes
        """Change something that exists, as somebody else would: `sandbox.control` lists the verbs."""
        return self._json("POST", f"/{verb}", body)

    def close(self) -> None:
        """Close the control connection."""
        self._http.close()


@contextmanager
def running_sandbox(speed: float = SPEED) -> Iterator[Sandbox]:
    """Start a sandbox process, and stop it at the end."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--speed", str(speed), "--exit-with-parent"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            sandbox = Sandbox(json.loads(process.stdout.readline()))
            yield sandbox
            sandbox.close()
        finally:
            process.terminate()
