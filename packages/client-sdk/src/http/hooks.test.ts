import { describe, expect, it } from "vitest";
import { createScene, failureOf } from "../../test-support/scene.ts";
import { type RequestEvent, type ResponseEvent, UsageError } from "../index.ts";
import { answer, rateLimited, refusedConnection, silence } from "../testing.ts";

function record() {
  const requests: RequestEvent[] = [];
  const responses: ResponseEvent[] = [];
  return {
    requests,
    responses,
    hooks: { onRequest: (event: RequestEvent) => requests.push(event), onResponse: (event: ResponseEvent) => responses.push(event) },
  };
}

describe("hooks", () => {
  it("are told of each attempt and how it ended", async () => {
    const { requests, responses, hooks } = record();
    const { client, time } = createScene([refusedConnection(), rateLimited(2), answer()], hooks);
    await Promise.all([client.chat.ask("?"), time.advance(5_000)]);
    const about = { operation: "chat.ask", method: "POST", url: "http://rag.test/base/trpc/chat.ask" };
    expect(requests).toMatchObject([
      { ...about, attempt: 1 },
      { ...about, attempt: 2 },
      { ...about, attempt: 3 },
    ]);
    expect(responses).toMatchObject([
      { ...about, attempt: 1, status: undefined, error: { code: "connection_failed" } },
      { ...about, attempt: 2, status: 429, requestId: "request-1", error: undefined },
      { ...about, attempt: 3, status: 200, requestId: "request-1", error: undefined },
    ]);
  });

  it("see no secret", async () => {
    const { requests, responses, hooks } = record();
    const { client } = createScene([answer()], { ...hooks, headers: { "X-Team-Token": "secret-1", Cookie: "secret-2", "X-Trace": "7" } });
    await client.chat.ask("How long is the warranty?", { headers: { authorization: "Basic secret-3" } });
    expect(JSON.stringify([requests, responses])).not.toMatch(/secret|key-1|warranty/);
    expect(requests[0]?.headers).toMatchObject({ "x-api-key": "[redacted]", cookie: "[redacted]", "x-trace": "7" });
  });

  it("see the credentials when they are told to", async () => {
    const { requests, hooks } = record();
    await createScene([answer()], { ...hooks, exposeCredentials: true }).client.chat.ask("?");
    expect(requests[0]?.headers["x-api-key"]).toBe("key-1");
  });

  it("are told of an attempt that was cancelled, and how long it took", async () => {
    const { responses, hooks } = record();
    const { client, time } = createScene([silence()], hooks);
    await Promise.all([failureOf(client.chat.ask("?", { timeoutMs: 1_000 })), time.advance(1_000)]);
    expect(responses).toMatchObject([{ status: undefined, error: undefined, durationMs: 1_000 }]);
  });

  it.each(["onRequest", "onResponse"] as const)("end the call with what they throw: %s", async (name) => {
    const cause = new Error("no such logger");
    const { client } = createScene([answer(), answer()], {
      [name]: () => {
        throw cause;
      },
    });
    const error = await failureOf(client.chat.ask("?"));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ cause, message: `The hook ${name} threw an error.` });
  });
});
