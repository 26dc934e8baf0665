"use strict";
// Runs trusted JavaScript tests in a jail of their own, where functions stand for those of the program in the other.
//
// A pass needs positive evidence: the tests came to their end, at least one assertion ran, and none ever failed, not
// even one whose exception the tests caught. Counted are `console.assert`, which throws here, and node's `assert`.
//
// Not covered: tests that are an ES module. A call waits for its answer even if a promise comes of it, what a function
// of the program returns is a copy, and what it throws arrives as an error even if it was none.

const assert = require("node:assert");
const { isBuiltin } = require("node:module");
const { format, types } = require("node:util");
const vm = require("node:vm");
const { merge } = require("./merge.js");
const { ERRORS, describe, openLines, parse } = require("./messages.js");
const { NotPlainData, decode, encode, quote } = require("./values.js");

const TESTS = "__jail_tests__";
const state = { calls: 0, assertions: 0, finished: false, end: null };
const fromProgram = new WeakSet(); // exceptions

/** The first thing that goes wrong decides, even if the tests catch it. */
function stop(outcome, name, message) {
  state.end ??= { outcome, name, message };
}

/** What a thrown value says of the tests. */
function record(thrown) {
  const { name, message } = describe(thrown);
  if (fromProgram.has(thrown)) stop("candidate raised", thrown.name, message);
  else if (thrown instanceof assert.AssertionError) stop("failed", name, message);
  else stop(name === "ModuleNotFoundError" ? "unavailable" : "raised", name, message);
}

function unavailable(message) {
  stop("unavailable", "", message);
  return new Error(message);
}

/** A function that stands for one of the program's: it waits for the answer, and returns a promise if that one did. */
function standIn(lines, name) {
  return (...args) => {
    const values = encodeArguments(name, args);
    state.calls += 1;
    lines.send(`{"call":${quote(name)},"args":${values},"kwargs":{"d":[]}}`);
    const line = lines.receive();
    if (line === null) throw unavailable("the program is gone");
    const answer = parse(line);
    print(answer.printed);
    return answer.async ? (async () => result(name, args, answer))() : result(name, args, answer);
  };
}

/** What a call comes to, once its arguments are as the program left them. */
function result(name, args, answer) {
  if ("unencodable" in answer) {
    throw unavailable(`${name} returned a ${answer.unencodable}, which cannot cross to the tests`);
  }
  if ("raised" in answer) throw raised(answer);
  if (answer.given !== null) copyBack(args, decode(answer.given[0]));
  return decode(answer.value);
}

/** What the program printed during a call appears where the tests' own output does: they may be watching for it. */
function print([stdout, stderr]) {
  if (stdout !== "") process.stdout.write(stdout);
  if (stderr !== "") process.stderr.write(stderr);
}

function encodeArguments(name, args) {
  try {
    return encode(args);
  } catch (error) {
    if (!(error instanceof NotPlainData)) throw error;
    throw unavailable(`${name} was given a ${error.type}, which cannot cross to the program`);
  }
}

/** An exception of the program's: of the builtin class of its name, or of its nearest builtin ancestor. */
function raised({ raised: name, bases, message }) {
  const builtin = [name, ...bases].find((known) => known in ERRORS) ?? "Error";
  const special = { AssertionError: [{ message }], AggregateError: [[], message] };
  const error = new ERRORS[builtin](...(special[builtin] ?? [message]));
  if (builtin !== name) Object.defineProperty(error, "name", { value: name, writable: true, configurable: true });
  fromProgram.add(error);
  return error;
}

/** Make the arguments what the program left in its copies, in place: the tests may know them by other names. */
function copyBack(args, after) {
  const done = new Set();
  try {
    args.forEach((arg, at) => merge(arg, after[at], done));
  } catch (error) {
    fromProgram.add(error); // frozen: the program could change its copy, but not what the tests gave it
    throw error;
  }
}

/** An assertion that is counted once it has held, or its promise has; a failure is never forgotten. */
function counted(check) {
  const held = () => void (state.assertions += 1);
  return (...args) => {
    try {
      const result = check(...args);
      if (types.isPromise(result)) result.then(held, record);
      else held();
      return result;
    } catch (error) {
      record(error);
      throw error;
    }
  };
}

