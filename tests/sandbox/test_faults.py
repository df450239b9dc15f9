"""The fault plan."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sandbox.faults import Fault, FaultPlan, UnknownActionError


@pytest.fixture
def plan() -> FaultPlan:
    """A plan that knows two actions."""
    made = FaultPlan()
    made.know("CreateLoadBalancer", {"stuck", "failed", "not_visible"})
    made.know("DescribeLoadBalancers")
    return made


def hits(plan: FaultPlan, action: str, calls: int, text: str = "") -> list[str | None]:
    """The kinds of fault that hit a number of calls."""
    found = [plan.hit(action, text) for _ in range(calls)]
    return [fault.kind if fault is not None else None for fault in found]


def test_a_fault_hits_as_often_as_it_says(plan: FaultPlan) -> None:
    """`times` calls are hit, and the next is served."""
    plan.add([Fault(action="CreateLoadBalancer", kind="throttle", times=2)])
    assert ["throttle", "throttle", None] == hits(plan, "CreateLoadBalancer", 3)


def test_without_end_means_every_call(plan: FaultPlan) -> None:
    """`times` null never ends."""
    plan.add([Fault(action="CreateLoadBalancer", kind="throttle", times=None)])
    assert ["throttle"] * 20 == hits(plan, "CreateLoadBalancer", 20)


def test_a_fault_lets_the_first_calls_through(plan: FaultPlan) -> None:
    """`after` calls are served before the first hit."""
    plan.add([Fault(action="CreateLoadBalancer", kind="throttle", after=2)])
    assert [None, None, "throttle", None] == hits(plan, "CreateLoadBalancer", 4)


def test_a_fault_hits_only_what_matches(plan: FaultPlan) -> None:
    """Another action, and a request without the text, are served."""
    plan.add([Fault(action="CreateLoadBalancer", kind="throttle", match="orders")])
    assert [None] == hits(plan, "DescribeLoadBalancers", 1, "orders")
    assert [None] == hits(plan, "CreateLoadBalancer", 1, "Name=payments")
    assert ["throttle"] == hits(plan, "CreateLoadBalancer", 1, "Name=orders")


def test_faults_come_in_the_order_of_the_plan(plan: FaultPlan) -> None:
    """One fault hits a call; when it is used up the next one does."""
    plan.add([Fault(action="CreateLoadBalancer", kind=kind) for kind in ("throttle", "lost_reply")])
    assert ["throttle", "lost_reply", None] == hits(plan, "CreateLoadBalancer", 3)
    assert [1, 1] == [fault.hits for fault in plan.list()]


def test_an_unknown_action_is_refused_with_the_near_ones(plan: FaultPlan) -> None:
    """A misspelt fault would prove nothing, so it is an error that helps."""
    with pytest.raises(UnknownActionError, match="near ones: CreateLoadBalancer"):
        plan.add([Fault(action="CreateLoadBalancers", kind="throttle")])


def test_a_fault_that_an_action_cannot_have_is_refused(plan: FaultPlan) -> None:
    """A read has no asynchronous state that could be stuck."""
    with pytest.raises(UnknownActionError, match="what can: throttle, server_error, access_denied, refusal, slow"):
        plan.add([Fault(action="DescribeLoadBalancers", kind="stuck")])


def test_a_plan_is_taken_whole_or_not_at_all(plan: FaultPlan) -> None:
    """One bad fault keeps the good ones out too."""
    good, bad = Fault(action="CreateLoadBalancer", kind="throttle"), Fault(action="Nothing", kind="throttle")
    with pytest.raises(UnknownActionError):
        plan.add([good, bad])
    assert [] == plan.list()


def test_an_unknown_kind_is_refused() -> None:
    """Only the kinds of `FaultKind` exist."""
    with pytest.raises(ValidationError):
        Fault.model_validate({"action": "CreateLoadBalancer", "kind": "explode"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "refusal", "message": "no code"},
        {"kind": "throttle", "code": "Throttling"},
        {"kind": "throttle", "message": "slower"},
        {"kind": "slow", "status": 503},
        {"kind": "refusal", "code": "Fine", "status": 200},
    ],
)
def test_only_a_refusal_has_words_and_it_must_have_a_code(wrong: dict[str, object]) -> None:
    """A code that no answer would carry, and a refusal without one, would prove nothing."""
    with pytest.raises(ValidationError):
        Fault.model_validate({"action": "CreateLoadBalancer", **wrong})
