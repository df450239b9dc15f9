"""The mark by which later steps know the link's own VPC endpoint: a tag on the endpoint service."""

from activities.checks.connection_matching import as_connection
from activities.inputs import Sighting, WatchedService
from activities.scopes import Scope
from activities.support.adoption import may_exist
from clouds.aws.accounts import AwsAccount
from clouds.aws.endpoint_connections import FoundConnection
from clouds.aws.endpoint_services import find_endpoint_service
from clouds.aws.tags import TAG_VPC_ENDPOINT, add_ec2_tags


async def _tag(account: AwsAccount, scope: Scope, service_id: str, vpc_endpoint_id: str) -> None:
    """Tag the endpoint service with the VPC endpoint that is proven to be the link's, unless it has the tag."""
    if may_exist(scope):
        for service in await account.pollers.endpoint_services.reading():
            if (service.service_id, service.vpc_endpoint_id) == (service_id, vpc_endpoint_id):
                return
    await add_ec2_tags(account, service_id, [{"Key": TAG_VPC_ENDPOINT, "Value": vpc_endpoint_id}])


async def mark(account: AwsAccount, spec: WatchedService, own: FoundConnection) -> Sighting:
    """Mark the link's own connection, for the removals."""
    await _tag(account, spec.scope, own.service_id, own.vpc_endpoint_id)
    return Sighting(connection=as_connection(own))


async def marked_at(account: AwsAccount, spec: WatchedService) -> str:
    """The VPC endpoint that an earlier create of the link marked as its own; empty if none did."""
    service = await find_endpoint_service(account, spec.scope.link)
    return service.vpc_endpoint_id if service and service.service_id == spec.endpoint_service.service_id else ""
