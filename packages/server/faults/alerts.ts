/**
 * Makes every fault that there is an alert for, and looks in a real Prometheus whether the alert fires, ends when the fault is mended, and
 * no other one fires beside it.
 *
 * Usage: npm run test:alerts
 *
 * Needs Linux and root, for a small disk of its own. Takes about three minutes: the rules run in quick motion, as `test-support/alert-scene.ts` says.
 * Prints a table, and ends with 1 when an alert did not do as it should.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createDatabase } from "../src/adapters/postgres/database.ts";
import { type AlertScene, FACTOR, startAlertScene } from "../test-support/alert-scene.ts";
import { type Api, connectApi } from "../test-support/api.ts";
import { startChromaServer } from "../test-support/chroma-server.ts";
import { freePort } from "../test-support/free-port.ts";
import { startServer, temporaryDirectory } from "../test-support/running-server.ts";

const DISK_BYTES = 32 * 1024 * 1024;
/** Slower than the two seconds of HighLatency, on the way there and back. */
const SLOW_MS = 1_500;
const CLIENTS = 12;
const QUIET_MS = 10_000;

interface Phase {
  readonly alerts: readonly string[];
  /** Others that may fire beside them, because they say the same with other words. */
  readonly besides?: readonly string[];
  break(): Promise<unknown>;
  mend(): Promise<unknown>;
}

interface Outcome {
  readonly alert: string;
  readonly fireSeconds: number | undefined;
  readonly clearSeconds: number | undefined;
}

const say = (message: string): void => void process.stderr.write(`${message}\n`);

function mountSmallDisk(): { readonly path: string; unmount(): void } {
  const path = mkdtempSync(join(tmpdir(), "rag-small-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", path]);
  return {
    path,
    unmount() {
      execFileSync("umount", ["-l", path]);
      rmSync(path, { recursive: true });
    },
  };
}

/** Runs one phase. @returns what became of each alert, and which fired that should not have. */
async function run(scene: AlertScene, phase: Phase): Promise<{ readonly outcomes: readonly Outcome[]; readonly strangers: readonly string[] }> {
  const { alerts, besides = [] } = phase;
  say(`breaking: ${alerts.join(", ")}`);
  await phase.break();
  const fired = await scene.fire(...alerts).catch((error: unknown) => say(String(error)));
  const strangers = [...(await scene.prometheus.firing())].filter((alert) => !alerts.includes(alert) && !besides.includes(alert));
  say("mending");
  await phase.mend();
  const cleared = await scene.clear(...alerts, ...besides).catch((error: unknown) => say(String(error)));
  const outcomes = alerts.map((alert) => ({ alert, fireSeconds: fired?.get(alert), clearSeconds: cleared?.get(alert) }));
  return { outcomes, strangers };
}

/** A second server, whose model may be asked once a minute. */
async function startThriftyServer(scene: AlertScene, port: number): Promise<Api> {
  const folder = await temporaryDirectory();
  const dataDir = join(folder.path, "data");
  const server = await startServer({
    DATA_DIR: dataDir,
    DOCS_DIR: scene.docsDir,
    PORT: String(port),
    LLM_BASE_URL: scene.llm.baseUrl,
    LLM_MODEL: "test-model",
    LLM_REQUESTS_PER_MINUTE: "1",
    LLM_BUDGET_WAIT_MS: "0",
    LOG_LEVEL: "warn",
  });
  scene.onEnd(async () => {
    await server.stop("SIGKILL");
    await folder.remove();
  });
  const now = new Date().toISOString();
  await writeFile(join(dataDir, "operations.json"), JSON.stringify({ lastBackupAt: now, lastDrillAt: now }));
  return await connectApi(server);
}

