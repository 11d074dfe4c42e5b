/** Clients that ask in a closed loop over kept-alive connections, and note what became of every request. */
import { randomUUID } from "node:crypto";
import { Agent, request } from "node:http";

/** A request that was not answered as it should have been. */
export interface FailedRequest {
  readonly what: string;
  readonly status: number | undefined;
  readonly reason: string;
}

export interface LoadRecord {
  readonly requests: number;
  /** Requests by kind. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly failures: readonly FailedRequest[];
  readonly slowestMs: number;
  /** Milliseconds that 99 of 100 requests did not exceed. */
  readonly p99Ms: number;
  /** Connections made; the rest of the requests reused one. */
  readonly connections: number;
  /** Ids of feedback that was sent, and of that which the server said it stored. */
  readonly sent: ReadonlySet<string>;
  readonly acknowledged: ReadonlySet<string>;
}

export interface LoadClients {
  /** Requests answered so far. */
  requests(): number;
  /** Lets every client finish what it has begun. */
  stop(): Promise<LoadRecord>;
}

export interface LoadOptions {
  readonly address: string;
  readonly apiKey: string;
  /** Clients that ask again at once. */
  readonly busy: number;
  /** Clients that pause between two questions, up to `pauseMs`: their connections are idle when a server stops. */
  readonly pausing: number;
  readonly pauseMs: number;
  /** 0..1. */
  readonly random: () => number;
}

interface Reply {
  readonly status: number | undefined;
  readonly text: string;
}

interface Ask {
  readonly kind: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  /** Says what is wrong with the answer. */
  check(reply: Reply): string | undefined;
}

/** Nobody waits longer: a request that takes this long has failed. */
const REQUEST_TIMEOUT_MS = 30_000;
const SUBJECTS = ["the lamp", "the goat", "the generator", "the fog horn", "the boat", "the tower", "the kitchen", "the garden"];

export function startLoadClients({ address, apiKey, busy, pausing, pauseMs, random }: LoadOptions): LoadClients {
  const failures: FailedRequest[] = [];
  const durations: number[] = [];
  const kinds: Record<string, number> = {};
  const sent = new Set<string>();
  const acknowledged = new Set<string>();
  const agents: Agent[] = [];
  const stopping = new AbortController();
  let connections = 0;
  let asked = 0;

  const subject = (): string => SUBJECTS[Math.floor(random() * SUBJECTS.length)] ?? "the lamp";

  function next(): Ask {
    asked += 1;
    const turn = asked % 6;
    const status = (wanted: number) => (reply: Reply) => (reply.status === wanted ? undefined : reply.text.slice(0, 200));
    if (turn === 0) return { kind: "health", method: "GET", path: "/health/ready", check: status(200) };
    if (turn === 1)
      return { kind: "search", method: "POST", path: "/search", body: { query: `What about ${subject()}?`, limit: 3 }, check: status(200) };
    if (turn === 2)
      return { kind: "chat, cached", method: "POST", path: "/chat", body: { question: `What is said about ${subject()}?` }, check: status(200) };
    if (turn === 3)
      return {
        kind: "chat",
        method: "POST",
        path: "/chat",
        body: { question: `What is said about ${subject()} in case ${asked}?` },
        check: status(200),
      };
    if (turn === 4) {
      return {
        kind: "chat, streamed",
        method: "POST",
        path: "/chat",
        body: { question: `How about ${subject()} in case ${asked}?`, stream: true },
        check: ({ status, text }) => (status === 200 && text.includes("event: done\n") ? undefined : text.slice(-200)),
      };
    }
    const id = randomUUID();
    sent.add(id);
    return {
      kind: "feedback",
      method: "POST",
      path: "/feedback",
      body: { id, rating: "up" },
      check({ status, text }) {
        if (status !== 201) return text.slice(0, 200);
        acknowledged.add(id);
        return undefined;
      },
    };
  }

  function send({ method, path, body }: Ask, agent: Agent): Promise<Reply> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      "x-api-key": apiKey,
      ...(payload === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
    };
    return new Promise((resolve, reject) => {
      const outgoing = request(`${address}${path}`, { method, agent, headers, timeout: REQUEST_TIMEOUT_MS }, async (incoming) => {
        try {
          let text = "";
          for await (const part of incoming.setEncoding("utf8")) text += part;
          resolve({ status: incoming.statusCode, text });
        } catch (error) {
          reject(error);
        }
      });
      outgoing.on("socket", () => {
        if (!outgoing.reusedSocket) connections += 1;
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS} ms`)));
      // No second try, whatever the error: a request that needs one has failed.
      outgoing.on("error", (error) =>
        reject(new Error(`${error.message}${outgoing.reusedSocket ? " (on a reused connection)" : ""}`, { cause: error })),
      );
      outgoing.end(payload);
    });
  }

  async function runClient(pauses: boolean): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    while (!stopping.signal.aborted) {
      if (pauses) await pause(random() * pauseMs, stopping.signal);
      const ask = next();
      const startedAt = performance.now();
      kinds[ask.kind] = (kinds[ask.kind] ?? 0) + 1;
      try {
        const reply = await send(ask, agent);
        const reason = ask.check(reply);
        if (reason !== undefined) failures.push({ what: ask.kind, status: reply.status, reason });
      } catch (error) {
        failures.push({ what: ask.kind, status: undefined, reason: error instanceof Error ? error.message : String(error) });
      }
      durations.push(performance.now() - startedAt);
    }
  }

  const clients = Array.from({ length: busy + pausing }, (_, at) => runClient(at >= busy));

  return {
    requests: () => durations.length,
    async stop() {
      stopping.abort();
      await Promise.all(clients);
      for (const agent of agents) agent.destroy();
      durations.sort((a, b) => a - b);
      const p99Ms = durations[Math.floor(durations.length * 0.99)] ?? 0;
      return { requests: durations.length, kinds, failures, slowestMs: durations.at(-1) ?? 0, p99Ms, connections, sent, acknowledged };
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
