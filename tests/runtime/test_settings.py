"""Settings: what a worker starts with, and the sentence when it can't."""

import base64
from pathlib import Path

import pytest

from privatelink.errors import InvalidSettings
from runtime.settings import Settings

PLATFORM = {
    "EMQXCLOUD_PLATFORM_ENDPOINT": "https://cloud.example.com/public_api/v1",
    "EMQXCLOUD_PLATFORM_API_KEY": "key",
    "EMQXCLOUD_PLATFORM_API_SECRET": "platform-secret",
}
DEPLOYMENT = {
    "EMQXCLOUD_DEPLOYMENT_ENDPOINT": "https://deployment.example.com:8443/api/v5",
    "EMQXCLOUD_DEPLOYMENT_API_KEY": "key",
    "EMQXCLOUD_DEPLOYMENT_API_SECRET": "deployment-secret",
}
KEY = b"a signing key of thirty-two bytes"
WEBHOOK = {
    "PRIVATELINK_WEBHOOK_URL": "https://hooks.example.com/services/secret-path?token=secret-query",
    "PRIVATELINK_WEBHOOK_SECRET": base64.b64encode(KEY).decode(),
}


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    others = ("SETTINGS", "DEPLOYMENT_TYPES", "CONCURRENCY", "ACCOUNT")
    for name in (*PLATFORM, *DEPLOYMENT, *WEBHOOK, *(f"PRIVATELINK_{other}" for other in others)):
        monkeypatch.delenv(name, raising=False)
    for kind in ("READS", "WRITES"):
        monkeypatch.delenv(f"PRIVATELINK_PLATFORM_{kind}_PER_HOUR", raising=False)


