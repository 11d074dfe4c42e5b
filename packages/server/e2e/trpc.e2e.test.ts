/** tRPC as its own client uses it, against a running server. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { httpBatchLink, httpBatchStreamLink, httpLink, TRPCClientError } from "@trpc/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";
import { createTrpcTestClient, type Link } from "../test-support/trpc-client.ts";

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: RunningServer;

beforeAll(async () => {
  folder = await temporaryDirectory();
  const docs = join(folder.path, "docs");
  await mkdir(docs);
  await writeFile(join(docs, "lund.md"), "# Ada Lund\n\nAda Lund built the tower in 1912. She lived in Visby and kept bees.");
  server = await startServer({ DATA_DIR: join(folder.path, "data"), DOCS_DIR: docs });
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

const clientWith = (headers: Readonly<Record<string, string>>, link?: Link) => createTrpcTestClient(server.address, headers, link);

const withKey = async (link?: Link) => clientWith({ "x-api-key": (await server.secrets()).apiKey }, link);

async function asAdmin() {
  const { adminPassword } = await server.secrets();
  const { access_token } = await clientWith({}).auth.login.mutate({ username: "admin", password: adminPassword });
  return clientWith({ authorization: `Bearer ${access_token}` });
}

const codeOf = (error: unknown): unknown => (error instanceof TRPCClientError ? error.data?.code : error);
const refusal = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => "no refusal", codeOf);

describe.each([
  ["one call a request", httpLink],
  ["batches", httpBatchLink],
  ["streamed batches", httpBatchStreamLink],
] as const)("the client of tRPC, with %s", (_, link) => {
  it("asks, goes on with the session, judges, and forgets it", async () => {
    const client = await withKey(link);
    const answer = await client.chat.ask.mutate({ question: "Who built the tower?" });
    expect(answer.citations[0]?.quote).toContain("built the tower in 1912");
    const { sessionId, requestId } = answer;
    await client.chat.ask.mutate({ question: "And where did she live?", sessionId });
    expect((await client.sessions.get.query({ id: sessionId })).turns).toHaveLength(2);
    expect(await client.chat.feedback.mutate({ rating: "up", requestId, sessionId })).toMatchObject({ stored: true });
    await client.sessions.delete.mutate({ id: sessionId });
    expect(await refusal(client.sessions.get.query({ id: sessionId }))).toBe("not_found");
  });

  it("asks several things at once", async () => {
    const client = await withKey(link);
    const [health, found, own] = await Promise.all([client.health.query(), client.search.query({ query: "tower" }), client.sessions.list.query({})]);
    expect(health.status).toBe("healthy");
    expect(found.hits[0]?.path).toBe("lund.md");
    expect(own.sessions.length).toBeGreaterThanOrEqual(0);
  });

  it("is refused with the code of core", async () => {
    const client = await withKey(link);
    expect(await refusal(clientWith({}, link).chat.ask.mutate({ question: "Who?" }))).toBe("unauthenticated");
    expect(await refusal(client.admin.stats.query())).toBe("forbidden");
    expect(await refusal(client.chat.ask.mutate({ question: " " }))).toBe("invalid_request");
  });
});

describe("a subscription", () => {
  it("hands out the answer as it is written, up to the finished one", async () => {
    const client = await withKey();
    const types: string[] = [];
    let text = "";
    const finished = await new Promise<string>((resolve, reject) => {
      const subscription = client.chat.stream.subscribe(
        { question: "Who built the tower?" },
        {
          onData(event) {
            types.push(event.type);
            if (event.type === "delta") text += event.text;
            if (event.type === "done") {
              resolve(event.answer.answer);
              subscription.unsubscribe();
            }
          },
          onError: reject,
        },
      );
    });
    expect([types[0], types[1], types.at(-1)]).toEqual(["session", "sources", "done"]);
    expect(text).toBe(finished);
  });

  it("follows an ingestion to its end", async () => {
    const admin = await asAdmin();
    const { id } = await admin.admin.ingest.mutate();
    const last = await new Promise<string>((resolve, reject) => {
      const subscription = admin.admin.ingestEvents.subscribe(
        { id },
        {
          onData(event) {
            if (event.type !== "done") return;
            resolve(event.job.state);
            subscription.unsubscribe();
          },
          onError: reject,
        },
      );
    });
    expect(last).toBe("succeeded");
    expect((await admin.admin.ingestStatus.query({ id })).state).toBe("succeeded");
  });
});

it("administers", async () => {
  const client = await asAdmin();
  expect(await client.admin.stats.query()).toMatchObject({ documents: 1, answeredBy: "extractive" });
  expect(await client.admin.breaker.reset.mutate()).toEqual({ state: "CLOSED" });
  expect(await client.admin.cache.clear.mutate()).toMatchObject({ cleared: expect.any(Number) });
  expect(await client.admin.doctor.examine.query()).toMatchObject({ findings: [] });
  const made = await client.admin.apiKeys.create.mutate({ name: "reader", operations: ["search.run"] });
  const reader = clientWith({ "x-api-key": made.key });
  expect((await reader.search.query({ query: "tower" })).hits).toHaveLength(1);
  expect(await refusal(reader.chat.ask.mutate({ question: "Who?" }))).toBe("forbidden");
  await client.admin.apiKeys.revoke.mutate({ id: made.id });
  expect(await refusal(reader.search.query({ query: "tower" }))).toBe("unauthenticated");
});

it("counts each procedure under its own name, whatever is asked", async () => {
  const client = await withKey(httpLink);
  await client.health.query();
  await fetch(`${server.address}/trpc/no.such.procedure`);
  const metrics = await (await fetch(`${server.address}/metrics`)).text();
  expect(metrics).toMatch(/http_requests_total\{[^}]*route="\/trpc\/health"/);
  expect(metrics).toMatch(/http_requests_total\{[^}]*route="\/trpc\/\*"/);
  expect(metrics).not.toContain("no.such.procedure");
});
