import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectForTest, until, untilState } from "../../../test-support/redis-scene.ts";
import { type RedisServer, startRedisServer } from "../../../test-support/redis-server.ts";
import { timers } from "../../composition/time.ts";
import { CACHE_EPOCH_KEY, watchCacheEpoch } from "./cache-epoch.ts";
import { createRedisResponseCache } from "./response-cache.ts";

let server: RedisServer;
let redis: ReturnType<typeof connectForTest>;
beforeAll(async () => {
  server = await startRedisServer();
  redis = connectForTest(server.url);
  await untilState(redis, "ready");
});
afterAll(async () => {
  await redis.close();
  await server.remove();
});

/** As a server watches; looks are much closer together. */
function watch() {
  const seen = { cleared: 0, errors: [] as unknown[] };
  const watcher = watchCacheEpoch({
    redis,
    timers,
    newId: randomUUID,
    everyMs: 5,
    onCleared() {
      seen.cleared += 1;
    },
    onError: (error) => void seen.errors.push(error),
  });
  return { seen, stop: watcher.stop };
}
const epoch = () => redis.read((driver) => driver.get(CACHE_EPOCH_KEY));

describe("the mark of cached answers", () => {
  it("tells every server that they were cleared, by FLUSHDB or by one of them, and tells it once", async () => {
    const watchers = [watch(), watch(), watch()];
    const cleared = () => watchers.map(({ seen }) => seen.cleared);
    await until(async () => (await epoch()) !== null, "no mark was set");
    // Nothing was there before, so nothing was cleared.
    expect(cleared()).toEqual([0, 0, 0]);
    await redis.write((driver) => driver.flushdb());
    await until(() => cleared().every((count) => count === 1), `told ${cleared()} times`);
    await createRedisResponseCache({ redis }).clear();
    await until(() => cleared().every((count) => count >= 2), `told ${cleared()} times`);
    for (const { stop } of watchers) stop();
    expect(watchers.flatMap(({ seen }) => seen.errors)).toEqual([]);
  });

  it("says nothing while Redis is away, nor when it comes back with what it had", async () => {
    const { seen, stop } = watch();
    await until(async () => (await epoch()) !== null, "no mark was set");
    const before = await epoch();
    // On the disk, whenever it is killed.
    await redis.write((driver) => driver.bgrewriteaof());
    await until(async () => /aof_rewrite_in_progress:0/.test(await redis.read((driver) => driver.info("persistence"))), "not written");
    await server.restart();
    await untilState(redis, "ready");
    expect(await epoch()).toBe(before);
    const reads = (): Promise<string> =>
      redis.read((driver) => driver.info("commandstats")).then((text) => /cmdstat_get:calls=(\d+)/.exec(text)?.[1] ?? "0");
    await until(async () => Number(await reads()) > 3, "it was not looked at again");
    expect(seen).toEqual({ cleared: 0, errors: [] });
    stop();
  });
});
