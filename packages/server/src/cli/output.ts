/** Data goes to the standard output, everything else to the standard error. */

export interface Output {
  /** Prints a result: as JSON where that was asked for, and else in words. */
  data(value: unknown, inWords: () => string): void;
  /** Tells a person how far it is; silent where it was asked to be. */
  progress(message: string): void;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

export function createOutput({ json, quiet, stdout, stderr }: OutputOptions): Output {
  return {
    data: (value, inWords) => void stdout.write(`${json ? JSON.stringify(value) : inWords()}\n`),
    progress: (message) => void (quiet || stderr.write(`${message}\n`)),
  };
}
