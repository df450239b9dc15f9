"""The platform API on the wire: the published half exactly, the assumed half as docs/emqx-platform.openapi.yaml has it.

That file is what these tests call the contract.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.sandbox.emqx_callers import DEPLOYMENT, NO_SERVICE, POST_PRIVATELINK, Emqx, until

if TYPE_CHECKING:
    from tests.support.sandbox import Sandbox

NETWORK = f"/deployments/{DEPLOYMENT}/network"
PRIVATELINKS = f"/deployments/{DEPLOYMENT}/privatelinks"


@pytest.fixture
def emqx(sandbox: Sandbox) -> Emqx:
    """Callers of a fresh sandbox."""
    return Emqx(sandbox)


def refusal(answer: httpx.Response) -> tuple[int, object]:
    """The status and the code of an error answer."""
    return answer.status_code, answer.json().get("code")


def test_deployments_are_a_bare_array_of_the_published_fields(emqx: Emqx) -> None:
    """GET /deployments answers a bare array with EMQX's own names and casing ("Deployment Management")."""
    deployments = emqx.platform.get("/deployments").json()
    published = {
        "deploymentID",
        "deploymentName",
        "deploymentType",
        "projectName",
        "platform",
        "region",
        "status",
        "version",
        "connections",
        "tps",
        "createAt",
    }
    assert [published] * 11 == [set(deployment) for deployment in deployments]


def test_one_deployment_comes_without_project_and_version(emqx: Emqx) -> None:
    """GET /deployments/{deploymentID} has no projectName and no version ("Deployment Management")."""
    [listed] = [one for one in emqx.platform.get("/deployments").json() if one["deploymentID"] == DEPLOYMENT]
    del listed["projectName"], listed["version"]
    assert listed == emqx.platform.get(f"/deployments/{DEPLOYMENT}").json()


def test_region_and_platform_are_display_labels(emqx: Emqx) -> None:
    """Answers say labels, with the region's code in parentheses or not at all ("Deployment Management", examples)."""
    labels = {one["deploymentID"]: (one["platform"], one["region"]) for one in emqx.platform.get("/deployments").json()}
    expected = {
        "w41b11c0": ("AWS", "N. Virginia (us-east-1)"),
        "wazure00": ("Azure", "East US (eastus)"),
        "wnocode0": ("AWS", "N. Virginia"),
    }
    assert expected == {id_: labels[id_] for id_ in expected}


