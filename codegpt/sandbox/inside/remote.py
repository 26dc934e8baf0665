"""The program under test as its tests see it: functions that are called in the other jail, by way of the supervisor.

Plain data crosses by value; what a call changed in place is changed here too, and what it printed is printed here.
What cannot cross is said by name: the run is then no judgement of the program, whatever the tests make of it.
"""

import _thread
import builtins
import os
import sys

from values import NotPlainData, encode, quote

BY_VALUE = "only plain data can cross between the tests and the program"


class NotSupported(Exception):
    """The tests need more of the program than plain data."""


class ProgramError(Exception):
    """An exception of the program's of a class that cannot be made here."""


class Session:
    """The tests' end of the channel: what was called, and what could not be done."""

    def __init__(self, channel):
        self.channel = channel
        self.calls = 0
        self.not_supported = ""
        self.running = True  # while tests are only being collected, looking at a name does not count as using it
        self._ancestors = {}  # of the program's classes, by name
        self._exceptions = {}
        self.names = set()  # what the program defines, and the classes of that
        self._environment = environment()
        self._lock = _thread.allocate_lock()
        self.interrupt = None  # the last exception of the program's that is no Exception: it ends more than one test

    def call(self, name, args, kwargs):
        """Call a function of the program and return, or raise, what it did."""
        self.calls += 1
        if type(sys.stdin).__name__ in ("StringIO", "BytesIO"):
            self.refuse("the tests changed standard input: the program has its own")
        if environment() != self._environment:
            self.refuse("the tests changed the environment or the directory: the program runs elsewhere")
        for value in (*args, *kwargs.values()):
            if type(value) is str and value.startswith("/tmp/") and os.path.exists(value):
                self.refuse("%s was given the name of a file, which the program cannot see" % name)
        return self.ask(name, args, kwargs)

    def _exchange(self, name, args, kwargs):
        try:
            arguments = ",".join([encode(arg) for arg in args])
            named = encode(kwargs)
        except NotPlainData as error:
            self.refuse("%s was given a %s: %s" % (name, error, BY_VALUE))
        with self._lock:  # tests may have threads
            self.channel.send('{"call":%s,"args":[%s],"kwargs":%s}' % (quote(name), arguments, named))
            answer = self.channel.receive()
        sys.stdout.write(answer["printed"][0])
        sys.stderr.write(answer["printed"][1])
        return answer

    def ask(self, name, args=(), kwargs=None):
        """Send a call and take its answer; the call without a name asks what the program defines."""
        kwargs = kwargs or {}
        answer = self._exchange(name, args, kwargs)
        if "raised" in answer:
            if {"StopIteration", "StopAsyncIteration"} & {answer["raised"], *answer["bases"]}:
                self.refuse("%s raised %s, which a loop would take for its own end" % (name, answer["raised"]))
            error = self.exception(answer)
            if not isinstance(error, Exception):
                self.interrupt = error
            raise error
        if "unencodable" in answer:
            self.refuse("%s returned a %s: %s" % (name or "the program", answer["unencodable"], BY_VALUE))
        if answer["given"]:
            merged(list(args), answer["given"][0])
            merged(kwargs, answer["given"][1])
        return answer["value"]

    def value(self, name):
        """("value", a constant as it is now), ("unencodable", its type's name) or ("raised", what asking raised)."""
        answer = self._exchange("", (name,), {})
        return next((found, answer[found]) for found in ("value", "unencodable", "raised") if found in answer)

    def contents(self):
        """What the program defines: name -> (kind, the names of its class, or of a class and its ancestors)."""
        found = self.ask("")
        self._ancestors.update({classes[0]: classes[1:] for kind, classes in found.values() if kind == "exception"})
        self.names = set(found) | {classes[0] for _, classes in found.values()}
        return found

    def refuse(self, why):
        """Note what the tests need and cannot have, and stop them there."""
        self.not_supported = self.not_supported or why
        raise NotSupported(why)

    def exception(self, answer):
        """An exception like the program's: of the builtin class, or of one of that name with the same ancestors."""
        args = (answer["message"],) if answer["args"] is None else tuple(answer["args"])
        try:
            kind = self.exception_class(answer["raised"], answer["bases"])
            error = kind(*args)
            if str(error) != answer["message"]:  # it says more than its arguments, as an OSError its file's name
                error = type(kind.__name__, (kind,), {"__str__": lambda error: error.program_message})(*args)
        except NotSupported:
            raise
        except Exception:  # it cannot be made here; it is the program's for all that, and not ours
            error = ProgramError(answer["raised"], answer["message"])
        error.program_message = answer["message"]
        return error

    def exception_class(self, name, bases):
        """The class that stands for an exception class of the program, whose ancestors have these names."""
        found = getattr(builtins, name, None)
        if isinstance(found, type) and issubclass(found, BaseException):
            return found
        if name not in self._exceptions:
            if not self._ancestors:
                self.contents()
            names = [each for each in self._ancestors.get(name, bases) if each != name]
            parents: list[type] = []
            for place, parent in enumerate(names):
                known = self.exception_class(parent, names[place + 1 :])
                if not any(issubclass(chosen, known) for chosen in parents):
                    parents.append(known)
            plain = name.rpartition(".")[2]
            self._exceptions[name] = type(plain, tuple(parents) or (Exception,), self._members(plain))
        return self._exceptions[name]

    def _members(self, name):
        def missing(error, attribute):
            if attribute.startswith("__"):
                raise AttributeError(attribute)
            self.refuse("%s.%s: attributes of an exception do not cross" % (name, attribute))

        def text(error):
            return vars(error).get("program_message", "")

        return {"__getattr__": missing, "__str__": text, "__init__": lambda error, *args, **kwargs: None}


def environment():
    """What the tests could change around the program."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}, os.getcwd()


def merged(mine, theirs):
    """`mine` made equal to `theirs` in place where it can be, for whoever else holds it; else `theirs`."""
    if type(mine) is not type(theirs):
        return theirs
    if type(mine) in (list, tuple):
        items = [merged(old, new) for old, new in zip(mine, theirs)] + list(theirs[len(mine) :])
        if type(mine) is tuple:
            return tuple(items)
        mine[:] = items
    elif type(mine) is dict:
        members = {key: merged(mine[key], value) if key in mine else value for key, value in theirs.items()}
        mine.clear()
        mine.update(members)
    elif type(mine) is set:
        mine.clear()
        mine.update(theirs)
    else:
        return theirs
    return mine


class Function:
    """A function of the program: it can be called."""

    def __init__(self, session, name):
        self.__dict__.update(__session=session, __name__=name, __qualname__=name)

    def __call__(self, *args, **kwargs):
        """Call it over there."""
        return self.__dict__["__session"].call(self.__name__, args, kwargs)

    def __getattr__(self, attribute):
        """What a function of this process would have, and this one cannot."""
        session = self.__dict__["__session"]
        if session.running and (not attribute.startswith("_") or attribute in ("__doc__", "__signature__")):
            session.refuse("%s.%s: a function of the program can only be called" % (self.__name__, attribute))
        raise AttributeError(attribute)

    def __get__(self, instance, owner=None):
        """Be a method where a class of the tests holds it, as a function would."""
        return self if instance is None else (lambda *args, **kwargs: self(instance, *args, **kwargs))

    @property
    def __signature__(self):
        """Not known here."""
        return self.__getattr__("__signature__")


Function.__doc__ = property(lambda function: function.__getattr__("__doc__"))  # type: ignore[assignment]


def raised_by_program(error):
    """Whether an exception is one that a call of the program raised."""
    return isinstance(error, BaseException) and "program_message" in vars(error)
