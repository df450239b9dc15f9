"""Tags: their rules, and the actions that change or read them.

ELB: AddTags, RemoveTags, DescribeTags. EC2: CreateTags and DeleteTags on endpoint services and VPC endpoints (moto
serves these two for the network's resources).
"""

from __future__ import annotations

from typing import Any

from sandbox.aws.actions import Call, action
from sandbox.aws.errors import EC2, ELB, AwsError
from sandbox.aws.state import Thing

_MOST_TAGS = 50
_MOST_ARNS = 20


def tags_from(pairs: list[dict[str, str]] | None) -> dict[str, str]:
    """The tags in a request; DuplicateTagKeys and TooManyTags as from CreateLoadBalancer and similar actions."""
    tags: dict[str, str] = {}
    for pair in pairs or []:
        key = pair["Key"]
        if key in tags:
            raise AwsError("DuplicateTagKeys", f"Tag key was specified more than once: {key}")
        if key.lower().startswith("aws:"):
            raise AwsError("ValidationError", "Tag keys starting with 'aws:' are reserved for system use")
        tags[key] = pair.get("Value", "")
    _check_count(tags)
    return tags


def tags_from_specifications(call: Call, resource_type: str) -> dict[str, str]:
    """The tags in EC2's TagSpecifications, which must all be for `resource_type`."""
    specifications = call.params.get("TagSpecifications") or []
    for specification in specifications:
        if specification.get("ResourceType") != resource_type:
            raise AwsError(
                "InvalidParameterValue",
                f"'{specification.get('ResourceType')}' is not a valid taggable resource type for this operation.",
            )
    return tags_from([pair for specification in specifications for pair in specification.get("Tags") or []])


def described(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as AWS describes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@action(ELB, "AddTags")
def add_tags(call: Call) -> dict[str, Any]:
    """Set tags on load balancers, target groups and listeners."""
    things = [_elb_thing(call, arn) for arn in call.required("ResourceArns")]
    tags = tags_from(call.required("Tags"))
    for thing in things:
        _check_count(thing.tags | tags)
    for thing in things:
        thing.tags.update(tags)
    return {}


@action(ELB, "RemoveTags")
def remove_tags(call: Call) -> dict[str, Any]:
    """Remove tags; an absent key is no error."""
    for thing in [_elb_thing(call, arn) for arn in call.required("ResourceArns")]:
        for key in call.required("TagKeys"):
            thing.tags.pop(key, None)
    return {}


@action(ELB, "DescribeTags", read=True)
def describe_tags(call: Call) -> dict[str, Any]:
    """The tags of up to 20 resources; one that is absent fails the whole call (API_DescribeTags)."""
    arns = call.required("ResourceArns")
    if len(arns) > _MOST_ARNS:
        raise AwsError("ValidationError", f"The number of resources must be at most {_MOST_ARNS}")
    descriptions = [{"ResourceArn": arn, "Tags": described(_elb_thing(call, arn).tags)} for arn in arns]
    return {"TagDescriptions": descriptions}


@action(EC2, "CreateTags")
def create_tags(call: Call) -> Any:  # noqa: ANN401  moto's answer for what is not ours
    """Set tags on endpoint services and VPC endpoints; moto does it for the network's resources."""
    ids = call.required("Resources")
    if not all(id_.startswith("vpce-") for id_ in ids):
        return call.moto()
    for thing in [_endpoint_thing(call, id_) for id_ in ids]:
        thing.tags.update({pair["Key"]: pair.get("Value", "") for pair in call.required("Tags")})
    return {}


@action(EC2, "DeleteTags")
def delete_tags(call: Call) -> Any:  # noqa: ANN401  moto's answer for what is not ours
    """Remove tags from endpoint services and VPC endpoints: all of them when none is named (API_DeleteTags)."""
    ids = call.required("Resources")
    if not all(id_.startswith("vpce-") for id_ in ids):
        return call.moto()
    for thing in [_endpoint_thing(call, id_) for id_ in ids]:
        for key in [pair["Key"] for pair in call.params.get("Tags") or []] or list(thing.tags):
            thing.tags.pop(key, None)
    return {}


def _check_count(tags: dict[str, str]) -> None:
    if len(tags) > _MOST_TAGS:
        raise AwsError("TooManyTags", f"The number of tags exceeds the limit of {_MOST_TAGS}")


def _elb_thing(call: Call, arn: str) -> Thing:
    if ":targetgroup/" in arn:
        kind, code, things = "target group", "TargetGroupNotFound", dict[str, Thing](call.store.target_groups)
    elif ":listener/" in arn:
        kind, code, things = "listener", "ListenerNotFound", dict[str, Thing](call.store.listeners)
    else:
        kind, code, things = "load balancer", "LoadBalancerNotFound", dict[str, Thing](call.store.load_balancers)
    thing = things.get(arn)
    if thing is None or not call.sees(thing):
        raise AwsError(code, f"The specified {kind} does not exist.")
    return thing


def _endpoint_thing(call: Call, id_: str) -> Thing:
    thing: Thing | None = call.store.endpoint_services.get(id_)
    if thing is None:
        owned = (store.connections.get(id_) for store in call.world.stores_in(call.region))
        thing = next((one for one in owned if one is not None and one.owner == call.account), None)
    if thing is None or not call.sees(thing):
        code = (
            "InvalidVpcEndpointServiceId.NotFound" if id_.startswith("vpce-svc-") else "InvalidVpcEndpointId.NotFound"
        )
        raise AwsError(code, f"The ID '{id_}' does not exist")
    return thing
