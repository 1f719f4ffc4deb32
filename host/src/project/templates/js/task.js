// Keeps a greeting in a file: see world.wit for what goes in and comes out.
//
// What a WIT function gives as an error is thrown, both ways: as the `payload` of an Error that comes from the host, as
// a plain record of ours to it.
import { read, replace, stat } from "zymogen:task/files@0.1.0";

const largest = 64 << 10; // bytes of a file that is there already

/** The interface that the component exports. */
export const task = {
  run({ path, name }, mode) {
    const after = `Hello, ${name ?? "World"}!\n`;
    const before = current(path);
    if (before === after) {
      return { outcome: { changed: false, summary: "greeted already", changes: [] } };
    }
    if (mode === "apply") {
      orFail(() => replace(path, { tag: "bytes", val: encoded(after) }, {}));
    }
    return { outcome: { changed: true, summary: "greeted", changes: [{ subject: path, before, after }] } };
  },
};

/** The text that is there, if any. */
function current(path) {
  return orFail(() => (stat(path) ? decoded(read(path, largest)) : undefined));
}

/** What the function gives, or a failure that tells of the host's error. */
function orFail(call) {
  try {
    return call();
  } catch (error) {
    const { tag, val } = error.payload ?? {};
    if (tag === undefined) throw error;
    if (tag === "too-large") throw failure("conflict", `the file has more than ${val} bytes`);
    const kinds = { denied: "denied", "not-found": "not-found", "wrong-kind": "conflict" };
    throw failure(kinds[tag] ?? "io", val);
  }
}

function failure(kind, message) {
  return { kind, message };
}

// UTF-8 by percent escapes: the engine is QuickJS, which has the language and nothing of the web, no TextDecoder.

function decoded(bytes) {
  return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
}

function encoded(text) {
  const escaped = encodeURIComponent(text).matchAll(/%(..)|./g);
  return Uint8Array.from(escaped, ([one, hex]) => (hex ? parseInt(hex, 16) : one.charCodeAt(0)));
}
