/** A port that nobody listens on, and that nobody is given by chance until it is taken. */
import { createServer } from "node:net";

/** Below those that systems give out by themselves, which another test may get between the choice of a port and its use. */
const LOWEST = 10_000;
const COUNT = 20_000;
/** Processes begin far from each other, so that two that choose at the same time do not choose the same. */
const STRIDE = 7_919;

let next = (process.pid * STRIDE) % COUNT;

/** Each call of a process gives another one. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < COUNT; tried += 1) {
    const port = LOWEST + next;
    next = (next + 1) % COUNT;
    if (await isFree(port)) return port;
  }
  throw new Error(`Every port from ${LOWEST} to ${LOWEST + COUNT - 1} is in use.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
