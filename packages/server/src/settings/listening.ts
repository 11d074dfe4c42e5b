/** Settings of the socket: where the server listens, whom it believes, and how long it holds a connection. */
import { addressRanges } from "./address-ranges.ts";
import { integer, type Setting, text } from "./kinds.ts";

export const LISTENING_SETTINGS = {
  PORT: integer("Port to listen on; 0 takes a free one.", 8000, 0, 65_535),
  HOST: text("Address to listen on.", "127.0.0.1"),
  LISTEN_FDS: integer(
    "Listening sockets handed over by whoever started the server, 0 or 1; systemd and `scripts/serve.mjs` set it, and `HOST` and `PORT` then do not count.",
    0,
    0,
    1_024,
  ),
  LISTEN_PID: integer("Process number that `LISTEN_FDS` is meant for; set together with it.", 0, 0, 2_147_483_647),
  TRUSTED_PROXIES: addressRanges(
    "Addresses and ranges of the proxies in front whose `X-Forwarded-For` is believed, separated by commas, or `none`.",
    "none",
  ),
} as const satisfies Record<string, Setting<unknown>>;

export const CONNECTION_SETTINGS = {
  HEADERS_TIMEOUT_MS: integer("How long a client may take to send its request headers, in milliseconds.", 10_000, 1_000, 600_000),
  REQUEST_TIMEOUT_MS: integer("How long a client may take to send a whole request, in milliseconds.", 15_000, 1_000, 600_000),
  MAX_CONNECTIONS: integer("Connections held open at most.", 1_000, 1, 100_000),
  SHUTDOWN_DELAY_MS: integer(
    "How long a stop by SIGTERM goes on taking connections while `/health/ready` says 503, in milliseconds: for what is in front to notice and send no more. SIGINT waits for nobody.",
    0,
    0,
    600_000,
  ),
  SHUTDOWN_TIMEOUT_MS: integer("How long a stop waits for requests and streams in flight, in milliseconds.", 10_000, 0, 600_000),
} as const satisfies Record<string, Setting<unknown>>;
