"""The connector's body: filled in, compared, and kept secret."""

import pytest
from pydantic import JsonValue

from clouds.emqx.connector_body import ConnectorBody
from clouds.secrets import OfferedSecrets, SecretSettings
from privatelink.model.request import Connector

SECRET = 'p&ss "w\\rd"/ü'
MYSQL: dict[str, JsonValue] = {
    "server": "{address}:3306",
    "database": "orders",
    "password": {"secret": "env:ORDERS_DB"},
    "pool_size": 8,
    "ssl": {"enable": False},
    "hosts": ["{address}:3306", {"key": {"secret": "env:ORDERS_KEY"}}],
}
ENVIRONMENT = {"PRIVATELINK_SECRET_ORDERS_DB": SECRET, "PRIVATELINK_SECRET_ORDERS_KEY": "k3y"}


def body_of(parameters: dict[str, JsonValue] = MYSQL, environment: dict[str, str] = ENVIRONMENT) -> ConnectorBody:
    """The body of a connector with these parameters."""
    connector = Connector(type="mysql", name="orders", parameters=parameters)
    return ConnectorBody(connector, "w41b11c0", OfferedSecrets(SecretSettings(), environment))


def test_address_and_secrets_are_filled_in_at_any_depth() -> None:
    """What EMQX gets is complete, and marked as ours."""
    assert body_of().filled("vpce-1.example", "ours") == {
        "type": "mysql",
        "name": "orders",
        "description": "ours",
        "server": "vpce-1.example:3306",
        "database": "orders",
        "password": SECRET,
        "pool_size": 8,
        "ssl": {"enable": False},
        "hosts": ["vpce-1.example:3306", {"key": "k3y"}],
    }


@pytest.mark.parametrize("environment", [{}, {"PRIVATELINK_SECRET_ORDERS_DB": "", "ORDERS_DB": "x"}])
def test_missing_secrets_are_named_all_at_once(environment: dict[str, str]) -> None:
    """An empty variable counts as missing."""
    assert body_of(environment=environment).missing == ("env:ORDERS_DB", "env:ORDERS_KEY")


def test_a_probe_bounds_how_long_emqx_tries_and_keeps_the_other_options() -> None:
    """EMQX waits for as long as the health check's interval, which a caller may have set to anything."""
    options: JsonValue = {"health_check_interval": "1h", "start_timeout": "5s"}
    probe = body_of({**MYSQL, "resource_opts": options}).for_probe("a", "ours")
    assert probe["resource_opts"] == {"health_check_interval": "10s", "start_timeout": "5s"}


def shown(**changes: JsonValue) -> dict[str, JsonValue]:
    """The connector as EMQX shows it, secrets redacted, defaults added."""
    filled = body_of().filled("vpce-1.example", "ours")
    filled |= {"password": "******", "hosts": ["vpce-1.example:3306", {"key": "******"}], "enable": True}
    return {**filled, **changes}


def test_the_same_connector_has_no_differences() -> None:
    """Redacted secrets and EMQX's defaults count for nothing, with the address known or not."""
    assert body_of().differences(shown(), "vpce-1.example") == ()
    assert body_of().differences(shown()) == ()


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"server": "vpce-2.example:3306"}, ("server",)),
        ({"server": "vpce-1.example:3307"}, ("server",)),
        ({"pool_size": 9}, ("pool_size",)),
        ({"pool_size": None, "database": "x"}, ("database", "pool_size")),
        ({"ssl": {"enable": True}}, ("ssl.enable",)),
        ({"ssl": "on"}, ("ssl",)),
        ({"hosts": []}, ("hosts",)),
        ({"hosts": ["vpce-9.example:3306", {"key": "******"}]}, ("hosts.0",)),
    ],
)
def test_differences_are_named_by_their_path(changes: dict[str, JsonValue], paths: tuple[str, ...]) -> None:
    """A person sees what the request would change."""
    assert body_of().differences(shown(**changes), "vpce-1.example") == paths


def test_a_text_that_emqx_makes_a_number_or_a_switch_of_is_no_difference() -> None:
    """Its schemas convert texts: the same request again must not be a conflict."""
    body = body_of({"server": "{address}", "pool_size": "08", "ratio": 0.5, "ssl": {"enable": "true"}, "name_of": "a"})
    same: dict[str, JsonValue] = {
        "server": "h",
        "pool_size": 8,
        "ratio": "0.50",
        "ssl": {"enable": True},
        "name_of": "a",
    }
    assert body.differences(same) == ()
    assert body.differences({**same, "pool_size": 9, "ratio": "x", "ssl": {"enable": False}, "name_of": 1}) == (
        "pool_size",
        "ratio",
        "ssl.enable",
        "name_of",
    )


def test_without_an_address_any_host_may_stand_in_its_place_and_nothing_else() -> None:
    """Before the link is made its address is unknown; port and path are not."""
    assert body_of().differences(shown(server="vpce-2.example:3306")) == ()
    assert body_of().differences(shown(server="vpce-2.example:3307")) == ("server",)
    assert body_of().differences(shown(server="tcp://vpce-2.example:3306")) == ("server",)


PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("kept", "paths"),
    [
        ("data/certs/connectors/mysql:orders/cacert-7bb6e9d1", ()),
        ("******", ()),
        (PEM, ()),
        (PEM.replace("MIIB", "MIIC"), ("ssl.cacertfile",)),
        ("", ("ssl.cacertfile",)),
        (None, ("ssl.cacertfile",)),
    ],
)
def test_a_certificate_given_as_text_equals_the_file_in_which_emqx_keeps_it(
    kept: JsonValue, paths: tuple[str, ...]
) -> None:
    """EMQX shows the path alone; another text, or none, is a difference."""
    asked: dict[str, JsonValue] = {"server": "{address}:3306", "ssl": {"cacertfile": PEM}}
    assert body_of(asked).differences({"server": "a:3306", "ssl": {"cacertfile": kept}}, "a") == paths


def test_spaces_around_the_commas_between_servers_are_no_difference() -> None:
    """EMQX drops them; in a text of any other kind they count."""
    asked: dict[str, JsonValue] = {"servers": "{address}:1, {address}:2", "sql": "a, b"}
    assert body_of(asked).differences({"servers": "h:1,h:2", "sql": "a, b"}, "h") == ()
    assert body_of(asked).differences({"servers": "h:1,h:2", "sql": "a,b"}, "h") == ("sql",)


def test_what_emqx_says_of_it_holds_none_of_its_secrets() -> None:
    """Whichever of them; the spellings are the redaction's."""
    assert body_of().clean(f"cannot connect with {SECRET}, key k3y") == "cannot connect with ******, key ******"


def test_secrets_do_not_show_in_a_repr() -> None:
    """Nor does an error's traceback with values show them."""
    assert "k3y" not in repr(body_of())
