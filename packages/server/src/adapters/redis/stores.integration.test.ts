/** The stores of a real Redis: what they keep, apart from each other, and what they make of damaged values. */
import type { CachedAnswer, Session } from "@rag-personal/core";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createFallbackSessionStore } from "../../../../core/src/sessions/fallback-session-store.ts";
import { sessionStoreContract } from "../../../../core/src/sessions/session-store.contract.ts";
import { connectForTest, type RedisScene, startRedisScene, type TestedConnection, timed } from "../../../test-support/redis-scene.ts";
import { clock, timers } from "../../composition/time.ts";
import { createRedisResponseCache } from "./response-cache.ts";
import { createRedisSessionStore } from "./session-store.ts";
import { writeSession } from "./session-text.ts";

let scene: RedisScene;
let redis: TestedConnection;
/** A second client, which sees what really stands there. */
let raw: Redis;

beforeAll(async () => {
  scene = await startRedisScene();
  ({ redis, raw } = scene);
});

afterAll(() => scene.remove());

beforeEach(async () => {
  await raw.flushall();
});

const session = (overrides: Partial<Session> = {}): Session => ({
  id: "s",
  principal: "ada",
  version: 1,
  turns: [],
  createdAtMs: 1,
  updatedAtMs: 1,
  ...overrides,
});

const answer = (text = "It is 42."): CachedAnswer => ({
  answer: {
    answer: text,
    answerable: true,
    answeredBy: { kind: "model", model: "m" },
    citations: [
      {
        number: 1,
        documentId: "doc_1",
        chunkId: "doc_1.abc.0",
        contentHash: "abc",
        path: "a.md",
        title: "A",
        headingPath: ["A", "B"],
        start: 0,
        end: 9,
        quote: "It is 42.",
        score: 0.5,
      },
    ],
    nearMisses: [{ documentId: "doc_2", path: "b.md", title: "B", headingPath: [], start: 0, end: 1, text: "x", score: 0 }],
    degraded: false,
    standaloneQuestion: "What is it?",
  },
  sources: [{ number: 1, documentId: "doc_1", path: "a.md", title: "A", headingPath: [], score: 0.5 }],
});

sessionStoreContract("a Redis", () => createRedisSessionStore({ redis }));
sessionStoreContract("the fallback store before a Redis", () =>
  createFallbackSessionStore({ primary: createRedisSessionStore({ redis }), clock, timers, log: () => undefined }),
);

const TURN_BYTES = 3_000;

/** Of two bytes a character. */
const turnOf = (at: number): Session["turns"][number] => ({
  question: `\u00e9 ${at}`,
  standaloneQuestion: "\ud83e\udd89",
  answer: "\u00fc".repeat(TURN_BYTES / 2),
  answerable: true,
  citedTitles: [],
  atMs: at,
});

/** What Redis was sent so far by everybody. */
async function bytesReceived(): Promise<number> {
  return Number(/^total_net_input_bytes:(\d+)/m.exec(await raw.info("stats"))?.[1]);
}

