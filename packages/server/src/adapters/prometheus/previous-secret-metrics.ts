/** Whether anybody still relies on a secret of before the last rotation. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { MetricSources } from "./metrics.ts";

export function registerPreviousSecrets(registry: Registry, read: MetricSources["previousSecrets"]): void {
  const registers = [registry];
  new Counter({
    name: "rag_previous_secret_uses_total",
    help: "Requests that came with the previous API key (api_key), or a token that the previous secret has signed (secret_key).",
    labelNames: ["secret"],
    registers,
    collect() {
      this.reset();
      const { uses } = read();
      this.inc({ secret: "api_key" }, uses.API_KEY);
      this.inc({ secret: "secret_key" }, uses.SECRET_KEY);
    },
  });
  new Gauge({
    name: "rag_previous_secrets_until_timestamp_seconds",
    help: "End of the time in which previous secrets are good; 0 when they are not.",
    registers,
    collect() {
      this.set(read().until);
    },
  });
}
