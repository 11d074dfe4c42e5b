/** `GET /admin/snapshot`: everything that answers rest on, as a file for workers at the edge. */
import * as z from "zod";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { Route } from "./route.ts";

export function snapshotRoute(services: Pick<AppServices, "makeSnapshot">): Route {
  return {
    method: "GET",
    path: "/admin/snapshot",
    operation: "snapshot.make",
    takes: "nowhere",
    input: z.undefined(),
    status: 200,
    output: undefined,
    event: undefined,
    async handle(c) {
      await authorise("snapshot.make", c.get("principal"));
      return c.body(await services.makeSnapshot(), 200, { "content-type": "application/octet-stream" });
    },
  };
}
