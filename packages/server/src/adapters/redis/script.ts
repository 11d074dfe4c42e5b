/** A Lua script that Redis runs as one step, sent by its digest once Redis knows it. */
import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { codeOf } from "./redis-errors.ts";

/** Runs the script; what it gives back is for the caller to check. */
type Script = (redis: Redis, keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

export function createScript(lua: string): Script {
  const digest = createHash("sha1").update(lua).digest("hex");
  return async (redis, keys, args) => {
    try {
      return await redis.evalsha(digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (codeOf(error) !== "NOSCRIPT") throw error;
      return await redis.eval(lua, keys.length, ...keys, ...args);
    }
  };
}
