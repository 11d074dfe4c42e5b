/** Input that is wrong, hostile or merely odd: each gets its typed error or its documented behaviour, and the server goes on. */

import { mkdir, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, type ApiResponse, connectApi } from "../test-support/api.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: RunningServer;
let api: Api;

beforeAll(async () => {
  folder = await temporaryDirectory();
  server = await startServer({
    DATA_DIR: join(folder.path, "data"),
    MAX_BODY_BYTES: "65536",
    HEADERS_TIMEOUT_MS: "1000",
    REQUEST_TIMEOUT_MS: "1500",
  });
  api = await connectApi(server);
});
afterAll(async () => {
  const code = await server.stop();
  await folder.remove();
  expect(code).toBe(0);
});

const ask = (question: unknown) => api.client("POST", "/chat", { body: { question } });

/** What every error response has in common. */
function expectProblem(response: ApiResponse, status: number, code: string): void {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.body).toMatchObject({
    type: `urn:rag-personal:error:${code}`,
    status,
    code,
    title: expect.any(String),
    detail: expect.any(String),
  });
  expect(response.body.requestId).toBe(response.headers.get("x-request-id"));
  expect(response.status).toBe(status);
}

describe("questions", () => {
  it.each([
    ["of only stop words", "what is the of and to"],
    ["of emoji", "🦉🦉🦉 🐐?"],
    ["in Chinese", "灯塔是谁设计的？"],
    ["of punctuation", "?!?!…"],
    ["with lone surrogates and control characters", "who \ud800 designed \u0000\u0007 the \u2028 lens grinder of Ulan Bator?"],
    ["of a single long word", "x".repeat(1_999)],
    ["that look like Markdown and SQL", "'; DROP TABLE documents; -- ![x](http://evil.example/a.png)"],
  ])("%s are refused as not in the documents", async (_, question) => {
    const response = await ask(question);
    expect(response.status).toBe(200);
    expect(response.body).toMatchObject({ answerable: false, answeredBy: "gate", citations: [] });
  });

  it("longer than allowed say the limit and its name", async () => {
    const response = await ask("owl ".repeat(600));
    expectProblem(response, 400, "invalid_request");
    expect(response.body.issues).toEqual([{ path: "question", message: expect.stringContaining("MAX_QUESTION_CHARS") }]);
  });

  it("of a megabyte are refused by size, whether the length is told or not", async () => {
    const body = JSON.stringify({ question: "x".repeat(1_000_000) });
    expectProblem(await ask("x".repeat(1_000_000)), 413, "payload_too_large");
    const chunked = await fetch(`${server.address}/chat`, {
      method: "POST",
      headers: { "x-api-key": api.apiKey, "content-type": "application/json" },
      body: new Blob([body]).stream(),
      duplex: "half",
    } as RequestInit);
    expect([chunked.status, (await chunked.json()).code]).toEqual([413, "payload_too_large"]);
  });
});

describe("bodies", () => {
  it.each([
    ["no JSON", "{question: 'x'}", "invalid_request"],
    ["JSON of the wrong type", "[]", "invalid_request"],
    ["null", "null", "invalid_request"],
    ["an empty body", "", "invalid_request"],
    ["a wrong type in a field", '{"question": 7}', "invalid_request"],
    ["an extra field", '{"question": "x", "sesionId": "y"}', "invalid_request"],
    ["an empty question", '{"question": "  "}', "invalid_request"],
    ["a prototype in a field", '{"question": "x", "__proto__": {"admin": true}}', "invalid_request"],
    ["nesting beyond the limit", `{"question": ${"[".repeat(40)}${"]".repeat(40)}}`, "invalid_request"],
    ["nesting that would overflow a stack", `{"question": ${"[".repeat(30_000)}`, "invalid_request"],
  ])("with %s are refused", async (_, rawBody, code) => {
    const response = await api.client("POST", "/chat", { rawBody, headers: { "content-type": "application/json" } });
    expectProblem(response, 400, code);
  });

  it("that are no UTF-8 are refused", async () => {
    const rawBody = new Uint8Array([...Buffer.from('{"question": "'), 0xff, 0xfe, ...Buffer.from('"}')]);
    expectProblem(await api.client("POST", "/chat", { rawBody, headers: { "content-type": "application/json" } }), 400, "invalid_request");
  });

  it("of another type are refused", async () => {
    expectProblem(
      await api.client("POST", "/chat", { rawBody: "question=x", headers: { "content-type": "text/plain" } }),
      415,
      "unsupported_media_type",
    );
    expectProblem(await api.stranger("POST", "/auth/token", { body: { username: "admin", password: "x" } }), 415, "unsupported_media_type");
  });

  it.each([
    ["/search", { query: "x", limit: 101 }, "limit"],
    ["/search", { query: "x", limit: 0 }, "limit"],
    ["/search", { query: "x", filters: { pathPrefixes: [] } }, "filters.pathPrefixes"],
    ["/feedback", { rating: "sideways" }, "rating"],
    ["/feedback", { rating: "up", id: "7" }, "id"],
    ["/chat", { question: "x", filters: { documentIds: [7] } }, "filters.documentIds.0"],
  ])("of %s name the field that is wrong: %j", async (path, body, field) => {
    const response = await api.client("POST", path, { body });
    expectProblem(response, 400, "invalid_request");
    expect(response.body.issues[0].path).toBe(field);
  });
});

