"""The principals that may connect to an endpoint service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.aws.actions import Call, action
from sandbox.aws.endpoint_services import endpoint_service, service_not_found
from sandbox.aws.errors import EC2, AwsError
from sandbox.aws.ids import new_id
from sandbox.aws.selection import filtered, paged

if TYPE_CHECKING:
    from sandbox.aws.state import EndpointService

# "A principal ARN with a path is not supported" (ModifyVpcEndpointServicePermissions).
_PRINCIPAL = re.compile(r"\*|arn:aws:iam::\d{12}:(root|(user|role)/[\w+=,.@-]+)")
_TYPES = {"*": "All", "root": "Account", "user": "User", "role": "Role"}


@action(EC2, "ModifyVpcEndpointServicePermissions", fault_kinds=("not_found_yet",))
def modify_permissions(call: Call) -> dict[str, Any]:
    """Add and remove principals; an added one must be * or an IAM ARN without a path, otherwise InvalidPrincipal.

    Adding one again, or removing an absent one, changes nothing. Removing one does not end its connections
    (terraform-provider-aws 37260).
    """
    service = endpoint_service(call, call.required("ServiceId"))
    added = call.params.get("AddAllowedPrincipals") or []
    for principal in added:
        if not _PRINCIPAL.fullmatch(principal):
            raise AwsError("InvalidPrincipal", f"Invalid Principal: '{principal}'")
    new = [principal for principal in added if principal not in service.principals]
    service.principals |= {principal: new_id("vpce-svc-perm-") for principal in new}
    for principal in call.params.get("RemoveAllowedPrincipals") or []:
        service.principals.pop(principal, None)
    return {
        "AddedPrincipals": [_description(service, one) for one in new if one in service.principals],
        "ReturnValue": True,
    }


@action(EC2, "DescribeVpcEndpointServicePermissions", read=True)
def describe_permissions(call: Call) -> dict[str, Any]:
    """The allowed principals of one service."""
    service = call.store.endpoint_services.get(call.required("ServiceId"))
    if service is None or not call.sees(service) or service.state(call.now) == "Deleted":
        raise service_not_found(call.params["ServiceId"])
    fields = {"principal": lambda one: one, "principal-type": _type}
    principals = filtered(call, list(service.principals), fields)
    page, token = paged(call, principals, mark="NextToken", size="MaxResults")
    return {"AllowedPrincipals": [_description(service, one) for one in page], "NextToken": token or None}


def _type(principal: str) -> str:
    return _TYPES[principal.rpartition(":")[2].partition("/")[0]]


def _description(service: EndpointService, principal: str) -> dict[str, Any]:
    return {
        "Principal": principal,
        "PrincipalType": _type(principal),
        "ServiceId": service.id,
        "ServicePermissionId": service.principals[principal],
    }
