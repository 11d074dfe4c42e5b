/** What tRPC's client in between must not change: refusals of streams, the pace of a reader, errors as they were thrown. */
import { describe, expect, it } from "vitest";
import { createScene, failureOf } from "../../test-support/scene.ts";
import { createClient, type FetchResponse } from "../index.ts";
import { brokenConnection, events, refusedStream, sampleAnswer, sampleEvents } from "../testing.ts";

describe("a stream that begins with an error", () => {
  it("is asked for again, as after a status that says so", async () => {
    const busy = refusedStream(429, "rate_limited", { retryAfterSeconds: 2 });
    const { client, requests, time } = createScene([busy, refusedStream(503, "overloaded", { retryAfterSeconds: 1 }), events()]);
    const answer = client.chat.stream("?").final();
    await time.advance(2_249);
    expect(requests).toHaveLength(1);
    await time.advance(10_000);
    expect(await answer).toEqual(sampleAnswer());
    expect(requests).toHaveLength(3);
  });

  it.each([
    [503, "store_unavailable", {}],
    [504, "llm_timeout", {}],
    [400, "invalid_request", {}],
    [429, "rate_limited", { retryAfterSeconds: 31 }],
  ] as const)("is not where that could ask twice, or would last too long: %i %s", async (status, code, details) => {
    const { client, requests, time } = createScene([refusedStream(status, code, details)]);
    expect(await failureOf(client.chat.stream("?").final())).toMatchObject({ status, code, requestId: "request-1" });
    expect(requests).toHaveLength(1);
    expect(time.pending()).toBe(0);
  });

  it("of a read is asked for again whatever may pass", async () => {
    const done = { type: "done", job: { id: "j" } };
    const { client, requests, time } = createScene([brokenConnection(), refusedStream(503, "store_unavailable"), events([done])]);
    const reading = (async () => {
      for await (const _ of client.admin.ingestEvents("j"));
    })().catch((error: unknown) => error);
    await time.advance(10_000);
    expect(requests).toHaveLength(3);
    expect(await reading).toMatchObject({ name: "BadResponseError", message: expect.stringContaining("wrong at job.state") });
  });
});

describe("the pace of a stream", () => {
  it("is its reader's", async () => {
    let partsTaken = 0;
    const encoder = new TextEncoder();
    const response: FetchResponse = {
      status: 200,
      headers: { get: (name) => (name === "content-type" ? "text/event-stream" : null) },
      body: {
        getReader: () => ({
          async read() {
            partsTaken += 1;
            return { done: false, value: encoder.encode('data: {"type":"delta","text":"x"}\n\n') };
          },
          async cancel() {},
        }),
      },
    };
    const client = createClient({ baseUrl: "http://rag.test", fetch: async () => response });
    let eventsRead = 0;
    for await (const _ of client.chat.stream("?")) {
      eventsRead += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
      expect(partsTaken).toBeLessThanOrEqual(eventsRead + 1);
      if (eventsRead === 20) break;
    }
    expect(eventsRead).toBe(20);
  });
});

describe("an error behind tRPC's client", () => {
  it("is the one that was thrown, and nothing around it", async () => {
    const { client } = createScene([brokenConnection(), events(sampleEvents().slice(0, 2))]);
    const error = await failureOf(client.chat.ask("?"));
    expect(error).toMatchObject({ name: "ConnectionError", cause: expect.any(TypeError) });
    expect(await failureOf(client.chat.stream("?").final())).toMatchObject({ name: "IncompleteStreamError" });
  });
});
