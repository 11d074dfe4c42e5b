/** Ways in which a backup set can be damaged, mixed up or made evil. Each must be refused before a row of it is seen. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { type Manifest, parseManifest } from "../src/operations/backup-sets/manifest.ts";

export interface DamageScene {
  /** A folder of backups that holds two sets with sessions, to be damaged. */
  readonly directory: string;
  readonly set: string;
  readonly other: string;
  /** 0..1 */
  readonly random: () => number;
}

export interface Damage {
  readonly name: string;
  /** @returns the set that is to be opened. */
  readonly apply: (scene: DamageScene) => string;
}

const RECORD = "record.sql.gz";
const SESSIONS = "sessions.ndjson.gz";
const MANIFEST = "manifest.json";
const BOMB_BYTES = 64 << 20;

const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const pick = <T>(values: readonly T[], random: () => number): T => {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new RangeError("nothing to pick from");
  return value;
};

const damage = (name: string, apply: (folder: string, scene: DamageScene) => string | undefined): Damage => ({
  name,
  apply: (scene) => apply(join(scene.directory, scene.set), scene) ?? scene.set,
});

const anyFile = (folder: string, random: () => number): string => join(folder, pick(readdirSync(folder), random));

/** Writes a manifest that tells its own digest rightly. */
function forge(folder: string, change: (manifest: Manifest) => object): undefined {
  const path = join(folder, MANIFEST);
  const head = JSON.stringify(change(parseManifest(readFileSync(path, "utf8"))), null, 2).replace(/\n\}$/, "");
  writeFileSync(path, `${head},\n  "digest": "${sha256(head)}"\n}\n`);
}

/** Replaces a file and makes the manifest agree with its bytes. @param plain what it unpacks to, as the manifest tells it. */
function forgeFile(
  folder: string,
  file: string,
  bytes: Uint8Array,
  plain: { readonly plainSizeBytes: number; readonly plainSha256: string },
): undefined {
  writeFileSync(join(folder, file), bytes);
  forge(folder, (manifest) => ({
    ...manifest,
    files: manifest.files.map((each) => (each.name === file ? { name: file, sizeBytes: bytes.length, sha256: sha256(bytes), ...plain } : each)),
  }));
}

/** Changes what a file unpacks to, and lets all digests of files agree. */
function rewrite(folder: string, file: string, change: (text: string) => string): undefined {
  const plain = Buffer.from(change(gunzipSync(readFileSync(join(folder, file))).toString("latin1")), "latin1");
  forgeFile(folder, file, gzipSync(plain), { plainSizeBytes: plain.length, plainSha256: sha256(plain) });
}

const replaceBy = (make: (path: string) => void) => (folder: string, scene: DamageScene) => {
  const path = anyFile(folder, scene.random);
  rmSync(path);
  make(path);
  return undefined;
};

const changeTable =
  (change: (table: Manifest["tables"][number]) => object) =>
  (folder: string, { random }: DamageScene): undefined =>
    forge(folder, (manifest) => {
      const chosen = pick(manifest.tables, random);
      return { ...manifest, tables: manifest.tables.map((table) => (table === chosen ? { ...table, ...change(table) } : table)) };
    });

const EVIL_NAMES = [
  "record.sql",
  "..evil",
  "%2e%2e",
  "manifest.json.new",
  "record.sql.gz ",
  "a\nb",
  "-rf",
  "x".repeat(255),
  "\u202emanifest.json",
  ".lock",
];
const EVIL_FILES = ["../record.sql.gz", "/etc/passwd", "record.sql.gz\u0000", "", ".", "RECORD.SQL.GZ", "record.sql.gz.age"];

