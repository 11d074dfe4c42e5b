/** One client with one connection that is kept alive; it never asks twice, for a request that needs that has failed. */
import { Agent, type IncomingHttpHeaders, request } from "node:http";

export interface Ask {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface HttpClient {
  /** @throws Error when the connection breaks, or after {@link GIVE_UP_MS}. */
  send(ask: Ask): Promise<Reply>;
  close(): void;
}

/** Nobody waits longer. */
const GIVE_UP_MS = 30_000;

/** @param headers sent with every request, such as the API key. */
export function createHttpClient(address: string, headers: Readonly<Record<string, string>> = {}): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    send({ method, path, body, headers: more }) {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const { promise, resolve, reject } = Promise.withResolvers<Reply>();
      const outgoing = request(
        `${address}${path}`,
        {
          method,
          agent,
          timeout: GIVE_UP_MS,
          headers: {
            ...headers,
            ...more,
            ...(payload === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
          },
        },
        async (incoming) => {
          try {
            let text = "";
            for await (const part of incoming.setEncoding("utf8")) text += part;
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
          } catch (error) {
            reject(error);
          }
        },
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${GIVE_UP_MS} ms`)));
      outgoing.on("error", (error) =>
        reject(new Error(`${error.message}${outgoing.reusedSocket ? " (on a reused connection)" : ""}`, { cause: error })),
      );
      outgoing.end(payload);
      return promise;
    },
    close: () => agent.destroy(),
  };
}
