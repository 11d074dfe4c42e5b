/** What callers see while a real Redis is full, read-only, locked, loading, or emptied. */
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { chat, questionsOf } from "../../../test-support/chats-over-redis.ts";
import { SLACK_MS, useRedis } from "../../../test-support/redis-harness.ts";
import { timed, until, untilState } from "../../../test-support/redis-scene.ts";

const harness = useRedis();

const AWAY = expect.objectContaining({ code: "store_unavailable" });

describe("a Redis that answers, but not as it should (F3)", () => {
  it("with full memory goes on reading, and takes the sessions when there is room", async () => {
    const redis = harness.connect();
    const { store, stored, logged } = await harness.chats(redis);
    await chat(store, "s", "before");
    await harness.operator().config("SET", "maxmemory", "1");
    await chat(store, "s", "during");
    expect(redis.state()).toBe("unwritable");
    await expect(redis.ping()).rejects.toEqual(AWAY);
    expect(await questionsOf(stored, "s")).toEqual(["before"]);
    expect(redis.lines.at(-1)).toMatchObject({ level: "error", message: "Redis refuses writes", fields: { reason: expect.stringContaining("OOM") } });
    await harness.operator().config("SET", "maxmemory", "0");
    await until(() => !store.status().isActive, "the fallback is still active", 1_000 + SLACK_MS);
    expect(await questionsOf(stored, "s")).toEqual(["before", "during"]);
    expect(redis.state()).toBe("ready");
    expect(logged).toEqual(["FALLBACK ACTIVATED"]);
  });

  it("as a replica goes on reading, and takes the sessions when it is the primary again", async () => {
    const redis = harness.connect();
    const { store, stored } = await harness.chats(redis);
    await chat(store, "s", "before");
    await harness.operator().replicaof("127.0.0.1", 1);
    await chat(store, "s", "during");
    await chat(store, "s", "during, again");
    expect(store.status()).toMatchObject({ unsaved: 1 });
    expect(redis.lines.some(({ level, message }) => level === "error" && message === "Redis refuses writes")).toBe(true);
    await harness.operator().replicaof("NO", "ONE");
    await until(() => !store.status().isActive, "the fallback is still active", 1_000 + SLACK_MS);
    expect(await questionsOf(stored, "s")).toEqual(["before", "during", "during, again"]);
  });

  it("with another password raises one alarm that does not tell the password, and is used once it is right", async () => {
    await harness.server().restart(["--requirepass", "the right one"]);
    const redis = harness.connect(harness.server().url.replace("//", `//:${encodeURIComponent("the wrong one")}@`));
    await untilState(redis, "denied");
    await expect(redis.ping()).rejects.toEqual(AWAY);
    // Several attempts later it is still one alarm.
    const { connects } = redis.stats();
    await until(() => redis.stats().connects > connects + 2, "no further attempt was made");
    expect(redis.lines.map(({ level }) => level)).toEqual(["error"]);
    expect(redis.lines[0]?.message).toMatch(/^REDIS DENIES ACCESS/);
    const admin = new Redis(harness.server().url, { password: "the right one" });
    await admin.config("SET", "requirepass", "the wrong one");
    admin.disconnect();
    await untilState(redis, "ready", 1_000 + SLACK_MS);
    expect(JSON.stringify(redis.lines)).not.toContain("the wrong one");
  });

  it("without the password it asks for is an alarm as well", async () => {
    await harness.server().restart(["--requirepass", "secret"]);
    await untilState(harness.connect(), "denied");
  });

  it("without rights for a command says so, and hides what was asked", async () => {
    await harness.operator().acl("SETUSER", "reader", "on", ">secret", "~*", "+@connection", "+@read");
    const redis = harness.connect(harness.server().url.replace("//", "//reader:secret@"));
    await untilState(redis, "ready");
    const { error } = await timed(() => redis.write((driver) => driver.set("key", "private words")));
    expect(error).toEqual(AWAY);
    expect(redis.state()).toBe("denied");
    const cause = error instanceof Error ? error.cause : undefined;
    expect(JSON.stringify([redis.lines, Object.entries(Object(cause))])).not.toContain("private words");
  });

  it("is waited for while it loads its data", async () => {
    const admin = harness.operator();
    const filled = admin.pipeline();
    for (let key = 0; key < 300; key += 1) filled.set(`key ${key}`, "x".repeat(100));
    await filled.exec();
    await admin.bgrewriteaof();
    await until(
      async () => /aof_rewrite_in_progress:0[\s\S]*aof_last_bgrewrite_status:ok/.test(await admin.info("persistence")),
      "the file was not rewritten",
    );
    await until(async () => /aof_rewrite_scheduled:0/.test(await admin.info("persistence")), "the file was not rewritten");
    const redis = harness.connect();
    await untilState(redis, "ready");
    // 300 keys at 3 ms each: about a second of loading, with commands answered in between.
    await harness.server().restart(["--key-load-delay", "3000", "--loading-process-events-interval-bytes", "1024"]);
    await untilState(redis, "loading");
    const { error, ms } = await timed(() => redis.ping());
    expect(error).toMatchObject({ code: "store_unavailable", message: "Redis is loading its data." });
    expect(ms).toBeLessThan(SLACK_MS);
    await untilState(redis, "ready");
    expect(redis.lines.some(({ level }) => level === "error")).toBe(false);
  });

  it("emptied by FLUSHALL has forgotten its sessions, and takes new ones", async () => {
    const redis = harness.connect();
    const { store, logged } = await harness.chats(redis);
    await chat(store, "s", "before");
    await harness.operator().flushall();
    expect(await store.load("ada", "s")).toBeUndefined();
    await chat(store, "new", "after");
    expect(await questionsOf(store, "new")).toEqual(["after"]);
    expect(logged).toEqual([]);
  });
});
