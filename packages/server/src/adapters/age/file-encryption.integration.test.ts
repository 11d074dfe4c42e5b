/** Files closed by this program and opened by `age`, and the other way round. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findProgram } from "../../../test-support/debian-program.ts";
import { createEncryption, readDecryption } from "./file-encryption.ts";

let folder: string;
let age: string;
let identityFile: string;
let recipient: string;
/** More than one of the pieces in which age closes a file. */
const TEXT = randomBytes(300_000);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rag-age-"));
  age = findProgram("age");
  identityFile = join(folder, "key.txt");
  execFileSync(join(dirname(age), "age-keygen"), ["-o", identityFile], { stdio: "ignore" });
  recipient = /public key: (\S+)/.exec(readFileSync(identityFile, "utf8"))?.[1] ?? "";
});
afterAll(() => rmSync(folder, { recursive: true }));

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 7_001) yield bytes.subarray(at, at + 7_001);
}

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts);
}

const close = (recipients = [recipient]): Promise<Buffer> => collect(createEncryption(recipients).encrypt(pieces(TEXT)));

it("are opened by the program age", async () => {
  const path = join(folder, "ours.age");
  writeFileSync(path, await close());
  expect(execFileSync(age, ["--decrypt", "--identity", identityFile, path], { maxBuffer: 1e7 }).equals(TEXT)).toBe(true);
});

it("are opened when the program age has closed them", async () => {
  const bytes = execFileSync(age, ["--encrypt", "--recipient", recipient], { input: TEXT, maxBuffer: 1e7 });
  expect((await collect((await readDecryption(identityFile)).decrypt(pieces(bytes)))).equals(TEXT)).toBe(true);
});

it("are refused when a byte of them is another, or the end is missing", async () => {
  const bytes = await close();
  const { decrypt } = await readDecryption(identityFile);
  for (const at of [0, 30, 150, 250, 100_000, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(collect(decrypt(pieces(changed))), String(at)).rejects.toThrow();
    await expect(collect(decrypt(pieces(bytes.subarray(0, at)))), `cut at ${at}`).rejects.toThrow();
  }
});

it("are closed to whoever has another key", async () => {
  const other = join(folder, "other.txt");
  execFileSync(join(dirname(age), "age-keygen"), ["-o", other], { stdio: "ignore" });
  const { decrypt } = await readDecryption(other);
  await expect(collect(decrypt(pieces(await close())))).rejects.toThrow();
});

it("are not begun with something that is no key, which no message repeats", async () => {
  expect(() => createEncryption(["age1nonsense"])).toThrow(/BACKUP_AGE_RECIPIENTS/);
  const path = join(folder, "no-key.txt");
  writeFileSync(path, "# comment\nAGE-SECRET-KEY-1NONSENSE\n");
  const error = await readDecryption(path).catch((thrown: unknown) => thrown);
  expect(String(error)).toMatch(/Key 1 in .*BACKUP_AGE_IDENTITY_FILE/);
  expect(String(error)).not.toContain("NONSENSE");
  await expect(readDecryption(join(folder, "missing"))).rejects.toThrow("cannot be read");
});
