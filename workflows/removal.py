"""The removal: the same steps for rollback and delete, from the consumer's end to the targets.

The platform goes first: removing the AWS side of a PrivateLink that still exists makes its status `failed` (EMQX:
"AWS PrivateLink", "Delete the PrivateLink"). Each step waits until its cloud shows that the resource is gone.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.connectors import Connectors
    from activities.endpoint_connections import EndpointConnections
    from activities.endpoint_services import EndpointServices
    from activities.listeners import Listeners
    from activities.load_balancers import LoadBalancers
    from activities.support.consistency import settle, settle_at_platform
    from activities.target_groups import TargetGroups
    from privatelink.model.request import ApiPlatform, ConsolePlatform
    from workflows.platform_side import disconnect_by_hand, is_by_hand, removal_of_private_link
    from workflows.saga.compensation import Stage
    from workflows.saga.saga import Saga
    from workflows.saga.subject import Undo


def order(platform: ApiPlatform | ConsolePlatform) -> tuple[Stage, ...]:
    """The one order in which a link is removed. A delete runs all of it, a rollback only what had begun."""
    return (
        Stage((Connectors.delete_connector,), settle(), gate=True),
        Stage((removal_of_private_link(platform),), settle_at_platform(), gate=True),
        Stage((EndpointConnections.reject_endpoint_connections, EndpointServices.remove_allowed_principals), settle()),
        Stage((EndpointServices.delete_endpoint_service,), settle(), gate=True),
        Stage((Listeners.delete_listeners,), settle()),
        Stage((LoadBalancers.delete_load_balancer, TargetGroups.delete_target_groups), settle()),
    )


def everything(platform: ApiPlatform | ConsolePlatform) -> tuple[Undo, ...]:
    """Every removal of a link, in order."""
    return tuple(undo for stage in order(platform) for undo in stage.removals)


async def remove(saga: Saga) -> tuple[str, ...]:
    """Undo what the saga has begun (or everything, in a delete); returns the ids removed.

    A delete raises the reason why something could not be removed; a rollback raises its first cause, and lists what is
    left. After a reset in the middle it begins again, because what its first steps removed may have been made again.
    """
    removed: list[str] = []
    while True:
        resets = saga.resets
        saga.compensation.begin()
        for stage in order(saga.compensation.spec.platform):
            removed += await (disconnect_by_hand(saga) if is_by_hand(stage) else saga.compensation.undo(stage))
            if saga.resets != resets:
                break
        if saga.resets == resets:
            break
    await saga.look_until_no_reset(saga.compensation.finish)
    if saga.compensation.failure and not saga.is_ending:
        raise saga.compensation.failure
    return tuple(dict.fromkeys(removed))
