"""The removal: one story for rollback and delete, from the consumer's end to the targets.

The platform goes first: removing the AWS side of a PrivateLink that still exists makes its status `failed` (EMQX:
"AWS PrivateLink", "Delete the PrivateLink"). Each step waits until its cloud says that the thing is gone.
"""

from collections.abc import Awaitable, Iterator

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.connectors import Connectors
    from activities.endpoint_connections import EndpointConnections
    from activities.endpoint_services import EndpointServices
    from activities.listeners import Listeners
    from activities.load_balancers import LoadBalancers
    from activities.private_links import PrivateLinks
    from activities.private_links_by_hand import PrivateLinksByHand
    from activities.target_groups import TargetGroups
    from privatelink.model.request import ApiPlatform, ConsolePlatform
    from workflows.saga.compensation import Undo
    from workflows.saga.saga import Saga


def everything(platform: ApiPlatform | ConsolePlatform) -> tuple[Undo, ...]:
    """Every removal of a link, in order."""
    by_hand = isinstance(platform, ConsolePlatform)
    return (
        Connectors.delete_connector,
        PrivateLinksByHand.wait_for_deletion_by_hand if by_hand else PrivateLinks.delete_private_link,
        EndpointConnections.reject_endpoint_connections,
        EndpointServices.remove_allowed_principals,
        EndpointServices.delete_endpoint_service,
        Listeners.delete_listeners,
        LoadBalancers.delete_load_balancer,
        TargetGroups.delete_target_groups,
    )


async def remove(saga: Saga) -> tuple[str, ...]:
    """Undo what the saga has begun (or everything, in a delete); give the ids removed.

    In a delete, what could not be removed is raised; a rollback raises its first cause, and lists what is left. After a
    reset in the middle it begins again: what its first steps have removed may have been made anew since.
    """
    removed: list[str] = []
    while True:
        resets = saga.resets
        saga.compensation.begin()
        for stage in _stages(saga):
            removed += await stage
            if saga.resets != resets:
                break
        if saga.resets == resets:
            break
    await saga.look_until_no_reset(saga.compensation.finish)
    if saga.compensation.failure and not saga.is_ending:
        raise saga.compensation.failure
    return tuple(dict.fromkeys(removed))


def _stages(saga: Saga) -> Iterator[Awaitable[tuple[str, ...]]]:
    """Each gives the ids that it has removed."""
    compensation = saga.compensation
    yield compensation.undo(Connectors.delete_connector, gate=True)
    # By the API, or by a person's hand: only one of the two is noted.
    yield compensation.undo(PrivateLinks.delete_private_link, gate=True)
    yield compensation.undo_by_hand(gate=not saga.is_ending)
    yield compensation.undo(
        EndpointConnections.reject_endpoint_connections,
        EndpointServices.remove_allowed_principals,
    )
    yield compensation.undo(EndpointServices.delete_endpoint_service, gate=True)
    yield compensation.undo(Listeners.delete_listeners)
    yield compensation.undo(LoadBalancers.delete_load_balancer, TargetGroups.delete_target_groups)
