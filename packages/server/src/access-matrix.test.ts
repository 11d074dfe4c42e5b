/** Every route of every transport with every kind of credential, compared with the policy table. A route that is not listed here fails. */
import { ERROR_STATUS, type ErrorCode } from "@rag-personal/core";
import type { Hono } from "hono";
import { beforeAll, describe, expect, it } from "vitest";
import { CREDENTIALS, type CredentialMatrix, createCredentialMatrix, expectedRefusal } from "../test-support/credential-matrix.ts";
import { ADMIN_PASSWORD, createCredentialsScene, USER_PASSWORD } from "../test-support/credentials-scene.ts";
import { createStandInServices, HEALTH_DETAIL } from "../test-support/stand-in-services.ts";
import { createApi } from "./api/api.ts";
import { createApp } from "./app.ts";
import type { HttpEnvironment } from "./http/environment.ts";
import { type KeyOperation, type Operation, POLICY } from "./policy.ts";
import type { AppServices } from "./services.ts";
import { createAppRouter } from "./trpc/router.ts";

interface RouteRow {
  readonly operation: Operation;
  /** Where it differs from the pattern. */
  readonly path?: string;
  readonly json?: unknown;
  readonly form?: string;
  /** Sent as it is. */
  readonly text?: string;
  /** Name of a file sent in a form. */
  readonly file?: string;
  readonly accept?: string;
  /** How the transport tells a refusal. Default: as a problem document. */
  readonly told?: Told;
}

/** The code of the refusal, and whether all about it is as that transport tells it; undefined for an answer. */
type Told = (response: Response, text: string) => string | undefined;

const tellsWithStatus = (response: Response, code: string): void => {
  expect(response.status).toBe(ERROR_STATUS[code as ErrorCode]);
  expect(response.headers.has("retry-after")).toBe(code === "rate_limited");
};

const problem: Told = (response, text) => {
  if (response.status < 400) return undefined;
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const { code, status } = JSON.parse(text);
  expect(status).toBe(response.status);
  tellsWithStatus(response, code);
  return code;
};

const openAi: Told = (response, text) => {
  if (response.status < 400) return undefined;
  const { error } = JSON.parse(text);
  expect(error).toEqual({ message: expect.any(String), type: expect.any(String), param: null, code: expect.any(String) });
  const code = error.code === "invalid_api_key" ? "unauthenticated" : error.code;
  tellsWithStatus(response, code);
  return code;
};

/** What a message was refused is part of its answer; whoever has no credential is refused before it is read. */
const mcp: Told = (response, text) => {
  const { result, error } = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text);
  if (response.status >= 400) tellsWithStatus(response, error.data.code);
  else expect(response.status).toBe(200);
  return error?.data.code ?? result._meta?.["rag-personal/error"].code;
};

/** A stream tells it in its last event. */
const trpc: Told = (response, text) => {
  const failure = /^event: serialized-error\ndata: (.*)$/m.exec(text)?.[1];
  const error = text.startsWith("{") ? JSON.parse(text).error : failure && JSON.parse(failure);
  if (failure !== undefined) expect(response.status).toBe(200);
  else if (error !== undefined) tellsWithStatus(response, error.data.code);
  return error?.data.code;
};

const message = (method: string, params: object) => ({ jsonrpc: "2.0", id: 1, method, params });
const callTool = (name: string, given: object) => message("tools/call", { name, arguments: given });
const BOTH = "application/json, text/event-stream";

const COMPLETION = { model: "rag", messages: [{ role: "user", content: "Who?" }] };

/** The one answer that holds a key. */
const MAKES_KEYS = new Set(["POST /admin/api-keys", "tRPC admin.apiKeys.create"]);
const SESSION = "00000000-0000-4000-8000-00000000000a";
const EVENTS = "text/event-stream";

