/** What is said to a worker about a file, and what it says of it. */
import type { FileEvent, SourceEntry } from "@rag-personal/core";
import { Redis } from "ioredis";
import * as z from "zod";

export const QUEUE = "files";
/** Beside sessions and budgets, whose keys begin with `rag:` too. */
export const PREFIX = "rag:ingestion";

export const fileTask = z.strictObject({
  path: z.string(),
  sizeBytes: z.number(),
  sourceHash: z.string(),
  /** Of the document that is stored under this path. */
  documentId: z.string().nullable(),
});

export type FileTask = z.infer<typeof fileTask>;

const kind = { type: z.literal("file"), path: z.string() };

const fileEvent = z.discriminatedUnion("outcome", [
  z.strictObject({ ...kind, outcome: z.enum(["added", "changed"]), chunks: z.number() }),
  z.strictObject({ ...kind, outcome: z.enum(["removed", "unchanged"]) }),
  z.strictObject({
    ...kind,
    outcome: z.literal("failed"),
    stage: z.enum(["read", "decode", "parse", "chunk", "store", "index"]),
    reason: z.string(),
    keptEarlierVersion: z.boolean(),
  }),
]);

/** Undefined when it is nothing that a worker of this version says. */
export function readFileEvent(value: unknown): FileEvent | undefined {
  return fileEvent.safeParse(value).data;
}

export const toTask = ({ path, sizeBytes, sourceHash }: SourceEntry, documentId: string | undefined): FileTask => {
  return { path, sizeBytes, sourceHash, documentId: documentId ?? null };
};

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 500;

export interface QueueConnection {
  readonly redis: Redis;
  /** Ends it and all that the library has made of it, at once; without this, one that Redis never answered keeps the process alive. */
  end(): void;
}

/** A connection as the library wants it: it goes on trying for ever, and keeps what is asked meanwhile. */
export function connectForQueue(url: string): QueueConnection {
  const redis = new Redis(url, {
    connectionName: "rag-personal-ingestion",
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS),
  });
  const all = [redis];
  const duplicate = redis.duplicate.bind(redis);
  redis.duplicate = (override) => {
    const made = duplicate(override);
    all.push(made);
    return made;
  };
  return {
    redis,
    end() {
      for (const each of all) each.disconnect();
    },
  };
}
