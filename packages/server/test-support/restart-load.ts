/**
 * Restarts the server behind its launcher again and again while clients ask, then looks for every acknowledged feedback in the database.
 *
 * Usage: node packages/server/test-support/restart-load.ts 50
 */
import { join } from "node:path";
import { createRandomSource } from "../../core/src/semantic/random.ts";
import { startEmbeddedPostgres } from "../src/adapters/pglite/embedded-postgres.ts";
import { connectPostgres } from "../src/adapters/postgres/connection.ts";
import { startLauncher } from "./launched-server.ts";
import { type LoadRecord, startLoadClients } from "./load-clients.ts";
import { temporaryDirectory } from "./running-server.ts";

export interface RestartLoadResult extends LoadRecord {
  /** Milliseconds from the signal until the next server takes connections, restart by restart. */
  readonly restartsMs: readonly number[];
  /** Acknowledged feedback that is not in the database. */
  readonly lost: readonly string[];
  /** Rows of feedback in the database. */
  readonly stored: number;
}

const BUSY_CLIENTS = 20;
const PAUSING_CLIENTS = 5;
/** Below the 5 s for which the server keeps a connection, so that clients pause into a stop and out of it. */
const PAUSE_MS = 4_500;
const REQUESTS_BETWEEN_RESTARTS = 200;
const POLL_MS = 20;

export async function restartUnderLoad(restarts: number): Promise<RestartLoadResult> {
  const folder = await temporaryDirectory();
  const dataDir = join(folder.path, "data");
  const launched = await startLauncher({ DATA_DIR: dataDir, LOG_LEVEL: "warn" });
  try {
    await launched.said(/In use:/);
    const random = createRandomSource(20_26);
    const load = startLoadClients({
      address: launched.address,
      apiKey: await launched.apiKey(),
      busy: BUSY_CLIENTS,
      pausing: PAUSING_CLIENTS,
      pauseMs: PAUSE_MS,
      random: () => random() / 2 ** 32,
    });
    const restartsMs: number[] = [];
    const loadUntil = async (requests: number): Promise<void> => {
      while (load.requests() < requests) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    };
    for (let restart = 0; restart < restarts; restart += 1) {
      await loadUntil(load.requests() + REQUESTS_BETWEEN_RESTARTS);
      restartsMs.push(await launched.replace());
    }
    await loadUntil(load.requests() + REQUESTS_BETWEEN_RESTARTS);
    const record = await load.stop();
    await launched.stop();
    return { ...record, restartsMs, ...(await findFeedback(dataDir, record.acknowledged)) };
  } finally {
    await launched.stop("SIGKILL");
    await folder.remove();
  }
}

/** Saving under an id once more tells whether it was there. */
async function findFeedback(dataDir: string, ids: ReadonlySet<string>): Promise<{ readonly lost: readonly string[]; readonly stored: number }> {
  const embedded = await startEmbeddedPostgres({ dataDir: join(dataDir, "postgres") });
  try {
    const { feedback, close } = await connectPostgres({ server: embedded.connection, maxConnections: 1, timeoutMs: 10_000 });
    try {
      const { up } = await feedback.countFeedback();
      const lost: string[] = [];
      for (const id of ids) if (await feedback.saveFeedback({ id, principal: "checker", rating: "down", atMs: 0 })) lost.push(id);
      return { lost, stored: up };
    } finally {
      await close();
    }
  } finally {
    await embedded.stop();
  }
}

if (import.meta.main) {
  const restarts = Number(process.argv[2] ?? "");
  if (!Number.isSafeInteger(restarts) || restarts < 1) {
    process.stderr.write("Usage: node packages/server/test-support/restart-load.ts <restarts>\n");
    process.exit(64);
  }
  const result = await restartUnderLoad(restarts);
  const sorted = result.restartsMs.toSorted((a, b) => a - b).map(Math.round);
  const lines = [
    `${restarts} restarts, ${sorted[0]} / ${sorted[Math.floor(sorted.length / 2)]} / ${sorted.at(-1)} ms (shortest, median, longest)`,
    `${result.requests} requests over ${result.connections} connections: ${Object.entries(result.kinds)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(", ")}`,
    `${result.failures.length} failed; slowest ${Math.round(result.slowestMs)} ms, p99 ${Math.round(result.p99Ms)} ms`,
    `${result.acknowledged.size} of ${result.sent.size} feedback acknowledged, ${result.stored} stored, ${result.lost.length} lost`,
    ...result.failures.slice(0, 20).map((failure) => `  ${JSON.stringify(failure)}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  process.exit(result.failures.length === 0 && result.lost.length === 0 ? 0 : 1);
}
