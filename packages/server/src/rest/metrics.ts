/** `GET /metrics`: for Prometheus, as text. */
import * as z from "zod";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { Route } from "./route.ts";

export function metricsRoute({ metrics, metricsAccess }: Pick<AppServices, "metrics" | "metricsAccess">): Route {
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
      const isMonitor = await metricsAccess.isMonitor(c.get("sender"), c.req.header("authorization"));
      await authorise("metrics.read", c.get("principal"), { isMonitor });
      const { contentType, body } = await metrics.render();
      return c.body(body, 200, { "content-type": contentType });
    },
  };
}
