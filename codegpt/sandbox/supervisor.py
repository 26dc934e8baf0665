"""The supervisor: a small process of its own that starts jails, watches them, and says what it saw.

It is not root (see `staging`), holds no secrets, and ends with its owner; if it is killed, its guardian (see
`process.guard`) ends the jails. Jobs come as JSON lines on standard input, outcomes go out as JSON lines, in the order
in which they are done. Each worker thread lives as long as the process, because a jail dies with the thread that
started it.
"""

import base64
import contextlib
import json
import os
import queue
import secrets
import select
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox.backends import Backend, import_paths, launch
from codegpt.sandbox.clock import Clock
from codegpt.sandbox.codec import NotPlainData, decode
from codegpt.sandbox.jail import Ended, Jail
from codegpt.sandbox.outcome import End
from codegpt.sandbox.process import JailProcess, end_all_children, guard, reserve_low_descriptors
from codegpt.sandbox.program import Limits
from codegpt.sandbox.staging import become_nobody
from codegpt.sandbox.view import Masks, Mount, View, outside

Message = dict[str, Any]
EXTENSIONS = {"python": "", "javascript": ".js"}
SAYING = threading.Lock()
STARTING = threading.RLock()  # taken for good at the end: a jail is there to be found by then, or never starts
RELAYED = 8  # times the program's output may be what its tests print: its own, in other characters, and theirs
MOST_CALLS = 1_000_000  # of the program by its tests


@dataclass(frozen=True)
class Warden:
    """Everything that is the same for all jails."""

    backend: Backend
    bwrap: str
    filter_program: bytes
    views: dict[str, View]

    def jail(self, view: str, inside: str, limits: Limits, masks: Message, stdin: bytes | None = None) -> Jail:
        """A fresh jail in which the program `inside` has been started."""
        root = outside(self.views[view], self.views[view].workspace)
        reachable = {
            name: tuple(path for path in paths if _is_there(f"{root}/{path}")) for name, paths in masks.items()
        }
        seen = replace(self.views[view], masks=Masks(**reachable))
        what = launch(self.backend, seen, inside, limits, self.filter_program, self.bwrap)
        with STARTING:
            return Jail(what, limits, stdin)

    def limits_message(self, limits: Limits) -> Message:
        """The limits as a process in the jail sets them; without its own namespace it would count others' processes."""
        return {**asdict(limits), "processes": limits.processes if self.backend is Backend.BWRAP else 0}


def _is_there(path: str) -> bool:
    """Whether this user can get to a file; what it cannot get to needs no mask, and none can be put there."""
    return os.path.lexists(path)


def run(warden: Warden, job: Message) -> Message:
    """Do a job; a jail that could not be started is tried once more."""
    if "bare" in job:
        return _start_bare(warden)
    outcome = _run_once(warden, job)
    return _run_once(warden, job) if outcome["end"] == End.INFRASTRUCTURE else outcome


def _run_once(warden: Warden, job: Message) -> Message:
    limits = Limits(**job["limits"])
    outcome: Message = {"end": End.COMPLETE, "replies": []}
    stdin = base64.b64decode(job["stdin"]) if "stdin" in job else None
    inside = "child" + EXTENSIONS[job["language"]]
    try:
        with warden.jail(job["language"], inside, limits, job["masks"], stdin) as jail:
            try:
                _start_program(warden, jail, job)
                if "calls" in job:
                    _ask(jail, job["calls"], outcome)
                elif "tests" in job:
                    _test(warden, jail, job, outcome)
                else:
                    _finish_script(jail, outcome)
            except Ended as ended:
                outcome.update(end=ended.end, detail=ended.detail)
            outcome.update(wall_s=time.monotonic() - jail.started, exit_code=jail.process.exit_code)
    except OSError as error:
        outcome.update(end=End.INFRASTRUCTURE, detail=f"cannot start a jail: {error}")
        return outcome
    outcome.update(stdout=_base64(jail.stdout[: limits.output_bytes]), stderr=_base64(jail.stderr[:CUT]))
    return outcome


def _start_bare(warden: Warden) -> Message:
    """Start a jail whose Python has nothing to do and wait for its end: the time below which no verdict can be had."""
    what = launch(warden.backend, warden.views["python"], "-c", Limits(), warden.filter_program, warden.bwrap)
    argv = (*what.argv[: what.argv.index("-c") + 1], "pass")
    null = {target: os.open(os.devnull, os.O_RDWR) for target in (0, 1, 2)}
    with STARTING:
        process = JailProcess(replace(what, argv=argv), null)
    process.reap()
    process.close()
    return {"end": End.COMPLETE, "exit_code": process.exit_code, "replies": []}


