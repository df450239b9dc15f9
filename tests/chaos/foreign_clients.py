"""Other people's clients: somebody deletes what belongs to a link, with their own consoles or tools."""

import time
from typing import Any, NamedTuple

import boto3
import httpx
from botocore.exceptions import ClientError

from tests.support.laws import of_link
from tests.support.parts import PARTS
from tests.support.sandbox import Sandbox

PROVIDER = "210987654321"
CONSUMER = "111122223333"
"""EMQX's AWS account."""
DEPLOYMENT = "w41b11c0"


class Ids(NamedTuple):
    """IDs that the books have of a link; empty where there is nothing."""

    target_group_arns: tuple[str, ...]
    load_balancer_arn: str
    listener_arns: tuple[str, ...]
    service_id: str
    vpc_endpoint_id: str
    private_link_id: str
    connector: str
    everything: frozenset[str]

    @classmethod
    def of(cls, books: dict[str, Any], link: str) -> "Ids":
        """Read them from the sandbox's books."""
        found = of_link(books, link)

        ids = {part.kind: tuple(part.id_of(one) for one in found.get(part.book, [])) for part in PARTS}

        def first(kind: str) -> str:
            return next(iter(ids[kind]), "")

        return cls(
            ids["target group"],
            first("load balancer"),
            ids["listener"],
            first("endpoint service"),
            first("endpoint connection"),
            first("PrivateLink"),
            first("connector"),
            # An endpoint connection is the consumer's end.
            frozenset(one for kind, of_kind in ids.items() if kind != "endpoint connection" for one in of_kind),
        )


class ForeignClients:
    """Clients with the accounts' own keys, which share no code with the product. Each call blocks."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Open the clients once for a whole run."""
        env = sandbox.env
        self._sandbox = sandbox
        self.elb = self.aws("elbv2", PROVIDER)
        self.ec2 = self.aws("ec2", PROVIDER)
        self.consumer = self.aws("ec2", CONSUMER)
        self.platform = httpx.Client(
            base_url=f"{env['EMQXCLOUD_PLATFORM_ENDPOINT']}/deployments/{DEPLOYMENT}",
            auth=(env["EMQXCLOUD_PLATFORM_API_KEY"], env["EMQXCLOUD_PLATFORM_API_SECRET"]),
            timeout=30,
        )
        self.broker = httpx.Client(
            base_url=env["EMQXCLOUD_DEPLOYMENT_ENDPOINT"],
            auth=(env["EMQXCLOUD_DEPLOYMENT_API_KEY"], env["EMQXCLOUD_DEPLOYMENT_API_SECRET"]),
            timeout=30,
        )

    def close(self) -> None:
        """Close the connections."""
        self.platform.close()
        self.broker.close()
        for client in (self.elb, self.ec2, self.consumer):
            client.close()

    def aws(self, service: str, account_id: str) -> Any:  # noqa: ANN401 - boto3 makes clients by name
        """A client of one account, in the home region."""
        account = self._sandbox.seed["accounts"][account_id]
        return boto3.client(
            service,  # type: ignore[call-overload]  # any service that a test names
            region_name="us-east-1",
            endpoint_url=self._sandbox.endpoint,
            aws_access_key_id=account["access_key_id"],
            aws_secret_access_key=account["secret_access_key"],
        )

    def delete_target_groups(self, ids: Ids) -> None:
        """Delete them as soon as AWS allows it."""
        for arn in ids.target_group_arns:
            for _ in range(200):
                try:
                    self.elb.delete_target_group(TargetGroupArn=arn)
                    break
                except ClientError as error:
                    if error.response["Error"]["Code"] != "ResourceInUse":
                        raise
                    time.sleep(0.02)

    def deregister_targets(self, ids: Ids) -> None:
        """Deregister every target."""
        for arn in ids.target_group_arns:
            health = self.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            targets = [{"Id": one["Target"]["Id"]} for one in health]
            self.elb.deregister_targets(TargetGroupArn=arn, Targets=targets)

    def delete_load_balancer(self, ids: Ids) -> None:
        """Delete it, together with its listeners."""
        self.elb.delete_load_balancer(LoadBalancerArn=ids.load_balancer_arn)

    def delete_listeners(self, ids: Ids) -> None:
        """Delete them."""
        for arn in ids.listener_arns:
            self.elb.delete_listener(ListenerArn=arn)

    def delete_endpoint_service(self, ids: Ids) -> None:
        """Delete it."""
        answer = self.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[ids.service_id])
        assert not answer["Unsuccessful"], answer

    def remove_principals(self, ids: Ids) -> None:
        """No longer allow EMQX's account."""
        self.ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=ids.service_id, RemoveAllowedPrincipals=[f"arn:aws:iam::{CONSUMER}:root"]
        )

    def delete_vpc_endpoint(self, ids: Ids) -> None:
        """Delete the consumer's endpoint."""
        answer = self.consumer.delete_vpc_endpoints(VpcEndpointIds=[ids.vpc_endpoint_id])
        assert not answer["Unsuccessful"], answer

    def delete_private_link(self, ids: Ids) -> None:
        """Delete it in the console."""
        self.platform.delete(f"/privatelinks/{ids.private_link_id}").raise_for_status()

    def delete_connector(self, ids: Ids) -> None:
        """Delete it in the console."""
        self.broker.delete(f"/connectors/{ids.connector}").raise_for_status()
