import type { ChatModel } from "@rag-personal/core";
import { describe, expect, it } from "vitest";
import { measureChatModel } from "./measured-chat-model.ts";

/** A model that says two words, one second each, and then ends as told. */
function scene(end: () => void) {
  let now = 0;
  const records: (readonly [number, string])[] = [];
  const model: ChatModel = {
    name: "m",
    async *stream() {
      for (const word of ["a", "b"]) {
        now += 1_000;
        yield word;
      }
      end();
    },
  };
  const measured = measureChatModel(model, { clock: { monotonic: () => now }, record: (...record) => records.push(record) });
  const controller = new AbortController();
  const words = async (limit = Number.POSITIVE_INFINITY): Promise<string[]> => {
    const said: string[] = [];
    for await (const word of measured.stream([], { signal: controller.signal, maxTokens: 1 })) {
      said.push(word);
      if (said.length >= limit) break;
    }
    return said;
  };
  return { words, records, controller, name: measured.name };
}

describe("measureChatModel", () => {
  it("passes on what the model says and records how long it took", async () => {
    const { words, records, name } = scene(() => {});
    expect(await words()).toEqual(["a", "b"]);
    expect([name, records]).toEqual(["m", [[2, "success"]]]);
  });

  it("records a failure and passes it on", async () => {
    const { words, records } = scene(() => {
      throw new Error("broken");
    });
    await expect(words()).rejects.toThrow("broken");
    expect(records).toEqual([[2, "error"]]);
  });

  it("records nothing of a call that its client gave up", async () => {
    const aborted = scene(() => {
      aborted.controller.abort();
      throw new Error("aborted");
    });
    await expect(aborted.words()).rejects.toThrow("aborted");
    const brokenOff = scene(() => {});
    await brokenOff.words(1);
    expect([...aborted.records, ...brokenOff.records]).toEqual([]);
  });
});
