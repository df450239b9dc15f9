"""What a worker offers to requests, and that none of its own keys is among it: it would not start."""

from pathlib import Path

import pytest

from privatelink.errors import InvalidSettings
from runtime.settings import Settings

DEPLOYMENT, OTHER = "w41b11c0", "w41b11c2"


def starting(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    """The settings of a worker with this environment."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment()


def test_the_settings_file_says_what_a_deployment_may_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also for one whose API needs no key of its own."""
    file = tmp_path / "settings.toml"
    file.write_text(f'[deployments.{DEPLOYMENT}]\nsecrets = ["ORDERS_DB", "orders.key"]\n')
    settings = starting(monkeypatch, PRIVATELINK_SETTINGS=str(file), PRIVATELINK_SECRETS_DIR=str(tmp_path.parent))
    assert settings.secrets.of_deployment == {DEPLOYMENT: frozenset({"ORDERS_DB", "orders.key"})}
    assert settings.deployments == {}


@pytest.mark.parametrize(
    "environment",
    [
        {"PRIVATELINK_PAYLOAD_KEY": "env:GOOD, env:PRIVATELINK_SECRET_KEY"},
        {"PRIVATELINK_PAYLOAD_KEY": "file:SECRETS/own", "PRIVATELINK_SECRETS_DIR": "SECRETS"},
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "SECRETS/own", "PRIVATELINK_SECRETS_DIR": "SECRETS"},
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "SECRETS/..data/mounted", "PRIVATELINK_SECRETS_DIR": "SECRETS"},
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/link", "PRIVATELINK_SECRETS_DIR": "SECRETS"},
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/hard", "PRIVATELINK_SECRETS_DIR": "SECRETS"},
        {"PRIVATELINK_SETTINGS": "settings.toml", "PRIVATELINK_SECRET_API": "x"},
        {"HOME": "HOME", "PRIVATELINK_SECRETS_DIR": "HOME/.aws"},
    ],
)
def test_no_key_of_the_workers_own_may_have_a_name_that_requests_can_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: dict[str, str]
) -> None:
    """Such a worker does not start, and the sentence names the variable."""
    (tmp_path / "secrets").mkdir()
    own = tmp_path / "secrets" / "own"
    own.write_text("key")
    (tmp_path / "link").symlink_to(own)
    (tmp_path / "hard").hardlink_to(own)
    # As Kubernetes mounts a secret.
    (tmp_path / "secrets" / "..2026").mkdir()
    (tmp_path / "secrets" / "..2026" / "mounted").write_text("key")
    (tmp_path / "secrets" / "..data").symlink_to("..2026")
    (tmp_path / "secrets" / "mounted").symlink_to("..data/mounted")
    (tmp_path / "settings.toml").write_text(
        f'[deployments.{OTHER}]\nendpoint = "https://h/api/v5"\napi_key = "k"\n'
        'api_secret_env = "PRIVATELINK_SECRET_API"\n'
    )
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[default]")
    monkeypatch.chdir(tmp_path)
    given = {
        name: value.replace("SECRETS", str(tmp_path / "secrets")).replace("HOME", str(tmp_path))
        for name, value in environment.items()
    }
    with pytest.raises(InvalidSettings, match=r"requests may read"):
        starting(monkeypatch, **given)


def test_a_folder_of_secrets_that_is_not_there_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not at the first request that needs it."""
    with pytest.raises(InvalidSettings, match="PRIVATELINK_SECRETS_DIR='/not/there' is not a directory"):
        starting(monkeypatch, PRIVATELINK_SECRETS_DIR="/not/there")
