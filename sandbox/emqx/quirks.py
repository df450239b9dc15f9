"""Behaviours of the platform that are not errors, yet that a client must survive.

EMQX publishes no PrivateLink API (its page "Platform API" lists TLS certificates, deployments and projects), so
wherever its words and forms are unknown, a quirk lets a test choose each plausible one. Defaults are what the contract
calls usual. Set by `PUT /sandbox/quirks`, restored by a reset.
"""

from typing import Literal

from pydantic import NonNegativeInt

from sandbox.settable import Settable


class Quirks(Settable):
    """Settable while running; each holds for every answer from then on."""

    status_case: Literal["lower", "upper", "capitalized"] = "lower"
    """The case of status words: one version of "AWS PrivateLink" writes `Running`."""
    pending_word: str | None = None
    """A word that the contract does not know, said in place of `pending`: such a word means still moving."""
    gone_answer: Literal["not_found", "empty_object"] = "not_found"
    """What GET says of a PrivateLink that is gone; of `/tls`, EMQX's Terraform provider expects `{}`."""
    withhold_vpc_endpoint_id: bool = False
    """Leave out `vpcEndpointID`, which the contract holds optional."""
    withhold_address: bool = False
    """Leave `address` empty, though the PrivateLink is running."""
    withhold_reason: bool = False
    """Leave out `reason`, so that `failed` comes without one."""
    error_code: Literal["string", "number", "missing"] = "string"
    """What the platform's error bodies hold as `code`; a number is the HTTP status."""
    text_500: bool = False
    """Make every 500 plain text: emqx/minirest, the broker's HTTP server, may answer so."""
    denied_answer: Literal["bad_key", "forbidden"] = "bad_key"
    """What the fault `access_denied` answers: 401 as for a key rotated mid-run, or 403."""
    refusal_status: Literal[400, 409, 422] = 422
    """The status of the platform's refusals to change state: 422 is documented ("Deployment Management"), 400 is what
    the broker's API answers, 409 is assumed: no public source."""
    failed_deletable: bool = True
    """Whether a `failed` PrivateLink may be deleted: "AWS PrivateLink" asks for `running`."""
    dependants_block_delete: bool = False
    """Whether the platform refuses a delete while connectors use the address; "AWS PrivateLink" does not say so."""
    privatelinks_per_deployment: NonNegativeInt | None = None
    """POST beyond this many answers EXCEED_LIMIT; None = no limit, for none is known."""
    reads_per_hour: NonNegativeInt = 60
    """The limit of each GET of the assumed half, per path template and key."""
    writes_per_hour: NonNegativeInt = 60
    """The limit of each write of the assumed half; ten times the 6 of `/tls`, so that a demo is not blocked."""
    deployment_key_scopes: tuple[str, ...] | None = None
    """The scopes to which the deployments' API key is narrowed (broker, `emqx_api_key_scopes.hrl`); None = all. What
    it may not read answers 403 UNAUTHORIZED_ROLE."""
    lacking: tuple[str, ...] = ()
    """Paths that this version of EMQX does not have, as in `/ai/providers` (new in 5.9): they answer 404."""
    ssrf_protection: bool = False
    """Whether connectors are refused whose host resolves to a private address, as every PrivateLink's does
    (`rule_engine.ssrf.enable` of EMQX 6; how it words the refusal is assumed: no public source)."""
    unreachable_nodes: NonNegativeInt = 0
    """How many of a deployment's last nodes reach nothing: the face of an AZ whose path is
    broken (assumed: no public source)."""
