import { describe, expect, it } from "vitest";
import { parseAddressRanges } from "./address-ranges.ts";
import { createLoginThrottle } from "./login-throttle.ts";
import { createMetricsAccess } from "./metrics-access.ts";

const CREDENTIALS = { username: "prometheus", password: "a dog that reads the paper: daily" };
const basic = (username: string, password: string): string => `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

function accessFor(credentials: typeof CREDENTIALS | undefined = CREDENTIALS) {
  const access = createMetricsAccess({
    allowFrom: parseAddressRanges("127.0.0.0/8, ::1"),
    credentials,
    throttle: createLoginThrottle({ monotonic: () => 0, attempts: 3 }),
  });
  return async (address: string, authorization?: string, isRelayed = false): Promise<boolean | string> => {
    try {
      return await access.isMonitor({ address, isRelayed }, authorization);
    } catch (error) {
      return String(Object(error).code);
    }
  };
}

describe("reading the metrics", () => {
  it("needs nothing from an address that is let in", async () => {
    const read = accessFor();
    expect(
      await Promise.all(["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "203.0.113.9", "unknown"].map((address) => read(address))),
    ).toEqual([true, true, true, true, false, false]);
    expect(await read("127.0.0.1", basic("prometheus", "wrong"))).toBe(true);
  });

  it("is not open to those behind a proxy that nobody named, though it stands on the machine itself", async () => {
    const read = accessFor();
    expect(await read("127.0.0.1", undefined, true)).toBe(false);
    expect(await read("127.0.0.1", basic(CREDENTIALS.username, CREDENTIALS.password), true)).toBe(true);
  });

  it("is open from anywhere to the configured user", async () => {
    const read = accessFor();
    expect(await read("203.0.113.9", basic(CREDENTIALS.username, CREDENTIALS.password))).toBe(true);
    for (const [username, password] of [
      ["prometheus", ""],
      ["prometheus", "a dog that reads the paper"],
      ["Prometheus", CREDENTIALS.password],
    ] as const) {
      expect(await accessFor()("203.0.113.9", basic(username, password))).toBe("unauthenticated");
    }
  });

  it("takes other schemes, and Basic where no user is configured, for no credential", async () => {
    expect(await accessFor()("203.0.113.9", "Bearer a.b.c")).toBe(false);
    expect(await accessFor()("203.0.113.9", "Basic ???")).toBe(false);
    const open = createMetricsAccess({
      allowFrom: parseAddressRanges("none"),
      credentials: undefined,
      throttle: createLoginThrottle({ monotonic: () => 0 }),
    });
    expect(await open.isMonitor({ address: "203.0.113.9", isRelayed: false }, basic("a", "b"))).toBe(false);
  });

  it("slows down guessing, for that address alone", async () => {
    const read = accessFor();
    const guesses: (boolean | string)[] = [];
    for (let guess = 0; guess < 4; guess += 1) guesses.push(await read("203.0.113.9", basic("prometheus", `guess ${guess}`)));
    expect(guesses).toEqual(["unauthenticated", "unauthenticated", "unauthenticated", "rate_limited"]);
    expect(await read("203.0.113.9", basic(CREDENTIALS.username, CREDENTIALS.password))).toBe("rate_limited");
    expect(await read("203.0.113.10", basic(CREDENTIALS.username, CREDENTIALS.password))).toBe(true);
  });
});
