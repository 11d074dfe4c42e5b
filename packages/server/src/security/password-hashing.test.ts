import { hash } from "@node-rs/argon2";
import { describe, expect, it } from "vitest";
import { createPasswordHashing } from "./password-hashing.ts";

const PASSWORD = "the goat eats bread at noon";

describe("password hashing", () => {
  it("makes argon2id hashes of 19 MiB and two passes, each with its own salt", async () => {
    const hashing = createPasswordHashing();
    const [first, second] = await Promise.all([hashing.hash(PASSWORD), hashing.hash(PASSWORD)]);
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(first).not.toBe(second);
    expect(hashing.isOutdated(first)).toBe(false);
  });

  it("knows the right password from wrong ones", async () => {
    const hashing = createPasswordHashing();
    const stored = await hashing.hash(PASSWORD);
    expect(await hashing.verify(PASSWORD, stored)).toBe(true);
    for (const wrong of ["", `${PASSWORD} `, PASSWORD.toUpperCase()]) expect(await hashing.verify(wrong, stored)).toBe(false);
    expect(await hashing.verify(PASSWORD, undefined)).toBe(false);
  });

  it("still takes a hash of other parameters, and calls it outdated", async () => {
    const hashing = createPasswordHashing();
    const weak = await hash(PASSWORD, { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
    expect(await hashing.verify(PASSWORD, weak)).toBe(true);
    expect(hashing.isOutdated(weak)).toBe(true);
  });

  it("takes as long without a hash as with one", async () => {
    const hashing = createPasswordHashing();
    const stored = await hashing.hash(PASSWORD);
    const time = async (compared: string | undefined): Promise<number> => {
      const startedAt = performance.now();
      await hashing.verify("a wrong password", compared);
      return performance.now() - startedAt;
    };
    await time(undefined);
    const pairs: (readonly [number, number])[] = [];
    for (let round = 0; round < 15; round += 1) pairs.push([await time(stored), await time(undefined)]);
    const median = (values: readonly number[]): number => [...values].sort((left, right) => left - right)[7] ?? Number.NaN;
    const ratio = median(pairs.map(([known]) => known)) / median(pairs.map(([, unknown]) => unknown));
    // Without the decoy it would be in the thousands.
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  it("refuses a flood instead of queueing it", async () => {
    const hashing = createPasswordHashing();
    const outcomes = await Promise.allSettled(Array.from({ length: 60 }, () => hashing.hash(PASSWORD)));
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(60 - 52);
    expect(refused[0]).toMatchObject({ reason: { code: "overloaded", retryAfterSeconds: 2 } });
    expect(await hashing.hash(PASSWORD)).toContain("$argon2id$");
  });
});
