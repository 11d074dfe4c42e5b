import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collect, createScene, failureOf } from "../../test-support/scene.ts";
import { BadResponseError, IncompleteStreamError, RagError, RateLimitError, UnavailableError, UsageError } from "../errors.ts";
import { brokenConnection, errorShape, eventStream, events, html, rateLimited, response, sampleAnswer, sampleEvents } from "../testing.ts";

describe("reading a stream", () => {
  it("gives the events in their order and the answer at the end", async () => {
    const { client, requests, time } = createScene([events()]);
    const stream = client.chat.stream("How long is the warranty?");
    const { seen } = await collect(stream);
    expect(seen).toEqual(sampleEvents());
    expect(await stream.final()).toEqual(sampleAnswer());
    expect(await stream.text()).toBe(sampleAnswer().answer);
    expect(requests).toMatchObject([
      {
        url: "http://rag.test/base/trpc/chat.stream",
        body: { question: "How long is the warranty?" },
        headers: { accept: "text/event-stream" },
        isAborted: false,
      },
    ]);
    expect(time.pending()).toBe(0);
  });

  it("gives the same events however the bytes are cut, and none after a cut that is too early", async () => {
    const sent = sampleEvents(sampleAnswer({ answer: "Zwei Jahre — 保証は二年 🛡️ [1]" }));
    const reply = events(sent);
    const bytes = reply.kind === "response" ? Buffer.concat(reply.parts) : Buffer.alloc(0);
    /** Behind the blank line that completes the last event; the rest is the end as tRPC tells it. */
    const complete = bytes.indexOf("event: return") - 1;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 0, max: bytes.byteLength }), async (partBytes, afterBytes) => {
        const { client } = createScene([events(sent, { partBytes, afterBytes })]);
        const { seen, error } = await collect(client.chat.stream("?"));
        expect(seen).toEqual(sent.slice(0, seen.length));
        expect(error === undefined).toBe(afterBytes >= complete);
        expect(seen.at(-1)?.type === "done").toBe(afterBytes >= complete);
        if (error !== undefined) expect(error).toBeInstanceOf(IncompleteStreamError);
      }),
    );
  });

  it("reads to the end for text() and final()", async () => {
    expect(await createScene([events()]).client.chat.stream("?").text()).toBe(sampleAnswer().answer);
    expect(await createScene([events()]).client.chat.stream("?").final()).toEqual(sampleAnswer());
  });

  it("sends nothing until it is read", async () => {
    const { client, requests, time } = createScene([events()]);
    const stream = client.chat.stream("?");
    await time.advance(1_000_000);
    expect(requests).toHaveLength(0);
    await stream.final();
    expect(requests).toHaveLength(1);
  });

  it("happens once", async () => {
    const { client } = createScene([events()]);
    const stream = client.chat.stream("?");
    await stream.final();
    expect((await collect(stream)).error).toBeInstanceOf(UsageError);
  });

  it("passes over comments and events it does not know", async () => {
    const sent = [{ type: "usage", tokens: 3 }, { type: "delta", text: "a" }, ...sampleEvents().slice(-1)];
    const text = sent.map((event) => `: comment\n\nevent: ping\ndata: \n\nevent: newer\ndata: {}\n\ndata: ${JSON.stringify(event)}\n\n`).join("");
    const { client } = createScene([eventStream(text)]);
    expect((await collect(client.chat.stream("?"))).seen.map(({ type }) => type)).toEqual(["delta", "done"]);
  });

  it("does not wait for the end of a stream that has said done", async () => {
    const { client, time, requests } = createScene([events(undefined, { ending: "stall" })]);
    const stream = client.chat.stream("?");
    const [{ seen, error }] = await Promise.all([collect(stream), time.advance(250)]);
    expect(error).toBeUndefined();
    expect(seen).toEqual(sampleEvents());
    expect(time.pending()).toBe(0);
    expect(requests).toHaveLength(1);
  });

  it("counts an answer as complete whatever happens to the connection after done", async () => {
    const { client } = createScene([events(undefined, { ending: "cut" })]);
    expect(await client.chat.stream("?").final()).toEqual(sampleAnswer());
  });
});

