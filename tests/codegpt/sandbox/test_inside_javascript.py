"""What `child.js` says of programs and values, here without a jail: the exact lines that it writes on its pipe."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from types import TracebackType

import pytest

import codegpt

NODE = shutil.which("node")
INSIDE = Path(codegpt.__file__).parent / "sandbox" / "inside"
LONGEST_S = 60.0
UNDEFINED = '{"u":0}'
LOADED = '{"loaded":true}'

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


class Inside:
    """`child.js` or `checker.js`, run by node with a pipe for its requests and one for its replies."""

    def __init__(self, script: str, stdin: bytes = b"") -> None:
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        self.process = subprocess.Popen(
            [NODE or "node", str(INSIDE / script), str(requests), str(replies)],
            pass_fds=(requests, replies),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "TZ": "UTC"},
        )
        os.close(requests)
        os.close(replies)
        self._stdin = stdin
        self._lines = os.fdopen(self._replies, encoding="ascii", newline="\n")
        self._timer = Timer(LONGEST_S, self.process.kill)
        self._timer.start()

    def __enter__(self) -> "Inside":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self.process.kill()
        self.finish()
        self._timer.cancel()
        self._lines.close()

    def send(self, line: str) -> None:
        data = memoryview((line + "\n").encode("ascii"))
        while data:
            data = data[os.write(self._requests, data) :]

    def receive(self) -> str:
        """The next line, "" at the end."""
        return self._lines.readline().removesuffix("\n")

    def finish(self) -> tuple[int, str, str]:
        """Close the requests; the exit code and the two outputs, once."""
        if self._requests >= 0:
            os.close(self._requests)
            self._requests = -1
            out, err = self.process.communicate(self._stdin)
            self._end = (self.process.returncode, out.decode(), err.decode())
        return self._end


@contextmanager
def child(source: str, mode: str = "functions", stdin: bytes = b"") -> Iterator[Inside]:
    with Inside("child.js", stdin) as inside:
        inside.send(json.dumps({"limits": {}, "source": source, "mode": mode, "paths": []}))
        assert inside.receive() == '{"ready":true}'
        yield inside


def loading(source: str) -> str:
    """What a program says once it is loaded, or was not."""
    with child(source) as inside:
        return inside.receive()


def ask(source: str, *calls: str) -> list[str]:
    """The replies to calls of `f` with these arguments, or of the function named before a space; without their ids."""
    with child(source) as inside:
        assert inside.receive() == LOADED
        replies = []
        for number, call in enumerate(calls):
            name, args = call.split(" ", 1) if not call.startswith("[") else ("f", call)
            inside.send(f'{{"id":"a{number}","call":"{name}","args":{args},"kwargs":{{"d":[]}}}}')
            start, reply = f'{{"id":"a{number}",', inside.receive()
            assert reply.startswith(start), reply
            replies.append(reply.removeprefix(start).removesuffix("}"))
        return replies


def value(text: str, args: str = "", options: str = "") -> str:
    """A reply; with the arguments after the call if it changed any."""
    given = f'[{args},{{"d":[{options}]}}]' if args else "null"
    return f'"value":{text},"given":{given}'


def raised(name: str, bases: str, message: str) -> str:
    names = json.dumps(bases.split()).replace(" ", "")
    return f'"raised":"{name}","bases":{names},"message":{json.dumps(message)}'


LATER = ',"async":true'  # at the end of a reply that came with a promise


def script(source: str, stdin: bytes = b"") -> tuple[list[str], int, str, str]:
    """The messages of a script, its exit code and its outputs."""
    with child(source, "script", stdin) as inside:
        end = inside.finish()
        return list(iter(inside.receive, "")), *end


def report(outcome: str, name: str, message: str, calls: int, assertions: int) -> str:
    members = {"outcome": outcome, "name": name, "message": message, "calls": calls, "assertions": assertions}
    return json.dumps(members, separators=(",", ":"))[1:-1]


def together(source: str, tests: str) -> str:
    """The report of tests over a program, the lines carried over as the supervisor does."""
    with child(source) as program, Inside("checker.js") as checker:
        assert program.receive() == LOADED
        checker.send(json.dumps({"limits": {}, "setup": "", "source": tests, "entry": "f", "names": ["f"]}))
        assert checker.receive() == '{"ready":true}'
        while True:
            message = json.loads(checker.receive())
            if "done" in message:
                assert isinstance(message["done"], dict)
                return json.dumps(message["done"], separators=(",", ":"))[1:-1]
            program.send(json.dumps({"id": "1", **message}))
            answer = json.loads(program.receive())
            assert answer.pop("id") == "1"
            checker.send(json.dumps({**answer, "printed": ["", ""]}))


# what arrives in JavaScript, seen by what it is there, and what of it goes back
INTO = [
    ("9007199254740991", "number 9007199254740991"),
    ("-9007199254740991", "number -9007199254740991"),
    ("9007199254740992", "bigint 9007199254740992"),
    ("9007199254740993", "bigint 9007199254740993"),
    ("-999999999999999999", "bigint -999999999999999999"),
    ('{"i":"0xde0b6b3a7640000"}', "bigint 1000000000000000000"),
    ('{"i":"-de0b6b3a7640000"}', "bigint -1000000000000000000"),
    ("9007199254740993.0", "number 9007199254740992"),
    ("0.30000000000000004", "number 0.30000000000000004"),
    ("12345678901234567.25e-1", "number 1234567890123456.8"),
    ("1e+300", "number 1e+300"),
    ("2.0", "number 2"),
    ('{"f":"nan"}', "number NaN"),
    ('{"f":"inf"}', "number Infinity"),
    ('{"f":"-inf"}', "number -Infinity"),
    ("null", "object null"),
    ("true", "boolean true"),
    (UNDEFINED, "undefined undefined"),
    ('"9007199254740993"', "string 9007199254740993"),
    ('"a\\" 9007199254740993"', 'string a" 9007199254740993'),
    ('["x",[9007199254740993]]', "Array x,9007199254740993"),
    ('{"t":[1,{"t":[]}]}', "Array 1,"),
    ('{"s":[1,2]}', "Set [object Set]"),
    ('{"z":[1]}', "Set [object Set]"),
    ('{"d":[]}', "Object [object Object]"),
    ('{"d":[["a",1]]}', "Object [object Object]"),
    ('{"d":[["a",1],[2,3]]}', "Map [object Map]"),
    ('{"m":[["a",1]]}', "Map [object Map]"),
    ('{"b":"00ff10"}', "Uint8Array 0,255,16"),
]

OUT_OF = [
    ("2 ** 53 - 1", "9007199254740991"),
    ("-(2 ** 53) + 1", "-9007199254740991"),
    ("2 ** 53", "9007199254740992.0"),
    ("-(2 ** 53)", "-9007199254740992.0"),
    ("10 ** 20", "100000000000000000000.0"),
    ("1e21", "1e+21"),
    ("5e-324", "5e-324"),
    ("0.1 + 0.2", "0.30000000000000004"),
    ("4 / 2", "2"),
    ("0", "0"),
    ("-0", "-0.0"),
    ("NaN", '{"f":"nan"}'),
    ("1 / 0", '{"f":"inf"}'),
    ("-1 / 0", '{"f":"-inf"}'),
    ("0n", '{"i":"0x0"}'),
    ("-31n", '{"i":"-0x1f"}'),
    ("2n ** 64n", '{"i":"0x10000000000000000"}'),
    ("undefined", UNDEFINED),
    ("null", "null"),
    ("[undefined, null, , 1]", f"[{UNDEFINED},null,{UNDEFINED},1]"),
    ("new Array(3)", f"[{UNDEFINED},{UNDEFINED},{UNDEFINED}]"),
    ("'\\ud800 \\u00e9 \\u{1f600} \\x7f \\n \"'", '"\\ud800 \\u00e9 \\ud83d\\ude00 \\u007f \\n \\""'),
    ("[[[]], {}]", '[[[]],{"d":[]}]'),
    ("({ b: 1, 2: 2, 1: 3, a: { c: undefined } })", '{"d":[["1",3],["2",2],["b",1],["a",{"d":[["c",{"u":0}]]}]]}'),
    ("Object.create(null)", '{"d":[]}'),
    ("JSON.parse('{\"__proto__\": [1]}')", '{"d":[["__proto__",[1]]]}'),
    ("new Map([[1, 'a'], ['b', [2]]])", '{"m":[[1,"a"],["b",[2]]]}'),
    ("new Map([['a', 1]])", '{"m":[["a",1]]}'),
    ("new Set(['b', 1n, NaN])", '{"s":["b",{"i":"0x1"},{"f":"nan"}]}'),
    ("new Uint8Array([0, 255, 16])", '{"b":"00ff10"}'),
    ("'abc'.match(/b/)", '["b"]'),
    ("Object.defineProperty({ a: 1 }, 'hidden', { value: 2 })", '{"d":[["a",1]]}'),
    ("({ toJSON() {} }, { valueOf: 7, toString: 8 })", '{"d":[["valueOf",7],["toString",8]]}'),
    ("Object.assign(new Uint8Array(1), { valueOf: 1 })", '{"b":"00"}'),
    ("Array.from({ length: 64 }).reduce((inner) => [inner], 7)", "[" * 64 + "7" + "]" * 64),
]

REFUSED = [
    ("() => 1", "function"),
    ("class A {}", "function"),
    ("[Symbol.iterator]", "symbol"),
    ("({ [Symbol.iterator]: 1 })", "object with a symbol for a key"),
    ("[Promise.resolve(1)]", "Promise"),
    ("new (class Point { x = 1 })()", "Point"),
    ("new (class extends Array {})()", "object"),
    ("new Date(0)", "Date"),
    ("/a/", "RegExp"),
    ("new Error('x')", "Error"),
    ("new String('x')", "String"),
    ("Buffer.from('x')", "Buffer"),
    ("new Uint16Array(1)", "Uint16Array"),
    ("(function () { return arguments })()", "Object"),
    ("(function* () {})()", "Object"),
    ("new Proxy([1], { get() { throw 1 } })", "Proxy"),
    ("(() => { const { proxy, revoke } = Proxy.revocable([], {}); revoke(); return proxy })()", "Proxy"),
    ("Object.create(new Proxy({}, { getPrototypeOf() { throw 1 } }))", "object"),
    ("({ get a() { process.exit() } })", "object with a getter"),
    ("Object.defineProperty([], 0, { get() { process.exit() } })", "object with a getter"),
    ("new Set([[1]])", "collection with objects for keys"),
    ("new Map([[{}, 1]])", "collection with objects for keys"),
    ("new Array(2 ** 32 - 1)", "array too long"),
    ("(() => { const a = []; a.push({ a }); return a })()", "value nested too deep"),
    ("Array.from({ length: 65 }).reduce((inner) => [inner], 7)", "value nested too deep"),
    ("Object.create({ constructor: { name: 'x' } })", "Object"),
    ("Object.create({ get constructor() { process.exit() } })", "Object"),
    ("new (class { static get name() { process.exit() } })()", "Object"),
    ("new (class { static name = 'a b\\u00e9\"' })()", "ab"),
]


class TestValues:
    def test_into_javascript(self) -> None:
        source = (
            "function f(x) { return `${x === null || typeof x !== 'object' ? typeof x : x.constructor.name} ${x}` }"
        )
        replies = [json.loads("{" + reply + "}") for reply in ask(source, *(f"[{wire}]" for wire, _ in INTO))]
        assert [reply["value"] for reply in replies] == [seen for _, seen in INTO]

    def test_out_of_javascript(self) -> None:
        source = "const values = [" + ",\n".join(f"() => ({text})" for text, _ in OUT_OF) + "];"
        replies = ask(source + "const f = (at) => values[at]()", *(f"[{at}]" for at in range(len(OUT_OF))))
        assert replies == [value(wire) for _, wire in OUT_OF]

    def test_what_is_not_plain_data_is_named_and_none_of_its_code_runs(self) -> None:
        source = "const values = [" + ",\n".join(f"() => ({text})" for text, _ in REFUSED) + "];"
        calls = [f"[{at}]" for at in range(len(REFUSED))]
        replies = ask(source + "const f = (at) => values[at] ? values[at]() : 'alive'", *calls, "[99]")
        assert replies == [*(f'"unencodable":"{name}"' for _, name in REFUSED), value('"alive"')]

    def test_a_key_named_proto_pollutes_nothing(self) -> None:
        checks = "x.__proto__.y, x.y, ({}).y, Object.getPrototypeOf(x) === Object.prototype"
        source = f"function f(x) {{ return [Object.keys(x), {checks}] }}"
        [reply] = ask(source, '[{"d":[["__proto__",{"d":[["y",1]]}]]}]')
        expected = f'[["__proto__"],1,{UNDEFINED},{UNDEFINED},true]'
        assert reply == value(expected)

    def test_large_arrays(self) -> None:
        wire = "[" + ",".join(map(str, range(200_000))) + "]"
        [reply] = ask("const f = (x) => { x.reverse(); return x.length }", f"[{wire}]")
        assert reply == value("200000", "[[" + ",".join(map(str, range(199_999, -1, -1))) + "]]")

    def test_a_complex_number_is_refused(self) -> None:
        assert ask("const f = 1", '[{"c":[1.0,2.0]}]') == ['"unencodable":"complex"']


class TestLoading:
    @pytest.mark.parametrize(
        "source",
        [
            "function f(x) { return x + 1 }",
            "const f = (x) => x + 1",
            "let f; f = (x) => x + 1; // no end of line",
            "f = function (x) { return x + 1 }",
            "'use strict'\nconst f = (x) => x + (this === module.exports)",
            "#!/usr/bin/env node\nvar f = (x) => x + 1",
            "module.exports = { f: (x) => x + 1 }",
            "module.exports = { one: 1, f(x) { return x + this.one } }",
            "module.exports = function (x) { return x + 1 }",
            "exports.f = (x) => x + 1; return",
            "const g = (x) => x + 1; exports.f = g; function h() {}",
            "const assert = require('assert'); function f(x) { assert(x); return x + 1 }",
            "const { ok } = require('node:assert'); const f = (x) => { ok(x); return x + 1 }",
            "async function f(x) { return x + 1 }",
            "const f = (x) => new Promise((done) => setTimeout(done, 5, x + 1))",
            "const f = async (x) => (await import('node:assert')).default(x) ?? x + 1",
            "let one; Promise.resolve(1).then((x) => { one = x }); const f = (x) => x + one",
            "if (require.main === module) process.exit(); const f = (x) => x + 1",
            "export function f(x) { return x + 1 }",
            "export const f = (x) => x + 1;",
            "export default function (x) { return x + 1 }",
            "export default (x) => x + 1 // no end of line",
            "const f = (x) => x + 1; export { f }",
            "const g = (x) => x + 1; export { g as f }",
            "import assert from 'node:assert';\nfunction f(x) { assert(x); return x + 1 }",
            "import { ok } from 'assert';\nconst f = (x) => { ok(x); return x + 1 }",
            "const one = await Promise.resolve(1); const f = (x) => x + one",
            "const f = (x) => x + import.meta.url.length ** 0",
        ],
    )
    def test_forms_of_programs(self, source: str) -> None:
        is_later = "async " in source or "new Promise" in source
        assert ask(source, "[1]") == [value("2") + LATER * is_later]

    def test_a_class_is_a_name_too(self) -> None:
        source = "class Stack { static of(...items) { return items } static size = () => this.of(1).length }"
        assert ask(source, "Stack.of [1,2]", "Stack.size []", "Stack []", "Stack.push []") == [
            value("[1,2]"),
            value("1"),
            raised("TypeError", "Error", "Class constructor Stack cannot be invoked without 'new'"),
            raised("TypeError", "Error", "Stack.push is not a function"),
        ]

    def test_an_export_is_meant_before_a_global(self) -> None:
        assert ask("exports.escape = () => 'mine'", "escape []") == [value('"mine"')]

    @pytest.mark.parametrize(
        "source", ["function f( {", "while (true)", "f = `", "}", "const a = 1; const a = 2", "/*"]
    )
    def test_syntax_errors(self, source: str) -> None:
        assert loading(source).startswith('{"raised":"SyntaxError","bases":["Error"],"message":"')

    @pytest.mark.parametrize("source", ["export function f( {", "import { nothing } from 'fs'", "export }"])
    def test_syntax_errors_of_modules(self, source: str) -> None:
        assert loading(source).startswith('{"raised":"SyntaxError","bases":["Error"],"message":"')

    @pytest.mark.parametrize(
        "source",
        [
            "const _ = require('lodash')",
            "require('./other')",
            "require('node:nothing')",
            "import _ from 'lodash'",
            "import './other.js'",
            "import 'node:nothing'",
            "await import('lodash')",
        ],
    )
    def test_a_module_that_is_not_there(self, source: str) -> None:
        assert loading(source).startswith('{"raised":"ModuleNotFoundError","bases":[')

    def test_an_exception_while_loading_ends_the_process(self) -> None:
        with child("throw new RangeError('no')") as inside:
            assert inside.receive() == "{" + raised("RangeError", "Error", "no") + "}"
            assert inside.receive() == ""
            assert inside.finish()[0] == 1

    def test_ready_comes_before_the_program(self) -> None:
        with child("process.kill(process.pid, 'SIGKILL')") as inside:
            assert inside.receive() == ""

    def test_the_program_does_not_see_our_arguments(self) -> None:
        assert ask("const f = () => process.argv.slice(1)", "[]") == [value('["/tmp/main.js"]')]


THROWN = [
    ("throw new TypeError('no')", raised("TypeError", "Error", "no")),
    ("null.x", raised("TypeError", "Error", "Cannot read properties of null (reading 'x')")),
    ("class E extends RangeError {}; throw new E('no')", raised("E", "RangeError Error", "no")),
    ("throw Object.assign(new Error('no'), { name: 'Own' })", raised("Error", "", "no")),
    ("throw new AggregateError([], 'no')", raised("AggregateError", "Error", "no")),
    ("require('assert').fail('no')", raised("AssertionError", "Error", "no")),
    ("require('fs').readFileSync({})", None),
    ("throw new Error('x'.repeat(300))", raised("Error", "", "x" * 200)),
    ("throw 'text'", raised("Error", "", "text")),
    ("throw Symbol('s')", raised("Error", "", "Symbol(s)")),
    ("throw undefined", raised("Error", "", "undefined")),
    ("throw null", raised("Error", "", "null")),
    ("throw { message: 'm', toString: () => 'own' }", raised("Error", "", "own")),
    ("throw Object.create(null)", raised("Error", "", "")),
    ("throw { toString() { throw 1 } }", raised("Error", "", "")),
    ("throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 1 } })", raised("Error", "", "")),
    ("const e = new Error(); e.constructor = { name: 'a b-é' }; throw e", raised("ab", "Error", "")),
    ("const e = new Error(); e.constructor = 7; e.name = 'Own'; throw e", raised("Own", "Error", "")),
    ("const e = new Error(); e.constructor = 7; e.name = '9'; throw e", raised("Error", "", "")),
    ("const e = new Error('m'); Object.defineProperty(e, 'message', { get() { throw 1 } }); throw e", None),
    ("const g = () => g(); g()", raised("RangeError", "Error", "Maximum call stack size exceeded")),
    ("return Promise.reject(new TypeError('late'))", raised("TypeError", "Error", "late") + LATER),
    ("return (async () => { throw 'late' })()", raised("Error", "", "late") + LATER),
    ("return (async () => { await null; JSON.parse('{') })()", None),
]


class TestCalls:
    def test_arguments_that_were_changed_come_back(self) -> None:
        source = """
            function f(x) {
              if (Array.isArray(x)) x.push(9);
              else if (x instanceof Set) x.add(9);
              else if (x instanceof Map) x.set("k", 9);
              else if (x instanceof Uint8Array) x[0] = 9;
              else x.k = 9;
            }
        """
        assert ask(source, "[[1],2]", '[{"s":[1]}]', '[{"d":[[1,2]]}]', '[{"d":[["a",1]]}]', '[{"b":"00"}]') == [
            value(UNDEFINED, "[[1,9],2]"),
            value(UNDEFINED, '[{"s":[1,9]}]'),
            value(UNDEFINED, '[{"m":[[1,2],["k",9]]}]'),
            value(UNDEFINED, '[{"d":[["a",1],["k",9]]}]'),
            value(UNDEFINED, '[{"b":"09"}]'),
        ]

    def test_arguments_that_were_not_changed_stay_away(self) -> None:
        source = """
            function f(x, y) {
              if (Array.isArray(x)) { x.push(9); x.pop(); x = [7] }
              y = x;
              return 1;
            }
        """
        calls = ["[]", "[1]", "[[1],2]", '[{"s":[1]}]', '[{"m":[[1,2]]}]', '[{"d":[["a",{"t":[1]}]]}]', '[{"b":"00"}]']
        assert ask(source, *calls) == [value("1")] * len(calls)

    def test_a_change_deep_inside_is_a_change(self) -> None:
        source = "const f = (x, y) => { x[0].a.push(y); return y }"
        assert ask(source, '[[{"d":[["a",[]]]}],3]') == [value("3", '[[{"d":[["a",[3]]]}],3]')]

    def test_a_change_is_seen_after_the_promise(self) -> None:
        source = "const f = async (x) => { await null; x.reverse() }"
        assert ask(source, "[[1,2]]", "[[1]]") == [value(UNDEFINED, "[[2,1]]") + LATER, value(UNDEFINED) + LATER]

    def test_what_came_with_a_promise_says_so(self) -> None:
        source = """
            const acts = [
              async () => 1,
              async () => { throw new RangeError("no") },
              async () => new Date(0),
              async (x) => void x.push(acts),
              () => new (class Late extends Promise {})((done) => setTimeout(done, 1, 1)),
              () => ({ then: 1 }),
              () => 1,
            ];
            const f = (at, x) => acts[at](x);
        """
        assert ask(source, "[0]", "[1]", "[2]", "[3,[]]", "[4]", "[5]", "[6]") == [
            value("1") + LATER,
            raised("RangeError", "Error", "no") + LATER,
            '"unencodable":"Date"' + LATER,
            '"unencodable":"function"' + LATER,
            value("1") + LATER,
            value('{"d":[["then",1]]}'),
            value("1"),
        ]

    def test_an_argument_that_became_more_than_plain_data(self) -> None:
        assert ask("const f = (x) => { x.push(f); return 1 }", "[[]]") == ['"unencodable":"function"']

    def test_an_argument_that_could_not_go_back(self) -> None:
        source = "const f = () => 1"
        keys = "collection with objects for keys"
        assert ask(source, '[{"d":[[{"t":[1]},2]]}]', '[{"s":[{"t":[1]}]}]', "[1]") == [
            f'"unencodable":"{keys}"',
            f'"unencodable":"{keys}"',
            value("1"),
        ]

    def test_named_arguments_are_a_last_object(self) -> None:
        with child("const f = (...all) => all") as inside:
            assert inside.receive() == LOADED
            kwargs = '{"d":[["b",{"t":[2]}],["a",1]]}'
            inside.send(f'{{"id":"\\u00e9","call":"f","args":[[1]],"kwargs":{kwargs}}}')
            assert inside.receive() == '{"id":"\\u00e9",' + value('[[1],{"d":[["b",[2]],["a",1]]}]') + "}"

    @pytest.mark.parametrize(
        ("change", "args", "options"),
        [
            ("options.b.push(3)", "[[1]]", '["b",[2,3]],["a",1]'),
            ("options.c = 3", "[[1]]", '["b",[2]],["a",1],["c",3]'),
            ("delete options.b", "[[1]]", '["a",1]'),
            ("x.pop()", "[[]]", '["b",[2]],["a",1]'),
        ],
    )
    def test_changed_options_come_back(self, change: str, args: str, options: str) -> None:
        with child(f"function f(x, options) {{ {change} }}") as inside:
            assert inside.receive() == LOADED
            inside.send('{"id":"1","call":"f","args":[[1]],"kwargs":{"d":[["b",[2]],["a",1]]}}')
            assert inside.receive() == '{"id":"1",' + value(UNDEFINED, args, options) + "}"

    def test_output_is_handed_over_before_the_reply(self) -> None:
        with child("const f = () => { console.log('x'.repeat(300000)); console.error('y'); return 1 }") as inside:
            assert inside.receive() == LOADED
            inside.send('{"id":"1","call":"f","args":[],"kwargs":{"d":[]}}')
            assert inside.finish() == (0, "x" * 300000 + "\n", "y\n")
            assert inside.receive() == '{"id":"1",' + value("1") + "}"

    def test_what_is_thrown_is_named(self) -> None:
        source = "const acts = [" + ",\n".join(f"() => {{ {text} }}" for text, _ in THROWN) + "];"
        calls = [f"[{at}]" for at in range(len(THROWN))]
        replies = ask(source + "const f = (at) => acts[at] ? acts[at]() : 'alive'", *calls, "[99]", "g []")
        assert replies[-2:] == [value('"alive"'), raised("ReferenceError", "Error", "g is not defined")]
        for reply, (text, expected) in zip(replies, THROWN, strict=False):
            assert reply.startswith('"raised":') if expected is None else reply == expected, text

    def test_a_program_that_breaks_the_builtins_breaks_only_itself(self) -> None:
        source = """
            const broken = () => { throw new Error("broken") };
            const kinds = [Array, String, Map, Set, RegExp, Number, BigInt, Function, Uint8Array, Promise, Buffer];
            const holders = [JSON, Reflect, Object, Array, Number, Buffer, require("fs"), require("util").types];
            holders.push(...kinds.map((kind) => kind.prototype));
            const members = holders.flatMap((holder) => Object.keys(Object.getOwnPropertyDescriptors(holder))
              .filter((name) => !["constructor", "prototype"].includes(name)).map((name) => ({ holder, name })));
            members.push({ holder: process, name: "exit" }, { holder: Object.prototype, name: "toJSON" });
            for (const name of ["String", "Map", "Set", "BigInt", "Uint8Array", "Object", "Promise"]) {
              members.push({ holder: globalThis, name });
            }
            for (let at = 0, all = members.length; at < all; at++) {
              try { members[at].holder[members[at].name] = broken } catch {}
            }
            function f(x) { return [x, { a: 1 }, "\\u00e9", -1n, 9007199254740993n, 0.5] }
        """
        arg = '{"d":[["k",[9007199254740993,{"s":[1]},{"d":[[1,2]]},{"b":"ff"}]]]}'
        back = '{"d":[["k",[{"i":"0x20000000000001"},{"s":[1]},{"m":[[1,2]]},{"b":"ff"}]]]}'
        rest = '{"d":[["a",1]]},"\\u00e9",{"i":"-0x1"},{"i":"0x20000000000001"},0.5'
        missing = raised("ReferenceError", "Error", "g is not defined")
        assert ask(source, f"[{arg}]", "g []", "[1]") == [
            value(f"[{back},{rest}]"),
            missing,
            value(f"[1,{rest}]"),
        ]

    def test_a_promise_that_never_settles_ends_the_process(self) -> None:
        with child("const f = () => new Promise(() => {})") as inside:
            assert inside.receive() == LOADED
            inside.send('{"id":"1","call":"f","args":[],"kwargs":{"d":[]}}')
            assert inside.receive() == ""

    def test_the_end_of_the_requests_is_the_end(self) -> None:
        with child("setInterval(() => {}, 1000)") as inside:
            assert inside.receive() == LOADED
            assert inside.finish() == (0, "", "")


class TestScripts:
    @pytest.mark.parametrize(
        "source",
        [
            "console.log(require('fs').readFileSync(0, 'utf8').trim().split('\\n').length)",
            "console.log(require('fs').readFileSync('/dev/stdin').toString().trim().split('\\n').length)",
            "import { readFileSync as f } from 'fs'; console.log(f('/dev/stdin', 'utf8').trim().split('\\n').length)",
            """
            let lines = 0;
            const reader = require("readline").createInterface({ input: process.stdin });
            reader.on("line", () => lines++).on("close", () => console.log(lines));
            """,
            """
            let text = "";
            process.stdin.on("data", (part) => (text += part));
            process.stdin.on("end", () => console.log(text.trim().split("\\n").length));
            """,
            """
            import * as readline from "node:readline";
            let lines = 0;
            for await (const line of readline.createInterface({ input: process.stdin })) lines++;
            console.log(lines);
            """,
            "if (require.main === module) console.log(3)",
            "setTimeout(() => process.stdout.write('3\\n'), 5)",
        ],
    )
    def test_standard_streams(self, source: str) -> None:
        assert script(source, b"1\n2\n3\n") == ([LOADED], 0, "3\n", "")

    def test_exit_code(self) -> None:
        assert script("console.log(1); process.exitCode = 3") == ([LOADED], 3, "1\n", "")
        assert script("process.exit(4)") == ([LOADED], 4, "", "")

    def test_what_was_printed_before_the_exit_is_not_lost(self) -> None:
        assert script("console.log('x'.repeat(300000)); process.exit()") == ([LOADED], 0, "x" * 300000 + "\n", "")

    @pytest.mark.parametrize("source", ["", "import 'fs';", "await 1;"])
    def test_loaded_is_said_before_it_runs(self, source: str) -> None:
        with child(f"{source} process.kill(process.pid, 'SIGKILL')", "script") as inside:
            assert [inside.receive(), inside.receive()] == [LOADED, ""]

    @pytest.mark.parametrize(
        "source",
        [
            "throw new RangeError('no')",
            "setTimeout(() => { throw new RangeError('no') }, 1)",
            "Promise.reject(new RangeError('no'))",
            "import 'fs'; throw new RangeError('no')",
            "await 1; process.nextTick(() => { throw new RangeError('no') }); export {}",
        ],
    )
    def test_an_uncaught_exception_is_reported(self, source: str) -> None:
        messages, code, out, err = script(f"console.log(1); {source}")
        assert (messages, code, out) == ([LOADED, "{" + raised("RangeError", "Error", "no") + "}"], 1, "1\n")
        assert err.startswith("RangeError: no\n    at ")
        assert "base64" not in err

    def test_an_exception_that_the_program_catches_itself(self) -> None:
        source = (
            "process.on('uncaughtException', (e) => console.log(e.message)); setTimeout(() => { throw Error('x') })"
        )
        assert script(source) == ([LOADED], 0, "x\n", "")

    @pytest.mark.parametrize(
        "source",
        [
            "const = 1",
            "import 'fs'; const = 1",
            "export function f( {",
            "import { nothing } from 'fs'",
            "function f() { await 1 }",
        ],
    )
    def test_a_script_with_a_syntax_error_was_never_loaded(self, source: str) -> None:
        [message], code, out, err = script(f"console.log(1); {source}")
        assert message.startswith('{"raised":"SyntaxError","bases":["Error"],"message":"')
        assert (code, out) == (1, "") and "SyntaxError" in err

    def test_a_syntax_error_while_running_is_like_any_other(self) -> None:
        messages, code, _, _ = script("eval('const = 1')")
        assert messages[0] == LOADED and messages[1].startswith('{"raised":"SyntaxError"') and code == 1

    def test_odd_values(self) -> None:
        messages, code, _, _ = script("throw { toString() { throw 1 } }")
        assert (messages, code) == ([LOADED, "{" + raised("Error", "", "") + "}"], 1)


# an expression is given to the program, which gives it back; the tests compare the two
VALUES = [
    "[0, -0, 1.5, NaN, Infinity, -Infinity, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 2 ** 60, 1e20, 1e21, 5e-324]",
    "[0n, 5n, -5n, 2n ** 53n, 10n ** 18n - 1n, -(10n ** 30n)]",
    "[undefined, null, true, false]",
    "['', '\\ud800', '\\udc00x', '\\u{1f600}', '\\x00\\x7f\\u2028', '__proto__', '1234567890123456789']",
    "[[], [[1, [2]]], {}, { a: { b: [] } }]",
    "{ 2: 1, 1: 2, b: 3, a: undefined }",
    'JSON.parse(\'{"__proto__": {"x": 1}, "constructor": 2}\')',
    "new Map([[1, 'a'], ['1', [2]], [null, new Map([[2, 3]])], [undefined, 4], [NaN, -0], [5n, 6n]])",
    "new Set([1, '1', 1n, null, undefined, NaN])",
    "new Uint8Array([0, 1, 255])",
    "new Uint8Array(0)",
    "Array.from({ length: 200000 }, (_, at) => at)",
]


class TestTogether:
    @pytest.mark.parametrize("text", VALUES)
    def test_values_cross_both_ways(self, text: str) -> None:
        tests = f"const assert = require('assert'); const x = {text}; assert.deepStrictEqual(f(x), x);"
        assert together("const f = (x) => x", tests) == report("passed", "", "", 1, 1)

    def test_a_program_that_works_in_place_and_one_that_is_wrong(self) -> None:
        tests = "const x = [3, 1, 2]; f(x); console.assert(x.join() === '1,2,3')"
        assert together("function f(x) { x.sort() }", tests) == report("passed", "", "", 1, 1)
        failed = report("failed", "AssertionError", "assertion 1 is falsy", 1, 0)
        assert together("function f(x) { return [...x].sort() }", tests) == failed

    def test_bytes_are_changed_in_place(self) -> None:
        tests = "const x = new Uint8Array([3, 1, 2]), all = [x]; f(all); console.assert(x.join() === '1,2,3')"
        assert together("function f([x]) { x.sort() }", tests) == report("passed", "", "", 1, 1)
        tests = "const x = new Uint8Array([3, 1, 2]); f(x); console.assert(x.join() === '1,2,3')"
        assert together("function f(x) { x.sort() }", tests) == report("passed", "", "", 1, 1)

    def test_asynchronous_programs(self) -> None:
        tests = "(async () => { console.assert(await f(1) === 2) })()"
        assert together("const f = async (x) => x + 1", tests) == report("passed", "", "", 1, 1)
        assert together("const f = (x) => x + 1", tests) == report("passed", "", "", 1, 1)
        tests = "f(1).then((x) => console.assert(x === 2))"
        assert together("const f = async (x) => x + 1", tests) == report("passed", "", "", 1, 1)
        missing = report("raised", "TypeError", "f(...).then is not a function", 1, 0)
        assert together("const f = (x) => x + 1", tests) == missing

    @pytest.mark.parametrize("call", ["f(1)", "() => f(1)", "async () => f(1)"])
    def test_asynchronous_programs_that_reject(self, call: str) -> None:
        tests = f"const assert = require('assert'); await assert.rejects({call}, RangeError)"
        source = "async function f(x) { await null; throw new RangeError('no') }"
        assert together(source, tests) == report("passed", "", "", 1, 1)
        said = together("async function f(x) { return x }", tests)
        assert said.startswith('"outcome":"failed","name":"AssertionError","message":"Missing expected rejection')
