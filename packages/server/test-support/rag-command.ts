/** Runs the `rag` command as its own process, as a person or a script would. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../src/cli/main.mjs");

export interface RagResult {
  /** -1 when a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningRag {
  readonly process: ChildProcess;
  readonly result: Promise<RagResult>;
  /** Resolves as soon as the output, of both kinds, holds the text. @throws when the command ends without. */
  said(text: string): Promise<void>;
}

/** @param input what is piped in; undefined leaves the pipe open. */
export function startRag(args: readonly string[], environment: Readonly<Record<string, string>>, input?: string): RunningRag {
  return start(process.execPath, [MAIN, ...args], environment, input);
}

export function runRag(args: readonly string[], environment: Readonly<Record<string, string>>, input = ""): Promise<RagResult> {
  return startRag(args, environment, input).result;
}

/** Runs a line of bash in which `rag` is the command. */
export function runInShell(line: string, environment: Readonly<Record<string, string>>): Promise<RagResult> {
  const asFunction = `rag() { "${process.execPath}" "${MAIN}" "$@"; }; export -f rag; ${line}`;
  return start("bash", ["-c", asFunction], environment, "").result;
}

/** Runs the command at a terminal of its own; what it writes to either output is what the terminal shows. */
export function startRagAtTerminal(args: readonly string[], environment: Readonly<Record<string, string>>, input?: string): RunningRag {
  const line = [process.execPath, MAIN, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return start("script", ["--quiet", "--return", "--command", line, "/dev/null"], { TERM: "xterm-256color", ...environment }, input);
}

function start(command: string, args: readonly string[], environment: Readonly<Record<string, string>>, input: string | undefined): RunningRag {
  const child = spawn(command, args, { env: { PATH: process.env["PATH"], ...environment } });
  let stdout = "";
  let stderr = "";
  let wake = (): void => {};
  child.stdout.on("data", (data: Buffer) => {
    stdout += data.toString();
    wake();
  });
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
    wake();
  });
  // Whoever does not read what is piped in is not at fault.
  child.stdin.on("error", () => {});
  if (input !== undefined) child.stdin.end(input);
  const { promise: result, resolve, reject } = Promise.withResolvers<RagResult>();
  child.once("error", reject);
  child.once("close", (code) => resolve({ exitCode: code ?? -1, stdout, stderr }));
  return {
    process: child,
    result,
    said: (text) =>
      new Promise((onSaid, onEnd) => {
        const look = (): void => {
          if (`${stdout}${stderr}`.includes(text)) onSaid();
        };
        wake = look;
        look();
        void result.then(() => onEnd(new Error(`the command ended without "${text}":\n${stdout}${stderr}`)));
      }),
  };
}
