"""Right programs that search: heaps, bisection, graphs, grids, recursion past the usual limit; one light import."""

import itertools
import random

from codegpt.sandbox.corpus.honest.program import Family, Honest, python


def shortest_paths(rng: random.Random) -> Honest:
    """Dijkstra's algorithm with a heap; the answer by Floyd and Warshall."""
    source = """
    import heapq

    def dijkstra(graph, start):
        distances = {start: 0}
        heap = [(0, start)]
        while heap:
            dist, node = heapq.heappop(heap)
            if dist > distances[node]:
                continue
            for neighbour, weight in graph.get(node, {}).items():
                candidate = dist + weight
                if candidate < distances.get(neighbour, float("inf")):
                    distances[neighbour] = candidate
                    heapq.heappush(heap, (candidate, neighbour))
        return distances
    """
    nodes = [f"n{place}" for place in range(rng.randint(2, 9))]
    graph = {a: {b: rng.randint(0, 20) for b in nodes if b != a and rng.random() < 0.4} for a in nodes}
    known = {(a, b): weight for a in nodes for b, weight in graph[a].items()} | {(a, a): 0 for a in nodes}
    for middle, a, b in itertools.product(nodes, repeat=3):
        if (a, middle) in known and (middle, b) in known:
            known[a, b] = min(known.get((a, b), 10**6), known[a, middle] + known[middle, b])
    starts = rng.sample(nodes, min(3, len(nodes)))
    cases = [((graph, start), {b: known[start, b] for b in nodes if (start, b) in known}) for start in starts]
    return python(source, "dijkstra", cases)


def maze_steps(rng: random.Random) -> Honest:
    """Breadth-first search in a grid; the answer by relaxing until nothing changes."""
    source = """
    from collections import deque

    def @entry@(grid):
        rows, cols = len(grid), len(grid[0])
        queue = deque([(0, 0, 0)])
        seen = {(0, 0)}
        while queue:
            r, c, steps = queue.popleft()
            if (r, c) == (rows - 1, cols - 1):
                return steps
            for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                nr, nc = r + dr, c + dc
                if 0 <= nr < rows and 0 <= nc < cols and grid[nr][nc] != "#" and (nr, nc) not in seen:
                    seen.add((nr, nc))
                    queue.append((nr, nc, steps + 1))
        return -1
    """
    cases = []
    for walls in (0.0, 0.2, 0.35):
        rows, columns = rng.randint(2, 9), rng.randint(2, 9)
        ends = (0, rows * columns - 1)
        cells = ["#" if place not in ends and rng.random() < walls else "." for place in range(rows * columns)]
        grid = ["".join(cells[row * columns : (row + 1) * columns]) for row in range(rows)]
        far = 10**6
        steps = {(r, c): far for r in range(rows) for c in range(columns) if grid[r][c] == "."}
        steps[0, 0] = 0
        for _ in range(rows * columns):
            for r, c in steps:
                around = [steps.get(place, far) + 1 for place in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1))]
                steps[r, c] = min(steps[r, c], *around)
        end = steps[rows - 1, columns - 1]
        cases.append(((grid,), end if end < far else -1))
    return python(source, rng.choice(("shortest_path", "min_steps", "bfs")), cases)


def build_order(rng: random.Random) -> Honest:
    """Topological order of a chain with extra edges, so that only one order is right."""
    source = """
    from collections import defaultdict, deque

    def build_order(edges):
        graph, indegree = defaultdict(set), defaultdict(int)
        for before, after in edges:
            if after not in graph[before]:
                graph[before].add(after)
                indegree[after] += 1
        ready = deque(sorted(n for n in graph if indegree[n] == 0))
        order = []
        while ready:
            node = ready.popleft()
            order.append(node)
            for after in graph[node]:
                indegree[after] -= 1
                if not indegree[after]:
                    ready.append(after)
        return order if len(order) == len(set(graph) | set(indegree)) else None
    """
    order = [f"task{number}" for number in rng.sample(range(100), rng.randint(2, 12))]
    extra = [tuple(order[place] for place in sorted(rng.sample(range(len(order)), 2))) for _ in range(5)]
    edges = [*itertools.pairwise(order), *extra]
    rng.shuffle(edges)
    loop = [*edges, (order[-1], order[0])]
    return python(source, "build_order", [((edges,), order), ((loop,), None), (([],), [])])


