import { describe, expect, it } from "vitest";
import { createSecretOverlap } from "../security/secret-overlap.ts";
import { createConfiguredAdmin } from "./configured-admin.ts";

const NOW_MS = 1_760_000_000_000;
const PASSWORD = "nine goats on a blue roof";
const OLD = "b4e07d9135c84f6a9a2d6c1f03e8b75c";
const NEW = "2f7c9e1b8d604a352f7c9e1b8d604a35";

/** A worker at a moment. */
function workerAt(nowMs: number, secretKey: string, secretKeyPrevious?: string) {
  const clock = { now: () => nowMs, monotonic: () => nowMs };
  const values = secretKeyPrevious === undefined ? {} : { SECRET_KEY: secretKeyPrevious };
  const overlap = createSecretOverlap({ previous: { values, untilMs: NOW_MS + 60_000 }, clock, log: { warn() {} } });
  return createConfiguredAdmin({ password: PASSWORD, secretKey, secretKeyPrevious }, { lifetimeMinutes: 30, nowMs: clock.now, overlap });
}

describe("tokens of a worker", () => {
  it("that the secret before has signed are good until the end of the overlap", async () => {
    const token = await workerAt(NOW_MS, OLD).tokens.issue("admin");
    await expect(workerAt(NOW_MS + 59_999, NEW, OLD).tokens.verify(token)).resolves.toMatchObject({ username: "admin" });
    await expect(workerAt(NOW_MS + 60_000, NEW, OLD).tokens.verify(token)).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(workerAt(NOW_MS, NEW).tokens.verify(token)).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
