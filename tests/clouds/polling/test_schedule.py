"""The shared view's laws, which every wait of every saga leans on."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clouds.polling.reading_rate import BURST, CROWD
from clouds.polling.schedule import Pending, PollSchedule, still_pending
from clouds.polling.shared_poller import SharedPoller
from clouds.polling.worker_count import WorkerCount
from privatelink.errors import CloudUnavailable, DeadlinePassed, NotYet, PrivateLinkFailed
from privatelink.model.deadlines import Deadline
from privatelink.pace import pace, paced
from tests.support.sandbox import SPEED

SCHEDULE = PollSchedule(usual=100, fast=1, slow=10)


def deadline_in(seconds: float = 60) -> Deadline:
    """A wait that begins now."""
    now = datetime.now(UTC)
    return Deadline(since=now, until=now + timedelta(seconds=seconds))


class Readings:
    """A reader whose readings are 1, 2, 3, ...; each is held back until `let_go` allows it."""

    def __init__(self, *, held: bool = False) -> None:
        self.begun = 0
        self._gate = asyncio.Semaphore(0 if held else 1_000_000)
        self.began = asyncio.Event()

    async def read(self) -> int:
        """Give the next reading, when it is let go."""
        self.begun += 1
        reading = self.begun
        self.began.set()
        await self._gate.acquire()
        return reading

    def let_go(self) -> None:
        """Let one reading end."""
        self._gate.release()


def the_reading(reading: int) -> int:
    """Accept whatever is read."""
    return reading


def at_least(least: int) -> Callable[[int], int | Pending]:
    """Wait until the reading is `least`."""
    return lambda reading: reading if reading >= least else Pending(f"reading {reading}", "it")


async def test_one_reading_answers_all_who_wait() -> None:
    """However many wait, one call to the cloud is made."""
    readings = Readings()
    view = SharedPoller(readings.read, least_interval=1, workers=WorkerCount())
    answers = await asyncio.gather(
        *(view.poll(the_reading, deadline=deadline_in(), schedule=SCHEDULE) for _ in range(50))
    )
    assert [1] * 50 == answers
    assert readings.begun == 1


async def test_a_newcomer_is_never_judged_by_a_reading_that_began_before_it_joined() -> None:
    """Otherwise a wait could see a state from before its own write."""
    readings = Readings(held=True)
    view = SharedPoller(readings.read, least_interval=0, workers=WorkerCount())
    first = asyncio.create_task(view.poll(the_reading, deadline=deadline_in(), schedule=SCHEDULE))
    await readings.began.wait()
    newcomer = asyncio.create_task(view.poll(the_reading, deadline=deadline_in(), schedule=SCHEDULE))
    await asyncio.sleep(0)
    readings.let_go()
    assert await first == 1
    readings.let_go()
    assert await newcomer == 2


async def test_reading_stops_when_nobody_waits() -> None:
    """The reader ends with its last waiter, and a later waiter starts it again."""
    readings = Readings()
    view = SharedPoller(readings.read, least_interval=0, workers=WorkerCount())
    assert await view.poll(the_reading, deadline=deadline_in(), schedule=SCHEDULE) == 1
    assert view._reader is not None
    await view._reader
    assert readings.begun == 1
    assert await view.poll(the_reading, deadline=deadline_in(), schedule=SCHEDULE) == 2


async def test_reading_stops_when_the_only_waiter_is_cancelled() -> None:
    """A cancelled step leaves no reader behind."""
    readings = Readings(held=True)
    view = SharedPoller(readings.read, least_interval=0, workers=WorkerCount())
    look = asyncio.create_task(view.poll(the_reading, deadline=deadline_in(), schedule=SCHEDULE))
    await readings.began.wait()
    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look
    readings.let_go()
    assert view._reader is not None
    await view._reader
    assert readings.begun == 1


@pytest.mark.parametrize("workers", [1, 3])
async def test_readings_keep_their_least_interval_over_time_however_many_come(
    workers: int,
) -> None:
    """A rate limit is kept also when each newcomer wants a reading of its own, and by all workers together."""
    least = 20.0
    began: list[float] = []

    async def read() -> None:
        began.append(view.last_read)

    view = SharedPoller(read, least_interval=least, workers=WorkerCount(workers))
    for _ in range(3 * BURST):
        await view.reading()
    assert len(began) == 3 * BURST
    for number in range(BURST, len(began)):
        assert began[number] - began[0] > (number - BURST + 0.9) * paced(least) * workers


async def test_after_a_burst_each_further_reading_waits_for_its_own_turn_only() -> None:
    """A crowd's readings come evenly, and not by bursts with as long a silence between them."""
    least = 200.0
    view = SharedPoller(Readings().read, least_interval=least, workers=WorkerCount())
    for _ in range(BURST):
        await view.reading()
    async with asyncio.timeout(paced(least) * BURST / 2):
        await view.reading()


