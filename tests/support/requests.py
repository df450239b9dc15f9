"""Requests that fit the sandbox's seed."""

from typing import Any

from privatelink import PrivateLinkRequest
from tests.support.sandbox import Sandbox

SECRET = "orders-pa55word-in-the-clear"
"""Password of the tests' connectors, which no history, log or error may contain."""

SECRET_NAME = "ORDERS_DB"
SECRET_VARIABLE = f"PRIVATELINK_SECRET_{SECRET_NAME}"
"""The worker's variable for a secret reference with that name."""


def request_json(sandbox: Sandbox, name: str = "orders-db", **changes: object) -> dict[str, Any]:
    """A valid request, as a caller writes it, with some fields changed."""
    subnets = sandbox.seed["subnets"]
    return {
        "name": name,
        "deployment": "w41b11c0",
        "aws": {"region": "us-east-1"},
        "subnets": [subnets["use1-az1"], subnets["use1-az2"]],
        "listeners": [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}],
        **changes,
    }


def full_request(sandbox: Sandbox, name: str = "orders-db", **changes: object) -> PrivateLinkRequest:
    """A request with everything in it: two listeners, a connector with a secret, tags."""
    listeners = [
        {"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]},
        {
            "port": 3307,
            "target_port": 3306,
            "targets": ["10.0.1.16"],
            "health_check": {"protocol": "tcp", "port": 3306},
        },
    ]
    connector = {
        "type": "mysql",
        "name": name,
        "parameters": {
            "server": "{address}:3306",
            "database": "orders",
            "username": "emqx",
            "password": {"secret": f"env:{SECRET_NAME}"},
        },
    }
    full = {"listeners": listeners, "connector": connector, "tags": {"team": "orders"}, **changes}
    return PrivateLinkRequest.model_validate(request_json(sandbox, name, **full))