describe("ids and routes", () => {
  it.each(["unknown", "../../etc/passwd", "%2e%2e%2f", "💥", "a".repeat(150), "' OR 1=1 --"])("of a session that is not there: %s", async (id) => {
    expectProblem(await api.client("GET", `/sessions/${encodeURIComponent(id)}`), 404, "not_found");
    expectProblem(await api.client("POST", "/chat", { body: { question: "Who designed the tower?", sessionId: id } }), 404, "not_found");
  });

  it.each(["\u0000", "a\u0000b", "\ud800"])("that no database can hold are simply not there: %j", async (id) => {
    expectProblem(await api.client("POST", "/chat", { body: { question: "Who designed the tower?", sessionId: id } }), 404, "not_found");
    expectProblem(await api.client("GET", "/documents/%00"), 404, "not_found");
  });

  it("that do not exist are 404, and those that take another method are 405 and say which", async () => {
    expectProblem(await api.client("GET", "/nothing"), 404, "not_found");
    const response = await api.client("GET", "/chat");
    expectProblem(response, 405, "method_not_allowed");
    expect(response.headers.get("allow")).toBe("POST");
    expect((await api.client("DELETE", "/health")).headers.get("allow")).toBe("GET");
  });
});

describe("credentials", () => {
  const routes: readonly (readonly [string, string, "client" | "admin"])[] = [
    ["POST", "/chat", "client"],
    ["POST", "/search", "client"],
    ["GET", "/sessions", "client"],
    ["GET", "/sessions/x", "client"],
    ["DELETE", "/sessions/x", "client"],
    ["POST", "/feedback", "client"],
    ["POST", "/ingest", "admin"],
    ["GET", "/ingest/x", "admin"],
    ["GET", "/admin/stats", "admin"],
    ["GET", "/documents", "client"],
    ["GET", "/documents/x", "client"],
    ["DELETE", "/documents/x", "admin"],
  ];

  it.each(routes)("are needed for %s %s", async (method, path, needed) => {
    const anonymous = await api.stranger(method, path);
    expectProblem(anonymous, 401, "unauthenticated");
    expect(anonymous.headers.get("www-authenticate")).toMatch(/^Bearer/);
    const withKey = await api.client(method, path);
    if (needed === "admin") expectProblem(withKey, 403, "forbidden");
    else expect([401, 403]).not.toContain(withKey.status);
  });

  it("that are wrong are never taken for none", async () => {
    for (const headers of [{ "x-api-key": "wrong" }, { "x-api-key": "" }, { authorization: "Bearer x" }, { authorization: "bearer a.b.c" }]) {
      expectProblem(await api.stranger("GET", "/health", { headers: headers as Record<string, string> }), 401, "unauthenticated");
    }
  });

  it("of another scheme than ours are not looked at", async () => {
    const headers = { authorization: "Basic YWRtaW46YWRtaW4=" };
    expect((await api.stranger("GET", "/health", { headers })).status).toBe(200);
    expect((await api.stranger("GET", "/metrics", { headers })).status).toBe(200);
    expectProblem(await api.stranger("GET", "/sessions", { headers }), 401, "unauthenticated");
  });

  it("that are forged, expired, too old or of another algorithm are refused", async () => {
    const { secretKey } = await server.secrets();
    const key = new TextEncoder().encode(secretKey);
    const now = Math.floor(Date.now() / 1000);
    const token = (claims: Record<string, unknown>, { alg = "HS256", secret = key } = {}): Promise<string> =>
      new SignJWT({ iss: "rag-personal", aud: "rag-personal-admin", sub: "admin", iat: now, exp: now + 600, ...claims })
        .setProtectedHeader({ alg })
        .sign(secret);
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify({ sub: "admin", exp: now + 600 })).toString("base64url")}.`;
    const good = await token({});
    expect((await api.stranger("GET", "/admin/stats", { headers: { authorization: `Bearer ${good}` } })).status).toBe(200);
    for (const bad of [
      none,
      `${good.slice(0, -4)}AAAA`,
      await token({ exp: now - 60 }),
      await token({ iat: now - 86_400 }),
      await token({ exp: undefined }),
      await token({ sub: undefined }),
      await token({ aud: "another" }),
      await token({ iss: "another" }),
      await token({}, { alg: "HS512" }),
      await token({}, { secret: new TextEncoder().encode("another secret that is long enough to sign") }),
    ]) {
      expectProblem(await api.stranger("GET", "/admin/stats", { headers: { authorization: `Bearer ${bad}` } }), 401, "unauthenticated");
    }
  });

  it("guessed too often have to wait", async () => {
    const guess = (): Promise<ApiResponse> =>
      api.stranger("POST", "/auth/token", {
        rawBody: "username=somebody&password=guess",
        headers: { "content-type": "application/x-www-form-urlencoded" },
      });
    const statuses: number[] = [];
    for (let time = 0; time < 11; time += 1) statuses.push((await guess()).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
    expect(Number((await guess()).headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

/** Writes raw bytes to the server and resolves with all it says, and after how long it closed. */
function rawExchange(bytes: string): Promise<{ readonly text: string; readonly tookMs: number }> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const { hostname, port } = new URL(server.address);
    let text = "";
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setEncoding("utf8");
    socket.on("data", (data: string) => {
      text += data;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve({ text, tookMs: performance.now() - began }));
  });
}

describe("connections", () => {
  it("that send their headers too slowly are closed", async () => {
    const { text, tookMs } = await rawExchange("GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    expect(text).toMatch(/^HTTP\/1\.1 408/);
    expect(tookMs).toBeLessThan(5_000);
  });

  it("that send their body too slowly are closed", async () => {
    const { text, tookMs } = await rawExchange(
      `POST /chat HTTP/1.1\r\nHost: x\r\nX-API-Key: ${api.apiKey}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"question":`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 408|^$/);
    expect(tookMs).toBeLessThan(6_000);
  });

  it("with headers beyond all measure are refused", async () => {
    const { text } = await rawExchange(`GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Large: ${"x".repeat(20_000)}\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 431/);
  });
});

