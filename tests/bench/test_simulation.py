"""The arithmetic of docs/scale.md agrees with creates that are stepped, one token at a time, through every limit."""

from math import ceil
from typing import Any

import pytest

from bench.scale_model import (
    ACTIONS_PER_CREATE,
    ENDPOINTS,
    NAMESPACE,
    PLATFORM,
    QUOTAS,
    STORY,
    WORKERS,
    Fleet,
    fitting,
    formula,
    price,
)
from bench.simulation import WAYS, simulate, spread
from clouds.aws.budgets import Bucket

ALONE = sum(stage.seconds for stage in STORY)


@pytest.mark.parametrize("links", [10, 100, 1000])
@pytest.mark.parametrize("way", WAYS)
def test_formula_and_simulation_agree(links: int, way: str) -> None:
    """However many links, and however sharded, both tell the same time within five per cent."""
    fleet = spread(links, **WAYS[way])

    assert formula(fleet)[0] == pytest.approx(simulate(fleet).seconds, rel=0.05)


@pytest.mark.parametrize(
    ("over", "slowest"),
    [
        ({}, PLATFORM),
        ({"keys": 900}, ENDPOINTS),
        ({"keys": 900, "consumer_accounts": 50}, WORKERS),
        ({"keys": 900, "consumer_accounts": 50, "workers": 50}, Bucket.ELB_WRITE.words),
        ({"keys": 900, "consumer_accounts": 50, "workers": 50, "accounts": 90}, NAMESPACE),
    ],
)
def test_every_limit_is_the_slowest_somewhere(over: dict[str, Any], slowest: str) -> None:
    """Lifting the limit that binds shows the next one, and the simulation takes as long as that one says."""
    fleet = spread(900, **over)

    assert formula(fleet)[1] == slowest
    assert formula(fleet)[0] == pytest.approx(simulate(fleet).seconds, rel=0.05)


def test_one_create_takes_what_its_waits_take() -> None:
    """Nothing queues for a bucket that is full."""
    assert simulate(Fleet(1)).seconds == pytest.approx(ALONE)


def test_more_of_what_binds_makes_it_faster_and_more_of_anything_else_does_not() -> None:
    """With twenty keys the platform's writes take a twentieth; twenty accounts alone change nothing."""
    one = simulate(spread(600)).seconds

    assert simulate(spread(600, accounts=20)).seconds == pytest.approx(one)
    assert simulate(spread(600, keys=20)).seconds < one / 15


@pytest.mark.parametrize(("accounts", "deployments"), [(1, 1), (1, 10), (2, 10), (4, 10), (4, 100)])
def test_quotas_let_through_what_the_formula_says(accounts: int, deployments: int) -> None:
    """Links beyond the scarcest quota are refused, and no other ones."""
    fleet = Fleet(1000, accounts=accounts, deployments=deployments, keys=1000, consumer_accounts=1000)

    assert fitting(fleet) == simulate(fleet).done


@pytest.mark.parametrize("links", [1, 10, 51, 1000])
def test_spread_asks_for_no_more_accounts_than_the_quotas_do(links: int) -> None:
    """All links fit; with one account or one deployment less they would not."""
    fleet = spread(links)

    assert fitting(fleet) == links
    for shards in ("accounts", "deployments"):
        scarcest = min(quota.links for quota in QUOTAS if quota.shards == shards)
        assert fleet.shards(shards) == ceil(links / scarcest)


def test_price_goes_down_by_steps_and_ends_where_no_price_is_published() -> None:
    """The example of Temporal's own price page: 11.25 million actions are 525 US dollars."""
    assert price(round(35e6 / ACTIONS_PER_CREATE)) == pytest.approx(5 * 50 + 5 * 45 + 10 * 40 + 15 * 35, abs=0.01)
    assert price(round(11.25e6 / ACTIONS_PER_CREATE)) == pytest.approx(525, abs=0.01)
    with pytest.raises(ValueError, match="200 million"):
        price(6_000_000)
