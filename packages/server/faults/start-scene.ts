/** PostgreSQL, Redis and a model that can all be taken away and come back, and a server set up for them. */
import { join } from "node:path";
import { startFakeLlmServer } from "../test-support/fake-llm-server.ts";
import { startFaultProxy } from "../test-support/fault-proxy.ts";
import { freePort } from "../test-support/free-port.ts";
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { startRedisServer } from "../test-support/redis-server.ts";
import { launchServer, type RunningServer, temporaryDirectory } from "../test-support/running-server.ts";
import type { RowOptions } from "./row.ts";
import { endServer } from "./scene.ts";

export type Part = "PostgreSQL" | "Redis" | "model";

export interface LateParts {
  /** Where every server that is launched listens. */
  readonly address: string;
  readonly apiKey: string;
  /** Takes all three away. */
  takeAway(): Promise<void>;
  /** Each resolves when the part takes connections. */
  readonly arrive: Readonly<Record<Part, () => Promise<void>>>;
  launch(): RunningServer;
}

/** Resolves when a first server has read the documents into PostgreSQL and has been stopped: later starts find them there. */
export async function startLateParts({ cleanUp }: RowOptions): Promise<LateParts> {
  const folder = await temporaryDirectory();
  cleanUp.add(() => folder.remove());
  const postgres = await startPostgresServer();
  cleanUp.add(() => postgres.remove());
  const redis = await startRedisServer();
  cleanUp.add(() => redis.remove());
  const llm = await startFakeLlmServer();
  cleanUp.add(() => llm.close());
  const proxy = await startFaultProxy({ target: { port: Number(new URL(llm.baseUrl).port) } });
  cleanUp.add(() => proxy.close());
  const port = await freePort();
  const settings = {
    DATA_DIR: join(folder.path, "data"),
    PORT: String(port),
    LOG_LEVEL: "warn",
    DATABASE_URL: postgres.url,
    DATABASE_TIMEOUT_MS: "1000",
    REDIS_URL: redis.url,
    LLM_BASE_URL: `http://${proxy.host}:${proxy.port}/v1`,
    LLM_MODEL: "test-model",
    LLM_REQUESTS_PER_MINUTE: "100000",
  };

  function launch(): ReturnType<typeof launchServer> {
    const server = launchServer(settings);
    cleanUp.add(() => endServer(server));
    return server;
  }

  const first = launch();
  await first.started;
  const { apiKey } = await first.secrets();
  await first.stop();
  return {
    address: `http://127.0.0.1:${port}`,
    apiKey,
    async takeAway() {
      await Promise.all([postgres.kill(), redis.kill(), proxy.set({ kind: "refuse" })]);
    },
    arrive: {
      PostgreSQL: () => postgres.restart(),
      Redis: () => redis.restart(),
      model: () => proxy.set({ kind: "pass" }),
    },
    launch,
  };
}
