"""Runs one program in the jail: sets its own limits, loads the source, answers calls one at a time.

Nothing here is trusted by the outside once the program has been loaded: the program shares this process.
"""

import _signal  # type: ignore[import-not-found]  # `signal` without its Python half
import builtins
import posix  # `os` without its Python half: that is a tenth of the start-up time
import resource
import sys

from values import NotPlainData, decode, encode, quote

LOADED_AS = "candidate"
ARMED = [False]  # whether a call is being answered that may only take so long
LONGEST_ARGUMENTS = 10_000  # of an exception, in characters
CONTAINERS = (list, dict, set, tuple)


class Channel:
    """Lines of JSON over the two pipes that the supervisor holds the other ends of."""

    def __init__(self, requests, replies):
        self.requests = open(requests, encoding="ascii", newline="\n")  # noqa: SIM115  open as long as the program
        self.replies = replies

    def receive(self):
        """The next message; None when the supervisor has gone."""
        line = self.requests.readline()
        return decode(line) if line else None

    def send(self, text):
        """Write one line."""
        data = memoryview((text + "\n").encode("ascii"))
        while data:
            data = data[posix.write(self.replies, data) :]


def set_limits(limits):
    """Hard limits, which the program cannot raise again."""
    for name, soft, hard in (
        (resource.RLIMIT_CPU, limits["cpu_s"], limits["cpu_s"] + 1),
        (resource.RLIMIT_AS, limits["memory_bytes"], limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"], limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"], limits["open_files"]),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(name, (soft, hard))
    if limits["processes"]:
        resource.setrlimit(resource.RLIMIT_NPROC, (limits["processes"], limits["processes"]))


def hide_ourselves(paths):
    """Give the names of our own modules back: a program that imports its `values` is to get that one, or none."""
    sys.path[:] = [*paths, *(path for path in sys.path if path != __file__.rpartition("/")[0])]
    for name in ("child", "values", "checker", "pytest_checker", "pytest_results", "remote"):
        sys.modules.pop(name, None)


def describe(error):
    """An exception as the members of a reply: the names of its class and its ancestors, its message, its arguments."""
    kind = type(error)
    try:
        message = str(error)[:200]
    except BaseException:
        message = ""
    try:
        args = encode_each(error.args)
    except BaseException:
        args = "null"
    name, *bases = class_names(kind)
    return '"raised":%s,"bases":[%s],"message":%s,"args":%s' % (
        quote(name),
        ",".join(map(quote, bases)),
        quote(message),
        args if len(args) <= LONGEST_ARGUMENTS else "null",
    )


def class_names(kind):
    """The names of a class and its ancestors; one that only looks like a builtin class says whose it is."""
    return [
        cls.__module__ + "." + cls.__name__
        if hasattr(builtins, cls.__name__) and cls.__module__ != "builtins"
        else cls.__name__
        for cls in kind.__mro__[:-1]
    ]


def encode_each(values):
    """An array of values, each of which may be as deep as a value may be."""
    return "[%s]" % ",".join([encode(value) for value in values])


def compiled(source, filename):
    """The code of the program; whatever keeps it from being compiled is a syntax error."""
    try:
        return compile(source, filename, "exec", dont_inherit=True)
    except ValueError as error:  # null characters, lone surrogates
        raise SyntaxError(str(error)) from error


def load(code, name):
    """A module made of the program's code, as an import would make it."""
    module = type(sys)(name)
    module.__file__ = code.co_filename
    sys.modules[name] = module
    exec(code, module.__dict__)
    return module


class InPlace:
    """Gives the program where the workspace's module of that name is imported, by the program's own package too."""

    def __init__(self, code, name):
        self.code = code
        self.name = name

    def find_spec(self, name, path=None, target=None):
        """The spec that the others find, with the program in it."""
        if name != self.name:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                spec.loader = self  # type: ignore[assignment]  # the abstract class would have to be imported
                return spec
        return None

    def create_module(self, spec):
        """An ordinary one."""
        return

    def exec_module(self, module):
        """Run the program there."""
        exec(self.code, module.__dict__)


