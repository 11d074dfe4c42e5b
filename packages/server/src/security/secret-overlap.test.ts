import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameSecret as sameSecretOfTheWeb } from "../edge/same-secret.ts";
import { createAccessTokens } from "./access-tokens.ts";
import { sameSecret } from "./same-secret.ts";
import { acceptPreviousKey, createSecretOverlap, describeOverlap, previousSigning } from "./secret-overlap.ts";

const BEGAN_MS = 1_760_000_000_000;
const UNTIL_MS = BEGAN_MS + 86_400_000;
const OLD = { API_KEY: "canary-old-key-0123456789-0123456789", SECRET_KEY: "canary-old-secret-0123456789-0123456789" };
const NEW = { API_KEY: "canary-new-key-0123456789-0123456789", SECRET_KEY: "canary-new-secret-0123456789-0123456789" };

/** A server after a rotation, with a clock that the test moves. */
function rotated(untilMs: number | null = UNTIL_MS, values: Partial<typeof OLD> = OLD) {
  const time = { ms: BEGAN_MS };
  const lines: { readonly fields: object; readonly message: string }[] = [];
  const clock = { now: () => time.ms, monotonic: () => time.ms };
  const previous = { values, untilMs: untilMs ?? undefined };
  const overlap = createSecretOverlap({ previous, clock, log: { warn: (fields, message) => void lines.push({ fields, message }) } });
  const tokens = createAccessTokens({
    secret: NEW.SECRET_KEY,
    previous: previousSigning(OLD.SECRET_KEY, overlap),
    lifetimeMinutes: 30,
    nowMs: clock.now,
  });
  const before = createAccessTokens({ secret: OLD.SECRET_KEY, lifetimeMinutes: 30, nowMs: clock.now });
  const isKey = acceptPreviousKey(sameSecret(NEW.API_KEY), sameSecret(OLD.API_KEY), overlap);
  return { time, lines, overlap, tokens, before, isKey, describe: () => describeOverlap(previous, overlap.status()) };
}

describe("the previous API key", () => {
  it("is taken beside the new one until its time ends, and not a millisecond longer", () => {
    const { isKey, time } = rotated();
    expect([isKey(NEW.API_KEY), isKey(OLD.API_KEY), isKey("another")]).toEqual([true, true, false]);
    time.ms = UNTIL_MS - 1;
    expect(isKey(OLD.API_KEY)).toBe(true);
    time.ms = UNTIL_MS;
    expect([isKey(NEW.API_KEY), isKey(OLD.API_KEY)]).toEqual([true, false]);
  });

  it("is not taken without an end, nor where it is not configured", () => {
    const withoutEnd = rotated(null);
    expect(withoutEnd.isKey(OLD.API_KEY)).toBe(false);
    expect(withoutEnd.describe()).toBe("API_KEY_PREVIOUS and SECRET_KEY_PREVIOUS not accepted: PREVIOUS_SECRETS_UNTIL is not set");
    const { overlap, describe: text } = rotated(UNTIL_MS, {});
    expect([overlap.isAccepted("API_KEY"), overlap.isAccepted("SECRET_KEY"), text()]).toEqual([false, false, undefined]);
  });

  it("is compared in a worker too, where a comparison is a promise", async () => {
    const { overlap, time } = rotated();
    const isKey = acceptPreviousKey(sameSecretOfTheWeb(NEW.API_KEY), sameSecretOfTheWeb(OLD.API_KEY), overlap);
    expect(await Promise.all([NEW.API_KEY, OLD.API_KEY, "another"].map(isKey))).toEqual([true, true, false]);
    expect(overlap.status().uses.API_KEY).toBe(1);
    time.ms = UNTIL_MS;
    expect(await isKey(OLD.API_KEY)).toBe(false);
  });

  it("never lets in what is neither", () => {
    const { isKey } = rotated();
    fc.assert(fc.property(fc.string(), (given) => given === NEW.API_KEY || given === OLD.API_KEY || isKey(given) === false));
  });
});

describe("tokens of the previous secret", () => {
  it("are taken until its time ends", async () => {
    const { tokens, before, time } = rotated(BEGAN_MS + 10 * 60_000);
    const token = await before.issue("admin");
    await expect(tokens.verify(token)).resolves.toEqual({ username: "admin", issuedAtMs: BEGAN_MS });
    time.ms += 10 * 60_000;
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("end with their own expiry, however long the overlap", async () => {
    const { tokens, before, time } = rotated();
    const token = await before.issue("admin");
    time.ms += 31 * 60_000;
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("are not what new ones are: the new secret alone signs", async () => {
    const { tokens, before, overlap } = rotated();
    const token = await tokens.issue("admin");
    await expect(tokens.verify(token)).resolves.toMatchObject({ username: "admin" });
    await expect(before.verify(token)).rejects.toMatchObject({ code: "unauthenticated" });
    expect(overlap.status().uses.SECRET_KEY).toBe(0);
  });

  it("of any other secret are refused and counted for nothing", async () => {
    const { tokens, overlap } = rotated();
    const forged = await createAccessTokens({ secret: "another-secret-another-secret-another", lifetimeMinutes: 30, nowMs: () => BEGAN_MS }).issue(
      "admin",
    );
    await expect(tokens.verify(forged)).rejects.toMatchObject({ code: "unauthenticated" });
    expect(overlap.status()).toMatchObject({ uses: { API_KEY: 0, SECRET_KEY: 0 }, lastUsedAtMs: undefined });
  });
});

describe("whoever ends the overlap", () => {
  it("is told how often each secret was used, and when", async () => {
    const { isKey, tokens, before, time, describe: text } = rotated();
    isKey(OLD.API_KEY);
    time.ms += 60_000;
    isKey(OLD.API_KEY);
    await tokens.verify(await before.issue("admin"));
    expect(text()).toBe(
      "API_KEY_PREVIOUS and SECRET_KEY_PREVIOUS accepted until 2025-10-10T08:53:20.000Z; API_KEY_PREVIOUS used 2 times, SECRET_KEY_PREVIOUS used 1 times since the start, last at 2025-10-09T08:54:20.000Z",
    );
  });

  it("is told that it has ended", () => {
    const { time, describe: text } = rotated();
    time.ms = UNTIL_MS;
    expect(text()).toBe("API_KEY_PREVIOUS and SECRET_KEY_PREVIOUS not accepted: their time ended at 2025-10-10T08:53:20.000Z");
  });

  it("reads one line in ten minutes for each secret, and no secret in it", () => {
    const { isKey, lines, time } = rotated();
    for (let second = 0; second < 700; second += 1) {
      isKey(OLD.API_KEY);
      time.ms += 1_000;
    }
    expect(lines.map(({ fields }) => fields)).toEqual([
      { name: "API_KEY_PREVIOUS", uses: 1, until: "2025-10-10T08:53:20.000Z" },
      { name: "API_KEY_PREVIOUS", uses: 601, until: "2025-10-10T08:53:20.000Z" },
    ]);
    expect(JSON.stringify(lines)).not.toContain("canary");
  });
});
