/** A Redis of its own for each test, with everything that speaks to it, ended after the test. */
import { Redis } from "ioredis";
import { afterEach, beforeEach } from "vitest";
import type { RedisConnectionOptions } from "../src/adapters/redis/connection.ts";
import { type ChatsOverRedis, chatsOver } from "./chats-over-redis.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { connectForTest, type TestedConnection } from "./redis-scene.ts";
import { type RedisServer, startRedisServer } from "./redis-server.ts";

/** What a busy machine may add to a time that is measured, in milliseconds. */
export const SLACK_MS = 250;

export interface RedisHarness {
  /** The server of the running test. */
  server(): RedisServer;
  connect(url?: string, options?: Partial<RedisConnectionOptions>): TestedConnection;
  chats(redis: TestedConnection): Promise<ChatsOverRedis>;
  /** A client of the driver alone, which sees and does what an operator would. */
  operator(): Redis;
  /** A proxy before the server, and the address to use. */
  proxied(): Promise<FaultProxy & { readonly url: string }>;
}

/** Registers what starts and ends it all; called once in a test file. */
export function useRedis(): RedisHarness {
  let server: RedisServer | undefined;
  const toClose: (() => Promise<unknown>)[] = [];
  const running = (): RedisServer => {
    if (server === undefined) throw new Error("there is a server within a test alone");
    return server;
  };

  beforeEach(async () => {
    server = await startRedisServer();
  });

  afterEach(async () => {
    for (const close of toClose.splice(0).reverse()) await close();
    await server?.remove();
  });

  return {
    server: running,
    connect(url = running().url, options = {}) {
      const redis = connectForTest(url, options);
      toClose.push(() => redis.close(0));
      return redis;
    },
    async chats(redis) {
      const chats = await chatsOver(redis);
      toClose.push(() => chats.close());
      return chats;
    },
    operator() {
      const client = new Redis(running().url);
      toClose.push(async () => client.disconnect());
      return client;
    },
    async proxied() {
      const proxy = await startFaultProxy({ target: { port: running().port } });
      toClose.push(() => proxy.close());
      return Object.assign(proxy, { url: `redis://${proxy.host}:${proxy.port}` });
    },
  };
}