def load_in_place(code, name):
    """The module that its package gets when it imports what `name` says; alone where there is no such module."""
    sys.meta_path.insert(0, InPlace(code, name))
    try:
        __import__(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):
            raise
        return load(code, LOADED_AS)
    return sys.modules[name]


def contents(module):
    """What the program defines: for each name its kind and the class of its value, or those of a class."""
    found = {}
    for name, value in vars(module).items():
        if name.startswith("__"):
            continue
        if isinstance(value, type):
            kind = "exception" if issubclass(value, BaseException) else "class"
            classes = class_names(value)
        else:
            kind = "function" if callable(value) else "value"
            classes = [type(value).__name__]
        found[name] = (kind, classes)
    return found


def call_of(module, call):
    """The value of one call; of the call without a name, what there is to call, or the value of the name given."""
    if call["call"]:
        return getattr(module, call["call"])(*call["args"], **call["kwargs"])
    return getattr(module, call["args"][0]) if call["args"] else contents(module)


class CallTimeout(BaseException):
    """A call took longer than it may; no `Exception`, which programs catch."""


def interrupt(*_):
    """Told that the time is over; it may be told so once more where that came too late."""
    if ARMED[0]:
        raise CallTimeout


def timed_call_of(module, call, seconds):
    """`call_of` within so many seconds of CPU time; 0.0 for as long as it takes."""
    if not seconds:
        return call_of(module, call)
    _signal.signal(_signal.SIGPROF, interrupt)
    ARMED[0] = True
    try:
        _signal.setitimer(_signal.ITIMER_PROF, seconds, seconds)  # again and again: a program may catch anything
        return call_of(module, call)
    finally:
        ARMED[0] = False
        _signal.setitimer(_signal.ITIMER_PROF, 0)


def answer(module, call, seconds):
    """The members of the reply to one call."""
    args, kwargs = call["args"], call["kwargs"]
    changeable = any(type(arg) in CONTAINERS for arg in (*args, *kwargs.values()))
    before = (encode_each(args), encode(kwargs)) if changeable else None
    try:
        value = timed_call_of(module, call, seconds)
        given = "null"
        if changeable and (encode_each(args), encode(kwargs)) != before:
            given = "[%s,%s]" % (encode_each(args), encode(kwargs))
        return '"value":%s,"given":%s' % (encode(value), given)
    except NotPlainData as error:
        return '"unencodable":%s' % quote(str(error))
    except BaseException as error:
        return describe(error)


def serve(channel, source, name, call_s):
    """Load the program as a module and answer calls until there are none; `name` is that of the one it replaces."""
    try:
        code = compiled(source, f"/tmp/{LOADED_AS}.py")
        module = load_in_place(code, name) if name else load(code, LOADED_AS)
    except BaseException as error:
        channel.send("{%s}" % describe(error))
        posix._exit(1)
    channel.send('{"loaded":true}')
    while (call := channel.receive()) is not None:
        reply = answer(module, call, call_s)
        flush()
        channel.send('{"id":%s,%s}' % (quote(call["id"]), reply))
    posix._exit(0)  # whatever threads the program left


def flush():
    """Hand over what the program printed: it is evidence too, and this process will be killed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # the program has closed or replaced it
            continue


def run_script(channel, source):
    """Run the program as a script; an uncaught exception is also reported."""
    sys.argv = ["/tmp/main.py"]
    try:
        code = compiled(source, sys.argv[0])
    except BaseException as error:
        channel.send("{%s}" % describe(error))
        raise
    channel.send('{"loaded":true}')
    try:
        load(code, "__main__")
    except SystemExit:
        raise
    except BaseException as error:
        channel.send("{%s}" % describe(error))
        raise


def main():
    """Serve the supervisor."""
    channel = Channel(int(sys.argv[1]), int(sys.argv[2]))
    request = channel.receive()
    set_limits(request["limits"])
    hide_ourselves(request["paths"])
    vars(builtins).update(exit=sys.exit, quit=sys.exit)  # which `site` would have made
    channel.send('{"ready":true}')
    if request["mode"] == "script":
        run_script(channel, request["source"])
    else:
        serve(channel, request["source"], request["module"], request["limits"]["call_cpu_s"])
