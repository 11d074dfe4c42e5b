import { describe, expect, it, vi } from "vitest";
import { createOpenedParts } from "./opened-parts.ts";

describe("what has been opened", () => {
  it("is closed in reverse order, each once, whichever of them fails", async () => {
    const error = vi.fn();
    const parts = createOpenedParts({ error });
    const closed: number[] = [];
    for (const part of [1, 2, 3]) {
      parts.add(async () => {
        closed.push(part);
        if (part === 2) throw new Error("stuck");
      });
    }
    await parts.closeAll();
    await parts.closeAll();
    expect(closed).toEqual([3, 2, 1]);
    expect(error).toHaveBeenCalledOnce();
  });

  it("is closed at once when it comes while everything is being closed, or later", async () => {
    const parts = createOpenedParts({ error: () => expect.unreachable() });
    const closed: string[] = [];
    parts.add(async () => {
      parts.add(async () => closed.push("meanwhile"));
      closed.push("first");
    });
    await parts.closeAll();
    parts.add(async () => closed.push("later"));
    expect(closed).toEqual(["meanwhile", "first", "later"]);
  });
});
