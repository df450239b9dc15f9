"""The broker's own API: connectors, what hangs on them, and the probe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import PROVIDER
from tests.sandbox.emqx_callers import Emqx, until

if TYPE_CHECKING:
    import httpx

    from tests.support.sandbox import Sandbox

NOWHERE = "db.example.invalid:3306"


@pytest.fixture
def emqx(sandbox: Sandbox) -> Emqx:
    """Callers of a fresh sandbox."""
    return Emqx(sandbox)


def mysql(server: str = NOWHERE, **more: object) -> dict[str, object]:
    """The body of a MySQL connector."""
    return {"type": "mysql", "name": "orders", "server": server, "database": "d", "password": "hush"} | more


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of an error answer."""
    return answer.status_code, answer.json()["code"]


def settled(emqx: Emqx) -> dict[str, Any]:
    """The connector `orders`, once it is no longer connecting."""
    found: dict[str, Any] = {}

    def is_settled() -> bool:
        found.update(emqx.broker.get("/connectors/mysql%3Aorders").json())
        return bool(found["status"] != "connecting")

    until(is_settled)
    return found


@pytest.mark.parametrize(
    "body",
    [
        {"type": "mysql", "server": NOWHERE, "database": "d"},
        {"type": "pgsql", "server": NOWHERE, "database": "d", "username": "u"},
        {"type": "redis", "parameters": {"redis_type": "single", "server": NOWHERE}},
        {"type": "http", "url": "http://db.example.invalid:8080/a,b"},
        {"type": "kafka_producer", "bootstrap_hosts": "one.example.invalid:9092,two.example.invalid"},
    ],
)
def test_a_created_connector_is_connecting_on_every_node(emqx: Emqx, body: dict[str, object]) -> None:
    """POST answers 201 with the whole object and never proves connectivity (broker, `POST /connectors`)."""
    emqx.put("durations", {"connector_connected": 1e9})
    answer = emqx.broker.post("/connectors", json=body | {"name": "orders"})
    assert answer.status_code == 201, answer.text
    created = answer.json()
    nodes = created.pop("node_status")
    assert [{"status": "connecting"}] * 2 == [{"status": one["status"]} for one in nodes]
    expected = body | {"name": "orders", "enable": True, "status": "connecting", "actions": [], "sources": []}
    assert expected == created


def test_reads_show_the_connector_with_secrets_redacted(emqx: Emqx) -> None:
    """GET one and the bare array agree, and secrets come back as `******` (broker, `GET /connectors`)."""
    emqx.broker.post("/connectors", json=mysql(tls={"password": "hush"}, headers={"authorization": "hush"}))
    one = settled(emqx)
    assert ("******", "******") == (one["password"], one["tls"]["password"])
    assert [one] == emqx.broker.get("/connectors").json()
    assert "hush" not in emqx.broker.get("/connectors").text


def test_the_id_may_come_escaped_or_not(emqx: Emqx) -> None:
    """EMQX's Terraform provider escapes the `:` in the id."""
    emqx.broker.post("/connectors", json=mysql())
    assert [200, 200] == [emqx.broker.get(f"/connectors/mysql{colon}orders").status_code for colon in ("%3A", ":")]


def test_the_same_name_twice_is_refused(emqx: Emqx) -> None:
    """400 ALREADY_EXISTS: the name is the key (broker, `POST /connectors`)."""
    emqx.broker.post("/connectors", json=mysql())
    assert refusal(emqx.broker.post("/connectors", json=mysql())) == (400, "ALREADY_EXISTS")


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "banana"},
        {"type": None},
        {"name": "-orders"},
        {"name": "o" * 255},
        {"server": ""},
        {"server": "db:port"},
        {"database": None},
    ],
)
@pytest.mark.parametrize("path", ["/connectors", "/connectors_probe"])
def test_a_wrong_body_is_refused(emqx: Emqx, path: str, wrong: dict[str, object]) -> None:
    """400 BAD_REQUEST with JSON text as message, on create and probe alike (broker, `POST /connectors`)."""
    answer = emqx.broker.post(path, json=mysql() | wrong)
    assert refusal(answer) == (400, "BAD_REQUEST")
    assert answer.json()["message"].startswith("{")


