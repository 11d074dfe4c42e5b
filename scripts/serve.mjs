/**
 * Runs the server behind a socket that stays open, so that it can be replaced without a request being refused.
 *
 * Usage: node scripts/serve.mjs        with the server's own settings; HOST and PORT say where the socket is bound
 *        kill -HUP <its process>       starts the server that is on disk now, and stops the one before
 *        kill -TERM <its process>      stops the server and ends as that ended
 *
 * A replacement is loaded beside the running server and says so; only then is that one stopped, and the replacement opens the data when the
 * other has closed it. Meanwhile connections wait in the socket's queue. A replacement that cannot be loaded changes nothing. A server
 * that ends by itself is started again, after a pause that grows with every failure.
 */
import { spawn } from "node:child_process";
import { lookup } from "node:dns/promises";
import net from "node:net";
import { dirname, join, resolve } from "node:path";
import { isatty } from "node:tty";

/** The path as it was given: where a symbolic link on it points to another release by now, a replacement comes from there. */
const ROOT = resolve(dirname(process.argv[1] ?? ""), "..");
const MAIN = join(ROOT, "packages", "server", "src", "main.ts");
/** Sets what only the new process knows, its own number, and becomes the server. */
const HAND_OVER = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** A server that has served this long was a good one: the next failure is the first again. */
const STEADY_AFTER_MS = 10_000;
/** What a server may take to close its stores, after the time its requests have. */
const CLOSING_MS = 20_000;
/** An end that another start would only repeat: stopped by somebody, and a wrong configuration (sysexits.h). */
const FINAL_EXIT_CODES = [0, 78];

/** @typedef {{ process: import("node:child_process").ChildProcess, isLoaded: boolean, isStopping: boolean, startedAt: number, servingSince: number | undefined }} Server */

/** @param {string} text */
function say(text) {
  process.stderr.write(`serve: ${text}\n`);
}

/** @param {string} message @param {number} code @returns {never} */
function fail(message, code) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

if (net.BoundSocket === undefined) fail(`This needs Node 24.19 or newer, not ${process.versions.node}.`, 78);
const { readProcessConfig } = await import("../packages/server/src/config.ts");

function readConfig() {
  try {
    return readProcessConfig();
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), 78);
  }
}

/** Binds and never accepts: a socket that listened here would take connections that nobody answers. @param {string} host @param {number} port */
async function bind(host, port) {
  try {
    return new net.BoundSocket({ host: (await lookup(host)).address, port });
  } catch (error) {
    return fail(`${host}:${port} cannot be bound: ${error instanceof Error ? error.message : String(error)}. Check HOST and PORT.`, 75);
  }
}

const config = readConfig();
const socket = await bind(config.HOST, config.PORT);
const hadTerminal = isatty(0);

/** The one that has the data, or is the next to have it. @type {Server | undefined} */
let current;
/** Loaded, or being loaded, beside the current one. @type {Server | undefined} */
let successor;
/** @type {NodeJS.Timeout | undefined} */
let pause;
let pauseMs = FIRST_PAUSE_MS;
let isStopping = false;

function launch() {
  const child = spawn("sh", ["-c", HAND_OVER, "sh", process.execPath, MAIN], {
    stdio: ["ignore", "inherit", "inherit", socket.fd(), "ipc"],
    // A group of its own: what a terminal sends to all of us would reach the server twice.
    detached: true,
  });
  /** @type {Server} */
  const server = { process: child, isLoaded: false, isStopping: false, startedAt: performance.now(), servingSince: undefined };
  child.on("error", (error) => fail(`The server could not be started: ${error.message}`, 75));
  child.on("message", (message) => {
    if (message === "loaded") onLoaded(server);
    if (message === "serving") onServing(server);
  });
  child.on("exit", (code, signal) => onExit(server, code, signal));
  return server;
}

/** @param {Server} server */
function open(server) {
  // A server that has just ended is told of by its exit.
  if (server.isLoaded) server.process.send("open", () => {});
}

/** @param {Server} server */
function onLoaded(server) {
  server.isLoaded = true;
  if (server === current) return open(server);
  if (current === undefined || isStopping) return;
  const before = current.process;
  say(`server ${server.process.pid} is loaded; stopping server ${before.pid}`);
  current.isStopping = true;
  before.kill("SIGTERM");
  const limit = setTimeout(() => {
    say(`server ${before.pid} does not end; killing it`);
    before.kill("SIGKILL");
  }, config.SHUTDOWN_TIMEOUT_MS + CLOSING_MS);
  before.once("exit", () => clearTimeout(limit));
}

/** @param {Server} server */
function onServing(server) {
  server.servingSince = performance.now();
  say(`server ${server.process.pid} is serving, ${Math.round(server.servingSince - server.startedAt)} ms after its start`);
}

/** @param {Server} server @param {number | null} code @param {NodeJS.Signals | null} signal */
function onExit(server, code, signal) {
  const how = signal === null ? `with code ${code}` : `by ${signal}`;
  if (server === successor) {
    successor = undefined;
    say(`server ${server.process.pid} ended ${how} before its turn; server ${current?.process.pid} goes on`);
    return;
  }
  say(`server ${server.process.pid} ended ${how}`);
  current = successor;
  successor = undefined;
  if (isStopping) return endAs(code, signal);
  if (current !== undefined) return open(current);
  if (code !== null && FINAL_EXIT_CODES.includes(code)) return endAs(code, signal);
  if (server.servingSince !== undefined && performance.now() - server.servingSince >= STEADY_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
  say(`starting it again in ${pauseMs} ms`);
  pause = setTimeout(startFirst, pauseMs);
  pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
}

/** @param {number | null} code @param {NodeJS.Signals | null} signal */
function endAs(code, signal) {
  if (signal === null) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function startFirst() {
  pause = undefined;
  current = launch();
  say(`server ${current.process.pid} started`);
}

function replace() {
  // A terminal that is closed sends this signal too, and then nobody wants another server.
  if (hadTerminal && !isatty(0)) return stop("SIGTERM");
  if (isStopping) return;
  if (current === undefined) {
    clearTimeout(pause);
    return startFirst();
  }
  if (successor !== undefined) return say(`server ${successor.process.pid} is about to take over already`);
  successor = launch();
  say(`server ${successor.process.pid} started, to take over from server ${current.process.pid}`);
}

/** @param {NodeJS.Signals} signal */
function stop(signal) {
  say(`${signal}: stopping`);
  clearTimeout(pause);
  successor?.process.kill("SIGKILL");
  if (current === undefined) process.exit(0);
  // A second signal tells a server to stop at once, and one that makes room for the next has had its first.
  if (isStopping || !current.isStopping) current.process.kill(signal);
  isStopping = true;
  current.isStopping = true;
}

for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => stop(signal));
process.on("SIGHUP", replace);

const { address, port } = socket.address();
say(`process ${process.pid} holds ${address.includes(":") ? `[${address}]` : address}:${port}`);
startFirst();
