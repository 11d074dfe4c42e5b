/** A server with a fake language model, and one client that asks it questions no cache can answer. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type FakeLlmServer, startFakeLlmServer } from "../test-support/fake-llm-server.ts";
import { type FaultProxy, startFaultProxy } from "../test-support/fault-proxy.ts";
import { launchServer, type RunningServer, temporaryDirectory } from "../test-support/running-server.ts";
import { createFindings, type Findings } from "./findings.ts";
import { createHttpClient } from "./http-client.ts";
import { type Observer, observe } from "./observer.ts";
import { type RowOptions, TOLERANCE_MS } from "./row.ts";
import { endServer } from "./scene.ts";

export const TOTAL_TIMEOUT_MS = 1_500;
const QUIET_TIMEOUT_MS = 500;
const PROMISED_STATUSES: ReadonlySet<number> = new Set([200, 429, 502, 503, 504]);

export interface ModelReply {
  readonly status: number;
  /** Of a problem document. */
  readonly code: string | undefined;
  readonly text: string;
  readonly durationMs: number;
}

export interface ModelScene extends Findings {
  readonly llm: FakeLlmServer;
  /** Between the server and the model. */
  readonly proxy: FaultProxy;
  readonly server: RunningServer;
  readonly observer: Observer;
  readonly apiKey: string;
  /** 0 = CLOSED, 1 = OPEN, 2 = HALF_OPEN. */
  breakerState(): Promise<number | undefined>;
  /** @param mode what the model does, for the violations. */
  ask(mode?: string): Promise<ModelReply>;
  /** Closes the circuit by hand, with the administrator's first token or another one. */
  resetBreaker(token?: string): Promise<void>;
  /** The status with which the administrator's token is taken; another one when it is given. */
  statusOfToken(token?: string): Promise<number>;
  /** @throws Error unless it succeeds. */
  logIn(): Promise<string>;
  /** Questions asked so far. */
  requests(): number;
}

/** @param settings of the server, and of its process, in addition. */
export async function startModelScene({ cleanUp, random }: RowOptions, settings: Readonly<Record<string, string>> = {}): Promise<ModelScene> {
  const folder = await temporaryDirectory();
  cleanUp.add(() => folder.remove());
  const docs = join(folder.path, "docs");
  await mkdir(docs);
  await writeFile(join(docs, "owl.md"), "# The owl\n\nThe owl sleeps in the barn until dusk.");
  const llm = await startFakeLlmServer();
  cleanUp.add(() => llm.close());
  const proxy = await startFaultProxy({ target: { port: Number(new URL(llm.baseUrl).port) }, random });
  cleanUp.add(() => proxy.close());
  const server = launchServer({
    DATA_DIR: join(folder.path, "data"),
    DOCS_DIR: docs,
    LOG_LEVEL: "silent",
    LLM_BASE_URL: `http://${proxy.host}:${proxy.port}/v1`,
    LLM_MODEL: "test-model",
    LLM_REQUESTS_PER_MINUTE: "100000",
    LLM_FIRST_BYTE_TIMEOUT_MS: String(QUIET_TIMEOUT_MS),
    LLM_IDLE_TIMEOUT_MS: String(QUIET_TIMEOUT_MS),
    LLM_TOTAL_TIMEOUT_MS: String(TOTAL_TIMEOUT_MS),
    ...settings,
  });
  cleanUp.add(() => endServer(server));
  await server.started;
  const { apiKey, adminPassword } = await server.secrets();

  async function logIn(): Promise<string> {
    const login = await fetch(`${server.address}/auth/token`, {
      method: "POST",
      body: new URLSearchParams({ username: "admin", password: adminPassword }),
    });
    if (login.status !== 200) throw new Error(`the log-in was refused with ${login.status}: ${await login.text()}`);
    return String((await login.json()).access_token);
  }

  const adminToken = await logIn();
  const client = createHttpClient(server.address, { "x-api-key": apiKey });
  const admin = createHttpClient(server.address);
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const observer = observe(server, server.address);
  cleanUp.add(async () => {
    for (const each of [client, admin, observer]) each.close();
  });
  const findings = createFindings();
  let requests = 0;

  return {
    ...findings,
    llm,
    proxy,
    server,
    observer,
    apiKey,
    breakerState: () => observer.metric("rag_circuit_breaker_state"),
    async ask(mode = "") {
      requests += 1;
      // Filters are part of what an answer depends on: with ever new ones, none comes from the cache.
      const body = { question: "Where does the owl sleep?", filters: { pathPrefixes: ["owl", `${requests}/`] } };
      const startedAtMs = performance.now();
      const { status, text, headers } = await client.send({ method: "POST", path: "/chat", body });
      const durationMs = performance.now() - startedAtMs;
      if (durationMs > TOTAL_TIMEOUT_MS + TOLERANCE_MS)
        findings.violate("late", `${mode} ${Math.round(durationMs)} ms of ${TOTAL_TIMEOUT_MS}, status ${status}`);
      if (!PROMISED_STATUSES.has(status)) findings.violate("failed", `${mode} status ${status}: ${text}`);
      if (status === 503 && headers["retry-after"] === undefined) findings.violate("no retry-after", `${mode} ${text}`);
      return { status, text, durationMs, code: /"code":"(\w+)"/.exec(text)?.[1] };
    },
    async resetBreaker(token = adminToken) {
      const { status } = await admin.send({ method: "POST", path: "/admin/breaker/reset", headers: bearer(token) });
      if (status !== 200) throw new Error(`the circuit could not be closed by hand: ${status}`);
    },
    async statusOfToken(token = adminToken) {
      return (await admin.send({ method: "GET", path: "/admin/stats", headers: bearer(token) })).status;
    },
    logIn,
    requests: () => requests,
  };
}
