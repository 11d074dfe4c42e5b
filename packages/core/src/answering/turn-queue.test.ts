import { describe, expect, it } from "vitest";
import { createTurnQueue } from "./turn-queue.ts";

describe("createTurnQueue", () => {
  it("appends to one session in order, one at a time, and goes on after a failure", async () => {
    const queue = createTurnQueue();
    const events: string[] = [];
    const append = (name: string) => async (): Promise<string> => {
      events.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      events.push(`${name} ends`);
      if (name === "b") throw new Error("b failed");
      return name;
    };
    const outcomes = await Promise.allSettled(["a", "b", "c"].map((name) => queue.run("session", append(name))));
    expect(outcomes).toMatchObject([{ value: "a" }, { reason: { message: "b failed" } }, { value: "c" }]);
    expect(events).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  it("lets sessions not wait for each other", async () => {
    const queue = createTurnQueue();
    const slow = Promise.withResolvers<string>();
    const waiting = queue.run("one", () => slow.promise);
    expect(await queue.run("another", async () => "done")).toBe("done");
    slow.resolve("at last");
    expect(await waiting).toBe("at last");
  });
});
