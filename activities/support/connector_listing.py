"""The connectors of a deployment as a removal sees them, even if the worker may not see them."""

from activities.scopes import RemovalScope
from clouds.emqx.deployment_api import DeploymentApi
from clouds.emqx.wire import ConnectorRow
from privatelink.errors import NotAllowed


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
