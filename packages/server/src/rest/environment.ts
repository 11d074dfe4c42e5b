/** The types that the REST routes share with the Hono app. */
import type { HttpBindings } from "@hono/node-server";
import type { Logger } from "pino";
import type { Principal } from "../policy.ts";

export interface RestEnvironment {
  Bindings: Partial<HttpBindings>;
  Variables: { requestId: string; principal: Principal; log: Logger };
}
