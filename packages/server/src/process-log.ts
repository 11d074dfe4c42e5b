/** The log of a process, on its standard output. */
import pino, { type Logger } from "pino";
import { createLogDestination } from "./log-destination.ts";

/** Secrets never reach a log line, whatever object they sit in. */
const REDACTED = ["apiKey", "password", "secretKey", "authorization", "token", "*.apiKey", "*.password", "*.secretKey", "*.authorization", "*.token"];

export function createProcessLog(level: string): Logger {
  return pino({ level, redact: REDACTED, base: null, timestamp: pino.stdTimeFunctions.isoTime }, createLogDestination({ fd: process.stdout.fd }));
}
