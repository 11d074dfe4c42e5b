/** The reference against a live server: every example of every operation is sent, and what comes back is as documented, errors included. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROUTE_DESCRIPTIONS } from "../src/rest/descriptions/all.ts";
import { USER_PASSWORD } from "../src/rest/descriptions/example-values.ts";
import { MISTAKES } from "../test-support/documented-mistakes.ts";
import { connectDocumentedRequests, type DocumentedRequests, FORM } from "../test-support/documented-requests.ts";
import { type FakeLlmServer, startFakeLlmServer } from "../test-support/fake-llm-server.ts";
import type { ReceivedResponse } from "../test-support/openapi-contract.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";
import { writeTinyEmbedder } from "../test-support/tiny-model/tiny-model.ts";

const OPERATIONS = Object.values(ROUTE_DESCRIPTIONS).map(({ operationId }) => operationId);

const MAX_UPLOAD_BYTES = 100_000;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: RunningServer;
let requests: DocumentedRequests;

beforeAll(async () => {
  folder = await temporaryDirectory();
  await writeTinyEmbedder(join(folder.path, "embedder"));
  server = await startServer({
    DATA_DIR: join(folder.path, "data"),
    EMBEDDING_MODEL: join(folder.path, "embedder"),
    MAX_UPLOAD_BYTES: String(MAX_UPLOAD_BYTES),
  });
  requests = await connectDocumentedRequests(server);
});

afterAll(async () => {
  await server?.stop();
  await folder?.remove();
});

describe("every example", () => {
  it("belongs to an operation of the list that follows", () => {
    expect(requests.contract.operations.map(({ operationId }) => operationId).sort()).toEqual(OPERATIONS.toSorted());
  });

  it.each(OPERATIONS)("of %s", async (operationId) => {
    for (const sample of requests.samplesOf(operationId)) {
      const { faults, received } = await requests.sendSample(sample);
      expect(received.status, `${sample.name}: ${received.text}`).toBeLessThan(300);
      expect(faults, sample.name).toEqual([]);
      if (sample.accept !== undefined) expect(received.headers.get("content-type")).toContain(sample.accept);
    }
  });
});

describe("every error that a caller can bring about", () => {
  it.each(OPERATIONS)("with %s", async (operationId) => {
    const operation = requests.operation(operationId);
    for (const { code, make } of MISTAKES) {
      const received = await make(operation, requests);
      if (received === undefined) continue;
      expect(JSON.parse(received.text), received.text).toMatchObject({ code, status: received.status });
      expect(requests.contract.checkResponse(operation, received)).toEqual([]);
    }
  });

  const json = { "content-type": "application/json" };
  const as = async (operationId: string) => await requests.credentialsFor(requests.operation(operationId));

  it.each<[string, string, () => Promise<ReceivedResponse>]>([
    [
      "createUser",
      "conflict",
      async () => {
        const { username } = await requests.createUser();
        const user = JSON.stringify({ username, email: "a@example.org", password: USER_PASSWORD });
        return await requests.send("POST", "/admin/users", { ...(await as("createUser")), ...json }, user);
      },
    ],
    [
      "disableUser",
      "conflict",
      async () => {
        const { users }: { users: readonly { id: string; username: string }[] } = (await requests.api.admin("GET", "/admin/users")).body;
        const admin = users.find(({ username }) => username === "admin");
        return await requests.send("POST", `/admin/users/${admin?.id}/disable`, await as("disableUser"));
      },
    ],
    [
      "changePassword",
      "forbidden",
      async () => {
        const change = JSON.stringify({ oldPassword: "wrong", newPassword: "another sentence that nobody guesses" });
        return await requests.send("POST", "/auth/password", { ...(await as("changePassword")), ...json }, change);
      },
    ],
    [
      "switchBack",
      "conflict",
      async () => {
        await requests.api.admin("DELETE", "/admin/index/previous");
        return await requests.send("POST", "/admin/index/switch-back", await as("switchBack"));
      },
    ],
    ["dropPreviousGeneration", "not_found", async () => await requests.send("DELETE", "/admin/index/previous", await as("dropPreviousGeneration"))],
    [
      "search",
      "rate_limited",
      async () => {
        const key = await requests.createKey(["search.run"], 1);
        const search = () => requests.send("POST", "/search", { "x-api-key": key, ...json }, '{"query":"bread"}');
        await search();
        return await search();
      },
    ],
    [
      "uploadDocument",
      "unsupported_media_type",
      async () => {
        const form = { "content-type": "multipart/form-data; boundary=a" };
        return await requests.send("POST", "/documents?path=a.md", { ...(await as("uploadDocument")), ...form }, "--a--");
      },
    ],
    [
      "uploadDocument",
      "payload_too_large",
      async () => await requests.send("POST", "/documents?path=a.md", await as("uploadDocument"), "a".repeat(MAX_UPLOAD_BYTES + 1)),
    ],
    ["uploadDocument", "invalid_request", async () => await requests.send("POST", "/documents?path=../a.md", await as("uploadDocument"), "# A")],
    ["listDocuments", "invalid_request", async () => await requests.send("GET", "/documents?cursor=no", await as("listDocuments"))],
    [
      "logIn",
      "rate_limited",
      async () => {
        const attempt = () => requests.send("POST", "/auth/token", { "content-type": FORM }, "username=nobody&password=wrong");
        for (let turn = 0; turn < 10; turn += 1) await attempt();
        return await attempt();
      },
    ],
  ])("%s: %s", async (operationId, code, provoke) => {
    const received = await provoke();
    expect(JSON.parse(received.text).code, received.text).toBe(code);
    expect(requests.contract.checkResponse(requests.operation(operationId), received)).toEqual([]);
  });
});

describe("with a language model", () => {
  let llm: FakeLlmServer;
  let withModel: RunningServer;
  let asked: DocumentedRequests;

  beforeAll(async () => {
    llm = await startFakeLlmServer();
    withModel = await startServer({
      DATA_DIR: join(folder.path, "data-with-model"),
      LLM_BASE_URL: llm.baseUrl,
      LLM_MODEL: "test-model",
      LLM_FIRST_BYTE_TIMEOUT_MS: "300",
      LLM_IDLE_TIMEOUT_MS: "300",
    });
    asked = await connectDocumentedRequests(withModel);
  });

  afterAll(async () => {
    await withModel?.stop();
    await llm?.close();
  });

  /** Filters that are ever new, so that no answer comes from the cache. */
  let lastQuestion = 0;
  async function ask(more: Readonly<Record<string, unknown>> = {}): Promise<ReceivedResponse> {
    lastQuestion += 1;
    const body = { question: "Who designed the tower?", filters: { pathPrefixes: ["archive/", `${lastQuestion}/`] }, ...more };
    return await asked.send("POST", "/chat", { "x-api-key": asked.api.apiKey, "content-type": "application/json" }, JSON.stringify(body));
  }
  const check = (received: ReceivedResponse) => asked.contract.checkResponse(asked.operation("ask"), received);

  it("answers as documented, whole and streamed", async () => {
    for (const stream of [false, true]) {
      const received = await ask({ stream });
      expect(received.text).toContain('"answeredBy":"model"');
      expect(check(received)).toEqual([]);
    }
  });

  it("ends a stream that fails with a documented event", async () => {
    llm.behave("stalls mid-answer");
    const received = await ask({ stream: true });
    expect(received.text).toContain("event: error");
    expect(check(received)).toEqual([]);
  });

  it("refuses as documented when the model is silent, fails, and is left alone", async () => {
    const codes = new Set<string>();
    llm.behave("is silent");
    for (let turn = 0; turn < 8; turn += 1) {
      const received = await ask();
      codes.add(JSON.parse(received.text).code);
      expect(check(received)).toEqual([]);
      llm.behave({ status: 500 });
    }
    expect([...codes].sort()).toEqual(["llm_circuit_open", "llm_failed", "llm_timeout"]);
  });
});
