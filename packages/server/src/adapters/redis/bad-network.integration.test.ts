/** What callers see of a real Redis behind a network that flaps, is silent, cuts and corrupts. */
import { describe, expect, it } from "vitest";
import { chat, questionsOf } from "../../../test-support/chats-over-redis.ts";
import { SLACK_MS, useRedis } from "../../../test-support/redis-harness.ts";
import { timed, until, untilState } from "../../../test-support/redis-scene.ts";
import { createRedisSessionStore } from "./session-store.ts";

const COMMAND_TIMEOUT_MS = 250;

const harness = useRedis();

const AWAY = expect.objectContaining({ code: "store_unavailable" });

describe("a Redis behind a bad network", () => {
  it("that flaps every 300 ms (F4) costs no chat, and is logged at most once in 5 s", async () => {
    const proxy = await harness.proxied();
    const redis = harness.connect(proxy.url);
    const { store, stored, logged } = await harness.chats(redis);
    const asked = new Map<string, string[]>();
    const ids = ["a", "b", "c"];
    const socketsBefore = process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
    for (const id of ids) {
      await chat(store, id, "before");
      asked.set(id, ["before"]);
    }
    await proxy.set({ kind: "flap", everyMs: 300 });
    const startedAt = performance.now();
    let slowest = 0;
    let chats = 0;
    while (performance.now() - startedAt < 5_000) {
      for (const id of ids) {
        const name = `turn ${chats}`;
        slowest = Math.max(slowest, await chat(store, id, name));
        asked.get(id)?.push(name);
        chats += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const flappedMs = performance.now() - startedAt;
    await proxy.set({ kind: "pass" });
    const back = await timed(() => until(() => !store.status().isActive, "the fallback is still active"));
    for (const id of ids) expect(await questionsOf(stored, id)).toEqual(asked.get(id));
    console.info(`F4: ${chats} chats, slowest ${slowest.toFixed(1)} ms; ${redis.stats().connects} connections; back after ${back.ms.toFixed(0)} ms`);
    expect(logged).toEqual(["FALLBACK ACTIVATED"]);
    // The first line tells that it was ready before.
    expect(redis.lines.length).toBeLessThanOrEqual(2 + Math.floor(flappedMs / 5_000));
    expect(slowest).toBeLessThan(COMMAND_TIMEOUT_MS + SLACK_MS);
    expect(back.ms).toBeLessThan(1_000 + SLACK_MS);
    await until(
      () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length <= socketsBefore,
      "connections were left behind",
    );
  });

  it("that accepts and stays silent is away, and its late writes change nothing", async () => {
    const proxy = await harness.proxied();
    const redis = harness.connect(proxy.url);
    const { store, stored } = await harness.chats(redis);
    await chat(store, "s", "before");
    await proxy.set({ kind: "silence" });
    await chat(store, "s", "during");
    // Another replica, which the silence does not concern, goes on meanwhile.
    const other = harness.connect();
    await untilState(other, "ready");
    await chat(createRedisSessionStore({ redis: other }), "s", "elsewhere");
    await proxy.set({ kind: "pass" });
    await until(() => !store.status().isActive, "the fallback is still active", 1_000 + SLACK_MS);
    expect(await questionsOf(stored, "s")).toEqual(["before", "during", "elsewhere"]);
  });

  it("that passes single bytes serves as before", async () => {
    const proxy = await harness.proxied();
    await proxy.set({ kind: "slice", bytes: 1 });
    const { store } = await harness.chats(harness.connect(proxy.url));
    await chat(store, "s", "a");
    expect(await questionsOf(store, "s")).toEqual(["a"]);
  });

  it.each([0, 1, 2, 5, 20])("that corrupts byte %i of an answer never gives out a wrong session", async (atByte) => {
    const proxy = await harness.proxied();
    const redis = harness.connect(proxy.url, { heartbeatMs: 60_000 });
    const { store, stored } = await harness.chats(redis);
    await chat(store, "s", "before");
    const right = await store.load("ada", "s");
    await proxy.set({ kind: "corrupt", atByte });
    const loaded = await timed(() => stored.load("ada", "s"));
    if (loaded.error === undefined) expect([right, undefined]).toContainEqual(loaded.result);
    else expect(loaded.error).toEqual(AWAY);
    await proxy.set({ kind: "pass" });
    await untilState(redis, "ready");
    await until(async () => (await timed(() => stored.load("ada", "s"))).result !== undefined, "the session is not to be had");
    expect(await stored.load("ada", "s")).toEqual(right);
  });

  it.each(["reset", "end"] as const)("that cuts an answer (%s) costs that connection alone", async (how) => {
    const proxy = await harness.proxied();
    const redis = harness.connect(proxy.url);
    const { store, stored } = await harness.chats(redis);
    await chat(store, "s", "before");
    await proxy.set({ kind: "cut", afterBytes: 3, how });
    await chat(store, "s", "during");
    await proxy.set({ kind: "pass" });
    await until(() => !store.status().isActive, "the fallback is still active", 1_000 + SLACK_MS);
    expect(await questionsOf(stored, "s")).toEqual(["before", "during"]);
  });
});
