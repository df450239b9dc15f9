"""The request: what is taken, what is refused, and with which words."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from privatelink.errors import invalid_request
from privatelink.model.names import Link
from privatelink.model.request import ConsolePlatform, DeleteRequest, PrivateLinkRequest
from privatelink.model.updates import Approve, Confirm
from runtime.settings_file import DeploymentEntry

LISTENER: dict[str, Any] = {"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}
CONNECTOR: dict[str, Any] = {"type": "mysql", "name": "orders", "parameters": {"server": "{address}:3306"}}
ALB = "arn:aws:elasticloadbalancing:us-east-1:210987654321:loadbalancer/app/web/0123456789abcdef"
REQUEST: dict[str, Any] = {
    "name": "orders-db",
    "deployment": "w41b11c0",
    "aws": {"region": "us-east-1"},
    "subnets": ["subnet-0a1", "subnet-0b2"],
    "listeners": [LISTENER],
}


CONSOLE: dict[str, Any] = {
    "mode": "console",
    "az_ids": ["use1-az1", "use1-az2"],
    "principal_arn": "arn:aws:iam::111122223333:root",
}


def request_of(**changes: object) -> PrivateLinkRequest:
    """A request with these fields changed."""
    return PrivateLinkRequest.model_validate(REQUEST | changes)


def faults(**changes: object) -> str:
    """The sentence with which a request is refused."""
    with pytest.raises(ValidationError) as broken:
        request_of(**changes)
    return invalid_request(broken.value).message


def listener_faults(**changes: object) -> str:
    """The same, for its listener."""
    return faults(listeners=[LISTENER | changes])


def test_the_documented_example_is_taken_with_every_field() -> None:
    """As design and README show it, defaults written out."""
    request = request_of(
        platform={"mode": "api"},
        aws={"region": "us-east-1", "role_arn": None, "external_id": None},
        listeners=[
            LISTENER | {"target_port": 3307, "target_type": "ip", "health_check": {"protocol": "tcp", "port": 3306}}
        ],
        connector={
            "type": "mysql",
            "name": "orders",
            "parameters": {"server": "{address}:3306", "password": {"secret": "env:ORDERS_DB"}},
        },
        on_failure="roll_back",
        approval=None,
        tags={"team": "orders"},
    )
    assert request.link == Link(deployment="w41b11c0", name="orders-db")
    assert (request.listeners[0].traffic_port, request.listeners[0].targets) == (3307, ("10.0.1.15", "10.0.2.15"))
    assert request.connector is not None
    assert request.connector.id == "mysql:orders"


def test_a_console_request_is_taken_with_what_its_dialog_shows() -> None:
    """The principal's account is whose VPC endpoints may ask for a connection."""
    request = request_of(platform=CONSOLE, on_failure="hold", approval=True)
    assert isinstance(request.platform, ConsolePlatform)
    assert (request.platform.account_id, request.on_failure, request.approval) == ("111122223333", "hold", True)


def test_a_target_port_is_the_port_where_it_is_not_given() -> None:
    """What the deployment dials is what the target listens on."""
    assert request_of().listeners[0].traffic_port == 3306


def test_a_request_survives_its_own_json() -> None:
    """It crosses Temporal and comes back the same."""
    request = request_of(connector=CONNECTOR, tags={"a": "b"})
    assert PrivateLinkRequest.model_validate_json(request.model_dump_json()) == request


