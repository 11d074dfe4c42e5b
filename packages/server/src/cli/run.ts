/** The `rag` command in this process: its streams, its signals, its end. */
import { EXIT } from "./exit-codes.ts";
import { runCli } from "./program.ts";

const { stdin, stdout, stderr } = process;
// A reader that has seen enough, such as head, is no failure.
for (const stream of [stdout, stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.failed));

let interrupts = 0;

process.exitCode = await runCli(process.argv.slice(2), {
  loadEnvironment: async () => (await import("./environment.ts")).readProcessCliEnvironment(),
  loadOperationsConfig: async () => (await import("../config.ts")).readProcessOperationsConfig(),
  stdin,
  stdout,
  stderr,
  hasColours: stdout.isTTY === true && stdout.hasColors(),
  onTerminate: (listener) => void process.once("SIGTERM", listener),
  onInterrupt(listener) {
    process.removeAllListeners("SIGINT");
    process.on("SIGINT", () => {
      // Whatever does not listen to the first one is left by the second.
      interrupts += 1;
      if (interrupts > 1) process.exit(EXIT.interrupted);
      listener();
    });
  },
});
