// Asks a service how it is: see world.wit for what goes in and comes out.
//
// What a WIT function gives as an error is thrown, both ways: as the `payload` of an Error that comes from the host, as
// a plain record of ours to it.
import { run as execute } from "zymogen:task/command@0.1.0";

/** The interface that the component exports. */
export const task = {
  run({ query, require, timeoutMs }, mode) {
    if (mode === "check") {
      return report(`would ask ${query[0]}`, null);
    }
    const answer = ask(query, timeoutMs ?? 5000);
    const complaints = require.map((requirement) => complaint(requirement, answer)).filter(Boolean);
    if (complaints.length > 0) {
      throw failure("command-failed", complaints.join("; "));
    }
    return report(`${require.length} requirements are met`, answer);
  },
};

/** What the command printed, parsed. */
function ask(argv, timeoutMs) {
  const { status, stdout, stderr } = orFail(() =>
    execute({ argv, stdin: new Uint8Array(), env: [], cwd: null, timeoutMs, live: false }),
  );
  if (status.tag !== "exited" || status.val !== 0) {
    const how = status.tag === "exited" ? `ended with status ${status.val}` : status.tag;
    throw failure("command-failed", `${argv[0]} ${how}`, text(stderr).trim() || null);
  }
  try {
    return JSON.parse(text(stdout));
  } catch (error) {
    throw failure("other", `${argv[0]} printed no JSON: ${error.message}`);
  }
}

/** How an answer does not meet a requirement, if so. */
function complaint({ at, equals, atLeast, atMost }, answer) {
  const found = pointed(answer, at);
  const shown = `${at || "the answer"} is ${JSON.stringify(found) ?? "missing"}`;
  if (found === undefined) return shown;
  if (equals !== null && JSON.stringify(found) !== JSON.stringify(wanted(equals))) return `${shown}, not ${equals}`;
  // Not the other way round: what is no number is neither.
  if (atLeast !== null && !(found >= atLeast)) return `${shown}, less than ${atLeast}`;
  if (atMost !== null && !(found <= atMost)) return `${shown}, more than ${atMost}`;
}

function wanted(equals) {
  try {
    return JSON.parse(equals);
  } catch {
    throw failure("invalid-params", `\`${equals}\` is no JSON`, "a text has quotes of its own: '\"up\"'");
  }
}

/** The value at a JSON pointer, or undefined. */
function pointed(value, pointer) {
  const keys = pointer.split("/").slice(1);
  const unescaped = keys.map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  return unescaped.reduce((inner, key) => (Object.hasOwn(Object(inner), key) ? inner[key] : undefined), value);
}

/** What the function gives, or a failure that tells of the host's error. */
function orFail(call) {
  try {
    return call();
  } catch (error) {
    const { tag, val } = error.payload ?? {};
    if (tag === undefined) throw error;
    if (tag === "too-much-output") throw failure("command-failed", `it printed more than ${val} bytes`);
    throw failure(tag, val);
  }
}

function failure(kind, message, hint = null) {
  return { kind, message, hint };
}

function report(summary, answer) {
  return { outcome: { changed: false, summary, changes: [] }, answer: JSON.stringify(answer) };
}

/** UTF-8 as a string. The engine is QuickJS, which has the language and nothing of the web: no TextDecoder. */
function text(bytes) {
  const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped; // It is not UTF-8: still something to show.
  }
}