/** node's `assert`, or its strict form, with its functions counted. */
function countedAssert(original) {
  const all = (...args) => all.ok(...args);
  Object.assign(all, original);
  for (const [name, member] of Object.entries(original)) {
    if (typeof member === "function" && /^[a-z]/.test(name)) all[name] = counted(member);
  }
  // with a message: node would look for its own in the source of the caller, which is this file
  const named = (args) => (args.length === 1 ? [args[0], `assertion ${state.assertions + 1} is falsy`] : args);
  all.ok = counted((...args) => original.ok(...named(args)));
  return all;
}

/** `console.assert` only prints in node. */
function assertLoudly(condition, ...message) {
  if (condition) return;
  const said = message.length > 0 ? format(...message) : `assertion ${state.assertions + 1} is falsy`;
  throw new assert.AssertionError({ message: said, actual: condition, expected: true, operator: "==" });
}

const ASSERT = countedAssert(assert);
ASSERT.strict = countedAssert(assert.strict);
ASSERT.strict.strict = ASSERT.strict;

/** `require` as the tests get it. */
function requireFor(name) {
  const bare = name.replace(/^node:/, "");
  if (bare === "assert") return ASSERT;
  if (bare === "assert/strict") return ASSERT.strict;
  if (isBuiltin(name)) return require(name);
  throw Object.assign(new Error(`Cannot find module '${name}', which the tests need`), { code: "MODULE_NOT_FOUND" });
}

/** The tests in a form that `eval` takes. */
function evaluable(tests) {
  try {
    vm.compileFunction(tests);
  } catch (error) {
    if (/^(Cannot use '?import|Unexpected token 'export')/.test(error.message)) {
      throw unavailable("tests that are an ES module are not supported");
    }
    const waiting = `(async () => {\n${tests}\n})()`; // V8 has many words for an `await` that it does not expect
    if (compiles(waiting)) return waiting;
  }
  return tests; // what is wrong with them besides, `eval` says
}

function compiles(source) {
  try {
    vm.compileFunction(source);
    return true;
  } catch {
    return false;
  }
}

/** Run the setup and, where its names are seen, the tests; wait for the promise that they may end with. */
async function check({ setup, source, entry, names }) {
  const tests = evaluable(source);
  const standIns = [...new Set([entry, ...names, "candidate"])]; // named again: the setup may define the same names
  const module = { exports: {} };
  const parameters = ["exports", "require", "module", "__filename", "__dirname", TESTS];
  const body = `${setup}\n;return ((${standIns}) => eval(${TESTS}))(${standIns.map((name) => `globalThis.${name}`)});`;
  const run = vm.compileFunction(body, parameters, {
    filename: "tests.js",
    importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const last = run.call(module.exports, module.exports, requireFor, module, "/tmp/tests.js", "/tmp", tests);
  if (types.isPromise(last)) await last;
  state.finished = true; // whatever else they started is waited for until the process ends
}

/** Send the last message, whichever way the process ends. */
function report(lines) {
  if (!state.finished) stop("failed", "", "the tests did not come to their end");
  if (state.assertions === 0) stop("failed", "", "no assertion ran");
  const { outcome, name, message } = state.end ?? { outcome: "passed", name: "", message: "" };
  const said = `"outcome":${quote(outcome)},"name":${quote(name)},"message":${quote(message)}`;
  lines.send(`{"done":{${said},"calls":${state.calls},"assertions":${state.assertions}}}`);
}

function main() {
  const lines = openLines(Number(process.argv[2]), Number(process.argv[3]));
  const request = JSON.parse(lines.receive());
  const fail = (thrown) => {
    record(thrown);
    process.exit(0);
  };
  for (const name of [request.entry, ...request.names]) globalThis[name] = standIn(lines, name);
  globalThis.candidate ??= globalThis[request.entry];
  console.assert = counted(assertLoudly);
  process.on("exit", () => report(lines));
  process.on("uncaughtException", fail);
  lines.send('{"ready":true}');
  check(request).catch(fail);
}

main();
