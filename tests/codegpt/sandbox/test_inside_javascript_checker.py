"""What `checker.js` says of tests, here without a jail: the exact lines that it writes when the program answers so."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import codegpt

NODE = shutil.which("node")
CHECKER = Path(codegpt.__file__).parent / "sandbox" / "inside" / "checker.js"
LONGEST_S = 60.0
UNDEFINED = '{"u":0}'

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


def check(tests: str, *answers: str, setup: str = "", names: str = "f") -> list[str]:
    """The calls, and the report without its braces."""
    entry, *_ = names.split()
    request = {"limits": {}, "setup": setup, "source": tests, "entry": entry, "names": names.split()}
    requests, to_requests = os.pipe()
    from_replies, replies = os.pipe()
    process = subprocess.Popen(
        [NODE or "node", str(CHECKER), str(requests), str(replies)], pass_fds=(requests, replies)
    )
    os.close(requests)
    os.close(replies)
    with os.fdopen(to_requests, "w", encoding="ascii") as file:  # all at once: a pipe holds them
        file.write("".join(line + "\n" for line in (json.dumps(request), *answers)))
    try:
        assert process.wait(LONGEST_S) == 0
    finally:
        process.kill()
        with os.fdopen(from_replies, encoding="ascii", newline="\n") as file:
            said = file.read().splitlines()
    assert said[0] == '{"ready":true}'
    assert [line.startswith('{"done":{') for line in said[1:]] == [False] * (len(said) - 2) + [True]
    return [*said[1:-1], said[-1].removeprefix('{"done":{').removesuffix("}}")]


def later(answer: str) -> str:
    """The same answer of a program that returned a promise."""
    return f'{answer.removesuffix("}")},"async":true}}'


def value(text: str, args: str = "", out: str = "", err: str = "") -> str:
    given = f'[{args},{{"d":[]}}]' if args else "null"
    return f'{{"value":{text},"given":{given},"printed":{json.dumps([out, err])}}}'


def raised(name: str, bases: str, message: str, out: str = "", err: str = "") -> str:
    members = {"raised": name, "bases": bases.split(), "message": message, "args": None}
    return json.dumps({**members, "printed": [out, err]})


def report(outcome: str, name: str, message: str, calls: int, assertions: int) -> str:
    members = {"outcome": outcome, "name": name, "message": message, "calls": calls, "assertions": assertions}
    return json.dumps(members, separators=(",", ":"))[1:-1]


# tests without an answer from the program, and their report: outcome, name, message, assertions
ALONE = [
    ("", "failed", "", "no assertion ran", 0),
    ("console.log('ok')", "failed", "", "no assertion ran", 0),
    ("console.assert(true); console.assert(0, 'n is %d', 5)", "failed", "AssertionError", "n is 5", 1),
    ("try { console.assert(0, 'no') } catch {} console.assert(1)", "failed", "AssertionError", "no", 1),
    ("require('assert')(0)", "failed", "AssertionError", "assertion 1 is falsy", 0),
    ("require('assert').equal(1, 2, 'no')", "failed", "AssertionError", "no", 0),
    ("require('assert').throws(() => {}, 'no')", "failed", "AssertionError", "Missing expected exception: no", 0),
    ("require('assert').throws(() => { throw new TypeError() }, TypeError)", "passed", "", "", 1),
    ("try { require('assert').fail('no') } catch {}", "failed", "AssertionError", "no", 0),
    ("console.assert(1); null.x", "raised", "TypeError", "Cannot read properties of null (reading 'x')", 1),
    ("console.assert(1); throw 'text'", "raised", "Error", "text", 1),
    ("console.assert(1", "raised", "SyntaxError", "missing ) after argument list", 0),
    ("console.assert(1); (async () => { await 1; console.assert(1) })()", "passed", "", "", 2),
    ("(async () => { await 1; console.assert(0, 'no') })()", "failed", "AssertionError", "no", 0),
    (
        "(async () => { await 1; console.assert(0, 'no') })(); console.assert(1)",
        "failed",
        "AssertionError",
        "no",
        1,
    ),
    ("console.assert(1); await 1; console.assert(1)", "passed", "", "", 2),
    ("console.assert(await 1, [await 1], { a: await 1 })", "passed", "", "", 1),
    ("await 1; console.assert(1", "raised", "SyntaxError", None, 0),
    ("console.assert(1); setTimeout(() => console.assert(0, 'no'), 5)", "failed", "AssertionError", "no", 1),
    ("console.assert(1); new Promise(() => {})", "failed", "", "the tests did not come to their end", 1),
    ("console.assert(1); process.exit(0)", "failed", "", "the tests did not come to their end", 1),
    ("require('assert').rejects(Promise.reject(Error('x')), /x/)", "passed", "", "", 1),
    ("require('assert').rejects(Promise.resolve(), 'no'); 1", "failed", "AssertionError", None, 0),
    ("console.assert(1); require('lodash')", "unavailable", "ModuleNotFoundError", None, 1),
    ("import assert from 'assert'", "unavailable", "", "tests that are an ES module are not supported", 0),
    ("console.assert(f.x === undefined)", "passed", "", "", 1),
    ("const { AssertionError } = require('assert'); console.assert(new AssertionError({}))", "passed", "", "", 1),
]


def test_calls_cross_and_assertions_count() -> None:
    tests = """
        const assert = require("node:assert");
        console.assert(f(1, "a") === 2, "with a message");
        assert(g([undefined]) === undefined);
        assert.ok(candidate());
        assert.strictEqual(1, 1);
        assert.deepStrictEqual(f(), [1, { a: new Set([2]) }]);
        assert.strict.equal(1, 1);
        require("assert/strict").deepEqual({}, {});
    """
    answers = [value(text) for text in ("2", UNDEFINED, "true", '[1,{"d":[["a",{"s":[2]}]]}]')]
    assert check(tests, *answers, names="f g") == [
        '{"call":"f","args":[1,"a"],"kwargs":{"d":[]}}',
        '{"call":"g","args":[[{"u":0}]],"kwargs":{"d":[]}}',
        '{"call":"f","args":[],"kwargs":{"d":[]}}',
        '{"call":"f","args":[],"kwargs":{"d":[]}}',
        report("passed", "", "", 4, 7),
    ]


def test_the_form_of_humaneval_x() -> None:
    tests = "const testF = () => {\n  console.assert(f(1) === 2)\n  console.assert(f(2) === 3)\n}\n\ntestF()\n"
    calls = ['{"call":"f","args":[1],"kwargs":{"d":[]}}', '{"call":"f","args":[2],"kwargs":{"d":[]}}']
    two, three, four = (value(text) for text in "234")
    assert check(tests, two, three) == [*calls, report("passed", "", "", 2, 2)]
    failed = report("failed", "AssertionError", "assertion 2 is falsy", 2, 1)
    assert check(tests, two, four) == [*calls, failed]
    assert check(tests, four) == [calls[0], report("failed", "AssertionError", "assertion 1 is falsy", 1, 0)]


@pytest.mark.parametrize(("tests", "outcome", "name", "message", "assertions"), ALONE)
def test_outcomes(tests: str, outcome: str, name: str, message: str | None, assertions: int) -> None:
    [said] = check(tests)
    done = json.loads("{" + said + "}")
    expected = {"outcome": outcome, "name": name, "calls": 0, "assertions": assertions}
    assert done == {**expected, "message": done["message"] if message is None else message}


@pytest.mark.parametrize(
    ("tests", "outcome", "name", "assertions"),
    [
        ("assert.throws(() => f())", "passed", "", 1),
        ("assert.throws(() => f(), RangeError)", "passed", "", 1),
        ("assert.throws(() => f(), { name: 'Own', message: 'no' })", "passed", "", 1),
        ("assert.throws(() => f(), /no/)", "passed", "", 1),
        ("assert.throws(() => f(), TypeError)", "failed", "AssertionError", 0),
        ("assert.rejects(async () => f(), RangeError)", "passed", "", 1),
        ("assert(1); f()", "candidate raised", "Own", 1),
        ("(async () => { assert(1); await 1; f() })()", "candidate raised", "Own", 1),
        ("try { f() } catch (e) { assert(e instanceof RangeError) }", "passed", "", 1),
    ],
)
def test_what_the_program_throws(tests: str, outcome: str, name: str, assertions: int) -> None:
    _, said = check("const assert = require('assert');" + tests, raised("Own", "RangeError Error", "no"))
    message = json.loads("{" + said + "}")["message"]
    assert said == report(outcome, name, message, 1, assertions)
    assert message.endswith("no" if name else "")


@pytest.mark.parametrize(
    ("tests", "outcome", "name", "assertions"),
    [
        ("assert.rejects(f())", "passed", "", 1),
        ("assert.rejects(() => f())", "passed", "", 1),
        ("assert.rejects(async () => f())", "passed", "", 1),
        ("assert.rejects(f(), RangeError)", "passed", "", 1),
        ("assert.rejects(() => f(), { name: 'Own', message: 'no' })", "passed", "", 1),
        ("await assert.rejects(f(), /no/); assert(1)", "passed", "", 2),
        ("assert.rejects(f(), TypeError)", "failed", "AssertionError", 0),
        ("assert.rejects(() => f(), TypeError)", "failed", "AssertionError", 0),
        ("assert.doesNotReject(f())", "failed", "AssertionError", 0),
        ("f().then(() => assert(0), (e) => assert(e instanceof RangeError))", "passed", "", 1),
        ("f().catch((e) => assert.equal(e.message, 'no'))", "passed", "", 1),
        ("try { await f() } catch (e) { assert.equal(e.name, 'Own') }", "passed", "", 1),
        ("Promise.allSettled([f()]).then(([one]) => assert.equal(one.status, 'rejected'))", "passed", "", 1),
        ("assert(1); await f()", "candidate raised", "Own", 1),
        ("assert(1); f()", "candidate raised", "Own", 1),
        ("assert(1); f().then(() => assert(1))", "candidate raised", "Own", 1),
        ("assert.throws(() => f())", "failed", "AssertionError", 0),
    ],
)
def test_what_the_program_rejects_with(tests: str, outcome: str, name: str, assertions: int) -> None:
    _, said = check("const assert = require('assert');" + tests, later(raised("Own", "RangeError Error", "no")))
    message = json.loads("{" + said + "}")["message"]
    assert said == report(outcome, name, message, 1, assertions)


@pytest.mark.parametrize(
    ("tests", "outcome", "assertions"),
    [
        ("assert.equal(await f(), 2)", "passed", 1),
        ("(async () => { assert.equal(await f(), 2) })()", "passed", 1),
        ("f().then((x) => assert.equal(x, 2))", "passed", 1),
        ("Promise.all([f(), 3]).then((all) => assert.deepEqual(all, [2, 3]))", "passed", 1),
        ("assert(f() instanceof Promise)", "passed", 1),
        ("assert.doesNotReject(f())", "passed", 1),
        ("assert.equal(f(), 2)", "failed", 0),
        ("await assert.rejects(f())", "failed", 0),
    ],
)
def test_a_promise_of_the_program_is_one_here(tests: str, outcome: str, assertions: int) -> None:
    _, said = check("const assert = require('assert');" + tests, later(value("2")))
    message = json.loads("{" + said + "}")["message"]
    assert said == report(outcome, "AssertionError" if outcome == "failed" else "", message, 1, assertions)


def test_arguments_and_output_of_a_promise_come_before_it(capfd: pytest.CaptureFixture[str]) -> None:
    tests = "const x = [1, 2], late = f(x); console.log(x.join()); console.assert((await late) === 3)"
    assert check(tests, later(value("3", "[[2,1]]", "o\n", "e\n")))[1] == report("passed", "", "", 1, 1)
    assert capfd.readouterr() == ("o\n2,1\n", "e\n")


def test_a_promise_and_frozen_arguments() -> None:
    tests = "const x = Object.freeze([1]); require('assert').rejects(f(x), TypeError)"
    assert check(tests, later(value("2", "[[1,2]]")))[1] == report("passed", "", "", 1, 1)


@pytest.mark.parametrize("name", ["TypeError", "AssertionError", "AggregateError", "SyntaxError", "Error", "Other"])
def test_builtin_classes_of_exceptions(name: str) -> None:
    _, said = check("console.assert(1); f()", raised(name, "Error", "no"))
    assert said == report("candidate raised", name, "no", 1, 1)


def test_what_cannot_cross_is_no_verdict() -> None:
    tests = "try { f() } catch {} console.assert(1)"
    message = "f returned a Date, which cannot cross to the tests"
    assert check(tests, '{"unencodable":"Date","printed":["",""]}')[1] == report("unavailable", "", message, 1, 1)
    for tests in (
        "console.assert(1); f().catch(() => {})",
        "console.assert(1); try { await f() } catch {}",
        "require('assert').rejects(f())",
        "console.assert(1); f()",
    ):
        said = check(tests, later('{"unencodable":"Date","printed":["",""]}'))[1]
        assert said == report("unavailable", "", message, 1, 1), tests
    tests = "console.assert(1); f([() => 1])"
    message = "f was given a function, which cannot cross to the program"
    assert check(tests) == [report("unavailable", "", message, 0, 1)]


def test_arguments_are_changed_in_place() -> None:
    tests = """
        const assert = require("assert");
        const row = [1, 2], grid = [row, [3]], same = grid[1];
        f(grid, { list: row });
        assert.deepStrictEqual(grid, [[2, 1], [3], [4]]);
        assert(grid[0] === row && grid[1] === same);
        const object = { a: 1, b: row };
        f(object);
        assert.deepStrictEqual(object, { b: [], c: 1, ["__proto__"]: 2 });
        assert(object.b === row && !("x" in {}));
        const map = new Map([[1, row]]), set = new Set([1]);
        f(map, set);
        assert.deepStrictEqual([map, set], [new Map([[1, [7]], [2, 8]]), new Set([3])]);
        assert(map.get(1) === row);
    """
    answers = [
        value("null", '[[[2,1],[3],[4]],{"d":[["list",[2,1]]]}]'),
        value("null", '[{"d":[["b",[]],["c",1],["__proto__",2]]}]'),
        value("null", '[{"d":[[1,[7]],[2,8]]},{"s":[3]}]'),
    ]
    assert check(tests, *answers)[-1] == report("passed", "", "", 3, 6)


def test_frozen_arguments() -> None:
    tests = "const x = Object.freeze([1]); console.assert(f(x) === 2)"
    assert check(tests, value("2", "[[1]]"))[1] == report("passed", "", "", 1, 1)
    done = json.loads("{" + check(tests, value("2", "[[1,2]]"))[1] + "}")
    assert (done["outcome"], done["name"]) == ("candidate raised", "TypeError")


def test_bytes_are_changed_in_place() -> None:
    tests = """
        const assert = require("assert");
        const bytes = new Uint8Array([1, 2]), object = { bytes };
        f(bytes);
        f(object);
        assert.deepStrictEqual(bytes, new Uint8Array([5, 6]));
        assert(object.bytes === bytes);
    """
    answers = [value("null", '[{"b":"0304"}]'), value("null", '[{"d":[["bytes",{"b":"0506"}]]}]')]
    assert check(tests, *answers)[-1] == report("passed", "", "", 2, 2)


def test_what_the_program_prints_appears(capfd: pytest.CaptureFixture[str]) -> None:
    tests = "console.log('a'); f(); console.log('c'); try { f() } catch {} try { f() } catch {} console.assert(true)"
    unencodable = '{"unencodable":"Date","printed":["f\\n","g\\n"]}'
    answers = [value("1", "", "b\u00e9\n", "x\n"), raised("Error", "", "no", "d\n", "y\n"), unencodable]
    check(tests, *answers)
    assert capfd.readouterr() == ("a\nb\u00e9\nc\nd\nf\n", "x\ny\ng\n")


def test_tests_can_watch_what_the_program_prints(capfd: pytest.CaptureFixture[str]) -> None:
    tests = """
        const said = [];
        process.stdout.write = (text) => said.push(text);
        process.stderr.write = (text) => said.push(text);
        f(), f(), f();
        require("assert").deepStrictEqual(said, ["out", "err", "more"]);
    """
    answers = [value("1", "", "out", "err"), value("1"), value("1", "", "more")]
    assert check(tests, *answers)[-1] == report("passed", "", "", 3, 1)
    assert capfd.readouterr() == ("", "")


def test_setup() -> None:
    setup = "const assert = require('assert'); const two = 2; const f = () => 'mine'; const g = (x) => candidate(x)"
    tests = "const assert = require('assert'); assert(f(1) === two); assert(g(1) === two)"
    answer = value("2")
    call = '{"call":"f","args":[1],"kwargs":{"d":[]}}'
    assert check(tests, answer, answer, setup=setup) == [call, call, report("passed", "", "", 2, 2)]


def test_the_program_is_gone() -> None:
    call = '{"call":"f","args":[],"kwargs":{"d":[]}}'
    assert check("f()") == [call, report("unavailable", "", "the program is gone", 1, 0)]
