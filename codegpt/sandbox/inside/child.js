"use strict";
// Runs one JavaScript program in the jail: loads the source and answers calls one at a time, or lets it be a script.
//
// The limits were set by whoever started node. Nothing here is trusted by the outside once the program was loaded. A
// call whose promise never settles ends the process, since nothing is left that it could wait for.

const fs = require("node:fs");
const { isBuiltin, syncBuiltinESMExports } = require("node:module");
const vm = require("node:vm");
const { TypeError, apply, exec, exit, hasOwn, keys, slice, split, writeSync } = require("./builtins.js");
const { isNativeError, isPromise } = require("./builtins.js");
const { encodeThrown, openLines, parse } = require("./messages.js");
const { NotPlainData, decode, encode, quote } = require("./values.js");

const FILE = "/tmp/main.js"; // what the program is told; there is no such file
const SEE = "__jail_see__"; // what the end of the source hands out: an eval that knows its top-level names
const EVAL = `(${SEE}) => eval(${SEE})`;
const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const MODULE_SYNTAX = /^(Cannot use '?import|Unexpected token 'export'|Unexpected reserved word|await is only valid)/;

/** `require` as the program gets it: node's own modules. */
function requireBuiltin(name) {
  if (isBuiltin(name)) return require(name);
  throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" });
}

/** Run the source as a CommonJS module, or as an ES module if it can only be one; `compiled` is called before it runs. */
function load(source, isMain, compiled) {
  const text = slice(source, 0, 2) === "#!" ? `//${source}` : source;
  const parameters = ["exports", "require", "module", "__filename", "__dirname", SEE];
  const settings = { filename: FILE, importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER };
  try {
    vm.compileFunction(text, parameters, settings); // first without our end, which could be the end that it lacks
  } catch (error) {
    if (exec(MODULE_SYNTAX, error.message) === null) throw error;
    return loadModule(text, compiled);
  }
  compiled();
  const run = vm.compileFunction(`${text}\n;${SEE}(${EVAL});`, parameters, settings);
  const module = { exports: {}, id: isMain ? "." : FILE, filename: FILE, loaded: false, children: [], paths: [] };
  const require = Object.assign((name) => requireBuiltin(name), { main: isMain ? module : undefined, cache: {} });
  let see = null;
  apply(run, module.exports, [module.exports, require, module, FILE, "/tmp", (given) => void (see ??= given)]);
  return { see, exports: module.exports, fallback: module.exports };
}

/** A module made of text has no place, so it imports node's own modules only. What it imports last calls `compiled`. */
async function loadModule(text, compiled) {
  globalThis[SEE] = () => void (delete globalThis[SEE], compiled());
  const whole = Buffer.from(`${text}\n;import "data:text/javascript,${SEE}()"; export const ${SEE} = ${EVAL};`);
  const url = `data:text/javascript;base64,${whole.toString("base64")}`;
  try {
    const exports = await import(url);
    return { see: exports[SEE], exports, fallback: exports.default };
  } catch (thrown) {
    if (isNativeError(thrown) && thrown.message.includes?.(url)) thrown.message = thrown.message.replaceAll(url, FILE);
    throw thrown;
  }
}

/** The function of a name, which may be dotted, and what it is called on: an export, or a name of the top level. */
function find({ see, exports, fallback }, name) {
  const parts = split(name, ".");
  let owner, value;
  if (exports !== null && exports !== undefined && hasOwn(exports, parts[0])) {
    owner = exports;
    value = exports[parts[0]];
  } else {
    value = topLevel(see, parts[0], fallback);
  }
  for (let at = 1; at < parts.length; at++) {
    owner = value;
    value = value[parts[at]];
  }
  if (typeof value !== "function") throw new TypeError(`${name} is not a function`);
  return { owner, value };
}

/** A name of the top level, else the only function that was exported. */
function topLevel(see, name, fallback) {
  try {
    if (see !== null && exec(NAME, name) !== null) return see(name);
  } catch (error) {
    if (typeof fallback !== "function") throw error;
  }
  return fallback;
}

/** The members of the reply to one call. Arguments by name, which JavaScript has not, are members of a last argument. */
async function answer(program, call) {
  let args, options, changeable, before, value;
  let settled = ""; // said of every answer that came with a promise
  try {
    args = decode(call.args);
    options = decode(call.kwargs);
    changeable = areChangeable(args) || keys(options).length > 0;
    before = changeable ? encodeGiven(args, options) : "";
  } catch (error) {
    return unencodable(error);
  }
  const count = args.length;
  if (keys(options).length > 0) args[count] = options;
  try {
    const found = find(program, call.call);
    value = apply(found.value, found.owner, args);
    if (isPromise(value)) {
      settled = ',"async":true';
      value = await value;
    }
  } catch (thrown) {
    return encodeThrown(thrown) + settled;
  }
  args.length = count;
  try {
    const after = changeable ? encodeGiven(args, options) : "";
    return `"value":${encode(value)},"given":${after === before ? "null" : after}${settled}`;
  } catch (error) {
    return unencodable(error) + settled;
  }
}

function unencodable(error) {
  return `"unencodable":${quote(error instanceof NotPlainData ? error.type : "value too large")}`;
}

/** The arguments of a call, each as deep as a value may be. */
function encodeGiven(args, options) {
  let items = "";
  for (let at = 0; at < args.length; at++) items += `${items && ","}${encode(args[at])}`;
  return `[[${items}],${encode(options)}]`;
}

function areChangeable(args) {
  for (let at = 0; at < args.length; at++) {
    if (typeof args[at] === "object" && args[at] !== null) return true;
  }
  return false;
}

/** Load the program and answer calls until there are none. */
async function serve(lines, source) {
  let program;
  try {
    program = await load(source, false, () => {});
  } catch (thrown) {
    lines.send(`{${encodeThrown(thrown)}}`);
    exit(1);
  }
  lines.send('{"loaded":true}');
  for (let line = lines.receive(); line !== null; line = lines.receive()) {
    const call = parse(line);
    lines.send(`{"id":${quote(call.id)},${await answer(program, call)}}`);
  }
  exit(0); // whatever timers the program left
}

/** Let the program be the main program, with the standard streams; what it does not catch is also reported. */
async function runScript(lines, source) {
  const { readFileSync } = fs; // the name of standard input that programs like best leads through /proc
  fs.readFileSync = (path, options) => readFileSync(path === "/dev/stdin" ? 0 : path, options);
  syncBuiltinESMExports();
  function fail(thrown) {
    lines.send(`{${encodeThrown(thrown)}}`);
    writeSync(2, `${stackOf(thrown)}\n`);
    exit(1);
  }
  process.on("uncaughtException", (thrown) => {
    if (process.listenerCount("uncaughtException") === 1) fail(thrown); // else the program catches it itself
  });
  try {
    const loading = load(source, true, () => lines.send('{"loaded":true}'));
    if (isPromise(loading)) await loading;
  } catch (thrown) {
    fail(thrown);
  }
}

function stackOf(thrown) {
  try {
    const stack = `${isNativeError(thrown) ? thrown.stack : thrown}`;
    return stack.replaceAll(/data:text\/javascript;base64,[\w+/=]*/g, FILE);
  } catch {
    return "an exception that cannot be written";
  }
}

/** Make writes to a stream wait: on a full pipe node would do them after our reply, or at `process.exit` never. */
function writeAtOnce(name) {
  const { get } = Object.getOwnPropertyDescriptor(process, name); // makes the stream, which few programs pay for
  let stream;
  function getStream() {
    if (stream === undefined) {
      stream = apply(get, process, []);
      stream._handle?.setBlocking?.(true);
    }
    return stream;
  }
  Object.defineProperty(process, name, { get: getStream, enumerable: true, configurable: true });
}

function main() {
  writeAtOnce("stdout");
  writeAtOnce("stderr");
  const lines = openLines(Number(process.argv[2]), Number(process.argv[3]));
  process.argv.splice(1, process.argv.length, FILE);
  const { mode, source } = JSON.parse(lines.receive());
  lines.send('{"ready":true}');
  return mode === "script" ? runScript(lines, source) : serve(lines, source);
}

main();