describe("more connections than allowed", () => {
  it("are closed at once, and the others are served on", async () => {
    const other = await startServer({ DATA_DIR: join(folder.path, "few"), MAX_CONNECTIONS: "2" });
    const { hostname, port } = new URL(other.address);
    const held = [connect(Number(port), hostname), connect(Number(port), hostname)];
    try {
      await Promise.all(held.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
      const third = connect(Number(port), hostname);
      await new Promise((resolve) => third.once("close", resolve));
      const [first] = held;
      first?.write("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
      const answer = await new Promise<string>((resolve) => first?.once("data", (data: Buffer) => resolve(data.toString())));
      expect(answer).toMatch(/^HTTP\/1\.1 200/);
    } finally {
      for (const socket of held) socket.destroy();
      await other.stop();
    }
  });
});

describe("files", () => {
  it("that are odd or hostile are read or set aside one by one, and the rest is answered from", async () => {
    const docs = join(folder.path, "docs");
    await mkdir(docs);
    const outside = join(folder.path, "outside.md");
    await writeFile(outside, "# Secret\n\nThe treasure lies under the third oak.");
    await symlink(outside, join(docs, "link.md"));
    await writeFile(join(docs, "utf16.md"), Buffer.from("\ufeff# Kiln\n\nThe kiln reaches 1280 degrees.", "utf16le"));
    await writeFile(join(docs, "latin1.txt"), Buffer.from("The café serves crème brûlée on Thursdays.", "latin1"));
    await writeFile(join(docs, "empty.md"), "");
    await writeFile(join(docs, "binary.txt"), new Uint8Array(Array.from({ length: 4096 }, (_, at) => (at * 7919) % 256)));
    await writeFile(join(docs, "picture.md"), new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 1, 2, 3]));
    await writeFile(join(docs, "broken.json"), '{"a": [1, 2');
    await writeFile(join(docs, "deep.md"), Array.from({ length: 100_000 }, (_, at) => `${"#".repeat((at % 6) + 1)} h${at}`).join("\n"));
    await writeFile(join(docs, "large.md"), "x".repeat(200_000));
    const other = await startServer({ DATA_DIR: join(folder.path, "other"), DOCS_DIR: docs, MAX_FILE_BYTES: "1500000" });
    try {
      const otherApi = await connectApi(other);
      await writeFile(join(docs, "huge.md"), "x".repeat(2_000_000));
      const job = await otherApi.ingest();
      const results = Object.fromEntries(
        job.files.map(({ path, outcome, stage }: Record<string, string>) => [path, `${outcome} ${stage ?? ""}`.trim()]),
      );
      expect(results).toMatchObject({
        "empty.md": expect.stringMatching(/^failed/),
        "binary.txt": "failed decode",
        "picture.md": "failed decode",
        "broken.json": "failed parse",
        "huge.md": "failed read",
      });
      const { body: list } = await otherApi.admin("GET", "/documents");
      const paths = list.documents.map(({ path }: { path: string }) => path).sort();
      expect(paths).toEqual(["deep.md", "large.md", "latin1.txt", "utf16.md"]);
      const answer = async (question: string) => (await otherApi.client("POST", "/chat", { body: { question } })).body;
      expect((await answer("How hot does the kiln get in degrees?")).citations[0]?.quote).toContain("1280 degrees");
      expect((await answer("When does the café serve crème brûlée?")).citations[0]?.quote).toContain("crème brûlée on Thursdays");
      expect((await answer("Where does the treasure lie?")).answerable).toBe(false);
    } finally {
      await other.stop();
    }
  });
});

describe("after all this", () => {
  it("the server still answers, and nothing was logged as unexpected", async () => {
    expect((await ask("Why is the goat called Admiral?")).body.answerable).toBe(true);
    const errors = server
      .output()
      .split("\n")
      .filter((line) => /"level":[56]0/.test(line));
    expect(errors).toEqual([]);
  });
});
