/** For people and orchestrators: whether the server is up, can answer, and how its parts are. */
import { z } from "zod";
import { isAllowed } from "../policy.ts";
import type { AppServices } from "../services.ts";
import { nothing } from "./fields.ts";
import { procedure } from "./procedure.ts";

const component = z.object({
  status: z.enum(["healthy", "unhealthy", "starting"]),
  /** These three are for callers with a credential. */
  adapter: z.string().optional(),
  latencyMs: z.number().optional(),
  detail: z.string().optional(),
});

export function createHealthProcedures({ health }: Pick<AppServices, "health">) {
  return {
    status: procedure({
      operation: "health.read",
      input: nothing,
      output: z.object({ status: z.enum(["healthy", "starting"]) }),
      run: async () => ({ status: health.isReady ? ("healthy" as const) : ("starting" as const) }),
    }),
    live: procedure({
      operation: "health.read",
      input: nothing,
      output: z.object({ status: z.literal("alive") }),
      run: async () => ({ status: "alive" as const }),
    }),
    ready: procedure({
      operation: "health.read",
      input: nothing,
      output: z.object({ status: z.literal("ready") }),
      async run() {
        health.requireReady();
        return { status: "ready" as const };
      },
    }),
    detailed: procedure({
      operation: "health.read",
      input: nothing,
      output: z.object({ status: z.enum(["healthy", "degraded", "starting"]), components: z.record(z.string(), component) }),
      async run(_, { principal }) {
        const report = await health.report();
        const healthy = Object.values(report).every(({ status }) => status === "healthy");
        // Strangers get status words alone: adapters, times and messages are for those with a credential.
        const components = isAllowed("health.details", principal)
          ? report
          : Object.fromEntries(Object.entries(report).map(([name, { status }]) => [name, { status }]));
        const answering = healthy ? ("healthy" as const) : ("degraded" as const);
        return { status: health.isReady ? answering : ("starting" as const), components };
      },
    }),
  };
}
