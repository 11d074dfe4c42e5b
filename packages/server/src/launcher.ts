/** The line to the launcher (`scripts/serve.mjs`) that holds the socket and decides which version has the data. */

export interface Launcher {
  /** Says that this version can start, and resolves when it may open the data: the version before has closed it by then. */
  turn(): Promise<void>;
  /** Says that connections are being taken. */
  reportServing(): void;
  /** Nobody restarts or stops a server whose launcher is gone. */
  onGone(stop: () => void): void;
}

/** @returns undefined when no launcher started this process. */
export function connectLauncher(process: NodeJS.Process): Launcher | undefined {
  const { channel } = process;
  if (channel === undefined || channel === null) return undefined;
  const send = (message: "loaded" | "serving"): void => {
    // A launcher that has just gone is told of by `disconnect`.
    process.send?.(message, undefined, undefined, () => undefined);
  };
  return {
    async turn() {
      const mayOpen = new Promise<void>((resolve) => {
        process.on("message", (message) => {
          if (message === "open") resolve();
        });
      });
      send("loaded");
      await mayOpen;
      // From here on the server keeps the process alive; the line alone must not.
      channel.unref();
    },
    reportServing: () => send("serving"),
    onGone: (stop) => void process.on("disconnect", stop),
  };
}
