/** Replicas that share a budget through a real Redis, with it and without it. */
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectForTest, type TestedConnection, until, untilState } from "../../../test-support/redis-scene.ts";
import { type RedisServer, startRedisServer } from "../../../test-support/redis-server.ts";
import { clock, timers } from "../../composition/time.ts";
import { createSharedRequestBudget, type SharedRequestBudget, type SharedRequestBudgetOptions } from "./request-budget.ts";

const SIGNAL = new AbortController().signal;

let server: RedisServer;
let raw: Redis;
const toClose: (() => unknown)[] = [];

beforeEach(async () => {
  server = await startRedisServer();
  raw = new Redis(server.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  raw.on("error", () => undefined);
});

afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
  raw.disconnect();
  await server.remove();
});

interface Replica {
  readonly redis: TestedConnection;
  readonly budget: SharedRequestBudget;
}

async function startReplicas(count: number, options: Partial<SharedRequestBudgetOptions> = {}): Promise<readonly Replica[]> {
  const replicas = Array.from({ length: count }, () => {
    const redis = connectForTest(server.url);
    const budget = createSharedRequestBudget({ redis, name: "llm", clock, timers, ...options });
    toClose.push(
      () => redis.close(0),
      () => budget.close(),
    );
    return { redis, budget };
  });
  for (const { redis } of replicas) await untilState(redis, "ready");
  await until(async () => (await raw.zcard(`rag:budget:${options.name ?? "llm"}:replicas`)) === count, "not every replica has made itself known");
  return replicas;
}

/** How many of so many attempts passed, made by turns and all at once. */
async function spend(replicas: readonly Replica[], attempts: number): Promise<number> {
  const outcomes = await Promise.allSettled(Array.from({ length: attempts }, (_, n) => replicas[n % replicas.length]?.budget.spend(SIGNAL)));
  for (const outcome of outcomes) if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "rate_limited" });
  return outcomes.filter(({ status }) => status === "fulfilled").length;
}

describe("createSharedRequestBudget", () => {
  it("lets exactly the limit pass, whoever asks", async () => {
    const replicas = await startReplicas(3, { perMinute: 10 });
    expect(await spend(replicas, 60)).toBe(10);
    expect(replicas[0]?.budget.remaining()).toBe(0);
    await expect(replicas[1]?.budget.spend(SIGNAL)).rejects.toMatchObject({ code: "rate_limited", retryAfterSeconds: 60 });
  });

  it("has room again when calls leave the window, and says when", async () => {
    const [replica] = await startReplicas(1, { perMinute: 2 });
    const [seconds] = await raw.time();
    await raw.zadd("rag:budget:llm:calls", Number(seconds) * 1000 - 58_000, "earlier", Number(seconds) * 1000 - 70_000, "gone");
    await replica?.budget.spend(SIGNAL);
    await expect(replica?.budget.spend(SIGNAL)).rejects.toMatchObject({ retryAfterSeconds: expect.toBeOneOf([1, 2, 3]) });
    await raw.zrem("rag:budget:llm:calls", "earlier");
    await replica?.budget.spend(SIGNAL);
  });

  it("is not blocked by a clock of Redis that was set back", async () => {
    const [replica] = await startReplicas(1, { perMinute: 2 });
    await raw.zadd("rag:budget:llm:calls", Date.now() + 3_600_000, "a", Date.now() + 3_600_000, "b");
    expect(replica && (await spend([replica], 3))).toBe(2);
  });

  it("keeps apart what has different names, and leaves nothing behind for ever", async () => {
    const [one, another] = [...(await startReplicas(1, { perMinute: 1 })), ...(await startReplicas(1, { perMinute: 1, name: "another" }))];
    for (const replica of [one, another]) expect(replica && (await spend([replica], 2))).toBe(1);
    for (const key of await raw.keys("rag:budget:*")) expect(await raw.pttl(key)).toBeGreaterThan(0);
  });

  it("goes on without Redis within the part of each, and tells of it afterwards", async () => {
    const replicas = await startReplicas(2, { perMinute: 11 });
    expect(await spend(replicas, 4)).toBe(4);
    // Everybody has heard of all four.
    await until(() => replicas.every(({ budget }) => budget.remaining() === 7), "the replicas have not heard of each other");
    await server.kill();
    for (const { redis } of replicas) await untilState(redis, "away");
    // Seven are left, which two cannot share evenly: each takes four.
    expect(await spend(replicas, 40)).toBe(8);
    expect(replicas.map(({ budget }) => budget.remaining())).toEqual([0, 0]);
    await server.restart();
    await until(async () => (await raw.zcard("rag:budget:llm:calls")) === 12, "the calls made alone were not reported");
    for (const { redis } of replicas) await untilState(redis, "ready");
    expect(await spend(replicas, 10)).toBe(0);
  });

  it("counts a call once that was spent alone because Redis did not say whether it had counted it", async () => {
    const [replica] = await startReplicas(1, { perMinute: 5 });
    server.freeze();
    await replica?.budget.spend(SIGNAL);
    server.thaw();
    await until(async () => (await raw.zcard("rag:budget:llm:calls")) > 0, "the call was not reported");
    if (replica !== undefined) await untilState(replica.redis, "ready");
    await replica?.budget.spend(SIGNAL);
    expect(await raw.zcard("rag:budget:llm:calls")).toBe(2);
  });

  it("starts without Redis, with the part of a replica among those expected", async () => {
    await server.kill();
    const redis = connectForTest(server.url);
    const budget = createSharedRequestBudget({ redis, name: "llm", clock, timers, perMinute: 9, expectedReplicas: 3 });
    toClose.push(
      () => redis.close(0),
      () => budget.close(),
    );
    expect(await spend([{ redis, budget }], 20)).toBe(3);
    await server.restart();
  });

  it("does not spend for somebody who has left", async () => {
    const [replica] = await startReplicas(1, { perMinute: 2 });
    await expect(replica?.budget.spend(AbortSignal.abort(new Error("left")))).rejects.toThrow("left");
    expect(replica?.budget.remaining()).toBe(2);
  });

  it.each([{ perMinute: 0 }, { perMinute: 1.5 }, { expectedReplicas: 0 }])("refuses %j", (options) => {
    const redis = connectForTest(server.url);
    toClose.push(() => redis.close(0));
    expect(() => createSharedRequestBudget({ redis, name: "llm", clock, timers, ...options })).toThrow(RangeError);
  });
});
