"""What the platform says of a PrivateLink, and what that means for the step that reads it."""

from activities.scopes import RemovalScope
from clouds.aws.endpoint_services import FoundEndpointService
from clouds.emqx.errors import BAD_REQUEST, NOT_FOUND, message_of
from clouds.emqx.labels import one_line
from clouds.emqx.wire import PrivateLinkRow, PrivateLinkState
from clouds.polling.schedule import Pending
from privatelink.errors import CloudRefused, PrivateLinkFailed


def service_unknown(error: CloudRefused) -> bool:
    """Whether a refusal may mean that the endpoint service is not found; the deployment was, a moment before."""
    if error.cloud_code == BAD_REQUEST:
        return "service" in message_of(error).casefold()
    return error.cloud_code == NOT_FOUND


def address_of(row: PrivateLinkRow) -> str | Pending:
    """Its address, once it is running and has one. Raises `PrivateLinkFailed` if it failed or is being deleted."""
    if row.state in {PrivateLinkState.FAILED, PrivateLinkState.TERMINATED}:
        raise failed(row, "waiting for")
    if row.state is PrivateLinkState.RUNNING and row.address:
        return row.address
    missing = ", its address is not known yet" if row.state is PrivateLinkState.RUNNING else ""
    return Pending(
        f"PrivateLink {row.private_link_id} is {one_line(row.status, 64) or 'without a status'}{missing}",
        row.private_link_id,
    )


def failed(row: PrivateLinkRow, doing: str) -> PrivateLinkFailed:
    """The error for a PrivateLink that will not run, with the platform's reason."""
    return PrivateLinkFailed(
        f"{doing} the PrivateLink ({row.private_link_id}): its status is {one_line(row.status, 64)}: {row.why}",
        resource=row.private_link_id,
        next_step="read the failure notifications in EMQX's console, then create the link again",
    )


def row_that_lives(private_link_id: str, rows: tuple[PrivateLinkRow, ...]) -> PrivateLinkRow:
    """Its row. Raises `PrivateLinkFailed` if it failed, is being deleted, or is no longer listed."""
    row = next((one for one in rows if one.private_link_id == private_link_id), None)
    doing = "waiting for the endpoint connection of"
    if row is None:
        raise PrivateLinkFailed(
            f"{doing} the PrivateLink ({private_link_id}): the platform no longer lists it",
            resource=private_link_id,
            next_step="find out in the console who deleted it, then create the link again",
        )
    if row.state in {PrivateLinkState.FAILED, PrivateLinkState.TERMINATED}:
        raise failed(row, doing)
    return row


def is_in_scope(row: PrivateLinkRow, spec: RemovalScope, service: FoundEndpointService | None) -> bool:
    """Whether a removal may touch it."""
    leads_here = service is not None and row.service_name == service.service_name
    if row.is_of_another(spec.link) or row.stands_elsewhere(spec.place):
        return False
    if not (leads_here or row.is_of(spec.link)):
        return False
    # A PrivateLink has no tags of its own, so the tags of the endpoint service that it leads to decide.
    goes_with_it = leads_here and service is not None and service.ownership.is_in_scope(spec.link, spec.saga_id)
    return spec.saga_id in {None, row.saga_id} or goes_with_it
