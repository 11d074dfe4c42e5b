/** How a command is declared: its options, and what runs when it is called. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommonOptions, Context } from "./context.ts";

/** Runs a command; what it gives is the exit code. Modules of commands are loaded by it, so that help need not wait for them. */
export type Run<Options> = (context: Context, options: Options, operands: readonly string[]) => Promise<number>;

/** Where commands are declared: a command that holds others, and who runs them. */
export interface CommandGroup {
  readonly parent: Command;
  /** Called with the options that all commands take. */
  readonly execute: (options: CommonOptions, run: (context: Context) => Promise<number>) => Promise<void>;
}

/** Declares a command that speaks to no server. @param name with its operands. @returns it, for options and examples. */
export function addLocalCommand<Options>({ parent, execute }: CommandGroup, name: string, description: string, run: Run<Options>): Command {
  const command = parent
    .command(name)
    .description(description)
    .option("--json", "print the result as JSON", false)
    .option("--quiet", "tell nothing but the result", false)
    .option("--verbose", "tell the causes of a failure", false);
  return command.action(async () => {
    const options = command.opts<Options & CommonOptions>();
    await execute(options, (context) => run(context, options, command.args));
  });
}

/** Declares a command. @param name with its operands, as `show <document>`. @returns it, for options and examples. */
export function addCommand<Options>(group: CommandGroup, name: string, description: string, run: Run<Options>): Command {
  return addLocalCommand(group, name, description, run)
    .addOption(new Option("--url <address>", "address of the server").conflicts("profile"))
    .option("--profile <name>", "a server remembered by this name");
}

/** Declares a command that holds others. */
export function addGroup({ parent, execute }: CommandGroup, name: string, description: string): CommandGroup {
  return { parent: parent.command(name).description(description), execute };
}

/** Parses a whole number within bounds. */
export function wholeNumber(minimum: number, maximum: number): (raw: string) => number {
  return (raw) => {
    const value = Number(raw);
    if (/^\d+$/.test(raw) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}

/** Parses a share: 0 to 1. */
export function share(raw: string): number {
  const value = Number(raw);
  if (/^\d*\.?\d+$/.test(raw) && value <= 1) return value;
  throw new InvalidArgumentError("It must be a number from 0 to 1.");
}

/** An option that may be given several times. */
export const repeatable = (flags: string, description: string): Option =>
  new Option(flags, `${description}; may be given several times`)
    .default([], "none")
    .argParser<readonly string[]>((value, before) => [...(before ?? []), value]);