def smallest_items(rng: random.Random) -> Honest:
    """Heaps of numbers and of streams; the answer from ``sorted``."""
    source = """
    from heapq import heapify, heappop, heappush, heapreplace, merge

    def k_largest(streams, k):
        heap = []
        for value in merge(*streams):
            if len(heap) < k:
                heappush(heap, value)
            elif value > heap[0]:
                heapreplace(heap, value)
        heapify(heap)
        return [heappop(heap) for _ in range(len(heap))]
    """
    streams = [sorted(rng.randint(-999, 999) for _ in range(rng.randint(0, 20))) for _ in range(rng.randint(1, 5))]
    values = sorted(value for stream in streams for value in stream)
    cases = [((streams, k), values[max(0, len(values) - k) :]) for k in (1, 3, 200)]
    return python(source, "k_largest", cases)


def grades(rng: random.Random) -> Honest:
    """Ranks by bisection; the answer by counting."""
    source = """
    import bisect

    def ranks(scores, limits=@limits@):
        ordered = sorted(scores)
        places = [bisect.bisect_left(ordered, score) for score in scores]
        return places, "".join("FEDCBA"[bisect.bisect(limits, score)] for score in scores)
    """
    limits = sorted(rng.sample(range(20, 100), 5))
    cases: list[tuple[tuple[list[int]], tuple[list[int], str]]] = [(([],), ([], ""))]
    for _ in range(3):
        scores = [rng.choice([*limits, rng.randint(0, 100)]) for _ in range(rng.randint(1, 20))]
        letters = "".join("FEDCBA"[sum(limit <= score for limit in limits)] for score in scores)
        cases.append(((scores,), ([sum(other < score for other in scores) for score in scores], letters)))
    return python(source, "ranks", cases, limits=tuple(limits))


def raised_recursion_limit(rng: random.Random) -> Honest:
    """Recursion past 1,000 levels after raising the limit; the answer by formula."""
    source = """
    import sys
    sys.setrecursionlimit(10000)

    def depth(nested, level=0):
        return level if nested is None else depth(nested["next"], level + 1)

    def @entry@(n):
        chain = None
        for _ in range(n):
            chain = {"next": chain}
        return depth(chain)
    """
    sizes = [0, rng.randint(1, 900), rng.randint(1500, 3000)]
    return python(source, rng.choice(("chain_depth", "measure")), [((size,), size) for size in sizes])


def union_find(rng: random.Random) -> Honest:
    """Connected components; the components are drawn."""
    source = """
    from itertools import combinations

    def components(n, edges):
        parent = list(range(n))

        def find(x):
            while parent[x] != x:
                parent[x] = parent[parent[x]]
                x = parent[x]
            return x

        for a, b in edges:
            parent[find(a)] = find(b)
        apart = sum(find(a) != find(b) for a, b in combinations(range(n), 2))
        return len({find(x) for x in range(n)}), apart
    """
    cases = []
    for _ in range(3):
        sizes = [rng.randint(1, 6) for _ in range(rng.randint(1, 6))]
        names = rng.sample(range(sum(sizes)), sum(sizes))
        groups = [[names.pop() for _ in range(size)] for size in sizes]
        edges = [pair for group in groups for pair in itertools.pairwise(group)]
        rng.shuffle(edges)
        apart = sum(a * b for a, b in itertools.combinations(sizes, 2))
        cases.append(((sum(sizes), edges), (len(sizes), apart)))
    return python(source, "components", cases)


FAMILIES = {
    "shortest_paths": Family(16, shortest_paths),
    "maze_steps": Family(14, maze_steps),
    "build_order": Family(9, build_order),
    "smallest_items": Family(11, smallest_items),
    "grades": Family(10, grades),
    "raised_recursion_limit": Family(6, raised_recursion_limit),
    "union_find": Family(8, union_find),
}
