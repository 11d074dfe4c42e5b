import { describe, expect, it } from "vitest";
import { sampleJob } from "../../../client-sdk/src/testing.ts";
import { describeStatus } from "./status.ts";

const health = { status: "healthy", components: {} } as const;
const strong = (text: string): string => text;

describe("the status of a server", () => {
  it("tells the ingestions that run and the last that ended", () => {
    const running = sampleJob({ id: "job-2", state: "running", finishedAt: null, progress: { done: 12, total: 40 } });
    const failed = sampleJob({ state: "failed", error: "The folder is gone." });
    const text = describeStatus({ health, statistics: null, index: null, ingestions: [running, failed] }, "http://rag.test", { strong });
    expect(text.split("\n")).toEqual([
      "http://rag.test is healthy",
      "ingestion job-2: running since 2026-11-24T09:00:00.000Z, 12 of 40 files",
      "last ingestion: failed at 2026-11-24T09:00:01.000Z: The folder is gone.",
    ]);
  });

  it.each([null, []])("says nothing of ingestions where it knows none: %j", (ingestions) => {
    expect(describeStatus({ health, statistics: null, index: null, ingestions }, "http://rag.test", { strong })).toBe("http://rag.test is healthy");
  });
});
