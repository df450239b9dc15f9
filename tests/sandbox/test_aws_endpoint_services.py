"""Endpoint services."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import EMQX_ROOT, refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws

LINK = [{"ResourceType": "vpc-endpoint-service", "Tags": [{"Key": "link", "Value": "w41b11c0/orders"}]}]


def active(aws: Aws, name: str = "orders") -> str:
    """An active NLB."""
    arn = aws.load_balancer(name)
    aws.later(150)
    return arn


def created(aws: Aws, *balancers: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any parameter of the action
    """A new endpoint service, as the answer shows it."""
    made = aws.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=list(balancers), **more)
    return dict(made["ServiceConfiguration"])


def deleted(aws: Aws, service_id: str) -> list[tuple[str, str]]:
    """What DeleteVpcEndpointServiceConfigurations answers in `Unsuccessful`: (id, code)."""
    answer = aws.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service_id])
    return [(one["ResourceId"], one["Error"]["Code"]) for one in answer["Unsuccessful"]]


def test_ids_and_names_have_aws_s_shape(aws: Aws) -> None:
    """vpc/latest/privatelink: com.amazonaws.vpce.REGION.vpce-svc-17 hex digits."""
    service = created(aws, active(aws))
    assert re.fullmatch(r"vpce-svc-[0-9a-f]{17}", service["ServiceId"])
    assert f"com.amazonaws.vpce.us-east-1.{service['ServiceId']}" == service["ServiceName"]


def test_a_new_service_is_pending_then_available(aws: Aws) -> None:
    """API_ServiceConfiguration, ServiceState; it covers its load balancer's AZ IDs, for IPv4."""
    service = created(aws, active(aws))
    before = aws.service_state(service)
    aws.later(8)
    assert ("Pending", "Available") == (before, aws.service_state(service))
    assert ["use1-az1", "use1-az2"] == service["AvailabilityZoneIds"]
    assert (["ipv4"], True) == (service["SupportedIpAddressTypes"], service["AcceptanceRequired"])


@pytest.mark.parametrize(("kind", "expected"), [("stuck", "Pending"), ("failed", "Failed")])
def test_a_fault_keeps_a_service_from_being_available(aws: Aws, kind: str, expected: str) -> None:
    """The faults `stuck` and `failed` of CreateVpcEndpointServiceConfiguration."""
    aws.sandbox.fault("CreateVpcEndpointServiceConfiguration", kind)
    service = created(aws, active(aws))
    aws.later(100_000)
    assert expected == aws.service_state(service)


def test_a_load_balancer_belongs_to_one_service(aws: Aws) -> None:
    """vpc/latest/privatelink/create-endpoint-service: at most one; free again when that one is `Deleted`."""
    balancer = active(aws)
    service = created(aws, balancer)
    assert ("InvalidParameter", 400) == refused(lambda: created(aws, balancer))
    assert [] == deleted(aws, service["ServiceId"])
    assert ("InvalidParameter", 400) == refused(lambda: created(aws, balancer))
    aws.later(20)
    created(aws, balancer)


def test_a_service_may_have_several_load_balancers(aws: Aws) -> None:
    """vpc/latest/privatelink/create-endpoint-service."""
    balancers = [active(aws, "first"), active(aws, "second")]
    assert balancers == created(aws, *balancers)["NetworkLoadBalancerArns"]


def test_only_an_active_nlb_of_this_account_can_be_served(aws: Aws) -> None:
    """API_CreateVpcEndpointServiceConfiguration: InvalidParameter for a provisioning, an application, an absent one."""
    for arn in (aws.load_balancer(), aws.seed["albs"][0], "arn:absent"):
        assert ("InvalidParameter", 400) == refused(lambda arn=arn: created(aws, arn))


def test_an_impaired_load_balancer_can_be_served(aws: Aws) -> None:
    """API_LoadBalancerState: `active_impaired` is routing traffic."""
    aws.sandbox.fault("CreateLoadBalancer", "impaired")
    assert "Pending" == created(aws, active(aws))["ServiceState"]


def test_the_same_token_makes_nothing_second(aws: Aws) -> None:
    """ec2/latest/devguide/ec2-api-idempotency: success, and the first one's answer."""
    wanted: dict[str, Any] = {"ClientToken": "saga-1", "TagSpecifications": LINK}
    balancer = active(aws)
    first, second = created(aws, balancer, **wanted), created(aws, balancer, **wanted)
    assert first["ServiceId"] == second["ServiceId"]
    assert 1 == len(aws.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"])


def test_the_same_token_with_other_parameters_is_refused(aws: Aws) -> None:
    """ec2/latest/devguide/ec2-api-idempotency: IdempotentParameterMismatch."""
    balancer = active(aws)
    created(aws, balancer, ClientToken="saga-1")
    changed: dict[str, Any] = {"ClientToken": "saga-1", "AcceptanceRequired": False}
    assert ("IdempotentParameterMismatch", 400) == refused(lambda: created(aws, balancer, **changed))


def test_a_dry_run_makes_nothing(aws: Aws) -> None:
    """EC2 API, DryRun: the error DryRunOperation when the caller may do it."""
    balancer = active(aws)
    assert ("DryRunOperation", 412) == refused(lambda: created(aws, balancer, DryRun=True))
    assert [] == aws.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("tag:link", "w41b11c0/orders"), ("tag-key", "link"), ("tag:link", "w41b11c0/*"), ("service-state", "Pending")],
)
def test_services_are_filtered(aws: Aws, name: str, value: str) -> None:
    """API_DescribeVpcEndpointServiceConfigurations, Filters; wildcards as in Using_Filtering."""
    other = created(aws, active(aws, "other"))
    aws.later(8)
    wanted = created(aws, active(aws), TagSpecifications=LINK)
    filters: Any = [{"Name": name, "Values": [value]}]
    found = aws.ec2.describe_vpc_endpoint_service_configurations(Filters=filters)["ServiceConfigurations"]
    assert [wanted["ServiceId"]] == [one["ServiceId"] for one in found]
    assert other["ServiceId"] != wanted["ServiceId"]


