/** What is wrong with the data directory or its secrets, told to the person who started the server. */

/**
 * Ends a start: `main.ts` prints the message of an error that has an `exitMessage`, without a stack.
 *
 * @example
 * throw new DataDirectoryError("The data directory is in use. Stop the other server, or set DATA_DIR.");
 */
export class DataDirectoryError extends Error {
  override readonly name = "DataDirectoryError";
  readonly exitMessage: string;

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.exitMessage = message;
  }
}
