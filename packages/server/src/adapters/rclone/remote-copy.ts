/** Copies sets off the machine with rclone (https://rclone.org), to whatever it can reach. Its own configuration holds the credentials. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { BackupFailure } from "../../operations/backup-failure.ts";
import type { RemoteCopy } from "../../operations/remote-copy.ts";

export interface RemoteCopyOptions {
  /** As `remote:path`, or a folder. Credentials belong into rclone's configuration or environment. */
  readonly target: string;
  /** Of the program, and nothing besides. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds that one command of rclone may take. Default: six hours. */
  readonly timeoutMs?: number | undefined;
  /** The program. Default: `rclone`. */
  readonly program?: string | undefined;
}

const SIX_HOURS_MS = 6 * 3_600_000;
/** Of rclone: there is no such folder. */
const NOT_THERE = 3;
const LAST_WORDS_CHARS = 1_000;

export function createRemoteCopy({ target, environment, timeoutMs = SIX_HOURS_MS, program = "rclone" }: RemoteCopyOptions): RemoteCopy {
  const run = async (args: readonly string[], what: string, alsoGood?: number): Promise<void> => {
    const problem = await runProgram(program, args, { env: { ...environment }, timeout: timeoutMs }, alsoGood);
    if (problem !== undefined)
      throw new BackupFailure(
        "not_copied",
        `${what} ${target}: ${problem}. The set on this machine is good. Look at BACKUP_REMOTE and at rclone's configuration.`,
      );
  };
  const at = (name: string): string => (target.endsWith(":") || target.endsWith("/") ? `${target}${name}` : `${target}/${name}`);
  return {
    async copy(directory, name) {
      const [from, to] = [join(directory, name), at(name)];
      await run(["copy", "--", from, to], `The set ${name} could not be copied to`);
      // Without hashes of a backend, its bytes are fetched again: what cannot be read there is no copy.
      await run(["check", "--download", "--", from, to], `The copy of the set ${name} differs at`);
    },
    async remove(name) {
      await run(["purge", "--", at(name)], `The set ${name} could not be removed from`, NOT_THERE);
    },
  };
}

/** @returns what went wrong. */
async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly timeout: number },
  alsoGood: number | undefined,
): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", "ignore", "pipe"], killSignal: "SIGKILL" });
    let words = "";
    child.stderr.on("data", (data: Buffer) => {
      words = (words + data.toString()).slice(-LAST_WORDS_CHARS);
    });
    child.once("error", (error) => resolve("code" in error && error.code === "ENOENT" ? "rclone is not installed" : error.message));
    child.once("close", (code, signal) => {
      if (code === 0 || (code !== null && code === alsoGood)) return resolve(undefined);
      resolve(signal === null ? `rclone ended with ${code}: ${words.trim().split("\n").slice(-3).join(" ")}` : `rclone was ended by ${signal}`);
    });
  });
}
