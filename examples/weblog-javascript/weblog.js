// Access logs, read as they come: see world.wit. A stream that comes in is iterated, one that goes out is a generator.

const [NEWLINE, SPACE, DOT, COLON, X] = [10, 32, 46, 58, 120];

// A length of more digits is no number of JavaScript's.
const LINE = /^(\S+) [^"]*"([^"]*)"\s+(\d{3}) (\d{1,15}|-)(?=\s|$)/;

// An interface is an exported object.
export const parsing = {
  async parse(log) {
    const total = wit.Future(wit.Future.RESULT_U64_PROBLEM);
    return [entries(log, total.writable), total.readable];
  },

  async redact(log) {
    return redacted(log);
  },

  async failures(entries) {
    const found = [];
    for await (const entry of entries) {
      if (entry.status >= 400) found.push(entry);
    }
    return found;
  },
};

// A resource is a class in it.
export const tallies = {
  Tally: class Tally {
    #name;
    #lines = 0;

    constructor(name) {
      this.#name = name;
    }

    name() {
      return this.#name;
    }

    async add(log) {
      for await (const piece of log) {
        for (const byte of piece) this.#lines += byte === NEWLINE;
      }
      return this.#lines;
    }

    static merge(first, second) {
      const both = new Tally(`${first.#name} and ${second.#name}`);
      both.#lines = first.#lines + second.#lines;
      return both;
    }
  },
};

/**
 * The entries as they come; `total` is told when all are through, or nobody wants more of them. Waiting for whoever reads that
 * would keep the stream open.
 */
async function* entries(log, total) {
  let number = 0;
  let end = null;
  try {
    for await (const line of lines(log)) {
      number += 1;
      const entry = entryOf(line);
      if (entry === null) {
        end = { tag: "err", val: { tag: "malformed", val: number } };
        return;
      }
      yield entry;
    }
  } finally {
    total.write(end ?? { tag: "ok", val: number });
  }
}

function entryOf(line) {
  const match = LINE.exec(text(line));
  if (match === null) return null;
  const [, client, request, status, size] = match;
  return { client, request, status: Number(status), size: size === "-" ? null : Number(size) };
}

async function* redacted(log) {
  for await (const line of lines(log)) {
    const client = line.subarray(0, Math.max(line.indexOf(SPACE), 0));
    const keep = Math.max(client.lastIndexOf(DOT), client.lastIndexOf(COLON)) + 1;
    if (keep === 0) {
      yield line;
      continue;
    }
    const cut = new Uint8Array(keep + 1 + line.length - client.length);
    cut.set(line.subarray(0, keep));
    cut[keep] = X;
    cut.set(line.subarray(client.length), keep + 1);
    yield cut;
  }
}

/** Lines with their ends. What has no end of line is a line at the end. */
async function* lines(log) {
  let waiting = new Uint8Array();
  for await (const piece of log) {
    const bytes = new Uint8Array(waiting.length + piece.length);
    bytes.set(waiting);
    bytes.set(piece, waiting.length);
    let from = 0;
    for (let at; (at = bytes.indexOf(NEWLINE, from)) >= 0; from = at + 1) yield bytes.subarray(from, at + 1);
    waiting = bytes.subarray(from);
  }
  if (waiting.length > 0) yield waiting;
}

/** UTF-8 as a string. The engine is QuickJS, which has the language and nothing of the web: no TextDecoder. */
function text(bytes) {
  const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  try {
    return decodeURIComponent(escaped);
  } catch {
    // It is not UTF-8. A log may have anything.
    return Array.from(bytes, (byte) => (byte < 128 ? String.fromCharCode(byte) : "\ufffd")).join("");
  }
}
