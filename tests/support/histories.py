"""Histories taken apart: every payload in them, and the readable text around the payloads."""

from collections.abc import Iterator, Sequence

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent


def payloads_of(message: Message, path: str = "") -> Iterator[tuple[str, Payload]]:
    """Every payload at any depth (the message's own objects), with the names of the fields that lead there."""
    if isinstance(message, Payload):
        yield path, message
        return
    for field, value in message.ListFields():
        here = f"{path}.{field.name}" if path else field.name
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            values = value.values() if field.message_type.fields_by_name["value"].message_type else ()
        else:
            values = value if field.is_repeated else (value,)
        for one in values:
            yield from payloads_of(one, here)


def around_payloads(events: Sequence[HistoryEvent]) -> str:
    """Text of the events without the data of their payloads, except those of search attributes."""
    text = []
    for event in events:
        copy = HistoryEvent()
        copy.CopyFrom(event)
        for path, payload in payloads_of(copy):
            if "search_attributes" not in path:
                payload.ClearField("data")
        text.append(str(copy))
    return "\n".join(text)


def readable_text(message: Message) -> str:
    """Everything that a reader without keys can see: protobuf's text form, and each payload's data as it is."""
    data = "\n".join(payload.data.decode(errors="replace") for _, payload in payloads_of(message))
    return f"{message}\n{data}"
