/** A real server with real stores and a model that fails on demand, read by a real Prometheus with the shipped rules in quick motion. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Api, connectApi } from "./api.ts";
import { type FakeLlmServer, startFakeLlmServer } from "./fake-llm-server.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { freePort } from "./free-port.ts";
import { type PostgresServer, startPostgresServer } from "./postgres-server.ts";
import { type PrometheusServer, startPrometheus } from "./prometheus-server.ts";
import { type RedisServer, startRedisServer } from "./redis-server.ts";
import { type RunningServer, startServer } from "./running-server.ts";
import { scaleTime } from "./scale-time.ts";

/** A minute passes in two seconds, and a reading every 15 s comes every half. */
export const FACTOR = 30;
const MONITORING = join(import.meta.dirname, "../../../monitoring/prometheus");
const POLL_MS = 50;
const PATIENCE_MS = 90_000;
const DAY_MS = 86_400_000;

export interface AlertScene {
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  readonly llm: FakeLlmServer;
  /** Between the server and its model. */
  readonly llmProxy: FaultProxy;
  readonly prometheus: PrometheusServer;
  readonly docsDir: string;
  readonly dataDir: string;
  api(): Api;
  /** Kills the server, and starts it again at the same address. */
  killServer(): Promise<void>;
  restartServer(): Promise<void>;
  /** Notes a backup and a drill that ended so many days ago. */
  noteBackup(daysAgo: number): Promise<void>;
  /** Resolves with the seconds until all of them fire, each. @throws when one does not. */
  fire(...alerts: string[]): Promise<ReadonlyMap<string, number>>;
  /** Resolves with the seconds until none of them fires, each. @throws when one goes on. */
  clear(...alerts: string[]): Promise<ReadonlyMap<string, number>>;
  /** Clients that ask the model again and again, until the scene ends. */
  keepAsking(api: () => Api, clients: number): void;
  /** Ends everything. */
  end(): Promise<void>;
  /** To be called by {@link end}, the latest first. */
  onEnd(end: () => Promise<unknown>): void;
}

