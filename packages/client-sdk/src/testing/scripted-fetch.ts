/** A `fetch` that follows a script, so that code on top of the client meets every fault without a server. */
import type { ByteStreamLike, FetchInit, FetchLike, FetchResponse } from "../http/fetch-like.ts";
import type { Reply } from "./replies.ts";

/** One request as it was received. */
export interface RecordedRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Parsed, when it is JSON; a Blob as it is; undefined without one. A stream is read to its end before it is answered, which takes real
   * time, whatever a {@link ManualTime} says; its bytes are then here as a `Uint8Array`.
   */
  readonly body: unknown;
  /** Aborted so far: by the caller, by a time limit, or because its stream was left. */
  readonly isAborted: boolean;
}

/** The double and what it saw. */
export interface ScriptedFetch {
  /** For the option of that name of `createClient`. */
  readonly fetch: FetchLike;
  /** In the order in which they came. */
  readonly requests: readonly RecordedRequest[];
}

const isStream = (body: FetchInit["body"]): body is ByteStreamLike => typeof body === "object" && "getReader" in body;

/** Rejects once the signal is aborted, with its reason, as the real one does. */
function aborted(signal: FetchInit["signal"]): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function respond(reply: Extract<Reply, { kind: "response" }>, signal: FetchInit["signal"]): FetchResponse {
  const left = [...reply.parts];
  const headers = new Map(Object.entries(reply.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const abort = aborted(signal);
  abort.catch(() => {});
  let isCancelled = false;

  async function read(): Promise<{ done: boolean; value?: Uint8Array }> {
    if (signal.aborted) return abort;
    if (isCancelled) return { done: true };
    const value = left.shift();
    if (value !== undefined) return { done: false, value };
    if (reply.ending === "stall") return abort;
    if (reply.ending === "cut") throw new TypeError("terminated", { cause: new Error("other side closed") });
    return { done: true };
  }

  const cancel = async (): Promise<void> => {
    isCancelled = true;
  };
  return { status: reply.status, headers: { get: (name) => headers.get(name.toLowerCase()) ?? null }, body: { getReader: () => ({ read, cancel }) } };
}

/**
 * Creates a fetch that gives each request the next reply of the script. A request beyond its end fails as a programming
 * error would, so that an attempt too many does not go unseen.
 *
 * @example
 * ```ts
 * const script = createScriptedFetch([rateLimited(0), answer()]);
 * const client = createClient({ baseUrl: "http://rag.test", fetch: script.fetch });
 * await client.chat.ask("How long is the warranty?");
 * console.log(script.requests.length); // 2
 * ```
 */
export function createScriptedFetch(script: readonly Reply[]): ScriptedFetch {
  const requests: RecordedRequest[] = [];
  return {
    requests,
    async fetch(url, init) {
      if (init.signal.aborted) throw init.signal.reason;
      const { method, headers, signal } = init;
      const at = requests.length;
      let body: unknown;
      requests.push({
        url,
        method,
        headers,
        get body() {
          return body;
        },
        get isAborted() {
          return signal.aborted;
        },
      });
      if (isStream(init.body)) body = new Uint8Array(await new Response(init.body).arrayBuffer());
      else if (typeof init.body === "string" && headers["content-type"] === "application/json") body = JSON.parse(init.body);
      else body = init.body;
      const reply = script[at];
      if (reply === undefined) throw new RangeError(`The script has ${script.length} replies and this is request ${at + 1}.`);
      switch (reply.kind) {
        case "response":
          return respond(reply, init.signal);
        case "failure":
          throw reply.error();
        case "silence":
          return aborted(init.signal);
      }
    },
  };
}
