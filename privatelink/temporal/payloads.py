"""How values cross Temporal: as pydantic's JSON, with one difference. Every client and worker uses `data_converter()`.

A value that does not fit its model becomes a named failure, not a decode error. Temporal would retry a decode error
forever, and pydantic's own message shows the input, which may contain a secret.
"""

from dataclasses import replace
from typing import Any, get_args

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter, pydantic_data_converter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    PayloadConverter,
)
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, FailureError

from privatelink.errors import invalid_request
from privatelink.settings import PAYLOAD_KEY, PayloadKeyError, payload_keys, variable

ENCRYPTED = "binary/encrypted"
"""The encoding of an encrypted payload, named as in Temporal's samples."""


class _Unreadable(EncodingPayloadConverter):
    """Says what is missing if an encrypted value arrives and no key is set."""

    @property
    def encoding(self) -> str:
        return ENCRYPTED

    def to_payload(self, value: Any) -> None:  # noqa: ANN401 - as in the SDK
        """Convert nothing: values are encrypted after their conversion."""

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ANN401, ARG002 - same
        raise PayloadKeyError(f"reading a value: it is encrypted, and {PAYLOAD_KEY} is not set here")


class _NamedFailures(PydanticJSONPlainPayloadConverter):
    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ANN401 - as in the SDK
        try:
            return super().from_payload(payload, type_hint)
        except ValidationError as error:
            invalid = invalid_request(error, sent=True)
            example = next((one.example for one in (type_hint, *get_args(type_hint)) if hasattr(one, "example")), None)
            if example is None:
                raise invalid from None
            next_step = f"send one JSON object, as in {example}"
            raise invalid.of(invalid.details_model.model_copy(update={"next_step": next_step})) from None


# Shared, because the SDK makes a payload converter for each workflow and several for each of its tasks. This one caches
# how each type is read, which takes pydantic long to work out.
_JSON = _NamedFailures()


_CONVERTERS = (
    *(
        _JSON if converter.encoding == _JSON.encoding else converter
        for converter in DefaultPayloadConverter.default_encoding_payload_converters
    ),
    _Unreadable(),
)


class _PayloadConverter(CompositePayloadConverter):
    def __init__(self) -> None:
        super().__init__(*_CONVERTERS)


class FailureConverter(DefaultFailureConverter):
    """Sends a benign failure, such as `NotYet`, without its stack trace, which would bury the message in Temporal's UI.

    The library error below an error of ours is also left out, and stays in the worker's log: its text may contain
    anything, and a history is kept for long.
    """

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Convert it, as the SDK does."""
        if isinstance(exception, ApplicationError) and exception.category is ApplicationErrorCategory.BENIGN:
            exception = exception.with_traceback(None)
        super().to_failure(exception, payload_converter, failure)
        if isinstance(exception, ApplicationError) and not isinstance(exception.__cause__, FailureError):
            failure.ClearField("cause")


DATA_CONVERTER = replace(
    pydantic_data_converter, payload_converter_class=_PayloadConverter, failure_converter_class=FailureConverter
)


def data_converter() -> DataConverter:
    """`DATA_CONVERTER`, with encryption when `PRIVATELINK_PAYLOAD_KEY` is set. Raises `PayloadKeyError`."""
    if not variable(PAYLOAD_KEY):
        return DATA_CONVERTER
    try:
        # Imported here, because an installation without encryption does not have the library.
        from privatelink.temporal.encryption import encrypting_converter  # noqa: PLC0415
    except ImportError as error:
        raise PayloadKeyError(
            f"reading {PAYLOAD_KEY}: encryption needs a library: pip install 'privatelink[encryption]'"
        ) from error
    return encrypting_converter(payload_keys())
