/** Every route with every kind of credential, compared with the policy table. A route that is not listed here fails. */
import { ERROR_STATUS, type ErrorCode } from "@rag-personal/core";
import type { Hono } from "hono";
import { beforeAll, describe, expect, it } from "vitest";
import { ADMIN_PASSWORD, CONFIGURED_KEY, createCredentialsScene, USER_PASSWORD } from "../../test-support/credentials-scene.ts";
import { createStandInServices, HEALTH_DETAIL } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import type { HttpEnvironment } from "../http/environment.ts";
import { isKeyOperation, KEY_OPERATIONS, type KeyOperation, type Operation, POLICY } from "../policy.ts";
import { createAccessTokens } from "../security/access-tokens.ts";

interface RouteRow {
  readonly operation: Operation;
  /** Where it differs from the pattern. */
  readonly path?: string;
  readonly json?: unknown;
  readonly form?: string;
  /** Sent as it is. */
  readonly text?: string;
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

const message = (method: string, params: object) => ({ jsonrpc: "2.0", id: 1, method, params });
const callTool = (name: string, given: object) => message("tools/call", { name, arguments: given });
const BOTH = "application/json, text/event-stream";

const COMPLETION = { model: "rag", messages: [{ role: "user", content: "Who?" }] };

const SESSION = "00000000-0000-4000-8000-00000000000a";
const EVENTS = "text/event-stream";

/** Each route with requests that succeed for whoever may make them. */
const ROUTES: Readonly<Record<string, readonly RouteRow[]>> = {
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
  "POST /admin/breaker/reset": [{ operation: "breaker.reset" }],
  "POST /admin/cache/clear": [{ operation: "cache.clear" }],
  "GET /admin/index": [{ operation: "index.read" }],
  "POST /admin/index/reindex": [{ operation: "index.reindex" }],
  "POST /admin/index/switch-back": [{ operation: "index.switchBack" }],
  "DELETE /admin/index/previous": [{ operation: "index.dropPrevious" }],
  "GET /admin/doctor": [{ operation: "doctor.examine" }],
  "POST /admin/doctor/repair": [{ operation: "doctor.repair" }],
  "POST /admin/api-keys": [{ operation: "apiKeys.create", json: { name: "another" } }],
  "GET /admin/api-keys": [{ operation: "apiKeys.list" }],
  "DELETE /admin/api-keys/:id": [{ operation: "apiKeys.revoke", path: "/admin/api-keys/0000000000000000" }],
  "GET /admin/users": [{ operation: "users.list" }],
  "POST /admin/users": [{ operation: "users.create", json: { username: "eve", email: "eve@example.org", password: "a whole new password" } }],
  "POST /admin/users/:id/disable": [{ operation: "users.disable", path: "/admin/users/user-1/disable" }],
};

type Credential =
  | "none"
  | "wrong key"
  | "configured key"
  | "key without the operation"
  | "key with the operation alone"
  | "spent key"
  | "expired key"
  | "revoked key"
  | "user's token"
  | "admin's token"
  | "expired token"
  | "token of another signer"
  | "disabled user's token"
  | "disabled admin's token"
  | "configured key as bearer"
  | "key with the operation alone, as bearer"
  | "key without the operation, as bearer"
  | "wrong key as bearer"
  | "revoked key as bearer"
  | "good key beside a wrong bearer key"
  | "good key beside a bad token";

const CREDENTIALS: readonly Credential[] = [
  "none",
  "wrong key",
  "configured key",
  "key without the operation",
  "key with the operation alone",
  "spent key",
  "expired key",
  "revoked key",
  "user's token",
  "admin's token",
  "expired token",
  "token of another signer",
  "disabled user's token",
  "disabled admin's token",
  "configured key as bearer",
  "key with the operation alone, as bearer",
  "key without the operation, as bearer",
  "wrong key as bearer",
  "revoked key as bearer",
  "good key beside a wrong bearer key",
  "good key beside a bad token",
];

/** What the table says: the code of the refusal, or undefined for an answer. */
function expectedRefusal(operation: Operation, credential: Credential): ErrorCode | undefined {
  const requirement = POLICY[operation];
  const takesKey = requirement === "client" || requirement === "machine" || requirement === "granted";
  switch (credential) {
    case "wrong key":
    case "expired key":
    case "revoked key":
    case "expired token":
    case "token of another signer":
    case "disabled user's token":
    case "disabled admin's token":
    case "wrong key as bearer":
    case "revoked key as bearer":
    case "good key beside a wrong bearer key":
    case "good key beside a bad token":
      return "unauthenticated";
    case "none":
      return requirement === "anybody" ? undefined : "unauthenticated";
    case "configured key":
    case "configured key as bearer":
      return requirement === "anybody" || (takesKey && requirement !== "granted") ? undefined : "forbidden";
    case "key with the operation alone":
    case "key with the operation alone, as bearer":
      return requirement === "anybody" || takesKey ? undefined : "forbidden";
    case "key without the operation":
    case "key without the operation, as bearer":
      return requirement === "anybody" ? undefined : "forbidden";
    case "spent key":
      return requirement === "anybody" ? undefined : takesKey ? "rate_limited" : "forbidden";
    case "user's token":
      return requirement === "admin" || requirement === "granted" ? "forbidden" : undefined;
    case "admin's token":
      return undefined;
  }
}

const scene = createCredentialsScene();
const credentials = new Map<string, Record<string, string>>();
let app: Hono<HttpEnvironment>;

/** No connection stands behind these requests, so they do not come from the machine itself. */
const NO_CONNECTION = {};
const request = (path: string, init: RequestInit): Promise<Response> => Promise.resolve(app.request(path, init, NO_CONNECTION));

const headersFor = (credential: Credential, operation: Operation): Record<string, string> => {
  const headers = credentials.get(`${credential} ${operation}`) ?? credentials.get(credential);
  if (headers === undefined) throw new Error(`no headers for ${credential}`);
  return headers;
};

beforeAll(async () => {
  const { users, apiKeys, time, tokens } = scene;
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const makeKey = async (operations: readonly KeyOperation[], more: { expiresAtMs?: number; requestsPerMinute?: number } = {}) => {
    const { expiresAtMs, requestsPerMinute } = more;
    const scope = { operations, pathPrefixes: ["people/", "uploads/people/"], requestsPerMinute, requestsPerDay: undefined };
    const { key, record } = await apiKeys.create({ name: "matrix", ...scope, expiresAtMs });
    return { headers: { "x-api-key": key }, bearer: bearer(key), id: record.id };
  };
  const makeUser = (username: string, isSuperuser: boolean) =>
    users.create({ username, email: `${username}@example.org`, password: USER_PASSWORD, isSuperuser });

  await users.ensureAdmin(ADMIN_PASSWORD);
  await makeUser("ada", false);
  credentials.set("expired token", bearer(await tokens.issue("admin")));
  const expiring = await makeKey(KEY_OPERATIONS, { expiresAtMs: time.ms + 1_000 });
  credentials.set("expired key", expiring.headers);
  time.ms += 3_600_000;

  for (const [username, isSuperuser, credential] of [
    ["disabled", false, "disabled user's token"],
    ["dismissed", true, "disabled admin's token"],
  ] as const) {
    const { id } = await makeUser(username, isSuperuser);
    credentials.set(credential, bearer(await tokens.issue(username)));
    await users.disable(id);
  }

  const other = createAccessTokens({ secret: "another-secret-another-secret-another", lifetimeMinutes: 30, nowMs: () => time.ms });
  credentials.set("none", {});
  const wrong = `rag_0123456789abcdef_${"A".repeat(43)}`;
  credentials.set("wrong key", { "x-api-key": wrong });
  credentials.set("wrong key as bearer", bearer(wrong));
  credentials.set("good key beside a wrong bearer key", { "x-api-key": CONFIGURED_KEY, ...bearer(wrong) });
  credentials.set("configured key", { "x-api-key": CONFIGURED_KEY });
  credentials.set("configured key as bearer", bearer(CONFIGURED_KEY));
  const revoked = await makeKey(KEY_OPERATIONS);
  await apiKeys.revoke(revoked.id);
  credentials.set("revoked key", revoked.headers);
  credentials.set("revoked key as bearer", revoked.bearer);
  const spent = await makeKey(KEY_OPERATIONS, { requestsPerMinute: 1 });
  credentials.set("spent key", spent.headers);
  credentials.set("user's token", bearer(await tokens.issue("ada")));
  credentials.set("admin's token", bearer(await tokens.issue("admin")));
  credentials.set("token of another signer", bearer(await other.issue("admin")));
  credentials.set("good key beside a bad token", { "x-api-key": CONFIGURED_KEY, authorization: "Bearer a.b.c" });
  for (const operation of new Set(Object.values(ROUTES).flatMap((rows) => rows.map((row) => row.operation)))) {
    const others = await makeKey(KEY_OPERATIONS.filter((name) => name !== operation));
    const alone = await makeKey(isKeyOperation(operation) ? [operation] : KEY_OPERATIONS);
    credentials.set(`key without the operation ${operation}`, others.headers);
    credentials.set(`key with the operation alone ${operation}`, alone.headers);
    credentials.set(`key without the operation, as bearer ${operation}`, others.bearer);
    credentials.set(`key with the operation alone, as bearer ${operation}`, alone.bearer);
  }

  app = createApp(createStandInServices(scene, SESSION));
  await request("/search", { method: "POST", headers: { ...spent.headers, "content-type": "application/json" }, body: '{"query":"a"}' });
});

async function send(route: string, row: RouteRow, headers: Readonly<Record<string, string>>): Promise<Response> {
  const [method = "", pattern = ""] = route.split(" ");
  const type = row.json === undefined ? row.form && "application/x-www-form-urlencoded" : "application/json";
  return await request(row.path ?? pattern, {
    method,
    headers: { ...headers, ...(type === undefined ? {} : { "content-type": type }), ...(row.accept === undefined ? {} : { accept: row.accept }) },
    body: row.form ?? row.text ?? (row.json === undefined ? null : JSON.stringify(row.json)),
  });
}

describe("the routes", () => {
  it("are all in the table above, and it has no others", () => {
    const mounted = app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`);
    expect([...new Set(mounted)].sort()).toEqual(Object.keys(ROUTES).sort());
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
    const response = await send(route, row, headersFor(credential, row.operation));
    const refusal = (row.told ?? problem)(response, await response.text());
    expect(refusal).toBe(expectedRefusal(row.operation, credential));
    if (refusal === undefined) expect([200, 201, 202, 204]).toContain(response.status);
  });

  it("leaks no credential, whoever asks", async () => {
    const { apiKeys, users } = scene;
    const hashes = [...(await apiKeys.list()).map(({ secretHash }) => secretHash), ...(await users.list()).map(({ passwordHash }) => passwordHash)];
    for (const credential of CREDENTIALS) {
      const body = await (await send(route, row, headersFor(credential, row.operation))).text();
      for (const hash of hashes) expect(body).not.toContain(hash);
      if (route !== "POST /admin/api-keys") expect(body).not.toMatch(/rag_[0-9a-f]{16}_[\w-]{43}/);
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
    const response = await request("/health/detailed", { headers: headersFor(credential, "health.read") });
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
