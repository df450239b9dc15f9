"""Temporal's troubles in words: each has a reason and a next step that fits, without the names of Rust types."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from privatelink import PrivateLinks
from privatelink.errors import ErrorDetails, TemporalUnreachable
from privatelink.temporal.connection import connect_to_temporal
from privatelink.temporal.search_attributes import ensure_search_attributes
from privatelink.temporal.troubles import of_call
from scripts.temporal_server import TemporalServer

DEBRIS = ("tonic", "transport::", "Os {", "InvalidMessage", "ConnectError", "hyper", "Status {")

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def told(address: str | None = None, namespace: str | None = None) -> ErrorDetails:
    """Which error a caller gets if its first call fails."""
    with pytest.raises(TemporalUnreachable) as caught:
        await (await PrivateLinks.connect(address, namespace)).list()
    details = caught.value.details_model
    assert not [word for word in DEBRIS if word in f"{details.message} {details.next_step}"]
    return details


@asynccontextmanager
async def listening(answer: Answering, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Something that listens on the loopback and is not a Temporal server."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _closes(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _serves_pages(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    writer.close()


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


async def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next step names where the address comes from, and says that a variable is not set only when it is not."""
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    given = await told("127.0.0.1:1")
    assert (given.message, given.next_step) == (
        "connecting to Temporal (127.0.0.1:1): nothing listens there",
        "start the server, or correct the address that the caller gives",
    )
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    assert (await told()).next_step == "start the server, or correct TEMPORAL_ADDRESS"
    assert "no such host is known" in (await told("no-such-host.invalid:7233")).message


async def test_the_address_of_a_profile_is_corrected_in_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TEMPORAL_ADDRESS is not set, and need not be."""
    file = tmp_path / "temporal.toml"
    file.write_text('[profile.staging]\naddress = "127.0.0.1:1"\n')
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
    monkeypatch.setenv("TEMPORAL_PROFILE", "staging")
    assert (await told()).next_step == f"start the server, or correct `address` of profile staging in {file}"


async def test_tls_on_one_side_alone(server: TemporalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever side has it, the setting is named."""
    async with listening(_closes, _self_signed(tmp_path)) as address:
        assert "TEMPORAL_TLS=true" in (await told(address)).next_step
        monkeypatch.setenv("TEMPORAL_TLS", "true")
        assert "TEMPORAL_TLS_SERVER_CA_CERT_PATH" in (await told(address)).next_step
    plain = await told(server.address)
    assert "does not speak TLS" in plain.message
    assert "unset TEMPORAL_TLS" in plain.next_step


async def test_something_else_listens_there() -> None:
    """The UI's port, for example."""
    async with listening(_serves_pages) as address:
        assert "not a Temporal server" in (await told(address)).message


async def test_a_wrong_namespace_is_named_with_its_setting(
    server: TemporalServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Repeating the call would not help."""
    assert client.namespace != "nowhere"
    monkeypatch.delenv("TEMPORAL_NAMESPACE", raising=False)
    unset = await told(server.address, "nowhere")
    assert "Namespace nowhere is not found" in unset.message
    assert unset.next_step.startswith("set TEMPORAL_NAMESPACE")
    assert "namespace create --namespace nowhere" in unset.next_step
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    assert (await told(server.address)).next_step.startswith("correct TEMPORAL_NAMESPACE")


@pytest.mark.usefixtures("client")
async def test_a_worker_in_a_namespace_that_is_not_there_says_so(
    server: TemporalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And sends nobody to add search attributes to it."""
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    with pytest.raises(TemporalUnreachable, match="Namespace nowhere is not found") as caught:
        await ensure_search_attributes(await connect_to_temporal(server.address))
    assert "temporal operator namespace create --namespace nowhere" in caught.value.details_model.next_step


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("namespace", ["", "default ", "a\nb", "x" * 1200])
async def test_a_namespace_that_none_can_be_called_is_a_slip_in_the_settings(
    server: TemporalServer, monkeypatch: pytest.MonkeyPatch, namespace: str
) -> None:
    """A variable that is set to nothing, or was copied with a blank at its end. The link is not unknown for that."""
    monkeypatch.setenv("TEMPORAL_NAMESPACE", namespace)
    assert (await told(server.address)).next_step == "correct TEMPORAL_NAMESPACE"
    with pytest.raises(TemporalUnreachable, match="Namespace"):
        await (await PrivateLinks.connect(server.address)).status("w41b11c0/orders-db")


@pytest.mark.parametrize(
    ("status", "message", "why", "next_step"),
    [
        (RPCStatusCode.UNAVAILABLE, "tcp connect error", "cannot be reached", "repeat the call when"),
        (RPCStatusCode.CANCELLED, "Timeout expired", "no answer in time", "repeat the call when"),
        (RPCStatusCode.PERMISSION_DENIED, "Request unauthorized.", "does not let this client in", "TEMPORAL_API_KEY"),
        (RPCStatusCode.UNIMPLEMENTED, "unknown method ExecuteMultiOperation", "does not know this call", "1.28"),
        (
            RPCStatusCode.RESOURCE_EXHAUSTED,
            "limit on the total number of distinct updates in this workflow has been reached (2000)",
            "all the Updates",
            "temporal workflow cancel",
        ),
        (RPCStatusCode.RESOURCE_EXHAUSTED, "namespace rate limit exceeded", "rate limit", "in a moment"),
        (RPCStatusCode.INVALID_ARGUMENT, "WorkflowId is too long.", "WorkflowId is too long.", "correct what it names"),
    ],
)
def test_what_a_server_refuses_has_its_own_next_step(
    status: RPCStatusCode, message: str, why: str, next_step: str
) -> None:
    """Waiting helps for some, and for others a setting, a newer server or a cancel."""
    trouble = of_call(RPCError(message, status, b""))
    assert why in trouble.why
    assert next_step in trouble.next_step
