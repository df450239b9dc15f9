"""Answers of 200 that carry failures."""

import pytest

from clouds.aws.unsuccessful import raise_unsuccessful
from privatelink.errors import AccessDenied, NotYet, PrivateLinkError, UnknownCloudError

OPERATION = "DeleteVpcEndpointServiceConfigurations"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ExistingVpcEndpointConnections", NotYet),
        ("UnauthorizedOperation", AccessDenied),
        ("NeverHeardOf", UnknownCloudError),
    ],
)
def test_an_item_is_the_error_that_its_code_stands_for(code: str, kind: type[PrivateLinkError]) -> None:
    """A 200 with items is never success."""
    with pytest.raises(kind) as raised:
        raise_unsuccessful(
            [{"ResourceId": "vpce-svc-1", "Error": {"Code": code, "Message": "no"}}], "deleting", operation=OPERATION
        )
    assert f"deleting (vpce-svc-1): {code}: no" == raised.value.details_model.message


def test_an_item_without_a_code_is_still_a_failure() -> None:
    """Silence about the reason does not make it success."""
    with pytest.raises(UnknownCloudError):
        raise_unsuccessful([{"ResourceId": "vpce-svc-1"}], "deleting", operation=OPERATION)


def test_codes_that_mean_done_are_passed_over_and_others_after_them_are_not() -> None:
    """Each item is judged by itself."""
    gone = frozenset({"InvalidVpcEndpointService.NotFound"})
    done = {"ResourceId": "vpce-svc-1", "Error": {"Code": "InvalidVpcEndpointService.NotFound", "Message": ""}}
    raise_unsuccessful([done], "deleting", operation=OPERATION, done=gone)  # type: ignore[list-item]
    with pytest.raises(NotYet):
        raise_unsuccessful(
            [done, {"ResourceId": "vpce-svc-2", "Error": {"Code": "IncorrectState", "Message": ""}}],  # type: ignore[list-item]
            "deleting",
            operation=OPERATION,
            done=gone,
        )
