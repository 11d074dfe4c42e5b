import { describe, expect, it } from "vitest";
import { createScene, failureOf } from "../test-support/scene.ts";
import { refusal, result } from "./testing.ts";

const summary = (path: string) => ({
  id: `doc-${path}`,
  path,
  title: path,
  format: "markdown",
  contentHash: "a",
  sourceHash: "b",
  sizeBytes: 3,
  updatedAt: "2026-11-24T00:00:00.000Z",
  chunkCount: 1,
});

const page = (paths: readonly string[], nextCursor: string | null) => result({ documents: paths.map(summary), nextCursor });

describe("a list of documents", () => {
  it("asks for a page when the one before has been read", async () => {
    const { client, requests } = createScene([page(["a", "b"], "after-b"), page(["c"], null)]);
    const seen: string[] = [];
    const counts: number[] = [];
    for await (const { path } of client.documents.list({ limit: 2, pathPrefix: "x/" })) {
      seen.push(path);
      counts.push(requests.length);
    }
    expect(seen).toEqual(["a", "b", "c"]);
    expect(counts).toEqual([1, 1, 2]);
    expect(requests.map(({ body }) => body)).toEqual([
      { limit: 2, pathPrefix: "x/" },
      { limit: 2, cursor: "after-b", pathPrefix: "x/" },
    ]);
  });

  it("asks for nothing more once it is left", async () => {
    const { client, requests } = createScene([page(["a", "b"], "after-b")]);
    for await (const { path } of client.documents.list()) if (path === "b") break;
    expect(requests).toHaveLength(1);
  });

  it("begins anew each time, passes over an empty page, and begins where it is told", async () => {
    const { client, requests } = createScene([page([], "later"), page(["z"], null), page(["z"], null)]);
    const list = client.documents.list({ cursor: "here" });
    expect(requests).toHaveLength(0);
    expect((await list.toArray()).map(({ path }) => path)).toEqual(["z"]);
    for await (const { documents, nextCursor } of list.pages()) expect([documents.length, nextCursor]).toEqual([1, null]);
    expect(requests.map(({ body }) => body)).toEqual([{ cursor: "here" }, { cursor: "later" }, { cursor: "here" }]);
  });

  it("ends with the error of its page", async () => {
    const { client } = createScene([page(["a"], "after-a"), refusal(403, "forbidden")]);
    expect(await failureOf(client.documents.list().toArray())).toMatchObject({ name: "PermissionError" });
  });
});
