/** Replicas that share a budget through a real Redis, with it and without it. */
import { budgetSpent, type CallReservation } from "@rag-personal/core";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectForTest, type TestedConnection, until, untilState } from "../../../test-support/redis-scene.ts";
import { type RedisServer, startRedisServer } from "../../../test-support/redis-server.ts";
import { clock, timers } from "../../composition/time.ts";
import { createSharedCallWindow, type SharedCallWindow, type SharedCallWindowOptions } from "./call-window.ts";

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
  readonly window: SharedCallWindow;
}

async function startReplicas(count: number, options: Partial<SharedCallWindowOptions> = {}): Promise<readonly Replica[]> {
  const replicas = Array.from({ length: count }, () => {
    const redis = connectForTest(server.url);
    const window = createSharedCallWindow({ redis, name: "llm", clock, timers, ...options });
    toClose.push(
      () => redis.close(0),
      () => window.close(),
    );
    return { redis, window };
  });
  for (const { redis } of replicas) await untilState(redis, "ready");
  await until(async () => (await raw.zcard(`rag:budget:${options.name ?? "llm"}:replicas`)) === count, "not every replica has made itself known");
  return replicas;
}

const NOBODY = { calls: 0, tokens: 0 };

/** Takes one call, or throws the refusal that its caller would see. */
async function spendOne(replica: Replica | undefined, tokens = 1, signal = SIGNAL): Promise<CallReservation> {
  const grant = await replica?.window.take({ tokens, ahead: NOBODY, signal });
  if (grant === undefined) throw new Error("no such replica");
  if (!grant.isGranted) throw budgetSpent(grant.waitMs);
  return grant.reservation;
}

/** How many of so many attempts passed, made by turns and all at once. */
async function spend(replicas: readonly Replica[], attempts: number, tokens = 1): Promise<number> {
  const outcomes = await Promise.allSettled(Array.from({ length: attempts }, (_, n) => spendOne(replicas[n % replicas.length], tokens)));
  for (const outcome of outcomes) if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "rate_limited" });
  return outcomes.filter(({ status }) => status === "fulfilled").length;
}

