"use strict";
// The messages of the JavaScript programs in the jail: lines over two pipes, and what is said of a thrown value.

const { AssertionError } = require("node:assert");
const { ArrayBuffer, BigInt, String, Uint8Array, decodeText, exec, getPrototypeOf } = require("./builtins.js");
const { indexOf, isNativeError, isSafeInteger, parseJson, readSync, slice, writeSync } = require("./builtins.js");
const { encode, identifier, quote } = require("./values.js");

const LONGEST_MESSAGE = 200;
const LONGEST_CHAIN = 50; // a proxy's prototypes need not end
const MISSING = {
  __proto__: null,
  MODULE_NOT_FOUND: true,
  ERR_MODULE_NOT_FOUND: true,
  ERR_UNKNOWN_BUILTIN_MODULE: true,
  ERR_UNSUPPORTED_RESOLVE_REQUEST: true, // a bare or relative name, imported by a module that has no place
};
const ERRORS = {
  __proto__: null,
  AggregateError,
  AssertionError,
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};
const NAMES = Object.keys(ERRORS);

/** Blocking lines over the pipes that the supervisor holds the other ends of. */
function openLines(requests, replies) {
  const memory = new ArrayBuffer(1 << 16);
  const chunk = new Uint8Array(memory);
  const decoder = new TextDecoder();
  let unread = "";
  return {
    /** The next line without its end; null when the supervisor has gone. */
    receive() {
      let line = "";
      for (;;) {
        const end = indexOf(unread, "\n");
        if (end >= 0) {
          line += slice(unread, 0, end);
          unread = slice(unread, end + 1);
          return line;
        }
        line += unread;
        const count = readSync(requests, chunk);
        if (count === 0) return null;
        unread = decodeText(decoder, new Uint8Array(memory, 0, count));
      }
    },
    send(text) {
      for (let left = `${text}\n`; left !== ""; ) left = slice(left, writeSync(replies, left, null, "latin1"));
    },
  };
}

/** A message as a tree for `decode`. JSON.parse would round long integers: they get the tag that they lack. */
function parse(line) {
  if (exec(/(?<![\d.])\d{16}/, line) === null) return parseJson(line);
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.])-?\d{16,}(?![\d.eE])/g;
  let exact = "";
  let start = 0;
  for (let found = exec(token, line); found !== null; found = exec(token, line)) {
    if (found[0][0] === '"' || isSafeInteger(+found[0])) continue;
    exact += slice(line, start, found.index) + encode(BigInt(found[0]));
    start = token.lastIndex;
  }
  return parseJson(exact + slice(line, start));
}

/** What is said of a thrown value: the name of its class, its other builtin ancestors, its message. */
function describe(thrown) {
  const ancestors = ancestorsOf(thrown);
  const isError = ancestors.length > 0 || isNativeError(thrown);
  const given = (read) => attempt(() => identifier(read()), "");
  let name = "Error";
  if (isError) name = given(() => thrown.constructor.name) || given(() => thrown.name) || name;
  if (isError && attempt(() => MISSING[thrown.code], false)) name = "ModuleNotFoundError";
  const bases = [];
  for (let at = 0; at < ancestors.length; at++) if (ancestors[at] !== name) bases[bases.length] = ancestors[at];
  const message = attempt(() => slice(String(isError ? thrown.message : thrown), 0, LONGEST_MESSAGE), "");
  return { name, bases, message };
}

function ancestorsOf(thrown) {
  const found = [];
  attempt(() => {
    let at = thrown;
    for (let step = 0; step < LONGEST_CHAIN && at !== null; step++) {
      for (let n = 0; n < NAMES.length; n++) if (ERRORS[NAMES[n]].prototype === at) found[found.length] = NAMES[n];
      at = getPrototypeOf(at);
    }
  });
  return found;
}

/** Reading a candidate's exception may run its code, which may throw again. */
function attempt(read, otherwise) {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** The members of a reply that says what was thrown. */
function encodeThrown(thrown) {
  const { name, bases, message } = describe(thrown);
  let names = "";
  for (let at = 0; at < bases.length; at++) names += (at ? "," : "") + quote(bases[at]);
  return `"raised":${quote(name)},"bases":[${names}],"message":${quote(message)}`;
}

module.exports = { ERRORS, describe, encodeThrown, openLines, parse };
