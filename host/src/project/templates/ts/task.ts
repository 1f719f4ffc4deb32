// Keeps a greeting in a file: see world.wit for what goes in and comes out.
//
// What a WIT function gives as an error is thrown, both ways: as the `payload` of an Error that comes from the host, as
// a plain record of ours to it.
import type * as contract from "local:{{name}}/task@0.1.0";
import type { FailureKind } from "zymogen:task/types@0.1.0";
import * as files from "zymogen:task/files@0.1.0";

const largest = 64 << 10; // bytes of a file that is there already

/** The interface that the component exports. */
export const task: typeof contract = {
  run({ path, name }, mode) {
    const after = `Hello, ${name ?? "World"}!\n`;
    const before = current(path);
    if (before === after) {
      return { outcome: { changed: false, summary: "greeted already", changes: [] } };
    }
    if (mode === "apply") {
      orFail(() => files.replace(path, { tag: "bytes", val: encoded(after) }, {}));
    }
    return { outcome: { changed: true, summary: "greeted", changes: [{ subject: path, before, after }] } };
  },
};

/** The text that is there, if any. */
function current(path: string): string | undefined {
  return orFail(() => (files.stat(path) ? decoded(files.read(path, largest)) : undefined));
}

/** What the function gives, or a failure that tells of the host's error. */
function orFail<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    const error = (thrown as { payload?: files.Error }).payload;
    if (error === undefined) throw thrown;
    switch (error.tag) {
      case "denied":
      case "not-found":
        throw failure(error.tag, error.val);
      case "wrong-kind":
        throw failure("conflict", error.val);
      case "too-large":
        throw failure("conflict", `the file has more than ${error.val} bytes`);
      default:
        throw failure("io", error.val);
    }
  }
}

function failure(kind: FailureKind, message: string): contract.Failure {
  return { kind, message };
}

// UTF-8 by percent escapes: the engine is QuickJS, which has the language and nothing of the web, no TextDecoder.

function decoded(bytes: Uint8Array): string {
  return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
}

function encoded(text: string): Uint8Array {
  const escaped = encodeURIComponent(text).matchAll(/%(..)|./g);
  return Uint8Array.from(escaped, ([one, hex]) => (hex ? parseInt(hex, 16) : one.charCodeAt(0)));
}
