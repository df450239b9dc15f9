"""Secrets in the clear: refused by name and by shape, never shown; and what only resembles one passes."""

import base64
import contextlib
import json
import time
from typing import Any

import pytest
from pydantic import ValidationError
from temporalio.api.common.v1 import Payload

from privatelink.errors import InvalidRequest, invalid_request
from privatelink.model.clear_secrets import check_parameters
from privatelink.model.listeners import HealthCheck
from privatelink.model.request import PrivateLinkRequest
from privatelink.temporal.payloads import DATA_CONVERTER
from tests.privatelink.model.test_request import REQUEST

SECRET = "hunter2"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
AWS_ID = "AKIA" + "IOSFODNN7EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY"
PEM = f"-----BEGIN PRIVATE KEY-----\n{SECRET}"

BY_NAME = [
    # EMQX's own list (emqx_utils_redact).
    *("access_key_id", "access_key_secret", "access_token", "account_key", "api_key", "api_secret", "bind_password"),
    *("aws_secret_access_key", "id_token", "jwk", "jwt", "mfa_token", "new_pwd", "old_pwd", "passcode", "passwd"),
    *("password", "private_key", "private_key_password", "refresh_token", "secret", "secret_access_key", "secret_key"),
    *("security_token", "sentinel_password", "service_account_json", "setup_token", "sp_private_key", "token"),
    *("totp_code", "verify_token"),
    # Other spellings, and other systems' names.
    *("Password", "PASSWORD", "pass", "pwd", "passphrase", "pass_phrase", "userPassword", "dbpasswd", "password1"),
    *("password_value", "token_v2", "clientSecret", "client-secret", "client.secret", "APIKey", "apikey", "api-key"),
    *("jaas", "sasl_jaas_config", "sasl.jaas.config", "sas_token", "SharedAccessKey", "accountKey", "authToken"),
    *("signing_key", "encryption-key", "subscriptionKey", "license_key", "credentials", "authorization", "cookie"),
    *("pin_secret", "key", "tokens", "passwords", "\uff50assword"),
]


def refusal(parameters: dict[str, Any]) -> str:
    """The words with which the parameters are refused."""
    with pytest.raises(ValueError, match="in the clear") as refused:
        check_parameters(parameters)
    return str(refused.value)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_value_is_refused_where_its_name_says_that_it_is_a_secret(name: str) -> None:
    """At any depth; a reference of the same name passes."""
    message = refusal({"nodes": [{name: SECRET, "other": 1}]})
    assert f"nodes.0.{name}: a secret in the clear" in message
    assert SECRET not in message
    check_parameters({"nodes": [{name: {"secret": "env:A"}, "other": 1}]})


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "Proxy-Authorization", "api-key", "X-API-Key", "cookie", "x-auth-token", "X-Auth", "apikey"),
        *("X-Vault-Token", "private-token", "Ocp-Apim-Subscription-Key", "x-functions-key", "DD-APPLICATION-KEY"),
        *("X-Amz-Security-Token", "X-Signature", "X-Hub-Key"),
    ],
)
def test_a_header_that_carries_a_secret_is_refused(name: str) -> None:
    """As a field, as a pair of name and value, and as a line of text."""
    for headers in ({name: SECRET}, [{"key": name, "value": SECRET}], [{"name": name, "value": SECRET}]):
        assert SECRET not in refusal({"headers": headers})
    assert SECRET not in refusal({"head": f"{name}: {SECRET}"})


def test_a_pair_hides_no_secret_beside_it() -> None:
    """Only its own name and value are judged as a pair."""
    assert "headers.0.x-auth: a secret" in refusal({"headers": [{"key": "a", "value": "b", "x-auth": SECRET}]})


