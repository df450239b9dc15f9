"""The table of actions: which function serves which AWS action.

A function takes a `Call` and returns the answer in the botocore output shape (or what `Call.moto` returned).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.aws.errors import AwsError
from sandbox.aws.state import NEVER, Store, Thing, World

if TYPE_CHECKING:
    from sandbox.aws.credentials import AccessKey, Keyring
    from sandbox.faults import Fault, FaultKind

Answer = Any
Handler = Callable[["Call"], Answer]


@dataclass(frozen=True)
class Action:
    """One action; `fault_kinds` are those that it supports beyond the ones of every action."""

    service: str
    name: str
    read: bool
    fault_kinds: frozenset[FaultKind]
    handler: Handler


ACTIONS: dict[tuple[str, str], Action] = {}


def action(
    service: str, name: str, *, read: bool = False, fault_kinds: Iterable[FaultKind] = ()
) -> Callable[[Handler], Handler]:
    """Register the decorated function in the table."""

    def register(handler: Handler) -> Handler:
        ACTIONS[service, name] = Action(service, name, read, frozenset(fault_kinds), handler)
        return handler

    return register


@dataclass
class Call:
    """One call of one action by a known caller."""

    action: Action
    caller: AccessKey
    region: str
    params: dict[str, Any]
    """The parameters, in the botocore input shape."""
    fault: Fault | None
    world: World
    keyring: Keyring
    moto: Callable[[], Any]
    """Lets moto serve this call."""

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.caller.account

    @property
    def principal(self) -> str:
        """The caller's ARN."""
        return self.caller.principal

    @property
    def store(self) -> Store:
        """The caller's resources in the call's region."""
        return self.world.store(self.account, self.region)

    @property
    def now(self) -> float:
        """The current time in sandbox seconds."""
        return self.world.clock.now()

    @property
    def stuck(self) -> bool:
        """Whether what this call starts never finishes."""
        return self.fault is not None and self.fault.kind == "stuck"

    @property
    def failed(self) -> bool:
        """Whether what this call starts ends in failure."""
        return self.fault is not None and self.fault.kind == "failed"

    @property
    def impaired(self) -> bool:
        """Whether what this call starts ends up working, but with too little capacity."""
        return self.fault is not None and self.fault.kind == "impaired"

    @property
    def overlooks(self) -> bool:
        """Whether this call does not find what it names, as AWS may not right after its creation."""
        return self.fault is not None and self.fault.kind == "not_found_yet"

    @property
    def unsuccessful(self) -> bool:
        """Whether the call answers 200 with `Unsuccessful` items."""
        return self.fault is not None and self.fault.kind == "unsuccessful"

    def due(self, seconds: float) -> float:
        """The time when something that begins now and takes this long is finished; `NEVER` when stuck."""
        return NEVER if self.stuck else self.now + seconds

    def birth(self) -> dict[str, Any]:
        """`created` and `visible_at` of a resource that this call creates."""
        hidden = self.world.durations.visibility
        if self.fault is not None and self.fault.kind == "not_visible":
            hidden = NEVER if self.fault.seconds is None else self.fault.seconds
        return {"created": self.world.clock.datetime(), "visible_at": self.now + hidden}

    def sees(self, thing: Thing) -> bool:
        """Whether reads show the resource now."""
        return thing.is_seen(self.now)

    def required(self, name: str) -> Any:  # noqa: ANN401  parameters are as varied as the botocore models
        """A parameter of the call; MissingParameter (EC2) or ValidationError when it is missing or empty."""
        value = self.params.get(name)
        if value in (None, "", []):
            if self.action.service == "ec2":
                raise AwsError("MissingParameter", f"The request must contain the parameter {name}")
            raise AwsError("ValidationError", f"A value for {name} must be specified")
        return value