def test_an_unknown_filter_is_refused(aws: Aws) -> None:
    """EC2 error codes, InvalidFilter: never silently ignored, which would pick a foreign service."""
    filters = [{"Name": "nonsense", "Values": ["x"]}]
    assert ("InvalidFilter", 400) == refused(aws.ec2.describe_vpc_endpoint_service_configurations, Filters=filters)


def test_an_absent_service_has_two_spellings(aws: Aws) -> None:
    """One is raised, the other is in `Unsuccessful` of the deletion (openshift/hypershift 2700)."""
    absent = "vpce-svc-0123456789abcdef0"
    expected = ("InvalidVpcEndpointServiceId.NotFound", 400)
    assert expected == refused(aws.ec2.describe_vpc_endpoint_service_configurations, ServiceIds=[absent])
    assert expected == refused(aws.ec2.describe_vpc_endpoint_service_permissions, ServiceId=absent)
    accept = aws.ec2.accept_vpc_endpoint_connections
    reject, modify = aws.ec2.reject_vpc_endpoint_connections, aws.ec2.modify_vpc_endpoint_service_permissions
    for decide in (accept, reject):
        assert expected == refused(decide, ServiceId=absent, VpcEndpointIds=["vpce-0123456789abcdef0"])
    assert expected == refused(modify, ServiceId=absent, AddAllowedPrincipals=[EMQX_ROOT])
    assert [(absent, "InvalidVpcEndpointService.NotFound")] == deleted(aws, absent)


def test_a_deleted_service_is_deleting_then_listed_as_deleted_then_gone(aws: Aws) -> None:
    """API_ServiceConfiguration, ServiceState; that it lingers: ubicloud filters such ones out."""
    service = aws.endpoint_service()
    seen = []
    assert [] == deleted(aws, service["ServiceId"])
    for seconds in (0, 20, 60):
        aws.later(seconds)
        seen.append(aws.service_state(service))
    assert ["Deleting", "Deleted", ""] == seen


@pytest.mark.parametrize("state", ["pendingAcceptance", "pending", "available"])
def test_connections_keep_a_service_from_being_deleted(aws: Aws, state: str) -> None:
    """200 with ExistingVpcEndpointConnections in Unsuccessful (create-endpoint-service; delstack 657)."""
    service = aws.endpoint_service()
    endpoint = aws.vpc_endpoint(service)
    if state != "pendingAcceptance":
        aws.ec2.accept_vpc_endpoint_connections(ServiceId=service["ServiceId"], VpcEndpointIds=[endpoint])
        aws.later(45 if state == "available" else 0)
    assert state == aws.connection_state(endpoint)
    assert [(service["ServiceId"], "ExistingVpcEndpointConnections")] == deleted(aws, service["ServiceId"])
    assert "Available" == aws.service_state(service)


def test_a_rejected_connection_outlives_its_service(aws: Aws) -> None:
    """aws-nuke 1258: it does not block the deletion, and stays listed while the service is NotFound."""
    service = aws.endpoint_service()
    endpoint = aws.vpc_endpoint(service)
    aws.ec2.reject_vpc_endpoint_connections(ServiceId=service["ServiceId"], VpcEndpointIds=[endpoint])
    assert [] == deleted(aws, service["ServiceId"])
    aws.later(80)
    assert ("", "rejected") == (aws.service_state(service), aws.connection_state(endpoint))


@pytest.mark.parametrize(("kind", "expected"), [("stuck", "Deleting"), ("unsuccessful", "Available")])
def test_a_deletion_can_go_wrong(aws: Aws, kind: str, expected: str) -> None:
    """The faults `stuck` (accepted, never done) and `unsuccessful` (200, and refused inside)."""
    service = aws.endpoint_service()
    aws.sandbox.fault("DeleteVpcEndpointServiceConfigurations", kind)
    refused_inside = deleted(aws, service["ServiceId"])
    aws.later(100_000)
    assert (kind == "unsuccessful", expected) == (bool(refused_inside), aws.service_state(service))