/** @param environment more settings of the server. @param more addresses for Prometheus to read besides the server's. */
export async function startAlertScene({
  environment = {},
  more = [],
  dataDir: givenDataDir,
}: {
  readonly environment?: Readonly<Record<string, string>>;
  readonly more?: readonly string[];
  readonly dataDir?: string;
} = {}): Promise<AlertScene> {
  const ends: (() => Promise<unknown>)[] = [];
  const onEnd = (end: () => Promise<unknown>): void => void ends.push(end);
  async function end(): Promise<void> {
    for (const each of ends.splice(0).reverse()) await each().catch(() => undefined);
  }
  try {
    return await open();
  } catch (error) {
    await end();
    throw error;
  }

  async function open(): Promise<AlertScene> {
    const folder = await mkdtemp(join(tmpdir(), "rag-alerts-"));
    onEnd(() => rm(folder, { recursive: true, force: true }));
    const [redis, postgres, llm] = await Promise.all([startRedisServer(), startPostgresServer(), startFakeLlmServer()]);
    onEnd(() => redis.remove());
    onEnd(() => postgres.remove());
    onEnd(() => llm.close());
    const llmUrl = new URL(llm.baseUrl);
    const llmProxy = await startFaultProxy({ target: { port: Number(llmUrl.port) } });
    onEnd(() => llmProxy.close());
    const docsDir = join(folder, "docs");
    const dataDir = givenDataDir ?? join(folder, "data");
    await mkdir(docsDir);
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(docsDir, "owl.md"), "# The owl\n\nThe owl sleeps in the barn until dusk.\n");

    async function noteBackup(daysAgo: number): Promise<void> {
      const at = new Date(Date.now() - daysAgo * DAY_MS).toISOString();
      await writeFile(join(dataDir, "operations.json"), JSON.stringify({ lastBackupAt: at, lastDrillAt: at, rtoSeconds: 7, rpoSeconds: 0 }));
    }
    await noteBackup(0);
    const port = await freePort();
    const start = (): Promise<RunningServer> =>
      startServer({
        DATA_DIR: dataDir,
        DOCS_DIR: docsDir,
        PORT: String(port),
        REDIS_URL: redis.url,
        DATABASE_URL: postgres.url,
        LLM_BASE_URL: `http://127.0.0.1:${llmProxy.port}/v1`,
        LLM_MODEL: "test-model",
        LLM_REQUESTS_PER_MINUTE: "100000",
        LOG_LEVEL: "warn",
        ...environment,
      });
    let server = await start();
    onEnd(() => server.stop("SIGKILL"));
    let api = await connectApi(server);
    const prometheus = await startPrometheus(await writeConfiguration(folder, [`127.0.0.1:${port}`, ...more]));
    onEnd(() => prometheus.remove());

    async function until(alerts: readonly string[], fires: boolean): Promise<ReadonlyMap<string, number>> {
      const startedAt = performance.now();
      const seconds = new Map<string, number>();
      for (;;) {
        const firing = await prometheus.firing();
        const elapsed = performance.now() - startedAt;
        for (const alert of alerts) if (firing.has(alert) === fires && !seconds.has(alert)) seconds.set(alert, Math.round(elapsed / 100) / 10);
        if (seconds.size === alerts.length) return seconds;
        if (elapsed > PATIENCE_MS) {
          const missing = alerts.filter((alert) => !seconds.has(alert));
          throw new Error(`${missing.join(", ")} ${fires ? "did not fire" : "went on firing"} within ${PATIENCE_MS / 1_000} s`);
        }
        await delay(POLL_MS);
      }
    }

    return {
      redis,
      postgres,
      llm,
      llmProxy,
      prometheus,
      docsDir,
      dataDir,
      api: () => api,
      async killServer() {
        await server.stop("SIGKILL");
      },
      async restartServer() {
        server = await start();
        api = await connectApi(server);
      },
      noteBackup,
      fire: (...alerts) => until(alerts, true),
      clear: (...alerts) => until(alerts, false),
      keepAsking(askedApi, clients) {
        let isOver = false;
        const asking = Promise.all(Array.from({ length: clients }, (_, client) => askOn(askedApi, client, () => isOver)));
        onEnd(() => {
          isOver = true;
          return asking;
        });
      },
      end,
      onEnd,
    };
  }
}

const PAUSE_MS = 200;

async function askOn(api: () => Api, client: number, isOver: () => boolean): Promise<void> {
  for (let asked = 0; !isOver(); asked += 1) {
    // Filters are part of what an answer depends on: with ever new ones, none comes from the cache.
    const body = { question: "Where does the owl sleep?", filters: { pathPrefixes: ["owl", `${client}/${asked}/`] } };
    await Promise.allSettled([
      api().client("POST", "/chat", { body }),
      ...(asked % 10 === 0 ? [api().client("POST", "/feedback", { body: { rating: "up" } })] : []),
    ]);
    await delay(PAUSE_MS);
  }
}

/** Writes what ships, with these addresses in the place of the server's. @returns the path of the configuration. */
async function writeConfiguration(folder: string, targets: readonly string[]): Promise<string> {
  const read = async (name: string): Promise<string> => scaleTime(await readFile(join(MONITORING, name), "utf8"), FACTOR);
  const configuration = (await read("prometheus.yml"))
    .replace('["api:8000"]', JSON.stringify(targets))
    // Nobody is told, and only the server is of interest.
    .replace(/^alerting:\n(?: .*\n)+/m, "")
    .replace(/^ {2}- job_name: (?!rag)\S+\n(?: {4}.*\n)+/gm, "");
  await writeFile(join(folder, "alerts.yml"), await read("alerts.yml"));
  await writeFile(join(folder, "prometheus.yml"), configuration);
  return join(folder, "prometheus.yml");
}
