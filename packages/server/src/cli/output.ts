/** Data goes to the standard output, everything else to the standard error. */
import { styleText } from "node:util";

/** What is written to: a terminal, a pipe or a file. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

export interface Output {
  /** Whether results are wanted as JSON. */
  readonly json: boolean;
  /** Prints a result: as JSON where that was asked for, and else in words. */
  data(value: unknown, inWords: () => string): void;
  /** Prints a piece of a result in words, without a line's end. */
  write(text: string): void;
  /** Tells a person what is not the result; also where nobody watches. Silent where it was asked to be. */
  notice(message: string): void;
  /** Tells a person at a terminal how far it is, over and over in one line; "" wipes it. */
  progress(message: string): void;
  /** How a heading looks on the standard output. */
  strong(text: string): string;
  /** How what matters less looks on the standard output. */
  faint(text: string): string;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Whether the standard output takes colours; `NO_COLOR` has been heeded. */
  readonly hasColours?: boolean | undefined;
}

/** Documents and models may hold anything, a terminal obeys: what steers one is left out. Tabs and ends of lines stay. */
export const printable = (text: string): string => text.replaceAll(/[^\P{Cc}\t\n]/gu, "");

const WIPE_LINE = "\r\u001b[K";

export function createOutput({ json, quiet, stdout, stderr, hasColours = false }: OutputOptions): Output {
  let isLineOpen = false;

  const wipe = (): void => {
    if (isLineOpen) stderr.write(WIPE_LINE);
    isLineOpen = false;
  };
  const paint = (format: "bold" | "dim", text: string): string => (hasColours ? styleText(format, text, { validateStream: false }) : text);

  return {
    json,
    data(value, inWords) {
      wipe();
      stdout.write(`${json ? JSON.stringify(value) : inWords()}\n`);
    },
    write(text) {
      wipe();
      stdout.write(text);
    },
    notice(message) {
      if (quiet) return;
      wipe();
      stderr.write(`${message}\n`);
    },
    progress(message) {
      if (quiet || stderr.isTTY !== true) return;
      wipe();
      if (message === "") return;
      stderr.write(message);
      isLineOpen = true;
    },
    strong: (text) => paint("bold", text),
    faint: (text) => paint("dim", text),
  };
}
