"""Other people's things that look like ours, placed beside ours. The product must not touch them."""

import copy
from typing import Any

from privatelink.model.names import TAG_LINK, TAG_MANAGED_BY, Link, aws_name
from tests.chaos.foreign_clients import CONSUMER, DEPLOYMENT, ForeignClients
from tests.support.sandbox import Sandbox

OTHER_LINK = "w41b11c1/somebody-elses"


class ForeignThings:
    """Look-alikes of a link that no test makes, and things that look like no link."""

    def __init__(self, sandbox: Sandbox, clients: ForeignClients) -> None:
        """`clients` make them."""
        self._sandbox = sandbox
        self._clients = clients

    def make_one_of_each(self) -> None:
        """Make one of everything: tagged for another link, named like one of ours, or not marked at all."""
        near = aws_name(Link(deployment=DEPLOYMENT, name="near"))
        tagged = {TAG_LINK: OTHER_LINK, TAG_MANAGED_BY: "privatelink-orchestrator"}
        load_balancer, group = self.load_balancer(near, {}), self.target_group(f"{near}-3306", tagged)
        self.listener(load_balancer, group)
        service_id = self.endpoint_service(load_balancer, tagged)
        self.allow(service_id, f"arn:aws:iam::{CONSUMER}:root")
        service_name = next(
            one["name"]
            for region in self._sandbox.books()["aws"].values()
            for page in region.values()
            for one in page["endpoint_services"]
            if one["id"] == service_id
        )
        self.vpc_endpoint(service_name)
        self.private_link(service_name, "made by hand")
        self.connector("somebody-elses")

    def target_group(self, name: str, tags: dict[str, str]) -> str:
        """Make a TCP target group of that name with one target, and return its ARN."""
        made = self._clients.elb.create_target_group(
            Name=name, Protocol="TCP", Port=3306, VpcId=self._sandbox.seed["vpc"], TargetType="ip", **_tagged(tags)
        )
        arn = str(made["TargetGroups"][0]["TargetGroupArn"])
        self._clients.elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": self._sandbox.seed["targets"][0]}])
        return arn

    def load_balancer(self, name: str, tags: dict[str, str]) -> str:
        """Make an internal Network Load Balancer of that name, active at once, and return its ARN."""
        subnets = self._sandbox.seed["subnets"]
        usual = self._sandbox._json("GET", "/durations")["load_balancer_active"]
        self._sandbox.durations(load_balancer_active=0)
        made = self._clients.elb.create_load_balancer(
            Name=name,
            Type="network",
            Scheme="internal",
            IpAddressType="ipv4",
            Subnets=[subnets["use1-az1"], subnets["use1-az2"]],
            **_tagged(tags),
        )
        self._sandbox.durations(load_balancer_active=usual)
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])

    def listener(self, load_balancer_arn: str, target_group_arn: str, port: int = 3306) -> str:
        """Make a listener without tags, and return its ARN."""
        made = self._clients.elb.create_listener(
            LoadBalancerArn=load_balancer_arn,
            Protocol="TCP",
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group_arn}],
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def endpoint_service(self, load_balancer_arn: str, tags: dict[str, str]) -> str:
        """Make an endpoint service, available at once, and return its ID."""
        usual = self._sandbox._json("GET", "/durations")["endpoint_service_available"]
        self._sandbox.durations(endpoint_service_available=0)
        made = self._clients.ec2.create_vpc_endpoint_service_configuration(
            AcceptanceRequired=True,
            NetworkLoadBalancerArns=[load_balancer_arn],
            TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": _tags(tags)}] if tags else [],
        )
        self._sandbox.durations(endpoint_service_available=usual)
        return str(made["ServiceConfiguration"]["ServiceId"])

    def allow(self, service_id: str, arn: str) -> None:
        """Allow an ARN to connect."""
        self._clients.ec2.modify_vpc_endpoint_service_permissions(ServiceId=service_id, AddAllowedPrincipals=[arn])

    def vpc_endpoint(self, service_name: str, account_id: str = CONSUMER) -> str:
        """Make an account's endpoint at a service, waiting to be accepted, and return its ID."""
        network = self._sandbox.seed["accounts"][account_id]["networks"]["us-east-1"]
        made = self._clients.aws("ec2", account_id).create_vpc_endpoint(
            VpcEndpointType="Interface",
            VpcId=network["vpc_id"],
            ServiceName=service_name,
            SubnetIds=[network["subnets"]["use1-az1"]["id"]],
        )
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def private_link(self, service_name: str, description: str) -> str:
        """Make a PrivateLink in the console, and return its ID."""
        made = self._clients.platform.post(
            "/privatelinks", json={"serviceName": service_name, "description": description}
        ).raise_for_status()
        return str(made.json()["privatelinkID"])

    def connector(self, name: str) -> str:
        """Make a connector in the console, of the type that our links make, and return its ID."""
        body = {"type": "mysql", "name": name, "server": "10.0.1.15:3306", "database": "d", "username": "u"}
        self._clients.broker.post("/connectors", json=body).raise_for_status()
        return f"mysql:{name}"


def foreign_in(books: dict[str, Any], links: set[str]) -> dict[str, Any]:
    """Everything in the books that does not belong to `links`, by owner, kind and ID."""
    at_aws = [
        (f"{account} {region} {kind}", one)
        for account, regions in books["aws"].items()
        for region, page in regions.items()
        for kind, ones in page.items()
        for one in ones
    ]
    own = {one["id"] for place, one in at_aws if place.endswith("endpoint_services") and _tagged_for(one, links)}
    at_emqx = [
        *((f"{deployment} PrivateLink", one) for deployment, ones in books["platform"].items() for one in ones),
        *((f"{deployment} connector", one) for deployment, ones in books["connectors"].items() for one in ones),
    ]
    return copy.deepcopy(
        {
            f"{place} {_id(one)}": one
            for place, one in [*at_aws, *at_emqx]
            if not (_tagged_for(one, links) or _described_for(one, links) or _service_of(one) in own)
        }
    )


def _tagged_for(one: dict[str, Any], links: set[str]) -> bool:
    return one.get("tags", {}).get(TAG_LINK) in links


def _described_for(one: dict[str, Any], links: set[str]) -> bool:
    words = dict(word.partition("=")[::2] for word in str(one.get("description", "")).split())
    return words.get("link") in links


def _service_of(one: dict[str, Any]) -> str:
    """The endpoint service to which a connection, an endpoint or a PrivateLink belongs."""
    name = one.get("service_id") or one.get("service_name") or one.get("serviceName") or ""
    return str(name).rpartition(".")[2]


def _id(one: dict[str, Any]) -> str:
    keys = ("arn", "id", "vpc_endpoint_id", "privatelinkID", "name")
    return str(next(one[key] for key in keys if key in one))


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _tagged(tags: dict[str, str]) -> dict[str, Any]:
    """Return `tags` as an argument, or none: load balancing accepts no empty list of tags."""
    return {"Tags": _tags(tags)} if tags else {}
