/** What stands in front of the server in the stack: the real Caddy with the stack's Caddyfile, and the real server behind it. */
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { request as plainRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { type RequestOptions, request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CaddyServer, startCaddy } from "../test-support/caddy-server.ts";
import { type FakeLlmServer, startFakeLlmServer } from "../test-support/fake-llm-server.ts";
import { freePort } from "../test-support/free-port.ts";
import { launchServer, type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const METRICS = { username: "prometheus", password: "f3".repeat(32) };
const BASIC = `Basic ${Buffer.from(`${METRICS.username}:${METRICS.password}`).toString("base64")}`;
/** A client from elsewhere, as far as one machine can have one. */
const ELSEWHERE = "127.0.0.9";

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let llm: FakeLlmServer;
let server: RunningServer;
let caddy: CaddyServer;
let apiKey: string;

const settings = (name: string, port: number): Record<string, string> & { DATA_DIR: string } => ({
  DATA_DIR: join(folder.path, name),
  DOCS_DIR: join(folder.path, "docs"),
  PORT: String(port),
  API_KEY: "k".repeat(40),
  TRUSTED_PROXIES: "127.0.0.1",
  METRICS_ALLOW_FROM: "127.0.0.1",
  METRICS_USERNAME: METRICS.username,
  METRICS_PASSWORD: METRICS.password,
  LLM_BASE_URL: llm.baseUrl,
  LLM_MODEL: "m",
  LLM_REQUESTS_PER_MINUTE: "10000",
  SHUTDOWN_DELAY_MS: "3000",
});

beforeAll(async () => {
  folder = await temporaryDirectory();
  await mkdir(join(folder.path, "docs"));
  await writeFile(join(folder.path, "docs", "owl.md"), "# The owl\n\nThe owl sleeps in the barn until dusk.");
  llm = await startFakeLlmServer();
  server = await startServer(settings("one", await freePort()));
  apiKey = "k".repeat(40);
  caddy = await startCaddy({ api: new URL(server.address).host, metrics: METRICS });
});
afterAll(async () => {
  await caddy?.remove();
  await server?.stop("SIGKILL");
  await llm?.close();
  await folder?.remove();
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

async function overTls(path: string, options: RequestOptions = {}, body?: string | Buffer): Promise<Answer> {
  const outgoing = request({ host: "localhost", port: caddy.httpsPort, ca: caddy.authority, path, agent: false, family: 4, ...options });
  outgoing.end(body);
  const [incoming] = await once(outgoing, "response");
  return { status: incoming.statusCode, headers: incoming.headers, body: await text(incoming) };
}

/** Milliseconds until the first word of a streamed answer. */
async function firstWordMs(address: string, question: string): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${address}/chat`, {
    method: "POST",
    headers: { "x-api-key": apiKey, "content-type": "application/json" },
    body: JSON.stringify({ question, stream: true }),
  });
  let elapsed = Number.NaN;
  let seen = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    seen += part;
    if (Number.isNaN(elapsed) && seen.includes("event: delta")) elapsed = performance.now() - startedAt;
  }
  return elapsed;
}

describe("Caddy in front of the server", () => {
  it("speaks TLS with a certificate of its own authority, and leads from HTTP to it", async () => {
    expect(await overTls("/health/ready")).toMatchObject({ status: 200, body: '{"status":"ready"}' });
    const plain = await fetch(`http://localhost:${caddy.httpPort}/health/ready`, { redirect: "manual" });
    expect(plain.status).toBe(308);
    expect(plain.headers.get("location")).toMatch(/^https:\/\/localhost/);
  });

  it("speaks HTTP/2, and offers HTTP/3", async () => {
    const session = connectHttp2(`https://localhost:${caddy.httpsPort}`, { ca: caddy.authority });
    const stream = session.request({ ":path": "/health/ready" });
    const [headers] = await once(stream, "response");
    stream.resume();
    await once(stream, "end");
    session.close();
    expect(headers[":status"]).toBe(200);
    expect(headers["alt-svc"]).toContain("h3=");
  });

  it("sends the headers that a browser needs for safety, and none that tells what it is", async () => {
    for (const [path, status] of [
      ["/health/ready", 200],
      ["/nothing-here", 404],
      ["/metrics", 401],
      ["/docs", 200],
    ] as const) {
      const { headers, ...answer } = await overTls(path);
      expect(answer.status, path).toBe(status);
      expect(headers, path).toMatchObject({
        "strict-transport-security": "max-age=31536000",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
      });
      expect(headers["permissions-policy"], path).toContain("camera=()");
      expect(headers["content-security-policy"], path).toContain("frame-ancestors 'none'");
      expect(headers["content-security-policy"], path).not.toMatch(/script-src[^;]*'unsafe-/);
      for (const telling of ["server", "x-powered-by", "via"]) expect(headers, path).not.toHaveProperty(telling);
    }
  });

  it("asks for the password of the metrics before anything reaches the server", async () => {
    expect(await overTls("/metrics")).toMatchObject({ status: 401, headers: { "www-authenticate": expect.stringContaining("Basic") } });
    expect((await overTls("/metrics", { auth: "prometheus:wrong" })).status).toBe(401);
    const { status, body } = await overTls("/metrics", { headers: { authorization: BASIC } });
    expect(status).toBe(200);
    expect(body).toContain("rag_indexed_chunks");
    // With a key of the API alone, which caddy does not know, it is refused too.
    expect((await overTls("/metrics", { headers: { "x-api-key": apiKey } })).status).toBe(401);
  });

  it.each([
    "/metrics/",
    "//metrics",
    "/metrics?x=1",
    "/METRICS",
    "/%6detrics",
    "/./metrics",
    "/health/../metrics",
    "/metrics%2f",
    "/metrics;x",
    "/x/..%2fmetrics",
    "/metrics%00",
    "/metrics%20",
    "/%2e/metrics",
    "/metrics#x",
    "*",
    "http://localhost/metrics",
  ])("gives no metrics to a stranger who asks for %s", async (path) => {
    for (const headers of [
      {},
      { "x-forwarded-for": "127.0.0.1" },
      { forwarded: "for=127.0.0.1", "x-real-ip": "127.0.0.1" },
      { "x-original-url": "/metrics", "x-rewrite-url": "/metrics", "x-http-method-override": "GET" },
    ]) {
      const answer = await overTls(path, { localAddress: ELSEWHERE, headers }).catch((error: Error) => ({ status: 0, body: error.message }));
      expect(answer.body).not.toContain("rag_");
      expect(answer.status).not.toBe(200);
    }
  });

  it("tells the server who asks, whatever the client says of itself", async () => {
    await overTls("/search", {
      method: "POST",
      localAddress: ELSEWHERE,
      headers: { "x-forwarded-for": "203.0.113.7", "x-request-id": "forged-sender" },
    });
    await expect
      .poll(() =>
        server
          .output()
          .split("\n")
          .find((line) => line.includes("forged-sender")),
      )
      .toContain(`"address":"${ELSEWHERE}"`);
  });

  it("lets the machine itself read the metrics without a password", async () => {
    const response = await fetch(`${caddy.localAddress}/metrics`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("rag_circuit_breaker_state");
  });

  it("cuts whoever comes to the machine's own listener from elsewhere", async () => {
    const { hostname, port } = new URL(caddy.localAddress);
    const outgoing = plainRequest({ hostname, port, path: "/metrics", localAddress: ELSEWHERE, agent: false });
    outgoing.end();
    await expect(once(outgoing, "response")).rejects.toThrow(/socket hang up|ECONNRESET/);
  });

  it("leaves it to the server to refuse what is too large for it", async () => {
    const headers = { "content-type": "application/json", "x-api-key": apiKey };
    const large = await overTls("/search", { method: "POST", headers }, JSON.stringify({ query: "x".repeat(2_000_000) }));
    expect(large.status).toBe(413);
    expect(JSON.parse(large.body)).toMatchObject({ status: 413, type: "urn:rag-personal:error:payload_too_large" });
  });

  it("passes a stream on word by word, 10 ms after the server at most", async () => {
    const direct: number[] = [];
    const proxied: number[] = [];
    for (let at = 0; at < 30; at += 1) {
      direct.push(await firstWordMs(server.address, `Where does the owl sleep in case ${at} a?`));
      proxied.push(await firstWordMs(caddy.localAddress, `Where does the owl sleep in case ${at} b?`));
    }
    const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
    expect(median(proxied) - median(direct)).toBeLessThanOrEqual(10);
  });

  it("passes the first words on while the rest is still being thought of", async () => {
    llm.behave("stalls mid-answer");
    const response = await fetch(`${caddy.localAddress}/chat`, {
      method: "POST",
      headers: { "x-api-key": apiKey, "content-type": "application/json" },
      body: JSON.stringify({ question: "Where does the owl sleep while nobody says?", stream: true }),
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = "";
    while (!seen.includes("event: delta")) seen += (await reader?.read())?.value ?? "";
    expect(seen).not.toContain("event: done");
    await reader?.cancel();
    // A client that leaves ends the call of the model behind two proxies.
    await llm.clientGone;
    llm.behave("answers");
  });
});

describe("a restart behind Caddy", () => {
  it("costs nobody a request: a server says that it stops, and whoever asks meanwhile waits for the next", async () => {
    const ports = [await freePort(), await freePort()] as const;
    const first = await startServer(settings("first", ports[0]));
    const own = await startCaddy({ api: `127.0.0.1:${ports[0]}`, apiNext: `127.0.0.1:${ports[1]}`, metrics: METRICS });
    const next = launchServer(settings("next", ports[1]));
    try {
      await next.started;
      const statuses: (number | string)[] = [];
      let isAsking = true;
      const asking = Array.from({ length: 4 }, async () => {
        while (isAsking) {
          const response = await fetch(`${own.localAddress}/search`, {
            method: "POST",
            headers: { "x-api-key": apiKey, "content-type": "application/json", connection: "close" },
            body: JSON.stringify({ query: "owl" }),
          }).catch((error: Error) => ({ status: error.message, text: async () => "" }));
          await response.text();
          statuses.push(response.status, (await fetch(`${own.localAddress}/health/ready`)).status);
        }
      });
      expect(await first.stop("SIGTERM")).toBe(0);
      const before = statuses.length;
      await expect.poll(() => statuses.length).toBeGreaterThan(before + 20);
      isAsking = false;
      await Promise.all(asking);
      expect(statuses.filter((status) => status !== 200)).toEqual([]);
      expect(next.output()).toContain('"route":"/search","status":200');
    } finally {
      await own.remove();
      await next.stop("SIGKILL");
      await first.stop("SIGKILL");
    }
  });

  it("that takes too long is told as such, with when to ask again; the log holds no key", async () => {
    const port = await freePort();
    const own = await startCaddy({ api: `127.0.0.1:${port}`, metrics: METRICS, wait: "1s" });
    try {
      const response = await fetch(`${own.localAddress}/search`, { method: "POST", headers: { "x-api-key": apiKey }, body: "{}" });
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("2");
      expect(own.output()).toContain("/search");
      expect(own.output()).not.toContain(apiKey);
    } finally {
      await own.remove();
    }
  });
});
