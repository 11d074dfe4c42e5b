import { describe, expect, it } from "vitest";
import { createScene, failureOf } from "../../test-support/scene.ts";
import { answer, rateLimited, sampleAnswer } from "../testing.ts";

describe("the response of a call", () => {
  it("is told beside the result", async () => {
    const { client, requests } = createScene([answer()]);
    const { data, response } = await client.chat.ask("?").withResponse();
    expect(data).toEqual(sampleAnswer());
    expect(response).toMatchObject({ status: 200, requestId: "request-1" });
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(requests).toHaveLength(1);
  });

  it("can be asked for beside the result itself", async () => {
    const { client, requests } = createScene([answer()]);
    const asked = client.chat.ask("?");
    expect((await asked.withResponse()).data).toBe(await asked);
    expect(requests).toHaveLength(1);
  });

  it("is not there when the call fails, and fails once", async () => {
    const { client } = createScene([rateLimited(60)]);
    // Nobody looks at the promise itself: that must not be an unhandled rejection, which would fail this run.
    expect(await failureOf(client.chat.ask("?").withResponse())).toMatchObject({ name: "RateLimitError", requestId: "request-1" });
  });
});
