"""The secrets that a worker offers: by permission alone, read in the moment of use."""

import logging
import os
from pathlib import Path

import pytest

from clouds.secrets import MOST_BYTES, OfferedSecrets, SecretSettings

SECRET = "hunter2"
DEPLOYMENT, OTHER = "w41b11c0", "w41b11c2"
WORKER = {
    "PRIVATELINK_SECRET_ORDERS_DB": SECRET,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "PRIVATELINK_WEBHOOK_SECRET": SECRET,
    "DATABASE_URL": SECRET,
    "HOME": SECRET,
    "MET": SECRET,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of secrets, beside a file that is the worker's own."""
    (tmp_path / "own-key").write_text("the worker's own")
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def read(reference: str, folder: Path | None = None, **listed: frozenset[str]) -> str | None:
    """What the worker gives to a request of `DEPLOYMENT` for this reference."""
    settings = SecretSettings(directory=folder, of_deployment=listed)
    return OfferedSecrets(settings, WORKER).read(DEPLOYMENT, reference)


def test_a_reference_reads_only_what_the_worker_offers_by_that_name() -> None:
    """Everything else in its environment has no name that a request could say."""
    assert read("env:ORDERS_DB") == SECRET
    others = {name for name in WORKER if name != "PRIVATELINK_SECRET_ORDERS_DB"}
    assert [name for name in others if read(f"env:{name}")] == []


@pytest.mark.parametrize("content", [b"hunter2", b"hunter2\n", b"hunter2\r\n"])
def test_a_file_is_read_anew_each_time_without_the_newline_at_its_end(folder: Path, content: bytes) -> None:
    """A secret that is rotated needs no restart."""
    assert read("file:orders-db", folder) is None
    (folder / "orders-db").write_bytes(content)
    assert read("file:orders-db", folder) == SECRET
    (folder / "orders-db").write_text("new")
    assert read("file:orders-db", folder) == "new"


def test_kubernetes_links_are_followed_and_its_rotation_is_seen(folder: Path) -> None:
    """It mounts `name -> ..data/name` and `..data -> ..<time>`, and swaps `..data`."""
    for time in ("..1", "..2"):
        (folder / time).mkdir()
        (folder / time / "orders-db").write_text(f"of {time}")
    (folder / "..data").symlink_to("..1")
    (folder / "orders-db").symlink_to("..data/orders-db")
    assert read("file:orders-db", folder) == "of ..1"
    (folder / "next").symlink_to("..2")
    (folder / "next").rename(folder / "..data")
    assert read("file:orders-db", folder) == "of ..2"


def test_nothing_outside_the_folder_can_be_read(folder: Path) -> None:
    """Not by a name that climbs, not by a link, not by a link on the way."""
    (folder / "link").symlink_to("../own-key")
    (folder / "up").symlink_to("..")
    names = ("link", "../own-key", "up/own-key", str(folder.parent / "own-key"))
    assert [read(f"file:{name}", folder) for name in names] == [None] * 4


@pytest.mark.parametrize("kind", ["folder", "pipe", "too large", "no text", "empty"])
def test_what_is_no_small_text_file_is_no_secret(folder: Path, kind: str) -> None:
    """And a pipe that nobody writes into holds nobody up."""
    file = folder / "odd"
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.write_bytes({"too large": b"x" * (MOST_BYTES + 1), "no text": b"\xff\xfe", "empty": b"\n"}[kind])
    assert read("file:odd", folder) is None


def test_once_a_deployment_has_a_list_every_deployment_has_what_it_lists(folder: Path) -> None:
    """Variables and files alike; one without a list has nothing."""
    (folder / "orders.key").write_text(SECRET)
    assert read("env:ORDERS_DB", folder, **{DEPLOYMENT: frozenset({"ORDERS_DB"})}) == SECRET
    assert read("file:orders.key", folder, **{DEPLOYMENT: frozenset({"orders.key"})}) == SECRET
    for listed in ({DEPLOYMENT: frozenset({"OTHER"})}, {OTHER: frozenset({"ORDERS_DB", "orders.key"})}):
        assert read("env:ORDERS_DB", folder, **listed) is None
        assert read("file:orders.key", folder, **listed) is None


def test_the_log_alone_says_why_there_is_none(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An operator finds the reason; a request learns nothing of what the worker has."""
    with caplog.at_level(logging.WARNING):
        read("env:ORDERS_DB", folder, **{DEPLOYMENT: frozenset()})
        read("env:NOT_THERE", folder)
        read("file:not-there", folder)
    reasons = [record.getMessage().partition(": ")[2] for record in caplog.records]
    assert reasons == [
        "the settings file does not list it in this deployment's `secrets`",
        "it is not set, or empty",
        "No such file or directory",
    ]
