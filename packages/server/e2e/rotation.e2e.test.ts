/** Secrets are changed while clients ask, on every transport: those of before go on being good until their end, and then no longer. */
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { createClient } from "@rag-personal/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";
import { createTrpcTestClient } from "../test-support/trpc-client.ts";

const PASSWORD = "nine goats on a blue roof";
const OLD = { API_KEY: "canary-old-key-93b1c4a8f05d4e7f93b1c4a8", SECRET_KEY: "canary-old-secret-2f7c9e1b8d604a352f7c9e1b" };
const NEW = { API_KEY: "canary-new-key-d41a6f0c7b9e4283d41a6f0c", SECRET_KEY: "canary-new-secret-8c05b3e97f1d4a628c05b3e9" };
const PREVIOUS = { API_KEY_PREVIOUS: OLD.API_KEY, SECRET_KEY_PREVIOUS: OLD.SECRET_KEY };
const DAY_MS = 86_400_000;

interface Credentials {
  readonly apiKey: string;
  readonly token: string;
}
type Call = (address: string, credentials: Credentials) => Promise<number>;

const statusOf = async (address: string, path: string, headers: Record<string, string>): Promise<number> =>
  (await fetch(`${address}${path}`, { headers })).status;
/** 200 where the call came through; a client's error has a status of its own. */
const reached = (call: Promise<unknown>): Promise<number> =>
  call.then(
    () => 200,
    (error: { status?: number; code?: number; data?: { httpStatus?: number } }) => error.status ?? error.data?.httpStatus ?? error.code ?? 0,
  );

async function askMcp(address: string, apiKey: string): Promise<void> {
  const client = new Client({ name: "rotation", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${address}/mcp`), { requestInit: { headers: { "x-api-key": apiKey } } }));
  try {
    await client.listTools();
  } finally {
    await client.close();
  }
}

const CALLS: Readonly<Record<string, Call>> = {
  "REST with a key": (address, { apiKey }) => statusOf(address, "/documents", { "x-api-key": apiKey }),
  "REST with a key as a bearer token": (address, { apiKey }) => statusOf(address, "/documents", { authorization: `Bearer ${apiKey}` }),
  "REST with a token": (address, { token }) => statusOf(address, "/admin/stats", { authorization: `Bearer ${token}` }),
  "tRPC with a key": (address, { apiKey }) => reached(createTrpcTestClient(address, { "x-api-key": apiKey }).documents.list.query({})),
  "tRPC with a token": (address, { token }) => reached(createTrpcTestClient(address, { authorization: `Bearer ${token}` }).admin.stats.query()),
  "/v1 with a key": (address, { apiKey }) => statusOf(address, "/v1/models", { authorization: `Bearer ${apiKey}` }),
  "/mcp with a key": (address, { apiKey }) => reached(askMcp(address, apiKey)),
  "the SDK with a key": (address, { apiKey }) => reached(createClient({ baseUrl: address, apiKey }).search("goat")),
};

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let postgres: Awaited<ReturnType<typeof startPostgresServer>>;
const servers: RunningServer[] = [];

/** One of several servers on one database, as a deployment has two for a moment. */
async function start(settings: Readonly<Record<string, string>>): Promise<RunningServer> {
  const server = await startServer({
    DATA_DIR: join(folder.path, `data-${servers.length}`),
    DATABASE_URL: postgres.url,
    NODE_ENV: "production",
    LOG_LEVEL: "debug",
    ADMIN_PASSWORD: PASSWORD,
    ...settings,
  });
  servers.push(server);
  return server;
}

async function logIn({ address }: RunningServer): Promise<string> {
  const body = new URLSearchParams({ username: "admin", password: PASSWORD });
  const response = await fetch(`${address}/auth/token`, { method: "POST", body });
  return (await response.json()).access_token;
}

beforeAll(async () => {
  folder = await temporaryDirectory();
  postgres = await startPostgresServer();
});
afterAll(async () => {
  for (const server of servers) await server.stop();
  await postgres.remove();
  await folder.remove();
});

describe("a rotation", () => {
  it("refuses no request of clients that ask on, with the old secrets or the new ones, and ends when it was to end", async () => {
    const before = await start(OLD);
    const old = { apiKey: OLD.API_KEY, token: await logIn(before) };

    // What a proxy in front does: from one moment on, requests go to the next server; those under way end where they began.
    let address = before.address;
    let isOver = false;
    const asked: Record<string, number[]> = {};
    const clients = Object.entries(CALLS).map(async ([name, call]) => {
      const statuses: number[] = [];
      asked[name] = statuses;
      while (!isOver) statuses.push(await call(address, old));
    });
    const after = await start({ ...NEW, ...PREVIOUS, PREVIOUS_SECRETS_UNTIL: new Date(Date.now() + DAY_MS).toISOString() });
    address = after.address;
    const sinceHandOver = Object.values(asked).map(({ length }) => length);
    await expect.poll(() => Object.values(asked).every(({ length }, at) => length > (sinceHandOver[at] ?? 0) + 5), { timeout: 30_000 }).toBe(true);
    isOver = true;
    await Promise.all(clients);
    for (const [name, statuses] of Object.entries(asked))
      expect(
        statuses.filter((status) => status !== 200),
        name,
      ).toEqual([]);

    const renewed = { apiKey: NEW.API_KEY, token: await logIn(after) };
    for (const [name, call] of Object.entries(CALLS)) expect(await call(after.address, renewed), name).toBe(200);

    // What the operator sees of those who have not changed yet.
    const details = await (await fetch(`${after.address}/health/detailed`, { headers: { "x-api-key": renewed.apiKey } })).json();
    expect(details.components.previousSecrets).toMatchObject({
      status: "healthy",
      detail: expect.stringMatching(/API_KEY_PREVIOUS used [1-9]\d* times/),
    });
    const metrics = await (await fetch(`${after.address}/metrics`)).text();
    for (const secret of ["api_key", "secret_key"])
      expect(metrics).toMatch(new RegExp(`rag_previous_secret_uses_total\\{secret="${secret}"\\} [1-9]`));
    expect(after.output().match(/a secret that was replaced is still in use/g)).toHaveLength(2);

    const ended = await start({ ...NEW, ...PREVIOUS, PREVIOUS_SECRETS_UNTIL: new Date(Date.now() - 1_000).toISOString() });
    for (const [name, call] of Object.entries(CALLS))
      expect([await call(ended.address, old), await call(ended.address, renewed)], name).toEqual([401, 200]);
    const withoutEnd = await (await fetch(`${ended.address}/health/detailed`, { headers: { "x-api-key": renewed.apiKey } })).json();
    expect(withoutEnd.components.previousSecrets.detail).toContain("not accepted");

    for (const told of [before.output(), after.output(), ended.output(), metrics, JSON.stringify(details)]) expect(told).not.toMatch(/canary/);
  });
});
