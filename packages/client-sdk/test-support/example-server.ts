/** A loopback server that answers every question as the real one would, for running examples. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { events, sampleAnswer } from "../src/testing.ts";

/** Answers `POST /chat` until it is closed. */
export async function startExampleServer(): Promise<{ readonly address: string; close(): Promise<void> }> {
  const stream = events();
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      response.setHeader("x-request-id", "request-1");
      if (JSON.parse(body).stream === true && stream.kind === "response") {
        response.setHeader("content-type", "text/event-stream");
        for (const part of stream.parts) response.write(part);
        response.end();
      } else response.setHeader("content-type", "application/json").end(JSON.stringify(sampleAnswer()));
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
