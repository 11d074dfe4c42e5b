/** What callers see while a real Redis is not there, is killed, or is frozen. */
import type { Session } from "@rag-personal/core";
import { describe, expect, it } from "vitest";
import { chat, questionsOf } from "../../../test-support/chats-over-redis.ts";
import { SLACK_MS, useRedis } from "../../../test-support/redis-harness.ts";
import { timed, until, untilState } from "../../../test-support/redis-scene.ts";
import { createRedisResponseCache } from "./response-cache.ts";
import { createRedisSessionStore } from "./session-store.ts";

const COMMAND_TIMEOUT_MS = 250;

const harness = useRedis();

const AWAY = expect.objectContaining({ code: "store_unavailable" });

describe("a Redis that is not there", () => {
  it("does not keep anybody from starting, and is used as soon as it comes", async () => {
    await harness.server().kill();
    const redis = harness.connect();
    const { error, ms } = await timed(() => redis.ping());
    expect(error).toEqual(AWAY);
    expect(ms).toBeLessThan(SLACK_MS);
    await until(() => redis.lines.length > 0, "nothing was logged");
    await harness.server().restart();
    const back = await timed(() => untilState(redis, "ready"));
    expect(back.ms).toBeLessThan(1_000 + SLACK_MS);
    expect(redis.lines[0]).toMatchObject({ level: "warn", message: "Redis is away" });
  });

  it("closes at once, and calls nobody after that", async () => {
    await harness.server().kill();
    const redis = harness.connect();
    expect((await timed(() => redis.close())).ms).toBeLessThan(SLACK_MS);
    await harness.server().restart();
    await expect(redis.ping()).rejects.toEqual(AWAY);
    expect(redis.state()).toBe("closed");
  });

  it("is an empty cache", async () => {
    await harness.server().kill();
    const cache = createRedisResponseCache({ redis: harness.connect() });
    expect(await cache.get("key")).toBeUndefined();
    await cache.set("key", {
      answer: { answer: "", answerable: true, answeredBy: { kind: "extractive" }, citations: [], nearMisses: [], degraded: false },
      sources: [],
    });
  });
});

describe("a Redis that is killed and restarted (F1)", () => {
  it("costs no chat: sessions go on in memory, move back, and one line is logged", async () => {
    const redis = harness.connect();
    const { store, stored, logged } = await harness.chats(redis);
    const ids = Array.from({ length: 20 }, (_, n) => `s${n}`);
    for (const id of ids) await chat(store, id, "before");

    const away = new Promise<void>((resolve) => redis.onAway(resolve));
    const killing = performance.now();
    await harness.server().kill();
    await away;
    const detectedMs = performance.now() - killing;
    const during = await Promise.all(ids.map((id) => chat(store, id, "during")));
    for (const id of ids) await chat(store, id, "during, again");
    await chat(store, "new", "during", true);
    expect(store.status()).toMatchObject({ isActive: true, unsaved: 21, lost: 0 });
    expect(logged).toEqual(["FALLBACK ACTIVATED"]);

    await harness.server().restart();
    const back = await timed(() => until(() => !store.status().isActive, "the fallback is still active"));
    for (const id of ids) expect(await questionsOf(stored, id)).toEqual(["before", "during", "during, again"]);
    expect(await questionsOf(stored, "new")).toEqual(["during"]);
    expect(logged).toEqual(["FALLBACK ACTIVATED"]);
    console.info(
      `F1: detected after ${detectedMs.toFixed(1)} ms, slowest chat ${Math.max(...during).toFixed(1)} ms, back after ${back.ms.toFixed(0)} ms`,
    );
    expect(detectedMs).toBeLessThan(50 + SLACK_MS);
    expect(Math.max(...during)).toBeLessThan(50 + SLACK_MS);
    expect(back.ms).toBeLessThan(1_000 + SLACK_MS);
  });
});

