/** The same app as a `fetch` handler for a worker at the edge, over a snapshot that a server has written. */
import { composeEdge } from "./composition/edge.ts";
import { boundToClient } from "./edge/client-bound-stream.ts";
import { createConsoleLog } from "./edge/console-log.ts";
import { readEdgeConfig } from "./edge/edge-config.ts";
import type { LoadSnapshot } from "./edge/snapshot-source.ts";

/** Nobody sees this status; it stands in the platform's figures, as the server has it in its own. */
const CLIENT_LEFT = 499;

/** What the platform hands to a worker, by name. */
export type Bindings = Readonly<Record<string, unknown>>;

/** What a request may ask of the platform. */
export interface EdgeContext {
  /** Lets the worker end what it has begun when the client has left. */
  waitUntil(promise: Promise<unknown>): void;
}

export interface EdgeHandlerOptions {
  /** The settings of a server by the same names; what else stands there is not looked at. */
  readonly environment: Bindings;
  /** Gives the bytes that `rag snapshot` wrote: {@link snapshotFrom}, {@link snapshotAt}, or your own. Called with the first request, and again after a failure. */
  readonly loadSnapshot: LoadSnapshot;
  /** The header in which the platform tells where a request comes from, over whatever the client sends; guesses at the password are counted by it. Default: none. */
  readonly addressHeader?: string;
}

export interface EdgeHandler {
  /** @param context without it, what a client leaves behind may stay unfinished. */
  fetch(request: Request, context?: EdgeContext): Promise<Response>;
}

/**
 * Creates the handler, once for each worker. Nothing is loaded before the first request.
 *
 * @throws ConfigError naming everything that is wrong with the settings.
 * @example
 * let handler;
 * export default {
 *   fetch(request, env, context) {
 *     handler ??= createEdgeHandler({ environment: env, loadSnapshot: snapshotFrom(env.BUCKET, "knowledge.bin") });
 *     return handler.fetch(request, context);
 *   },
 * };
 */
export function createEdgeHandler({ environment, loadSnapshot, addressHeader }: EdgeHandlerOptions): EdgeHandler {
  const config = readEdgeConfig(environment);
  const application = composeEdge(config, { loadSnapshot, addressHeader, log: createConsoleLog(config.LOG_LEVEL) });
  return {
    async fetch(request, context) {
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      context?.waitUntil(ended);
      // Others wait for what this request loads, whether or not its own client does.
      context?.waitUntil(application.load());
      let isStream = false;
      try {
        // Its models and vectors are those of the snapshot, and are not waited for within the app.
        if (new URL(request.url).pathname.startsWith("/v1/")) await application.load();
        const response = await application.fetch(request, {});
        isStream = response.body !== null && (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
        if (response.body === null || !isStream) return response;
        return new Response(boundToClient(response.body, request.signal, end), response);
      } catch (thrown) {
        // The reason with which a request ends whose client has left; of everything else the app has made a response.
        if (request.signal.aborted && !(thrown instanceof Error)) return new Response(null, { status: CLIENT_LEFT });
        throw thrown;
      } finally {
        if (!isStream) end();
      }
    },
  };
}