describe("a stream that ends before done", () => {
  const broken = sampleEvents().slice(0, 4);

  it.each(["complete", "cut"] as const)("is incomplete, never a short answer (%s)", async (ending) => {
    const { client } = createScene([events(broken, { ending })]);
    const stream = client.chat.stream("?");
    const { seen, error } = await collect(stream);
    expect(seen).toEqual(broken);
    expect(error).toBeInstanceOf(IncompleteStreamError);
    expect(error).toMatchObject({ partialText: "The warranty ", requestId: "request-1" });
    expect(await failureOf(stream.text())).toBe(error);
    expect(await failureOf(stream.final())).toBe(error);
  });

  it("is incomplete as soon as the server says that nothing more comes", async () => {
    const { client, time } = createScene([eventStream('data: {"type":"delta","text":"a"}\n\nevent: return\ndata: \n\n', { ending: "stall" })]);
    expect(await failureOf(client.chat.stream("?").final())).toMatchObject({ name: "IncompleteStreamError", partialText: "a" });
    expect(time.pending()).toBe(0);
  });

  it("is not asked for again", async () => {
    const { client, requests } = createScene([events(broken), events()]);
    expect(await failureOf(client.chat.stream("?").final())).toBeInstanceOf(IncompleteStreamError);
    expect(requests).toHaveLength(1);
  });

  it("because the server failed carries the server's error", async () => {
    const error = `event: serialized-error\ndata: ${JSON.stringify(errorShape(503, "llm_circuit_open", { retryAfterSeconds: 9 }))}\n\n`;
    const { client, requests } = createScene([eventStream(`data: {"type":"session","sessionId":"s1"}\n\n${error}`), events()]);
    const result = await collect(client.chat.stream("?"));
    expect(result.seen).toEqual([{ type: "session", sessionId: "s1" }]);
    expect(result.error).toBeInstanceOf(UnavailableError);
    expect(result.error).toMatchObject({ status: 503, code: "llm_circuit_open", retryAfterSeconds: 9 });
    expect(requests).toHaveLength(1);
  });
});

describe("a response that is no stream", () => {
  it.each([
    ["a page", html()],
    ["JSON", response(200, { "content-type": "application/json" }, JSON.stringify(sampleAnswer()))],
    ["an event that is not JSON", eventStream("data: hello\n\n")],
    ["an event of another shape", eventStream('data: {"type":"delta","text":7}\n\n')],
    ["an event without a type", eventStream('data: {"text":"a"}\n\n')],
    ["an error of another API", eventStream('event: serialized-error\ndata: {"message":"x"}\n\n')],
    ["an event without end", eventStream(`data: ${"x".repeat(8_388_608)}`)],
  ])("is a BadResponseError: %s", async (_, reply) => {
    expect(await failureOf(createScene([reply]).client.chat.stream("?").final())).toBeInstanceOf(BadResponseError);
  });

  it("is the server's error when it says no", async () => {
    const { client, time, requests } = createScene([rateLimited(1), rateLimited(1), rateLimited(1)]);
    const [error] = await Promise.all([failureOf(client.chat.stream("?").final()), time.advance(10_000)]);
    expect(error).toBeInstanceOf(RateLimitError);
    expect(requests).toHaveLength(3);
  });

  it("is a connection error when it never came", async () => {
    const { client, requests } = createScene([brokenConnection(), events()]);
    expect(await failureOf(client.chat.stream("?").final())).toMatchObject({ code: "connection_failed", mayHaveBeenSent: true });
    expect(requests).toHaveLength(1);
  });
});

describe("any damage to a stream", () => {
  it("ends in the whole answer or in an error of ours, in finite time", async () => {
    const damage = fc.record({
      ending: fc.constantFrom("complete", "cut", "stall"),
      afterBytes: fc.integer({ min: 0, max: 1_500 }),
      partBytes: fc.integer({ min: 1, max: 400 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async (given) => {
        const { client, time } = createScene([events(undefined, given)]);
        const stream = client.chat.stream("?");
        const outcome = stream.final().catch((error: unknown) => error);
        await time.advance(90_000);
        const result = await outcome;
        if (result instanceof RagError) expect(["incomplete_stream", "timed_out"]).toContain(result.code);
        else expect(result).toEqual(sampleAnswer());
        expect(time.pending()).toBe(0);
      }),
    );
  });
});
