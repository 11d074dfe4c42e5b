/** The HTTP listener: every limit of Node's server set, and a stop that loses nothing in flight. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { ExitError } from "./exit-error.ts";

export interface HttpServerLimits {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxConnections: number;
}

export interface HttpServer {
  /** The address that is really listened on, such as `http://127.0.0.1:8000`. */
  readonly address: string;
  /** Stops accepting, waits for what is in flight up to `timeoutMs`, then cuts. @returns whether everything finished by itself. */
  stop(timeoutMs: number): Promise<boolean>;
}

const KEEP_ALIVE_MS = 5_000;
const MAX_HEADER_BYTES = 16_384;
/** How often Node looks for connections past their time-outs. */
const CONNECTION_CHECK_MS = 1_000;

/** @throws {ExitError} when the address cannot be listened on. */
export async function startHttpServer({
  fetch,
  host,
  port,
  limits,
}: {
  fetch: (request: Request, bindings: { incoming: IncomingMessage; outgoing: ServerResponse }) => Response | Promise<Response>;
  host: string;
  port: number;
  limits: HttpServerLimits;
}): Promise<HttpServer> {
  let draining = false;
  const listener = getRequestListener(
    (request, bindings) => fetch(request, bindings as { incoming: IncomingMessage; outgoing: ServerResponse }),
    // A client that went away is no error of ours; node-server would print a stack for each.
    { errorHandler: () => new Response(null, { status: 499 }) },
  );
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: Math.max(limits.requestTimeoutMs, limits.headersTimeoutMs),
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      connectionsCheckingInterval: CONNECTION_CHECK_MS,
    },
    (incoming, outgoing) => {
      // While draining, no connection may be reused: its next request would meet a closed door.
      if (draining) outgoing.setHeader("connection", "close");
      void listener(incoming, outgoing);
    },
  );
  server.maxConnections = limits.maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new ExitError(listenProblem(error, host, port), { cause: error })));
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
  const bound = server.address();
  const boundPort = typeof bound === "object" && bound !== null ? bound.port : port;
  const shownHost = host.includes(":") ? `[${host}]` : host;

  return {
    address: `http://${shownHost}:${boundPort}`,
    async stop(timeoutMs) {
      draining = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<"late">((resolve) => {
        timer = setTimeout(() => resolve("late"), timeoutMs);
      });
      const outcome = await Promise.race([closed, deadline]);
      clearTimeout(timer);
      if (outcome === "late") server.closeAllConnections();
      await closed;
      return outcome !== "late";
    },
  };
}

function listenProblem(error: Error & { code?: string }, host: string, port: number): string {
  if (error.code === "EADDRINUSE")
    return `Port ${port} on ${host} is in use. Stop what listens there, or set PORT to another port (0 takes a free one).`;
  if (error.code === "EACCES") return `Port ${port} needs rights that this user lacks. Set PORT to one from 1024 on.`;
  return `The server cannot listen on ${host}:${port} (${error.message}). Check HOST and PORT.`;
}
