/** A client that speaks HTTP by hand, and so can do what no decent client does. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface RawClient {
  readonly socket: Socket;
  /** Bytes that have come so far, read as text. */
  received(): string;
  /** Resolves when so many bytes have come, or the server has hung up. */
  until(bytes: number): Promise<void>;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
}

export async function connectRaw(address: string): Promise<RawClient> {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port) });
  let text = "";
  let wake: (() => void) | undefined;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  // A server that hangs up on such a client does what it should.
  socket.on("error", () => undefined);
  socket.on("data", (data) => {
    text += data.toString("latin1");
    wake?.();
  });
  await once(socket, "connect");
  return {
    socket,
    received: () => text,
    closed,
    async until(bytes) {
      while (text.length < bytes && !socket.destroyed) {
        await Promise.race([closed, new Promise<void>((resolve) => (wake = resolve))]);
      }
    },
  };
}

/** A question as bytes. */
export function chatRequest(apiKey: string, body: object): string {
  const payload = JSON.stringify(body);
  return `POST /chat HTTP/1.1\r\nhost: test\r\nx-api-key: ${apiKey}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(payload)}\r\n\r\n${payload}`;
}
