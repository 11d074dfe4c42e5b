/** The client inside workerd, the runtime of edge workers: bundled, without Node's compatibility layer. */
import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleAnswer, sampleEvents } from "../src/testing.ts";
import { startExampleServer } from "../test-support/example-server.ts";

const WORKER = `
import { createClient } from "../src/index.ts";

const told = (error) => ({ name: error.name, code: error.code, isRagError: error instanceof RagError });
import { RagError } from "../src/errors.ts";

export default {
  async fetch(request) {
    const { searchParams } = new URL(request.url);
    const client = createClient({ baseUrl: searchParams.get("server"), apiKey: "key-1" });
    const seen = [];
    switch (searchParams.get("task")) {
      case "ask":
        return Response.json(await client.chat.ask("?"));
      case "stream":
        for await (const event of client.chat.stream("?")) seen.push(event);
        return Response.json(seen);
      case "leave":
        for await (const event of client.chat.stream("?")) {
          seen.push(event.type);
          break;
        }
        return Response.json(seen);
      case "abort":
        return Response.json(await client.chat.ask("?", { signal: AbortSignal.abort() }).catch(told));
      default:
        return Response.json(await client.chat.ask("?", { timeoutMs: 50 }).catch(told));
    }
  },
};
`;

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: WORKER, resolveDir: import.meta.dirname, sourcefile: join(import.meta.dirname, "worker.js") },
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

describe("the client in workerd", () => {
  let worker: Miniflare;
  let server: Awaited<ReturnType<typeof startExampleServer>>;

  beforeAll(async () => {
    server = await startExampleServer();
    worker = new Miniflare({ modules: true, script: await bundle(), compatibilityDate: "2026-01-01" });
    await worker.ready;
  });

  afterAll(async () => {
    await worker.dispose();
    await server.close();
  });

  const task = async (name: string, address = server.address): Promise<unknown> => {
    const response = await worker.dispatchFetch(`http://worker.test/?${new URLSearchParams({ task: name, server: address })}`);
    return response.json();
  };

  it("asks", async () => {
    expect(await task("ask")).toEqual(sampleAnswer());
  });

  it("streams", async () => {
    expect(await task("stream")).toEqual(sampleEvents());
  });

  it("leaves a stream", async () => {
    expect(await task("leave")).toEqual(["session"]);
  });

  it("gives up", async () => {
    expect(await task("abort")).toEqual({ name: "AbortError", code: "aborted", isRagError: true });
  });

  it("tells that there is no connection", async () => {
    const gone = await startExampleServer();
    await gone.close();
    expect(await task("nobody", gone.address)).toEqual({ name: "ConnectionError", code: "connection_failed", isRagError: true });
  });
});
