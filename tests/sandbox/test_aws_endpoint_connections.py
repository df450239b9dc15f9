"""VPC endpoints of consumers, and their connections as the provider sees and decides them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import EMQX, FOREIGN_ACCOUNT, refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws


def accepted(aws: Aws, service: dict[str, Any], *endpoints: str) -> list[tuple[str, str]]:
    """What AcceptVpcEndpointConnections answers in `Unsuccessful`: (id, code)."""
    answer = aws.ec2.accept_vpc_endpoint_connections(ServiceId=service["ServiceId"], VpcEndpointIds=list(endpoints))
    return [(one["ResourceId"], one["Error"]["Code"]) for one in answer["Unsuccessful"]]


def rejected(aws: Aws, service: dict[str, Any], *endpoints: str) -> list[tuple[str, str]]:
    """What RejectVpcEndpointConnections answers in `Unsuccessful`: (id, code)."""
    answer = aws.ec2.reject_vpc_endpoint_connections(ServiceId=service["ServiceId"], VpcEndpointIds=list(endpoints))
    return [(one["ResourceId"], one["Error"]["Code"]) for one in answer["Unsuccessful"]]


def test_an_accepted_connection_is_pending_then_available(aws: Aws) -> None:
    """PendingAcceptance -> pending -> available (terraform-provider-aws 14604, 19059)."""
    service = aws.endpoint_service()
    endpoint = aws.vpc_endpoint(service)
    seen = [aws.connection_state(endpoint)]
    assert [] == accepted(aws, service, endpoint)
    for seconds in (0, 45):
        aws.later(seconds)
        seen.append(aws.connection_state(endpoint))
    assert ["pendingAcceptance", "pending", "available"] == seen


def test_a_connection_shows_its_owner_and_dns_names(aws: Aws) -> None:
    """API_VpcEndpointConnection; the form of DNS names: vpc/latest/privatelink, Access an endpoint service."""
    service = aws.endpoint_service()
    endpoint = aws.vpc_endpoint(service)
    found = aws.ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"][0]
    assert (EMQX, endpoint, service["ServiceId"]) == (
        found["VpcEndpointOwner"],
        found["VpcEndpointId"],
        found["ServiceId"],
    )
    assert "us-east-1" == found["VpcEndpointRegion"]
    names = [one["DnsName"] for one in found["DnsEntries"]]
    assert re.fullmatch(rf"{endpoint}-[a-z0-9]{{8}}\.{service['ServiceId']}\.us-east-1\.vpce\.amazonaws\.com", names[0])
    assert 3 == len(names)


@pytest.mark.parametrize(("kind", "expected"), [("stuck", "pending"), ("failed", "failed")])
def test_a_fault_keeps_an_accepted_connection_from_being_available(aws: Aws, kind: str, expected: str) -> None:
    """The faults `stuck` and `failed` of AcceptVpcEndpointConnections."""
    service = aws.endpoint_service()
    endpoint = aws.vpc_endpoint(service)
    aws.sandbox.fault("AcceptVpcEndpointConnections", kind)
    accepted(aws, service, endpoint)
    aws.later(100_000)
    assert expected == aws.connection_state(endpoint)


@pytest.mark.parametrize("action", ["Accept", "Reject"])
def test_a_decision_can_be_unsuccessful(aws: Aws, action: str) -> None:
    """The fault `unsuccessful`: 200, and refused inside (API_UnsuccessfulItem)."""
    service = aws.endpoint_service()
    endpoint = aws.vpc_endpoint(service)
    aws.sandbox.fault(f"{action}VpcEndpointConnections", "unsuccessful")
    decide = accepted if action == "Accept" else rejected
    assert [endpoint] == [id_ for id_, _ in decide(aws, service, endpoint)]
    assert "pendingAcceptance" == aws.connection_state(endpoint)


def test_a_decision_answers_for_each_endpoint(aws: Aws) -> None:
    """API_AcceptVpcEndpointConnections: what is fine is accepted, the rest is in `Unsuccessful`."""
    service = aws.endpoint_service()
    endpoint, absent = aws.vpc_endpoint(service), "vpce-0123456789abcdef0"
    assert [(absent, "InvalidVpcEndpointId.NotFound")] == accepted(aws, service, endpoint, absent)
    assert "pending" == aws.connection_state(endpoint)


def test_what_is_accepted_or_rejected_already_is_not_accepted_again(aws: Aws) -> None:
    """A repeat after a lost answer finds InvalidState inside: the state is to be read first."""
    service = aws.endpoint_service()
    first, second = aws.vpc_endpoint(service), aws.vpc_endpoint(service)
    accepted(aws, service, first)
    rejected(aws, service, second)
    assert [(first, "InvalidState"), (second, "InvalidState")] == accepted(aws, service, first, second)


def test_a_live_connection_can_be_rejected(aws: Aws) -> None:
    """vpc/latest/privatelink, Accept or reject connection requests: also after it was accepted."""
    service = aws.endpoint_service()
    endpoint = aws.vpc_endpoint(service)
    accepted(aws, service, endpoint)
    aws.later(45)
    assert [] == rejected(aws, service, endpoint)
    assert "rejected" == aws.connection_state(endpoint)


def test_a_request_that_nobody_decides_expires(aws: Aws) -> None:
    """API_VpcEndpointConnection, state expired; after seven days."""
    endpoint = aws.vpc_endpoint(aws.endpoint_service())
    aws.later(7 * 24 * 3600)
    assert "expired" == aws.connection_state(endpoint)


def test_without_required_acceptance_a_connection_comes_up_by_itself(aws: Aws) -> None:
    """API_CreateVpcEndpointServiceConfiguration, AcceptanceRequired."""
    endpoint = aws.vpc_endpoint(aws.endpoint_service(AcceptanceRequired=False))
    before = aws.connection_state(endpoint)
    aws.later(45)
    assert ("pending", "available") == (before, aws.connection_state(endpoint))


def test_a_deleted_endpoint_s_connection_is_deleting_then_listed_as_deleted_then_gone(aws: Aws) -> None:
    """API_VpcEndpointConnection, states deleting and deleted."""
    endpoint = aws.vpc_endpoint(aws.endpoint_service())
    aws.ec2_of(EMQX).delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    seen = []
    for seconds in (0, 20, 60):
        aws.later(seconds)
        seen.append(aws.connection_state(endpoint))
    assert ["deleting", "deleted", ""] == seen
    gone = aws.ec2_of(EMQX).describe_vpc_endpoints
    assert "InvalidVpcEndpointId.NotFound" == refused(gone, VpcEndpointIds=[endpoint])[0]


def test_connections_are_filtered(aws: Aws) -> None:
    """API_DescribeVpcEndpointConnections, Filters."""
    service = aws.endpoint_service()
    aws.ec2.modify_vpc_endpoint_service_permissions(ServiceId=service["ServiceId"], AddAllowedPrincipals=["*"])
    ours, theirs = aws.vpc_endpoint(service), aws.vpc_endpoint(service, account=FOREIGN_ACCOUNT)
    accepted(aws, service, ours)

    def found(name: str, value: str) -> set[str]:
        filters: Any = [{"Name": name, "Values": [value]}]
        listed = aws.ec2.describe_vpc_endpoint_connections(Filters=filters)["VpcEndpointConnections"]
        return {one["VpcEndpointId"] for one in listed}

    assert {ours, theirs} == found("service-id", service["ServiceId"])
    assert {ours} == found("vpc-endpoint-owner", EMQX)
    assert {theirs} == found("vpc-endpoint-state", "pendingAcceptance")
    assert {theirs} == found("vpc-endpoint-id", theirs)
    assert set() == found("service-id", "vpce-svc-0123456789abcdef0")


def test_connections_come_in_pages(aws: Aws) -> None:
    """API_DescribeVpcEndpointConnections: MaxResults and NextToken."""
    service = aws.endpoint_service()
    wanted = {aws.vpc_endpoint(service) for _ in range(5)}
    pages = aws.ec2.get_paginator("describe_vpc_endpoint_connections").paginate(PaginationConfig={"PageSize": 2})
    found = [[one["VpcEndpointId"] for one in page["VpcEndpointConnections"]] for page in pages]
    assert [2, 2, 1] == [len(page) for page in found]
    assert wanted == {id_ for page in found for id_ in page}


def test_a_consumer_without_permission_finds_no_service(aws: Aws) -> None:
    """API_CreateVpcEndpoint: InvalidServiceName, as for a service that does not exist; once allowed it is found."""
    service = aws.endpoint_service()

    def connect() -> str:
        return aws.vpc_endpoint(service, account=FOREIGN_ACCOUNT)

    assert ("InvalidServiceName", 400) == refused(connect)
    assert ("InvalidServiceName", 400) == refused(
        lambda: aws.vpc_endpoint({"ServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"})
    )
    aws.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=service["ServiceId"], AddAllowedPrincipals=[f"arn:aws:iam::{FOREIGN_ACCOUNT}:root"]
    )
    connect()


def test_removing_a_principal_does_not_cut_its_connection(aws: Aws) -> None:
    """terraform-provider-aws 37260."""
    service = aws.endpoint_service()
    endpoint = aws.vpc_endpoint(service)
    accepted(aws, service, endpoint)
    aws.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=service["ServiceId"], RemoveAllowedPrincipals=[f"arn:aws:iam::{EMQX}:root"]
    )
    aws.later(45)
    assert "available" == aws.connection_state(endpoint)


def test_a_subnet_in_a_zone_that_the_service_lacks_fails_the_whole(aws: Aws) -> None:
    """vpc/latest/privatelink/create-endpoint-service: AZ IDs are compared, and one missing refuses all subnets."""
    service = aws.endpoint_service()
    assert ("InvalidParameter", 400) == refused(lambda: aws.vpc_endpoint(service, "use1-az1", "use1-az5"))
    aws.vpc_endpoint(service, "use1-az2")


def test_a_service_that_is_not_available_yet_is_unavailable(aws: Aws) -> None:
    """aws-sdk 805: a consumer that is too early meets 503."""
    balancer = aws.load_balancer()
    aws.later(150)
    made = aws.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer])
    service: dict[str, Any] = dict(made["ServiceConfiguration"])
    aws.ec2.modify_vpc_endpoint_service_permissions(ServiceId=service["ServiceId"], AddAllowedPrincipals=["*"])
    assert ("Unavailable", 503) == refused(lambda: aws.vpc_endpoint(service))


def test_an_available_service_may_be_unavailable_to_consumers_for_a_while(aws: Aws) -> None:
    """aws-sdk 805: the provider reads `Available`, and the consumer still meets 503."""
    aws.sandbox.durations(endpoint_service_reachable=30)
    service = aws.endpoint_service()
    assert "Available" == aws.service_state(service)
    assert ("Unavailable", 503) == refused(lambda: aws.vpc_endpoint(service))
    aws.later(30)
    aws.vpc_endpoint(service)


def test_an_endpoint_s_token_makes_nothing_second(aws: Aws) -> None:
    """ec2/latest/devguide/ec2-api-idempotency, for CreateVpcEndpoint."""
    service = aws.endpoint_service()
    assert aws.vpc_endpoint(service, ClientToken="link-1") == aws.vpc_endpoint(service, ClientToken="link-1")


def test_a_new_endpoint_may_be_invisible_for_a_while(aws: Aws) -> None:
    """The fault `not_visible` of CreateVpcEndpoint hides the connection from the provider too."""
    service = aws.endpoint_service()
    aws.sandbox.fault("CreateVpcEndpoint", "not_visible", seconds=10)
    endpoint = aws.vpc_endpoint(service)
    before = aws.connection_state(endpoint)
    aws.later(10)
    assert ("", "pendingAcceptance") == (before, aws.connection_state(endpoint))


def test_both_ends_agree_on_the_state(aws: Aws) -> None:
    """The consumer's DescribeVpcEndpoints and the provider's DescribeVpcEndpointConnections show one thing."""
    service = aws.endpoint_service()
    endpoint = aws.vpc_endpoint(service)
    rejected(aws, service, endpoint)
    found = aws.ec2_of(EMQX).describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]
    assert ("rejected", service["ServiceName"]) == (found["State"], found["ServiceName"])
    assert [] == aws.ec2_of(FOREIGN_ACCOUNT).describe_vpc_endpoints()["VpcEndpoints"]
