// Settings in a JSON file: see world.wit for what goes in and comes out.
//
// What a WIT function gives as an error is thrown, both ways: as the `payload` of an Error that comes from the host, as
// a plain record of ours to it.
import type * as contract from "example:settings/task@0.1.0";
import type { FailureKind } from "zymogen:task/types@0.1.0";
import * as files from "zymogen:task/files@0.1.0";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const largest = 1 << 20; // bytes of a file that is there already

/** The interface that the component exports. */
export const task: typeof contract = {
  run({ path, settings, indent }, mode) {
    const patch = parsed(settings, "invalid-params", "`settings`");
    if (!isObject(patch)) throw failure("invalid-params", "`settings` must be a JSON object");
    const before = current(path);
    const now = before === undefined ? {} : parsed(before, "conflict", path);
    const wanted = merged(now, patch);
    // What means the same stays as it is written.
    if (before !== undefined && JSON.stringify(now) === JSON.stringify(wanted)) {
      return { outcome: { changed: false, summary: "already as asked", changes: [] }, text: before };
    }
    const text = `${JSON.stringify(wanted, null, indent ?? 2)}\n`;
    if (mode === "apply") {
      orFail(() => files.replace(path, { tag: "bytes", val: encoded(text) }, {}));
    }
    const summary = before === undefined ? "created" : `set ${Object.keys(patch).join(", ")}`;
    return { outcome: { changed: true, summary, changes: [{ subject: path, before, after: text }] }, text };
  },
};

/** RFC 7396: objects are merged, `null` removes, anything else replaces. */
function merged(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key] ?? null, value);
  }
  return result;
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The text that is there, if any. */
function current(path: string): string | undefined {
  const bytes = orFail(() => (files.stat(path) ? files.read(path, largest) : undefined));
  try {
    return bytes && decoded(bytes);
  } catch {
    throw failure("conflict", `${path} is no UTF-8`);
  }
}

function parsed(text: string, kind: FailureKind, what: string): Json {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw failure(kind, `${what} is no JSON: ${(error as Error).message}`);
  }
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