def test_an_absent_connector_is_not_found(emqx: Emqx) -> None:
    """404 NOT_FOUND on GET and DELETE (broker, `/connectors/{id}`)."""
    answers = [emqx.broker.request(method, "/connectors/mysql%3Aorders") for method in ("GET", "DELETE")]
    assert [(404, "NOT_FOUND")] * 2 == [refusal(answer) for answer in answers]


def test_an_address_of_a_running_privatelink_connects_on_every_node(emqx: Emqx) -> None:
    """It connects when a healthy target listens behind the PrivateLink's address; the probe answers 204."""
    row = emqx.running_privatelink(emqx.create_service())
    server = f"{row['address']}:3306"
    until(lambda: emqx.broker.post("/connectors_probe", json=mysql(server)).status_code == 204)
    assert emqx.broker.get("/connectors").json() == []
    emqx.broker.post("/connectors", json=mysql(server))
    one = settled(emqx)
    assert ("connected", ["connected"] * 2) == (one["status"], [node["status"] for node in one["node_status"]])
    assert "status_reason" not in one


def test_a_look_behind_the_address_is_no_call_of_anybody(emqx: Emqx) -> None:
    """Packets call no API: the provider's calls are not recorded for it, and no fault of the provider is used up."""
    service = emqx.create_service()
    server = f"{emqx.running_privatelink(service)['address']}:3306"
    emqx.control.delete("/calls")
    for action in ("DescribeListeners", "DescribeTargetHealth"):
        emqx.fault(action, "throttle")
    until(lambda: emqx.broker.post("/connectors_probe", json=mysql(server)).status_code == 204)
    emqx.broker.post("/connectors", json=mysql(server))
    assert settled(emqx)["status"] == "connected"
    assert [] == [call for call in emqx.control.get("/calls").json() if call["account"] == PROVIDER]
    assert [0, 0] == [fault["hits"] for fault in emqx.control.get("/faults").json()]


def test_a_port_without_listener_refuses(emqx: Emqx) -> None:
    """It is disconnected with econnrefused; the probe answers 400 TEST_FAILED (broker, `POST /connectors_probe`)."""
    server = f"{emqx.running_privatelink(emqx.create_service())['address']}:5432"
    emqx.broker.post("/connectors", json=mysql(server))
    one = settled(emqx)
    assert ("disconnected", "econnrefused") == (one["status"], one["status_reason"])
    probe = emqx.broker.post("/connectors_probe", json=mysql(server))
    assert ((400, "TEST_FAILED"), "econnrefused") == (refusal(probe), probe.json()["message"])


def test_an_unhealthy_target_times_out(emqx: Emqx) -> None:
    """Without a healthy target packets get lost; the probe says `timeout` (broker, `POST /connectors_probe`)."""
    row = emqx.running_privatelink(emqx.create_service(target="10.0.1.99"))
    probe = emqx.broker.post("/connectors_probe", json=mysql(f"{row['address']}:3306"))
    assert ((400, "TEST_FAILED"), "timeout") == (refusal(probe), probe.json()["message"])


def test_an_unknown_host_is_not_resolved(emqx: Emqx) -> None:
    """It is disconnected with nxdomain: the deployment's VPC knows PrivateLink addresses only."""
    emqx.broker.post("/connectors", json=mysql())
    one = settled(emqx)
    assert ("disconnected", "nxdomain") == (one["status"], one["status_reason"])
    assert refusal(emqx.broker.post("/connectors_probe", json=mysql())) == (400, "TEST_FAILED")


