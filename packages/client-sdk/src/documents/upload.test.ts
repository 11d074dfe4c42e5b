import { describe, expect, it } from "vitest";
import { createScene, failureOf } from "../../test-support/scene.ts";
import { type UploadProgress, UsageError } from "../index.ts";
import { brokenConnection, events, loggedIn, refusal, response, sampleJob, silence, uploaded } from "../testing.ts";

const textOf = async (body: unknown): Promise<string> =>
  body instanceof Uint8Array || body instanceof Blob
    ? await new Response(new Blob([body instanceof Blob ? body : new Uint8Array(body)])).text()
    : String(body);

function streamOf(...parts: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
}

describe("an upload", () => {
  it.each([
    ["a text", () => "one two", "application/octet-stream"],
    ["bytes", () => new TextEncoder().encode("xone twox").subarray(1, 8), "application/octet-stream"],
    ["a Blob", () => new Blob(["one two"], { type: "text/markdown" }), "text/markdown"],
    ["a stream", () => streamOf("one ", "two"), "application/octet-stream"],
  ])("sends %s as it is", async (_, content, type) => {
    const { client, requests, time } = createScene([uploaded()]);
    const given = await client.documents.upload(content(), { path: "guide/wärme & co.md" });
    expect(given).toMatchObject({ documentId: "doc_0123456789abcdef01234567", path: "uploads/guide/warranty.md", sizeBytes: 3 });
    expect(requests).toMatchObject([
      {
        url: "http://rag.test/base/documents?path=guide%2Fw%C3%A4rme%20%26%20co.md",
        method: "POST",
        headers: { "content-type": type, "x-api-key": "key-1" },
      },
    ]);
    expect(await textOf(requests[0]?.body)).toBe("one two");
    expect(time.pending()).toBe(0);
  });

  it("takes path and type of a File, unless it is told others", async () => {
    const { client, requests } = createScene([uploaded(), uploaded()]);
    const file = new File(["x"], "boat.md", { type: "text/markdown" });
    await client.documents.upload(file);
    await client.documents.upload(file, { path: "b.txt", type: "text/plain" });
    expect(requests.map(({ url, headers }) => [url.split("=")[1], headers["content-type"]])).toEqual([
      ["boat.md", "text/markdown"],
      ["b.txt", "text/plain"],
    ]);
  });

  it("cannot be without a path, with half a character in it, or of a stream that somebody reads", async () => {
    const { client, requests } = createScene([]);
    expect(await failureOf(client.documents.upload("x"))).toBeInstanceOf(UsageError);
    expect(await failureOf(client.documents.upload("x", { path: "a\ud800.md" }))).toBeInstanceOf(UsageError);
    const taken = streamOf("x");
    taken.getReader();
    expect(await failureOf(client.documents.upload(taken, { path: "a.md" }))).toBeInstanceOf(UsageError);
    expect(requests).toHaveLength(0);
  });

  it("is waited for by its job", async () => {
    const done = { type: "done", job: sampleJob() } as const;
    const { client, requests } = createScene([
      uploaded(undefined, { jobId: "job-7" }),
      events([{ type: "job", job: sampleJob({ state: "running" }) }, done]),
    ]);
    const given = await client.documents.upload("x", { path: "a.md" });
    const seen: string[] = [];
    expect(await given.wait({ onEvent: ({ type }) => void seen.push(type) })).toEqual(sampleJob());
    expect([given.job.id, seen]).toEqual(["job-7", ["job", "done"]]);
    expect(requests[1]?.body).toEqual({ id: "job-7" });
  });

  it("goes with a token where there are credentials", async () => {
    const { client, requests } = createScene([loggedIn("token-1"), uploaded()], { credentials: { username: "a", password: "b" } });
    await client.documents.upload("x", { path: "a.md" });
    expect(requests[1]?.headers["authorization"]).toBe("Bearer token-1");
  });
});

