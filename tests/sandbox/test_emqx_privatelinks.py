"""PrivateLinks: their states, and what the platform does at AWS for each."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import httpx
import pytest

from sandbox.clock import Clock
from sandbox.emqx.privatelinks import PrivateLinks
from sandbox.emqx.quirks import Quirks
from sandbox.seed_contents import build_seed
from tests.sandbox.emqx_callers import (
    DELETE_PRIVATELINK,
    DEPLOYMENT,
    EMQX_ACCOUNT,
    NO_SERVICE,
    POST_PRIVATELINK,
    Emqx,
    until,
)

if TYPE_CHECKING:
    from tests.support.sandbox import Sandbox

HOUR = 3600
FAR = 1e9
"""Sandbox seconds: never, for a test."""


@pytest.fixture
def emqx(sandbox: Sandbox) -> Emqx:
    """Callers of a fresh sandbox."""
    return Emqx(sandbox)


def post(emqx: Emqx, deployment: str = DEPLOYMENT, **body: object) -> httpx.Response:
    """POST a PrivateLink."""
    return emqx.platform.post(f"/deployments/{deployment}/privatelinks", json=body)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of an error answer."""
    return answer.status_code, answer.json()["code"]


def test_no_two_have_one_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is drawn: of two with one id, the one would replace the other, and both share a VPC endpoint."""
    monkeypatch.setattr(secrets, "token_hex", lambda _: "3f9c21")
    monkeypatch.setattr(secrets, "randbelow", lambda _: 0x3F9C21)
    links, deployment = PrivateLinks(Clock(1), Quirks()), build_seed().deployments[DEPLOYMENT]
    assert links.add(deployment, "one", "").id != links.add(deployment, "other", "").id


def test_a_new_privatelink_is_pending_and_has_no_address(emqx: Emqx) -> None:
    """POST answers 201 with the row, pending, its address empty (contract); the list and GET show the same."""
    answer = post(emqx, serviceName=NO_SERVICE, description="epl/1")
    row = answer.json()
    expected = {
        "privatelinkID": row["privatelinkID"],
        "deploymentID": DEPLOYMENT,
        "serviceName": NO_SERVICE,
        "description": "epl/1",
        "status": "pending",
        "address": "",
        "vpcEndpointID": "",
        "reason": "",
        "createAt": row["createAt"],
    }
    assert (answer.status_code, row) == (201, expected)


def test_reads_show_what_was_posted(emqx: Emqx) -> None:
    """The list is a bare array of the same objects that GET answers (contract)."""
    emqx.put("durations", {"platform_endpoint": FAR})
    row = post(emqx, serviceName=NO_SERVICE).json()
    assert [row] == emqx.platform.get(f"/deployments/{DEPLOYMENT}/privatelinks").json()
    assert row == emqx.get_privatelink(row["privatelinkID"])


@pytest.mark.parametrize("status", [400, 409, 422])
def test_the_same_service_twice_is_refused(emqx: Emqx, status: int) -> None:
    """ALREADY_EXISTS under 400, 409 or 422: serviceName is the natural key (assumed: no public source)."""
    emqx.put("quirks", {"refusal_status": status})
    emqx.create_privatelink(NO_SERVICE)
    assert refusal(post(emqx, serviceName=NO_SERVICE)) == (status, "ALREADY_EXISTS")


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [("wserver0", (400, "BAD_REQUEST")), ("wazure00", (400, "BAD_REQUEST")), ("wstopped", (422, "INVALID_STATUS"))],
)
def test_a_deployment_that_cannot_have_one_is_refused(emqx: Emqx, deployment: str, expected: tuple[int, str]) -> None:
    """Only Dedicated deployments on AWS have it ("AWS PrivateLink"); only running ones is assumed: no public source."""
    assert refusal(post(emqx, deployment, serviceName=NO_SERVICE)) == expected


@pytest.mark.parametrize("body", [{}, {"serviceName": ""}, {"serviceName": 7}, {"serviceName": "x", "description": 7}])
def test_a_wrong_body_is_refused(emqx: Emqx, body: dict[str, object]) -> None:
    """400 BAD_REQUEST (contract, NewPrivateLink)."""
    answer = emqx.platform.post(f"/deployments/{DEPLOYMENT}/privatelinks", json=body)
    assert refusal(answer) == (400, "BAD_REQUEST")


def test_a_quota_can_be_reached(emqx: Emqx) -> None:
    """EXCEED_LIMIT beyond the links a deployment may have (contract, Error; the number is not known)."""
    emqx.put("quirks", {"privatelinks_per_deployment": 1})
    emqx.create_privatelink(NO_SERVICE)
    assert refusal(post(emqx, serviceName="another")) == (422, "EXCEED_LIMIT")


def test_the_vpc_endpoint_comes_from_emqx_account(emqx: Emqx) -> None:
    """The owner is the account of the ARN ("AWS PrivateLink"), as AWS shows it (DescribeVpcEndpointConnections)."""
    service = emqx.create_service()
    id_ = emqx.create_privatelink(service.name)
    until(lambda: emqx.get_privatelink(id_)["vpcEndpointID"])
    [connection] = emqx.connections(service)
    seen = (connection["VpcEndpointOwner"], connection["VpcEndpointState"], connection["VpcEndpointId"])
    assert seen == (EMQX_ACCOUNT, "pendingAcceptance", emqx.get_privatelink(id_)["vpcEndpointID"])
    [call] = emqx.calls("CreateVpcEndpoint")
    assert (call["account"], call["status"]) == (EMQX_ACCOUNT, 200)


def test_the_vpc_endpoint_takes_its_time(emqx: Emqx) -> None:
    """The connection does not appear before `platform_endpoint` (EMQX's blog, May 2022: two to three minutes)."""
    emqx.put("durations", {"platform_endpoint": FAR})
    service = emqx.create_service()
    emqx.create_privatelink(service.name)
    assert [] == emqx.connections(service)


def test_an_accepted_connection_makes_it_running_with_an_address(emqx: Emqx) -> None:
    """It runs ("AWS PrivateLink", step 4); that its address is AWS's first DNS name is assumed: no public source."""
    service = emqx.create_service()
    row = emqx.running_privatelink(service)
    [connection] = emqx.connections(service)
    assert ("running", connection["DnsEntries"][0]["DnsName"]) == (row["status"], row["address"])


def test_it_stays_pending_until_the_connection_is_accepted(emqx: Emqx) -> None:
    """An unaccepted connection is not a running PrivateLink (EMQX's page, step 3)."""
    service = emqx.create_service()
    id_ = emqx.create_privatelink(service.name)
    until(lambda: emqx.connection_state(service) == "pendingAcceptance")
    looks = len(emqx.calls("DescribeVpcEndpoints"))
    until(lambda: len(emqx.calls("DescribeVpcEndpoints")) > looks + 1)
    assert emqx.statuses() == {id_: "pending"}


def test_the_address_may_come_after_running(emqx: Emqx) -> None:
    """The address is empty until running, and possibly for a while after (contract, PrivateLink)."""
    emqx.put("durations", {"platform_address": FAR})
    row = emqx.running_privatelink(emqx.create_service())
    assert ("running", "") == (row["status"], row["address"])


def test_optional_fields_can_be_withheld(emqx: Emqx) -> None:
    """Both vpcEndpointID and reason are optional (contract, PrivateLink)."""
    emqx.put("quirks", {"withhold_vpc_endpoint_id": True, "withhold_reason": True})
    assert set() == {"vpcEndpointID", "reason"} & post(emqx, serviceName=NO_SERVICE).json().keys()


def test_an_unknown_word_can_stand_for_pending(emqx: Emqx) -> None:
    """A status word that the contract does not know means still moving (contract, PrivateLink)."""
    emqx.put("quirks", {"pending_word": "provisioning"})
    assert post(emqx, serviceName=NO_SERVICE).json()["status"] == "provisioning"


def test_an_unknown_service_fails_it_with_the_reason(emqx: Emqx) -> None:
    """A wrong service name is among the causes of `failed` (assumed: no public source)."""
    id_ = emqx.create_privatelink(NO_SERVICE)
    emqx.until_status(id_, "failed")
    assert "InvalidServiceName" in emqx.get_privatelink(id_)["reason"]


def test_a_principal_that_is_not_allowed_fails_it(emqx: Emqx) -> None:
    """AWS hides a service from principals that it does not allow, so it is not found (assumed: no public source)."""
    id_ = emqx.create_privatelink(emqx.create_service(principals=()).name)
    emqx.until_status(id_, "failed")


def test_an_az_without_load_balancer_fails_it(emqx: Emqx) -> None:
    """One consumer subnet in an AZ that the service lacks fails the whole VPC endpoint (reported by many projects)."""
    id_ = emqx.create_privatelink(emqx.create_service(az_ids=("use1-az1",)).name)
    emqx.until_status(id_, "failed")
    assert "availability zone" in emqx.get_privatelink(id_)["reason"]


def test_a_rejected_connection_fails_it(emqx: Emqx) -> None:
    """It goes pending -> failed when the provider rejects (assumed: no public source)."""
    service = emqx.create_service()
    id_ = emqx.create_privatelink(service.name)
    until(lambda: emqx.connection_state(service) == "pendingAcceptance")
    emqx.reject(service)
    emqx.until_status(id_, "failed")
    assert "rejected" in emqx.get_privatelink(id_)["reason"]


def test_an_expired_connection_fails_it(emqx: Emqx) -> None:
    """It goes pending -> failed when nobody accepts in time (assumed: no public source)."""
    emqx.put("durations", {"connection_expires": 5})
    id_ = emqx.create_privatelink(emqx.create_service().name)
    emqx.until_status(id_, "failed")


def test_removing_the_aws_side_first_fails_it(emqx: Emqx) -> None:
    """It goes running -> failed: "AWS PrivateLink", "Delete the PrivateLink", warns of exactly this order."""
    service = emqx.create_service()
    row = emqx.running_privatelink(service)
    emqx.reject(service)
    emqx.until_status(row["privatelinkID"], "failed")
    assert emqx.get_privatelink(row["privatelinkID"])["address"] == ""


def test_one_that_runs_is_watched_while_another_is_pending(emqx: Emqx) -> None:
    """The platform asks AWS more often for what moves, and still for the rest."""
    service, another = emqx.create_service(), emqx.create_service()
    row = emqx.running_privatelink(service)
    pending = emqx.create_privatelink(another.name)
    until(lambda: emqx.connection_state(another) == "pendingAcceptance")
    emqx.reject(service)
    emqx.until_status(row["privatelinkID"], "failed")
    assert emqx.statuses()[pending] == "pending"


def test_delete_takes_the_vpc_endpoint_and_then_the_row(emqx: Emqx) -> None:
    """It goes running -> terminated -> gone; the connection at the provider goes too (contract, DELETE)."""
    service = emqx.create_service()
    id_ = emqx.running_privatelink(service)["privatelinkID"]
    emqx.put("durations", {"platform_delete": HOUR})
    assert emqx.delete_privatelink(id_).status_code == 204
    until(lambda: emqx.connection_state(service) in {"deleted", None})
    assert emqx.get_privatelink(id_)["status"] == "terminated"
    emqx.an_hour_later()
    until(lambda: emqx.statuses() == {})


@pytest.mark.parametrize(("quirk", "expected"), [("not_found", 404), ("empty_object", 200)])
def test_a_gone_one_answers_404_or_an_empty_object(emqx: Emqx, quirk: str, expected: int) -> None:
    """EMQX's Terraform provider expects `{}` of an absent /tls, so a PrivateLink may answer it too (contract, GET)."""
    emqx.put("quirks", {"gone_answer": quirk})
    answer = emqx.platform.get(f"/deployments/{DEPLOYMENT}/privatelinks/pl3f9c21")
    assert (answer.status_code, "privatelinkID" in answer.json()) == (expected, False)


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_delete_is_accepted_before_running_and_after_failure(emqx: Emqx, state: str) -> None:
    """Both pending and failed go to terminated as well (assumed: no public source)."""
    if state == "pending":
        emqx.put("durations", {"platform_endpoint": FAR})
    id_ = emqx.create_privatelink(NO_SERVICE)
    emqx.until_status(id_, state)
    assert emqx.delete_privatelink(id_).status_code == 204
    until(lambda: emqx.statuses() == {})


def test_delete_while_the_vpc_endpoint_is_being_made_leaves_none(emqx: Emqx) -> None:
    """A VPC endpoint that AWS makes after the DELETE was taken is deleted too."""
    service = emqx.create_service()
    emqx.fault("CreateVpcEndpoint", "slow", seconds=HOUR)
    id_ = emqx.create_privatelink(service.name)
    until(lambda: emqx.connection_state(service) == "pendingAcceptance")
    assert emqx.get_privatelink(id_)["vpcEndpointID"] == ""
    emqx.delete_privatelink(id_)
    emqx.an_hour_later()
    until(lambda: emqx.connection_state(service) in {"deleted", None})


def test_a_failed_one_may_be_undeletable(emqx: Emqx) -> None:
    """Deleting needs `running` ("AWS PrivateLink"); whether `failed` can be deleted is not said."""
    emqx.put("quirks", {"failed_deletable": False})
    id_ = emqx.create_privatelink(NO_SERVICE)
    emqx.until_status(id_, "failed")
    assert refusal(emqx.delete_privatelink(id_)) == (422, "INVALID_STATUS")


def test_deleting_twice_is_refused(emqx: Emqx) -> None:
    """A terminated PrivateLink is not running (contract, INVALID_STATUS)."""
    emqx.put("durations", {"platform_delete": FAR})
    id_ = emqx.create_privatelink(NO_SERVICE)
    emqx.delete_privatelink(id_)
    assert refusal(emqx.delete_privatelink(id_)) == (422, "INVALID_STATUS")


def test_deleting_what_never_was_is_not_found(emqx: Emqx) -> None:
    """404, which counts as gone only when a read confirms it (contract, DELETE)."""
    assert refusal(emqx.delete_privatelink("pl3f9c21")) == (404, "NOT_FOUND")


def test_two_deployments_share_an_account(emqx: Emqx) -> None:
    """The ARN alone proves no connection: deployments can share an account (assumed: no public source)."""
    service = emqx.create_service()
    emqx.create_privatelink(service.name)
    emqx.create_privatelink(service.name, "w41b11c1")
    until(lambda: len(emqx.connections(service)) == 2)
    assert {EMQX_ACCOUNT} == {connection["VpcEndpointOwner"] for connection in emqx.connections(service)}


def test_connectors_may_block_a_delete(emqx: Emqx) -> None:
    """DEPENDENCY_EXISTS while a connector uses the address (contract; assumed: no public source)."""
    emqx.put("quirks", {"dependants_block_delete": True})
    row = emqx.running_privatelink(emqx.create_service())
    body = {"type": "mysql", "name": "orders", "server": f"{row['address']}:3306", "database": "d"}
    assert emqx.broker.post("/connectors", json=body).status_code == 201
    assert refusal(emqx.delete_privatelink(row["privatelinkID"])) == (422, "DEPENDENCY_EXISTS")
    assert emqx.broker.delete("/connectors/mysql%3Aorders").status_code == 204
    assert emqx.delete_privatelink(row["privatelinkID"]).status_code == 204


def test_fault_stuck_keeps_it_pending(emqx: Emqx) -> None:
    """No VPC endpoint is ever made for it."""
    emqx.fault(POST_PRIVATELINK, "stuck")
    stuck, other = emqx.create_privatelink(NO_SERVICE), emqx.create_privatelink("another")
    emqx.until_status(other, "failed")
    assert emqx.statuses()[stuck] == "pending"


@pytest.mark.parametrize("withheld", [True, False])
def test_fault_failed_ends_it_with_or_without_reason(emqx: Emqx, withheld: bool) -> None:  # noqa: FBT001
    """`failed` comes with and without reason (contract, PrivateLink)."""
    emqx.put("quirks", {"withhold_reason": withheld})
    emqx.fault(POST_PRIVATELINK, "failed")
    id_ = emqx.create_privatelink(NO_SERVICE)
    emqx.until_status(id_, "failed")
    assert bool(emqx.get_privatelink(id_).get("reason")) is not withheld


def test_fault_not_visible_hides_it_from_reads_for_a_while(emqx: Emqx) -> None:
    """Reads do not show it and writes know it: a caller that only looks would post it twice."""
    emqx.fault(POST_PRIVATELINK, "not_visible", seconds=HOUR)
    id_ = emqx.create_privatelink(NO_SERVICE)
    assert emqx.platform.get(f"/deployments/{DEPLOYMENT}/privatelinks").json() == []
    assert refusal(post(emqx, serviceName=NO_SERVICE)) == (422, "ALREADY_EXISTS")
    emqx.an_hour_later()
    until(lambda: emqx.get_privatelink(id_).get("privatelinkID") == id_)


@pytest.mark.parametrize(("kind", "expected"), [("stuck", "terminated"), ("failed", "failed")])
def test_a_delete_can_be_stuck_or_fail(emqx: Emqx, kind: str, expected: str) -> None:
    """DELETE is accepted, and then it is `terminated` for long, or `failed` (assumed: no public source)."""
    service = emqx.create_service()
    id_ = emqx.running_privatelink(service)["privatelinkID"]
    emqx.fault(DELETE_PRIVATELINK, kind)
    assert emqx.delete_privatelink(id_).status_code == 204
    emqx.until_status(id_, expected)
    assert emqx.connection_state(service) == "available"


def test_a_lost_reply_leaves_the_row_behind(emqx: Emqx) -> None:
    """POST took effect and its answer did not arrive: what any network can do."""
    emqx.fault(POST_PRIVATELINK, "lost_reply")
    with pytest.raises(httpx.RemoteProtocolError):
        post(emqx, serviceName=NO_SERVICE)
    assert [NO_SERVICE] == [row["serviceName"] for row in emqx.books()["platform"][DEPLOYMENT]]


@pytest.mark.parametrize("kind", ["throttle", "server_error", "lost_reply"])
def test_the_platform_is_patient_with_aws(emqx: Emqx, kind: str) -> None:
    """A throttled, broken or unanswered CreateVpcEndpoint makes one VPC endpoint (ec2-api-idempotency)."""
    service = emqx.create_service()
    emqx.fault("CreateVpcEndpoint", kind)
    id_ = emqx.create_privatelink(service.name)
    until(lambda: emqx.get_privatelink(id_)["vpcEndpointID"])
    assert len(emqx.connections(service)) == 1


def test_the_platform_makes_vpc_endpoints_in_the_order_in_which_they_were_asked_for(emqx: Emqx) -> None:
    """One that AWS has put off goes first when the next is due, and not whenever luck has it."""
    first, second = emqx.create_service(), emqx.create_service()
    emqx.put("clock", {"speed": 20})
    emqx.fault("CreateVpcEndpoint", "throttle")
    emqx.create_privatelink(first.name)
    until(lambda: "CreateVpcEndpoint" in {call["action"] for call in emqx.sandbox.calls()})
    emqx.create_privatelink(second.name)
    until(lambda: emqx.connections(second))
    assert emqx.connections(first)


def test_a_reset_forgets_everything(emqx: Emqx) -> None:
    """After a reset there is no PrivateLink, no count and no quirk."""
    emqx.put("quirks", {"writes_per_hour": 1})
    emqx.create_privatelink(NO_SERVICE)
    emqx.sandbox.reset()
    assert emqx.books()["platform"] == {}
    limits = emqx.control.get("/quirks").json()
    assert (60, 60) == (limits["reads_per_hour"], limits["writes_per_hour"])
    assert [201, 201] == [post(emqx, serviceName=name).status_code for name in (NO_SERVICE, "another")]
