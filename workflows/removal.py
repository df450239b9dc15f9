"""The removal: one story for rollback and delete, from the consumer's end to the targets.

The platform goes first: removing the AWS side of a PrivateLink that still exists makes its status `failed` (EMQX:
"AWS PrivateLink", "Delete the PrivateLink"). Each step waits until its cloud says that the thing is gone.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.connectors import Connectors
    from activities.endpoint_connections import EndpointConnections
    from activities.endpoint_services import EndpointServices
    from activities.listeners import Listeners
    from activities.load_balancers import LoadBalancers
    from activities.private_links import PrivateLinks
    from activities.target_groups import TargetGroups
    from workflows.saga import Saga

EVERYTHING = (
    Connectors.delete_connector,
    PrivateLinks.delete_private_link,
    EndpointConnections.reject_endpoint_connections,
    EndpointServices.remove_allowed_principals,
    EndpointServices.delete_endpoint_service,
    Listeners.delete_listeners,
    LoadBalancers.delete_load_balancer,
    TargetGroups.delete_target_groups,
)


async def remove(saga: Saga) -> tuple[str, ...]:
    """Undo what the saga has begun (or everything, in a delete); give the ids removed."""
    removed = [
        await saga.undo(Connectors.delete_connector, gate=True),
        await saga.undo(PrivateLinks.delete_private_link, gate=True),
        await saga.undo(
            EndpointConnections.reject_endpoint_connections,
            EndpointServices.remove_allowed_principals,
        ),
        await saga.undo(EndpointServices.delete_endpoint_service, gate=True),
        await saga.undo(Listeners.delete_listeners),
        await saga.undo(LoadBalancers.delete_load_balancer, TargetGroups.delete_target_groups),
    ]
    await saga.finish_removal()
    return tuple(removed_id for ids in removed for removed_id in ids)
