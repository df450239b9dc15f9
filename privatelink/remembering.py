"""What Temporal remembers of a link: the request of its latest saga."""

from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from privatelink.connection import reaching_temporal
from privatelink.names import Link
from privatelink.request import DeleteRequest, PrivateLinkRequest
from privatelink.status import unknown_link


async def remembered_request(client: Client, link: Link) -> PrivateLinkRequest | DeleteRequest:
    """The request of the link's latest saga, from the first event of its history. Raises `LinkUnknown`."""
    events = client.get_workflow_handle(link.workflow_id).fetch_history_events(page_size=1)
    with reaching_temporal("reading the request of the latest saga", str(link)):
        try:
            started = (await anext(events)).workflow_execution_started_event_attributes
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                raise unknown_link(link) from error
            raise
        request_type: type[PrivateLinkRequest | DeleteRequest] = (
            PrivateLinkRequest if started.workflow_type.name == "CreatePrivateLink" else DeleteRequest
        )
        try:
            [request] = await client.data_converter.decode(started.input.payloads, [request_type])
        except ApplicationError as error:
            raise unknown_link(link) from error
    remembered: PrivateLinkRequest | DeleteRequest = request
    return remembered
