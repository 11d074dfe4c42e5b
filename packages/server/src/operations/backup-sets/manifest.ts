/** The manifest of a backup set: what the set holds, and by what it is known to be whole. */
import { createHash } from "node:crypto";
import * as z from "zod";
import { momentOfSetName } from "./set-name.ts";

export const MANIFEST_FILE = "manifest.json";
/** Larger than any that was written. */
export const MAX_MANIFEST_BYTES = 1 << 20;

/** The files that a set may hold, by whether it is encrypted. No other name is ever opened. */
const FILES = {
  none: { record: "record.sql.gz", sessions: "sessions.ndjson.gz" },
  age: { record: "record.sql.gz.age", sessions: "sessions.ndjson.gz.age" },
} as const;

/** Whether the files are as they are, or encrypted with age (https://age-encryption.org). */
export type SetEncryption = keyof typeof FILES;
export type SetPart = "record" | "sessions";

export const fileOf = (part: SetPart, encryption: SetEncryption): string => FILES[encryption][part];

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const moment = z.iso.datetime();
/** Of names that need no quotes in SQL: tables and columns of ours. */
export const IDENTIFIER = /^[a-z_][a-z0-9_]{0,62}$/;
const identifier = z.string().regex(IDENTIFIER);
/** Far above what a disk holds, far below where numbers become inexact. */
const size = z
  .int()
  .min(0)
  .max(2 ** 48);
const label = z.string().min(1).max(200);

const manifest = z
  .strictObject({
    format: z.literal(1),
    /** Of the folder. */
    name: z.string().refine((name) => momentOfSetName(name) !== undefined),
    /** Of the program that made it. */
    productVersion: label,
    /** Number of the last migration. */
    schemaVersion: z.int().min(1).max(9_999),
    startedAt: moment,
    /** The moment that the record shows. */
    snapshotAt: moment,
    endedAt: moment,
    /** Of a set made of a base backup and the log behind it: the moment that was asked for. */
    recoveredTo: moment.nullable(),
    /** Such as `PostgreSQL 17.5`. */
    postgresVersion: label,
    redisVersion: label.nullable(),
    /** How far the write-ahead log was at the snapshot, as `0/16B3748`; null where the embedded database keeps the record. */
    walPosition: z
      .string()
      .regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/)
      .nullable(),
    /** Of the vectors that answered; null where there were none outside of the index. */
    embedder: z.strictObject({ id: z.string().max(1_000), dimensions: z.int().min(1).max(1_000_000) }).nullable(),
    liveGeneration: z.int().min(1).nullable(),
    encryption: z.enum(["none", "age"]),
    /** In the order in which they stand in the record, which is one that foreign keys allow. */
    tables: z
      .array(z.strictObject({ name: identifier, columns: z.array(identifier).min(1).max(200), rows: size, sha256: digest }))
      .min(1)
      .max(200),
    /** What the next row of a numbered column gets. */
    sequences: z.array(z.strictObject({ table: identifier, column: identifier, nextValue: z.int().min(1) })).max(200),
    /** Null where sessions are rows of the record. */
    sessions: z.strictObject({ entries: size }).nullable(),
    files: z
      .array(z.strictObject({ name: label, sizeBytes: size, sha256: digest, plainSizeBytes: size, plainSha256: digest }))
      .min(1)
      .max(2),
  })
  .refine(({ files, sessions, encryption }) => {
    const expected = [fileOf("record", encryption), ...(sessions === null ? [] : [fileOf("sessions", encryption)])];
    return files.length === expected.length && files.every(({ name }, index) => name === expected[index]);
  });

/** What a set holds. Times are ISO 8601, sizes bytes, digests SHA-256 in hexadecimal. */
export type Manifest = z.output<typeof manifest>;
export type ManifestFile = Manifest["files"][number];

/** The last line but one covers all that stands before it. */
const DIGEST_LINE = /,\n {2}"digest": "([0-9a-f]{64})"\n\}\n$/;

/** The manifest as the bytes of its file. */
export function writeManifest(content: Manifest): string {
  const head = JSON.stringify(manifest.parse(content), null, 2).replace(/\n\}$/, "");
  return `${head},\n  "digest": "${sha256(head)}"\n}\n`;
}

/** What was wrong with the bytes of a manifest; `format` when another version of the program may understand them. */
export class UnreadableManifest extends Error {
  override readonly name = "UnreadableManifest";
  readonly isOtherFormat: boolean;

  constructor(message: string, { isOtherFormat = false, cause }: { readonly isOtherFormat?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause });
    this.isOtherFormat = isOtherFormat;
  }
}

/** @throws UnreadableManifest when a single byte is not as {@link writeManifest} wrote it. */
export function parseManifest(text: string): Manifest {
  const found = DIGEST_LINE.exec(text);
  if (found === null) throw new UnreadableManifest("does not end with its digest");
  const head = text.slice(0, found.index);
  if (sha256(head) !== found[1]) throw new UnreadableManifest("does not have the digest that it tells");
  let content: unknown;
  try {
    content = JSON.parse(`${head}\n}`);
  } catch (cause) {
    throw new UnreadableManifest("is no JSON", { cause });
  }
  const format = z.object({ format: z.int().min(2) }).safeParse(content);
  if (format.success) throw new UnreadableManifest(`is of format ${format.data.format}, and this program reads format 1`, { isOtherFormat: true });
  const parsed = manifest.safeParse(content);
  if (!parsed.success) throw new UnreadableManifest("does not describe a set", { cause: parsed.error });
  return parsed.data;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
