"""What exists at AWS before the first call: the seeded networks in moto, and the bystanders' load balancers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from moto.core.model_instances import reset_model_data
from moto.ec2.models import EC2Backend, ec2_backends, elastic_network_interfaces, instances, subnets, vpcs
from moto.ec2.models.availability_zones_and_regions import Zone

from sandbox.aws.network import free_address, take_address
from sandbox.aws.state import Listener, LoadBalancer, Store, World
from sandbox.seed import hex_id

if TYPE_CHECKING:
    from sandbox.clock import Clock
    from sandbox.seed import Account, Network, Seed


def put_seed_in_place(world: World) -> None:
    """Drop all of moto's networks, and create what is seeded: in moto, and in the world's stores, which are empty."""
    _seed_networks(world.seed)
    for account in world.seed.accounts.values():
        for region, seeded in account.networks.items():
            _seed_bystanders(world.store(account.id, region), account, region, seeded, world.clock)


def _seed_networks(seed: Seed) -> None:
    """Drop everything in moto and create the seeded networks again."""
    # moto remembers dropped resources in three places: a cache of each account's dict (so these are emptied, not
    # replaced), a cache in each subnet, and the list of everything ever created, for its dashboard.
    for regions in ec2_backends.values():
        regions.clear()
    subnets.Subnet._base_avail_ip_iterator.cache_clear()  # noqa: SLF001
    reset_model_data()
    for account in seed.accounts.values():
        for region, network in account.networks.items():
            _seed_network(ec2_backends[account.id][region], network)


def _seed_network(backend: EC2Backend, network: Network) -> None:
    # The default VPC that moto creates has other ids in every process.
    for made in (backend.vpcs, backend.subnets, backend.groups, backend.route_tables, backend.network_acls):
        made.clear()
    for vpc_id, cidr in ((network.vpc_id, network.vpc_cidr), (network.other_vpc_id, network.other_vpc_cidr)):
        if vpc_id is not None and cidr is not None:
            with patch.object(vpcs, "random_vpc_id", lambda made=vpc_id: made):
                backend.create_vpc(cidr)
    for seeded in network.subnets.values():
        with patch.object(subnets, "random_subnet_id", lambda made=seeded.id: made):
            subnet = backend.create_subnet(seeded.vpc_id, seeded.cidr, availability_zone_id=seeded.az_id)
        # moto stores subnets by AZ name, and gives every account the same names.
        zone = Zone(name=seeded.az_name, region_name=backend.region_name, zone_id=seeded.az_id)
        for kept in backend.subnets.values():
            kept.pop(subnet.id, None)
        subnet._availability_zone = zone  # noqa: SLF001
        subnet.default_for_az = subnet.map_public_ip_on_launch = False
        backend.subnets[seeded.az_name][subnet.id] = subnet
        for number in range(seeded.taken):
            _seed_interface(backend, subnet, hex_id("eni-", seeded.id, str(number)), free_address(subnet))
    for target in network.targets:
        _seed_interface(backend, backend.get_subnet(target.subnet_id), target.interface_id, target.address)
    for instance in network.instances:
        with patch.object(instances, "random_instance_id", lambda made=instance.id: made):
            backend.run_instances(
                "ami-0a0a0a0a0a0a0a0a0",
                1,
                None,
                [],
                instance_type="t3.micro",
                is_instance_type_default=False,
                region_name=backend.region_name,
                subnet_id=instance.subnet_id,
                private_ip=instance.address,
            )


def _seed_interface(backend: EC2Backend, subnet: Any, interface_id: str, address: str) -> None:  # noqa: ANN401
    with patch.object(elastic_network_interfaces, "random_eni_id", lambda: interface_id):
        interface = backend.create_network_interface(subnet, address)
    interface.status = "in-use"


def _seed_bystanders(store: Store, account: Account, region: str, seeded: Network, clock: Clock) -> None:
    """Create the ALBs: they are the customer's own, and nobody may touch them."""
    for alb in seeded.albs:
        zones = [one for one in seeded.subnets.values() if one.id in alb.subnet_ids]
        store.load_balancers[alb.arn] = LoadBalancer(
            arn=alb.arn,
            name=alb.name,
            type="application",
            vpc_id=seeded.vpc_id,
            settings={"Scheme": "internal", "IpAddressType": "ipv4", "SecurityGroups": [], "Subnets": alb.subnet_ids},
            zones=[{"ZoneName": account.az_names[one.az_id], "SubnetId": one.id} for one in zones],
            settled_at=clock.now(),
            settles="active",
            attributes={"deletion_protection.enabled": "false"},
            interface_ids=[
                take_address(account.id, region, one.id, f"ELB app/{alb.name}/{alb.arn[-16:]}") for one in zones
            ],
            created=clock.datetime(),
            visible_at=clock.now(),
            bystander=True,
        )
        store.listeners[alb.listener_arn] = Listener(
            arn=alb.listener_arn,
            load_balancer_arn=alb.arn,
            port=alb.listener_port,
            protocol="HTTP",
            target_group_arns=[],
            since=clock.now(),
            created=clock.datetime(),
            visible_at=clock.now(),
            bystander=True,
        )