def test_an_address_of_another_deployment_is_not_resolved(emqx: Emqx) -> None:
    """A PrivateLink serves the deployment that has it and no other."""
    row = emqx.running_privatelink(emqx.create_service())
    other = emqx.sandbox.env["EMQXCLOUD_DEPLOYMENT_ENDPOINT"].replace("w41b11c0", "w41b11c1")
    answer = emqx.broker.post(f"{other}/connectors_probe", json=mysql(f"{row['address']}:3306"))
    assert ((400, "TEST_FAILED"), "nxdomain") == (refusal(answer), answer.json()["message"])


def test_a_connector_disconnects_when_its_privatelink_goes(emqx: Emqx) -> None:
    """The order that "AWS PrivateLink" warns of: deleting the PrivateLink under its resources."""
    row = emqx.running_privatelink(emqx.create_service())
    until(lambda: emqx.broker.post("/connectors_probe", json=mysql(f"{row['address']}:3306")).status_code == 204)
    emqx.broker.post("/connectors", json=mysql(f"{row['address']}:3306"))
    assert settled(emqx)["status"] == "connected"
    emqx.delete_privatelink(row["privatelinkID"])
    assert settled(emqx)["status"] == "disconnected"


def test_nodes_that_differ_are_inconsistent_and_the_probe_does_not_see_it(emqx: Emqx) -> None:
    """Nodes differ: `inconsistent`; the probe runs on one node and passes (broker, `POST /connectors_probe`)."""
    row = emqx.running_privatelink(emqx.create_service())
    emqx.put("quirks", {"unreachable_nodes": 1})
    server = f"{row['address']}:3306"
    until(lambda: emqx.broker.post("/connectors_probe", json=mysql(server)).status_code == 204)
    emqx.broker.post("/connectors", json=mysql(server))
    one = settled(emqx)
    statuses = [node["status"] for node in one["node_status"]]
    assert ("inconsistent", ["connected", "disconnected"]) == (one["status"], statuses)


def test_a_disabled_connector_is_stopped(emqx: Emqx) -> None:
    """`stopped` with enable false, though the enum lacks the word (broker, `emqx_connector_api_SUITE`)."""
    emqx.broker.post("/connectors", json=mysql(enable=False))
    assert settled(emqx)["status"] == "stopped"


@pytest.mark.parametrize("kind", ["actions", "sources"])
def test_a_connector_in_use_cannot_be_deleted(emqx: Emqx, kind: str) -> None:
    """400 BAD_REQUEST while actions or sources use it (broker, `DELETE /connectors/{id}`)."""
    emqx.broker.post("/connectors", json=mysql())
    user = {"type": "mysql", "name": "store", "connector": "orders"}
    assert emqx.broker.post(f"/{kind}", json=user).status_code == 201
    assert ["store"] == emqx.broker.get("/connectors/mysql%3Aorders").json()[kind]
    assert ["store"] == [one["name"] for one in emqx.broker.get(f"/{kind}").json()]
    assert refusal(emqx.broker.delete("/connectors/mysql%3Aorders")) == (400, "BAD_REQUEST")
    assert emqx.broker.delete(f"/{kind}/mysql%3Astore").status_code == 204
    assert emqx.broker.delete("/connectors/mysql%3Aorders").status_code == 204
    assert emqx.broker.get("/connectors").json() == []


def test_an_action_in_use_cannot_be_deleted(emqx: Emqx) -> None:
    """400 BAD_REQUEST with the ids of the rules that use it (broker, `DELETE /actions/{id}`)."""
    emqx.broker.post("/connectors", json=mysql())
    emqx.broker.post("/actions", json={"type": "mysql", "name": "store", "connector": "orders"})
    rule = {"id": "r1", "sql": 'SELECT * FROM "t/#"', "actions": ["mysql:store"]}
    assert emqx.broker.post("/rules", json=rule).status_code == 201
    answer = emqx.broker.delete("/actions/mysql%3Astore")
    assert ((400, "BAD_REQUEST"), ["r1"]) == (refusal(answer), answer.json()["rules"])
    assert emqx.broker.delete("/rules/r1").status_code == 204
    assert emqx.broker.delete("/actions/mysql%3Astore").status_code == 204


