/** Users and scoped API keys on a running server, through its restart too. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, type ApiResponse, connectApi } from "../test-support/api.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const CANARY = "quetzal";
const FILES: Readonly<Record<string, string>> = {
  "people/lund.md": "# Ada Lund\n\nAda Lund built the tower in 1912. She lived in Visby and kept bees.",
  "people-archive/holm.md": `# Eva Holm\n\nEva Holm painted the tower in 1930. Her password was ${CANARY}.`,
  "secret/plans.md": `# Plans\n\nThe tower will be sold in May. The buyer of the tower is called ${CANARY}.`,
};
const PASSWORD = "a lighthouse without a keeper";

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let environment: { DATA_DIR: string; DOCS_DIR: string };
let server: RunningServer;
let api: Api;

beforeAll(async () => {
  folder = await temporaryDirectory();
  environment = { DATA_DIR: join(folder.path, "data"), DOCS_DIR: join(folder.path, "docs") };
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(join(environment.DOCS_DIR, path, ".."), { recursive: true });
    await writeFile(join(environment.DOCS_DIR, path), text);
  }
  server = await startServer(environment);
  api = await connectApi(server);
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

async function makeKey(scope: Record<string, unknown> = {}): Promise<{ readonly id: string; readonly key: string }> {
  const { status, body } = await api.admin("POST", "/admin/api-keys", { body: { name: "e2e", ...scope } });
  expect(status).toBe(201);
  return body;
}

const withKey = (key: string, method: string, path: string, body?: unknown): Promise<ApiResponse> =>
  api.stranger(method, path, { headers: { "x-api-key": key }, ...(body === undefined ? {} : { body }) });

const withToken = (token: string, method: string, path: string, body?: unknown): Promise<ApiResponse> =>
  api.stranger(method, path, { headers: { authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body }) });

const logIn = (username: string, password: string): Promise<ApiResponse> =>
  api.stranger("POST", "/auth/token", {
    rawBody: new URLSearchParams({ username, password }).toString(),
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });

describe("an API key", () => {
  it("is shown once, listed without its secret, works, and ends when it is revoked", async () => {
    const made = await api.admin("POST", "/admin/api-keys", { body: { name: "telephone", requestsPerDay: 100 } });
    const { key, ...description } = made.body;
    expect(made.headers.get("cache-control")).toBe("no-store");
    expect(key).toMatch(new RegExp(`^rag_${description.id}_[\\w-]{43}$`));
    expect(description).toMatchObject({
      name: "telephone",
      prefix: `rag_${description.id}_`,
      pathPrefixes: null,
      requestsPerDay: 100,
      revokedAt: null,
    });
    expect((await withKey(key, "POST", "/chat", { question: "Who built the tower?" })).body.answerable).toBe(true);

    const { body: list } = await api.admin("GET", "/admin/api-keys");
    expect(list.apiKeys[0]).toEqual({ ...description, lastUsedAt: expect.any(String) });
    expect(JSON.stringify(list)).not.toContain(key.slice(-43));

    expect((await api.admin("DELETE", `/admin/api-keys/${description.id}`)).status).toBe(204);
    expect(await withKey(key, "POST", "/chat", { question: "Who built the tower?" })).toMatchObject({
      status: 401,
      body: { code: "unauthenticated", detail: expect.stringContaining("revoked") },
    });
    expect((await api.admin("DELETE", "/admin/api-keys/0000000000000000")).status).toBe(404);
    expect(server.output()).not.toContain(key.slice(-43));
  });

  it("sees its folders alone: in answers, near misses, searches, follow-ups and cached answers", async () => {
    const { key } = await makeKey({ pathPrefixes: ["people/"] });
    const questions = ["Who is the buyer of the tower?", "What was the password of Eva Holm?", "Who built the tower?"];
    const { body: open } = await api.client("POST", "/chat", { body: { question: questions[0] } });
    expect(JSON.stringify(open)).toContain(CANARY);
    let sessionId: string | undefined;
    for (const question of [...questions, ...questions]) {
      for (const filters of [undefined, { pathPrefixes: ["secret/", "people"] }]) {
        const { status, body } = await withKey(key, "POST", "/chat", { question, ...(sessionId && { sessionId }), ...(filters && { filters }) });
        expect(status).toBe(200);
        expect(JSON.stringify(body)).not.toContain(CANARY);
        sessionId = body.sessionId;
      }
    }
    const { body: found } = await withKey(key, "POST", "/search", { query: "tower", limit: 50 });
    expect(found.hits.map((hit: { path: string }) => hit.path)).toEqual(["people/lund.md"]);
    const { body: outside } = await withKey(key, "POST", "/search", { query: "tower", filters: { pathPrefixes: ["secret/"] } });
    expect(outside.hits).toEqual([]);
    const { body: streamed } = await api.stranger("POST", "/chat", {
      headers: { "x-api-key": key, accept: "text/event-stream" },
      body: { question: questions[0] },
    });
    expect(streamed).not.toContain(CANARY);
    const { body: own } = await withKey(key, "GET", "/sessions");
    expect(JSON.stringify(own)).not.toContain(CANARY);
    expect((await api.client("GET", `/sessions/${sessionId}`)).status).toBe(404);
  });

  it("reads the documents of its folders: what lies elsewhere is what is nowhere, byte for byte", async () => {
    const { key } = await makeKey({ pathPrefixes: ["people/"], operations: ["documents.list", "documents.get", "documents.delete", "ingest.read"] });
    const headers = { "x-api-key": key, "x-request-id": "same" };
    const withTheKey = (method: string, path: string): Promise<ApiResponse> => api.stranger(method, path, { headers });
    const { body: all } = await api.client("GET", "/documents");
    const idOf = (path: string): string => all.documents.find((document: { path: string }) => document.path === path).id;
    const { body: own } = await withTheKey("GET", "/documents");
    expect(own).toMatchObject({ documents: [{ path: "people/lund.md" }], nextCursor: null });
    expect((await withTheKey("GET", "/documents?pathPrefix=secret/")).body).toEqual({ documents: [], nextCursor: null });
    expect((await withTheKey("GET", `/documents/${idOf("people/lund.md")}`)).body.text).toContain("Ada Lund");
    for (const method of ["GET", "DELETE"]) {
      const unknown = await withTheKey(method, "/documents/doc_000000000000000000000000");
      expect([unknown.status, unknown.body.code]).toEqual([404, "not_found"]);
      for (const path of ["secret/plans.md", "people-archive/holm.md"]) {
        const outside = await withTheKey(method, `/documents/${idOf(path)}`);
        expect([outside.status, outside.body]).toEqual([unknown.status, unknown.body]);
      }
    }
    expect((await api.client("GET", "/documents")).body).toEqual(all);
    const job = await api.ingest();
    expect(job.counts.unchanged).toBe(3);
    expect((await withTheKey("GET", `/ingest/${job.id}`)).body.id).toBe(job.id);
    expect((await withTheKey("GET", "/ingest?limit=1")).body.jobs).toMatchObject([{ id: job.id }]);
  });

  it("is not made for what must be granted, unless that is named", async () => {
    const { body: anything } = await api.client("GET", "/documents");
    const [document] = anything.documents;
    const { key } = await makeKey();
    for (const send of [(method: string, path: string) => withKey(key, method, path), api.client]) {
      expect((await send("DELETE", `/documents/${document.id}`)).body.code).toBe("forbidden");
      expect((await send("POST", "/ingest")).body.code).toBe("forbidden");
      expect((await send("GET", "/ingest/unknown")).body.code).toBe("forbidden");
    }
    const { key: granted } = await makeKey({ operations: ["ingest.start", "ingest.read"] });
    const started = await withKey(granted, "POST", "/ingest");
    expect(started.status).toBe(202);
    expect((await withKey(granted, "GET", `/ingest/${started.body.id}`)).status).toBe(200);
    expect((await withKey(granted, "DELETE", `/documents/${document.id}`)).body.code).toBe("forbidden");
  });

  it("does what it was made for, as often as it may", async () => {
    const { key } = await makeKey({ operations: ["search.run"], requestsPerMinute: 2 });
    const search = () => withKey(key, "POST", "/search", { query: "tower" });
    expect(await withKey(key, "POST", "/chat", { question: "Who?" })).toMatchObject({ status: 403, body: { code: "forbidden" } });
    expect([(await search()).status, (await search()).status]).toEqual([200, 200]);
    const refused = await search();
    expect(refused).toMatchObject({ status: 429, body: { code: "rate_limited" } });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await api.client("POST", "/search", { body: { query: "tower" } })).status).toBe(200);
  });

  it.each([
    ["no name", { name: undefined }],
    ["a name of two lines", { name: "a\nb" }],
    ["an operation of administrators", { operations: ["index.reindex"] }],
    ["no operation", { operations: [] }],
    ["no folder", { pathPrefixes: [] }],
    ["half a name", { pathPrefixes: ["people"] }],
    ["the whole disk", { pathPrefixes: ["/"] }],
    ["an absolute folder", { pathPrefixes: ["/etc/"] }],
    ["a way out", { pathPrefixes: ["people/../secret/"] }],
    ["a folder of another system", { pathPrefixes: ["people\\lund/"] }],
    ["a budget of nothing", { requestsPerMinute: 0 }],
    ["half a request", { requestsPerDay: 0.5 }],
    ["an expiry in the past", { expiresAt: "2020-01-01T00:00:00Z" }],
    ["an expiry that is no time", { expiresAt: "tomorrow" }],
    ["a misspelt field", { pathPrefix: ["people/"] }],
  ])("cannot be made with %s", async (_, fields) => {
    const { status, body } = await api.admin("POST", "/admin/api-keys", { body: { name: "wrong", ...fields } });
    expect([status, body.code]).toEqual([400, "invalid_request"]);
  });
});

describe("a user", () => {
  it("logs in, asks, does not administer, changes the password, and is disabled", async () => {
    const user = { username: "ada", email: "ada@example.org", password: PASSWORD };
    const { status, body: ada } = await api.admin("POST", "/admin/users", { body: user });
    expect([status, Object.keys(ada).sort()]).toEqual([201, ["createdAt", "disabledAt", "email", "id", "isSuperuser", "username"]]);
    expect((await api.admin("POST", "/admin/users", { body: user })).body.code).toBe("conflict");
    expect((await api.admin("POST", "/admin/users", { body: { ...user, username: "eve", password: "too short" } })).status).toBe(400);

    const token = (await logIn("ada", PASSWORD)).body.access_token;
    expect((await withToken(token, "POST", "/chat", { question: "Who built the tower?" })).body.answerable).toBe(true);
    expect((await withToken(token, "GET", "/admin/users")).status).toBe(403);
    expect((await withToken(token, "POST", "/admin/api-keys", { name: "mine" })).status).toBe(403);

    const newPassword = "a keeper without a lighthouse";
    expect((await withToken(token, "POST", "/auth/password", { oldPassword: "wrong", newPassword })).status).toBe(403);
    expect((await withToken(token, "POST", "/auth/password", { oldPassword: PASSWORD, newPassword })).status).toBe(204);
    expect((await logIn("ada", PASSWORD)).status).toBe(401);
    const renewed = (await logIn("ada", newPassword)).body.access_token;
    expect((await withToken(renewed, "GET", "/sessions")).status).toBe(200);

    expect((await api.admin("POST", `/admin/users/${ada.id}/disable`)).status).toBe(204);
    expect((await withToken(renewed, "GET", "/sessions")).status).toBe(401);
    expect((await logIn("ada", newPassword)).status).toBe(401);
    const { body: list } = await api.admin("GET", "/admin/users");
    expect(list.users.map(({ username, disabledAt }: Record<string, unknown>) => [username, typeof disabledAt])).toEqual([
      ["ada", "string"],
      ["admin", "object"],
    ]);
    expect(JSON.stringify(list)).not.toContain("argon2");
  });

  it("admin follows the configuration", async () => {
    const { body: list } = await api.admin("GET", "/admin/users");
    const admin = list.users.find(({ username }: Record<string, unknown>) => username === "admin");
    expect(admin).toMatchObject({ isSuperuser: true, email: "admin@example.com" });
    expect((await api.admin("POST", `/admin/users/${admin.id}/disable`)).body.code).toBe("conflict");
    const change = { oldPassword: api.adminPassword, newPassword: PASSWORD };
    expect((await api.admin("POST", "/auth/password", { body: change })).body.code).toBe("conflict");
  });
});

describe("a restart", () => {
  it("keeps keys and users, and gives admin the password that is configured now", async () => {
    const { key } = await makeKey({ pathPrefixes: ["people/"] });
    const before = api;
    await server.stop();
    const configured = "the password of the second configuration";
    server = await startServer({ ...environment, ADMIN_PASSWORD: configured });
    expect((await logInAt(server, before.adminPassword)).status).toBe(401);
    expect((await logInAt(server, configured)).status).toBe(200);
    const response = await fetch(`${server.address}/search`, {
      method: "POST",
      headers: { "x-api-key": key, "content-type": "application/json" },
      body: JSON.stringify({ query: "tower", limit: 50 }),
    });
    expect(await response.json()).toMatchObject({ hits: [{ path: "people/lund.md" }] });
  });
});

function logInAt({ address }: RunningServer, password: string): Promise<Response> {
  return fetch(`${address}/auth/token`, { method: "POST", body: new URLSearchParams({ username: "admin", password }) });
}
