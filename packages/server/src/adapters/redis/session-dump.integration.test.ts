/** Sessions of a real Redis as a backup reads them, and put back into an empty one. */
import type { Session } from "@rag-personal/core";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { connectForTest, type RedisScene, startRedisScene, type TestedConnection, timed } from "../../../test-support/redis-scene.ts";
import { clock, timers } from "../../composition/time.ts";
import { readSessionLines, type SessionEntry, writeSessionLine } from "../../operations/backup-sets/session-lines.ts";
import type { SessionSource } from "../../operations/session-source.ts";
import { createSessionSource } from "./session-dump.ts";
import { createSessionRestoration } from "./session-restoration.ts";
import { createRedisSessionStore } from "./session-store.ts";

let scene: RedisScene;
let redis: TestedConnection;
let raw: Redis;
let source: SessionSource;

beforeAll(async () => {
  scene = await startRedisScene();
  ({ redis, raw } = scene);
  source = createSessionSource({ redis, clock, timers });
});

afterAll(() => scene.remove());

beforeEach(async () => {
  await raw.flushall();
  await raw.set("rag:cache:answer", "left out");
  await raw.set("rag:budget:llm", "left out");
});

const session = (id: string, principal = "ada"): Session => ({
  id,
  principal,
  version: 1,
  turns: [
    { question: `what is ☃ ${id}?\n"\\`, standaloneQuestion: "what?", answer: "snow".repeat(20), answerable: true, citedTitles: ["Snow"], atMs: 1 },
  ],
  createdAtMs: 1,
  updatedAtMs: 2,
});

async function readAll(): Promise<SessionEntry[]> {
  const entries: SessionEntry[] = [];
  for await (const entry of source.readSessions()) entries.push(entry);
  return entries;
}

it("are read with when they end, and nothing else of Redis is", async () => {
  await createRedisSessionStore({ redis, ttlMs: 3_600_000 }).save(session("one"));
  const entries = (await readAll()).sort((a, b) => a.key.localeCompare(b.key));
  expect(entries).toMatchObject([
    { key: "data:one", hash: { principal: "ada", version: "1" } },
    { key: "index:ada", sortedSet: [["one", 2]] },
  ]);
  for (const { expiresAtMs } of entries) expect(Math.abs((expiresAtMs ?? 0) - Date.now() - 3_600_000)).toBeLessThan(5_000);
});

it("are the same after they were written as lines and put back into an empty Redis", async () => {
  const store = createRedisSessionStore({ redis });
  for (const id of ["one", "two", "three"]) await store.save(session(id, id === "three" ? "bob: \u0000*[?" : "ada"));
  const before = await store.list("ada", 10);
  const lines = (await readAll()).map((entry) => Buffer.from(writeSessionLine(entry)));
  await raw.flushall();
  const restoration = createSessionRestoration(redis);
  await restoration.stage(
    "x",
    readSessionLines(
      (async function* () {
        yield* lines;
      })(),
    ),
  );
  await restoration.switchToStaged("x");
  expect(await store.list("ada", 10)).toEqual(before);
  expect(await store.load("bob: \u0000*[?", "three")).toEqual(session("three", "bob: \u0000*[?"));
});

it("are read by the ten thousand in less than a second, each once, while Redis answers others", async () => {
  const pipeline = raw.pipeline();
  const json = JSON.stringify(session("x"));
  for (let index = 0; index < 10_000; index += 1) {
    pipeline.hset(`rag:session:data:${index}`, "principal", `p${index % 500}`, "version", "1", "session", json);
    pipeline.pexpire(`rag:session:data:${index}`, 3_600_000);
    pipeline.zadd(`rag:session:index:p${index % 500}`, 1, String(index));
  }
  await pipeline.exec();
  const { result: entries = [], ms } = await timed(readAll);
  expect(new Set(entries.map(({ key }) => key)).size).toBe(10_500);
  expect(entries).toHaveLength(10_500);
  expect(ms).toBeLessThan(1_000);
});

it("say that Redis is away instead of being none", async () => {
  const away = connectForTest("redis://127.0.0.1:1");
  const impatient = { set: (_: number, run: () => void) => timers.set(10, run) };
  await expect(createSessionSource({ redis: away, clock, timers: impatient }).version()).rejects.toMatchObject({ code: "store_unavailable" });
  await away.close(0);
});