async function phasesOf(scene: AlertScene, chroma: Awaited<ReturnType<typeof startChromaServer>>, thriftyPort: number): Promise<readonly Phase[]> {
  const filler = join(scene.dataDir, "filler");
  const thrifty = await startThriftyServer(scene, thriftyPort);
  const record = createDatabase({ server: { url: scene.postgres.url }, maxConnections: 1, timeoutMs: 10_000 });
  scene.onEnd(() => record.close(1_000));
  let isAskingThrifty = false;
  const askThrifty = async (): Promise<void> => {
    for (let asked = 0; isAskingThrifty; asked += 1) {
      const body = { question: "Where does the owl sleep?", filters: { pathPrefixes: ["owl", `thrifty/${asked}/`] } };
      await thrifty.client("POST", "/chat", { body });
      await delay(200);
    }
  };
  return [
    {
      alerts: ["BackupTooOld", "DrillTooOld", "DiskNearlyFull", "IngestionFailing", "VectorsStuck", "BudgetExhausted", "HighLatency"],
      async break() {
        await scene.noteBackup(30);
        await writeFile(filler, Buffer.alloc(DISK_BYTES * 0.93));
        await rename(scene.docsDir, `${scene.docsDir}-away`);
        await scene.api().admin("POST", "/ingest");
        await chroma.kill();
        isAskingThrifty = true;
        void askThrifty();
        await scene.llmProxy.set({ kind: "delay", ms: SLOW_MS });
      },
      async mend() {
        await rm(filler);
        await scene.noteBackup(0);
        await rename(`${scene.docsDir}-away`, scene.docsDir);
        await scene.api().admin("POST", "/ingest");
        await chroma.restart();
        isAskingThrifty = false;
        await scene.llmProxy.set({ kind: "pass" });
      },
    },
    {
      alerts: ["RedisDown", "PostgresDown", "SessionsInMemory", "FeedbackWaiting"],
      besides: ["RecordLagging"],
      break: () => Promise.all([scene.redis.kill(), scene.postgres.kill()]),
      mend: () => Promise.all([scene.redis.restart(), scene.postgres.restart()]),
    },
    {
      // PostgreSQL is well, and what other servers do cannot be read from it.
      alerts: ["RecordLagging"],
      break: () => record.query((sql) => sql`alter table index_changes rename to index_changes_away`),
      mend: () => record.query((sql) => sql`alter table index_changes_away rename to index_changes`),
    },
    {
      alerts: ["LLMErrorsHigh", "CircuitBreakerOpen", "HighErrorRate"],
      async break() {
        scene.llm.behave({ status: 500 });
      },
      async mend() {
        scene.llm.behave("answers");
        // As the runbook has it; by itself it takes half a minute and three successes.
        while ((await scene.api().admin("POST", "/admin/breaker/reset")).status !== 200) await delay(200);
      },
    },
    { alerts: ["InstanceDown"], break: () => scene.killServer(), mend: () => scene.restartServer() },
  ];
}

const disk = mountSmallDisk();
const chroma = await startChromaServer();
const thriftyPort = await freePort();
const scene = await startAlertScene({
  dataDir: join(disk.path, "data"),
  more: [`127.0.0.1:${thriftyPort}`],
  environment: { CHROMA_URL: chroma.url },
});
scene.onEnd(() => chroma.remove());
let isWell = true;
try {
  const phases = await phasesOf(scene, chroma, thriftyPort);
  scene.keepAsking(scene.api, CLIENTS);
  await delay(QUIET_MS);
  // The second server came after the first reading of it.
  await scene.clear("InstanceDown");
  const outcomes: Outcome[] = [];
  const strangers: string[] = [...(await scene.prometheus.firing())];
  for (const phase of phases) {
    const result = await run(scene, phase);
    outcomes.push(...result.outcomes);
    strangers.push(...result.strangers);
  }
  await delay(QUIET_MS);
  strangers.push(...(await scene.prometheus.firing()));

  const shipped = [...readFileSync(join(import.meta.dirname, "../../../monitoring/prometheus/alerts.yml"), "utf8").matchAll(/- alert: (\w+)/g)].map(
    ([, name = ""]) => name,
  );
  const untried = shipped.filter((name) => !outcomes.some(({ alert }) => alert === name));
  const shown = (seconds: number | undefined): string => (seconds === undefined ? "NO" : seconds.toFixed(1));
  process.stdout.write(`| alert | fires after, s (1/${FACTOR} of real time) | ends after, s |\n|---|---|---|\n`);
  for (const { alert, fireSeconds, clearSeconds } of outcomes)
    process.stdout.write(`| ${alert} | ${shown(fireSeconds)} | ${shown(clearSeconds)} |\n`);
  process.stdout.write(`\nFired without a reason: ${strangers.join(", ") || "none"}. Not tried: ${untried.join(", ") || "none"}.\n`);
  isWell =
    outcomes.every(({ fireSeconds, clearSeconds }) => fireSeconds !== undefined && clearSeconds !== undefined) &&
    strangers.length + untried.length === 0;
} finally {
  await scene.end();
  disk.unmount();
}
process.exit(isWell ? 0 : 1);
