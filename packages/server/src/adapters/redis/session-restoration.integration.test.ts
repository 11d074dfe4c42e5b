/** Sessions of a backup beside and in place of those in use, in a real Redis. */
import type { Session } from "@rag-personal/core";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type RedisScene, startRedisScene, type TestedConnection } from "../../../test-support/redis-scene.ts";
import type { SessionEntry } from "../../operations/backup-sets/session-lines.ts";
import type { SessionTarget } from "../../operations/restoring/restoration.ts";
import { createSessionRestoration } from "./session-restoration.ts";
import { createRedisSessionStore } from "./session-store.ts";

const HOUR_MS = 3_600_000;

let scene: RedisScene;
let redis: TestedConnection;
let raw: Redis;
let restoration: SessionTarget;

beforeAll(async () => {
  scene = await startRedisScene({ commandTimeoutMs: 10_000 });
  ({ redis, raw } = scene);
  restoration = createSessionRestoration(redis);
});

afterAll(() => scene.remove());

beforeEach(async () => {
  await raw.flushall();
  await createRedisSessionStore({ redis }).save(session("new", 1));
  await raw.set("rag:cache:answer", "kept");
});

const session = (id: string, version: number): Session => ({ id, principal: "ada", version, turns: [], createdAtMs: 1, updatedAtMs: version });
const sessions = async (): Promise<string[]> =>
  (await createRedisSessionStore({ redis }).list("ada", 10)).map(({ id, version }) => `${id} ${version}`);

async function* stored(...kept: readonly Session[]): AsyncGenerator<SessionEntry> {
  const expiresAtMs = Date.now() + HOUR_MS;
  for (const each of kept)
    yield { key: `data:${each.id}`, expiresAtMs, hash: { principal: "ada", version: String(each.version), session: JSON.stringify(each) } };
  yield { key: "index:ada", expiresAtMs, sortedSet: kept.map(({ id, updatedAtMs }) => [id, updatedAtMs]) };
}

it("takes the place of those in use only at the switch, and goes back to them", async () => {
  expect(await restoration.stage("r1", stored(session("old", 3), session("new", 7)))).toBe(3);
  expect(await sessions()).toEqual(["new 1"]);
  expect([await restoration.isStaged("r1"), await restoration.isStaged("r2")]).toEqual([true, false]);

  expect(await restoration.switchToStaged("r1")).toBe(true);
  expect(await sessions()).toEqual(["new 7", "old 3"]);
  const ttl = await raw.pttl("rag:session:data:old");
  expect(ttl).toBeGreaterThan(HOUR_MS - 60_000);
  expect(ttl).toBeLessThanOrEqual(HOUR_MS);
  expect(await raw.get("rag:cache:answer")).toBe("kept");

  await restoration.switchBack("r1");
  expect(await sessions()).toEqual(["new 1"]);
});

it("can be told each thing twice", async () => {
  await restoration.stage("r1", stored(session("old", 3)));
  await restoration.stage("r1", stored(session("old", 3)));
  for (let time = 0; time < 2; time += 1) expect(await restoration.switchToStaged("r1")).toBe(true);
  expect(await sessions()).toEqual(["old 3"]);
  for (let time = 0; time < 2; time += 1) await restoration.switchBack("r1");
  expect(await sessions()).toEqual(["new 1"]);
});

it("does not switch to what is not prepared, or is of another restoration", async () => {
  expect(await restoration.switchToStaged("r1")).toBe(false);
  await restoration.stage("r1", stored(session("old", 3)));
  expect(await restoration.switchToStaged("r2")).toBe(false);
  expect(await sessions()).toEqual(["new 1"]);
  await restoration.switchBack("r2");
  expect(await restoration.switchToStaged("r1")).toBe(false);
});

it("does not take what was cut off in the middle for prepared", async () => {
  async function* cut(): AsyncGenerator<SessionEntry> {
    yield* stored(session("old", 3));
    throw new Error("cut");
  }
  await expect(restoration.stage("r1", cut())).rejects.toThrow("cut");
  expect(await restoration.switchToStaged("r1")).toBe(false);
});

it("replaces all sessions by none where the backup has none, and leaves nothing behind", async () => {
  await restoration.stage("r1", stored());
  expect(await restoration.switchToStaged("r1")).toBe(true);
  expect(await sessions()).toEqual([]);
  await restoration.drop();
  expect(await raw.keys("*")).toEqual(["rag:cache:answer"]);
});
