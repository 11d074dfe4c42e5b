/** How the `rag` command ends. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notAllowed: 3,
  notFound: 4,
  unreachable: 5,
  /** What was asked for was done in part. */
  partly: 6,
  /** The documents do not answer the question. */
  noAnswer: 7,
  /** Ended by Ctrl-C, as shells tell it. */
  interrupted: 130,
} as const;

/** An end that the person at the terminal can do something about. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Of an answer without a code: one from a proxy in between. */
export function exitCodeOfStatus(status: number): number {
  if (status === 401 || status === 403) return EXIT.notAllowed;
  if (status === 404) return EXIT.notFound;
  return status === 502 || status === 503 || status === 504 ? EXIT.unreachable : EXIT.failed;
}
