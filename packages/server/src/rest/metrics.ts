/** `GET /metrics`: for Prometheus, as text. */
import { z } from "zod";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { Route } from "./route.ts";

const LOOPBACK = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]);

export function metricsRoute({ metrics }: Pick<AppServices, "metrics">): Route {
  return {
    method: "GET",
    path: "/metrics",
    operation: "metrics.read",
    takes: "nowhere",
    input: z.undefined(),
    status: 200,
    output: undefined,
    event: undefined,
    async handle(c) {
      await authorise("metrics.read", c.get("principal"), { isLocal: LOOPBACK.has(c.env.incoming?.socket.remoteAddress ?? "") });
      const { contentType, body } = await metrics.render();
      return c.body(body, 200, { "content-type": contentType });
    },
  };
}
