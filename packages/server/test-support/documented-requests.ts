/** The requests that the reference shows, made to succeed: ids, credentials and passwords of a live server in the place of those in the examples. */
import { KEY_OPERATIONS, type KeyOperation } from "../src/policy.ts";
import { ADMIN_PASSWORD, JOB_ID, KEY_ID, SESSION_ID, USER_ID, USER_PASSWORD } from "../src/rest/descriptions/example-values.ts";
import { type Api, connectApi } from "./api.ts";
import { createOpenApiContract, type DocumentedOperation, type OpenApiContract, type ReceivedResponse } from "./openapi-contract.ts";
import type { RunningServer } from "./running-server.ts";

type HeaderValues = Readonly<Record<string, string>>;

/** A body that the document shows, or a type of answer that can be asked for. */
export interface Sample {
  readonly name: string;
  readonly operation: DocumentedOperation;
  readonly type: string | undefined;
  readonly body: unknown;
  readonly accept: string | undefined;
}

export interface DocumentedRequests {
  readonly api: Api;
  readonly contract: OpenApiContract;
  samplesOf(operationId: string): readonly Sample[];
  operation(operationId: string): DocumentedOperation;
  /** Sends what the document shows. @returns what is wrong with it by the document, and what came back. */
  sendSample(sample: Sample): Promise<{ readonly faults: readonly string[]; readonly received: ReceivedResponse }>;
  send(method: string, path: string, headers: HeaderValues, body?: string | null): Promise<ReceivedResponse>;
  /** The path with the examples of its parameters. */
  pathOf(operation: DocumentedOperation): string;
  /** Of the first kind that the document names. */
  credentialsFor(operation: DocumentedOperation): Promise<HeaderValues>;
  createUser(): Promise<{ readonly id: string; readonly username: string }>;
  /** An API key that may do these operations and no others. */
  createKey(operations: readonly KeyOperation[], requestsPerMinute?: number): Promise<string>;
}

export const FORM = "application/x-www-form-urlencoded";

