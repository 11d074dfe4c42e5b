/**
 * The tRPC router over two mounts, with services that answer at once: the whole app with its middleware, and a bare Hono with
 * `@hono/trpc-server`, which authenticates too.
 *
 * Usage: node bench/trpc-peers.ts <ours | hono-trpc-server>; prints its port and runs until its input ends.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { trpcServer } from "@hono/trpc-server";
import { Hono } from "hono";
import { createApi } from "../packages/server/src/api/api.ts";
import { createApp } from "../packages/server/src/app.ts";
import { createAppRouter } from "../packages/server/src/trpc/router.ts";
import { createCredentialsScene } from "../packages/server/test-support/credentials-scene.ts";
import { createStandInServices } from "../packages/server/test-support/stand-in-services.ts";

const services = createStandInServices(createCredentialsScene(), "session-1");

function bare(): Hono {
  const app = new Hono();
  app.use(
    "/trpc/*",
    trpcServer({
      router: createAppRouter(createApi(services)),
      async createContext(_, c) {
        const { signal } = new AbortController();
        const principal = await services.authenticator.authenticate({ apiKey: c.req.header("x-api-key"), authorization: undefined });
        const caller = { principal, requestId: crypto.randomUUID(), address: "unknown", signal, stopping: undefined };
        return { caller, refusal: undefined, readTimeoutMs: 30_000 };
      },
    }),
  );
  return app;
}

const server = createServer(getRequestListener(process.argv[2] === "ours" ? createApp(services).fetch : bare().fetch));
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().on("end", () => process.exit(0));
