/**
 * Loaded before a program: when the process gets SIGUSR2, the process of its model does what the file `MODEL_FAULT_FILE` says, one of the
 * texts that the faulty program stumbles over; the name of a signal ends it from outside.
 */
import processes, { type ChildProcess, type ForkOptions } from "node:child_process";
import { readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { constants } from "node:os";
import { FAULTY_PROGRAM } from "../test-support/local-model-options.ts";

/** A process that grows reaches it within a second, and the machine does not notice. */
const HEAP_MB = 192;
const file = process.env["MODEL_FAULT_FILE"] ?? "";
const { fork } = processes;
let latest: ChildProcess | undefined;

function forkFaulty(program: string | URL, args?: readonly string[], options?: ForkOptions): ChildProcess {
  if (!String(program).endsWith("/model-program.ts")) return fork(program, args, options);
  latest = fork(FAULTY_PROGRAM, args, { ...options, execArgv: [`--max-old-space-size=${HEAP_MB}`] });
  return latest;
}

Object.assign(processes, { fork: forkFaulty });
syncBuiltinESMExports();

const isSignal = (name: string): name is NodeJS.Signals => name in constants.signals;

process.on("SIGUSR2", () => {
  const fault = readFileSync(file, "utf8");
  if (isSignal(fault)) latest?.kill(fault);
  else latest?.send({ texts: [fault] });
});
