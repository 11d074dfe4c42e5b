/** The entry for workers at the edge: a worker that needs nothing but its bindings. */
import { RagError } from "@rag-personal/core";
import { readEdgeConfig } from "./edge/edge-config.ts";
import { snapshotAt, snapshotFrom } from "./edge/snapshot-source.ts";
import { type Bindings, createEdgeHandler, type EdgeContext, type EdgeHandler } from "./edge-handler.ts";
import { toProblem } from "./http/problem.ts";
import { ConfigError } from "./settings/config-error.ts";

let handler: EdgeHandler | undefined;

/** Made by conventions: `SNAPSHOT` is bound to the place of the snapshot, or `SNAPSHOT_URL` is set. */
function handlerOf(env: Bindings): EdgeHandler {
  const { SNAPSHOT_KEY, SNAPSHOT_URL } = readEdgeConfig(env);
  const atUrl = SNAPSHOT_URL === undefined ? undefined : snapshotAt(SNAPSHOT_URL);
  const { SNAPSHOT: bound } = env;
  const loadSnapshot = bound === undefined ? atUrl : snapshotFrom(bound, SNAPSHOT_KEY);
  if (loadSnapshot === undefined) {
    throw new ConfigError(["SNAPSHOT is bound to nothing that gives a file: bind a bucket, a namespace, assets or bytes, or set SNAPSHOT_URL"]);
  }
  return createEdgeHandler({ environment: env, loadSnapshot, addressHeader: "cf-connecting-ip" });
}

/** Only the log is told what is wrong: whoever asks may be anybody. */
function refuse(error: unknown): Response {
  console.error(error instanceof ConfigError ? error.message : error);
  const refusal = new RagError("not_ready", "The configuration of this worker cannot be used; its log says why.");
  return new Response(JSON.stringify(toProblem(refusal, crypto.randomUUID())), {
    status: refusal.status,
    headers: { "content-type": "application/problem+json", "x-content-type-options": "nosniff" },
  });
}

export default {
  async fetch(request: Request, env: Bindings, context: EdgeContext): Promise<Response> {
    try {
      handler ??= handlerOf(env);
    } catch (error) {
      return refuse(error);
    }
    return await handler.fetch(request, context);
  },
};
