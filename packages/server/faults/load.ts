/** Clients that ask in a closed loop, pausing between two questions, and record every request and every acknowledgement. */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Ask, createHttpClient, type HttpClient, type Reply } from "./http-client.ts";
import type { LoadRecord, RecordedRequest, RequestKind } from "./record.ts";

export interface LoadOptions {
  readonly address: string;
  readonly apiKey: string;
  readonly clients: number;
  /** A client pauses up to so many milliseconds before each request. */
  readonly pauseMs: number;
  /** What a client asks, one after the other. */
  readonly mix: readonly RequestKind[];
  /** 0..1. */
  readonly random: () => number;
}

export interface Load {
  /** Lets every client finish what it has begun. */
  stop(): Promise<LoadRecord>;
}

/** Then a client begins a new session, below the number at which the server lets go of a session's oldest turns. */
const TURNS_PER_SESSION = 20;
/** Each feedback is sent so often, with the same id: it counts once. */
const SENDINGS_OF_FEEDBACK = 2;
const SUBJECTS = ["the lamp", "the goat", "the generator", "the fog horn", "the boat", "the tower", "the kitchen", "the garden"];

interface Pending extends Ask {
  readonly kind: RequestKind;
  /** Says what is wrong with the answer, and notes what it acknowledges. */
  readonly settle: (reply: Reply | undefined) => string | undefined;
}

export function startLoad({ address, apiKey, clients, pauseMs, mix, random }: LoadOptions): Load {
  const requests: RecordedRequest[] = [];
  const sentFeedback = new Set<string>();
  const acknowledgedFeedback = new Set<string>();
  const acknowledgedTurns = new Map<string, string[]>();
  const unknownTurns = new Map<string, string[]>();
  let asked = 0;
  let isStopping = false;

  const subject = (): string => SUBJECTS[Math.floor(random() * SUBJECTS.length)] ?? "the lamp";

  function createAsker(): (kind: RequestKind) => Pending {
    let sessionId: string | undefined;
    let feedback: { readonly id: string; sendings: number } | undefined;

    function chat(): Pending {
      const question = `What is said about ${subject()} in case ${asked}?`;
      const within = sessionId;
      return {
        kind: "chat",
        method: "POST",
        path: "/chat",
        body: { question, ...(within === undefined ? {} : { sessionId: within }) },
        settle(reply) {
          if (reply?.status !== 200) {
            if (within !== undefined) noteTurn(unknownTurns, within, question);
            // What became of the turn is unknown; a new session is not mixed up with it.
            sessionId = undefined;
            return notOk(reply, 200);
          }
          const id = String(JSON.parse(reply.text).sessionId);
          const turns = noteTurn(acknowledgedTurns, id, question);
          sessionId = turns < TURNS_PER_SESSION ? id : undefined;
          return undefined;
        },
      };
    }

    function judge(): Pending {
      const current = feedback ?? { id: randomUUID(), sendings: 0 };
      current.sendings += 1;
      sentFeedback.add(current.id);
      feedback = current;
      return {
        kind: "feedback",
        method: "POST",
        path: "/feedback",
        // The comment betrays a copy that was stored under another id.
        body: { id: current.id, rating: "up", comment: current.id },
        settle(reply) {
          if (reply?.status !== 201) return notOk(reply, 201);
          acknowledgedFeedback.add(current.id);
          if (current.sendings >= SENDINGS_OF_FEEDBACK) feedback = undefined;
          return undefined;
        },
      };
    }

    return (kind) => {
      asked += 1;
      switch (kind) {
        case "chat":
          return chat();
        case "feedback":
          return judge();
        case "chat, cached":
          return {
            kind,
            method: "POST",
            path: "/chat",
            body: { question: `What is said about ${subject()}?` },
            settle: (reply) => notOk(reply, 200),
          };
        case "chat, streamed":
          return {
            kind,
            method: "POST",
            path: "/chat",
            body: { question: `How about ${subject()} in case ${asked}?`, stream: true },
            settle: (reply) => (reply?.status === 200 && !reply.text.includes("event: done\n") ? reply.text.slice(-200) : notOk(reply, 200)),
          };
        case "search":
          return {
            kind,
            method: "POST",
            path: "/search",
            body: { query: `What about ${subject()}?`, limit: 3 },
            settle: (reply) => notOk(reply, 200),
          };
        case "session":
          // Without one of its own yet, the client looks at health instead.
          if (sessionId !== undefined) return { kind, method: "GET", path: `/sessions/${sessionId}`, settle: (reply) => notOk(reply, 200) };
          return { kind: "health", method: "GET", path: "/health/ready", settle: (reply) => notOk(reply, 200) };
        case "health":
          return { kind, method: "GET", path: "/health/ready", settle: (reply) => notOk(reply, 200) };
      }
    };
  }

  async function ask(client: HttpClient, pending: Pending): Promise<void> {
    const startedAtMs = performance.now();
    const outcome = await client.send(pending).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
    const reply = outcome instanceof Error ? undefined : outcome;
    const problem = pending.settle(reply);
    requests.push({
      kind: pending.kind,
      startedAtMs,
      durationMs: performance.now() - startedAtMs,
      status: reply?.status,
      code: reply === undefined || reply.status < 400 ? undefined : /"code":"(\w+)"/.exec(reply.text)?.[1],
      hasRetryAfter: reply?.headers["retry-after"] !== undefined,
      problem: outcome instanceof Error ? outcome.message : problem,
    });
  }

  async function runClient(at: number): Promise<void> {
    const client = createHttpClient(address, { "x-api-key": apiKey });
    const next = createAsker();
    for (let turn = at; !isStopping; turn += 1) {
      await delay(random() * pauseMs);
      const kind = mix[turn % mix.length];
      if (kind !== undefined) await ask(client, next(kind));
    }
    client.close();
  }

  const running = Array.from({ length: clients }, (_, at) => runClient(at));
  return {
    async stop() {
      isStopping = true;
      await Promise.all(running);
      return { requests, sentFeedback, acknowledgedFeedback, acknowledgedTurns, unknownTurns };
    },
  };
}

function noteTurn(turns: Map<string, string[]>, sessionId: string, question: string): number {
  const questions = turns.get(sessionId) ?? [];
  turns.set(sessionId, questions);
  return questions.push(question);
}

function notOk(reply: Reply | undefined, wanted: number): string | undefined {
  if (reply === undefined) return "no answer";
  return reply.status === wanted ? undefined : reply.text.slice(0, 200);
}
