"""What a deployment keeps beside connectors, and the API key's scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.emqx_callers import Emqx

if TYPE_CHECKING:
    from tests.support.sandbox import Sandbox

HOST = "vpce-1.example.com"
AUTHENTICATOR = {"mechanism": "password_based", "backend": "mysql", "server": f"{HOST}:3306", "password": "hush"}
MADE = [
    ("/authentication", AUTHENTICATOR, "/authentication/password_based%3Amysql"),
    ("/authentication", {"mechanism": "jwt", "endpoint": f"https://{HOST}/jwks"}, "/authentication/jwt"),
    ("/authorization/sources", {"type": "pgsql", "server": f"{HOST}:5432"}, "/authorization/sources/pgsql"),
    ("/exhooks", {"name": "audit", "url": f"http://{HOST}:9000"}, "/exhooks/audit"),
    ("/cluster/links", {"name": "west", "server": f"{HOST}:1883"}, "/cluster/links/link/west"),
    (
        "/schema_registry_external",
        {"name": "confluent", "type": "confluent", "url": f"http://{HOST}:8081"},
        "/schema_registry_external/registry/confluent",
    ),
    (
        "/schema_registry",
        {"name": "protos", "type": "external_http", "parameters": {"url": f"http://{HOST}:8082"}},
        "/schema_registry/protos",
    ),
    (
        "/ai/providers",
        {"name": "own", "type": "openai", "base_url": f"http://{HOST}:8083", "api_key": "hush"},
        "/ai/providers/own",
    ),
]


@pytest.fixture
def emqx(sandbox: Sandbox) -> Emqx:
    """Callers of a fresh sandbox."""
    return Emqx(sandbox)


@pytest.mark.parametrize(("path", "body", "item"), MADE)
def test_a_thing_is_made_listed_without_its_secrets_and_deleted(
    emqx: Emqx, path: str, body: dict[str, object], item: str
) -> None:
    """Each kind by EMQX's own paths; the books show it meanwhile, and nothing of it after."""
    assert emqx.broker.post(path, json=body).is_success
    listed = emqx.broker.get(path)
    assert HOST in listed.text
    assert "hush" not in listed.text
    assert list(emqx.books()["configuration"]["w41b11c0"]) == [path]
    assert emqx.broker.post(path, json=body).json()["code"] == "ALREADY_EXISTS"
    assert emqx.broker.delete(item).status_code == 204
    assert emqx.broker.delete(item).status_code == 404
    assert "configuration" not in emqx.books()


def test_each_kind_is_listed_in_its_own_shape(emqx: Emqx) -> None:
    """Bare arrays, but for authorization's object and the external registries' map (emqx/emqx, see the table)."""
    for path, body, _ in MADE:
        emqx.broker.post(path, json=body)
    assert [one["type"] for one in emqx.broker.get("/authorization/sources").json()["sources"]] == ["pgsql"]
    assert list(emqx.broker.get("/schema_registry_external").json()) == ["confluent"]
    ids = [one["id"] for one in emqx.broker.get("/authentication").json()]
    assert ids == ["password_based:mysql", "jwt"]


def test_a_gateway_is_listed_before_it_is_loaded_and_shows_all_of_its_configuration(emqx: Emqx) -> None:
    """`unloaded` first; loaded, it shows its authenticator and its listeners' (broker, `emqx_gateway_api`)."""
    assert {one["status"] for one in emqx.broker.get("/gateways").json()} == {"unloaded"}
    assert emqx.broker.get("/gateways/stomp/authentication").status_code == 404
    listener = {"type": "tcp", "name": "default", "authentication": AUTHENTICATOR}
    assert emqx.broker.put("/gateways/stomp", json={"listeners": [listener]}).status_code == 204
    assert emqx.broker.get("/gateways/stomp/authentication").status_code == 204
    assert emqx.broker.post("/gateways/stomp/authentication", json=AUTHENTICATOR).status_code == 201
    assert emqx.broker.get("/gateways/stomp/authentication").json()["server"] == f"{HOST}:3306"
    whole = emqx.broker.get("/gateways/stomp").json()
    assert (whole["status"], whole["authentication"]["password"]) == ("running", "******")
    assert whole["listeners"][0]["authentication"]["server"] == f"{HOST}:3306"
    assert emqx.broker.get("/gateways/banana").status_code == 404


def test_a_narrowed_key_reads_only_what_its_scopes_allow(emqx: Emqx) -> None:
    """403 UNAUTHORIZED_ROLE beyond them (broker, `emqx_mgmt_auth:check_path_in_scopes/2`)."""
    emqx.put("quirks", {"deployment_key_scopes": ["data_integration", "gateways"]})
    for path, expected in (("/connectors", 200), ("/exhooks", 200), ("/gateways", 200), ("/ai/providers", 200)):
        assert emqx.broker.get(path).status_code == expected
    for path in ("/authentication", "/authorization/sources", "/cluster/links"):
        answer = emqx.broker.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "UNAUTHORIZED_ROLE")


def test_an_older_version_lacks_some_paths(emqx: Emqx) -> None:
    """404, as for any path that there is not."""
    emqx.put("quirks", {"lacking": ["/ai/"]})
    assert emqx.broker.get("/ai/providers").status_code == 404
    assert emqx.broker.get("/exhooks").status_code == 200
