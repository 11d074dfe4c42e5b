/** The HTTP listener: every limit of Node's server set, and a stop that loses nothing in flight. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, RequestError } from "@hono/node-server";
import { createDrain } from "./drain.ts";
import { ExitError } from "./exit-error.ts";
import type { ListenTarget } from "./listening-socket.ts";

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

/** What a request carries besides itself. */
export interface RequestBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Aborted when the server stops and is about to cut what is still in flight. */
  readonly stopping: AbortSignal;
}

const KEEP_ALIVE_MS = 5_000;
/** Told to clients is the time above; the server waits this much longer, so that it is the client who closes. */
const KEEP_ALIVE_MARGIN_MS = 1_000;
const MAX_HEADER_BYTES = 16_384;
/** How often Node looks for connections past their time-outs. */
const CONNECTION_CHECK_MS = 1_000;

/** @throws {ExitError} when the address or the socket cannot be listened on. */
export async function startHttpServer({
  fetch,
  listenOn,
  limits,
}: {
  fetch: (request: Request, bindings: RequestBindings) => Response | Promise<Response>;
  listenOn: ListenTarget;
  limits: HttpServerLimits;
}): Promise<HttpServer> {
  const listener = getRequestListener(
    (request, bindings) => {
      const { incoming, outgoing } = bindings as { incoming: IncomingMessage; outgoing: ServerResponse };
      return fetch(request, { incoming, outgoing, stopping: drain.cutting });
    },
    // Neither a client that went away nor a request that cannot be one is an error of ours; node-server would print a stack for each.
    { errorHandler: (error) => new Response(null, { status: error instanceof RequestError ? 400 : 499 }) },
  );
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: Math.max(limits.requestTimeoutMs, limits.headersTimeoutMs),
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveTimeoutBuffer: KEEP_ALIVE_MARGIN_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      connectionsCheckingInterval: CONNECTION_CHECK_MS,
    },
    (incoming, outgoing) => {
      drain.admit(outgoing);
      void listener(incoming, outgoing);
    },
  );
  const drain = createDrain(server, { idleMs: KEEP_ALIVE_MS + KEEP_ALIVE_MARGIN_MS, socketIsHeld: "fd" in listenOn });
  server.maxConnections = limits.maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new ExitError(listenProblem(error, listenOn), { cause: error })));
    server.listen(listenOn, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
  return { address: shownAddress(server.address()), stop: (timeoutMs) => drain.run(timeoutMs) };
}

function shownAddress(bound: AddressInfo | string | null): string {
  if (bound === null || typeof bound === "string") return `unix:${bound ?? ""}`;
  return `http://${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

function listenProblem(error: Error & { code?: string }, target: ListenTarget): string {
  if ("fd" in target)
    return `The socket that was handed over cannot be listened on (${error.message}). It must be a stream socket, bound and not connected.`;
  const { host, port } = target;
  if (error.code === "EADDRINUSE")
    return `Port ${port} on ${host} is in use. Stop what listens there, or set PORT to another port (0 takes a free one).`;
  if (error.code === "EACCES") return `Port ${port} needs rights that this user lacks. Set PORT to one from 1024 on.`;
  return `The server cannot listen on ${host}:${port} (${error.message}). Check HOST and PORT.`;
}
