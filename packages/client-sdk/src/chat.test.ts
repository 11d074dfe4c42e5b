import { describe, expect, it } from "vitest";
import { createScene, failureOf } from "../test-support/scene.ts";
import { AbortError, BadResponseError, ConnectionError, UsageError } from "./errors.ts";
import { answer, html, response, sampleAnswer, silence } from "./testing.ts";

describe("asking", () => {
  it("sends the question with the key and gives the answer", async () => {
    const { client, requests, time } = createScene([answer()]);
    expect(await client.chat.ask("How long is the warranty?")).toEqual(sampleAnswer());
    expect(requests).toMatchObject([
      {
        url: "http://rag.test/base/trpc/chat.ask",
        method: "POST",
        headers: { "x-api-key": "key-1", accept: "application/json", "content-type": "application/json" },
        body: { question: "How long is the warranty?" },
      },
    ]);
    expect(time.pending()).toBe(0);
  });

  it("goes on with a session, within filters, with headers of the call", async () => {
    const { client, requests } = createScene([answer()], { headers: { "X-Team": "a", "X-Trace": "1" } });
    const request = { question: "And then?", sessionId: "s1", filters: { pathPrefixes: ["guide/"] } };
    await client.chat.ask(request, { headers: { "x-trace": "2" } });
    expect(requests[0]?.body).toEqual(request);
    expect(requests[0]?.headers).toMatchObject({ "x-team": "a", "x-trace": "2" });
  });

  it("accepts fields it does not know", async () => {
    const newer = { ...sampleAnswer(), confidence: 0.9 };
    const { client } = createScene([answer(newer)]);
    expect(await client.chat.ask("?")).toMatchObject({ answer: newer.answer });
  });

  it("tells who wrote the answer", async () => {
    const { client } = createScene([answer(sampleAnswer({}, { answeredBy: "model", model: "large" }))]);
    const given = await client.chat.ask("?");
    expect(given.answeredBy === "model" ? given.model : undefined).toBe("large");
  });
});

describe("what is not an answer", () => {
  it.each([
    ["a page", html()],
    ["a redirect", response(302, { location: "http://elsewhere.test/" }, "")],
    ["an opaque redirect", response(0, {}, "")],
    ["an empty success", response(204, {}, "")],
    ["broken JSON", answer(undefined, { afterBytes: 20 })],
    ["an empty object", response(200, { "content-type": "application/json" }, "{}")],
    ["a result that is none", response(200, { "content-type": "application/json" }, '{"result":{}}')],
    ["null", response(200, { "content-type": "application/json" }, "null")],
  ])("is a BadResponseError: %s", async (_, reply) => {
    const { client, requests } = createScene([reply]);
    expect(await failureOf(client.chat.ask("?"))).toBeInstanceOf(BadResponseError);
    expect(requests).toHaveLength(1);
  });

  it("names the place where it differs", async () => {
    const [citation] = sampleAnswer().citations;
    const broken = { ...sampleAnswer(), citations: [citation, { ...citation, start: "24" }] };
    const { client } = createScene([response(200, { "content-type": "application/json" }, JSON.stringify({ result: { data: broken } }))]);
    expect(String(await failureOf(client.chat.ask("?")))).toContain("citations[1].start");
  });

  it("is a ConnectionError when it broke off", async () => {
    const { client } = createScene([answer(undefined, { afterBytes: 20, ending: "cut" })]);
    const error = await failureOf(client.chat.ask("?"));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ mayHaveBeenSent: true, requestId: "request-1" });
  });

  it("is refused when it is larger than any answer", async () => {
    const { client } = createScene([response(200, { "content-type": "application/json" }, " ".repeat(67_108_865))]);
    expect(String(await failureOf(client.chat.ask("?")))).toContain("larger than 67108864 bytes");
  });
});

describe("giving up", () => {
  it("before the call sends nothing", async () => {
    let calls = 0;
    const ignoresItsSignal = async (): Promise<never> => {
      calls += 1;
      throw new Error("unreachable");
    };
    const { client, time } = createScene([], { fetch: ignoresItsSignal });
    expect(await failureOf(client.chat.ask("?", { signal: AbortSignal.abort() }))).toBeInstanceOf(AbortError);
    expect(calls).toBe(0);
    expect(time.pending()).toBe(0);
  });

  it("during the call aborts the request", async () => {
    const { client, requests, time } = createScene([silence()]);
    const controller = new AbortController();
    const asked = failureOf(client.chat.ask("?", { signal: controller.signal }));
    await time.advance(0);
    controller.abort();
    expect(await asked).toBeInstanceOf(AbortError);
    expect(requests[0]?.isAborted).toBe(true);
  });
});

describe("an option that cannot be", () => {
  it("rejects the call", async () => {
    const { client, requests } = createScene([answer()]);
    expect(await failureOf(client.chat.ask("?", { timeoutMs: 0 }))).toBeInstanceOf(UsageError);
    expect(() => client.chat.stream("?", { idleTimeoutMs: -1 })).toThrow(UsageError);
    expect(requests).toHaveLength(0);
  });
});
