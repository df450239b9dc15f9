"""Differences between two requests for one link, path by path, and between two places, for use in errors."""

import json
from collections.abc import Iterator
from itertools import zip_longest

from pydantic import JsonValue

from privatelink.errors import Finding, FindingType
from privatelink.model.request import DeleteRequest, PrivateLinkRequest

HIDDEN = "(hidden)"
"""Replaces an external id. No role accepts it, because an external id has no parentheses (STS, AssumeRole)."""

_EXTERNAL_ID = "aws.external_id"


def differences(running: JsonValue, asked: JsonValue) -> tuple[Finding, ...]:
    """One finding per path at which the two JSON values differ; empty if they are the same.

    For an external id it only says that they differ, because the caller may not be the person who set it.
    """
    return tuple(_differences(running, asked, ""))


def without_external_id(request: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The request as everybody may see it: with `HIDDEN` in place of an external id, otherwise unchanged."""
    aws = request.get("aws")
    if not (isinstance(aws, dict) and aws.get("external_id")):
        return request
    return {**request, "aws": {**aws, "external_id": HIDDEN}}


def _differences(running: JsonValue, asked: JsonValue, path: str) -> Iterator[Finding]:
    if isinstance(running, dict) and isinstance(asked, dict):
        for key in sorted(running.keys() | asked.keys()):
            yield from _differences(running.get(key), asked.get(key), f"{path}.{key}" if path else key)
    elif isinstance(running, list) and isinstance(asked, list):
        for index, (one, other) in enumerate(zip_longest(running, asked)):
            yield from _differences(one, other, f"{path}.{index}")
    elif running != asked:
        yield Finding(
            type=FindingType.LINK_DIFFERS,
            resource=path,
            message="it is a different one"
            if path == _EXTERNAL_ID
            else f"it is {_told(running)}, but this request has {_told(asked)}",
            next_step="give the request that value, or choose another name for a link of its own",
        )


def _told(value: JsonValue) -> str:
    """The value as in a request file; `nothing` if the path is left out or null."""
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def elsewhere(
    standing: PrivateLinkRequest | DeleteRequest, asked: PrivateLinkRequest | DeleteRequest, account: str | None
) -> tuple[Finding, ...]:
    """One finding for each part of the link's place that the request changes; empty if it is the same place.

    `standing` is the request from which the link was made, `account` the AWS account that its saga ran in. An unknown
    account is not compared: a request without a role leaves the account to the worker's own identity.
    """
    parts = (
        ("aws.region", standing.aws.region, asked.aws.region),
        ("aws.role_arn", account or standing.aws.account_id, asked.aws.account_id),
        ("platform.mode", standing.platform.mode, asked.platform.mode),
    )
    return tuple(
        Finding(
            type=FindingType.LINK_ELSEWHERE,
            resource=path,
            message=f"the link is in {is_}, but this request has {wanted}",
            next_step=f"correct {path}; or delete the link where it is: privatelink delete {asked.link}",
        )
        for path, is_, wanted in parts
        if is_ and wanted and is_ != wanted
    )
