/** Which failure is which, and what of it may be told. */
import { describe, expect, it } from "vitest";
import { classify, codeOf, redisUnavailable, withoutArguments } from "./redis-errors.ts";

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: "ReplyError", command: { name: "auth", args: ["secret"] } });
}

describe("classify", () => {
  it.each([
    ["LOADING Redis is loading the dataset in memory", "loading"],
    ["NOAUTH Authentication required.", "denied"],
    ["WRONGPASS invalid username-password pair or user is disabled.", "denied"],
    ["NOPERM this user has no permissions to run the 'set' command", "denied"],
    ["READONLY You can't write against a read only replica. script: 1f, on @user_script:5.", "unwritable"],
    ["OOM command not allowed when used memory > 'maxmemory'.", "unwritable"],
    ["ERR Error running script (call to f_1f): @user_script:5: @user_script: 5: -OOM command not allowed when used memory", "unwritable"],
    ["MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", "unwritable"],
    ["NOREPLICAS Not enough good replicas to write.", "unwritable"],
    ["BUSY Redis is busy running a script.", "away"],
    ["MASTERDOWN Link with MASTER is down", "away"],
    ["ERR unknown command 'x'", "mistake"],
    ["WRONGTYPE Operation against a key holding the wrong kind of value", "mistake"],
    ["something without a code", "mistake"],
  ])("takes %j for %s", (message, failure) => {
    expect(classify(reply(message))).toBe(failure);
  });

  it("takes what the driver says by itself for a connection that is away, and errors of the language for mistakes", () => {
    expect(classify(new Error("Connection is closed."))).toBe("away");
    expect(classify(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }))).toBe("away");
    expect(classify(new TypeError("x is not a function"))).toBe("mistake");
  });
});

describe("redisUnavailable", () => {
  it("tells a client no more than that, and the log no arguments of a command", () => {
    const error = redisUnavailable("denied", reply("NOAUTH Authentication required."));
    expect(error).toMatchObject({ code: "store_unavailable", retryAfterSeconds: 1, message: "Redis refuses the credentials of this server." });
    expect(error.cause).toMatchObject({ name: "ReplyError", message: "NOAUTH Authentication required." });
    expect(error.cause).not.toHaveProperty("command");
    expect(withoutArguments("text")).toBe("text");
    expect(codeOf("text")).toBeUndefined();
  });
});