/** Each route with requests that succeed for whoever may make them. */
const ROUTES: Readonly<Record<string, readonly RouteRow[]>> = {
  "GET /openapi.json": [{ operation: "docs.read" }],
  "GET /docs": [{ operation: "docs.read" }],
  // The digest of no bytes, which is what the stand-in's file has.
  "GET /docs/:file": [{ operation: "docs.read", path: "/docs/viewer.e3b0c44298fc.css" }],
  "GET /health": [{ operation: "health.read" }],
  "GET /health/live": [{ operation: "health.read" }],
  "GET /health/ready": [{ operation: "health.read" }],
  "GET /health/detailed": [{ operation: "health.read" }],
  "GET /metrics": [{ operation: "metrics.read" }],
  "POST /auth/token": [{ operation: "auth.login", form: new URLSearchParams({ username: "admin", password: ADMIN_PASSWORD }).toString() }],
  "POST /auth/password": [{ operation: "auth.password", json: { oldPassword: USER_PASSWORD, newPassword: "a whole new password" } }],
  "POST /chat": [
    { operation: "chat.ask", json: { question: "Who?" } },
    { operation: "chat.ask", json: { question: "Who?" }, accept: EVENTS },
  ],
  "POST /search": [{ operation: "search.run", json: { query: "tower" } }],
  "POST /v1/chat/completions": [
    { operation: "chat.ask", json: COMPLETION, told: openAi },
    { operation: "chat.ask", json: { ...COMPLETION, stream: true }, told: openAi },
  ],
  "POST /v1/embeddings": [{ operation: "embeddings.create", json: { model: "rag-embeddings", input: "tower" }, told: openAi }],
  "GET /v1/models": [{ operation: "models.list", told: openAi }],
  "GET /v1/models/:model": [{ operation: "models.list", path: "/v1/models/rag", told: openAi }],
  "POST /mcp": [
    { operation: "chat.ask", json: callTool("ask", { question: "Who?" }), accept: BOTH, told: mcp },
    { operation: "search.run", json: callTool("search", { query: "tower" }), accept: BOTH, told: mcp },
    { operation: "documents.get", json: callTool("get_document", { id: "doc_1" }), accept: BOTH, told: mcp },
    { operation: "documents.list", json: message("resources/list", {}), accept: BOTH, told: mcp },
    { operation: "documents.get", json: message("resources/read", { uri: "rag://documents/doc_1" }), accept: BOTH, told: mcp },
  ],
  "GET /sessions": [{ operation: "sessions.list" }],
  "GET /sessions/:id": [{ operation: "sessions.get", path: `/sessions/${SESSION}` }],
  "DELETE /sessions/:id": [{ operation: "sessions.delete", path: `/sessions/${SESSION}` }],
  "POST /feedback": [{ operation: "feedback.write", json: { rating: "up" } }],
  "GET /documents": [{ operation: "documents.list" }],
  "POST /documents": [{ operation: "documents.upload", path: "/documents?path=people/a.md", text: "A." }],
  "GET /documents/:id": [{ operation: "documents.get", path: "/documents/doc_1" }],
  "DELETE /documents/:id": [{ operation: "documents.delete", path: "/documents/doc_1" }],
  "POST /ingest": [{ operation: "ingest.start" }],
  "GET /ingest/:id": [
    { operation: "ingest.read", path: "/ingest/job-1" },
    { operation: "ingest.read", path: "/ingest/job-1", accept: EVENTS },
  ],
  "GET /admin/stats": [{ operation: "admin.stats" }],
  "POST /admin/backup": [{ operation: "admin.backup" }],
  "POST /admin/breaker/reset": [{ operation: "breaker.reset" }],
  "POST /admin/cache/clear": [{ operation: "cache.clear" }],
  "GET /admin/index": [{ operation: "index.read" }],
  "POST /admin/index/reindex": [{ operation: "index.reindex" }],
  "POST /admin/index/switch-back": [{ operation: "index.switchBack" }],
  "DELETE /admin/index/previous": [{ operation: "index.dropPrevious" }],
  "GET /admin/doctor": [{ operation: "doctor.examine" }],
  "POST /admin/doctor/repair": [{ operation: "doctor.repair" }],
  "GET /admin/snapshot": [{ operation: "snapshot.make" }],
  "POST /admin/api-keys": [{ operation: "apiKeys.create", json: { name: "another" } }],
  "GET /admin/api-keys": [{ operation: "apiKeys.list" }],
  "DELETE /admin/api-keys/:id": [{ operation: "apiKeys.revoke", path: "/admin/api-keys/0000000000000000" }],
  "GET /admin/users": [{ operation: "users.list" }],
  "POST /admin/users": [{ operation: "users.create", json: { username: "eve", email: "eve@example.org", password: "a whole new password" } }],
  "POST /admin/users/:id/disable": [{ operation: "users.disable", path: "/admin/users/user-1/disable" }],

  "tRPC health": [{ operation: "health.read", json: {}, told: trpc }],
  "tRPC auth.login": [{ operation: "auth.login", json: { username: "admin", password: ADMIN_PASSWORD }, told: trpc }],
  "tRPC auth.changePassword": [{ operation: "auth.password", json: { oldPassword: USER_PASSWORD, newPassword: "a whole new password" }, told: trpc }],
  "tRPC chat.ask": [{ operation: "chat.ask", json: { question: "Who?" }, told: trpc }],
  "tRPC chat.stream": [{ operation: "chat.ask", json: { question: "Who?" }, accept: EVENTS, told: trpc }],
  "tRPC chat.feedback": [{ operation: "feedback.write", json: { rating: "up" }, told: trpc }],
  "tRPC search": [{ operation: "search.run", json: { query: "tower" }, told: trpc }],
  "tRPC sessions.list": [{ operation: "sessions.list", json: {}, told: trpc }],
  "tRPC sessions.get": [{ operation: "sessions.get", json: { id: SESSION }, told: trpc }],
  "tRPC sessions.delete": [{ operation: "sessions.delete", json: { id: SESSION }, told: trpc }],
  "tRPC documents.list": [{ operation: "documents.list", json: {}, told: trpc }],
  "tRPC documents.get": [{ operation: "documents.get", json: { id: "doc_1" }, told: trpc }],
  "tRPC documents.delete": [{ operation: "documents.delete", json: { id: "doc_1" }, told: trpc }],
  "tRPC documents.upload": [{ operation: "documents.upload", file: "people/a.md", told: trpc }],
  "tRPC admin.stats": [{ operation: "admin.stats", json: {}, told: trpc }],
  "tRPC admin.backup": [{ operation: "admin.backup", json: {}, told: trpc }],
  "tRPC admin.ingest": [{ operation: "ingest.start", json: {}, told: trpc }],
  "tRPC admin.ingestStatus": [{ operation: "ingest.read", json: { id: "job-1" }, told: trpc }],
  "tRPC admin.ingestEvents": [{ operation: "ingest.read", json: { id: "job-1" }, accept: EVENTS, told: trpc }],
  "tRPC admin.users.list": [{ operation: "users.list", json: {}, told: trpc }],
  "tRPC admin.users.create": [
    { operation: "users.create", json: { username: "eve", email: "eve@example.org", password: "a whole new password" }, told: trpc },
  ],
  "tRPC admin.users.disable": [{ operation: "users.disable", json: { id: "user-1" }, told: trpc }],
  "tRPC admin.apiKeys.list": [{ operation: "apiKeys.list", json: {}, told: trpc }],
  "tRPC admin.apiKeys.create": [{ operation: "apiKeys.create", json: { name: "another" }, told: trpc }],
  "tRPC admin.apiKeys.revoke": [{ operation: "apiKeys.revoke", json: { id: "0000000000000000" }, told: trpc }],
  "tRPC admin.breaker.reset": [{ operation: "breaker.reset", json: {}, told: trpc }],
  "tRPC admin.cache.clear": [{ operation: "cache.clear", json: {}, told: trpc }],
  "tRPC admin.index": [{ operation: "index.read", json: {}, told: trpc }],
  "tRPC admin.reindex": [{ operation: "index.reindex", json: {}, told: trpc }],
  "tRPC admin.switchBack": [{ operation: "index.switchBack", json: {}, told: trpc }],
  "tRPC admin.dropPrevious": [{ operation: "index.dropPrevious", json: {}, told: trpc }],
  "tRPC admin.doctor.examine": [{ operation: "doctor.examine", json: {}, told: trpc }],
  "tRPC admin.doctor.repair": [{ operation: "doctor.repair", json: {}, told: trpc }],
};

