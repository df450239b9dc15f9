"""What an administrator, a clean-up job or another team does at AWS, triggered by the control path.

Each verb is an ordinary action of AWS as the account that owns the resource. AWS's own rules apply: for instance, a
load balancer that an endpoint service uses cannot be deleted here either. Faults, policies and request rates do not
apply, and the calls are not in the record of calls. What AWS refuses is HTTP 400 with AWS's code and message.
`sandbox.control` lists the verbs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from sandbox import bodies
from sandbox.aws import network
from sandbox.aws.actions import ACTIONS, Call
from sandbox.aws.errors import EC2, ELB, AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.aws.credentials import Keyring
    from sandbox.aws.state import World


class OutOfBand:
    """The verbs, by their paths under `/sandbox/`. Thread-safe."""

    def __init__(self, world: World, keyring: Keyring) -> None:
        """Act on `world`, as the users of `keyring`."""
        self._world = world
        self._keyring = keyring
        self._verbs: dict[str, Callable[[dict[str, Any]], Any]] = {
            "call": self._call,
            "tags": self._tag,
            "delete": self._delete,
            "principals": self._change_principals,
            "attributes": self._set_attributes,
            "listeners": self._add_listener,
            "endpoints": self._add_endpoint,
            "shares": self._share,
        }

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all verbs."""
        return tuple(self._verbs)

    def act(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401  JSON
        """Carry out a verb; ValueError (or pydantic's ValidationError) when the body is invalid or AWS refuses."""
        with self._world.lock:
            try:
                return self._verbs[path](body)
            except AwsError as error:
                raise ValueError(f"{error.code}: {error.message}") from error

    def _call(self, body: dict[str, Any]) -> Any:  # noqa: ANN401  JSON
        asked = bodies.AnyCall.model_validate(body)
        services = [service for service, name in ACTIONS if name == asked.action]
        if not services:
            raise ValueError(f"the sandbox itself has no action {asked.action}; call moto's own over AWS's API")
        return self._do(asked.account, asked.region, services[0], asked.action, **asked.params)

    def _tag(self, body: dict[str, Any]) -> None:
        asked = bodies.Tags.model_validate(body)
        account, region, thing = self._find(asked.id)
        gone = list(thing.tags) if asked.remove == "all" else asked.remove
        new = [{"Key": key, "Value": value} for key, value in asked.set.items()]
        if asked.id.startswith("arn:"):
            if gone:
                self._do(account, region, ELB, "RemoveTags", ResourceArns=[asked.id], TagKeys=gone)
            if new:
                self._do(account, region, ELB, "AddTags", ResourceArns=[asked.id], Tags=new)
            return
        if gone:
            keys = [{"Key": key} for key in gone]
            self._do(account, region, EC2, "DeleteTags", Resources=[asked.id], Tags=keys)
        if new:
            self._do(account, region, EC2, "CreateTags", Resources=[asked.id], Tags=new)

    def _delete(self, body: dict[str, Any]) -> None:
        id_ = bodies.Deletion.model_validate(body).id
        account, region, _ = self._find(id_)
        if ":targetgroup/" in id_:
            self._do(account, region, ELB, "DeleteTargetGroup", TargetGroupArn=id_)
        elif ":listener/" in id_:
            self._do(account, region, ELB, "DeleteListener", ListenerArn=id_)
        elif id_.startswith("arn:"):
            self._do(account, region, ELB, "DeleteLoadBalancer", LoadBalancerArn=id_)
        elif id_.startswith("vpce-svc-"):
            self._do(account, region, EC2, "DeleteVpcEndpointServiceConfigurations", ServiceIds=[id_])
        else:
            self._do(account, region, EC2, "DeleteVpcEndpoints", VpcEndpointIds=[id_])

    def _change_principals(self, body: dict[str, Any]) -> None:
        asked = bodies.Principals.model_validate(body)
        account, region, _ = self._find(asked.service_id)
        self._do(
            account,
            region,
            EC2,
            "ModifyVpcEndpointServicePermissions",
            ServiceId=asked.service_id,
            AddAllowedPrincipals=asked.add,
            RemoveAllowedPrincipals=asked.remove,
        )

    def _set_attributes(self, body: dict[str, Any]) -> None:
        asked = bodies.Attributes.model_validate(body)
        account, region, _ = self._find(asked.load_balancer_arn)
        pairs = [{"Key": key, "Value": value} for key, value in asked.attributes.items()]
        arn = asked.load_balancer_arn
        self._do(account, region, ELB, "ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=pairs)

    def _add_listener(self, body: dict[str, Any]) -> dict[str, str]:
        """Add a listener that forwards to the target group, or to a new, empty one in the same VPC."""
        asked = bodies.NewListener.model_validate(body)
        account, region, balancer = self._find(asked.load_balancer_arn)
        group = asked.target_group_arn
        if group is None:
            wanted = {"Protocol": "TCP", "Port": asked.port, "VpcId": balancer.vpc_id, "TargetType": "ip"}
            made = self._do(account, region, ELB, "CreateTargetGroup", Name=f"by-hand-{asked.port}", **wanted)
            group = made["TargetGroups"][0]["TargetGroupArn"]
        listeners = self._do(
            account,
            region,
            ELB,
            "CreateListener",
            LoadBalancerArn=balancer.arn,
            Protocol="TCP",
            Port=asked.port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )["Listeners"]
        return {"listener_arn": listeners[0]["ListenerArn"], "target_group_arn": group}

    def _add_endpoint(self, body: dict[str, Any]) -> dict[str, str]:
        """Create a VPC endpoint in an account's seeded VPC; without `az_ids`, in the service's first zone."""
        asked = bodies.NewEndpoint.model_validate(body)
        region = asked.service_name.split(".")[3]
        network_ = self._world.seed.network(asked.account, region)
        services = [one for store in self._world.stores_in(region) for one in store.endpoint_services.values()]
        service = next((one for one in services if one.name == asked.service_name), None)
        az_ids = asked.az_ids or ([] if service is None else service.az_ids[:1])
        made = self._do(
            asked.account,
            region,
            EC2,
            "CreateVpcEndpoint",
            VpcEndpointType="Interface",
            ServiceName=asked.service_name,
            VpcId=network_.vpc_id,
            SubnetIds=[network_.subnets[az_id].id for az_id in az_ids],
        )
        return {"vpc_endpoint_id": made["VpcEndpoint"]["VpcEndpointId"]}

    def _share(self, body: dict[str, Any]) -> None:
        """Share subnets as AWS RAM does, but at once ("Share your VPC subnets with other accounts")."""
        asked = bodies.Share.model_validate(body)
        names = self._world.seed.accounts[asked.participant].az_names
        for id_ in asked.subnet_ids:
            owner, region = self._owner_of_subnet(id_)
            network.share_subnet(owner, asked.participant, region, id_, names)

    def _owner_of_subnet(self, id_: str) -> tuple[str, str]:
        for account in self._world.seed.accounts.values():
            for region in account.networks:
                subnet = network.find_subnet(account.id, region, id_)
                if subnet is not None and subnet.owner == account.id:
                    return account.id, region
        raise ValueError(f"no account has a subnet {id_}")

    def _find(self, id_: str) -> tuple[str, str, Any]:
        """(the owner's account, the region, the resource)."""
        for store in self._world.stores():
            kinds = (store.load_balancers, store.target_groups, store.listeners, store.endpoint_services)
            for kind in kinds:
                if id_ in kind:
                    return store.account, store.region, kind[id_]
            if id_ in store.connections:
                return store.connections[id_].owner, store.region, store.connections[id_]
        raise ValueError(
            f"nothing at AWS has the id {id_!r}: ARNs of load balancers, target groups and listeners are known, and ids"
            " vpce-svc-... and vpce-..."
        )

    def _do(self, account: str, region: str, service: str, name: str, **params: Any) -> Any:  # noqa: ANN401  JSON
        keys = [key for key in self._keyring.named(account) if key.token is None]
        if not keys:
            raise ValueError(f"there is no account {account}; there are: {', '.join(self._world.seed.accounts)}")
        call = Call(
            action=ACTIONS[service, name],
            caller=keys[-1],
            region=region,
            params=params,
            fault=None,
            world=self._world,
            keyring=self._keyring,
            moto=_not_here,
        )
        answer = call.action.handler(call)
        if refused := answer.get("Unsuccessful"):
            error = refused[0]["Error"]
            raise ValueError(f"{error['Code']}: {error['Message']}")
        return answer


def _not_here() -> NoReturn:
    raise ValueError("this thing is moto's own: change it over AWS's API")