def test_times_have_minutes_and_no_zone(emqx: Emqx) -> None:
    """Times read "2024-07-22 05:32" ("Deployment Management"); for PrivateLinks that is assumed: no public source."""
    emqx.create_privatelink(NO_SERVICE)
    rows = [*emqx.platform.get("/deployments").json(), *emqx.platform.get(PRIVATELINKS).json()]
    assert [] == [row for row in rows if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", row["createAt"])]


def test_network_shows_what_the_console_dialog_shows(emqx: Emqx) -> None:
    """GET network gives the region's code, the AZ IDs and the principal ARN (contract, assumed half)."""
    network = emqx.platform.get(NETWORK).json()
    del network["vpcID"], network["cidr"]
    expected = {
        "deploymentID": DEPLOYMENT,
        "region": "us-east-1",
        "azIDs": ["use1-az1", "use1-az2"],
        "awsARN": "arn:aws:iam::111122223333:root",
    }
    assert expected == network


def test_a_deployment_off_aws_has_no_network(emqx: Emqx) -> None:
    """There is at least one AZ ID in azIDs (contract), so where there is none the answer is an error."""
    assert refusal(emqx.platform.get("/deployments/wazure00/network")) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("path", ["", "/network", "/privatelinks", "/privatelinks/pl3f9c21"])
def test_an_unknown_deployment_is_not_found(emqx: Emqx, path: str) -> None:
    """404 NOT_FOUND on every path of a deployment that is not there (contract, Error)."""
    assert refusal(emqx.platform.get(f"/deployments/w0000000{path}")) == (404, "NOT_FOUND")


def test_an_unknown_path_is_not_found(emqx: Emqx) -> None:
    """Only the contract's paths are there: EMQX publishes no peering API ("Platform API")."""
    assert refusal(emqx.platform.get(f"/deployments/{DEPLOYMENT}/vpc-peerings")) == (404, "NOT_FOUND")


def test_deployments_cannot_be_deleted(emqx: Emqx) -> None:
    """There is no DELETE /deployments: the mock of EMQX's Terraform provider answers 405."""
    assert emqx.platform.delete(f"/deployments/{DEPLOYMENT}").status_code == 405


@pytest.mark.parametrize("secret", ["wrong", "of-the-deployment"])
def test_a_wrong_secret_is_refused(emqx: Emqx, secret: str) -> None:
    """401 BAD_API_KEY_OR_SECRET; the deployment's key is another pair (EMQX's Terraform provider)."""
    env = emqx.sandbox.env
    pairs = {
        "wrong": (env["EMQXCLOUD_PLATFORM_API_KEY"], "wrong"),
        "of-the-deployment": (env["EMQXCLOUD_DEPLOYMENT_API_KEY"], env["EMQXCLOUD_DEPLOYMENT_API_SECRET"]),
    }
    answer = emqx.platform.get("/deployments", auth=pairs[secret])
    assert refusal(answer) == (401, "BAD_API_KEY_OR_SECRET")


def test_a_call_without_key_is_refused(emqx: Emqx) -> None:
    """401 without the header ("Deployment Management"); the code is the broker's (`emqx_http_api.hrl`)."""
    answer = httpx.get(f"{emqx.sandbox.env['EMQXCLOUD_PLATFORM_ENDPOINT']}/deployments")
    assert refusal(answer) == (401, "AUTHORIZATION_HEADER_ERROR")


def test_the_61st_call_in_an_hour_is_refused_and_an_hour_later_it_is_not(emqx: Emqx) -> None:
    """60 requests in 60 minutes ("Deployment Management"), counted per path template (assumed: no public source)."""
    statuses = [emqx.platform.get(f"/deployments/{DEPLOYMENT}").status_code for _ in range(60)]
    assert [200] * 60 == statuses
    # Another id is the same template; another template has its own limit.
    answer = emqx.platform.get("/deployments/w41b11c1")
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, False)
    assert emqx.platform.get("/deployments").status_code == 200
    emqx.an_hour_later()
    until(lambda: emqx.platform.get(f"/deployments/{DEPLOYMENT}").status_code == 200)


@pytest.mark.parametrize(("quirk", "method"), [("reads_per_hour", "GET"), ("writes_per_hour", "POST")])
def test_the_assumed_half_has_limits_of_its_own(emqx: Emqx, quirk: str, method: str) -> None:
    """The limits of the assumed half can both be set (assumed: no public source)."""
    emqx.put("quirks", {quirk: 1})
    body = {"serviceName": NO_SERVICE} if method == "POST" else None
    assert [emqx.platform.request(method, PRIVATELINKS, json=body).status_code for _ in range(2)][1] == 429


@pytest.mark.parametrize(("status", "seen"), [(None, 400), (401, 401)])
def test_a_refusal_has_the_words_that_were_reported(emqx: Emqx, status: int | None, seen: int) -> None:
    """Both of EMQX's APIs refuse any call with any code and sentence, and make nothing."""
    words = {"code": "API_KEY_NOT_ALLOW", "message": "This API Key don't have permission to access this resource"}
    for action in ("POST /deployments/{deploymentID}/privatelinks", "GET /connectors"):
        emqx.sandbox.fault(action, "refusal", **words, **({"status": status} if status else {}))
    for answer in (
        emqx.platform.post(PRIVATELINKS, json={"serviceName": NO_SERVICE}),
        emqx.broker.get("/connectors"),
    ):
        assert (seen, words) == (answer.status_code, answer.json())
    assert [] == emqx.platform.get(PRIVATELINKS).json()


