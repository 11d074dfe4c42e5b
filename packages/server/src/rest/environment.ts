/** The types that the REST routes share with the Hono app. */
import type { HttpBindings } from "@hono/node-server";
import type { Principal } from "../policy.ts";

export interface RestEnvironment {
  /** `stopping` is aborted when the server cuts what is still in flight. */
  Bindings: Partial<HttpBindings & { readonly stopping: AbortSignal }>;
  Variables: { requestId: string; principal: Principal };
}
