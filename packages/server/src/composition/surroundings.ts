/** What the program hands to its composition. */
import type { Logger } from "pino";
import type { IngestionJob } from "../ingestion-job.ts";

export interface Surroundings {
  readonly log: Logger;
  readonly onProgress: (job: IngestionJob) => void;
  /** Told when the server cannot go on, such as when the embedded database has died. */
  readonly onFatal: (error: Error) => void;
}
