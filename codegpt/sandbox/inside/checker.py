"""Runs trusted tests of the form `check(candidate)`, or plain asserts, against the program in the other jail."""

import sys
from _ast import AST, Assert, Call, Expr, Load, Name, PyCF_ONLY_AST

from child import Channel, hide_ourselves, set_limits
from remote import Function, Session, raised_by_program
from values import quote

COUNT = "__count_assertion__"


def counting(source, filename):
    """The code of the tests, with every assertion that held counted."""
    tree = compile(source, filename, "exec", flags=PyCF_ONLY_AST, dont_inherit=True)
    _count_in(tree)
    return compile(tree, filename, "exec", flags=0, dont_inherit=True)  # type: ignore[call-overload]


def _count_in(node):
    for field in node._fields:
        value = getattr(node, field, None)
        if isinstance(value, list):
            counted = []
            for item in value:
                counted.append(item)
                if isinstance(item, Assert):
                    place = {"lineno": item.lineno, "col_offset": 0, "end_lineno": item.lineno, "end_col_offset": 0}
                    call = Call(func=Name(id=COUNT, ctx=Load(), **place), args=[], keywords=[], **place)
                    counted.append(Expr(value=call, **place))
                elif isinstance(item, AST):
                    _count_in(item)
            setattr(node, field, counted)
        elif isinstance(value, AST):
            _count_in(value)


def run_tests(session, request):
    """Run the setup, the tests, and `check` if the tests define it; returns the members of the report."""
    held = [0]

    def count():
        held[0] += 1

    namespace = {"__name__": "tests", COUNT: count}
    outcome, name, message = "passed", "", ""
    try:
        exec(compile(request["setup"], "/tmp/setup.py", "exec", dont_inherit=True), namespace)
        for function in request["names"]:  # after the setup, which may hold the text of the same functions
            namespace[function] = Function(session, function)
        namespace["candidate"] = namespace[request["entry"]]
        exec(counting(request["source"], "/tmp/tests.py"), namespace)
        if "check" in namespace and "check" not in request["names"]:
            namespace["check"](namespace["candidate"])  # type: ignore[operator]
    except BaseException as error:
        name, message = type(error).__name__, str(error)[:200]
        if raised_by_program(error):
            outcome = "candidate raised"
        elif isinstance(error, ModuleNotFoundError):
            outcome = "unavailable"
        elif isinstance(error, (SyntaxError, SystemExit)):
            outcome, message = "unavailable", "the tests themselves: %s %s" % (name, message)
        else:
            outcome = "failed" if isinstance(error, AssertionError) else "raised"
    if session.not_supported:
        outcome, message = "unavailable", session.not_supported
    return outcome, name, message, session.calls, held[0]


def report(channel, outcome, name, message, calls, assertions):
    """Send the one report of the tests."""
    channel.send(
        '{"done":{"outcome":%s,"name":%s,"message":%s,"calls":%d,"assertions":%d}}'
        % (quote(outcome), quote(name), quote(message), calls, assertions)
    )


def main():
    """Serve the supervisor."""
    channel = Channel(int(sys.argv[1]), int(sys.argv[2]))
    request = channel.receive()
    set_limits(request["limits"])
    hide_ourselves(request["paths"])
    channel.send('{"ready":true}')
    report(channel, *run_tests(Session(channel), request))
