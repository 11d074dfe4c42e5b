/** The types that the transports share with the Hono app. */
import type { HttpBindings } from "@hono/node-server";
import type { OnStage } from "@rag-personal/core";
import type { Principal } from "../policy.ts";
import type { Sender } from "../security/request-sender.ts";

export interface HttpEnvironment {
  /** `stopping` is aborted when the server cuts what is still in flight. */
  Bindings: Partial<HttpBindings & { readonly stopping: AbortSignal }>;
  Variables: {
    requestId: string;
    sender: Sender;
    /** Where this request is traced. */
    onStage?: OnStage;
    principal: Principal;
    /** What metrics and the log call the route, where the pattern that matched does not say enough. Few values, whatever is asked. */
    routeLabel?: string;
  };
}