@pytest.mark.parametrize("missing", REQUEST)
def test_a_missing_field_is_named(missing: str) -> None:
    """Nothing that makes a link what it is has a default."""
    with pytest.raises(ValidationError) as broken:
        PrivateLinkRequest.model_validate({name: value for name, value in REQUEST.items() if name != missing})
    assert f"{missing}: Field required" in invalid_request(broken.value).message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": "red"}, "colour: there is no such field"),
        ({"name": "Orders"}, "name: "),
        ({"deployment": ""}, "deployment: "),
        ({"platform": {"mode": "carrier pigeon"}}, "platform: "),
        ({"platform": {"mode": "console"}}, "platform.console.az_ids: "),
        ({"platform": {"mode": "console"}}, "platform.console.principal_arn: "),
        ({"platform": CONSOLE | {"az_ids": ["us-east-1a"]}}, "platform.console.az_ids.0: "),
        ({"platform": CONSOLE | {"az_ids": ["use1-az1", "use1-az1"]}}, "given twice: use1-az1"),
        ({"platform": CONSOLE | {"principal_arn": "*"}}, "platform.console.principal_arn: "),
        ({"platform": {"mode": "api", "az_ids": ["use1-az1"]}}, "platform.api.az_ids: there is no such field"),
        ({"aws": {"region": "Virginia"}}, "aws.region: "),
        ({"aws": {"region": "us-east-1", "role_arn": "privatelink"}}, "aws.role_arn: "),
        ({"aws": {"region": "us-east-1", "external_id": "ext"}}, "aws: external_id goes with a role_arn"),
        ({"subnets": []}, "subnets: "),
        ({"subnets": ["vpc-1"]}, "subnets.0: "),
        ({"subnets": ["subnet-1", "subnet-1"]}, "subnets: given twice: subnet-1"),
        ({"listeners": []}, "listeners: "),
        ({"listeners": [LISTENER, LISTENER]}, "given twice: listener port 3306"),
        ({"on_failure": "shrug"}, "on_failure: "),
        ({"approval": "perhaps"}, "approval: "),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(changes: dict[str, object], words: str) -> None:
    """Nobody searches a long request for the field at fault."""
    assert words in faults(**changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"port": 0}, "port: "),
        ({"port": 65536}, "port: "),
        ({"target_port": 0}, "target_port: "),
        ({"targets": []}, "targets: "),
        ({"targets": ["10.0.1.15", "10.0.1.15"]}, "given twice: 10.0.1.15"),
        ({"targets": ["db.example.com"]}, "target db.example.com is a name; names are not supported: give the IPv4"),
        ({"targets": ["10.0.1"]}, "target 10.0.1 is not an IPv4 address"),
        ({"targets": ["::1"]}, "target ::1 is not an IPv4 address"),
        ({"targets": ["10.0.1.15/32"]}, "target 10.0.1.15/32 is not an IPv4 address"),
        ({"targets": ["8.8.8.8", "x"]}, "target x is a name"),
        ({"target_type": "instance"}, "target 10.0.1.15 is not an EC2 instance id"),
        ({"target_type": "alb", "targets": [ALB, ALB + "0"]}, "exactly one Application Load Balancer"),
        ({"target_type": "alb", "targets": [ALB]}, "health_check.protocol http or https"),
        ({"target_type": "alb"}, "is not the ARN of an Application Load Balancer"),
        ({"target_type": "lambda"}, "target_type: "),
        ({"health_check": {"path": "/"}}, "path goes with protocol http or https"),
        ({"health_check": {"protocol": "http", "path": "health"}}, "health_check.path: "),
    ],
)
def test_a_listener_that_cannot_be_is_refused(changes: dict[str, object], words: str) -> None:
    """Each with the words that say what a listener takes."""
    assert words in listener_faults(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"port": 1},
        {"port": 65535},
        {"targets": ["172.31.0.9", "192.168.0.1", "100.64.0.1", "198.19.4.10", "11.20.0.10"]},
        {"target_type": "instance", "targets": ["i-0a1b2c3d4e5f6a7b8", "i-0a1b2c3d"]},
        {"target_type": "alb", "targets": [ALB], "health_check": {"protocol": "http", "path": "/health"}},
    ],
)
def test_every_kind_of_target_is_taken(changes: dict[str, object]) -> None:
    """By address, by instance, by Application Load Balancer."""
    request = request_of(listeners=[LISTENER | changes])
    assert request.listeners[0].targets


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parameters": {"server": "db:3306"}}, "no text in it contains {address}"),
        ({"parameters": {"{address}": "db:3306"}}, "no text in it contains {address}"),
        ({"parameters": {"server": "{address}:3307"}}, "dials port 3307, which no listener has"),
        ({"parameters": {"server": "{address}", "password": "hunter2"}}, "password: a secret in the clear"),
        ({"parameters": {"server": "{address}", "name": "x"}}, "name: set by the orchestrator"),
        ({"parameters": {"server": "{address}", "enable": False}}, "enable: set by the orchestrator"),
        ({"name": "-orders"}, "connector.name: "),
        ({"name": "a:b"}, "connector.name: "),
        ({"type": "My SQL"}, "connector.type: "),
    ],
)
def test_a_connector_that_cannot_be_is_refused(changes: dict[str, object], words: str) -> None:
    """Before anything is built, and without the secret."""
    message = faults(connector=CONNECTOR | changes)
    assert words in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"aws:team": "x"}, "aws:team: keys that begin with"),
        ({"PrivateLink:saga": "x"}, "PrivateLink:saga: keys that begin with"),
        ({"": "x"}, "at most 128"),
        ({"a" * 129: "x"}, "at most 128"),
        ({"a": "x" * 257}, "256"),
        ({"a": "b\n"}, "letters, digits"),
        ({str(number): "x" for number in range(45)}, "45 tags, at most 43"),
    ],
)
def test_tags_that_aws_or_we_reserve_are_refused(tags: dict[str, str], words: str) -> None:
    """AWS would refuse some of them in the middle of a create."""
    assert words in faults(tags=tags)