@pytest.mark.parametrize(
    "text",
    [
        f"http://emqx:{SECRET}@db.example.com",
        f"mongodb://:{SECRET}@db.example.com",
        f"mysql://u:pa/{SECRET}@h",
        f"mysql://u:pa?{SECRET}#@h",
        f"https://{SECRET}@h/path",
        f"root:{SECRET}@{{address}}:3306",
        f"root:{SECRET}@tcp(db:3306)/orders",
        f"https://h/path?token={SECRET}",
        f"https://h/path?a=b&password={SECRET}",
        f"https://h/path?sig={SECRET}&se=2026",
        f"https://h/?X-Amz-Signature={SECRET}",
        f"host=h user=u password={SECRET}",
        f"Server=h;User Id=u;Pwd={SECRET};",
        f"DefaultEndpointsProtocol=https;AccountName=n;AccountKey={SECRET}==",
        f'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="{SECRET}";',
        PEM,
        PEM.replace("PRIVATE", "RSA PRIVATE"),
        PEM.replace("PRIVATE", "OPENSSH PRIVATE"),
        base64.b64encode(PEM.encode()).decode(),
        json.dumps({"type": "service_account", "private_key": SECRET}),
        JWT,
        f"Bearer {JWT}",
        "Bearer 0123456789abcdef",
        f"Basic {base64.b64encode(b'user:pass').decode()}",
        AWS_ID,
        AWS_SECRET,
        "ghp_" + "a1B2" * 9,
        "xoxb-" + "123456789012-abc",
    ],
)
def test_a_value_is_refused_where_its_shape_says_that_it_is_a_secret(text: str) -> None:
    """Whatever its field is called, and as a field's name too."""
    for parameters in ({"x": text}, {"x": [{"y": text}]}, {text: 1}):
        assert not {SECRET, JWT, AWS_ID, AWS_SECRET} & set(refusal(parameters).split())
        assert SECRET not in refusal(parameters)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"server": "{address}:3306", "username": "emqx", "pool_size": 8, "sasl_mechanism": "plain"},
        {"mechanism": "password_based", "password_based": "x", "max_retries": 3, "max_tokens": 4096},
        {"token_endpoint_uri": "https://idp.example.com/token", "token_refresh": True, "tokenizer": "x"},
        {"partition_key": "a", "hash_key": "a", "routing_key": "b", "keyspace": "k", "key_encoding_type": "none"},
        {"public_key": "a", "private_key_id": "a", "keyfile": "/etc/key.pem", "secret_name": "x", "secretary": "x"},
        {"password": None, "token": "", "authentication": "none", "jwt": "none", "use_password": True},
        {"password": "${password}", "ssl": {"password": "file:///etc/emqx/secret"}},
        {"headers": {"content-type": "application/json", "Idempotency-Key": "a", "x-request-id": "b"}},
        {"headers": [{"key": "content-type", "value": "text/plain"}]},
        {"headers": {"authorization": {"secret": "env:TOKEN"}, "x-token": "${token}"}},
        {"credentials": {"username": "emqx", "password": {"secret": "env:A"}}},
        {"ssl": {"enable": True, "verify": "verify_peer", "cacertfile": "-----BEGIN CERTIFICATE-----\nMII"}},
        {"url": "http://{address}:8080/a@b", "other": "http://{address}:8080/?email=a@b", "bypass": "x"},
        {"servers": "mongodb://h1:27017,h2:27017/db", "jdbc": "jdbc:mysql://h:3306/db?useSSL=true", "compass": "n"},
        {"words": "Basic authentication", "sha1": "0123456789abcdef0123456789abcdef01234567", "mail": "a@b.example"},
        {"body": '{"id": "${id}", "password_hint": "none"}', "clientid": "app:${clientid}"},
        {"auth_type": "basic", "private": False, "primary_contact": "a", "url": "http://{address}/get?key=orders"},
        {
            "endpoint": "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=all",
            "sid": "ORCL",
            "role": "normal",
        },
        {
            "static_clientids": [{"node": "emqx@a.b", "ids": [{"clientid": "c", "username": "u"}]}],
            "scope": "read write",
        },
    ],
)
def test_what_only_resembles_a_secret_passes(parameters: dict[str, Any]) -> None:
    """Unchanged: a check that cries wolf would be worked around."""
    assert check_parameters(parameters) == parameters


@pytest.mark.parametrize("piece", ["a ", "://a:", "a=", "a: ", "\n", "-----BEGIN ", "eyJ", "a:b@", "Bearer ", "{["])
def test_a_long_text_is_judged_in_time_that_grows_with_its_length(piece: str) -> None:
    """A service that reads its users' requests must not stand still for one of them."""
    began = time.monotonic()
    with contextlib.suppress(ValueError):
        check_parameters({"x": piece * (300_000 // len(piece))})
    assert time.monotonic() - began < 5


def test_every_fault_is_told_at_once() -> None:
    """With the path of each, wrong references among them."""
    message = refusal({"a_password": "x", "b": {"token": "y"}, "c": "http://u:p@h", "d": {"secret": "nonsense"}})
    assert [part.partition(":")[0] for part in message.split("; ")[::2]] == ["a_password", "b.token", "c", "d"]


@pytest.mark.parametrize("tags", [{"db-password": SECRET}, {"link": f"https://u:{SECRET}@h"}, {"note": AWS_ID}])
def test_tags_hold_no_secret(tags: dict[str, str]) -> None:
    """Whoever may look at the account sees them; what is only named like one passes."""
    with pytest.raises(ValidationError, match="in the clear") as refused:
        PrivateLinkRequest.model_validate({**REQUEST, "tags": tags})
    assert SECRET not in str(refused.value)
    PrivateLinkRequest.model_validate({**REQUEST, "tags": {"holds-secret": "true", "cost-center": "0123"}})


def test_the_path_of_a_health_check_holds_no_secret() -> None:
    """It is in the target group, where everybody can read it."""
    with pytest.raises(ValidationError, match="in the clear"):
        HealthCheck(protocol="http", path=f"/health?token={SECRET}")
    HealthCheck(protocol="http", path="/health?full=1")


def test_whoever_has_sent_a_secret_in_the_clear_is_told_to_change_it() -> None:
    """A saga that another language starts has it in its history before any worker can refuse it."""
    connector = {"type": "http", "name": "a", "parameters": {"url": "http://{address}:3306", "pwd": SECRET}}
    with pytest.raises(ValidationError) as refused:
        PrivateLinkRequest.model_validate({**REQUEST, "connector": connector})
    (finding,) = invalid_request(refused.value).details_model.findings
    assert (finding.resource, finding.next_step) == ("connector.parameters", "correct the request")
    assert "write {secret: 'env:NAME'}" in finding.message
    body = json.dumps({**REQUEST, "connector": connector}).encode()
    with pytest.raises(InvalidRequest, match="change that secret, because Temporal's history holds") as sent:
        DATA_CONVERTER.payload_converter.from_payload(
            Payload(metadata={"encoding": b"json/plain"}, data=body), PrivateLinkRequest
        )
    assert SECRET not in str(sent.value)
