"""The one place of registration: every activity of every resource, for the worker."""

import inspect
from collections.abc import Callable
from typing import Any

from activities.checks.address_users import AddressUsers
from activities.connectors import Connectors
from activities.deployments import Deployments
from activities.endpoint_connections import EndpointConnections
from activities.endpoint_services import EndpointServices
from activities.fleets import Fleets
from activities.inquiries import Inquiries
from activities.listeners import Listeners
from activities.load_balancers import LoadBalancers
from activities.notifications import Notifications
from activities.private_links import PrivateLinks
from activities.private_links_by_hand import PrivateLinksByHand
from activities.providers import Providers
from activities.removal import Removals
from activities.support.inventory_reader import InventoryReader
from activities.support.remembered_places import remembered_by_temporal
from activities.target_groups import TargetGroups
from clouds.aws.accounts import AwsAccounts
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from clouds.secrets import Secrets
from clouds.webhook import Webhook


def all_activities(
    aws: AwsAccounts, platform: Platform, deployment_apis: DeploymentApis, secrets: Secrets, webhook: Webhook | None
) -> list[Callable[..., Any]]:
    """The activities, bound to the clouds, the secrets that requests may use, and the webhook, if there is one."""
    inventory, users = (
        InventoryReader(aws, platform, deployment_apis, remembered_by_temporal),
        AddressUsers(deployment_apis),
    )
    nouns = (
        Deployments(platform),
        Providers(aws, platform, remembered_by_temporal),
        TargetGroups(aws),
        LoadBalancers(aws),
        Listeners(aws),
        EndpointServices(aws),
        PrivateLinks(platform, aws, users),
        PrivateLinksByHand(aws, users),
        EndpointConnections(aws, platform),
        Connectors(deployment_apis, aws, secrets),
        Removals(inventory, users),
        Inquiries(aws, platform, deployment_apis, inventory),
        Notifications(webhook),
        Fleets(),
    )
    return [
        method
        for noun in nouns
        for _, method in inspect.getmembers(noun, inspect.ismethod)
        if hasattr(method, "__temporal_activity_definition")
    ]
