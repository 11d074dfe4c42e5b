/** A loopback server that answers every question as the real one would. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answer, events } from "../src/testing.ts";

/** Answers `chat.ask` and `chat.stream` until it is closed. */
export async function startExampleServer(): Promise<{ readonly address: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const reply = request.url?.endsWith("/chat.stream") ? events() : answer();
      if (reply.kind !== "response") return;
      response.writeHead(reply.status, reply.headers);
      for (const part of reply.parts) response.write(part);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
