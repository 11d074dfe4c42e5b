import { describe, expect, it } from "vitest";
import { createScene, failureOf } from "../../test-support/scene.ts";
import type { ClientOptions, RequestEvent } from "../index.ts";
import { answer, brokenConnection, events, loggedIn, type Reply, refusal, refusedStream, result, sampleAnswer, silence } from "../testing.ts";

const PASSWORD = "the goat eats bread at noon";
const credentials = { username: "admin", password: PASSWORD };
const sessions = (): Reply => result({ sessions: [], nextCursor: null });

const scene = (script: readonly Reply[], options: Partial<ClientOptions> = {}) => createScene(script, { apiKey: undefined, credentials, ...options });

const pathsOf = (requests: readonly { readonly url: string }[]): string[] => requests.map(({ url }) => url.replace("http://rag.test/base/trpc/", ""));
const tokensOf = (requests: readonly { readonly headers: Readonly<Record<string, string>> }[]) =>
  requests.map(({ headers }) => headers["authorization"]);

describe("a user's credentials", () => {
  it("are sent when a token is first needed, and never again while it holds", async () => {
    const { client, requests } = scene([loggedIn("token-1"), answer(), sessions()]);
    expect(requests).toHaveLength(0);
    await client.chat.ask("?");
    await client.sessions.list().toArray();
    expect(pathsOf(requests)).toEqual(["auth.login", "chat.ask", "sessions.list"]);
    expect(requests[0]?.body).toEqual(credentials);
    expect(tokensOf(requests)).toEqual([undefined, "Bearer token-1", "Bearer token-1"]);
  });

  it("are sent once for all calls that wait for the same token", async () => {
    const { client, requests } = scene([loggedIn(), answer(), answer(), sessions()]);
    await Promise.all([client.chat.ask("?"), client.chat.ask("?"), client.sessions.list().toArray()]);
    expect(pathsOf(requests).filter((path) => path === "auth.login")).toHaveLength(1);
  });

  it("are sent again before the token expires", async () => {
    const { client, requests, time } = scene([loggedIn("token-1", 900), answer(), answer(), loggedIn("token-2", 900), answer()]);
    await client.chat.ask("?");
    await time.advance(839_000);
    await client.chat.ask("?");
    await time.advance(1_000);
    await client.chat.ask("?");
    expect(tokensOf(requests)).toEqual([undefined, "Bearer token-1", "Bearer token-1", undefined, "Bearer token-2"]);
  });

  it("are sent again at four fifths of the life of a token that lives shortly", async () => {
    const { client, requests, time } = scene([loggedIn("token-1", 10), answer(), loggedIn("token-2", 10), answer()]);
    await client.chat.ask("?");
    await time.advance(8_000);
    await client.chat.ask("?");
    expect(tokensOf(requests).at(-1)).toBe("Bearer token-2");
  });

  it("are sent once more when the token is turned down, and the call is made once more with the new one", async () => {
    const { client, requests } = scene([loggedIn("old"), refusal(401, "unauthenticated"), loggedIn("new"), answer()]);
    expect(await client.chat.ask("?")).toEqual(sampleAnswer());
    expect(tokensOf(requests)).toEqual([undefined, "Bearer old", undefined, "Bearer new"]);
  });

  it("are sent once more for a stream too, which is turned down by its first event", async () => {
    const { client, requests } = scene([loggedIn("old"), refusedStream(401, "unauthenticated"), loggedIn("new"), events()]);
    expect(await client.chat.stream("?").final()).toEqual(sampleAnswer());
    expect(tokensOf(requests)).toEqual([undefined, "Bearer old", undefined, "Bearer new"]);
  });

  it("are not sent a third time", async () => {
    const { client, requests } = scene([loggedIn(), refusal(401, "unauthenticated"), loggedIn("new"), refusal(401, "unauthenticated")]);
    expect(await failureOf(client.chat.ask("?"))).toMatchObject({ name: "AuthenticationError", status: 401 });
    expect(requests).toHaveLength(4);
  });

  it("renew once for calls that were turned down together", async () => {
    const turnedDown = refusal(401, "unauthenticated");
    const { client, requests } = scene([loggedIn("old"), turnedDown, turnedDown, loggedIn("new"), answer(), answer()]);
    await Promise.all([client.chat.ask("?"), client.chat.ask("?")]);
    expect(pathsOf(requests).filter((path) => path === "auth.login")).toHaveLength(2);
  });

  it("that are wrong fail the call, and are tried again by the next one alone", async () => {
    const { client, requests } = scene([
      refusal(401, "unauthenticated", { message: "The user name or the password is wrong." }),
      loggedIn(),
      answer(),
    ]);
    expect(await failureOf(client.chat.ask("?"))).toMatchObject({ name: "AuthenticationError", message: "The user name or the password is wrong." });
    expect(requests).toHaveLength(1);
    expect(await client.chat.ask("?")).toEqual(sampleAnswer());
  });

  it("appear in no hook and no error, whatever the hooks may see", async () => {
    const seen: unknown[] = [];
    const hooks = {
      onRequest: (event: RequestEvent) => seen.push(event),
      onResponse: (event: RequestEvent) => seen.push(event),
      exposeCredentials: true,
    };
    for (const reply of [refusal(401, "unauthenticated"), brokenConnection(), result({})]) {
      const { client } = scene([reply, reply, reply], { ...hooks, maxRetries: 0 });
      const error = await failureOf(client.chat.ask("?"));
      seen.push(error, String(error), error instanceof Error ? [error.stack, error.cause] : undefined);
    }
    expect(seen.length).toBeGreaterThan(9);
    expect(JSON.stringify(seen)).not.toContain(PASSWORD);
  });

  it("do not sound in an answer that has no token", async () => {
    const { client } = scene([result({ token: "x" })]);
    expect(await failureOf(client.chat.ask("?"))).toMatchObject({ name: "BadResponseError" });
  });

  it("are left alone by health, which must be told when nobody can log in", async () => {
    const healthy = result({ status: "healthy", components: {} });
    const { client, requests } = scene([healthy, loggedIn("token-1"), answer(), healthy]);
    expect(await client.health()).toEqual({ status: "healthy", components: {} });
    await client.chat.ask("?");
    await client.health();
    expect(tokensOf(requests)).toEqual([undefined, undefined, "Bearer token-1", "Bearer token-1"]);
  });
});

