/** The parts a server leans on, each of which can fail by itself or beside another one. */
import { startChromaServer } from "../test-support/chroma-server.ts";
import { startFakeLlmServer } from "../test-support/fake-llm-server.ts";
import { startFaultProxy } from "../test-support/fault-proxy.ts";
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { startRedisServer } from "../test-support/redis-server.ts";
import { isChromaAway, isChromaBack } from "./chroma-scene.ts";
import type { CleanUp } from "./clean-up.ts";
import type { Observer } from "./observer.ts";
import { isPostgresAway, isPostgresBack, isPostgresSilent } from "./postgres-gauges.ts";
import { isRedisAway, isRedisBack } from "./redis-gauges.ts";

export interface FailingPart {
  readonly name: string;
  /** Settings that make the server use it. */
  readonly settings: Readonly<Record<string, string>>;
  readonly fail: () => Promise<void>;
  readonly mend: () => Promise<void>;
  /** Whether the server shows that it knows. */
  readonly isAway: (observer: Observer) => Promise<boolean>;
  readonly isBack: (observer: Observer) => Promise<boolean>;
}

const OPEN = 1;

/** Starts every part. A further one needs no more than its place in this list. */
export async function startParts(cleanUp: CleanUp): Promise<readonly FailingPart[]> {
  const redis = await startRedisServer();
  cleanUp.add(() => redis.remove());
  const postgres = await startPostgresServer();
  cleanUp.add(() => postgres.remove());
  const chroma = await startChromaServer();
  cleanUp.add(() => chroma.remove());
  const llm = await startFakeLlmServer();
  cleanUp.add(() => llm.close());
  const proxy = await startFaultProxy({ target: { port: Number(new URL(llm.baseUrl).port) } });
  cleanUp.add(() => proxy.close());
  return [
    {
      name: "Redis",
      settings: { REDIS_URL: redis.url },
      fail: async () => redis.freeze(),
      mend: async () => redis.thaw(),
      isAway: isRedisAway,
      isBack: isRedisBack,
    },
    {
      name: "PostgreSQL",
      settings: { DATABASE_URL: postgres.url },
      fail: async () => postgres.freeze(),
      mend: async () => postgres.thaw(),
      isAway: async (observer) => (await isPostgresSilent(observer)) || (await isPostgresAway(observer)),
      isBack: isPostgresBack,
    },
    {
      name: "Chroma",
      settings: { CHROMA_URL: chroma.url },
      fail: async () => chroma.freeze(),
      mend: async () => chroma.thaw(),
      isAway: isChromaAway,
      isBack: isChromaBack,
    },
    {
      name: "model",
      settings: {
        LLM_BASE_URL: `http://${proxy.host}:${proxy.port}/v1`,
        LLM_MODEL: "test-model",
        LLM_REQUESTS_PER_MINUTE: "100000",
        LLM_FALLBACK: "extractive",
      },
      fail: () => proxy.set({ kind: "refuse" }),
      mend: () => proxy.set({ kind: "pass" }),
      isAway: async (observer) => (await observer.metric("rag_circuit_breaker_state")) === OPEN,
      // The circuit stays open for its 30 s, which F11 waits for; here it is closed by hand once the model answers.
      isBack: async (observer) => (await observer.metric("rag_circuit_breaker_state")) === 0,
    },
  ];
}
