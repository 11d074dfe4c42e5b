/** Runs the commands of the runbook in its order, as a person who reads it would type them. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extractRunbook, type RunbookBlock, type RunbookPlace } from "./blocks.ts";

export interface ExecutedBlock {
  readonly exitCode: number;
  /** Of both kinds. */
  readonly output: string;
  readonly durationMs: number;
}

/** Runs a block. What it sets (variables, functions) is there for the next one. */
export type ExecuteBlock = (block: RunbookBlock) => Promise<ExecutedBlock>;

export interface RunbookOptions {
  readonly markdown: string;
  /** What there is to run on. `stack` runs the blocks of `server` too. */
  readonly place: RunbookPlace;
  readonly execute: ExecuteBlock;
  /** Waited for before each block, such as until the server is ready again that the block before has restarted. */
  readonly beforeBlock?: (block: RunbookBlock) => Promise<void>;
  /** Told of each block that has run, whatever became of it. */
  readonly onBlock?: (block: RunbookBlock, result: ExecutedBlock) => void;
}

export interface RunbookReport {
  readonly ran: readonly { readonly block: RunbookBlock; readonly result: ExecutedBlock }[];
  /** Those that want a stack where there is none. */
  readonly elsewhere: readonly RunbookBlock[];
  readonly byHand: readonly RunbookBlock[];
}

/**
 * Every block is run, is for another place, or says why nobody can run it: there is no fourth.
 *
 * @throws Error with section, line, commands and output of the first block that fails.
 * @example
 * const shell = createRunbookShell({ cwd: checkout, environment: { ADMIN_PASSWORD, REDIS_PASSWORD, COMMIT: "HEAD", BACKUP: "2026-11-24" } });
 * try {
 *   const { ran } = await runRunbook({ markdown, place: "stack", execute: shell.execute });
 * } finally {
 *   shell.close();
 * }
 */
export async function runRunbook({ markdown, place, execute, beforeBlock, onBlock }: RunbookOptions): Promise<RunbookReport> {
  const ran: { block: RunbookBlock; result: ExecutedBlock }[] = [];
  const elsewhere: RunbookBlock[] = [];
  const byHand: RunbookBlock[] = [];
  for (const block of extractRunbook(markdown)) {
    if ("byHand" in block.runs) byHand.push(block);
    else if (block.runs.where === "stack" && place === "server") elsewhere.push(block);
    else {
      await beforeBlock?.(block);
      const result = await execute(block);
      onBlock?.(block, result);
      const isNothingFound = block.mayFindNothing && result.exitCode === 1;
      if (result.exitCode !== 0 && !isNothingFound) {
        const where = `${block.section.join(" › ")}, line ${block.line}`;
        throw new Error(`the runbook fails (${where}) with exit code ${result.exitCode}:\n${block.script}\n\n${result.output}`);
      }
      ran.push({ block, result });
    }
  }
  return { ran, elsewhere, byHand };
}

export interface RunbookShell {
  readonly execute: ExecuteBlock;
  /** Removes what was kept between the blocks. */
  close(): void;
}

/**
 * A bash that stops at the first command that fails, also within a pipe.
 *
 * @param environment the variables that the runbook takes for given, and what the programs need; besides it there is `PATH` alone.
 * @param rewrite changes commands before they run, such as `http://localhost:8000` into the address of a server on another port.
 * @param powershell the program for blocks of PowerShell, in the folder. Without it they fail.
 * @param timeoutMs for one block. Default: 10 minutes.
 */
export function createRunbookShell({
  cwd,
  environment,
  rewrite = (script) => script,
  powershell,
  timeoutMs = 600_000,
}: {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly rewrite?: (script: string) => string;
  readonly powershell?: string;
  readonly timeoutMs?: number;
}): RunbookShell {
  const folder = mkdtempSync(join(tmpdir(), "rag-runbook-"));
  const state = join(folder, "state");
  writeFileSync(state, "", { mode: 0o600 });
  return {
    execute({ script, language }) {
      const command = rewrite(script);
      if (language === "powershell")
        return run(powershell ?? "pwsh", ["-NoProfile", "-NonInteractive", "-Command", command], { cwd, environment, timeoutMs });
      // Variables and functions of a block outlive it: they are written down at its end, and read at the beginning of the next.
      const whole = `. "${state}"\nset -aeuo pipefail\n${command}\n{ export -p; declare -f; } > "${state}"\n`;
      return run("bash", ["-c", whole], { cwd, environment, timeoutMs });
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function run(
  program: string,
  args: readonly string[],
  { cwd, environment, timeoutMs }: { readonly cwd: string; readonly environment: Readonly<Record<string, string>>; readonly timeoutMs: number },
): Promise<ExecutedBlock> {
  const startedAt = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<ExecutedBlock>();
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      output += data.toString();
    });
  }
  child.once("error", reject);
  child.once("close", (code, signal) => {
    const ending = signal === null ? "" : `\n(ended by ${signal})`;
    resolve({ exitCode: code ?? -1, output: `${output}${ending}`, durationMs: performance.now() - startedAt });
  });
  return promise;
}
