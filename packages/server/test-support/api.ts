/** Speaks to a running server as curl would, and keeps the credentials. */
import type { RunningServer } from "./running-server.ts";

export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON, the text otherwise. */
  // biome-ignore lint/suspicious/noExplicitAny: the body is what is being tested, not trusted.
  readonly body: any;
}

export interface ApiRequest {
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly rawBody?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Api {
  /** Without any credential. */
  stranger(method: string, path: string, request?: ApiRequest): Promise<ApiResponse>;
  /** With the API key. */
  client(method: string, path: string, request?: ApiRequest): Promise<ApiResponse>;
  /** With an administrator's token. */
  admin(method: string, path: string, request?: ApiRequest): Promise<ApiResponse>;
  readonly apiKey: string;
  readonly adminPassword: string;
  /** Waits for the end of an ingestion. */
  ended(jobId: string): Promise<ApiResponse["body"]>;
  /** Starts an ingestion and waits for its end. */
  ingest(): Promise<ApiResponse["body"]>;
}

const POLL_MS = 50;
const POLLS = 600;

async function send(
  address: string,
  method: string,
  path: string,
  { body, rawBody, headers }: ApiRequest,
  credentials: Record<string, string>,
): Promise<ApiResponse> {
  const json = body === undefined ? {} : { "content-type": "application/json" };
  const payload = rawBody ?? (body === undefined ? null : JSON.stringify(body));
  const response = await fetch(`${address}${path}`, { method, headers: { ...json, ...credentials, ...headers }, body: payload });
  const text = await response.text();
  const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** Logs in and is ready to ask. */
export async function connectApi(server: RunningServer): Promise<Api> {
  const { address } = server;
  const { apiKey, adminPassword } = await server.secrets();
  const login = await send(
    address,
    "POST",
    "/auth/token",
    {
      rawBody: new URLSearchParams({ username: "admin", password: adminPassword }).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded" },
    },
    {},
  );
  if (login.status !== 200) throw new Error(`log-in failed: ${JSON.stringify(login.body)}`);
  const admin: Api["admin"] = (method, path, request = {}) =>
    send(address, method, path, request, { authorization: `Bearer ${login.body.access_token}` });
  async function ended(jobId: string): Promise<ApiResponse["body"]> {
    for (let poll = 0; poll < POLLS; poll += 1) {
      const { body: now } = await admin("GET", `/ingest/${jobId}`);
      if (now.state !== "running") return now;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error("the ingestion did not end");
  }
  return {
    stranger: (method, path, request = {}) => send(address, method, path, request, {}),
    client: (method, path, request = {}) => send(address, method, path, request, { "x-api-key": apiKey }),
    admin,
    apiKey,
    adminPassword,
    ended,
    ingest: async () => await ended((await admin("POST", "/ingest")).body.id),
  };
}