CUT = 4096  # of standard error; it is for reading only


def _base64(data: bytes | bytearray) -> str:
    return base64.b64encode(data).decode()


def _start_program(warden: Warden, jail: Jail, job: Message) -> None:
    jail.start(
        {
            "limits": warden.limits_message(jail.limits),
            "mode": "script" if "stdin" in job else "functions",
            "source": job["source"],
            "module": job["module"],
            "paths": import_paths(warden.backend, warden.views[job["language"]]),
        }
    )


def _loaded(jail: Jail, outcome: Message) -> bool:
    """Whether the program could be loaded; what it raised if not."""
    message = jail.receive()
    if message == {"loaded": True}:
        return True
    outcome.update(end=End.NOT_LOADED, raised=_raised(message))
    return False


def _ask(jail: Jail, calls: list[Message], outcome: Message) -> None:
    if not _loaded(jail, outcome):
        return
    for call in calls:
        asked = time.monotonic()
        result = _call(jail, call)
        outcome["replies"].append({**result, "seconds": time.monotonic() - asked})
    if jail.messages_left():
        raise Ended(End.VIOLATION, "a reply that nobody asked for")


def _call(jail: Jail, call: Message) -> Message:
    """One call, answered under an id that did not exist before it; the reply checked to the last brace."""
    identity = secrets.token_hex(8)
    reply = jail.exchange({"id": identity, **call})
    if reply.pop("id", None) != identity:
        raise Ended(End.VIOLATION, "a reply to another call")
    return _result(reply)


def _result(reply: Message) -> Message:
    try:
        if reply.keys() - {"async"} == {"value", "given"} and reply.get("async", True) is True:
            decode(reply["value"])
            _check_given(reply["given"])
            return reply
    except NotPlainData as error:
        raise Ended(End.VIOLATION, f"a reply with {error}") from error
    if reply.keys() - {"async"} == {"unencodable"} and isinstance(reply["unencodable"], str):
        return {"unencodable": reply["unencodable"][:100], **_async(reply)}
    return {"raised": _raised(reply)}


def _check_given(given: Any) -> None:
    """The arguments after the call, by position and by name, if it changed them."""
    if given is None:
        return
    if not isinstance(given, list) or len(given) != 2 or not isinstance(given[0], list):
        raise NotPlainData("arguments of an unknown form")
    for arg in given[0]:
        decode(arg)
    if not isinstance(decode(given[1]), dict):
        raise NotPlainData("arguments of an unknown form")


def _raised(reply: Message) -> Message:
    name, bases, message, args = (reply.get(key) for key in ("raised", "bases", "message", "args"))
    if (
        reply.keys() - {"args", "async"} != {"raised", "bases", "message"}
        or not isinstance(name, str)
        or not isinstance(message, str)
        or not isinstance(bases, list)
        or not all(isinstance(base, str) for base in bases)
        or not isinstance(args, list | None)
    ):
        raise Ended(End.VIOLATION, "a reply of an unknown form")
    try:
        for arg in args or ():
            decode(arg)
    except NotPlainData as error:
        raise Ended(End.VIOLATION, f"a reply with {error}") from error
    bases = [base[:100] for base in bases[:50]]
    return {"raised": name[:100], "bases": bases, "message": message[:200], "args": args, **_async(reply)}


def _async(reply: Message) -> Message:
    """Whether the value was a promise's; JavaScript's tests want one back."""
    return {"async": True} if reply.get("async") is True else {}


def _finish_script(jail: Jail, outcome: Message) -> None:
    jail.wait_for_exit()
    if jail.messages_left() and not _loaded(jail, outcome):
        return
    if jail.messages_left():
        outcome["raised"] = _raised(jail.receive())
    else:
        jail.judge_exit()


