"""The insides of moto that the sandbox leans on. One that moves in a new moto fails here, by name."""

from __future__ import annotations

import importlib.metadata
import inspect

import moto.backends
import moto.core.responses
import pytest
from moto.core.model_instances import reset_model_data
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores
from moto.ec2.models import EC2Backend, ec2_backends, elastic_network_interfaces, instances, subnets, vpcs
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone
from moto.ec2.responses import EC2Response
from moto.elbv2.responses import ELBV2Response
from moto.moto_server import werkzeug_app
from moto.sts.responses import TokenResponse

from sandbox.aws.actions import ACTIONS
from sandbox.seed import AZ_IDS


def test_moto_is_the_one_that_was_read() -> None:
    """The pin in pyproject.toml and what is installed; another version needs this file read again."""
    assert "5.2.5" == importlib.metadata.version("moto")


@pytest.mark.parametrize("responses", [EC2Response, ELBV2Response, TokenResponse])
def test_actions_are_methods_of_the_response_classes(responses: type[BaseResponse]) -> None:
    """`call_action` finds a method by the action's snake-case name, with parsed `params` and `normalized_request`."""
    made = responses()
    assert made.automated_parameter_parsing
    assert "create_vpc_endpoint_service_configuration" == camelcase_to_underscores(
        "CreateVpcEndpointServiceConfiguration"
    )
    source = inspect.getsource(BaseResponse)
    assert all(
        name in source for name in ("method_names_from_class", "normalized_request", "self.params", "ActionResult")
    )


def test_an_answer_is_serialised_by_the_botocore_model() -> None:
    """A dict in an `ActionResult` is all that an action returns."""
    assert {"Return": True} == ActionResult({"Return": True}).result


def test_the_account_comes_from_our_header() -> None:
    """`x-moto-account-id` goes before what moto makes of the access key."""
    assert "x-moto-account-id" in inspect.getsource(BaseResponse.get_current_account)


def test_the_names_that_are_replaced_exist() -> None:
    """For speed: the method lists, the list of services, and the machine images that are not loaded."""
    assert "list_of_moto_modules" in inspect.getsource(werkzeug_app.DomainDispatcherApplication)
    assert callable(moto.backends.list_of_moto_modules)
    assert "method_names_from_class" in vars(moto.core.responses)
    assert isinstance(ELBV2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER, dict)
    assert "ec2_load_default_amis" in inspect.getsource(EC2Backend._load_amis)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (vpcs, "random_vpc_id"),
        (subnets, "random_subnet_id"),
        (elastic_network_interfaces, "random_eni_id"),
        (instances, "random_instance_id"),
    ],
)
def test_the_makers_of_ids_can_be_replaced(module: object, name: str) -> None:
    """The seed's ids are given where moto would draw one."""
    assert callable(getattr(module, name))


def test_the_network_has_the_attributes_that_are_read() -> None:
    """The EC2 backend of an account and region, and what hangs on it."""
    backend = ec2_backends["210987654321"]["us-east-1"]
    for name in ("vpcs", "subnets", "enis", "groups", "route_tables", "network_acls"):
        assert isinstance(getattr(backend, name), dict)
    for name in (
        "create_vpc",
        "create_subnet",
        "create_network_interface",
        "run_instances",
        "get_subnet",
        "get_instance_by_id",
        "get_security_group_from_id",
    ):
        assert callable(getattr(backend, name))
    assert isinstance(ec2_backends, dict)
    assert callable(reset_model_data)
    assert callable(subnets.Subnet._base_avail_ip_iterator.cache_clear)
    assert "_availability_zone" in inspect.getsource(subnets.Subnet)


@pytest.mark.parametrize("region", AZ_IDS)
def test_moto_knows_the_az_ids(region: str) -> None:
    """Subnets are made by AZ ID, and renamed to the account's AZ names afterwards."""
    assert set(AZ_IDS[region]) == {zone.zone_id for zone in RegionsAndZonesBackend.zones[region]}
    assert "use1-az1" == Zone(name="us-east-1x", region_name="us-east-1", zone_id="use1-az1").zone_id


def test_the_server_has_its_seam() -> None:
    """The WSGI application that picks the service by the signature's scope."""
    assert callable(werkzeug_app.create_backend_app)
    assert "get_application" in vars(werkzeug_app.DomainDispatcherApplication)


def test_every_action_is_one_of_aws() -> None:
    """No misspelt action in our table: each is an operation of a botocore model."""
    from sandbox.aws import application  # noqa: PLC0415  fills the table

    models = {service: set(operations(model)) for service, model in application._MODELS.items()}
    assert [] == [(service, name) for service, name in ACTIONS if name not in models[service]]


def operations(model: str) -> list[str]:
    """The operations of a botocore service model."""
    from botocore.session import Session  # noqa: PLC0415  slow to import, used once

    return list(Session().get_service_model(model).operation_names)