describe("the progress of an upload", () => {
  it("is told as the bytes are taken, and at the end", async () => {
    const { client, requests } = createScene([uploaded(undefined, { sizeBytes: 200_000 })]);
    const seen: UploadProgress[] = [];
    await client.documents.upload(new Blob(["x".repeat(200_000)]), { path: "a.txt", onProgress: (progress) => seen.push(progress) });
    expect(await textOf(requests[0]?.body)).toHaveLength(200_000);
    expect(seen[0]).toEqual({ sentBytes: 0, totalBytes: 200_000 });
    expect(seen.length).toBeGreaterThan(3);
    const sent = seen.map(({ sentBytes }) => sentBytes);
    expect(sent).toEqual([...sent].sort((left, right) => left - right));
    expect(seen.at(-1)).toEqual({ sentBytes: 200_000, totalBytes: 200_000 });
  });

  it("of a stream has no total before its end", async () => {
    const { client } = createScene([uploaded(undefined, { sizeBytes: 7 })]);
    const seen: UploadProgress[] = [];
    await client.documents.upload(streamOf("one ", "two"), { path: "a.txt", onProgress: (progress) => seen.push(progress) });
    expect(seen).toEqual([
      { sentBytes: 4, totalBytes: undefined },
      { sentBytes: 7, totalBytes: undefined },
      { sentBytes: 7, totalBytes: 7 },
    ]);
  });
});

describe("an upload that fails", () => {
  it("is sent again, from its beginning", async () => {
    const { client, requests, time } = createScene([brokenConnection(), refusal(503, "overloaded", { retryAfterSeconds: 2 }), uploaded()]);
    const [given] = await Promise.all([client.documents.upload("one two", { path: "a.md" }), time.advance(10_000)]);
    expect(given.path).toBe("uploads/guide/warranty.md");
    expect(await Promise.all(requests.map(({ body }) => textOf(body)))).toEqual(["one two", "one two", "one two"]);
  });

  it("is not sent again when it is a stream: that is used up", async () => {
    const { client, requests } = createScene([refusal(503, "overloaded", { retryAfterSeconds: 1 })]);
    expect(await failureOf(client.documents.upload(streamOf("x"), { path: "a.md" }))).toMatchObject({ name: "UnavailableError" });
    expect(requests).toHaveLength(1);
    const turnedDown = createScene([loggedIn(), refusal(401, "unauthenticated")], { credentials: { username: "a", password: "b" } });
    expect(await failureOf(turnedDown.client.documents.upload(streamOf("x"), { path: "a.md" }))).toMatchObject({ name: "AuthenticationError" });
  });

  it("is told by a problem document, as REST has it", async () => {
    const problem = {
      type: "urn:rag-personal:error:payload_too_large",
      title: "Payload too large",
      status: 413,
      detail: "At most 32 MiB.",
      code: "payload_too_large",
      requestId: "r1",
    };
    const { client } = createScene([response(413, { "content-type": "application/problem+json" }, JSON.stringify(problem))]);
    expect(await failureOf(client.documents.upload("x", { path: "a.md" }))).toMatchObject({
      name: "InvalidRequestError",
      code: "payload_too_large",
      problem,
      requestId: "r1",
    });
  });

  it("is over at its deadline and when its caller gives up", async () => {
    const { client, time, requests } = createScene([silence(), silence()]);
    const [late] = await Promise.all([failureOf(client.documents.upload("x", { path: "a.md", timeoutMs: 1_000 })), time.advance(1_000)]);
    expect(late).toMatchObject({ name: "TimeoutError", phase: "deadline" });
    const controller = new AbortController();
    const left = failureOf(client.documents.upload("x", { path: "a.md", signal: controller.signal }));
    await time.advance(0);
    controller.abort();
    expect(await left).toMatchObject({ name: "AbortError" });
    expect(requests.map(({ isAborted }) => isAborted)).toEqual([true, true]);
  });
});
