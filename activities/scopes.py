"""Scopes: which link a step is about, and what of it the step may make or remove."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from privatelink.model.names import Link, Place
from privatelink.model.request import AnyPlatform, ApiPlatform, AwsAccess, ConsolePlatform


class Spec(BaseModel):
    """The base of what a step takes and returns."""

    # During a deployment an old worker may get the spec of a newer workflow, so unknown fields are no error.
    model_config = ConfigDict(frozen=True, extra="ignore")


class LinkScope(Spec):
    """The link that a step is about, and how its AWS account and region are reached.

    `place`: where the link is, once a check has asked which account it is.
    """

    link: Link
    aws: AwsAccess
    place: Place | None = None


class Scope(LinkScope):
    """What a step makes something for: the link, the saga, the caller's own tags.

    `is_new`: nothing at AWS had the link's names or tags when this saga began.
    """

    saga_id: str
    tags: dict[str, str] = {}
    is_new: bool = False


class RemovalScope(LinkScope):
    """What a removal may touch: all of the link (`saga_id` None: a delete), or what no other create completed.

    Until `settled_at` a removal keeps looking, whatever it has found. The create that it rolls back may have lost a
    reply, and a cloud may not yet show what was made (EC2 is eventually consistent; the platform may be slow).

    `recorded`: the IDs that the saga knows of the link, for the last look. `removed`: those of them that it saw go.
    `ignore_deployment`: users of the address in the deployment need not be looked for if the worker has no key of it,
    or may not read it.
    """

    platform: AnyPlatform = ApiPlatform()
    saga_id: str | None = None
    settled_at: datetime | None = None
    allow_failed: bool = False
    recorded: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    ignore_deployment: bool = False

    @property
    def consumer_account_id(self) -> str | None:
        """In console mode, the account that owns the deployment's endpoints; None if the platform names its own."""
        return self.platform.account_id if isinstance(self.platform, ConsolePlatform) else None


class Choice(Spec):
    """A step for which a person may choose while it waits. `chosen` is the ID that the person chose, or empty."""

    chosen: str = ""


class Removed(Spec):
    """The IDs that a removal removed; empty if there was nothing."""

    ids: tuple[str, ...] = ()
