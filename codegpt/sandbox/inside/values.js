"use strict";
// The JavaScript end of the closed codec: values as JSON text and back. The tags are those of `codec.py`.
//
// Not covered: properties of an array besides its items do not cross; two places that hold one object arrive as two.

const {
  Array, BigInt, Map, Object, Set, Uint8Array, add, bigDigits, defineProperty, digits,
  eachEntry, eachMember, exec, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, is, isArgumentsObject, isArray,
  isFinite, isMap, isProxy, isSafeInteger, isSet, isUint8Array, keys, ownKeys, put, slice, stringify, unitAt,
} = require("./builtins.js");

const MAX_DEPTH = 64;
const MOST_ITEMS = 1 << 24; // of an array, holes included: a reply so long is past any limit

/** A value has no form in the codec; `type` names it so that "a `type`" reads well. */
class NotPlainData {
  type;
  constructor(type) {
    this.type = type;
  }
}

/** A string as ASCII JSON. */
function quote(text) {
  const json = stringify(text);
  let escaped = "";
  let start = 0;
  for (let at = 0; at < json.length; at++) {
    const unit = unitAt(json, at);
    if (unit > 0x7e) {
      escaped += `${slice(json, start, at)}\\u${slice(digits(0x10000 + unit, 16), 1)}`;
      start = at + 1;
    }
  }
  return escaped + slice(json, start);
}

/** The JSON text of a value. No code of the candidate's runs: proxies and getters are refused, not asked. */
function encode(value, depth = 0) {
  if (value === undefined) return '{"u":0}';
  if (value === null || typeof value === "boolean") return `${value}`;
  if (typeof value === "number") return encodeNumber(value);
  if (typeof value === "string") return quote(value);
  if (typeof value === "bigint" && value < 0n) return `{"i":"-0x${bigDigits(-value, 16)}"}`;
  if (typeof value === "bigint") return `{"i":"0x${bigDigits(value, 16)}"}`;
  if (typeof value === "object") return encodeObject(value, depth);
  throw new NotPlainData(typeof value);
}

/** Only a safe integer looks like an integer, so that it comes back as a number and never as a BigInt. */
function encodeNumber(number) {
  if (!isFinite(number)) return `{"f":"${number > 0 ? "inf" : number < 0 ? "-inf" : "nan"}"}`;
  if (is(number, -0)) return "-0.0";
  const text = `${number}`;
  return isSafeInteger(number) || exec(/[.e]/, text) !== null ? text : `${text}.0`;
}

function encodeObject(value, depth) {
  if (isProxy(value)) throw new NotPlainData("Proxy");
  if (depth >= MAX_DEPTH) throw new NotPlainData("value nested too deep");
  const prototype = getPrototypeOf(value);
  if (isArray(value) && prototype === Array.prototype) return encodeArray(value, depth);
  if (isMap(value) && prototype === Map.prototype) return encodeMap(value, depth);
  if (isSet(value) && prototype === Set.prototype) return encodeSet(value);
  if (isUint8Array(value) && prototype === Uint8Array.prototype) return `{"b":"${hex(new Uint8Array(value))}"}`;
  const plain = prototype === null || (prototype === Object.prototype && !isArgumentsObject(value));
  if (!plain) throw new NotPlainData(typeName(value));
  return encodePlain(value, depth);
}

function hex(bytes) {
  let pairs = "";
  for (let at = 0; at < bytes.length; at++) pairs += slice(digits(0x100 + bytes[at], 16), 1);
  return pairs;
}

function encodeArray(array, depth) {
  if (array.length > MOST_ITEMS) throw new NotPlainData("array too long");
  let items = "";
  for (let at = 0; at < array.length; at++) {
    const own = getOwnPropertyDescriptor(array, at); // none: a hole, which reads as undefined
    items += (at ? "," : "") + (own ? encodeOwn(own, depth + 1) : encode(undefined));
  }
  return `[${items}]`;
}

