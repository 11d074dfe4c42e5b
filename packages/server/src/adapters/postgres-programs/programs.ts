/** The programs that come with PostgreSQL: where they are, and how they are run without a secret on their command line. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { ExitError } from "../../exit-error.ts";
import { asOwner, type ProcessOwner } from "./run-as.ts";

/** Where systems put a version that is not on the PATH. */
const FOLDERS = [
  (major: number) => `/usr/lib/postgresql/${major}/bin`,
  (major: number) => `/usr/pgsql-${major}/bin`,
  (major: number) => `/opt/homebrew/opt/postgresql@${major}/bin`,
  (major: number) => `/usr/local/opt/postgresql@${major}/bin`,
] as const;
const NEEDED = ["postgres", "initdb", "pg_basebackup", "pg_receivewal", "pg_verifybackup"] as const;
const LAST_WORDS_CHARS = 2_000;
const OLDEST_MAJOR = 13;
const NEWEST_MAJOR = 20;
const run = promisify(execFile);

export type PostgresProgram = (typeof NEEDED)[number];

/** The programs of one major version. */
export interface PostgresPrograms {
  readonly major: number;
  readonly folder: string;
}

/** The newest version that is installed in the usual place, or on the path; undefined when there is none. */
export async function findAnyPostgresPrograms(searchPath: string): Promise<PostgresPrograms | undefined> {
  for (let major = NEWEST_MAJOR; major >= OLDEST_MAJOR; major -= 1) {
    const found = await findPostgresPrograms(major, searchPath);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Finds the programs of a version: files of a database belong to one major version.
 *
 * @param searchPath as in `PATH`.
 * @returns undefined when they are not all there.
 */
export async function findPostgresPrograms(major: number, searchPath: string): Promise<PostgresPrograms | undefined> {
  const folders = [...FOLDERS.map((folderOf) => folderOf(major)), ...searchPath.split(delimiter).filter((folder) => folder !== "")];
  for (const folder of folders) {
    if (!NEEDED.every((name) => existsSync(join(folder, name)))) continue;
    if ((await majorOf(folder)) === major) return { major, folder };
  }
  return undefined;
}

async function majorOf(folder: string): Promise<number | undefined> {
  try {
    const { stdout } = await run(join(folder, "postgres"), ["--version"]);
    return Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]);
  } catch {
    return undefined;
  }
}

/** A database as the programs are told of it: the password goes through the environment, which other users cannot read. */
export interface ConnectionArguments {
  readonly dbname: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** @throws {ExitError} when the address is none; it is not repeated. */
export function connectionArguments(databaseUrl: string): ConnectionArguments {
  if (!URL.canParse(databaseUrl)) throw new ExitError("DATABASE_URL is not an address of a PostgreSQL.");
  const url = new URL(databaseUrl);
  const password = decodeURIComponent(url.password);
  url.password = "";
  return { dbname: url.href, environment: password === "" ? {} : { PGPASSWORD: password } };
}

/** How a program is called. */
export interface ProgramCall {
  readonly programs: PostgresPrograms;
  readonly program: PostgresProgram;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: whoever runs us. */
  readonly owner?: ProcessOwner | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a program is given of our environment: nothing that could be secret, and messages in a language that we can read. */
export const plainEnvironment = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  LC_ALL: "C",
  PATH: "/usr/bin:/bin",
  ...more,
});

/** Runs a program to its end. @throws {ExitError} with its last words when it fails. */
export async function runProgram({ programs, program, arguments: args, environment, owner, signal }: ProgramCall): Promise<string> {
  try {
    const options = { env: plainEnvironment(environment), signal, maxBuffer: 1 << 24, ...asOwner(owner) };
    const { stdout, stderr } = await run(join(programs.folder, program), [...args], options);
    return `${stdout}${stderr}`;
  } catch (error) {
    signal?.throwIfAborted();
    throw new ExitError(`${program} failed: ${lastWords(error)}`, { cause: error });
  }
}

function lastWords(error: unknown): string {
  const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  return (said === "" ? String(error) : said).slice(-LAST_WORDS_CHARS);
}
