"""The connectors of a deployment as a removal sees them, even if the worker may not see them."""

from activities.scopes import RemovalScope
from clouds.aws.endpoint_services import FoundEndpointService
from clouds.emqx.deployment_api import DeploymentApi
from clouds.emqx.errors import NOT_FOUND
from clouds.emqx.wire import ConnectorRow
from privatelink.errors import CloudRefused, NotAllowed


async def listed_connectors(api: DeploymentApi | None, scope: RemovalScope) -> tuple[ConnectorRow, ...] | None:
    """All connectors of the deployment; None if they are not looked at.

    That is so without an API key of the deployment, and with one that may not list them if the removal was told to
    ignore the deployment. Without that, the refusal is raised.
    """
    if api is None:
        return None
    try:
        return await api.connectors.reading()
    except NotAllowed:
        if scope.ignore_deployment:
            return None
        raise


async def connectors_in_scope(
    api: DeploymentApi | None, spec: RemovalScope, service: FoundEndpointService | None
) -> tuple[ConnectorRow, ...] | None:
    """Those that the removal may touch; None if they are not looked at."""
    # A connector has no tags of its own, so the tags of the link's endpoint service decide.
    all_of_link = spec.saga_id is None or (
        service is not None and service.ownership.is_in_scope(spec.link, spec.saga_id)
    )
    try:
        connectors = await listed_connectors(api, spec)
    except CloudRefused as error:
        if error.cloud_code == NOT_FOUND:
            return ()  # the deployment is gone, and its connectors with it
        raise
    if connectors is None:
        return None
    return tuple(
        one
        for one in connectors
        if one.is_of(spec.link)
        and not one.stands_elsewhere(spec.place)
        and (all_of_link or one.saga_id == spec.saga_id)
    )
