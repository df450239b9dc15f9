"""The link that the benches create in the sandbox."""

from collections.abc import Mapping
from typing import Any

from privatelink import PrivateLinkRequest
from scripts.stage import PASSWORD_NAME


def link_request(seed: Mapping[str, Any], name: str) -> PrivateLinkRequest:
    """One listener, two targets and a connector; `seed` is from the sandbox's ready line."""
    subnets = seed["subnets"]
    return PrivateLinkRequest.model_validate(
        {
            "name": name,
            "deployment": "w41b11c0",
            "aws": {"region": "us-east-1"},
            "subnets": [subnets["use1-az1"], subnets["use1-az2"]],
            "listeners": [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}],
            "connector": {
                "type": "mysql",
                "name": name,
                "parameters": {
                    "server": "{address}:3306",
                    "database": "orders",
                    "username": "emqx",
                    "password": {"secret": f"env:{PASSWORD_NAME}"},
                },
            },
        }
    )
