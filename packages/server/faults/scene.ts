/** A real server under load, with what is needed to look at it. */
import { join } from "node:path";
import { type LaunchOptions, launchServer, type RunningServer, temporaryDirectory } from "../test-support/running-server.ts";
import { checkFeedback, checkRequests, checkSession, type Promised, type StoredFeedback } from "./checker.ts";
import type { Episodes } from "./episodes.ts";
import { quantile } from "./figures.ts";
import { createHttpClient } from "./http-client.ts";
import { startLoad } from "./load.ts";
import { type Observer, observe } from "./observer.ts";
import type { LoadRecord, RecordedRequest, RequestKind } from "./record.ts";
import type { RowOptions, RowResult, Violation } from "./row.ts";

/** With it 50 clients send up to 200 requests a second, which leaves the machine room to fail things. */
const PAUSE_MS = 500;
const MIX: readonly RequestKind[] = ["chat", "feedback", "chat, cached", "session", "chat, streamed", "search", "chat", "health"];
const CHATS: ReadonlySet<RequestKind> = new Set(["chat", "chat, cached", "chat, streamed"]);

export interface Scene {
  readonly server: RunningServer;
  readonly observer: Observer;
  /** Stops the load, looks for what must not be, and puts the row together. */
  finish(end: {
    readonly promised: Promised;
    readonly episodes: Episodes;
    readonly remarks: readonly string[];
    readonly violations?: readonly Violation[];
    /** Feedback in the store, where the row looks for it. */
    readonly storedFeedback?: () => Promise<readonly StoredFeedback[]>;
  }): Promise<RowResult>;
}

/** Starts the server in a folder of its own with these settings, and the clients. Resolves when it is ready and the load runs. */
export async function startScene(
  settings: Readonly<Record<string, string>>,
  { cleanUp, clients, random }: RowOptions,
  launch: LaunchOptions = {},
): Promise<Scene> {
  const folder = await temporaryDirectory();
  cleanUp.add(() => folder.remove());
  const server = launchServer(
    {
      DATA_DIR: join(folder.path, "data"),
      LOG_LEVEL: "warn",
      // No session may go because there are many: the checker wants them all.
      SESSIONS_PER_PRINCIPAL: "1000000",
      ...settings,
    },
    launch,
  );
  cleanUp.add(() => endServer(server));
  await server.started;
  const { address } = server;
  const { apiKey } = await server.secrets();
  const observer = observe(server, address);
  cleanUp.add(async () => observer.close());
  const before = await observer.resources();
  const beganAtMs = performance.now();
  const load = startLoad({ address, apiKey, clients, pauseMs: PAUSE_MS, mix: MIX, random });

  return {
    server,
    observer,
    async finish({ promised, episodes, remarks, violations = [], storedFeedback }) {
      const record = await load.stop();
      const hasExited = server.process.exitCode !== null || server.process.signalCode !== null;
      const found = [
        ...violations,
        ...episodes.violations,
        ...checkRequests(record.requests, promised, beganAtMs),
        ...(hasExited ? [exitViolation(server)] : await checkSessions(address, apiKey, record)),
        ...(storedFeedback === undefined ? [] : checkFeedback(await storedFeedback(), record)),
      ];
      const after = await observer.resources();
      return {
        injections: episodes.detectMs.length,
        requests: record.requests.length,
        violations: found,
        detectMs: episodes.detectMs,
        healMs: episodes.healMs,
        remarks: [
          ...remarks,
          describeChats(record.requests, episodes),
          `${record.acknowledgedFeedback.size} feedback and ${countTurns(record)} turns in ${record.acknowledgedTurns.size} sessions acknowledged, looked for ${storedFeedback === undefined ? "the turns" : "all"}`,
          `open files ${before.files} → ${after.files}, memory ${Math.round(before.memoryMiB)} → ${Math.round(after.memoryMiB)} MiB`,
        ],
      };
    },
  };
}

/** Ends a server in order, and by force when that takes too long. */
export async function endServer(server: Pick<RunningServer, "stop">): Promise<void> {
  const force = setTimeout(() => void server.stop("SIGKILL"), 20_000);
  await server.stop();
  clearTimeout(force);
}

export function exitViolation(server: Pick<RunningServer, "process" | "output">): Violation {
  const { exitCode, signalCode } = server.process;
  return { kind: "process exit", detail: `the server ended with ${signalCode ?? exitCode}:\n${server.output().slice(-2_000)}` };
}

async function checkSessions(address: string, apiKey: string, { acknowledgedTurns, unknownTurns }: LoadRecord): Promise<Violation[]> {
  const client = createHttpClient(address, { "x-api-key": apiKey });
  const violations: Violation[] = [];
  for (const [id, acknowledged] of acknowledgedTurns) {
    const { status, text } = await client.send({ method: "GET", path: `/sessions/${id}` });
    const stored = status === 200 ? JSON.parse(text).turns.map(({ question }: { question: string }) => question) : undefined;
    violations.push(...checkSession(id, stored, acknowledged, unknownTurns.get(id)));
  }
  client.close();
  return violations;
}

const countTurns = ({ acknowledgedTurns }: LoadRecord): number => [...acknowledgedTurns.values()].reduce((sum, { length }) => sum + length, 0);

/** How long questions took while nothing was wrong, and while something was. */
function describeChats(requests: readonly RecordedRequest[], { outages, detectMs }: Episodes): string {
  const chats = requests.filter(({ kind }) => CHATS.has(kind));
  const isDuring = ({ startedAtMs, durationMs }: RecordedRequest): boolean =>
    outages.some(({ fromMs, untilMs }) => startedAtMs + durationMs >= fromMs && startedAtMs <= untilMs);
  const isAfterDetection = ({ startedAtMs }: RecordedRequest): boolean =>
    outages.some(({ fromMs, untilMs }, at) => startedAtMs >= fromMs + (detectMs[at] ?? 0) && startedAtMs <= untilMs);
  const p99 = (some: readonly RecordedRequest[]): string =>
    some.length === 0
      ? "–"
      : `${Math.round(
          quantile(
            some.map(({ durationMs }) => durationMs),
            0.99,
          ),
        )} ms`;
  const slowest = Math.round(
    quantile(
      chats.map(({ durationMs }) => durationMs),
      1,
    ),
  );
  const failed = chats.filter(({ problem }) => problem !== undefined).length;
  const during = chats.filter(isDuring);
  return `${failed} of ${chats.length} chats failed (${during.length} of them during the fault); chat p99 ${p99(chats.filter((each) => !isDuring(each)))} without, ${p99(during)} during the fault, ${p99(chats.filter(isAfterDetection))} of those that began once it was detected, the slowest ${slowest} ms`;
}