describe("a Redis that is frozen (F2)", () => {
  it("costs one deadline, then nothing, and no chat", async () => {
    const redis = harness.connect(harness.server().url, { heartbeatMs: 60_000 });
    const { store, stored, logged } = await harness.chats(redis);
    const ids = Array.from({ length: 100 }, (_, n) => `s${n}`);
    for (const id of ids) await chat(store, id, "before");
    harness.server().freeze();
    const first = await chat(store, "s0", "during");
    const later = await Promise.all(ids.slice(1).map((id) => chat(store, id, "during")));
    const direct = await timed(() => stored.load("ada", "s0"));
    expect(direct.error).toEqual(AWAY);
    harness.server().thaw();
    const back = await timed(() => until(() => !store.status().isActive, "the fallback is still active"));
    for (const id of ids) expect(await questionsOf(stored, id)).toEqual(["before", "during"]);
    expect(logged).toEqual(["FALLBACK ACTIVATED"]);
    const slowest = Math.max(...later);
    console.info(`F2: first chat ${first.toFixed(0)} ms, later ones at most ${slowest.toFixed(1)} ms, back after ${back.ms.toFixed(0)} ms`);
    expect(first).toBeLessThan(COMMAND_TIMEOUT_MS + SLACK_MS);
    expect(slowest).toBeLessThan(20 + SLACK_MS);
    expect(direct.ms).toBeLessThan(SLACK_MS);
    expect(back.ms).toBeLessThan(1_000 + SLACK_MS);
  });

  it("is noticed while nobody asks", async () => {
    const redis = harness.connect(harness.server().url, { heartbeatMs: 50 });
    await untilState(redis, "ready");
    harness.server().freeze();
    await untilState(redis, "away", 50 + COMMAND_TIMEOUT_MS + SLACK_MS);
    expect(redis.stats().timeouts).toBeGreaterThan(0);
    harness.server().thaw();
    await untilState(redis, "ready", 1_000 + SLACK_MS);
  });

  it("never lets a write that arrives late replace a newer version", async () => {
    const redis = harness.connect(harness.server().url, { heartbeatMs: 60_000 });
    await untilState(redis, "ready");
    const stored = createRedisSessionStore({ redis });
    const ids = Array.from({ length: 200 }, (_, n) => `s${n}`);
    const version = (id: string, number: number, name: string): Session => ({
      id,
      principal: "ada",
      version: number,
      turns: [{ question: name, standaloneQuestion: name, answer: name, answerable: true, citedTitles: [], atMs: 0 }],
      createdAtMs: 0,
      updatedAtMs: 0,
    });
    for (const id of ids) await stored.save(version(id, 1, "old"));
    harness.server().freeze();
    const { result: late, ms } = await timed(() => Promise.allSettled(ids.map((id) => stored.save(version(id, 2, "late")))));
    expect(late?.every(({ status }) => status === "rejected")).toBe(true);
    expect(ms).toBeLessThan(COMMAND_TIMEOUT_MS + SLACK_MS);
    harness.server().thaw();
    await untilState(redis, "ready");
    const outcomes = await Promise.all(ids.map((id) => stored.save(version(id, 2, "new"))));
    let applied = 0;
    for (const [n, id] of ids.entries()) {
      const found = await stored.load("ada", id);
      // Exactly one of the two has become version 2, and whoever was told "yes" is the one.
      expect(found).toEqual(version(id, 2, outcomes[n] === true ? "new" : "late"));
      if (outcomes[n] === false) applied += 1;
      expect(await stored.save(version(id, 3, "newest"))).toBe(true);
      expect(await stored.save(version(id, 2, "late"))).toBe(false);
    }
    console.info(`F2: ${applied} of ${ids.length} saves that had been given up were carried out after the thaw`);
    expect(applied).toBeGreaterThan(0);
  });

  it("closes within its time, with calls under way", async () => {
    const redis = harness.connect(harness.server().url, { commandTimeoutMs: 5_000, heartbeatMs: 60_000 });
    await untilState(redis, "ready");
    harness.server().freeze();
    const call = timed(() => redis.ping());
    const { ms } = await timed(() => redis.close(100));
    expect(ms).toBeLessThan(100 + SLACK_MS);
    expect((await call).error).toEqual(AWAY);
    harness.server().thaw();
  });
});
