/** `GET /ingest/{id}`: how far a job is, now or as it goes on. */
import * as z from "zod";
import type { Api } from "../api/api.ts";
import { fileResult, job, progress } from "../api/ingestion.ts";
import { schemaNames } from "../api/schema-names.ts";
import { callerOf } from "../http/caller.ts";
import type { ServerEvent } from "../http/event-stream.ts";
import type { IngestionJobEvent } from "../ingestion-job.ts";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import { type Route, readInput } from "./route.ts";
import { errorEvent, streamResponse, wantsEvents } from "./streaming.ts";

/** `job` first, unless the job has ended; `done` or `error` last. */
const ingestionServerEvent = z
  .discriminatedUnion("event", [
    z.object({ event: z.literal("job"), data: job }).register(schemaNames, { name: "JobEvent" }),
    z.object({ event: z.literal("file"), data: fileResult }).register(schemaNames, { name: "FileEvent" }),
    z.object({ event: z.literal("progress"), data: progress }).register(schemaNames, { name: "ProgressEvent" }),
    z.object({ event: z.literal("done"), data: job }).register(schemaNames, { name: "JobDoneEvent" }),
    errorEvent,
  ])
  .describe("One event of an ingestion that is followed: its name, and its data as JSON.")
  .register(schemaNames, { name: "IngestionEvent" });

function toServerEvent(event: IngestionJobEvent): ServerEvent {
  switch (event.type) {
    case "job":
    case "done":
      return { event: event.type, data: event.job };
    case "file":
      return { event: "file", data: event.file };
    case "progress":
      return { event: "progress", data: event.progress };
  }
}

export function ingestionRoute({ ingestion }: Api, services: AppServices): Route {
  const { get, events } = ingestion;
  return {
    method: "GET",
    path: "/ingest/:id",
    operation: get.operation,
    takes: "path",
    input: get.input,
    status: 200,
    output: get.output,
    event: ingestionServerEvent,
    async handle(c) {
      const caller = callerOf(c);
      await authorise(get.operation, caller.principal);
      const input = await readInput(c, "path", get.input, undefined);
      if (wantsEvents(c)) return await streamResponse(services, caller, events.run(input, caller), toServerEvent);
      return c.body(JSON.stringify(await get.run(input, caller)), 200, { "content-type": "application/json" });
    },
  };
}