def test_a_source_in_use_cannot_be_deleted(emqx: Emqx) -> None:
    """A rule uses a source by selecting from it, and names it in its SQL (broker, `DELETE /sources/{id}`)."""
    emqx.broker.post("/connectors", json={"type": "mqtt", "name": "site", "server": "site.example.invalid:1883"})
    emqx.broker.post("/sources", json={"type": "mqtt", "name": "in", "connector": "site"})
    emqx.broker.post("/rules", json={"id": "r1", "sql": 'SELECT * FROM "$sources/mqtt:in"'})
    assert emqx.broker.delete("/sources/mqtt%3Ain").json()["rules"] == ["r1"]


def test_an_action_needs_its_connector(emqx: Emqx) -> None:
    """400 BAD_REQUEST when the connector is not there."""
    user = {"type": "mysql", "name": "store", "connector": "orders"}
    assert refusal(emqx.broker.post("/actions", json=user)) == (400, "BAD_REQUEST")


def test_rules_come_in_pages(emqx: Emqx) -> None:
    """`{"data", "meta": {page, limit, count, hasnext}}`, default limit 100, filter by action (broker, `GET /rules`)."""
    for number in range(3):
        rule = {"id": f"r{number}", "sql": "SELECT 1", "actions": ["mysql:store"] if number == 1 else []}
        emqx.broker.post("/rules", json=rule)
    first = emqx.broker.get("/rules", params={"limit": 2}).json()
    assert {"page": 1, "limit": 2, "count": 3, "hasnext": True} == first["meta"]
    second = emqx.broker.get("/rules", params={"limit": 2, "page": 2}).json()
    assert ["r0", "r1", "r2"] == [rule["id"] for rule in first["data"] + second["data"]]
    using = emqx.broker.get("/rules", params={"action": "mysql:store"}).json()
    assert (["r1"], 100) == ([rule["id"] for rule in using["data"]], using["meta"]["limit"])
    assert refusal(emqx.broker.get("/rules", params={"limit": 10_001})) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(("kind", "expected"), [("stuck", "connecting"), ("failed", "disconnected")])
def test_a_connector_can_be_stuck_or_fail(emqx: Emqx, kind: str, expected: str) -> None:
    """The fault plan reaches connectors: connecting forever, or disconnected whatever is behind the address."""
    row = emqx.running_privatelink(emqx.create_service())
    until(lambda: emqx.broker.post("/connectors_probe", json=mysql(f"{row['address']}:3306")).status_code == 204)
    emqx.fault("POST /connectors", kind)
    emqx.broker.post("/connectors", json=mysql(f"{row['address']}:3306"))
    emqx.broker.post("/connectors", json=mysql(f"{row['address']}:3306", name="sound"))
    until(lambda: emqx.broker.get("/connectors/mysql%3Asound").json()["status"] == "connected")
    assert emqx.broker.get("/connectors/mysql%3Aorders").json()["status"] == expected


def test_a_connector_may_be_invisible_for_a_while(emqx: Emqx) -> None:
    """Fault `not_visible`: reads do not show it, and a second create is ALREADY_EXISTS."""
    emqx.fault("POST /connectors", "not_visible", seconds=3600)
    emqx.broker.post("/connectors", json=mysql())
    assert emqx.broker.get("/connectors").json() == []
    assert refusal(emqx.broker.post("/connectors", json=mysql())) == (400, "ALREADY_EXISTS")
    emqx.an_hour_later()
    until(lambda: emqx.broker.get("/connectors/mysql%3Aorders").status_code == 200)


def test_the_platform_key_opens_no_broker(emqx: Emqx) -> None:
    """The deployment's key is another pair, never the platform's (EMQX's Terraform provider)."""
    env = emqx.sandbox.env
    pair = (env["EMQXCLOUD_PLATFORM_API_KEY"], env["EMQXCLOUD_PLATFORM_API_SECRET"])
    assert refusal(emqx.broker.get("/connectors", auth=pair)) == (401, "BAD_API_KEY_OR_SECRET")


