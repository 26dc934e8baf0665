"""Runs a user's file of tests with pytest itself; `import <module>` gives them the program in the other jail.

Functions of the program can be called, its exception classes caught, its plain constants read. Anything else that the
tests use is named in the report, which is then no judgement of the program.
"""

import os
import sys
import types

from checker import report
from child import Channel, hide_ourselves, set_limits
from remote import Function, Session

FOLDER = "/tmp/tests"
OPERATORS = (
    "setattr delattr getitem setitem delitem iter next reversed len contains eq ne lt le gt ge add radd sub rsub mul "
    "rmul matmul truediv rtruediv floordiv mod divmod pow and or xor lshift rshift neg pos abs invert bool int float "
    "complex index round trunc floor ceil str format bytes dir enter exit aenter await aiter anext mro_entries "
    "instancecheck subclasscheck hash"
)


class NotRemote:
    """Something of the program that is neither a function, an exception class nor plain data."""

    def __init__(self, session, name, kind):
        self.__dict__.update(session=session, message="%s is a %s: %s" % (name, kind, NOT_REMOTE))

    def __getattr__(self, attribute):
        """Refuse, unless pytest is only looking for tests."""
        if self.__dict__["session"].running or not attribute.startswith("_"):
            _refuse(self)
        raise AttributeError(attribute)


NOT_REMOTE = "only functions, exceptions and plain data can be tested"


def _refuse(thing, *_, **__):
    thing.__dict__["session"].refuse(thing.__dict__["message"])


for operator in OPERATORS.split():
    setattr(NotRemote, "__%s__" % operator, _refuse)


class NotRemoteClass(NotRemote):
    """A class of the program."""

    __call__ = _refuse


class RemoteModule(types.ModuleType):
    """The program as a module; assigning to it would change nothing over there, so it is refused."""

    def __init__(self, name, session):
        super().__init__(name)
        self.__dict__.update(__session__=session, __values__=[])
        for each, (kind, detail) in session.contents().items():
            if kind == "function":
                self.__dict__[each] = Function(session, each)
            elif kind == "exception":
                self.__dict__[each] = session.exception_class(detail[0], detail[1:])
            elif kind == "class":
                self.__dict__[each] = NotRemoteClass(session, each, kind)
            else:
                self.__values__.append(each)
        self.__all__ = [each for each in (*self.__dict__, *self.__values__) if not each.startswith("_")]

    def __getattr__(self, name):
        """A constant of the program, as it is now."""
        if name not in self.__dict__["__values__"] and name not in ("__version__", "__author__"):
            raise AttributeError("module %r has no attribute %r" % (self.__name__, name))
        found, value = self.__session__.value(name)
        if found == "unencodable":
            value = self.__dict__[name] = NotRemote(self.__session__, name, value)  # one thing, however often looked at
        elif found == "raised":
            raise AttributeError("module %r has no attribute %r" % (self.__name__, name))
        return value

    def __setattr__(self, name, value):
        if name.startswith("__"):  # the import machinery's own
            self.__dict__[name] = value
        else:
            self.__session__.refuse("the tests replace %s.%s: the program runs elsewhere" % (self.__name__, name))

    def __delattr__(self, name):
        self.__session__.refuse("the tests remove %s.%s: the program runs elsewhere" % (self.__name__, name))


def install(name, session):
    """Make `import name` give the program, also for a dotted name."""
    sys.modules[name] = RemoteModule(name, session)  # before its package, which may import it
    parts = name.split(".")
    for depth in range(1, len(parts)):
        package = ".".join(parts[:depth])
        try:
            __import__(package)
        except ModuleNotFoundError:
            sys.modules[package] = types.ModuleType(package)
            sys.modules[package].__path__ = []
    for depth in range(1, len(parts)):
        setattr(sys.modules[".".join(parts[:depth])], parts[depth], sys.modules[".".join(parts[: depth + 1])])


def main():
    """Serve the supervisor."""
    channel = Channel(int(sys.argv[1]), int(sys.argv[2]))
    request = channel.receive()
    set_limits(request["limits"])
    sys.path += request["paths"]
    import pytest
    from pytest_results import Results

    hide_ourselves([])
    channel.send('{"ready":true}')
    try:
        os.mkdir(FOLDER)
    except OSError as error:
        why = "pytest needs a directory to write to, which this kind of jail does not have (%s)" % error
        report(channel, "unavailable", "", why, 0, 0)
        return
    os.chdir(FOLDER)
    with open("test_program.py", "w", encoding="utf-8", errors="surrogatepass") as file:
        file.write(request["source"])
    session = Session(channel)
    install(request["module"], session)
    results = Results(session, request["module"])
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "--rootdir", FOLDER, "-c", "/dev/null"]
    options += ["-o", "enable_assertion_pass_hook=true", "test_program.py"]
    code = pytest.main(options, plugins=[results])
    report(channel, *results.judge("" if code in (0, 1, 5) else "pytest ended with %s" % code))