def test_a_new_service_may_be_invisible_for_a_while(aws: Aws) -> None:
    """query-api-troubleshooting, eventual consistency: the fault `not_visible`; its token still finds it."""
    balancer = active(aws)
    aws.sandbox.fault("CreateVpcEndpointServiceConfiguration", "not_visible", seconds=10)
    service = created(aws, balancer, ClientToken="saga-1")
    ids = [service["ServiceId"]]
    read = aws.ec2.describe_vpc_endpoint_service_configurations
    assert "InvalidVpcEndpointServiceId.NotFound" == refused(read, ServiceIds=ids)[0]
    assert ids == [created(aws, balancer, ClientToken="saga-1")["ServiceId"]]
    aws.later(10)
    assert 1 == len(read(ServiceIds=ids)["ServiceConfigurations"])


def test_acceptance_and_load_balancers_can_be_changed(aws: Aws) -> None:
    """API_ModifyVpcEndpointServiceConfiguration; the last load balancer cannot be taken away."""
    first, second = active(aws, "first"), active(aws, "second")
    id_ = created(aws, first)["ServiceId"]
    modify = aws.ec2.modify_vpc_endpoint_service_configuration
    modify(ServiceId=id_, AcceptanceRequired=False, AddNetworkLoadBalancerArns=[second])
    assert ("InvalidParameter", 400) == refused(modify, ServiceId=id_, RemoveNetworkLoadBalancerArns=[first, second])
    found = aws.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[id_])["ServiceConfigurations"][0]
    assert (False, [first, second]) == (found["AcceptanceRequired"], found["NetworkLoadBalancerArns"])


@pytest.mark.parametrize("change", ["Add", "Remove"])
def test_connections_keep_a_service_s_load_balancers_as_they_are(aws: Aws, change: str) -> None:
    """EC2 error codes, ExistingVpcEndpointConnections: "or change the load balancers"; not a rejected one."""
    balancers = [active(aws, "first"), active(aws, "second")]
    service = created(aws, *(balancers if change == "Remove" else balancers[:1]), AcceptanceRequired=True)
    id_ = service["ServiceId"]
    aws.later(8)
    aws.ec2.modify_vpc_endpoint_service_permissions(ServiceId=id_, AddAllowedPrincipals=[EMQX_ROOT])
    endpoint = aws.vpc_endpoint(service)
    modify = aws.ec2.modify_vpc_endpoint_service_configuration
    wanted: dict[str, Any] = {"ServiceId": id_, f"{change}NetworkLoadBalancerArns": balancers[1:]}
    assert ("ExistingVpcEndpointConnections", 400) == refused(modify, **wanted)
    modify(ServiceId=id_, AcceptanceRequired=False)
    aws.ec2.reject_vpc_endpoint_connections(ServiceId=id_, VpcEndpointIds=[endpoint])
    modify(**wanted)


def test_a_new_service_may_not_be_found_where_a_principal_is_allowed(aws: Aws) -> None:
    """query-api-troubleshooting, eventual consistency: the fault `not_found_yet`, for a moment after the creation."""
    wanted: dict[str, Any] = {
        "ServiceId": created(aws, active(aws))["ServiceId"],
        "AddAllowedPrincipals": [EMQX_ROOT],
    }
    aws.sandbox.fault("ModifyVpcEndpointServicePermissions", "not_found_yet")
    modify = aws.ec2.modify_vpc_endpoint_service_permissions
    assert ("InvalidVpcEndpointServiceId.NotFound", 400) == refused(modify, **wanted)
    assert 1 == len(modify(**wanted)["AddedPrincipals"])


def test_principals_are_a_set(aws: Aws) -> None:
    """API_ModifyVpcEndpointServicePermissions: adding twice is once, and only what is new is answered as added."""
    id_ = created(aws, active(aws))["ServiceId"]
    modify = aws.ec2.modify_vpc_endpoint_service_permissions
    added = [modify(ServiceId=id_, AddAllowedPrincipals=[EMQX_ROOT])["AddedPrincipals"] for _ in range(2)]
    assert [1, 0] == [len(one) for one in added]
    allowed = aws.ec2.describe_vpc_endpoint_service_permissions(ServiceId=id_)["AllowedPrincipals"]
    assert [("Account", EMQX_ROOT)] == [(one["PrincipalType"], one["Principal"]) for one in allowed]
    modify(ServiceId=id_, RemoveAllowedPrincipals=[EMQX_ROOT, "arn:aws:iam::410987654321:root"])
    assert [] == aws.ec2.describe_vpc_endpoint_service_permissions(ServiceId=id_)["AllowedPrincipals"]


@pytest.mark.parametrize(
    "principal", ["arn:aws:iam::111122223333:role/emqx/deployment", "arn:aws:iam::1:root", "111122223333", "root"]
)
def test_a_principal_that_is_no_plain_arn_is_refused(aws: Aws, principal: str) -> None:
    """API_ModifyVpcEndpointServicePermissions: ARNs with a path are not supported."""
    id_ = created(aws, active(aws))["ServiceId"]
    modify = aws.ec2.modify_vpc_endpoint_service_permissions
    assert ("InvalidPrincipal", 400) == refused(modify, ServiceId=id_, AddAllowedPrincipals=[principal])