def test_the_broker_always_says_a_string_code(emqx: Emqx) -> None:
    """`{"code": "UPPER_SNAKE", "message"}` (broker, `emqx_http_api.hrl`): the platform's quirk is not the broker's."""
    emqx.put("quirks", {"error_code": "number"})
    assert emqx.broker.get("/connectors/mysql%3Aorders").json()["code"] == "NOT_FOUND"


def test_the_books_hold_connectors_without_secrets(emqx: Emqx) -> None:
    """The books list every deployment's connectors, redacted."""
    emqx.broker.post("/connectors", json=mysql())
    books = emqx.books()["connectors"]
    assert [("orders", "******")] == [(one["name"], one["password"]) for one in books["w41b11c0"]]


PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_certificates_are_kept_in_files_and_shown_by_their_paths(emqx: Emqx) -> None:
    """PEM text never comes back, `oauth2.ssl` included; a path stays as it is (broker, `emqx_tls_lib`)."""
    ssl = {"enable": True, "cacertfile": PEM, "certfile": "etc/certs/cert.pem"}
    emqx.broker.post("/connectors", json=mysql(ssl=ssl, oauth2={"ssl": {"keyfile": PEM}}))
    shown = settled(emqx)
    assert shown["ssl"]["cacertfile"].startswith("data/certs/connectors/mysql:orders/cacert-")
    assert shown["ssl"]["certfile"] == "etc/certs/cert.pem"
    assert shown["oauth2"]["ssl"]["keyfile"].startswith("data/certs/connectors/mysql:orders/oauth2/key-")
    assert "BEGIN" not in emqx.broker.get("/connectors").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "http", "url": "db.example.invalid:8080"},
        {"type": "http", "url": "http://user:hush@db.example.invalid:8080"},
        {"type": "http", "url": "http://db.example.invalid:8080/#part"},
        {"ssl": {"cacertfile": "-----BEGIN CERTIFICATE-----\ncut off"}},
        {"ssl": {"keyfile": "neither text nor path"}},
    ],
)
def test_what_the_schema_lets_pass_may_be_invalid_all_the_same(emqx: Emqx, wrong: dict[str, object]) -> None:
    """`validation_error` as JSON text: 400 TEST_FAILED of a probe, BAD_REQUEST of a create (`emqx_connector_api`)."""
    for path, code in (("/connectors_probe", "TEST_FAILED"), ("/connectors", "BAD_REQUEST")):
        answer = emqx.broker.post(path, json=mysql() | wrong)
        assert refusal(answer) == (400, code)
        assert '"kind": "validation_error"' in answer.json()["message"]


def test_with_ssrf_protection_a_privatelinks_address_is_invalid_and_an_unknown_host_passes(emqx: Emqx) -> None:
    """A host is refused for the private address to which it resolves (`rule_engine.ssrf`, EMQX 6)."""
    row = emqx.running_privatelink(emqx.create_service())
    emqx.put("quirks", {"ssrf_protection": True})
    body = {"type": "http", "name": "orders", "url": f"http://{row['address']}:3306"}
    answer = emqx.broker.post("/connectors_probe", json=body)
    assert refusal(answer) == (400, "TEST_FAILED")
    assert '"kind": "validation_error"' in answer.json()["message"]
    nowhere = emqx.broker.post("/connectors_probe", json=body | {"url": "http://db.example.invalid:3306"})
    assert nowhere.json()["message"] == "nxdomain"


def test_a_namespace_has_names_of_its_own(emqx: Emqx) -> None:
    """A global key lists every namespace's connectors, unless it asks for the global ones (EMQX 6)."""
    assert emqx.broker.post("/connectors", json=mysql()).is_success
    assert emqx.broker.post("/connectors?ns=team", json=mysql()).is_success
    assert [one.get("namespace") for one in emqx.broker.get("/connectors").json()] == [None, "team"]
    assert len(emqx.broker.get("/connectors?only_global=true").json()) == 1
