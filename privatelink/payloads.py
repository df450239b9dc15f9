"""How values cross Temporal: pydantic's JSON, with one difference. Every client and worker uses `DATA_CONVERTER`.

A value that does not fit its model is a named failure, not a decode error: Temporal would retry the latter for ever,
and pydantic's own message shows the input, in which a secret may stand.
"""

from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter, pydantic_data_converter
from temporalio.converter import CompositePayloadConverter, DefaultPayloadConverter

from privatelink.errors import invalid_request


class _NamedFailures(PydanticJSONPlainPayloadConverter):
    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ANN401 - as in the SDK
        try:
            return super().from_payload(payload, type_hint)
        except ValidationError as error:
            raise invalid_request(error) from None


class _PayloadConverter(CompositePayloadConverter):
    def __init__(self) -> None:
        json = _NamedFailures()
        super().__init__(
            *(
                json if converter.encoding == json.encoding else converter
                for converter in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )


DATA_CONVERTER = replace(pydantic_data_converter, payload_converter_class=_PayloadConverter)
