"""Differences between two requests for one link, path by path, and between two places, for errors that tell them."""

import json
from collections.abc import Iterator
from itertools import zip_longest

from pydantic import JsonValue

from privatelink.errors import Finding, FindingType
from privatelink.model.request import DeleteRequest, PrivateLinkRequest

HIDDEN = "(hidden)"
"""Stands for an external id. No role accepts it: an external id has no parentheses (STS, AssumeRole)."""

_EXTERNAL_ID = "aws.external_id"


def differences(running: JsonValue, asked: JsonValue) -> tuple[Finding, ...]:
    """One finding per path at which the two JSON values differ; empty when they are the same.

    Of external ids it says only that they differ: whoever asks may be somebody other than the one who gave it.
    """
    return tuple(_differences(running, asked, ""))


def without_external_id(request: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The request as everybody may see it: `HIDDEN` where it gives an external id, otherwise unchanged."""
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
            message="it is another one"
            if path == _EXTERNAL_ID
            else f"it is {_told(running)}, and this request has {_told(asked)}",
            next_step="give the request that value, or choose another name for a link of its own",
        )


def _told(value: JsonValue) -> str:
    """As a request file has it; `nothing` where the path is left out or null."""
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def elsewhere(
    standing: PrivateLinkRequest | DeleteRequest, asked: PrivateLinkRequest | DeleteRequest, account: str | None
) -> tuple[Finding, ...]:
    """One finding for each part of the link's place in which the request differs; empty when it is the same place.

    `standing` is the request by which the link stands, `account` the AWS account in which its saga found itself. The
    account is not compared where it is not known: a request without a role leaves it to the worker's own identity.
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
            message=f"the link stands in {is_}, and this request has {wanted}",
            next_step=f"correct {path}; or delete the link where it stands: privatelink delete {asked.link}",
        )
        for path, is_, wanted in parts
        if is_ and wanted and is_ != wanted
    )
