import { describe, expect, it } from "vitest";
import { createHealth } from "./health.ts";

const healthOf = (check: () => Promise<string | undefined>, timeoutMs = 20) =>
  createHealth({ components: { store: { adapter: "test", check } }, monotonic: () => 0, timeoutMs });

describe("health", () => {
  it("is unready with a reason until told otherwise, and again while stopping", () => {
    const health = healthOf(async () => undefined);
    expect(() => health.requireReady()).toThrow(expect.objectContaining({ code: "not_ready", message: "The indexes are being loaded." }));
    health.markReady();
    expect(health.isReady).toBe(true);
    health.requireReady();
    health.markStopping();
    health.markReady();
    expect(health.isReady).toBe(false);
    expect(() => health.requireReady()).toThrow("The server is stopping.");
  });

  it("lets questions be answered from the moment the indexes are loaded, to the end of the stop", async () => {
    const health = healthOf(async () => undefined);
    expect(() => health.requireLoaded()).toThrow(expect.objectContaining({ code: "not_ready", retryAfterSeconds: 2 }));
    health.markReady();
    await health.loaded;
    health.requireLoaded();
    health.markStopping();
    health.requireLoaded();
  });

  it("reports what a component says, what is wrong with it, and that it hangs", async () => {
    await expect(healthOf(async () => "42 rows").report()).resolves.toMatchObject({ store: { status: "healthy", detail: "42 rows" } });
    const broken = healthOf(() => Promise.reject(new Error("connection refused")));
    await expect(broken.report()).resolves.toMatchObject({ store: { status: "unhealthy", detail: "connection refused" } });
    const hanging = healthOf(() => new Promise(() => {}));
    await expect(hanging.report()).resolves.toMatchObject({ store: { status: "unhealthy", detail: "no answer within 20 ms" } });
  });
});