@pytest.mark.parametrize("retry_after", [True, False])
def test_a_throttle_brings_retry_after_only_when_asked(emqx: Emqx, retry_after: bool) -> None:  # noqa: FBT001
    """429 with or without Retry-After (contract, Error), and nothing is made."""
    emqx.fault(POST_PRIVATELINK, "throttle", retry_after=retry_after)
    answer = emqx.platform.post(PRIVATELINKS, json={"serviceName": NO_SERVICE})
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, retry_after)
    assert emqx.books()["platform"] == {}


@pytest.mark.parametrize(("quirk", "code"), [("string", "NOT_FOUND"), ("number", 404), ("missing", None)])
def test_an_error_code_may_be_a_string_a_number_or_missing(emqx: Emqx, quirk: str, code: object) -> None:
    """EMQX's Terraform provider reads a string or a number; that `code` can be missing is assumed: no public source."""
    emqx.put("quirks", {"error_code": quirk})
    assert refusal(emqx.platform.get("/deployments/w0000000")) == (404, code)


def test_a_500_may_be_plain_text(emqx: Emqx) -> None:
    """A body may be plain text (contract; emqx/minirest, the broker's HTTP server)."""
    emqx.put("quirks", {"text_500": True})
    emqx.fault("GET /deployments", "server_error")
    answer = emqx.platform.get("/deployments")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("quirk", "expected"), [("bad_key", (401, "BAD_API_KEY_OR_SECRET")), ("forbidden", (403, "FORBIDDEN"))]
)
def test_access_can_be_denied_mid_run(emqx: Emqx, quirk: str, expected: tuple[int, str]) -> None:
    """A rotated key answers 401, a key whose scope shrank 403 ("Deployment Management": not valid, no permission)."""
    emqx.put("quirks", {"denied_answer": quirk})
    emqx.fault("GET /deployments", "access_denied")
    assert refusal(emqx.platform.get("/deployments")) == expected


@pytest.mark.parametrize(("case", "word"), [("lower", "running"), ("upper", "RUNNING"), ("capitalized", "Running")])
def test_the_case_of_status_words_varies(emqx: Emqx, case: str, word: str) -> None:
    """One version of "AWS PrivateLink" says `running`, another `Running`."""
    emqx.put("quirks", {"status_case": case})
    assert emqx.platform.get(f"/deployments/{DEPLOYMENT}").json()["status"] == word


def test_a_body_that_is_no_object_is_refused(emqx: Emqx) -> None:
    """400 BAD_REQUEST (contract, Error)."""
    assert refusal(emqx.platform.post(PRIVATELINKS, content="[")) == (400, "BAD_REQUEST")


def test_an_unknown_quirk_is_refused_and_none_is_set(emqx: Emqx) -> None:
    """The control path answers 400 with a sentence, all or nothing."""
    before = emqx.control.get("/quirks").json()
    answer = emqx.control.put("/quirks", json={"error_code": "number", "no_such_quirk": 1})
    assert answer.status_code == 400
    assert "no_such_quirk" in answer.text
    assert before == emqx.control.get("/quirks").json()


def test_calls_are_recorded_by_their_template(emqx: Emqx) -> None:
    """The record names the platform's calls as the contract spells them, so that faults and tests use one name."""
    emqx.platform.get(NETWORK)
    [call] = emqx.calls("GET /deployments/{deploymentID}/network")
    assert ("platform", True, 200) == (call["service"], call["read"], call["status"])


def test_somebody_edits_a_description_behind_the_callers_back(emqx: Emqx) -> None:
    """A PrivateLink's or a connector's, and nothing else of it: the console and the dashboard let a person do so."""
    private_link = emqx.create_privatelink(NO_SERVICE)
    body = {"type": "http", "name": "orders", "url": "http://example.com", "description": "ours"}
    assert emqx.broker.post("/connectors", json=body).status_code == 201
    before = emqx.books()
    for id_ in (private_link, "http:orders"):
        emqx.sandbox.out_of_band("description", deployment=DEPLOYMENT, id=id_, description="somebody's")
    assert emqx.broker.get("/connectors/http:orders").json()["description"] == "somebody's"
    [shown] = emqx.platform.get(PRIVATELINKS).json()
    assert (shown["description"], shown["serviceName"]) == ("somebody's", NO_SERVICE)
    assert before["connectors"] != emqx.books()["connectors"]
