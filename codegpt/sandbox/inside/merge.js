"use strict";
// Carries what the program did to its copy of an argument over to the original that the tests hold.

const { isMap, isSet, isUint8Array } = require("node:util").types;
const { encode } = require("./values.js");

/** `old` changed to be as `fresh`, if it can be; else `fresh`. What is found in two places is changed at the first. */
function merge(old, fresh, done) {
  const kind = kindOf(old);
  if (kind === null || kind !== kindOf(fresh) || done.has(old)) return fresh;
  done.add(old);
  if (encode(old) === encode(fresh)) return old; // it may be frozen
  if (kind === "array") {
    for (let at = 0; at < fresh.length; at++) old[at] = merge(old[at], fresh[at], done);
    old.length = fresh.length;
  } else if (kind === "bytes") {
    if (old.length !== fresh.length) return fresh;
    old.set(fresh);
  } else if (kind === "object") {
    const before = new Map(Object.entries(old));
    for (const key of before.keys()) delete old[key];
    for (const [key, item] of Object.entries(fresh)) {
      const value = merge(before.get(key), item, done);
      Object.defineProperty(old, key, { value, writable: true, enumerable: true, configurable: true });
    }
  } else {
    const before = kind === "map" ? new Map(old) : null;
    old.clear();
    fresh.forEach((item, key) => (before ? old.set(key, merge(before.get(key), item, done)) : old.add(key)));
  }
  return old;
}

function kindOf(value) {
  if (Array.isArray(value)) return "array";
  if (isMap(value)) return "map";
  if (isSet(value)) return "set";
  if (isUint8Array(value)) return "bytes";
  return typeof value === "object" && value !== null ? "object" : null;
}

module.exports = { merge };