const scene = createCredentialsScene();
let services: AppServices;
let matrix: CredentialMatrix;
let app: Hono<HttpEnvironment>;

/** No connection stands behind these requests, so they do not come from the machine itself. */
const NO_CONNECTION = {};
const request = (path: string, init: RequestInit): Promise<Response> => Promise.resolve(app.request(path, init, NO_CONNECTION));

beforeAll(async () => {
  services = createStandInServices(scene, SESSION);
  app = createApp(services);
  const operations = new Set(Object.values(ROUTES).flatMap((rows) => rows.map(({ operation }) => operation)));
  const search = (headers: Readonly<Record<string, string>>) =>
    request("/search", { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: '{"query":"a"}' });
  matrix = await createCredentialMatrix(scene, operations, search);
});

async function send(route: string, row: RouteRow, headers: Readonly<Record<string, string>>): Promise<Response> {
  const [kind = "", pattern = ""] = route.split(" ");
  const [method, path] = kind === "tRPC" ? ["POST", `/trpc/${pattern}`] : [kind, row.path ?? pattern];
  const type = row.json === undefined ? row.form && "application/x-www-form-urlencoded" : "application/json";
  const file = new FormData();
  if (row.file !== undefined) file.set("file", new File(["A."], row.file));
  return await request(path, {
    method,
    headers: { ...headers, ...(type === undefined ? {} : { "content-type": type }), ...(row.accept === undefined ? {} : { accept: row.accept }) },
    body: row.file === undefined ? (row.form ?? row.text ?? (row.json === undefined ? null : JSON.stringify(row.json))) : file,
  });
}

