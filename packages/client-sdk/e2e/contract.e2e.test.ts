/** Releases of the client against the server of today: this one, and each that was kept. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as present from "../src/index.ts";
import { type LiveServer, startLiveServer } from "../test-support/live-server.ts";
import { callEverything, type Release } from "./whole-surface.ts";

const SNAPSHOTS = join(import.meta.dirname, "../snapshots");
const kept = readdirSync(SNAPSHOTS);

let server: LiveServer;
beforeAll(async () => {
  server = await startLiveServer();
});
afterAll(() => server?.close());

async function expectUnderstood(release: Release, run: string): Promise<void> {
  const options = { baseUrl: server.address, apiKey: server.apiKey, credentials: { username: "admin", password: server.adminPassword } };
  expect(await callEverything(release, options, run)).toEqual({
    answer: [true, true, true],
    search: ["people/lund.md", true],
    feedback: 36,
    sessions: [2, true, "not_found"],
    documents: ["succeeded", true, [`uploads/kettles/${run}.md`], true],
    ingestion: ["done", "succeeded"],
    users: true,
    apiKeys: [true, true],
    operations: ["CLOSED", true, expect.any(String), expect.any(String), expect.any(String), 0],
    figures: [true, true, true, "healthy"],
  });
}

describe("a client of this server", () => {
  it("of the same release understands every answer", () => expectUnderstood(present, "present"));

  it("has earlier releases", () => expect(kept.length).toBeGreaterThan(0));

  it.each(kept)("of an earlier release does: %s", async (file) => {
    const release: Release = await import(join(SNAPSHOTS, file));
    await expectUnderstood(release, file.replaceAll(/\W/g, "-"));
  });
});
