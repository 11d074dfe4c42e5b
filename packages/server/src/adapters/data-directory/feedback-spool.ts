/** Feedback that waits on disk while its store is away: one file each, so that a kill at any moment leaves whole ones. */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { RagError } from "@rag-personal/core";
import * as z from "zod";
import type { FeedbackSpool } from "../../spooled-feedback.ts";
import { writeDurably } from "./durable-file.ts";

const FILE_NAME = /^[0-9a-f-]{36}\.json$/;

const feedback = z.object({
  id: z.string(),
  principal: z.string(),
  rating: z.enum(["up", "down"]),
  requestId: z.string().optional(),
  sessionId: z.string().optional(),
  comment: z.string().optional(),
  atMs: z.number(),
});

const RETRY_AFTER_SECONDS = 2;
/** What says nothing about the file: this process, or this machine, has too much open, or no memory. */
const PASSING = new Set(["EMFILE", "ENFILE", "ENOMEM"]);
const isPassing = (error: unknown): boolean => error instanceof Error && "code" in error && PASSING.has(String(error.code));

/**
 * Opens the spool in `directory`, creating it if need be.
 *
 * What cannot be written, and what cannot be read at the moment, is `store_unavailable`.
 *
 * @param createName a UUID for each file: an id that a client chose names no file.
 */
export async function openFeedbackSpool(directory: string, createName: () => string): Promise<FeedbackSpool> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const pathOf = (name: string): string => join(directory, name);
  return {
    async add(entry) {
      try {
        await writeDurably(pathOf(`${createName()}.json`), JSON.stringify(entry));
      } catch (cause) {
        throw new RagError("store_unavailable", "The feedback cannot be stored, and not kept on disk either. Try again shortly.", {
          cause,
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        });
      }
    },
    async list() {
      return (await readdir(directory)).filter((name) => FILE_NAME.test(name)).sort();
    },
    async read(name) {
      try {
        return feedback.parse(JSON.parse(await readFile(pathOf(name), "utf8")));
      } catch (cause) {
        if (isPassing(cause)) throw new RagError("store_unavailable", "Feedback on disk cannot be read at the moment.", { cause });
        return undefined;
      }
    },
    async remove(name) {
      await rm(pathOf(name), { force: true });
    },
  };
}
