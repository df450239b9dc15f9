"""Behaviours of the platform that are no errors but that a client must handle.

EMQX publishes no PrivateLink API (its page "Platform API" lists TLS certificates, deployments and projects). Where its
words and formats are unknown, a quirk lets a test choose among the plausible ones. The defaults are what the contract
calls usual. `PUT /sandbox/quirks` sets quirks, and a reset restores the defaults.
"""

from typing import Literal

from pydantic import NonNegativeInt

from sandbox.settable import Settable


class Quirks(Settable):
    """Settable while running; a change applies to every later answer."""

    status_case: Literal["lower", "upper", "capitalized"] = "lower"
    """Case of the status words: one version of "AWS PrivateLink" writes `Running`."""
    pending_word: str | None = None
    """Word that replaces `pending`, unknown to the contract: a client must take such a word as still moving."""
    gone_answer: Literal["not_found", "empty_object"] = "not_found"
    """Answer of GET for a PrivateLink that is gone; for `/tls`, EMQX's Terraform provider expects `{}`."""
    withhold_vpc_endpoint_id: bool = False
    """Whether to leave out `vpcEndpointID`, which is optional in the contract."""
    withhold_address: bool = False
    """Whether to leave `address` empty even when the PrivateLink is running."""
    withhold_reason: bool = False
    """Whether to leave out `reason`, so that `failed` has none."""
    error_code: Literal["string", "number", "missing"] = "string"
    """Form of `code` in the platform's error bodies; a number is the HTTP status."""
    text_500: bool = False
    """Whether every 500 is plain text, as emqx/minirest, the broker's HTTP server, may answer."""
    denied_answer: Literal["bad_key", "forbidden"] = "bad_key"
    """Answer of the fault `access_denied`: 401, as for a key that was rotated mid-run, or 403."""
    refusal_status: Literal[400, 409, 422] = 422
    """HTTP status of the platform's refusals to change state: 422 is documented ("Deployment Management"), 400 is what
    the broker's API answers, 409 is assumed: no public source."""
    failed_deletable: bool = True
    """Whether a `failed` PrivateLink may be deleted: "AWS PrivateLink" asks for `running`."""
    dependants_block_delete: bool = False
    """Whether the platform refuses a delete while connectors use the address; "AWS PrivateLink" does not mention it."""
    privatelinks_per_deployment: NonNegativeInt | None = None
    """Maximum of PrivateLinks on a deployment, beyond which POST answers EXCEED_LIMIT; None = no limit, as none is
    known."""
    reads_per_hour: NonNegativeInt = 60
    """Limit of each GET of the assumed half, per path template and key."""
    writes_per_hour: NonNegativeInt = 60
    """Limit of each write of the assumed half: ten times the 6 of `/tls`, so that a demo is not blocked."""
    deployment_key_scopes: tuple[str, ...] | None = None
    """Scopes of the deployments' API key (broker, `emqx_api_key_scopes.hrl`); None = all. Calls outside them answer 403
    UNAUTHORIZED_ROLE."""
    lacking: tuple[str, ...] = ()
    """Paths that this version of EMQX lacks, such as `/ai/providers` (new in 5.9): they answer 404."""
    ssrf_protection: bool = False
    """Whether EMQX refuses connectors whose host resolves to a private address, as every PrivateLink's does
    (`rule_engine.ssrf.enable` of EMQX 6; the wording of the refusal is assumed: no public source)."""
    unreachable_nodes: NonNegativeInt = 0
    """Number of a deployment's last nodes that reach nothing, as when the path of one AZ is broken (assumed: no public
    source)."""
