"""PRODUCT 2: from a request in words to a few ranked candidates, which were run before they are shown.

`generate` is pure steps around two effects: the engine draws rows, `run` runs programs in the jail. In rounds: draw,
take the programs out of the answers, drop those that are there already, run the new ones, rank all. It ends when enough
were drawn, when one behaviour has won, when the time is over, or when somebody says so; what is there then is the
result. Where no program passes the examples, what failed goes back to the model.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from textwrap import dedent
from typing import Protocol

from codegpt import selection
from codegpt.chat import ChatTemplate
from codegpt.engine.protocol import Cancelled, Engine, Generation, SamplingParams, StopReason, never
from codegpt.errors import CodeGPTError, PromptTooLong
from codegpt.program_text import normal_form, parses
from codegpt.prompt import Prompt
from codegpt.request import Request, answered, failed, program_of, render_request
from codegpt.sandbox.outcome import End, Outcome
from codegpt.sandbox.program import Call, Calls, Job, Program
from codegpt.selection import Candidate, Cluster, Ranked, Seen, clusters, distinguishing, rank, settled, won
from codegpt.trial import MODULE_LIMITS, Trial


class Run(Protocol):
    """Does jobs; `Sandbox.run_all` is one."""

    def __call__(self, jobs: Sequence[Job], cancelled: Cancelled = never) -> Iterable[Outcome]:
        """The outcomes in the order of the jobs; fewer of them where it is cancelled."""
        ...


@dataclass(frozen=True)
class Task:
    """What is wanted, and how answers are told from one another.

    Attributes:
        trial: None where nothing can be run; then `why_not_run` says why.
        failure: what a person, and the model, is told of an example that fails, by its number.
        stub: a program that has to load where any candidate can: the file with no body in the hole; None for none.
    """

    request: Request
    trial: Trial | None = None
    why_not_run: str = ""
    failure: Callable[[int], str] = str
    stub: Program | None = None


DRAWING = 0.9
"""Of the budget; the rest is for running what was drawn last."""


@dataclass(frozen=True)
class GenerateOptions:
    """How much is drawn.

    Attributes:
        samples: at most so many before a repair, the first of which is greedy.
        at_once: rows that are drawn before the next look at them.
        budget_s: after this the result is what there is; None for never.
        margin: see `selection.won`.
        repairs: how often failing output goes back to the model, where nothing passes the examples; each time as many
            answers are drawn as at once before.
    """

    samples: int = 32
    at_once: int = 16
    temperature: float = 0.8
    seed: int = 0
    max_new_tokens: int = 512
    budget_s: float | None = None
    margin: float = 3.0
    repairs: int = 1


@dataclass(frozen=True)
class Progress:
    """How far it is."""

    drawn: int
    of: int
    programs: int
    passing: int
    behaviours: int


@dataclass(frozen=True)
class Question:
    """An input on which the two best behaviours differ, by its number, and what each does there."""

    number: int
    input: str
    first: str
    second: str


@dataclass(frozen=True)
class Candidates:
    """The result, best first.

    Attributes:
        broken: answers that do not parse, and so are no candidates.
        repaired: whether the first ones were written after others had failed.
        sampling_s, jail_s: where the time went.
        seen: what was seen of each candidate, by its number.
        inputs: on which they were looked at, as people read them.
    """

    ranked: tuple[Ranked, ...]
    drawn: int
    broken: int = 0
    question: Question | None = None
    repaired: bool = False
    sampling_s: float = 0.0
    jail_s: float = 0.0
    seen: Mapping[int, Seen] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()


def ranked(
    candidates: Sequence[Candidate], seen: Mapping[int, Seen], drawn: int, inputs: tuple[str, ...]
) -> Candidates:
    """Candidates in their order, with what to ask of the two best behaviours."""
    found = clusters(candidates, seen)
    number = distinguishing(found)
    question = None
    if number is not None:
        first, second = (cluster.seen.behaviour[number] for cluster in found[:2])
        question = Question(number, inputs[number], first, second)
    return Candidates(tuple(rank(candidates, seen, drawn)), drawn, question=question, seen=dict(seen), inputs=inputs)


def with_answer(result: Candidates, right: str) -> Candidates:
    """The same candidates, now that somebody has said what is right where the two best differ.

    Args:
        right: the behaviour, such as ``= [1, 2]``; see `selection.is_value`.

    Raises:
        ValueError: nothing was asked.
    """
    if result.question is None:
        raise ValueError("there is no question")
    seen = selection.with_answer(result.seen, result.question.number, right)
    again = ranked([each.candidate for each in result.ranked], seen, result.drawn, result.inputs)
    return replace(again, broken=result.broken, repaired=result.repaired)


def generate(
    task: Task,
    engine: Engine,
    chat: ChatTemplate | None,
    run: Run | None,
    options: GenerateOptions | None = None,
    told: Callable[[Progress], None] = lambda _: None,
    cancelled: Cancelled = never,
    room: Callable[[int], int] = int,
) -> Candidates:
    """Draw, run and rank.

    Args:
        chat: the model's chat template; None where it has none.
        run: the jail; None where there is none.
        told: hears how far it is, after every round.
        room: told how many rows are to be drawn at once, says how many may be, at least one, or waits: somebody types.

    Raises:
        PromptTooLong: the request does not fit the model's context.
    """
    options = options or GenerateOptions()
    clock = _Clock(options.budget_s, cancelled)
    pool = _Pool(_loadable(task, run, clock.over), run, chat is not None, clock.over)
    prompt = render_request(task.request, chat, engine.info.markup)

    def draw(prompt: Prompt, rows: int, first: int) -> None:
        greedy = first == 0
        params = SamplingParams(
            max_new_tokens=options.max_new_tokens,
            temperature=0.0 if greedy else options.temperature,
            seed=options.seed,
            first_row=first,
            timeout_s=clock.left_to_draw(),
        )
        begun = time.monotonic()
        [found] = engine.generate([prompt], params, n=rows, watch=pool.watch, cancelled=cancelled)
        pool.sampling_s += time.monotonic() - begun
        pool.take(found)
        told(pool.progress(options.samples))

    while clock.left_to_draw() != 0 and pool.drawn < options.samples:
        rows = 1 if pool.drawn == 0 else room(min(options.at_once, options.samples - pool.drawn))
        draw(prompt, rows, pool.drawn)
        if won(pool.clusters(), options.margin):
            break
    before = pool.drawn
    pool.repairing = True
    for _ in range(options.repairs):
        again = pool.to_repair()
        if again is None or clock.left_to_draw() == 0:
            break
        rows = room(min(options.at_once, options.samples))
        with suppress(PromptTooLong):  # then what is there stays
            draw(render_request(again, chat, engine.info.markup), rows, pool.drawn)
    return pool.result(before)


class _Clock:
    """The budget, from now on."""

    def __init__(self, budget_s: float | None, cancelled: Cancelled) -> None:
        self._begun = time.monotonic()
        self._budget_s = budget_s
        self._cancelled = cancelled

    def over(self) -> bool:
        """Whether nothing more is to be run."""
        spent = time.monotonic() - self._begun
        return self._cancelled() or (self._budget_s is not None and spent >= self._budget_s)

    def left_to_draw(self) -> float | None:
        """Seconds; None for as long as it takes, 0 where no more is to be drawn."""
        if self._cancelled():
            return 0.0
        return None if self._budget_s is None else max(0.0, self._begun + DRAWING * self._budget_s - time.monotonic())


def _loadable(task: Task, run: Run | None, over: Cancelled) -> Task:
    """The task, without its trial where no candidate could be loaded: that is not the candidates' fault."""
    if task.stub is None or task.trial is None or run is None:
        return task
    try:
        outcome = next(iter(run([Job(task.stub, Calls((Call("codegpt_stub"),)), MODULE_LIMITS)], over)), None)
    except CodeGPTError as error:
        return replace(task, trial=None, why_not_run=str(error))
    if outcome is None:
        return replace(task, trial=None, why_not_run="there was no time to load the file")
    if outcome.end is End.COMPLETE:
        return task
    raised = f"{outcome.raised.name}: {outcome.raised.message}" if outcome.raised else outcome.detail or outcome.end
    return replace(task, trial=None, why_not_run=f"the file itself does not load in the jail: {raised}")


