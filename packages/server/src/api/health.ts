/** For people and orchestrators: whether the server is up, can answer, and how its parts are. */
import * as z from "zod";
import { isAllowed } from "../policy.ts";
import type { AppServices } from "../services.ts";
import { nothing } from "./fields.ts";
import { procedure } from "./procedure.ts";
import { schemaNames } from "./schema-names.ts";

const component = z
  .object({
    status: z.enum(["healthy", "unhealthy", "starting"]),
    adapter: z.string().optional(),
    latencyMs: z.number().optional().describe("How long its check took."),
    detail: z.string().optional(),
  })
  .describe("`status` alone for a caller without a credential.")
  .register(schemaNames, { name: "ComponentHealth" });

const report = z
  .object({ status: z.enum(["healthy", "degraded", "starting"]), components: z.record(z.string(), component) })
  .register(schemaNames, { name: "HealthReport" });

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
        await health.requireReady();
        return { status: "ready" as const };
      },
    }),
    detailed: procedure({
      operation: "health.read",
      input: nothing,
      output: report,
      async run(_, { principal }) {
        const all = await health.report();
        const healthy = Object.values(all).every(({ status }) => status === "healthy");
        // Strangers get status words alone: adapters, times and messages are for those with a credential.
        const components = isAllowed("health.details", principal)
          ? all
          : Object.fromEntries(Object.entries(all).map(([name, { status }]) => [name, { status }]));
        const answering = healthy ? ("healthy" as const) : ("degraded" as const);
        return { status: health.isReady ? answering : ("starting" as const), components };
      },
    }),
  };
}
