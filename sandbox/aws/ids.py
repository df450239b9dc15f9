"""Identifiers and ARNs in AWS's formats."""

from __future__ import annotations

import secrets

_ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyz0123456789"


def new_id(prefix: str) -> str:
    """An EC2 id: the prefix (such as "vpce-svc-"), then 17 hex digits."""
    return f"{prefix}0{secrets.token_hex(8)}"


def new_elb_id() -> str:
    """The 16 hex digits that end an ELB ARN."""
    return secrets.token_hex(8)


def new_dns_suffix() -> str:
    """The eight characters in the DNS names of a VPC endpoint."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(8))


def elb_arn(region: str, account: str, path: str) -> str:
    """The ARN of an ELB resource: `path` is "loadbalancer/net/NAME/ID", "targetgroup/NAME/ID", ..."""
    return f"arn:aws:elasticloadbalancing:{region}:{account}:{path}"


def endpoint_service_name(region: str, service_id: str) -> str:
    """The full dotted name by which a consumer asks for an endpoint service."""
    return f"com.amazonaws.vpce.{region}.{service_id}"
