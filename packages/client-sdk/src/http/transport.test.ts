import { describe, expect, it } from "vitest";
import { createScene, failureOf } from "../../test-support/scene.ts";
import { ApiError, AuthenticationError, InvalidRequestError, RateLimitError, ServerError, TimeoutError, UnavailableError } from "../errors.ts";
import { answer, brokenConnection, errorShape, html, rateLimited, refusal, refusedConnection, response, sampleAnswer, silence } from "../testing.ts";

describe("a refusal", () => {
  it.each([
    [refusal(400, "invalid_request"), InvalidRequestError, "invalid_request", false],
    [refusal(401, "unauthenticated"), AuthenticationError, "unauthenticated", false],
    [refusal(413, "payload_too_large"), InvalidRequestError, "payload_too_large", false],
    [refusal(500, "internal"), ServerError, "internal", false],
    [refusal(503, "store_unavailable"), UnavailableError, "store_unavailable", true],
    [html(502), UnavailableError, "unknown", true],
    [html(403), ApiError, "unknown", false],
    [response(418, { "content-type": "application/json" }, "{}"), InvalidRequestError, "unknown", false],
  ])("becomes the error of its group (%#)", async (reply, type, code, retryable) => {
    const { client, requests } = createScene([reply]);
    const error = await failureOf(client.chat.ask("?"));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ code, retryable });
    expect(requests).toHaveLength(1);
  });

  it("carries what the server told and the request's id", async () => {
    const issues = [{ path: "question", message: "must not be empty" }];
    const { client } = createScene([refusal(400, "invalid_request", { issues })]);
    expect(await failureOf(client.chat.ask(" "))).toMatchObject({
      status: 400,
      requestId: "request-1",
      problem: { code: "invalid_request", detail: "As scripted.", issues },
      message: "As scripted.",
    });
  });

  it.each(["quota_moved", "constructor"])("keeps the raw code of a newer server: %s", async (code) => {
    const error = errorShape(409, "conflict");
    const body = JSON.stringify({ error }).replace('"conflict"', JSON.stringify(code));
    const { client } = createScene([response(409, { "content-type": "application/json" }, body)]);
    expect(await failureOf(client.chat.ask("?"))).toMatchObject({ name: "ConflictError", code: "unknown", problem: { code } });
  });

  it("is told with its status when the error breaks off or never ends", async () => {
    const headers = { "content-type": "application/json" };
    const cut = createScene([response(401, headers, '{"error"', { ending: "cut" })]);
    expect(await failureOf(cut.client.chat.ask("?"))).toMatchObject({ name: "AuthenticationError", code: "unknown" });
    const page = createScene([response(502, { "content-type": "text/html" }, "<html>", { ending: "stall" })]);
    expect(await failureOf(page.client.chat.ask("?"))).toMatchObject({ name: "UnavailableError", code: "unknown" });
    const stalled = createScene([response(401, headers, '{"error"', { ending: "stall" })]);
    const [error] = await Promise.all([failureOf(stalled.client.chat.ask("?")), stalled.time.advance(5_000)]);
    expect(error).toMatchObject({ name: "AuthenticationError", code: "unknown" });
  });
});

describe("another attempt", () => {
  it("waits as long as the server asked, and a little", async () => {
    const { client, time, requests } = createScene([rateLimited(2), answer()]);
    const asked = client.chat.ask("?");
    await time.advance(2_249);
    expect(requests).toHaveLength(1);
    await time.advance(1);
    expect(await asked).toEqual(sampleAnswer());
    expect(requests).toHaveLength(2);
  });

  it("is made when there was no connection", async () => {
    const { client, time, requests } = createScene([refusedConnection(), refusedConnection(), answer()]);
    const [given] = await Promise.all([client.chat.ask("?"), time.advance(750)]);
    expect(given).toEqual(sampleAnswer());
    expect(requests).toHaveLength(3);
  });

  it("is not made when the question may have been asked already", async () => {
    for (const reply of [brokenConnection(), refusal(503, "store_unavailable"), refusal(504, "llm_timeout"), answer(undefined, { ending: "cut" })]) {
      const { client, requests } = createScene([reply, answer()]);
      await failureOf(client.chat.ask("?"));
      expect(requests).toHaveLength(1);
    }
  });

  it("is not made beyond maxRetries", async () => {
    const { client, time, requests } = createScene([rateLimited(0), rateLimited(0), rateLimited(0), answer()]);
    const [error] = await Promise.all([failureOf(client.chat.ask("?")), time.advance(10_000)]);
    expect(error).toBeInstanceOf(RateLimitError);
    expect(requests).toHaveLength(3);
  });

  it("is left to the caller when the server asks for more than half a minute, or more than is left", async () => {
    const long = createScene([rateLimited(31)]);
    expect(await failureOf(long.client.chat.ask("?"))).toMatchObject({ name: "RateLimitError", retryAfterSeconds: 31 });
    const short = createScene([rateLimited(5)], { timeoutMs: 4_000 });
    expect(await failureOf(short.client.chat.ask("?"))).toBeInstanceOf(RateLimitError);
    expect(short.time.pending()).toBe(0);
  });

  it("is not waited for once the caller gives up", async () => {
    const { client, time, requests } = createScene([rateLimited(20), answer()]);
    const controller = new AbortController();
    const asked = failureOf(client.chat.ask("?", { signal: controller.signal }));
    await time.advance(1_000);
    controller.abort("changed my mind");
    expect(await asked).toMatchObject({ name: "AbortError", code: "aborted", cause: "changed my mind" });
    expect(requests).toHaveLength(1);
    expect(time.pending()).toBe(0);
  });
});

describe("the deadline", () => {
  it("ends a call that gets no answer", async () => {
    const { client, time, requests } = createScene([silence()], { timeoutMs: 3_000 });
    const [error] = await Promise.all([failureOf(client.chat.ask("?")), time.advance(3_000)]);
    expect(error).toMatchObject({ name: "TimeoutError", phase: "deadline", limitMs: 3_000 });
    expect(requests[0]?.isAborted).toBe(true);
  });

  it("covers the body", async () => {
    const { client, time, requests } = createScene([answer(undefined, { afterBytes: 20, ending: "stall" })]);
    const [error] = await Promise.all([failureOf(client.chat.ask("?", { timeoutMs: 3_000 })), time.advance(3_000)]);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(requests[0]?.isAborted).toBe(true);
  });

  it("covers all attempts together", async () => {
    const { client, time } = createScene([rateLimited(2), silence()], { timeoutMs: 3_000 });
    const [error] = await Promise.all([failureOf(client.chat.ask("?")), time.advance(3_000)]);
    expect(error).toBeInstanceOf(TimeoutError);
  });

  it("holds against a fetch that ignores its signal", async () => {
    const { client, time } = createScene([], { fetch: () => new Promise(() => {}), timeoutMs: 3_000 });
    const [error] = await Promise.all([failureOf(client.chat.ask("?")), time.advance(3_000)]);
    expect(error).toBeInstanceOf(TimeoutError);
  });
});