/** @param server with an embedding model, so that the index can be built anew. */
export async function connectDocumentedRequests(server: RunningServer): Promise<DocumentedRequests> {
  const api = await connectApi(server);
  const contract = createOpenApiContract((await api.stranger("GET", "/openapi.json")).body);
  const adminToken = await logIn("admin", api.adminPassword);
  const fullKey = await createKey(KEY_OPERATIONS);
  let lastUser = 0;

  async function logIn(username: string, password: string): Promise<string> {
    const rawBody = new URLSearchParams({ username, password }).toString();
    return (await api.stranger("POST", "/auth/token", { rawBody, headers: { "content-type": FORM } })).body.access_token;
  }

  async function createUser(): Promise<{ readonly id: string; readonly username: string }> {
    lastUser += 1;
    const username = `user-${lastUser}`;
    return (await api.admin("POST", "/admin/users", { body: { username, email: "user@example.org", password: USER_PASSWORD } })).body;
  }

  async function createKey(operations: readonly KeyOperation[], requestsPerMinute?: number): Promise<string> {
    return (await api.admin("POST", "/admin/api-keys", { body: { name: "test", operations, requestsPerMinute } })).body.key;
  }

  /** Waits until every chunk has a vector and none is being built. */
  async function restingVectors(): Promise<void> {
    for (let turn = 0; turn < 400; turn += 1) {
      const { vectors, reindex } = (await api.admin("GET", "/admin/index")).body;
      if (vectors.state === "serving" && vectors.missing === 0 && vectors.building === undefined && reindex?.state !== "running") return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the vectors do not come to rest");
  }

  async function previousGeneration(): Promise<void> {
    await restingVectors();
    await api.admin("POST", "/admin/index/reindex");
    await restingVectors();
  }

  /** Sessions belong to the key that began them. */
  async function ask(question: string): Promise<{ readonly sessionId: string }> {
    return (await api.stranger("POST", "/chat", { body: { question }, headers: { "x-api-key": fullKey } })).body;
  }

  /** What stands for the values of the examples which no caller chooses. */
  const standIns: Readonly<Record<string, () => Promise<string>>> = {
    [SESSION_ID]: async () => (await ask("When was the lamp lit for the first time?")).sessionId,
    [JOB_ID]: async () => (await api.ingest()).id,
    [KEY_ID]: async () => (await api.admin("POST", "/admin/api-keys", { body: { name: "to be revoked" } })).body.id,
    [USER_ID]: async () => (await createUser()).id,
    [ADMIN_PASSWORD]: async () => api.adminPassword,
    "page.b5bb9d80.js": async () => /docs\/(page\.\w+\.js)/.exec((await api.stranger("GET", "/docs")).body)?.[1] ?? "none",
  };

  async function withStandIns(text: string): Promise<string> {
    let result = text;
    for (const [value, create] of Object.entries(standIns)) if (result.includes(value)) result = result.replaceAll(value, await create());
    return result;
  }

  /** What has to be there before an operation can succeed. */
  const preparations: Readonly<Record<string, () => Promise<void>>> = {
    reindex: restingVectors,
    switchBack: previousGeneration,
    dropPreviousGeneration: previousGeneration,
  };

  async function credentialsFor({ operationId, security }: DocumentedOperation): Promise<HeaderValues> {
    if (operationId === "changePassword") return { authorization: `Bearer ${await logIn((await createUser()).username, USER_PASSWORD)}` };
    const scheme = security.flatMap((one) => Object.keys(one)).find((name) => name !== "monitor");
    if (scheme === undefined) return {};
    return scheme === "apiKey" ? { "x-api-key": fullKey } : { authorization: `Bearer ${adminToken}` };
  }

  function pathOf(operation: DocumentedOperation): string {
    const parameters = contract.parametersOf(operation);
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(parameters.find((one) => one.name === name)?.example));
    const query = parameters.filter((one) => one.in === "query").map(({ name, example }) => [name, String(example)]);
    return query.length === 0 ? path : `${path}?${new URLSearchParams(query)}`;
  }

  function operationOf(operationId: string): DocumentedOperation {
    const found = contract.operations.find((operation) => operation.operationId === operationId);
    if (found === undefined) throw new Error(`there is no ${operationId}`);
    return found;
  }

  const send: DocumentedRequests["send"] = async (method, path, headers, body = null) => {
    const response = await fetch(`${server.address}${path}`, { method, headers, body });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  return {
    api,
    contract,
    samplesOf: (operationId) => samplesOf(operationOf(operationId), contract),
    operation: operationOf,
    async sendSample({ operation, type, body, accept }) {
      await preparations[operation.operationId]?.();
      const credentials = await credentialsFor(operation);
      const path = await withStandIns(pathOf(operation));
      const headers = { ...credentials, ...(type === undefined ? {} : { "content-type": type }), ...(accept === undefined ? {} : { accept }) };
      const sent: unknown = body === undefined ? undefined : JSON.parse(await withStandIns(JSON.stringify(body)));
      const received = await send(operation.method, path, headers, type === undefined ? null : encode(type, sent));
      const faults = type === undefined ? [] : contract.checkRequest(operation, type, sent);
      return { faults: [...faults, ...contract.checkResponse(operation, received)], received };
    },
    send,
    pathOf,
    credentialsFor,
    createUser,
    createKey,
  };
}

function encode(type: string, value: unknown): string {
  if (type === "application/json") return JSON.stringify(value);
  return type === FORM ? new URLSearchParams(Object.entries(value ?? {}).map(([name, one]) => [name, String(one)])).toString() : String(value);
}

function samplesOf(operation: DocumentedOperation, contract: OpenApiContract): readonly Sample[] {
  const name = `${operation.operationId}: ${operation.summary}`;
  const bodies = Object.entries(operation.requestBody?.content ?? {}).flatMap(([type, { example, examples = {} }]) => [
    ...(example === undefined ? [] : [{ name: `${name}, ${type}`, operation, type, body: example, accept: undefined }]),
    ...Object.entries(examples).map(([key, { value }]) => ({ name: `${name}, ${key}`, operation, type, body: value, accept: undefined })),
  ]);
  if (bodies.length > 0) return bodies;
  const plain: Sample = { name, operation, type: undefined, body: undefined, accept: undefined };
  const success = Object.keys(operation.responses).find((status) => status.startsWith("2")) ?? "";
  const streams = contract.responseOf(operation, success)?.content?.["text/event-stream"] !== undefined;
  return streams ? [plain, { ...plain, name: `${name}, as events`, accept: "text/event-stream" }] : [plain];
}
