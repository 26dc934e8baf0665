"""Right programs with a few threads, a pool of four, a queue or an event loop."""

import random

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def locked_threads(rng: random.Random) -> Honest:
    """Threads that add under a lock and are joined; the answer by formula."""
    source = """
    import threading

    def count(workers, each):
        total = 0
        lock = threading.Lock()

        def work(step):
            nonlocal total
            for _ in range(each):
                with lock:
                    total += step

        threads = [threading.Thread(target=work, args=(n + 1,)) for n in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return total
    """
    sizes = [(0, 5), (1, rng.randint(1, 99)), (rng.randint(2, 4), rng.randint(1, 300))]
    return python(source, "count", [((n, each), each * n * (n + 1) // 2) for n, each in sizes])


def leftover_daemon(rng: random.Random) -> Honest:
    """A daemon thread that still sleeps when the answers are in."""
    source = """
    import threading
    import time

    cache = {}

    def refresh():
        while True:
            time.sleep(@pause@)
            cache.clear()

    threading.Thread(target=refresh, daemon=True).start()

    def square(n):
        if n not in cache:
            cache[n] = n * n
        return cache[n]
    """
    numbers = [rng.randint(-(10**12), 10**12) for _ in range(4)]
    return python(source, "square", [((n,), n**2) for n in numbers], pause=rng.choice((3, 30, 3600)))


def thread_pool(rng: random.Random) -> Honest:
    """A pool of four threads; the answers keep their order."""
    source = """
    from concurrent.futures import ThreadPoolExecutor, as_completed

    def slow_power(n):
        return n ** @power@

    def powers(numbers):
        with ThreadPoolExecutor(max_workers=4) as pool:
            ordered = list(pool.map(slow_power, numbers))
            futures = [pool.submit(slow_power, n) for n in numbers]
            return ordered, sum(f.result() for f in as_completed(futures))
    """
    power, numbers = rng.randint(2, 5), [rng.randint(-99, 99) for _ in range(rng.randint(1, 30))]
    raised = [pow(n, power) for n in numbers]
    return python(source, "powers", [((numbers,), (raised, sum(raised))), (([],), ([], 0))], power=power)


def producer_and_consumer(rng: random.Random) -> Honest:
    """A bounded queue between two threads."""
    source = """
    import queue
    import threading

    def pipeline(items):
        channel = queue.Queue(maxsize=@size@)
        results = []

        def produce():
            for item in items:
                channel.put(item)
            channel.put(None)

        def consume():
            while (item := channel.get()) is not None:
                results.append(item.upper())

        threads = [threading.Thread(target=produce), threading.Thread(target=consume, daemon=True)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        return results
    """
    size, items = rng.randint(1, 5), rng.choices(("a", "é", "xyz"), k=rng.randint(1, 40))
    upper = {"a": "A", "é": "É", "xyz": "XYZ"}
    return python(source, "pipeline", [((items,), [upper[item] for item in items]), (([],), [])], size=size)


def event_loop(rng: random.Random) -> Honest:
    """Coroutines gathered by ``asyncio.run``, once a call."""
    source = """
    import asyncio

    async def fetch(name, delay):
        await asyncio.sleep(delay / 1000)
        if delay > 50:
            raise TimeoutError(name)
        return f"{name}:{delay}"

    async def main(jobs):
        tasks = [fetch(name, delay) for name, delay in jobs]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return [r if isinstance(r, str) else type(r).__name__ for r in results]

    def @entry@(jobs):
        return asyncio.run(main(jobs))
    """
    jobs = [(f"job{n}", rng.randint(0, 9)) for n in range(rng.randint(1, 6))] + [("late", rng.randint(51, 60))]
    right = [f"{name}:{delay}" for name, delay in jobs[:-1]] + ["TimeoutError"]
    return python(source, rng.choice(("run_all", "fetch_all")), [((jobs,), right), (([],), [])])


FAMILIES = {
    "locked_threads": Family(4, locked_threads),
    "leftover_daemon": Family(3, leftover_daemon),
    "thread_pool": Family(8, thread_pool),
    "producer_and_consumer": Family(3, producer_and_consumer),
    "event_loop": Family(7, event_loop),
}