describe("createSharedCallWindow", () => {
  it("lets exactly the limit pass, whoever asks", async () => {
    const replicas = await startReplicas(3, { perMinute: 10 });
    expect(await spend(replicas, 60)).toBe(10);
    expect(replicas[0]?.window.remaining().calls).toBe(0);
    await expect(spendOne(replicas[1])).rejects.toMatchObject({ code: "rate_limited", retryAfterSeconds: 60 });
  });

  it("has room again when calls leave the window, and says when", async () => {
    const [replica] = await startReplicas(1, { perMinute: 2 });
    const [seconds] = await raw.time();
    await raw.zadd("rag:budget:llm:calls", Number(seconds) * 1000 - 58_000, "earlier", Number(seconds) * 1000 - 70_000, "gone");
    await spendOne(replica);
    await expect(spendOne(replica)).rejects.toMatchObject({ retryAfterSeconds: expect.toBeOneOf([1, 2, 3]) });
    await raw.zrem("rag:budget:llm:calls", "earlier");
    await spendOne(replica);
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
    await until(() => replicas.every(({ window }) => window.remaining().calls === 7), "the replicas have not heard of each other");
    await server.kill();
    for (const { redis } of replicas) await untilState(redis, "away");
    // Seven are left, which two cannot share evenly: each takes four.
    expect(await spend(replicas, 40)).toBe(8);
    expect(replicas.map(({ window }) => window.remaining().calls)).toEqual([0, 0]);
    await server.restart();
    await until(async () => (await raw.zcard("rag:budget:llm:calls")) === 12, "the calls made alone were not reported");
    for (const { redis } of replicas) await untilState(redis, "ready");
    expect(await spend(replicas, 10)).toBe(0);
  });

  it("counts a call once that was spent alone because Redis did not say whether it had counted it", async () => {
    const [replica] = await startReplicas(1, { perMinute: 5 });
    server.freeze();
    await spendOne(replica);
    server.thaw();
    await until(async () => (await raw.zcard("rag:budget:llm:calls")) > 0, "the call was not reported");
    if (replica !== undefined) await untilState(replica.redis, "ready");
    await spendOne(replica);
    expect(await raw.zcard("rag:budget:llm:calls")).toBe(2);
  });

  it("counts the tokens of all, with what they are settled at", async () => {
    const replicas = await startReplicas(2, { perMinute: 100, tokensPerMinute: 1_000 });
    const [one, another] = replicas;
    const first = await spendOne(one, 600);
    await spendOne(another, 300);
    await expect(spendOne(another, 101)).rejects.toMatchObject({ code: "rate_limited", retryAfterSeconds: 60 });
    await expect(spendOne(one, 101)).rejects.toMatchObject({ code: "rate_limited" });
    first.settle(200);
    // Told with the next question that this replica asks.
    await spendOne(one, 400);
    await until(() => replicas.every(({ window }) => window.remaining().tokens === 100), "the tokens are not known to all");
    expect(await raw.hget("rag:budget:llm:tokens", "sum")).toBe("900");
    expect(await spend(replicas, 200, 10)).toBe(10);
  });

  it("gives back everywhere what was never used", async () => {
    const [one, another] = await startReplicas(2, { perMinute: 1, tokensPerMinute: 1_000 });
    const reservation = await spendOne(one, 900);
    await expect(spendOne(another)).rejects.toMatchObject({ code: "rate_limited" });
    reservation.cancel();
    await until(async () => (await raw.zcard("rag:budget:llm:calls")) === 0, "the call was not given back");
    await spendOne(another, 1_000);
    expect(await raw.hget("rag:budget:llm:tokens", "sum")).toBe("1000");
  });

  it("knows when enough tokens leave the window, and lets a call pass that is larger than the limit when it is alone", async () => {
    const [replica] = await startReplicas(1, { tokensPerMinute: 1_000 });
    const [seconds] = await raw.time();
    const now = Number(seconds) * 1000;
    await raw.zadd("rag:budget:llm:calls", now - 50_000, "a", now - 30_000, "b", now - 10_000, "c");
    await raw.hset("rag:budget:llm:tokens", { a: 300, b: 300, c: 300, sum: 900 });
    await expect(spendOne(replica, 500)).rejects.toMatchObject({ retryAfterSeconds: expect.toBeOneOf([29, 30, 31]) });
    await expect(spendOne(replica, 5_000)).rejects.toMatchObject({ retryAfterSeconds: expect.toBeOneOf([49, 50, 51]) });
    await raw.zadd("rag:budget:llm:calls", now - 60_000, "a", now - 60_000, "b", now - 60_000, "c");
    await spendOne(replica, 5_000);
    await expect(spendOne(replica, 1)).rejects.toMatchObject({ code: "rate_limited" });
    expect(await raw.hgetall("rag:budget:llm:tokens")).toMatchObject({ sum: "1000" });
    expect(await raw.hlen("rag:budget:llm:tokens")).toBe(2);
  });

  it("shares out the tokens that are left when Redis goes away", async () => {
    const replicas = await startReplicas(2, { perMinute: 100, tokensPerMinute: 1_000 });
    expect(await spend(replicas, 4, 50)).toBe(4);
    await until(() => replicas.every(({ window }) => window.remaining().tokens === 800), "the replicas have not heard of each other");
    await server.kill();
    for (const { redis } of replicas) await untilState(redis, "away");
    // 400 for each, of which three calls take 390.
    expect(await spend(replicas, 40, 130)).toBe(6);
    expect(replicas.map(({ window }) => window.remaining().tokens)).toEqual([10, 10]);
    await server.restart();
  });

  it("lets nobody start anew when Redis returns without its data", async () => {
    const replicas = await startReplicas(2, { perMinute: 10 });
    expect(await spend(replicas, 6)).toBe(6);
    await until(() => replicas.every(({ window }) => window.remaining().calls === 4), "the replicas have not heard of each other");
    await server.kill();
    for (const { redis } of replicas) await untilState(redis, "away");
    expect(await spend(replicas.slice(0, 1), 10)).toBe(2);
    const replacement = startRedisServer(["--port", String(server.port), "--appendonly", "no"]);
    toClose.push(async () => (await replacement).remove());
    await replacement;
    for (const { redis } of replicas) await untilState(redis, "ready");
    expect(await spend(replicas, 40)).toBeLessThanOrEqual(2);
    await until(async () => (await raw.zcard("rag:budget:llm:calls")) >= 8, "not all calls were reported again");
    await until(async () => (await spend(replicas, 4)) === 0 && (await raw.zcard("rag:budget:llm:calls")) === 10, "the window is not full");
  });

  it("starts without Redis, with the part of a replica among those expected", async () => {
    await server.kill();
    const redis = connectForTest(server.url);
    const window = createSharedCallWindow({ redis, name: "llm", clock, timers, perMinute: 9, expectedReplicas: 3 });
    toClose.push(
      () => redis.close(0),
      () => window.close(),
    );
    expect(await spend([{ redis, window }], 20)).toBe(3);
    await server.restart();
  });

  it("does not spend for somebody who has left", async () => {
    const [replica] = await startReplicas(1, { perMinute: 2 });
    await expect(spendOne(replica, 1, AbortSignal.abort(new Error("left")))).rejects.toThrow("left");
    expect(replica?.window.remaining().calls).toBe(2);
  });

  it.each([{ perMinute: 0 }, { perMinute: 1.5 }, { expectedReplicas: 0 }, { tokensPerMinute: 0 }])("refuses %j", (options) => {
    const redis = connectForTest(server.url);
    toClose.push(() => redis.close(0));
    expect(() => createSharedCallWindow({ redis, name: "llm", clock, timers, ...options })).toThrow(RangeError);
  });
});
