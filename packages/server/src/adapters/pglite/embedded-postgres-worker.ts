/** The thread in which the embedded database runs, behind a Unix socket: PGlite computes synchronously and would hold up every request. */
import { parentPort, workerData } from "node:worker_threads";
import type { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import * as z from "zod";
import { openCluster } from "./cluster.ts";

/** Our one connection, those that its predecessors have not yet closed, and somebody who looks in with `psql`. */
const MAX_SOCKETS = 16;

/**
 * Ends the thread when a message to the database throws. Errors of SQL are answers, not exceptions; after an exception the engine is
 * in no defined state, and the socket server would wait for it for ever.
 */
function endOnBrokenEngine(database: PGlite): void {
  const execute = database.execProtocolRawStream.bind(database);
  database.execProtocolRawStream = async (message, options) => {
    try {
      await execute(message, options);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
      throw error;
    }
  };
}

const { dataDir, socketPath } = z.object({ dataDir: z.string(), socketPath: z.string() }).parse(workerData);
const database = await openCluster(dataDir, (line) => parentPort?.postMessage({ type: "log", line }));
endOnBrokenEngine(database);
const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: MAX_SOCKETS });
await server.start();
parentPort?.once("message", async () => {
  await server.stop();
  await database.close();
  process.exit(0);
});
parentPort?.postMessage({ type: "listening" });