describe("createRedisSessionStore", () => {
  it("lets a session live for so long after its last save", async () => {
    const store = createRedisSessionStore({ redis, ttlMs: 5_000 });
    await store.save(session());
    await raw.pexpire("rag:session:data:s", 1_000);
    await store.save(session({ version: 2 }));
    for (const key of ["rag:session:data:s", "rag:session:index:ada"]) expect(await raw.pttl(key)).toBeGreaterThan(4_000);
  });

  it("knows no session that has outlived its time, and lists the others", async () => {
    const store = createRedisSessionStore({ redis });
    await store.save(session({ id: "gone", updatedAtMs: 2 }));
    await store.save(session({ id: "stays" }));
    await raw.del("rag:session:data:gone");
    expect(await store.load("ada", "gone")).toBeUndefined();
    expect((await store.list("ada", 1)).map(({ id }) => id)).toEqual(["stays"]);
    expect(await store.prune("ada", 0)).toBe(1);
    expect(await raw.keys("*")).toEqual([]);
  });

  it("lists on behind what is damaged or forgotten", async () => {
    const store = createRedisSessionStore({ redis });
    for (let at = 0; at < 6; at += 1) await store.save(session({ id: `s${at}`, updatedAtMs: 100 - at }));
    for (const id of ["s0", "s1", "s3"]) await raw.hset(`rag:session:data:${id}`, "session", "{");
    await raw.del("rag:session:data:s4");
    expect((await store.list("ada", 2)).map(({ id }) => id)).toEqual(["s2", "s5"]);
  });

  it("lists as many sessions of one time as there are", async () => {
    const store = createRedisSessionStore({ redis });
    const ids = Array.from({ length: 250 }, (_, at) => `s${String(at).padStart(3, "0")}`);
    for (const [at, id] of ids.entries()) await store.save(session({ id, updatedAtMs: at < 70 ? 1_000 - at : at < 230 ? 900 : 800 - at }));
    const listed: string[] = [];
    for (let after: Session | undefined; ; ) {
      const part = await store.list("ada", 60, after);
      after = part.at(-1);
      if (after === undefined) break;
      listed.push(...part.map(({ id }) => id));
    }
    expect(listed).toEqual(ids);
  });

  it.each(["", "{", "null", '{"id":"s"}', JSON.stringify({ ...session(), version: 0 }), JSON.stringify(session({ principal: "eve" }))])(
    "takes the damaged value %j for none",
    async (value) => {
      await createRedisSessionStore({ redis }).save(session());
      await raw.hset("rag:session:data:s", "session", value);
      const store = createRedisSessionStore({ redis });
      expect(await store.load("ada", "s")).toBeUndefined();
      expect(await store.list("ada", 10)).toEqual([]);
    },
  );

  it("reads a session of its own again once somebody else has saved it, and once Redis has lost a save", async () => {
    const store = createRedisSessionStore({ redis });
    const other = createRedisSessionStore({ redis });
    const [first, second, others] = [session(), session({ version: 2, updatedAtMs: 2 }), session({ version: 2, updatedAtMs: 2, createdAtMs: 7 })];
    await store.save(first);
    expect(await store.load("ada", "s")).toBe(first);
    const before = await raw.hgetall("rag:session:data:s");
    await store.save(second);
    await raw.multi().del("rag:session:data:s").hset("rag:session:data:s", before).exec();
    expect(await store.load("ada", "s")).toEqual(first);
    await raw.multi().del("rag:session:data:s").hset("rag:session:data:s", before).exec();
    await other.save(others);
    expect(await store.load("ada", "s")).toEqual(others);
    expect(await store.load("eve", "s")).toBeUndefined();
  });

  it("sends a turn alone, and has the same text there as if it had sent the whole", async () => {
    const store = createRedisSessionStore({ redis });
    let current = session({ turns: [turnOf(0)] });
    await store.save(current);
    for (let at = 1; at <= 8; at += 1) {
      const before = await bytesReceived();
      // Four are kept at most.
      current = { ...current, version: at + 1, updatedAtMs: at, turns: [...current.turns.slice(-3), turnOf(at)] };
      expect(await store.save(current)).toBe(true);
      // The first time Redis is sent the script, too.
      if (at > 1) expect((await bytesReceived()) - before).toBeLessThan(1.5 * TURN_BYTES);
      expect(await raw.hget("rag:session:data:s", "session")).toBe(writeSession(current).text);
      expect(await createRedisSessionStore({ redis }).load("ada", "s")).toEqual(current);
    }
  });

  it.each(["{", JSON.stringify(session({ createdAtMs: 77 }))])("sends the whole where its text was replaced by %s", async (replaced) => {
    const store = createRedisSessionStore({ redis });
    const first = session({ turns: [turnOf(0)] });
    await store.save(first);
    await raw.hset("rag:session:data:s", "session", replaced);
    const second = { ...first, version: 2, turns: [...first.turns, turnOf(1)] };
    expect(await store.save(second)).toBe(true);
    expect(await createRedisSessionStore({ redis }).load("ada", "s")).toEqual(second);
  });

  it("adds no turn to what another server has saved", async () => {
    const store = createRedisSessionStore({ redis });
    const first = session({ turns: [turnOf(0)] });
    await store.save(first);
    const others = { ...first, version: 2, turns: [...first.turns, turnOf(1)] };
    await createRedisSessionStore({ redis }).save(others);
    expect(await store.save({ ...first, version: 2, turns: [...first.turns, turnOf(2)] })).toBe(false);
    expect(await store.load("ada", "s")).toEqual(others);
  });

  it("goes on with a session of a program that names no saves", async () => {
    const store = createRedisSessionStore({ redis });
    await store.save(session());
    const later = session({ version: 2, createdAtMs: 7 });
    await raw.hset("rag:session:data:s", { version: "2", session: JSON.stringify(later) });
    for (let time = 0; time < 2; time += 1) expect(await store.load("ada", "s")).toEqual(later);
    expect(await store.save({ ...later, version: 3 })).toBe(true);
  });

  it("works on when Redis has forgotten the scripts", async () => {
    const store = createRedisSessionStore({ redis });
    await store.save(session());
    await raw.script("FLUSH");
    expect(await store.save(session({ version: 2 }))).toBe(true);
  });

  it.each([0, 1.5, Number.NaN])("refuses to let sessions live for %d milliseconds", (ttlMs) => {
    expect(() => createRedisSessionStore({ redis, ttlMs })).toThrow(RangeError);
  });
});

