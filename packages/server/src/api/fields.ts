/** Fields that several procedures take or give. Unknown fields are refused, so that a misspelt one is noticed. */
import * as z from "zod";
import { schemaNames } from "./schema-names.ts";

export const identifier = z.string().min(1).max(200);

/** For procedures that take nothing. */
export const nothing = z.strictObject({}).optional();

export const byId = z.strictObject({ id: identifier });

export const pathPrefix = z.string().min(1).max(1_000);

/** Yes or no. It may come as text, out of an address. */
export const yesOrNo = z.preprocess(
  (value: boolean | undefined): unknown => (String(value) === "true" ? true : String(value) === "false" ? false : value),
  z.boolean(),
);

/** Which part of a long list to give. Numbers may come as text, out of an address. */
export const page = {
  limit: z.coerce.number<number>().int().min(1).max(1_000).default(100),
  /** `nextCursor` of the page before. */
  cursor: z.string().min(1).max(10_000).optional(),
};

/** Restricts what an answer may rest on; all given fields must hold. */
export const filters = z
  .strictObject({
    pathPrefixes: z.array(pathPrefix).min(1).max(50).optional().describe("Only documents whose path begins with one of them."),
    documentIds: z.array(identifier).min(1).max(200).optional().describe("Only these documents."),
  })
  .describe("What an answer may rest on. Filters that are both given must both hold.")
  .register(schemaNames, { name: "Filters" });

/** @param maxChars length in UTF-16 units (MAX_QUESTION_CHARS). */
export const questionText = (maxChars: number) =>
  z
    .string()
    .max(maxChars, `must not be longer than ${maxChars} characters (MAX_QUESTION_CHARS)`)
    .refine((text) => text.trim() !== "", "must not be empty")
    .describe("Not blank.");

/** ISO 8601 in UTC. */
export const time = z.iso.datetime();

/** A length, a count or an offset. */
export const count = z.int().min(0);

/** @param what the offset says, as the beginning of a sentence. */
export const offset = (what: string) => count.describe(`${what} in the document's stored text, in UTF-16 units.`);

/** 0..1. */
export const share = z.number();

/** @param ms milliseconds since the epoch. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();

/** @param ms milliseconds since the epoch; undefined becomes null. */
export const isoTimeOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : isoTime(ms));