function encodePlain(object, depth) {
  const names = ownKeys(object);
  let pairs = "";
  for (let at = 0; at < names.length; at++) {
    const own = getOwnPropertyDescriptor(object, names[at]);
    if (!own.enumerable) continue;
    if (typeof names[at] === "symbol") throw new NotPlainData("object with a symbol for a key");
    pairs += `${pairs && ","}[${quote(names[at])},${encodeOwn(own, depth + 1)}]`;
  }
  return `{"d":[${pairs}]}`;
}

function encodeOwn(own, depth) {
  if (!hasOwn(own, "value")) throw new NotPlainData("object with a getter");
  return encode(own.value, depth);
}

function encodeMap(map, depth) {
  let pairs = "";
  eachEntry(map, (item, key) => {
    pairs += `${pairs && ","}[${encodeMember(key)},${encode(item, depth + 1)}]`;
  });
  return `{"m":[${pairs}]}`;
}

function encodeSet(set) {
  let members = "";
  eachMember(set, (member) => {
    members += `${members && ","}${encodeMember(member)}`;
  });
  return `{"s":[${members}]}`;
}

/** Objects are keys by their identity, which does not cross; Python could not even hash them. */
function encodeMember(member) {
  if (typeof member === "object" && member !== null) throw new NotPlainData("collection with objects for keys");
  return encode(member);
}

/** The name of an object's class, read without running any of its code. */
function typeName(value) {
  for (let at = getPrototypeOf(value); at !== null && !isProxy(at); at = getPrototypeOf(at)) {
    const maker = getOwnPropertyDescriptor(at, "constructor")?.value;
    const name = typeof maker === "function" && !isProxy(maker) && getOwnPropertyDescriptor(maker, "name")?.value;
    if (typeof name === "string") return identifier(name) || "object";
  }
  return "object";
}

/** What of a name may stand in an identifier; "" if that starts with a digit. */
function identifier(name) {
  let kept = "";
  for (let at = 0; at < name.length && at < 100; at++) if (exec(/[\w$]/, name[at]) !== null) kept += name[at];
  return exec(/^\d/, kept) === null ? kept : "";
}

/** The value that a part of a parsed message stands for; the message is from the supervisor, and well formed. */
function decode(tree) {
  if (typeof tree !== "object" || tree === null) return tree;
  if (isArray(tree)) return decodeItems(tree);
  const tag = keys(tree)[0];
  const payload = tree[tag];
  if (tag === "u") return undefined;
  if (tag === "i") return decodeInteger(payload);
  if (tag === "f") return payload === "nan" ? NaN : payload === "inf" ? Infinity : -Infinity;
  if (tag === "b") return decodeBytes(payload);
  if (tag === "t") return decodeItems(payload);
  if (tag === "d" || tag === "m") return decodePairs(payload, tag === "m");
  if (tag === "c") throw new NotPlainData("complex");
  const set = new Set();
  for (let at = 0; at < payload.length; at++) add(set, decode(payload[at]));
  return set;
}

function decodeItems(trees) {
  const items = [];
  for (let at = 0; at < trees.length; at++) items[at] = decode(trees[at]);
  return items;
}

function decodeBytes(hex) {
  const bytes = new Uint8Array(hex.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = +`0x${slice(hex, 2 * at, 2 * at + 2)}`;
  return bytes;
}

function decodeInteger(hex) {
  const magnitude = BigInt(`0x${exec(/^-?(?:0x)?(.*)$/, hex)[1]}`);
  return hex[0] === "-" ? -magnitude : magnitude;
}

function decodePairs(pairs, isMap) {
  let strings = !isMap; // a dict of Python's is an object if it can be one
  for (let at = 0; at < pairs.length; at++) strings &&= typeof pairs[at][0] === "string";
  const result = strings ? {} : new Map();
  for (let at = 0; at < pairs.length; at++) {
    const value = decode(pairs[at][1]);
    // defined, not assigned: "__proto__" is a key like any other
    const own = { __proto__: null, value, writable: true, enumerable: true, configurable: true };
    if (strings) defineProperty(result, pairs[at][0], own);
    else put(result, decode(pairs[at][0]), value);
  }
  return result;
}

module.exports = { NotPlainData, decode, encode, identifier, quote };