class _Pool:
    """The distinct programs so far, and what was seen of each.

    Attributes:
        repairing: from now on a program that is there already is no agreement: the model was shown it.
    """

    def __init__(self, task: Task, run: Run | None, fenced: bool, over: Cancelled) -> None:
        self._task = task
        self._run = run
        self._fenced = fenced
        self._over = over
        self.repairing = False
        self._by_form: dict[str, Candidate] = {}
        self._seen: dict[int, Seen] = {}
        self.drawn = 0
        self.broken = 0
        self.sampling_s = 0.0
        self.jail_s = 0.0

    def watch(self, _row: int, text: str) -> bool:
        """Whether an answer is over."""
        return answered(text, self._task.request, self._fenced)

    def take(self, generations: Sequence[Generation]) -> None:
        """Take the programs out of answers, and run those that are new."""
        request, new = self._task.request, []
        for generation in generations:
            number, self.drawn = self.drawn, self.drawn + 1
            if generation.stop_reason in (StopReason.DEADLINE, StopReason.CANCELLED):
                continue  # half a program
            program = program_of(generation.text, request, self._fenced)
            if not parses(dedent(program), request.language):
                self.broken += 1
                continue
            form = normal_form(program, request.language)
            known = self._by_form.get(form)
            if known is None:
                known = Candidate(number, program, 0, generation.mean_logprob)
                new.append(known)
            elif self.repairing:
                continue
            logprob = max(known.logprob, generation.mean_logprob)
            self._by_form[form] = replace(known, samples=known.samples + 1, logprob=logprob)
        begun = time.monotonic()
        self._seen.update(zip([each.number for each in new], self._look_at(new), strict=True))
        self.jail_s += time.monotonic() - begun

    def _look_at(self, new: Sequence[Candidate]) -> list[Seen]:
        trial = self._task.trial
        if trial is None or self._run is None:
            return [Seen(why_not_run=self._task.why_not_run or "there is no jail here") for _ in new]
        jobs: list[list[Job]] = []
        refused: dict[int, str] = {}
        for number, each in enumerate(new):
            try:
                jobs.append(trial.jobs(each.program))
            except CodeGPTError as error:  # a program of megabytes, a language without a runner
                refused[number] = str(error)
                jobs.append([])
        try:
            done = list(self._run([job for some in jobs for job in some], self._over))
        except CodeGPTError as error:  # a language whose interpreter is not on this machine
            return [Seen(why_not_run=str(error)) for _ in new]
        found, begin = [], 0
        for number, some in enumerate(jobs):
            outcomes = done[begin : begin + len(some)]
            begin += len(some)
            late = len(outcomes) < len(some)
            why = refused.get(number) or ("there was no time to run it" if late else "")
            found.append(Seen(why_not_run=why) if why else trial.seen(outcomes))
        return found

    def clusters(self) -> list[Cluster]:
        """All of them, best first."""
        return clusters(list(self._by_form.values()), settled(self._seen))

    def to_repair(self) -> Request | None:
        """What to say to the model of the best program that fails an example; None where one passes them all."""
        best = next(iter(self.clusters()), None)
        if best is None or not best.seen.examples or all(best.seen.examples):
            return None
        failure = self._task.failure(best.seen.examples.index(False))
        return failed(self._task.request, best.members[0].program, failure)

    def progress(self, of: int) -> Progress:
        """How far it is."""
        found = self.clusters()
        passing = sum(cluster.samples for cluster in found if cluster.seen.examples and all(cluster.seen.examples))
        return Progress(self.drawn, max(of, self.drawn), len(self._by_form), passing, len(found))

    def result(self, before_repair: int) -> Candidates:
        """All candidates, ranked.

        Args:
            before_repair: so many samples were drawn before failed output went back; what was written after that counts
                only where it passes more examples than all before it.
        """
        final = settled(self._seen)
        passed = {number: sum(seen.examples) for number, seen in final.items()}
        most = max((count for number, count in passed.items() if number < before_repair), default=-1)
        kept = [c for c in self._by_form.values() if c.number < before_repair or passed[c.number] > most]
        found = ranked(kept, final, self.drawn, () if self._task.trial is None else self._task.trial.described)
        return replace(
            found,
            broken=self.broken,
            repaired=bool(found.ranked) and found.ranked[0].candidate.number >= before_repair,
            sampling_s=self.sampling_s,
            jail_s=self.jail_s,
        )
