import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { type Manifest, parseManifest, writeManifest } from "./manifest.ts";

const SAMPLE: Manifest = {
  format: 1,
  name: "2026-11-24T03-00-00Z",
  productVersion: "0.0.0",
  schemaVersion: 4,
  startedAt: "2026-11-24T03:00:00.000Z",
  snapshotAt: "2026-11-24T03:00:00.100Z",
  endedAt: "2026-11-24T03:00:01.000Z",
  recoveredTo: null,
  postgresVersion: "PostgreSQL 17.5",
  redisVersion: null,
  walPosition: "0/16B3748",
  embedder: null,
  liveGeneration: null,
  encryption: "none",
  tables: [{ name: "feedback", columns: ["id"], rows: 1, sha256: "a".repeat(64) }],
  sequences: [],
  sessions: null,
  files: [{ name: "record.sql.gz", sizeBytes: 1, sha256: "b".repeat(64), plainSizeBytes: 2, plainSha256: "c".repeat(64) }],
};

it("is read as it was written", () => {
  expect(parseManifest(writeManifest(SAMPLE))).toEqual(SAMPLE);
});

it("is JSON", () => {
  expect(JSON.parse(writeManifest(SAMPLE))).toMatchObject({ name: SAMPLE.name, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

it("is refused when any byte of it is another, one more or one less", () => {
  const text = writeManifest(SAMPLE);
  for (let at = 0; at < text.length; at += 1) {
    const flipped = String.fromCharCode(text.charCodeAt(at) ^ 1);
    for (const changed of [
      `${text.slice(0, at)}${flipped}${text.slice(at + 1)}`,
      `${text.slice(0, at)}${text.slice(at + 1)}`,
      `${text.slice(0, at)} ${text.slice(at)}`,
    ]) {
      expect(() => parseManifest(changed), changed).toThrow(/digest/);
    }
  }
});

it.each([
  ["a file that is none of a set", { files: [{ ...SAMPLE.files[0], name: "../record.sql.gz" }] }],
  ["a second file that is not told of", { files: [SAMPLE.files[0], SAMPLE.files[0]] }],
  ["sessions without their file", { sessions: { entries: 1 } }],
  ["encryption that the file does not have", { encryption: "age" }],
  ["a table that needs quotes", { tables: [{ ...SAMPLE.tables[0], name: 'a"; drop table b' }] }],
  ["more rows than a disk can hold", { tables: [{ ...SAMPLE.tables[0], rows: 2 ** 52 }] }],
  ["a day that no calendar has", { name: "2026-02-30T03-00-00Z" }],
  ["something that this program does not know", { extra: 1 }],
])("is refused with %s, though its digest is right", (_, change) => {
  expect(() => parseManifest(writeAnyway({ ...SAMPLE, ...change }))).toThrow("does not describe a set");
});

it("tells a later format from damage", () => {
  expect(() => parseManifest(writeAnyway({ ...SAMPLE, format: 2 }))).toThrow(expect.objectContaining({ isOtherFormat: true }));
});

/** What {@link writeManifest} would refuse to write, with the digest that it would have. */
function writeAnyway(content: object): string {
  const head = JSON.stringify(content, null, 2).replace(/\n\}$/, "");
  return `${head},\n  "digest": "${createHash("sha256").update(head).digest("hex")}"\n}\n`;
}
