import asyncio
import threading
import time

import pytest
from codegpt_server.turns import Turns, Urgency


def test_what_is_urgent_goes_first_and_work_that_gives_way_goes_on() -> None:
    turns, order, begun = Turns("test"), [], threading.Event()

    def long() -> str:
        begun.set()
        while "typing" not in order:
            turns.give_way()
        order.append("words")
        return "done"

    def say(name: str) -> None:
        order.append(name)

    async def scenario() -> None:
        words = asyncio.ensure_future(turns.run(Urgency.IN_WORDS, long))
        while not begun.is_set():
            await asyncio.sleep(0)
        others = [
            asyncio.ensure_future(turns.run(urgency, lambda name=name: say(name)))
            for urgency, name in (
                (Urgency.IN_WORDS, "words again"),
                (Urgency.AHEAD, "ahead"),
                (Urgency.TYPING, "typing"),
            )
        ]
        assert await words == "done"
        await asyncio.gather(*others)

    asyncio.run(scenario())
    turns.stop()
    assert order == ["typing", "words", "words again", "ahead"]


def test_what_waits_is_done_by_urgency_and_then_in_its_order() -> None:
    turns, order, gate = Turns("test"), [], threading.Event()

    async def scenario() -> None:
        first = asyncio.ensure_future(turns.run(Urgency.TYPING, gate.wait))
        await asyncio.sleep(0)
        given = [(Urgency.AHEAD, 1), (Urgency.TYPING, 2), (Urgency.IN_WORDS, 3), (Urgency.TYPING, 4)]
        others = [asyncio.ensure_future(turns.run(urgency, lambda n=n: order.append(n))) for urgency, n in given]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, *others)

    asyncio.run(scenario())
    turns.stop()
    assert order == [2, 4, 3, 1]


def test_of_what_is_done_ahead_only_the_newest_waits() -> None:
    turns, order, gate = Turns("test"), [], threading.Event()

    async def scenario() -> None:
        first = asyncio.ensure_future(turns.run(Urgency.AHEAD, gate.wait))
        await asyncio.sleep(0.01)
        given = [
            *((Urgency.AHEAD, n) for n in range(4)),
            (Urgency.IN_WORDS, 9),
            (Urgency.AHEAD, 4),
            (Urgency.TYPING, 8),
        ]
        others = [asyncio.ensure_future(turns.run(urgency, lambda n=n: order.append(n))) for urgency, n in given]
        await asyncio.sleep(0)
        gate.set()
        assert await first
        found = await asyncio.gather(*others, return_exceptions=True)
        assert [isinstance(each, asyncio.CancelledError) for each in found] == [True] * 4 + [False] * 3

    asyncio.run(scenario())
    turns.stop()
    assert order == [8, 9, 4]


def test_urgent_work_does_not_give_way_to_its_like() -> None:
    turns, order = Turns("test"), []

    def first() -> None:
        while not turns._waiting:
            time.sleep(0.001)
        turns.give_way()
        order.append("first")

    async def scenario() -> None:
        jobs = [turns.run(Urgency.TYPING, first), turns.run(Urgency.TYPING, lambda: order.append("second"))]
        await asyncio.gather(*jobs)

    asyncio.run(scenario())
    turns.stop()
    assert order == ["first", "second"]


def test_an_error_is_the_callers_and_the_thread_goes_on() -> None:
    turns = Turns("test")

    async def scenario() -> None:
        with pytest.raises(ZeroDivisionError):
            await turns.run(Urgency.TYPING, lambda: 1 // 0)
        assert await turns.run(Urgency.TYPING, lambda: 1) == 1

    asyncio.run(scenario())
    turns.stop()


def test_work_that_nobody_waits_for_any_more_is_not_begun_and_nothing_is_after_the_end() -> None:
    turns, order, gate = Turns("test"), [], threading.Event()

    async def scenario() -> None:
        running = asyncio.ensure_future(turns.run(Urgency.TYPING, gate.wait))
        unwanted = asyncio.ensure_future(turns.run(Urgency.TYPING, lambda: order.append("unwanted")))
        await asyncio.sleep(0)
        unwanted.cancel()
        await asyncio.sleep(0)  # the loop tells the thread's future in its next round
        gate.set()
        await running
        assert await turns.run(Urgency.TYPING, lambda: 1) == 1
        turns.stop()
        with pytest.raises(asyncio.CancelledError):
            turns.run(Urgency.TYPING, lambda: order.append("late"))

    asyncio.run(scenario())
    assert order == []