def settings_of(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Settings:
    """The settings in an environment that has these and nothing else of ours."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment()


def fault_of(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> str:
    """The sentence with which the settings are refused."""
    with pytest.raises(InvalidSettings) as refused:
        settings_of(monkeypatch, environment)
    assert "secret" not in str(refused.value).replace("SECRET", "").replace("api_secret_env", "")
    return str(refused.value)


def test_the_platform_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything else has a default: the limits that EMQX publishes, and no deployment's API."""
    settings = settings_of(monkeypatch, PLATFORM)
    assert settings.platform.access
    assert settings.platform.access.endpoint == "https://cloud.example.com/public_api/v1"
    assert (settings.platform.reads_per_hour, settings.platform.writes_per_hour) == (60, 6)
    assert settings.deployment_access("w41b11c0") is None
    assert settings.webhook is None


def test_a_worker_may_have_no_key_of_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a person does the platform's side at its console, there is no key to have."""
    assert settings_of(monkeypatch, {}).platform.access is None


@pytest.mark.parametrize("missing", [*PLATFORM, *DEPLOYMENT])
def test_a_missing_third_of_an_access_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Endpoint, key and secret go together."""
    given = {name: value for name, value in (PLATFORM | DEPLOYMENT).items() if name != missing}
    assert f"{missing} is not set" in fault_of(monkeypatch, given)


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("http://cloud.example.com/public_api/v1", "must begin with https://"),
        ("https://cloud.example.com", "must end in /public_api/v1"),
        ("https://cloud.example.com/public_api/v1/deployments", "must end in /public_api/v1"),
        ("https://:secret@cloud.example.com/public_api/v1", "must hold neither user, password, query nor fragment"),
        ("https://cloud.example.com/public_api/v1?key=secret", "must hold neither user, password, query nor fragment"),
        ("https://cloud.example.com/public_api/v1#secret", "must hold neither user, password, query nor fragment"),
        ("cloud.example.com/public_api/v1", "is not a URL"),
        ("ftp://cloud.example.com/public_api/v1", "is not a URL"),
        ("https://cloud example.com/public_api/v1", "is not a URL"),
        ("https://cloud.example.com\n/public_api/v1", "is not a URL"),
        ("https://cloud.example.com:port/public_api/v1", "is not a URL"),
    ],
)
def test_an_endpoint_that_would_leak_or_miss_is_refused(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, why: str
) -> None:
    """Keys go out by https only, to exactly the API; what is refused is not shown, because it may contain a secret."""
    message = fault_of(monkeypatch, PLATFORM | {"EMQXCLOUD_PLATFORM_ENDPOINT": endpoint})
    assert f"EMQXCLOUD_PLATFORM_ENDPOINT {why}" in message


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_plain_http_is_for_this_machine_only(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """The sandbox runs on a loopback address."""
    endpoint = f"http://{host}:8080/public_api/v1/"
    access = settings_of(monkeypatch, PLATFORM | {"EMQXCLOUD_PLATFORM_ENDPOINT": endpoint}).platform.access
    assert access
    assert access.endpoint == endpoint.removesuffix("/")
    assert access.is_loopback


def test_the_deployment_pair_serves_every_deployment_that_the_file_does_not_list(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A deployment's own entry goes before the default."""
    file = tmp_path / "privatelink.toml"
    file.write_text(
        '[deployments.w41b11c0]\nendpoint = "https://own.example.com:8443/api/v5"\n'
        'api_key = "own"\napi_secret_env = "OWN_SECRET"\n'
    )
    environment = PLATFORM | DEPLOYMENT | {"PRIVATELINK_SETTINGS": str(file), "OWN_SECRET": "own-secret"}
    settings = settings_of(monkeypatch, environment)
    own, other = settings.deployment_access("w41b11c0"), settings.deployment_access("w41b11c1")
    assert own is not None
    assert other is not None
    assert ("own", "own-secret") == (own.api_key, own.api_secret.get_secret_value())
    assert other.endpoint == DEPLOYMENT["EMQXCLOUD_DEPLOYMENT_ENDPOINT"]


def test_a_key_that_is_said_to_be_one_deployments_is_used_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another, nothing is looked at with it, so nothing is claimed: its delete says that no key is known."""
    settings = settings_of(monkeypatch, PLATFORM | DEPLOYMENT | {"PRIVATELINK_DEPLOYMENT": "w41b11c0"})
    assert settings.deployment_access("w41b11c0")
    assert settings.deployment_access("w41b11c1") is None


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"PRIVATELINK_DEPLOYMENT": "w41b11c0"}, "EMQXCLOUD_DEPLOYMENT_* gives no key of it"),
        (DEPLOYMENT | {"PRIVATELINK_DEPLOYMENT": "W41_B11"}, "is not the id of a deployment"),
    ],
)
def test_a_default_deployment_without_a_key_or_with_no_id_is_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], why: str
) -> None:
    """Whoever mistypes it would have a worker that looks nowhere."""
    assert why in fault_of(monkeypatch, PLATFORM | environment)


ROLE = "arn:aws:iam::210987654321:role/privatelink"


@pytest.mark.parametrize("where", ["env", "file"])
def test_an_external_id_stands_in_a_variable_or_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    """Never in the settings file itself; a line break at the end of a mounted file is none of its characters."""
    (tmp_path / "external-id").write_text("ext-7f3a\n")
    source = "CUSTOMER_ID" if where == "env" else tmp_path / "external-id"
    file = tmp_path / "privatelink.toml"
    file.write_text(f'[roles."{ROLE}"]\nexternal_id_{where} = "{source}"\n')
    settings = settings_of(monkeypatch, PLATFORM | {"PRIVATELINK_SETTINGS": str(file), "CUSTOMER_ID": "ext-7f3a"})
    assert {ROLE: "ext-7f3a"} == {arn: value.get_secret_value() for arn, value in settings.external_ids.items()}
    assert "ext-7f3a" not in repr(settings)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("external_id_env = 'UNSET'", "UNSET is not set"),
        ("external_id_env = 'WRONG'", "WRONG holds no external id"),
        ("external_id_file = '/nonexistent'", "/nonexistent, cannot be read"),
        ("external_id = 'ext-7f3a'", "external_id: Extra inputs"),
        ("external_id_env = 'A'\nexternal_id_file = 'b'", "give either external_id_env or external_id_file"),
        ("external_id_env = 'PRIVATELINK_SECRET_ID'", "PRIVATELINK_SECRET_ID holds a key of the worker's own"),
    ],
)
def test_an_external_id_that_cannot_be_had_is_told_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entry: str, why: str
) -> None:
    """A role without its external id would be refused at every call, minutes after the worker had started."""
    file = tmp_path / "privatelink.toml"
    file.write_text(f'[roles."{ROLE}"]\n{entry}\n')
    more = {"PRIVATELINK_SETTINGS": str(file), "WRONG": "not (an) id", "PRIVATELINK_SECRET_ID": "ext-7f3a"}
    message = fault_of(monkeypatch, PLATFORM | more)
    assert why in message
    assert "not (an) id" not in message
    assert "ext-7f3a" not in message


def test_a_file_with_an_external_id_is_out_of_the_requests_reach(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Requests can read what is in the folder of secrets."""
    (tmp_path / "external-id").write_text("ext-7f3a")
    file = tmp_path / "privatelink.toml"
    file.write_text(f'[roles."{ROLE}"]\nexternal_id_file = "{tmp_path / "external-id"}"\n')
    more = {"PRIVATELINK_SETTINGS": str(file), "PRIVATELINK_SECRETS_DIR": str(tmp_path)}
    assert "which requests may read: keep it elsewhere" in fault_of(monkeypatch, PLATFORM | more)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("deployments = 3", "deployments"),
        ("[deployments.w41b11c0]\napi_key = 'k'\napi_secret_env = 'OWN'", "deployments.w41b11c0: endpoint is missing"),
        ("[deployment.w41b11c0]", "deployment: Extra inputs"),
        ("not toml", "cannot be read"),
        (
            "[deployments.w41b11c0]\nendpoint = 'https://own.example/api/v5'\napi_key = 'k'\napi_secret_env = 'UNSET'",
            "names UNSET, which is not set",
        ),
        (
            "[deployments.w41b11c0]\nendpoint = 'http://own.example/api/v5'\napi_key = 'k'\napi_secret_env = 'UNSET'",
            "deployments.w41b11c0.endpoint must begin with https://",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, why: str
) -> None:
    """A misspelt table must not silently leave a deployment without its key."""
    file = tmp_path / "privatelink.toml"
    file.write_text(text)
    assert why in fault_of(monkeypatch, PLATFORM | {"PRIVATELINK_SETTINGS": str(file)})


def test_a_file_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever names a file wants it read."""
    name = str(tmp_path / "absent.toml")
    assert "cannot be read" in fault_of(monkeypatch, PLATFORM | {"PRIVATELINK_SETTINGS": name})


@pytest.mark.parametrize("text", ["0", "-1", "six", "1.5", ""])
def test_a_limit_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A limit of none would mean that nothing ever runs."""
    name = "PRIVATELINK_PLATFORM_WRITES_PER_HOUR"
    assert name in fault_of(monkeypatch, PLATFORM | {name: text})


def test_limits_and_types_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """EMQX may publish others than we assume."""
    platform = settings_of(
        monkeypatch,
        PLATFORM
        | {
            "PRIVATELINK_PLATFORM_READS_PER_HOUR": "600",
            "PRIVATELINK_PLATFORM_WRITES_PER_HOUR": "60",
            "PRIVATELINK_DEPLOYMENT_TYPES": "premium, byoc,",
        },
    ).platform
    assert (platform.reads_per_hour, platform.writes_per_hour) == (600, 60)
    assert platform.further_types == {"premium", "byoc"}


@pytest.mark.parametrize("prefix", ["", "whsec_"])
def test_a_webhook_is_a_url_and_a_signing_key(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    """The key as Standard Webhooks writes it, with its prefix or without; the URL with any path and query."""
    secret = prefix + WEBHOOK["PRIVATELINK_WEBHOOK_SECRET"]
    webhook = settings_of(monkeypatch, PLATFORM | WEBHOOK | {"PRIVATELINK_WEBHOOK_SECRET": secret}).webhook
    assert webhook
    assert webhook.url.get_secret_value() == WEBHOOK["PRIVATELINK_WEBHOOK_URL"]
    assert webhook.key.get_secret_value() == KEY
    assert not webhook.is_loopback


@pytest.mark.parametrize("missing", WEBHOOK)
def test_a_missing_half_of_a_webhook_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """An unsigned notification could be anybody's."""
    given = {name: value for name, value in (PLATFORM | WEBHOOK).items() if name != missing}
    assert f"{missing} is not set" in fault_of(monkeypatch, given)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example.com/secret", "must begin with https://"),
        ("https://:secret@hooks.example.com/", "must hold neither user, password nor fragment"),
        ("https://secret@hooks.example.com/", "must hold neither user, password nor fragment"),
        ("https://hooks.example.com/#secret", "must hold neither user, password nor fragment"),
        ("hooks.example.com/secret", "is not a URL"),
        ("ftp://hooks.example.com/secret", "is not a URL"),
        ("https:///secret", "is not a URL"),
        ("https://hooks.example.com:99999/secret", "is not a URL"),
        ("https://hooks.example.com/secret\n", "is not a URL"),
        (" https://hooks.example.com/secret", "is not a URL"),
        ("https://xn--/secret", "is not a URL"),
    ],
)
def test_a_webhook_url_that_would_leak_or_miss_is_refused(monkeypatch: pytest.MonkeyPatch, url: str, why: str) -> None:
    """It is not shown, because it may contain a token."""
    message = fault_of(monkeypatch, PLATFORM | WEBHOOK | {"PRIVATELINK_WEBHOOK_URL": url})
    assert f"PRIVATELINK_WEBHOOK_URL {why}" in message
    assert "hooks" not in message


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_webhook_on_this_machine_may_be_plain(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """A receiver beside the worker needs no certificate."""
    url = {"PRIVATELINK_WEBHOOK_URL": f"http://{host}:8080/hook"}
    webhook = settings_of(monkeypatch, PLATFORM | WEBHOOK | url).webhook
    assert webhook
    assert webhook.is_loopback


@pytest.mark.parametrize(
    "secret",
    [
        base64.b64encode(bytes(23)).decode(),
        base64.b64encode(bytes(65)).decode(),
        "no base64, but a sentence that is long enough",
        "whsec_",
        "ünicode",
        base64.b64encode(bytes(32)).decode() + "\n",
    ],
)
def test_a_signing_key_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """24 to 64 bytes (Standard Webhooks 1.0); a key of nothing would sign for everybody."""
    message = fault_of(monkeypatch, PLATFORM | WEBHOOK | {"PRIVATELINK_WEBHOOK_SECRET": secret})
    assert "PRIVATELINK_WEBHOOK_SECRET is not 24 to 64 bytes in base64" in message
    assert secret not in message


@pytest.mark.parametrize("size", [24, 64])
def test_a_signing_key_may_be_as_short_and_as_long_as_the_standard_says(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Both ends of the range."""
    secret = {"PRIVATELINK_WEBHOOK_SECRET": base64.b64encode(bytes(size)).decode()}
    webhook = settings_of(monkeypatch, PLATFORM | WEBHOOK | secret).webhook
    assert webhook
    assert size == len(webhook.key.get_secret_value())


def test_every_fault_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody should start a worker five times to learn of five faults."""
    faults = {
        "EMQXCLOUD_DEPLOYMENT_API_KEY": "",
        "EMQXCLOUD_PLATFORM_API_KEY": "",
        "PRIVATELINK_SETTINGS": "absent.toml",
        "PRIVATELINK_WEBHOOK_URL": "http://hooks.example.com/",
        "PRIVATELINK_WEBHOOK_SECRET": "short",
    }
    message = fault_of(monkeypatch, PLATFORM | DEPLOYMENT | faults)
    for name in faults:
        assert name in message


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings may get into a log; their secrets may not."""
    shown = repr(settings_of(monkeypatch, PLATFORM | DEPLOYMENT | WEBHOOK))
    secrets = ("platform-secret", "deployment-secret", "secret-path", "secret-query", KEY.decode())
    assert [secret for secret in secrets if secret in shown] == []


def test_a_workers_size_and_queue_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """One number, and one account."""
    settings = settings_of(
        monkeypatch, PLATFORM | {"PRIVATELINK_CONCURRENCY": "50", "PRIVATELINK_ACCOUNT": "210987654321"}
    )
    assert (settings.concurrency, settings.account) == (50, "210987654321")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PRIVATELINK_CONCURRENCY", "many", "not a whole number"),
        ("PRIVATELINK_CONCURRENCY", "9", "a worker process takes 10 to 5000"),
        ("PRIVATELINK_ACCOUNT", "orders", "not an account id of 12 digits"),
    ],
)
def test_a_size_or_queue_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    """At the start, by the variable's name."""
    with pytest.raises(InvalidSettings, match=f"{name}.*{words}"):
        settings_of(monkeypatch, PLATFORM | {name: value})


@pytest.mark.parametrize("text", ["", "0", "-1", "abc", "nan", "inf", "1e300"])
def test_a_deadline_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A saga would fail on it, long after the worker had started."""
    message = fault_of(monkeypatch, PLATFORM | {"PRIVATELINK_DEADLINE_CHECK": text})
    assert f"PRIVATELINK_DEADLINE_CHECK={text!r} is not a number of seconds" in message


def test_a_deadline_of_no_such_name_is_refused_with_those_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelled one must not leave the default."""
    message = fault_of(monkeypatch, PLATFORM | {"PRIVATELINK_DEADLINE_CHEKC": "300"})
    assert "PRIVATELINK_DEADLINE_CHEKC names no deadline: there are CHECK, WRITE," in message