describe("the routes", () => {
  it("are all in the table above, and it has no others", () => {
    const mounted = app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`);
    const procedures = Object.keys(createAppRouter(createApi(services))._def.procedures).map((path) => `tRPC ${path}`);
    expect([...new Set(mounted), ...procedures].sort()).toEqual(Object.keys(ROUTES).sort());
  });

  it("make use of every operation of the policy", () => {
    const used = new Set(Object.values(ROUTES).flatMap((rows) => rows.map(({ operation }) => operation)));
    // What `GET /health/detailed` tells depends on this one; see below.
    used.add("health.details");
    expect([...used].sort()).toEqual(Object.keys(POLICY).sort());
  });
});

describe.each(Object.entries(ROUTES).flatMap(([route, rows]) => rows.map((row) => [route, row] as const)))("%s", (route, row) => {
  it.each(CREDENTIALS)(`as ${row.accept ?? "JSON"}, with: %s`, async (credential) => {
    const response = await send(route, row, matrix.headersFor(credential, row.operation));
    const refusal = (row.told ?? problem)(response, await response.text());
    expect(refusal).toBe(expectedRefusal(row.operation, credential));
    if (refusal === undefined) expect([200, 201, 202, 204]).toContain(response.status);
  });

  it("leaks no credential, whoever asks", async () => {
    const { apiKeys, users } = scene;
    const hashes = [...(await apiKeys.list()).map(({ secretHash }) => secretHash), ...(await users.list()).map(({ passwordHash }) => passwordHash)];
    for (const credential of CREDENTIALS) {
      const body = await (await send(route, row, matrix.headersFor(credential, row.operation))).text();
      for (const hash of hashes) expect(body).not.toContain(hash);
      if (!MAKES_KEYS.has(route)) expect(body).not.toMatch(/rag_[0-9a-f]{16}_[\w-]{43}/);
    }
  });
});

describe("GET /health/detailed", () => {
  it.each([
    ["none", false],
    ["configured key", true],
    ["user's token", true],
    ["admin's token", true],
  ] as const)("with %s tells details: %s", async (credential, tells) => {
    const response = await request("/health/detailed", { headers: matrix.headersFor(credential, "health.read") });
    expect((await response.text()).includes(HEALTH_DETAIL)).toBe(tells);
  });

  it("tells them to a key only if its operations have health.details", async () => {
    const told = async (operations: readonly KeyOperation[]): Promise<boolean> => {
      const probe = { name: "probe", operations, pathPrefixes: undefined, requestsPerMinute: undefined, requestsPerDay: undefined };
      const { key } = await scene.apiKeys.create({ ...probe, expiresAtMs: undefined });
      return (await (await request("/health/detailed", { headers: { "x-api-key": key } })).text()).includes(HEALTH_DETAIL);
    };
    expect([await told(["health.details"]), await told(["chat.ask"])]).toEqual([true, false]);
  });
});