PATH_ROLE = "arn:aws:iam::111122223333:role/service-role/emqx"
WORDS: list[tuple[dict[str, Any], str]] = [
    ({"name": "Orders"}, "a name is written like orders-db"),
    ({"deployment": "W41"}, "a deployment's id is written like w41b11c0"),
    ({"aws": {"region": "Virginia"}}, "a region is written like us-east-1"),
    ({"aws": {"region": "us-east-1", "role_arn": "privatelink"}}, "written like arn:aws:iam::111122223333:role/"),
    ({"aws": {"region": "us-east-1", "role_arn": PATH_ROLE, "external_id": "a b"}}, "2 to 1224 characters"),
    ({"subnets": ["vpc-1"]}, "a subnet's id is written like subnet-"),
    ({"platform": CONSOLE | {"az_ids": ["us-east-1a"]}}, "an AZ ID is written like use1-az1"),
    ({"platform": CONSOLE | {"principal_arn": PATH_ROLE}}, "only root, or a role or user without a path"),
    ({"platform": CONSOLE | {"principal_arn": "*"}}, "only root, or a role or user without a path"),
    ({"connector": CONNECTOR | {"type": "My SQL"}}, "EMQX's own word"),
    ({"connector": CONNECTOR | {"name": "-a"}}, "begins with a letter or digit"),
    ({"listeners": [LISTENER | {"health_check": {"protocol": "http", "path": "x"}}]}, "a path begins with /"),
    ({"aws": {"region": 1}}, "this must be text"),
    ({"deployment": None}, "deployment: it has no value"),
    ({"subnets": None}, "subnets: it has no value"),
    ({"subnets": "subnet-1"}, "subnets: this must be a list, as in subnets: [...]"),
    ({"listeners": [LISTENER | {"targets": "10.0.1.15"}]}, "listeners.0.targets: this must be a list"),
    ({"listeners": {"port": 3306}}, "listeners: this must be a list"),
    ({"listeners": ["3306"]}, "listeners.0: this must have fields"),
    ({"aws": "us-east-1"}, "aws: this must have fields, as in aws: {...}"),
    ({"tags": ["team"]}, "tags: this must have fields"),
    ({"connector": CONNECTOR | {"parameters": "x"}}, "connector.parameters: this must have fields"),
]


@pytest.mark.parametrize(("changes", "words"), WORDS)
def test_a_fault_is_told_in_words_and_never_by_a_pattern(changes: dict[str, Any], words: str) -> None:
    """Whoever wrote the request learns what the field looks like."""
    message = faults(**changes)
    assert words in message
    assert not {"should", "match", "pattern"} & set(message.split())
    assert "^" not in message


def test_a_field_that_is_nearly_spelled_is_told_by_the_one_that_is_missing() -> None:
    """One slip is one fault."""
    slip = {("subnet" if name == "subnets" else name): value for name, value in REQUEST.items()}
    with pytest.raises(ValidationError) as broken:
        PrivateLinkRequest.model_validate(slip)
    (finding,) = invalid_request(broken.value).details_model.findings
    assert ("subnet", "there is no such field; did you mean subnets?") == (finding.resource, finding.message)


@pytest.mark.parametrize("model", [PrivateLinkRequest, DeleteRequest, Approve, Confirm, DeploymentEntry])
def test_no_field_has_a_pattern_without_words(model: type[BaseModel]) -> None:
    """Pydantic would show its pattern; the JSON Schema has the pattern all the same, for programs."""
    assert "'pattern'" not in repr(model.__pydantic_core_schema__)
    assert model in {Approve, DeploymentEntry} or '"pattern"' in json.dumps(model.model_json_schema())


@pytest.mark.parametrize(
    "region", ["us-east-1", "us-gov-west-1", "cn-northwest-1", "us-isob-east-1", "eusc-de-east-1", "ap-southeast-10"]
)
def test_every_region_of_aws_is_taken(region: str) -> None:
    """Of every partition, and of those to come: AWS knows its regions, a list of ours would be older."""
    role = "arn:aws-eusc:iam::111122223333:role/team/privatelink"
    assert request_of(aws={"region": region, "role_arn": role}).aws.region == region


def test_as_many_targets_are_taken_as_a_raised_quota_allows() -> None:
    """What AWS takes by default is AWS's to say."""
    targets = [f"10.0.{number // 250}.{number % 250}" for number in range(2000)]
    assert len(request_of(listeners=[LISTENER | {"targets": targets}]).listeners[0].targets) == 2000


def test_every_fault_is_told_at_once() -> None:
    """Nobody should start a create five times to learn of five faults."""
    message = faults(name="Orders", subnets=["vpc-1"], colour="red", listeners=[{"port": 0, "targets": ["8.8.8"]}])
    for path in ("name: ", "subnets.0: ", "colour: ", "listeners.0.port: ", "listeners.0.targets: target 8.8.8"):
        assert path in message


def test_a_request_cannot_be_changed() -> None:
    """What was checked is what is built."""
    with pytest.raises(ValidationError):
        request_of().name = "other"  # type: ignore[misc]


def test_a_delete_request_is_made_of_a_create_request() -> None:
    """Same link, same account, same way to the platform."""
    request = request_of()
    deletion = DeleteRequest.of(request, allow_failed=True)
    assert (deletion.link, deletion.aws, deletion.platform) == (request.link, request.aws, request.platform)
    assert deletion.allow_failed
    assert not DeleteRequest.of(request).allow_failed
