/** How the server ends: what is in flight is finished, what hangs is cut, and a second signal does not wait. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectApi } from "../test-support/api.ts";
import { type FakeLlmServer, startFakeLlmServer } from "../test-support/fake-llm-server.ts";
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { launchServer, type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let llm: FakeLlmServer;
let server: RunningServer;

async function start(environment: Record<string, string> = {}): Promise<string> {
  server = await startServer({
    DATA_DIR: join(folder.path, "data"),
    DOCS_DIR: join(folder.path, "docs"),
    LLM_BASE_URL: llm.baseUrl,
    LLM_MODEL: "m",
    ...environment,
  });
  return (await connectApi(server)).apiKey;
}

const askStreaming = (apiKey: string): Promise<Response> => ask(apiKey, true);

function ask(apiKey: string, stream: boolean): Promise<Response> {
  return fetch(`${server.address}/chat`, {
    method: "POST",
    headers: { "x-api-key": apiKey, "content-type": "application/json" },
    body: JSON.stringify({ question: "Where does the owl sleep?", stream }),
  });
}

beforeEach(async () => {
  folder = await temporaryDirectory();
  await mkdir(join(folder.path, "docs"));
  await writeFile(join(folder.path, "docs", "owl.md"), "# The owl\n\nThe owl sleeps in the barn until dusk.");
  llm = await startFakeLlmServer();
});
afterEach(async () => {
  await server.stop("SIGKILL");
  await llm.close();
  await folder.remove();
});

describe("a stop", () => {
  it("by SIGTERM goes on taking connections for as long as it was told, while it says that it is not ready", async () => {
    const apiKey = await start({ SHUTDOWN_DELAY_MS: "2500" });
    const exited = server.stop("SIGTERM");
    const readiness = (): Promise<number> =>
      fetch(`${server.address}/health/ready`, { headers: { connection: "close" } }).then(({ status }) => status);
    await expect.poll(readiness).toBe(503);
    expect((await ask(apiKey, false)).status).toBe(200);
    expect(await exited).toBe(0);
  });

  it("waits for nobody in front when it is interrupted instead", async () => {
    await start({ SHUTDOWN_DELAY_MS: "60000" });
    const began = performance.now();
    expect(await server.stop("SIGINT")).toBe(0);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it("lets a stream in flight come to its end, takes no new request, and exits with 0", async () => {
    const apiKey = await start();
    llm.behave("answers with a byte per write");
    const response = await askStreaming(apiKey);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader?.read())?.value ?? "";
    const exited = server.stop("SIGTERM");
    for (;;) {
      const next = await reader?.read();
      if (next === undefined || next.done) break;
      text += next.value;
    }
    expect(text).toContain("event: done");
    expect(await exited).toBe(0);
    expect(server.output()).toContain('"clean":true');
    await expect(fetch(`${server.address}/health`)).rejects.toThrow();
  });

  it("cuts a stream that does not end within the limit with a last event, and still exits with 0", async () => {
    const apiKey = await start({ SHUTDOWN_TIMEOUT_MS: "500", LLM_IDLE_TIMEOUT_MS: "60000" });
    llm.behave("stalls mid-answer");
    const response = await askStreaming(apiKey);
    const text = response.text().catch(() => "cut");
    const began = performance.now();
    expect(await server.stop("SIGTERM")).toBe(0);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(server.output()).toContain('"clean":false');
    expect(await text).not.toContain("event: done");
    expect(await text).toMatch(/event: error\nretry: \d+\ndata: \{.*"code":"not_ready".*\}\n\n$/);
  });

  it("answers a question that is not answered within the limit with 503 and when to ask again", async () => {
    const apiKey = await start({ SHUTDOWN_TIMEOUT_MS: "500", LLM_IDLE_TIMEOUT_MS: "60000" });
    llm.behave("stalls mid-answer");
    const answer = ask(apiKey, false);
    await llm.requestArrived;
    expect(await server.stop("SIGTERM")).toBe(0);
    const response = await answer;
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("2");
    expect(await response.json()).toMatchObject({ code: "not_ready" });
  });

  it("comes to its end while documents are being read, over a PostgreSQL too", { timeout: 60_000 }, async () => {
    const postgres = await startPostgresServer();
    try {
      for (let file = 0; file < 500; file += 1)
        await writeFile(join(folder.path, "docs", `${file}.md`), `# Owl ${file}\n\nIt sleeps in barn ${file}.`);
      const starting = launchServer({ DATA_DIR: join(folder.path, "data"), DOCS_DIR: join(folder.path, "docs"), DATABASE_URL: postgres.url });
      server = starting;
      await expect.poll(() => starting.output(), { timeout: 20_000, interval: 20 }).toContain("Reading documents");
      const exited = await Promise.race([starting.stop("SIGTERM"), delay(15_000, "still running")]);
      expect(exited).toBe(0);
      expect(starting.output()).not.toContain("is ready at");
    } finally {
      await postgres.remove();
    }
  });

  it("does not wait for a second one", async () => {
    const apiKey = await start({ SHUTDOWN_TIMEOUT_MS: "60000", LLM_IDLE_TIMEOUT_MS: "60000" });
    llm.behave("stalls mid-answer");
    const response = await askStreaming(apiKey);
    void response.text().catch(() => undefined);
    server.process.kill("SIGTERM");
    await expect.poll(() => server.output()).toContain("stopping");
    expect(await server.stop("SIGTERM")).toBe(1);
  });
});