async def test_a_few_who_ask_after_a_quiet_time_need_not_wait_for_each_other() -> None:
    """A lone saga's steps ask one after another, and AWS's buckets are made for bursts."""
    view = SharedPoller(Readings().read, least_interval=1_000_000, workers=WorkerCount())
    async with asyncio.timeout(5):
        assert [await view.reading() for _ in range(BURST)] == list(range(1, BURST + 1))


async def test_one_reading_answers_all_who_ask_meanwhile() -> None:
    """Those who ask while a reading is under way are answered by the next one, all of them."""
    readings = Readings(held=True)
    view = SharedPoller(readings.read, least_interval=0, workers=WorkerCount())
    first = asyncio.create_task(view.reading())
    await readings.began.wait()
    others = [asyncio.create_task(view.reading()) for _ in range(20)]
    await asyncio.sleep(0)
    readings.let_go()
    readings.let_go()
    assert await first == 1
    assert [await other for other in others] == [2] * 20


async def test_a_crowd_reads_more_rarely() -> None:
    """Nobody's own thing comes sooner by more reading."""
    view = SharedPoller(Readings().read, least_interval=7, workers=WorkerCount())
    looks = [
        asyncio.create_task(
            view.poll(at_least(BURST + 3), deadline=deadline_in(), schedule=PollSchedule(usual=1, fast=1, slow=1))
        )
        for _ in range(CROWD)
    ]
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*looks)
    assert asyncio.get_running_loop().time() - began >= 2 * 2 * paced(7)


async def test_a_look_goes_on_until_the_judge_is_content() -> None:
    """Readings repeat within one look."""
    view = SharedPoller(Readings().read, least_interval=0, workers=WorkerCount())
    schedule = PollSchedule(usual=1, fast=0.1, slow=0.1)
    assert await view.poll(at_least(3), deadline=deadline_in(), schedule=schedule) == 3


async def test_a_look_that_ends_says_not_yet_in_the_judges_words() -> None:
    """What operators read while they wait names the state, and is retried."""
    view = SharedPoller(Readings().read, least_interval=0, workers=WorkerCount())
    with pytest.raises(NotYet, match=r"reading \d+; 1 s of 60 s") as not_yet:
        await view.poll(at_least(1000), deadline=deadline_in(60), schedule=SCHEDULE)
    assert not_yet.value.details_model.resource == "it"
    assert not not_yet.value.non_retryable


async def test_a_look_that_ends_comes_back_when_a_reading_is_due() -> None:
    """Until then no worker holds the wait, so none can lose it; never later than the deadline."""
    view = SharedPoller(Readings().read, least_interval=0, workers=WorkerCount())
    schedule = PollSchedule(usual=1, fast=10 * pace(), slow=10 * pace())
    with pytest.raises(NotYet) as not_yet:
        await view.poll(at_least(1000), deadline=deadline_in(60), schedule=schedule)
    again = not_yet.value.next_retry_delay
    assert again is not None
    # The look ended as soon as it knew: no worker holds what nothing is read for.
    assert timedelta(seconds=9) < again <= timedelta(seconds=10)


@pytest.mark.parametrize(("spent", "lasts"), [(8.5, 1.5), (9.9, 1.0), (12, 1.0)])
async def test_a_look_is_shorter_by_what_its_attempt_has_spent(
    monkeypatch: pytest.MonkeyPatch, spent: float, lasts: float
) -> None:
    """Else an attempt that does more than look would be taken for lost; but it always has the time of a reading."""
    monkeypatch.setattr("clouds.polling.shared_poller.POLL_SECONDS", 10 * pace())
    view = SharedPoller(Readings().read, least_interval=0, workers=WorkerCount())
    began = asyncio.get_running_loop().time()
    with pytest.raises(NotYet, match=r"reading \d+; \d s of 60 s"):
        await view.poll(at_least(100_000), deadline=deadline_in(60), schedule=SCHEDULE, spent=spent)
    assert lasts <= asyncio.get_running_loop().time() - began + 0.05 < 8


async def test_a_look_after_the_deadline_says_so_for_good() -> None:
    """The deadline ends the wait with the last state seen, and Temporal does not retry it."""
    view = SharedPoller(Readings().read, least_interval=0, workers=WorkerCount())
    with pytest.raises(DeadlinePassed, match=r"reading \d+, and the deadline passed") as passed:
        await view.poll(at_least(1000), deadline=deadline_in(-1), schedule=SCHEDULE)
    assert passed.value.non_retryable


