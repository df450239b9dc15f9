"""How values cross Temporal: pydantic's JSON, with one difference. Every client and worker uses `data_converter()`.

A value that does not fit its model is a named failure, not a decode error: Temporal would retry the latter for ever,
and pydantic's own message shows the input, in which a secret may stand.
"""

import os
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

PAYLOAD_KEY = "PRIVATELINK_PAYLOAD_KEY"
"""The setting that turns encryption on (`privatelink.temporal.encryption`), the same on every client and worker."""

ENCRYPTED = "binary/encrypted"
"""The encoding of an encrypted payload, by the name that Temporal's samples use."""


class PayloadKeyError(Exception):
    """A payload key is wrong or missing. A worker tries such a task again until an operator has mended the setting."""


class _Unreadable(EncodingPayloadConverter):
    """Names what is missing where an encrypted value arrives and no key is set."""

    @property
    def encoding(self) -> str:
        return ENCRYPTED

    def to_payload(self, value: Any) -> None:  # noqa: ANN401 - as in the SDK
        """Take nothing: values are encrypted after their conversion."""

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


# One of each for all: the SDK makes a payload converter for each workflow and some for each of its tasks, and this one
# remembers how each type is read, which takes pydantic long to work out.
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
    """A failure that is no fault, as `NotYet`, goes without stack trace: in Temporal's UI it buries the message.

    What a library raised below an error of ours stays in the worker's log, too: its text is anybody's, and a history is
    kept for long.
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
    if not os.environ.get(PAYLOAD_KEY):
        return DATA_CONVERTER
    try:
        # Here, because who encrypts nothing installs no library for it.
        from privatelink.temporal.encryption import encrypting_converter, payload_keys  # noqa: PLC0415
    except ImportError as error:
        raise PayloadKeyError(
            f"reading {PAYLOAD_KEY}: encryption needs a library: pip install 'privatelink[encryption]'"
        ) from error
    return encrypting_converter(payload_keys())
