"use strict";
// What the JavaScript programs in the jail use of the builtins once a candidate was loaded, taken before it could be.
//
// None of these asks a prototype for anything: a candidate that replaces JSON.stringify or a method of Array.prototype
// breaks only itself. This keeps honest programs right. It is no security boundary: the candidate shares the process,
// and the outside believes nothing that it reads.

const { readSync, writeSync } = require("node:fs");
const { isArgumentsObject, isMap, isNativeError, isPromise, isProxy, isSet, isUint8Array } = require("node:util").types;

const { Array, ArrayBuffer, BigInt, Map, Object, Set, String, TypeError, Uint8Array } = globalThis;
const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, is, keys } = Object;
const { apply, ownKeys } = Reflect;
const { isArray } = Array;
const { isFinite, isSafeInteger } = Number;
const { parse: parseJson, stringify } = JSON;
const { exit } = process;

/** A method as a function that takes what it is called on first. */
const uncurried = (method) => Function.prototype.call.bind(method);

module.exports = {
  ...{ Array, ArrayBuffer, BigInt, Map, Object, Set, String, TypeError, Uint8Array },
  ...{ apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, is, keys, ownKeys },
  ...{ exit, isFinite, isSafeInteger, parseJson, readSync, stringify, writeSync },
  ...{ isArgumentsObject, isArray, isMap, isNativeError, isPromise, isProxy, isSet, isUint8Array },
  add: uncurried(Set.prototype.add),
  bigDigits: uncurried(BigInt.prototype.toString),
  decodeText: uncurried(TextDecoder.prototype.decode),
  digits: uncurried(Number.prototype.toString),
  eachEntry: uncurried(Map.prototype.forEach),
  eachMember: uncurried(Set.prototype.forEach),
  exec: uncurried(RegExp.prototype.exec),
  indexOf: uncurried(String.prototype.indexOf),
  put: uncurried(Map.prototype.set),
  slice: uncurried(String.prototype.slice),
  split: uncurried(String.prototype.split),
  unitAt: uncurried(String.prototype.charCodeAt),
};
