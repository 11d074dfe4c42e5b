/** What is asked of a log, wherever the program runs; pino satisfies it. */

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log whose lines also have these fields. @param redact paths of values to hide in its lines, instead of the parent's. */
  child(fields: object, options: { readonly redact: string[] }): Log;
}
