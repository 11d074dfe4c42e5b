/** `POST /documents?path=…`: a file as the body. */
import * as z from "zod";
import type { Api } from "../api/api.ts";
import { callerOf } from "../http/caller.ts";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import { type Route, readInput } from "./route.ts";

export function uploadRoute({ documents }: Api, { uploads, fileReception }: Pick<AppServices, "uploads" | "fileReception">): Route {
  const { operation, output, run } = documents.upload;
  const input = z.strictObject({ path: z.string() });
  return {
    method: "POST",
    path: "/documents",
    operation,
    takes: "query",
    input,
    status: 202,
    output,
    event: undefined,
    async handle(c) {
      const caller = callerOf(c);
      await authorise(operation, caller.principal);
      const { path } = await readInput(c, "query", input, undefined);
      // Whoever may not put a file there is told before the file travels.
      uploads.destination(caller.principal, path);
      const leavePlace = uploads.takePlace();
      try {
        const receipt = await run({ path, file: await fileReception.body(c, uploads.maxBytes) }, caller);
        return c.body(JSON.stringify(receipt), 202, { "content-type": "application/json", location: `/ingest/${receipt.jobId}` });
      } finally {
        leavePlace();
      }
    },
  };
}
