"""How values cross Temporal."""

import base64
import os

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import CompositePayloadConverter, WithSerializationContext

from privatelink.errors import CloudUnavailable, InvalidRequest, NotYet, PrivateLinkError, Throttled
from privatelink.model.request import DeleteRequest
from privatelink.settings import PAYLOAD_KEY
from privatelink.temporal.payloads import DATA_CONVERTER, data_converter

REQUEST = DeleteRequest.model_validate(
    {"name": "orders-db", "deployment": "w41b11c0", "aws": {"region": "us-east-1"}, "allow_failed": True}
)


async def test_a_model_arrives_as_it_was_sent() -> None:
    """As the same type, defaults included."""
    payloads = await DATA_CONVERTER.encode([REQUEST])
    assert [REQUEST] == await DATA_CONVERTER.decode(payloads, [DeleteRequest])


async def test_a_value_that_does_not_fit_is_a_named_failure_without_the_value() -> None:
    """Temporal would retry a decode error forever, and pydantic's message would show the input."""
    payload = Payload(
        metadata={"encoding": b"json/plain"},
        data=b'{"name": "a", "deployment": "w", "aws": "hunter2", "more": "hunter2"}',
    )
    with pytest.raises(InvalidRequest) as invalid:
        await DATA_CONVERTER.decode([payload], [DeleteRequest])
    assert {found.resource for found in invalid.value.details_model.findings} == {"aws", "more"}
    assert invalid.value.non_retryable
    assert "hunter2" not in f"{invalid.value} {invalid.value.details_model} {invalid.value.__cause__}"


async def test_what_is_no_json_is_a_named_failure_too() -> None:
    """Whatever input somebody starts a workflow with."""
    payload = Payload(metadata={"encoding": b"json/plain"}, data=b"{hunter2")
    with pytest.raises(InvalidRequest) as invalid:
        await DATA_CONVERTER.decode([payload], [DeleteRequest])
    assert "hunter2" not in str(invalid.value)


@pytest.mark.parametrize(("kind", "traced"), [(NotYet, False), (Throttled, False), (CloudUnavailable, True)])
async def test_only_a_fault_brings_its_stack_trace(kind: type[PrivateLinkError], traced: bool) -> None:  # noqa: FBT001
    """Operators read the sentence of a wait in Temporal's UI, where a stack trace takes half the panel."""
    failure = Failure()
    try:
        raise kind("provisioning, 40 s of 20 min")
    except PrivateLinkError as error:
        await DATA_CONVERTER.encode_failure(error, failure)
    assert failure.message == "provisioning, 40 s of 20 min"
    assert bool(failure.stack_trace) == traced


async def test_a_librarys_error_stays_in_the_workers_log() -> None:
    """boto3's texts may quote an answer; the history gets our sentence, and a cause only of Temporal's own kinds."""
    failures = [Failure(), Failure()]
    for cause, failure in zip((KeyError("s3cret"), NotYet("waiting")), failures, strict=True):
        try:
            raise CloudUnavailable("reading the subnets (subnet-1): AWS gave no answer") from cause
        except PrivateLinkError as error:
            await DATA_CONVERTER.encode_failure(error, failure)
    library, ours = failures
    assert not library.HasField("cause")
    assert "waiting" == ours.cause.message


@pytest.mark.parametrize("encrypting", [False, True])
def test_no_converter_takes_a_context(monkeypatch: pytest.MonkeyPatch, *, encrypting: bool) -> None:
    """Sagas are run without asking for one (runtime/workflow_runner.py); who adds such a converter must ask again."""
    if encrypting:
        monkeypatch.setenv("THE_KEY", base64.b64encode(os.urandom(32)).decode())
        monkeypatch.setenv(PAYLOAD_KEY, "env:THE_KEY")
    converter = data_converter()
    assert (converter.payload_codec is not None) is encrypting
    values = converter.payload_converter_class()
    assert isinstance(values, CompositePayloadConverter)
    parts: list[object] = [*values.converters.values(), converter.failure_converter, converter.payload_codec]
    assert [one for one in parts if isinstance(one, WithSerializationContext)] == []
