/** What adapters log while a command works: what goes wrong is told to the person, the rest is not. */
import type { Log } from "../log.ts";
import type { Context } from "./context.ts";

export function createCommandLog({ output }: Pick<Context, "output">): Log {
  const tell = (_: object, message: string): void => output.notice(message);
  const log: Log = { debug() {}, info() {}, warn: tell, error: tell, child: () => log };
  return log;
}