@pytest.mark.parametrize("error", [CloudUnavailable("reading: no answer"), RuntimeError("a fault of ours")])
async def test_an_error_of_the_reading_reaches_all_who_wait(error: Exception) -> None:
    """Nobody waits on for a reading that failed; not even when the reader has a fault of its own."""

    async def fail() -> None:
        raise error

    view = SharedPoller(fail, least_interval=0, workers=WorkerCount())
    looks = (view.poll(lambda _: True, deadline=deadline_in(), schedule=SCHEDULE) for _ in range(5))
    assert [error] * 5 == await asyncio.gather(*looks, return_exceptions=True)


async def test_no_deadline_rests_on_a_reading_from_before_one_that_failed() -> None:
    """Its state before a refusal says nothing of its state now, and the refusal is what must be reported."""
    answers: list[int | CloudUnavailable] = [1, CloudUnavailable("reading: refused"), CloudUnavailable("still refused")]

    async def read() -> int:
        answer = answers.pop(0)
        if isinstance(answer, CloudUnavailable):
            raise answer
        return answer

    view, deadline = SharedPoller(read, least_interval=0, workers=WorkerCount()), deadline_in()
    assert await view.poll(the_reading, deadline=deadline, schedule=SCHEDULE) == 1
    with pytest.raises(CloudUnavailable, match="reading: refused"):
        await view.reading()
    over = Deadline(since=deadline.since, until=datetime.now(UTC))
    with pytest.raises(CloudUnavailable, match="still refused"):
        await view.poll(at_least(1000), deadline=over, schedule=SCHEDULE)


@pytest.mark.parametrize("error", [PrivateLinkFailed("it failed"), RuntimeError("a fault of ours")])
async def test_an_error_of_a_judge_ends_its_own_look_only(error: Exception) -> None:
    """One failed thing does not fail those that wait beside it."""

    def fail(_: int) -> int:
        raise error

    view = SharedPoller(Readings().read, least_interval=0, workers=WorkerCount())
    failed, content = await asyncio.gather(
        view.poll(fail, deadline=deadline_in(), schedule=SCHEDULE),
        view.poll(the_reading, deadline=deadline_in(), schedule=SCHEDULE),
        return_exceptions=True,
    )
    assert error is failed
    assert content == 1


@given(elapsed=st.floats(0, 10_000 / SPEED), usual=st.floats(1, 600))
def test_the_cadence_is_fast_near_the_usual_duration_and_never_skips_it(elapsed: float, usual: float) -> None:
    """Between the two bounds, and a slow reading never sleeps past the moment from which readings are fast."""
    schedule = PollSchedule(usual=usual, fast=1, slow=30)
    interval = schedule.interval(elapsed)
    assert paced(1) <= interval <= paced(30)
    begins = paced(usual * 0.8)
    if elapsed < begins:
        assert elapsed + interval <= max(begins, elapsed + paced(1)) * (1 + 1e-9)
    elif elapsed < paced(usual * 2):
        assert interval == paced(1)


def test_elapsed_is_told_against_the_limit() -> None:
    """A person sees how long it took of how long it may take."""
    now = datetime.now(UTC)
    deadline = Deadline(since=now - timedelta(seconds=40), until=now + timedelta(minutes=20))
    assert str(still_pending(Pending("it is pending", "it"), deadline)).startswith(
        "NotYet: it is pending; 40 s of 21 min"
    )


async def test_a_reading_that_lasts_longer_than_a_look_is_heard_by_the_next_look() -> None:
    """Otherwise a cloud that answers slowly would never be heard at all."""
    readings = Readings(held=True)
    view, deadline = SharedPoller(readings.read, least_interval=0, workers=WorkerCount()), deadline_in()
    with pytest.raises(NotYet, match="not read yet"):
        await view.poll(at_least(1), deadline=deadline, schedule=SCHEDULE)
    readings.let_go()
    await asyncio.sleep(0.05)
    assert await view.poll(at_least(1), deadline=deadline, schedule=SCHEDULE) == 1
    with pytest.raises(NotYet, match="not read yet"):
        await view.poll(at_least(1), deadline=deadline_in(), schedule=SCHEDULE)


async def test_a_look_may_say_since_when_readings_count() -> None:
    """For a waiter that asks for a state after a moment of its own; never one from before the wait."""
    view, deadline = SharedPoller(Readings().read, least_interval=0, workers=WorkerCount()), deadline_in()
    assert await view.poll(the_reading, deadline=deadline, schedule=SCHEDULE) == 1
    after = datetime.now(UTC)
    assert await view.poll(the_reading, deadline=deadline, schedule=SCHEDULE) == 1
    assert await view.poll(the_reading, deadline=deadline, schedule=SCHEDULE, since=after) == 2
    assert await view.poll(the_reading, deadline=deadline, schedule=SCHEDULE, since=after) == 2
    assert await view.poll(the_reading, deadline=deadline_in(), schedule=SCHEDULE, since=after) == 3