/** Applied in turn, each with another chance. */
export const SET_DAMAGES: readonly Damage[] = [
  damage("a bit flipped", (folder, { random }) => {
    const path = anyFile(folder, random);
    const bytes = readFileSync(path);
    const at = Math.floor(random() * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    writeFileSync(path, bytes);
    return undefined;
  }),
  damage("cut", (folder, { random }) => {
    const path = anyFile(folder, random);
    truncateSync(path, Math.floor(random() * lstatSync(path).size));
    return undefined;
  }),
  damage("something behind the end", (folder, { random }) => {
    appendFileSync(anyFile(folder, random), Buffer.alloc(1 + Math.floor(random() * 100), Math.floor(random() * 256)));
    return undefined;
  }),
  damage("a file missing", (folder, { random }) => {
    rmSync(anyFile(folder, random));
    return undefined;
  }),
  damage("a file too many", (folder, { random }) => {
    writeFileSync(join(folder, pick(EVIL_NAMES, random)), "evil");
    return undefined;
  }),
  damage("a file of another set", (folder, { directory, other, random }) => {
    const path = anyFile(folder, random);
    const name = path.slice(folder.length + 1);
    writeFileSync(path, readFileSync(join(directory, other, name)));
    return undefined;
  }),
  damage("two sets swapped", (folder, { directory, other }) => {
    renameSync(folder, join(directory, "swap"));
    renameSync(join(directory, other), folder);
    renameSync(join(directory, "swap"), join(directory, other));
    return undefined;
  }),
  damage("another date", (folder, { directory, random }) => {
    const name = `2${String(Math.floor(random() * 900) + 100)}-01-01T00-00-00Z`;
    renameSync(folder, join(directory, name));
    return name;
  }),
  damage("record and sessions swapped", (folder) => {
    renameSync(join(folder, RECORD), join(folder, "x"));
    renameSync(join(folder, SESSIONS), join(folder, RECORD));
    renameSync(join(folder, "x"), join(folder, SESSIONS));
    return undefined;
  }),
  damage("a symbolic link to the file itself", (folder, { directory, random }) => {
    const path = anyFile(folder, random);
    const moved = join(directory, "moved");
    renameSync(path, moved);
    symlinkSync(moved, path);
    return undefined;
  }),
  damage(
    "a symbolic link to nowhere",
    replaceBy((path) => symlinkSync("/nowhere/at/all", path)),
  ),
  damage("a symbolic link in place of the folder", (folder, { directory }) => {
    renameSync(folder, join(directory, "moved"));
    symlinkSync(join(directory, "moved"), folder);
    return undefined;
  }),
  damage(
    "a pipe",
    replaceBy((path) => execFileSync("mkfifo", [path])),
  ),
  damage(
    "a device",
    replaceBy((path) => symlinkOrDevice(path)),
  ),
  damage(
    "a folder",
    replaceBy((path) => mkdirSync(path)),
  ),
  damage("a file in place of the folder", (folder) => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "");
    return undefined;
  }),
  damage("an empty folder", (folder) => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    return undefined;
  }),
  damage("no folder", (folder) => {
    rmSync(folder, { recursive: true });
    return undefined;
  }),
  damage("an evil name of the set", (_, { random }) =>
    pick(["../backups", "..", "/etc", "2026-01-01", "2026-01-01T00-00-00Z/../x", "", "\u0000"], random),
  ),
  damage("packed anew", (folder) => {
    const path = join(folder, RECORD);
    writeFileSync(path, gzipSync(gunzipSync(readFileSync(path)), { level: 9 }));
    return undefined;
  }),
  damage("a bomb", (folder) => {
    writeFileSync(join(folder, RECORD), gzipSync(Buffer.alloc(BOMB_BYTES)));
    return undefined;
  }),
  damage("a bomb that the manifest tells of rightly", (folder) =>
    forgeFile(folder, RECORD, gzipSync(Buffer.alloc(BOMB_BYTES)), { plainSizeBytes: BOMB_BYTES, plainSha256: sha256(Buffer.alloc(BOMB_BYTES)) }),
  ),
  damage("a bomb that the manifest calls small", (folder) =>
    forgeFile(folder, SESSIONS, gzipSync(Buffer.alloc(BOMB_BYTES)), { plainSizeBytes: 10, plainSha256: sha256("") }),
  ),
  damage("sizes that no disk holds", (folder, { random }) =>
    forge(folder, (manifest) => ({
      ...manifest,
      files: manifest.files.map((file) => ({ ...file, plainSizeBytes: 2 ** Math.floor(31 + random() * 30) })),
    })),
  ),
  damage(
    "a count of rows that is wrong",
    changeTable(({ rows }) => ({ rows: rows + 1 })),
  ),
  damage(
    "a count of rows that is huge",
    changeTable(() => ({ rows: 2 ** 47 })),
  ),
  damage(
    "another digest of a table",
    changeTable(({ sha256: digest }) => ({ sha256: sha256(digest) })),
  ),
  damage(
    "another name of a table",
    changeTable(({ name }) => ({ name: `${name}_` })),
  ),
  damage(
    "other columns of a table",
    changeTable(({ columns }) => ({ columns: [...columns].reverse().concat("x") })),
  ),
  damage("a table less", (folder, { random }) => {
    return forge(folder, (manifest) => {
      const gone = pick(manifest.tables, random);
      return { ...manifest, tables: manifest.tables.filter((table) => table !== gone) };
    });
  }),
  damage("another count of sessions", (folder) => forge(folder, (manifest) => ({ ...manifest, sessions: { entries: 3_000_000 } }))),
  damage("a manifest without sessions", (folder) =>
    forge(folder, (manifest) => ({ ...manifest, sessions: null, files: manifest.files.slice(0, 1) })),
  ),
  damage("a newer schema", (folder) => forge(folder, (manifest) => ({ ...manifest, schemaVersion: 999 }))),
  damage("a newer format", (folder) => forge(folder, (manifest) => ({ ...manifest, format: 2 }))),
  damage("another moment", (folder) => forge(folder, (manifest) => ({ ...manifest, snapshotAt: "2020-01-01T00:00:00.000Z" }))),
  damage("a date that no calendar has", (folder) => forge(folder, (manifest) => ({ ...manifest, snapshotAt: "2026-02-30T00:00:00.000Z" }))),
  damage("the name of another set", (folder, { other }) => forge(folder, (manifest) => ({ ...manifest, name: other }))),
  damage("an evil name of a file", (folder, { random }) =>
    forge(folder, (manifest) => ({
      ...manifest,
      files: manifest.files.map((file, at) => (at === 0 ? { ...file, name: pick(EVIL_FILES, random) } : file)),
    })),
  ),
  damage("a field too many", (folder) => forge(folder, (manifest) => ({ ...manifest, extra: {} }))),
  damage("a manifest that is no object", (folder) => forge(folder, () => [])),
  damage("encryption that is not there", (folder) => forge(folder, (manifest) => ({ ...manifest, encryption: "age" }))),
  damage("SQL among the rows", (folder) =>
    rewrite(folder, RECORD, (text) => text.replace("-- rag-personal: rows\n", "-- rag-personal: rows\ndrop table documents;\n")),
  ),
  damage("a copy from a program", (folder) => rewrite(folder, RECORD, (text) => text.replace(" from stdin;", " from program 'id';"))),
  damage("a row too many", (folder) => rewrite(folder, RECORD, (text) => text.replace(/(copy "feedback"[^\n]*\n)([^\n]*\n)/, "$1$2$2"))),
  damage("a value too many", (folder) => rewrite(folder, RECORD, (text) => text.replace(/(copy "feedback"[^\n]*\n)/, "$1x\t"))),
  damage("a value that is another", (folder) => rewrite(folder, RECORD, (text) => text.replace(/(copy "feedback"[^\n]*\n)./, "$1~"))),
  damage("no end of the rows", (folder) => rewrite(folder, RECORD, (text) => text.replace("-- rag-personal: end of rows\n", ""))),
  damage("a line that never ends", (folder) => rewrite(folder, RECORD, () => "x".repeat(8 << 20))),
  damage("nothing in the record", (folder) => rewrite(folder, RECORD, () => "")),
  damage("sessions that are no JSON", (folder) => rewrite(folder, SESSIONS, (text) => text.replace("{", "["))),
  damage("a key that is no session", (folder) => rewrite(folder, SESSIONS, (text) => text.replace('"data:', '"../evil:'))),
  damage("a session too many", (folder) => rewrite(folder, SESSIONS, (text) => text + text)),
  damage("half a session", (folder) => rewrite(folder, SESSIONS, (text) => text.slice(0, -3))),
];

/** Only root may make a device; a link to one serves as well. */
function symlinkOrDevice(path: string): void {
  try {
    execFileSync("mknod", [path, "c", "1", "5"], { stdio: "ignore" });
  } catch {
    symlinkSync("/dev/zero", path);
  }
}
