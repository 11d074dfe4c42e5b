/** The listening socket that whoever started the server holds and hands over, by the protocol of systemd's socket activation. */
import type { Config } from "./config.ts";
import { ExitError } from "./exit-error.ts";

/** Where a server listens: at an address of its own, or on a socket that somebody else holds open. */
export type ListenTarget = { readonly host: string; readonly port: number } | { readonly fd: number };

/** The protocol passes its sockets from here on; 0, 1 and 2 are the standard streams. */
const FIRST_SOCKET = 3;

/**
 * Where to listen. Variables that another process was meant by are those of a parent that was itself handed a socket: they count as unset,
 * as `sd_listen_fds(3)` has it.
 *
 * @param processId of this process.
 * @throws {ExitError} when more than one socket is handed over.
 * @example
 * listenTarget({ HOST: "127.0.0.1", PORT: 8000, LISTEN_FDS: 1, LISTEN_PID: process.pid }, process.pid); // { fd: 3 }
 */
export function listenTarget(config: Pick<Config, "HOST" | "PORT" | "LISTEN_FDS" | "LISTEN_PID">, processId: number): ListenTarget {
  if (config.LISTEN_FDS === 0 || config.LISTEN_PID !== processId) return { host: config.HOST, port: config.PORT };
  if (config.LISTEN_FDS > 1) {
    throw new ExitError(
      `${config.LISTEN_FDS} listening sockets were handed over; the server serves one. Leave a single ListenStream in the socket unit.`,
    );
  }
  return { fd: FIRST_SOCKET };
}
