/** Servers remembered by name, with their credentials, in a file that its owner alone can read. */
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod";
import { CliError, EXIT } from "./exit-codes.ts";

const profile = z.object({
  url: z.string(),
  apiKey: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
});
export type Profile = Readonly<z.infer<typeof profile>>;

const profiles = z.object({
  /** The one that is taken when nothing else says which server is meant. */
  current: z.string().optional(),
  profiles: z.record(z.string(), profile),
});
export type Profiles = z.infer<typeof profiles>;

const NAME = /^[\w.-]{1,100}$/;

/** @throws CliError for a name that could be mistaken for something else. */
export function requireProfileName(name: string): string {
  // A record made by JSON.parse has it as a name like any other; one made by assignment has not.
  if (NAME.test(name) && name !== "__proto__") return name;
  throw new CliError(EXIT.usage, "The name of a profile has letters, digits, dots, hyphens and underscores.");
}

/** @param name undefined for the one in use. */
export function findProfile({ current, profiles: known }: Profiles, name: string | undefined): Profile | undefined {
  const wanted = name ?? current;
  return wanted !== undefined && Object.hasOwn(known, wanted) ? known[wanted] : undefined;
}

/** No file is no profiles. @throws CliError for a file that is none of ours. */
export async function readProfiles(path: string, warn: (message: string) => void): Promise<Profiles> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { profiles: {} };
    throw new CliError(EXIT.failed, `The profiles cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (process.platform !== "win32" && ((await stat(path)).mode & 0o077) !== 0)
    warn(`Others can read ${path}, which holds credentials: chmod 600 ${path}`);
  const parsed = profiles.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  throw new CliError(EXIT.failed, `${path} does not hold profiles: correct it, or remove it and add them anew.`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Replaces the file whole: whoever reads at the same time has the old one or the new one. */
export async function writeProfiles(path: string, content: Profiles): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await writeFile(unfinished, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flag: "wx" });
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
}