describe("createRedisResponseCache", () => {
  it("gives back what was set, to every replica, for its time", async () => {
    await createRedisResponseCache({ redis, ttlMs: 5_000 }).set("key", answer());
    expect(await createRedisResponseCache({ redis }).get("key")).toEqual(answer());
    expect(await createRedisResponseCache({ redis }).get("another")).toBeUndefined();
    expect(await raw.pttl("rag:cache:key")).toBeGreaterThan(4_000);
    const { standaloneQuestion: _, ...short } = answer().answer;
    await createRedisResponseCache({ redis }).set("key", { ...answer(), answer: short });
    expect((await createRedisResponseCache({ redis }).get("key"))?.answer).toEqual(short);
  });

  it.each(["", "}", "[]", "{}", JSON.stringify({ ...answer(), sources: [{}] })])("takes the foreign value %j for a miss", async (value) => {
    await raw.set("rag:cache:key", value);
    expect(await createRedisResponseCache({ redis }).get("key")).toBeUndefined();
  });

  it("keeps no answer that is too large", async () => {
    const cache = createRedisResponseCache({ redis, maxValueBytes: 2_000 });
    await cache.set("small", answer());
    await cache.set("large", answer("ü".repeat(1_000)));
    expect(await raw.keys("*")).toEqual(["rag:cache:small"]);
  });

  it.each([{ ttlMs: 0 }, { maxValueBytes: 0.5 }])("refuses %j", (options) => {
    expect(() => createRedisResponseCache({ redis, ...options })).toThrow(RangeError);
  });

  it("is cleared without touching anything else", async () => {
    const cache = createRedisResponseCache({ redis });
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => raw.set(`rag:cache:${n}`, "x")));
    await cache.set("key", answer());
    await createRedisSessionStore({ redis }).save(session());
    await raw.set("rag:budget:llm", "x");
    await raw.set("somebody else's", "x");
    expect(await createRedisResponseCache({ redis }).clear()).toBe(1_201);
    expect((await raw.keys("*")).sort()).toEqual(["rag:budget:llm", "rag:session:data:s", "rag:session:index:ada", "somebody else's"]);
  });
});

describe("connectRedis", () => {
  it("tells the version", async () => {
    expect(await redis.ping()).toMatch(/^Redis \d+\.\d+\.\d+$/);
  });

  it("passes on the error of a wrong command, without what was asked", async () => {
    await raw.set("text", "x");
    const { error } = await timed(() => redis.read((driver) => driver.hget("text", "field")));
    expect(error).toMatchObject({ name: "ReplyError" });
    expect(error).not.toHaveProperty("command");
    expect(redis.state()).toBe("ready");
  });

  it.each(["", "http://host", "redis//host", "redis://user:secret@ host"])("refuses the address %j without repeating it", (url) => {
    expect(() => connectForTest(url)).toThrow(new TypeError("The address of Redis must look like redis://user:password@host:6379/0."));
  });
});
