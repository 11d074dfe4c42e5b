import { describe, expect, it, vi } from "vitest";
import { AbortError, TimeoutError } from "../errors.ts";
import { createManualTime } from "../testing.ts";
import { createCancellation } from "./cancellation.ts";

function scene(timeoutMs = 1_000) {
  const time = createManualTime();
  const controller = new AbortController();
  const onCancel = vi.fn();
  const cancellation = createCancellation({ time, timeoutMs, signal: controller.signal, onCancel });
  return { time, controller, cancellation, onCancel };
}

const never = new Promise<never>(() => {});

describe("a cancellation", () => {
  it("comes at the deadline, once, with the signal aborted for the same reason", async () => {
    const { time, controller, cancellation, onCancel } = scene();
    await time.advance(999);
    expect(cancellation.reason).toBeUndefined();
    expect(cancellation.remainingMs()).toBe(1);
    await time.advance(1);
    controller.abort();
    expect(cancellation.reason).toBeInstanceOf(TimeoutError);
    expect(cancellation.signal.reason).toBe(cancellation.reason);
    expect(onCancel.mock.calls).toEqual([[cancellation.reason]]);
  });

  it("wakes everybody who waits, and whoever comes later", async () => {
    const { controller, cancellation } = scene();
    const waiting = [
      cancellation.wait(never),
      cancellation.sleep(500),
      cancellation.waitAtMost(500, never),
      cancellation.waitWithin(500, "idle", never),
    ];
    controller.abort();
    const results = await Promise.allSettled([...waiting, cancellation.wait(Promise.resolve("late"))]);
    expect(results.map((result) => result.status === "rejected" && result.reason instanceof AbortError)).toEqual([true, true, true, true, true]);
  });

  it("leaves nothing behind when the call is over", async () => {
    const { time, controller, cancellation, onCancel } = scene();
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    expect(await cancellation.waitWithin(500, "idle", Promise.resolve("done"))).toBe("done");
    expect(await cancellation.waitAtMost(500, Promise.resolve("done"))).toBe("done");
    cancellation.dispose();
    expect(time.pending()).toBe(0);
    expect(removed).toHaveBeenCalledWith("abort", expect.any(Function));
    controller.abort();
    expect(onCancel).not.toHaveBeenCalled();
  });

  it("passes on what the work throws", async () => {
    const { cancellation } = scene();
    await expect(cancellation.wait(Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(cancellation.reason).toBeUndefined();
  });

  it("ends the call when a limit within it passes, and does not when it is only waited at most so long", async () => {
    const { time, cancellation } = scene();
    const soft = cancellation.waitAtMost(100, never);
    await time.advance(100);
    expect(await soft).toBeUndefined();
    expect(cancellation.reason).toBeUndefined();
    const hard = cancellation.waitWithin(100, "idle", never);
    hard.catch(() => {});
    await time.advance(100);
    await expect(hard).rejects.toMatchObject({ phase: "idle", limitMs: 100 });
    expect(cancellation.signal.aborted).toBe(true);
  });

  it("has no deadline when it is infinite", async () => {
    const { time, cancellation } = scene(Number.POSITIVE_INFINITY);
    await time.advance(1e12);
    expect(cancellation.reason).toBeUndefined();
  });
});