describe("a call that gives up while a log-in is on its way", () => {
  it("leaves it to the others", async () => {
    const { client, requests, time } = scene([refusal(503, "not_ready", { retryAfterSeconds: 1 }), loggedIn(), answer()]);
    const controller = new AbortController();
    const left = failureOf(client.chat.ask("first?", { signal: controller.signal }));
    const waiting = client.chat.ask("second?");
    await time.advance(0);
    controller.abort();
    expect(await left).toMatchObject({ name: "AbortError" });
    const [given] = await Promise.all([waiting, time.advance(2_000)]);
    expect(given).toEqual(sampleAnswer());
    expect(requests.at(-1)?.body).toEqual({ question: "second?" });
  });

  it("is over at its own deadline", async () => {
    const { client, time } = scene([silence()]);
    const [error] = await Promise.all([failureOf(client.chat.ask("?", { timeoutMs: 1_000 })), time.advance(1_000)]);
    expect(error).toMatchObject({ name: "TimeoutError", phase: "deadline" });
  });
});

describe("a token", () => {
  it("is sent as it is, and not renewed", async () => {
    const { client, requests } = scene([refusal(401, "unauthenticated")], { credentials: undefined, token: "my-token" });
    expect(await failureOf(client.chat.ask("?"))).toMatchObject({ name: "AuthenticationError" });
    expect(tokensOf(requests)).toEqual(["Bearer my-token"]);
  });

  it("cannot be given together with credentials", () => {
    expect(() => scene([], { token: "x" })).toThrow("not both");
  });
});

describe("an API key together with credentials", () => {
  it("asks, and leaves the rest to the token", async () => {
    const { client, requests } = scene([answer(), sessions(), loggedIn("token-1"), result({ cleared: 3 })], { apiKey: "key-1" });
    await client.chat.ask("?");
    await client.sessions.list().toArray();
    await client.admin.cache.clear();
    expect(requests.map(({ headers }) => headers["x-api-key"] ?? headers["authorization"])).toEqual(["key-1", "key-1", undefined, "Bearer token-1"]);
  });

  it("is used for everything without them", async () => {
    const { client, requests } = scene([result({ cleared: 3 })], { apiKey: "key-1", credentials: undefined });
    await client.admin.cache.clear();
    expect(requests[0]?.headers["x-api-key"]).toBe("key-1");
  });

  it("gives way to a header that the call sets itself", async () => {
    const { client, requests } = scene([answer()], { apiKey: "key-1", credentials: undefined });
    await client.chat.ask("?", { headers: { "X-API-Key": "other" } });
    expect(requests[0]?.headers["x-api-key"]).toBe("other");
  });
});
