import { describe, expect, it } from "vitest";
import { ExitError } from "./exit-error.ts";
import { listenTarget } from "./listening-socket.ts";

const OWN = { HOST: "127.0.0.1", PORT: 8000 };

describe("where the server listens", () => {
  it("is its own address when no socket is handed over", () => {
    expect(listenTarget({ ...OWN, LISTEN_FDS: 0, LISTEN_PID: 0 }, 42)).toEqual({ host: "127.0.0.1", port: 8000 });
  });

  it("is the first descriptor after the standard streams when a socket is handed to this process", () => {
    expect(listenTarget({ ...OWN, LISTEN_FDS: 1, LISTEN_PID: 42 }, 42)).toEqual({ fd: 3 });
  });

  it("is its own address when the socket was meant for another process", () => {
    expect(listenTarget({ ...OWN, LISTEN_FDS: 1, LISTEN_PID: 41 }, 42)).toEqual({ host: "127.0.0.1", port: 8000 });
  });

  it("is refused when more than one socket is handed over", () => {
    expect(() => listenTarget({ ...OWN, LISTEN_FDS: 2, LISTEN_PID: 42 }, 42)).toThrow(ExitError);
  });
});
