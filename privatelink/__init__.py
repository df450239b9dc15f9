"""What a backend service imports: the request, the result, the errors, the names and the client.

It contains everything that caller and worker must agree on, and nothing that touches a cloud. It imports only pydantic,
temporalio and ruamel.yaml (its CLI adds Typer and Rich). It is the only package that the distribution installs.

    from privatelink import PrivateLinkRequest, PrivateLinks

    links = await PrivateLinks.connect()
    result = await links.create(PrivateLinkRequest.model_validate(request))
    print(result.address)
"""

from privatelink.client.links import PrivateLinks, SagaHandle
from privatelink.errors import Actor, FindingType, PrivateLinkError
from privatelink.model.names import DeploymentId, Link, LinkName
from privatelink.model.progress import Phase, Progress
from privatelink.model.request import DeleteRequest, PrivateLinkRequest
from privatelink.model.request_files import read_request
from privatelink.model.result import DeleteResult, PrivateLinkResult

__all__ = [
    "Actor",
    "DeleteRequest",
    "DeleteResult",
    "DeploymentId",
    "FindingType",
    "Link",
    "LinkName",
    "Phase",
    "PrivateLinkError",
    "PrivateLinkRequest",
    "PrivateLinkResult",
    "PrivateLinks",
    "Progress",
    "SagaHandle",
    "read_request",
]