def _test(warden: Warden, jail: Jail, job: Message, outcome: Message) -> None:
    """Run the tests in a second jail and carry its calls over to the program's, until it reports."""
    if not _loaded(jail, outcome):
        return
    tests: Message = job["tests"]
    style = "pytest_checker" if tests["style"] == "pytest" else "checker" + EXTENSIONS[job["language"]]
    view = "pytest" if tests["style"] == "pytest" else job["language"]
    limits = replace(jail.limits, output_bytes=RELAYED * jail.limits.output_bytes)
    with warden.jail(view, style, limits, job["masks"]) as checker:
        checker.start(
            {
                "limits": warden.limits_message(jail.limits),
                "paths": import_paths(warden.backend, warden.views[view]),
                **tests,
            }
        )
        # from here on the program waits for its tests: one clock for both
        jail.clock = checker.clock = Clock(limits.wall_s, lambda: checker.waited_s() + jail.process.waited_s())
        try:
            message = checker.receive()
            for _ in range(MOST_CALLS):
                if "done" in message:
                    outcome["report"] = message["done"]
                    break
                message = checker.exchange(_answer(jail, message))
        except _InTests as ended:
            raise ended.ended from ended
        except Ended as ended:
            if ended.end in (End.CPU_TIME, End.WALL_TIME):
                raise Ended(ended.end, f"{ended.detail}, in the tests") from ended
            said = checker.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            why = f"the tests themselves ended: {ended.detail}. {said}".strip()
            outcome["report"] = {"outcome": "unavailable", "message": why[:200]}
    if jail.messages_left():
        raise Ended(End.VIOLATION, "a reply that nobody asked for")


class _InTests(Exception):
    """The program's own end, met while the tests were running."""

    def __init__(self, ended: Ended) -> None:
        super().__init__()
        self.ended = ended


def _answer(jail: Jail, message: Message) -> Message:
    """The program's answer to a call of the tests, with what it printed meanwhile."""
    try:
        result = _call(jail, {key: message[key] for key in ("call", "args", "kwargs")})
    except Ended as ended:
        raise _InTests(ended) from ended
    printed = [data.decode(errors="replace") for data in jail.take_output()]
    return {**result.get("raised", result), "printed": printed}


def _views(settings: Message) -> dict[str, View]:
    def view(given: Message) -> View:
        mounts = tuple(Mount(**mount) for mount in given.pop("mounts"))
        environment = tuple((name, value) for name, value in given.pop("environment"))
        python, node, paths, hidden = (tuple(given[name]) for name in ("python", "node", "paths", "hidden"))
        return View(mounts, environment, python, node, paths, hidden, given["workspace"])

    return {name: view(given) for name, given in settings["views"].items()}


def _serve(warden: Warden, jobs: "queue.SimpleQueue[Message]", withdrawn: set[int]) -> None:
    while True:
        job = jobs.get()
        if job["job"] in withdrawn:
            withdrawn.discard(job["job"])
            continue
        try:
            outcome = run(warden, job)
        except Exception as error:  # a defect of ours: said, and never the program's failure
            outcome = {"end": End.INFRASTRUCTURE, "detail": f"{type(error).__name__}: {error}", "replies": []}
        with SAYING:
            _say({"job": job["job"], **outcome})
        withdrawn.discard(job["job"])


def _say(message: Message) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Read the settings, give up root, then work until standard input ends."""
    settings = json.loads(sys.stdin.readline())
    os.nice(settings["nice"])  # before any thread is there: all of them, and what they start, inherit it
    reserve_low_descriptors()
    views = _views(settings)
    try:
        if os.geteuid() == 0 and settings["backend"] != Backend.UNSAFE:
            views = become_nobody(views)
    except SandboxUnavailable as error:
        _say({"refused": str(error)})
        return
    os.chdir("/")
    filter_program = base64.b64decode(settings["filter"])
    warden = Warden(Backend(settings["backend"]), settings["bwrap"], filter_program, views)
    guard()
    signal.signal(signal.SIGTERM, lambda *_: _end())
    threading.Thread(target=_end_with, args=(settings["owner"],), daemon=True).start()
    _say({"ready": True})
    jobs: queue.SimpleQueue[Message] = queue.SimpleQueue()
    withdrawn: set[int] = set()
    for _ in range(settings["workers"]):
        threading.Thread(target=_serve, args=(warden, jobs, withdrawn), daemon=True).start()
    for line in sys.stdin:
        message = json.loads(line)
        if "end" in message:
            break
        if "withdrawn" in message:
            withdrawn.update(message["withdrawn"])
        else:
            jobs.put(message)
    _end()


def _end() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # one end is enough
    STARTING.acquire()
    SAYING.acquire(timeout=1)  # for good: what becomes of a program that we kill now is no outcome
    end_all_children()
    os._exit(0)


def _end_with(owner: int) -> None:
    """End when the process that started us does, even if a child of its holds the other end of our input."""
    with contextlib.suppress(ProcessLookupError):
        select.select([os.pidfd_open(owner)], [], [])
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
