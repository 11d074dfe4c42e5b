import { describe, expect, it } from "vitest";
import { createScene } from "../test-support/scene.ts";
import { answer, brokenConnection, result } from "./testing.ts";

const stored = result({ id: "7b0c1f5e-91ad-4c22-8a5f-2f3f0d9e6a11", stored: true });
const idOf = (body: unknown): unknown => (typeof body === "object" && body !== null ? Reflect.get(body, "id") : undefined);

describe("feedback", () => {
  it("is sent again under the same id, so that it counts once", async () => {
    const { client, requests, time } = createScene([brokenConnection(), stored]);
    await Promise.all([client.feedback({ rating: "up", requestId: "request-1" }), time.advance(1_000)]);
    expect(requests.map(({ url }) => url)).toEqual(Array(2).fill("http://rag.test/base/trpc/chat.feedback"));
    expect(idOf(requests[0]?.body)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(requests[1]?.body).toEqual(requests[0]?.body);
  });

  it("has another id at each call, unless it is given one", async () => {
    const { client, requests } = createScene([stored, stored, stored]);
    await client.feedback({ rating: "up" });
    await client.feedback({ rating: "up" });
    const idempotencyKey = "7b0c1f5e-91ad-4c22-8a5f-2f3f0d9e6a11";
    expect(await client.feedback({ rating: "down", comment: "Wrong." }, { idempotencyKey })).toEqual({ id: idempotencyKey, stored: true });
    expect(idOf(requests[0]?.body)).not.toBe(idOf(requests[1]?.body));
    expect(requests[2]?.body).toEqual({ id: idempotencyKey, rating: "down", comment: "Wrong." });
  });

  it("goes by the key, as the question did", async () => {
    const { client, requests } = createScene([answer(), stored], { credentials: { username: "a", password: "b" } });
    await client.chat.ask("?");
    await client.feedback({ rating: "up" });
    expect(requests.map(({ headers }) => headers["x-api-key"])).toEqual(["key-1", "key-1"]);
  });
});
